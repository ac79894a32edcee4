//! [`Body`]: the text of a reply, which the page refers to.

use std::any::Any;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// The text of a reply: owned, or in memory of another owner.
#[derive(Clone)]
pub(crate) enum Body {
    Owned(String),
    /// The owner keeps the text valid. It is dropped with the last page that refers to the text.
    Shared(
        &'static str,
        #[allow(dead_code, reason = "it only keeps the text valid")] Arc<dyn Any + Send + Sync>,
    ),
}

impl Body {
    /// Returns the memory in use, in bytes.
    pub(crate) fn memory_size(&self) -> usize {
        match self {
            Body::Owned(text) => text.capacity(),
            Body::Shared(text, _) => text.len(),
        }
    }
}

impl Default for Body {
    fn default() -> Body {
        Body::Owned(String::new())
    }
}

impl From<String> for Body {
    fn from(text: String) -> Body {
        Body::Owned(text)
    }
}

/// The text is borrowed from `self`, so that it cannot outlive its owner.
impl Deref for Body {
    type Target = str;

    #[inline]
    fn deref(&self) -> &str {
        match self {
            Body::Owned(text) => text,
            Body::Shared(text, _) => text,
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}
