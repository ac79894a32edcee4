//! The people who write tickets: clients, guests and admins, with names from many places.
//!
//! All addresses are at domains that are reserved for examples, so that no mail to them is delivered.

use super::rng::Rng;

/// A name and an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) name: String,
    pub(crate) email: String,
}

/// Given names and their form in an address.
const GIVEN: &[(&str, &str)] = &[
    ("Cynthia", "cynthia"),
    ("James", "james"),
    ("Maria", "maria"),
    ("Oliver", "oliver"),
    ("Priya", "priya"),
    ("Amara", "amara"),
    ("Noah", "noah"),
    ("Sofia", "sofia"),
    ("Liam", "liam"),
    ("Fatima", "fatima"),
    ("Grace", "grace"),
    ("Daniel", "daniel"),
    ("Hannah", "hannah"),
    ("Ahmed", "ahmed"),
    ("Mei", "mei"),
    ("Thabo", "thabo"),
    ("Olivia", "olivia"),
    ("Ethan", "ethan"),
    ("Aisha", "aisha"),
    ("Samuel", "samuel"),
    ("Renée", "renee"),
    ("Łukasz", "lukasz"),
    ("Søren", "soeren"),
    ("José", "jose"),
    ("Zoë", "zoe"),
    ("Jürgen", "juergen"),
    ("Siân", "sian"),
    ("Françoise", "francoise"),
    ("İbrahim", "ibrahim"),
    ("Николай", "nikolay"),
    ("Ελένη", "eleni"),
    ("美咲", "misaki"),
];

/// Family names and their form in an address.
const FAMILY: &[(&str, &str)] = &[
    ("Reilly", "reilly"),
    ("Smith", "smith"),
    ("Patel", "patel"),
    ("Okafor", "okafor"),
    ("Johnson", "johnson"),
    ("Nguyen", "nguyen"),
    ("Brown", "brown"),
    ("Cohen", "cohen"),
    ("Kim", "kim"),
    ("Rossi", "rossi"),
    ("Van der Berg", "vanderberg"),
    ("Williams", "williams"),
    ("Silva", "silva"),
    ("Khan", "khan"),
    ("Taylor", "taylor"),
    ("Fischer", "fischer"),
    ("Dlamini", "dlamini"),
    ("Evans", "evans"),
    ("O&#039;Brien", "obrien"),
    ("D&#039;Angelo", "dangelo"),
    ("Dubois", "dubois"),
    ("García", "garcia"),
    ("Wiśniewski", "wisniewski"),
    ("Ødegård", "odegard"),
    ("Müller", "mueller"),
    ("Šimek", "simek"),
    ("Björnsson", "bjornsson"),
    ("Петров", "petrov"),
    ("Παππά", "pappa"),
    ("田中", "tanaka"),
];

/// Domains of clients, below names that are reserved for examples.
const DOMAINS: &[&str] = &[
    "example.com",
    "example.net",
    "example.org",
    "mail.example.com",
    "shop.example.net",
    "studio.example.org",
    "bakery.example",
    "cycles.example",
    "garden-centre.example",
    "law.example",
    "clinic.example",
    "press.example",
    "xn--bcher-kva.example",
    "school.example",
    "theatre.example",
    "brewery.example",
];

/// The admins of the install; an admin's id is the position in the list, counted from 1.
pub(crate) const ADMINS: &[&str] =
    &["Alex Turner", "Bea Lindqvist", "Chidi Obi", "Dana Fox", "Émile Laurent"];

/// A random person.
pub(crate) fn person(rng: &mut Rng) -> Person {
    let (given, given_address) = rng.pick(GIVEN);
    let (family, family_address) = rng.pick(FAMILY);
    let domain = rng.pick(DOMAINS);
    let local = match rng.below(4) {
        0 => given_address.to_string(),
        1 => format!("{}.{family_address}", given_address),
        2 => format!("{family_address}{}", 1 + rng.below(99)),
        _ => format!("{given_address}+support"),
    };
    Person { name: format!("{given} {family}"), email: format!("{local}@{domain}") }
}

/// The client with this id: the same person on every ticket.
pub(crate) fn client(seed: u64, id: u64) -> Person {
    person(&mut Rng::new(seed ^ 0x0063_6c69_656e_7473, id))
}

/// The admin with this id, with an address at the install.
pub(crate) fn admin(id: u64) -> Person {
    let name = ADMINS.get(id.saturating_sub(1) as usize).copied().unwrap_or("admin admin");
    Person { name: name.to_owned(), email: format!("support{id}@hosting.example") }
}
