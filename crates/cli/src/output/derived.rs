//! Values that combine fields: the sender, the department's name, times in UTC.

use gettickets_protocol::{Field, FieldValue, TicketRef};

use super::names::Names;

/// The sender: the requestor, or on older tickets the person who opened the ticket, by name, else by email address.
/// Entities are decoded.
pub(crate) fn sender(ticket: &TicketRef<'_>) -> String {
    [Field::RequestorName, Field::Name, Field::OwnerName, Field::Email]
        .into_iter()
        .filter_map(|field| ticket.decoded_text(field))
        .map(|name| name.trim().to_owned())
        .find(|name| !name.is_empty())
        .unwrap_or_default()
}

/// The department's name from the server or the profile, else its id; empty if the server sends no id.
pub(crate) fn department(ticket: &TicketRef<'_>, names: &Names) -> String {
    let sent = ticket.extra_json().find(|(name, _)| *name == "deptname");
    match sent.and_then(|(_, json)| serde_json::from_str::<String>(json).ok()).filter(|name| !name.is_empty())
    {
        Some(name) => name,
        None => department_id(ticket).map_or_else(String::new, |id| {
            names.department(id).map_or_else(|| id.to_string(), str::to_owned)
        }),
    }
}

/// The id of the department, if the server sends one.
pub(crate) fn department_id(ticket: &TicketRef<'_>) -> Option<u64> {
    match ticket.value(Field::Deptid) {
        Some(FieldValue::Integer(id)) => Some(id),
        _ => None,
    }
}

/// The admin that the ticket is flagged to, by the name in the profile, else by id; `None` if it is not flagged.
pub(crate) fn flagged_to(ticket: &TicketRef<'_>, names: &Names) -> Option<String> {
    match ticket.flag() {
        0 => None,
        id => Some(names.admin(id).map_or_else(|| id.to_string(), str::to_owned)),
    }
}

/// The number of attachments: from the list of 7.10, else from the stored file names.
pub(crate) fn files(ticket: &TicketRef<'_>) -> u64 {
    let count = ticket.attachments().map_or_else(|| ticket.attachment_names().count(), |list| list.len());
    count as u64
}

#[cfg(test)]
mod tests {
    use gettickets_protocol::decode;

    use super::*;

    #[test]
    fn a_department_that_is_not_sent_is_empty() {
        for (fields, id, name) in [
            (r#""deptid":"7""#, Some(7), "7"),
            (r#""deptid":null"#, None, ""),
            (r#""tid":"x""#, None, ""),
            (r#""deptid":null,"deptname":"Sales""#, None, "Sales"),
        ] {
            let body = format!(r#"{{"result":"success","tickets":{{"ticket":[{{"id":1,{fields}}}]}}}}"#);
            let page = decode(body).unwrap().into_page().unwrap();
            let ticket = page.get(0).unwrap();
            let found = (department_id(&ticket), department(&ticket, &Names::default()));
            assert_eq!(found, (id, name.to_owned()), "{fields}");
        }
    }
}
