//! [`Page`]: a page that is generated as a whole.

/// A page that is generated as a whole.
pub(crate) struct Page {
    /// Its path below the root of the site.
    pub(crate) path: String,
    /// Its text, which begins with its title.
    pub(crate) text: String,
}
