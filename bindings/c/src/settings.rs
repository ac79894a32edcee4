//! [`Settings`]: settings that a caller sets step by step, and the first step that failed.
//!
//! Few programs check the code of every setter. So that no program continues with a request without one of its filters
//! or a client without its proxy, the first failure is kept, and returned wherever the settings are used.

use crate::failure::{Error, Failure};

/// Stores a value, as the last step of a setter.
pub(crate) fn put<T>(place: &mut T, value: T) -> Result<(), Failure> {
    *place = value;
    Ok(())
}

#[derive(Clone)]
pub(crate) struct Settings<T> {
    value: T,
    failure: Option<Box<Error>>,
}

impl<T> Settings<T> {
    pub(crate) fn new(value: T) -> Settings<T> {
        Settings { value, failure: None }
    }

    /// Changes a setting. The first failure is kept.
    pub(crate) fn set(&mut self, change: impl FnOnce(&mut T) -> Result<(), Failure>) -> Result<(), Failure> {
        change(&mut self.value).inspect_err(|failure| self.keep(failure))
    }

    fn keep(&mut self, failure: &Failure) {
        if let (None, Failure::Error(error)) = (&self.failure, failure) {
            self.failure = Some(error.clone());
        }
    }

    /// Returns the settings, if every step succeeded.
    pub(crate) fn get(&self) -> Result<&T, Failure> {
        match &self.failure {
            Some(error) => Err(Failure::Error(error.clone())),
            None => Ok(&self.value),
        }
    }
}
