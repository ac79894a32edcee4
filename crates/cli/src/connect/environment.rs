//! The environment variables, as a value that tests can make up.

use std::collections::HashMap;

/// Where variables are looked up. One that is set to nothing counts as not set.
pub(crate) struct Environment(Source);

enum Source {
    Process,
    #[cfg_attr(not(test), allow(dead_code, reason = "tests make environments up"))]
    Given(HashMap<String, String>),
}

impl Environment {
    /// The process's own.
    pub(crate) fn process() -> Environment {
        Environment(Source::Process)
    }

    #[cfg(test)]
    pub(crate) fn of<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Environment {
        let pairs = pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        Environment(Source::Given(pairs.collect()))
    }

    /// The variable's value; none where it is not set, empty, or no text.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        let value = match &self.0 {
            Source::Process => std::env::var(name).ok(),
            Source::Given(pairs) => pairs.get(name).cloned(),
        };
        value.filter(|value| !value.is_empty())
    }
}
