//! [`Body`]: the text of a reply, which a page keeps and points into.

use std::any::Any;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// The text of a reply: a page's own, or lent by whoever keeps it alive.
#[derive(Clone)]
pub(crate) enum Body {
    Owned(String),
    /// The owner is dropped with the last page that points into the text, and never before.
    Lent(
        &'static str,
        #[allow(dead_code, reason = "it is held for as long as the text is, and never looked at")]
        Arc<dyn Any + Send + Sync>,
    ),
}

impl Body {
    /// How many bytes are held for it.
    pub(crate) fn memory_size(&self) -> usize {
        match self {
            Body::Owned(text) => text.capacity(),
            Body::Lent(text, _) => text.len(),
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

/// No longer than `self` is borrowed, even where the text is lent: nothing of it outlives its owner.
impl Deref for Body {
    type Target = str;

    #[inline]
    fn deref(&self) -> &str {
        match self {
            Body::Owned(text) => text,
            Body::Lent(text, _) => text,
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}
