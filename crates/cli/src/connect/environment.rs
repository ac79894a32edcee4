//! Access to environment variables, which tests can replace.

use std::collections::HashMap;

/// Source of environment variables. A variable with an empty value counts as not set.
pub(crate) struct Environment(Source);

enum Source {
    Process,
    #[cfg_attr(not(test), allow(dead_code, reason = "only tests use it"))]
    Given(HashMap<String, String>),
}

impl Environment {
    /// The environment of this process.
    pub(crate) fn process() -> Environment {
        Environment(Source::Process)
    }

    #[cfg(test)]
    pub(crate) fn of<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Environment {
        let pairs = pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        Environment(Source::Given(pairs.collect()))
    }

    /// Returns the value of a variable; `None` if it is not set, empty, or not UTF-8.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        let value = match &self.0 {
            Source::Process => std::env::var(name).ok(),
            Source::Given(pairs) => pairs.get(name).cloned(),
        };
        value.filter(|value| !value.is_empty())
    }
}
