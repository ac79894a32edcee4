//! [`Text`]: borrowed text; [`OwnedText`]: text that the caller owns.

use std::ffi::c_char;
use std::ptr;

use zeroize::Zeroizing;

use crate::guard;

/// Borrowed text: UTF-8, `len` bytes from `data` on, without a NUL at the end; it may have NULs inside.
///
/// It belongs to the handle that it was got from, and lives as long as that. Where there can be no text at
/// all `data` is NULL, and the function that gives it says so; an empty text has another `data` than NULL.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Text {
    /// Its first byte.
    pub data: *const c_char,
    /// How many bytes it has.
    pub len: usize,
}

impl Text {
    /// No text at all.
    pub(crate) const NONE: Text = Text { data: ptr::null(), len: 0 };
    /// An empty text; a careless reader finds a NUL there.
    pub(crate) const EMPTY: Text = Text { data: c"".as_ptr(), len: 0 };

    #[inline]
    pub(crate) const fn of(text: &str) -> Text {
        Text { data: text.as_ptr().cast(), len: text.len() }
    }

    /// Bytes that are UTF-8, as a page has them.
    #[inline]
    pub(crate) const fn of_bytes(text: &[u8]) -> Text {
        Text { data: text.as_ptr().cast(), len: text.len() }
    }

    /// The bytes.
    ///
    /// # Safety
    ///
    /// `data` is not NULL, and the text is of a handle that lives as long as `'a`.
    #[inline]
    pub(crate) unsafe fn bytes<'a>(self) -> &'a [u8] {
        // SAFETY: the caller's promise.
        unsafe { std::slice::from_raw_parts(self.data.cast(), self.len) }
    }

    #[inline]
    pub(crate) fn of_option(text: Option<&str>) -> Text {
        text.map_or(Text::NONE, Text::of)
    }
}

/// Text that the caller owns: UTF-8, with a NUL behind it. It is wiped when freed.
pub struct OwnedText {
    /// The text and its NUL.
    bytes: Zeroizing<Vec<u8>>,
}

impl OwnedText {
    /// A copy of a text that may be a secret.
    pub(crate) fn secret(text: &str) -> OwnedText {
        // Never grown, so that no copy of it stays behind.
        let mut bytes = Zeroizing::new(Vec::with_capacity(text.len() + 1));
        bytes.extend_from_slice(text.as_bytes());
        bytes.push(0);
        OwnedText { bytes }
    }

    /// Text that is no secret: its memory is taken over.
    pub(crate) fn of(text: String) -> OwnedText {
        let mut bytes = text.into_bytes();
        bytes.push(0);
        OwnedText { bytes: Zeroizing::new(bytes) }
    }

    fn len(&self) -> usize {
        self.bytes.len().saturating_sub(1)
    }
}

/// The text's first byte; the byte behind its last is a NUL. A text with NULs inside looks shorter than it is
/// to functions that stop at the first.
///
/// NULL for NULL. It belongs to the string and lives until that is freed. Many threads may read one string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_string_data(string: *const OwnedText) -> *const c_char {
    guard::value(ptr::null(), || {
        // SAFETY: the string is NULL or lives, as the comment asks.
        unsafe { string.as_ref() }.map_or(ptr::null(), |string| string.bytes.as_ptr().cast())
    })
}

/// How many bytes the text has, without the NUL behind it. 0 for NULL. Many threads may read one string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_string_len(string: *const OwnedText) -> usize {
    // SAFETY: the string is NULL or lives, as the comment asks.
    guard::value(0, || unsafe { string.as_ref() }.map_or(0, OwnedText::len))
}

/// Wipes the text and frees it. NULL is nothing. No other thread may use the string any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_string_free(string: *mut OwnedText) {
    // SAFETY: the string is NULL or this library's and not freed before, as the comment asks.
    unsafe { guard::free(string) }
}
