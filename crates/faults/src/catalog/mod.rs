//! The catalog: every fault, by the part that fails.

mod body;
mod compression;
mod connection;
mod cut;
mod echo;
mod framing;
mod head;
mod proxy;
mod reply;
mod reuse;
mod status;
mod tls;

use crate::fault::Fault;

/// A part of the catalog.
pub struct Section {
    /// The part that fails, for a heading.
    pub title: &'static str,
    /// The faults.
    pub faults: Vec<Fault>,
}

/// The whole catalog.
pub fn sections() -> Vec<Section> {
    let section = |title, faults| Section { title, faults };
    vec![
        section("Connections", connection::faults()),
        section("TLS", tls::faults()),
        section("Proxies", proxy::faults()),
        section("Heads of responses", head::faults()),
        section("Lengths and chunks", framing::faults()),
        section("Responses that end early", cut::faults()),
        section("Compression", compression::faults()),
        section("Statuses", status::faults()),
        section("Bodies", body::faults()),
        section("Connections that are used again", reuse::faults()),
        section("Servers that echo credentials", echo::faults()),
    ]
}

/// Every fault.
pub fn all() -> Vec<Fault> {
    sections().into_iter().flat_map(|section| section.faults).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_are_unique_and_families_have_one_description() {
        let mut names = HashSet::new();
        let mut families = std::collections::HashMap::new();
        for fault in all() {
            assert!(!fault.name.contains(['\t', ' ', '\n', '|']), "{}", fault.name);
            assert!(fault.about.ends_with('.') && !fault.about.contains('|'), "{}", fault.about);
            let about = families.entry(fault.family().0.to_owned()).or_insert_with(|| fault.about.clone());
            assert_eq!(*about, fault.about);
            assert!(fault.asynchronous.is_none() || fault.family().1.is_none(), "{}", fault.name);
            assert!(names.insert(fault.name.clone()), "{} twice", fault.name);
        }
        assert!(families.len() >= 50, "{} kinds of faults", families.len());
    }
}
