//! [`Span`]: where a text is.

/// A range of one of the arena's two strings. The top bit of `start` selects the string of unescaped texts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    start: u32,
    len: u32,
}

impl Span {
    const IN_UNESCAPED: u32 = 1 << 31;

    /// A range of the body. Offsets have at most 31 bits, as no decoder accepts a larger body.
    #[inline]
    pub(crate) const fn in_body(start: usize, end: usize) -> Span {
        Span::new(start as u32, (end - start) as u32, false)
    }

    #[inline]
    pub(crate) const fn new(offset: u32, len: u32, unescaped: bool) -> Span {
        Span { start: offset | if unescaped { Span::IN_UNESCAPED } else { 0 }, len }
    }

    #[inline]
    pub(crate) const fn offset(self) -> u32 {
        self.start & !Span::IN_UNESCAPED
    }

    #[inline]
    pub(crate) const fn is_unescaped(self) -> bool {
        self.start & Span::IN_UNESCAPED != 0
    }

    #[inline]
    pub(crate) const fn len(self) -> usize {
        self.len as usize
    }

    #[inline]
    pub(crate) const fn is_empty(self) -> bool {
        self.len == 0
    }

    #[inline]
    pub(crate) const fn in_unescaped(start: usize, end: usize) -> Span {
        Span::new(start as u32, (end - start) as u32, true)
    }
}
