//! Generates the tables of a ticket's fields and of the versions that send them.

use gettickets_protocol::{FIELDS, FieldKind, FieldSet, Version};

use crate::markdown::{self, code, prose};

/// Every field, in the order in which servers write them.
pub(super) fn table() -> String {
    let rows = FIELDS.iter().map(|field| {
        let mut meaning = prose(field.meaning);
        if field.sensitive {
            meaning += " Never shown in logs or errors.";
        }
        [code(field.name), kind(field.kind).to_owned(), field.since.to_string(), meaning]
    });
    markdown::table(["field", "type", "since", "meaning"], rows)
}

/// Returns the name of a field's type.
fn kind(kind: FieldKind) -> &'static str {
    match kind {
        FieldKind::Integer => "integer",
        FieldKind::Text => "text",
        FieldKind::DateTime => "date and time",
        FieldKind::Boolean => "boolean",
        FieldKind::Attachments => "list of attachments",
        _ => "other",
    }
}

/// The fields that each version added.
pub(super) fn by_version() -> String {
    let mut known = FieldSet::EMPTY;
    let rows: Vec<[String; 2]> = Version::MILESTONES
        .into_iter()
        .map(|version| {
            let added = FieldSet::known_to(version).difference(known);
            known = FieldSet::known_to(version);
            let names: Vec<String> = added.iter().map(|field| code(field.name())).collect();
            [version.to_string(), names.join(", ")]
        })
        .collect();
    markdown::table(["version", "adds"], rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_has_a_row_and_a_version() {
        let (table, by_version) = (table(), by_version());
        for field in FIELDS {
            assert!(table.contains(&format!("| `{}` | ", field.name)), "{}", field.name);
            assert!(by_version.contains(&code(field.name)), "{}", field.name);
            assert_ne!(kind(field.kind), "other", "{} has a new type", field.name);
        }
    }
}
