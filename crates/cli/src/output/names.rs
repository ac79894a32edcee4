//! Names of departments and admins, of which replies contain only ids.

use std::collections::BTreeMap;

/// The names in a profile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Names {
    departments: BTreeMap<u64, String>,
    admins: BTreeMap<u64, String>,
}

impl Names {
    pub(crate) fn new(departments: BTreeMap<u64, String>, admins: BTreeMap<u64, String>) -> Names {
        Names { departments, admins }
    }

    /// Whether any department has a name.
    pub(crate) fn has_departments(&self) -> bool {
        !self.departments.is_empty()
    }

    /// Whether any admin has a name.
    pub(crate) fn has_admins(&self) -> bool {
        !self.admins.is_empty()
    }

    /// The name of the department with this id.
    pub(crate) fn department(&self, id: u64) -> Option<&str> {
        self.departments.get(&id).map(String::as_str)
    }

    /// The name of the admin with this id.
    pub(crate) fn admin(&self, id: u64) -> Option<&str> {
        self.admins.get(&id).map(String::as_str)
    }

    /// The id of the admin with this name, ignoring case.
    pub(crate) fn admin_id(&self, name: &str) -> Option<u64> {
        let name = name.trim().to_lowercase();
        self.admins.iter().find(|(_, known)| known.to_lowercase() == name).map(|(id, _)| *id)
    }
}
