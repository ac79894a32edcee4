//! [`Text`]: borrowed text; [`OwnedText`]: text owned by the caller.

use std::ffi::{CStr, c_char};
use std::ptr;

use gettickets_protocol::text::is_unprintable;
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::guard::{self, Out, guard};
use crate::memory;
use crate::result::ResultCode;

/// Borrowed text: `len` bytes of UTF-8 at `data`, without a NUL at the end; it may contain NULs. `data` is NULL
/// if the text is absent, and not NULL if it is empty.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Text {
    /// The first byte.
    pub data: *const c_char,
    /// The length in bytes.
    pub len: usize,
}

impl Text {
    /// An absent text.
    pub(crate) const NONE: Text = Text { data: ptr::null(), len: 0 };
    /// An empty text, with a NUL at its end.
    pub(crate) const EMPTY: Text = Text { data: c"".as_ptr(), len: 0 };

    #[inline]
    pub(crate) const fn of(text: &str) -> Text {
        Text { data: text.as_ptr().cast(), len: text.len() }
    }

    /// A text of UTF-8 bytes.
    #[inline]
    pub(crate) const fn of_bytes(text: &[u8]) -> Text {
        Text { data: text.as_ptr().cast(), len: text.len() }
    }

    /// Returns the bytes.
    ///
    /// # Safety
    ///
    /// `data` is not NULL, and the text belongs to a handle that lives as long as `'a`.
    #[inline]
    pub(crate) unsafe fn bytes<'a>(self) -> &'a [u8] {
        // SAFETY: guaranteed by the caller.
        unsafe { std::slice::from_raw_parts(self.data.cast(), self.len) }
    }

    #[inline]
    pub(crate) fn of_option(text: Option<&str>) -> Text {
        text.map_or(Text::NONE, Text::of)
    }
}

/// Text owned by the caller: UTF-8 with a NUL at the end. It is wiped when freed.
pub struct OwnedText {
    /// The text and its NUL.
    bytes: Zeroizing<Vec<u8>>,
}

impl OwnedText {
    /// Copies a text that may be secret.
    pub(crate) fn secret(text: &str) -> OwnedText {
        // It never grows, so that freed memory holds no copy of the text.
        let mut bytes = Zeroizing::new(Vec::with_capacity(text.len() + 1));
        bytes.extend_from_slice(text.as_bytes());
        bytes.push(0);
        OwnedText { bytes }
    }

    /// Converts a text that is not secret.
    pub(crate) fn of(text: String) -> OwnedText {
        let mut bytes = text.into_bytes();
        bytes.push(0);
        OwnedText { bytes: Zeroizing::new(bytes) }
    }

    fn len(&self) -> usize {
        self.bytes.len().saturating_sub(1)
    }

    fn text(&self) -> Text {
        Text { data: self.bytes.as_ptr().cast(), len: self.len() }
    }
}

/// Returns the text, followed by a NUL. It is valid until the string is freed. The text may contain NULs itself.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_string_data(string: *const OwnedText) -> *const c_char {
    guard::value(ptr::null(), || {
        // SAFETY: the string is NULL or valid, as documented.
        unsafe { string.as_ref() }.map_or(ptr::null(), |string| string.bytes.as_ptr().cast())
    })
}

/// Returns the length of the text in bytes, without the NUL at the end.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_string_len(string: *const OwnedText) -> usize {
    // SAFETY: the string is NULL or valid, as documented.
    guard::value(0, || unsafe { string.as_ref() }.map_or(0, OwnedText::len))
}

/// Returns the text of a string, for functions that take a `gettickets_text`. It belongs to the string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_string_text(string: *const OwnedText) -> Text {
    guard::value(Text::EMPTY, || {
        // SAFETY: the string is NULL or valid, as documented.
        unsafe { string.as_ref() }.map_or(Text::EMPTY, OwnedText::text)
    })
}

/// Makes server text safe for a terminal or a log, on one line. Control characters, invisible characters,
/// characters that reorder text, and invalid UTF-8 become U+FFFD; line breaks and tabs become spaces. Anyone can
/// write a ticket, so use it before printing. The result has no NUL inside, so `printf("%s")` prints all of it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_text_printable(text: Text, printable: *mut *mut OwnedText) -> ResultCode {
    guard(|| {
        // SAFETY: NULL or writable, as documented.
        let out = unsafe { Out::new(printable, "printable") }?;
        let bytes = match text.data.is_null() {
            true => &[],
            // SAFETY: as documented at gettickets_text.
            false => unsafe { guard::bytes(text.data.cast(), text.len, "text") }?,
        };
        out.hand_out(OwnedText::of(printable_text(bytes)?));
        Ok(())
    })
}

fn printable_text(bytes: &[u8]) -> Result<String, Failure> {
    memory::check_for_encoding(bytes.len())?;
    let shown = |character: char| match character {
        '\n' | '\r' | '\t' => ' ',
        character if is_unprintable(character) => char::REPLACEMENT_CHARACTER,
        character => character,
    };
    Ok(String::from_utf8_lossy(bytes).chars().map(shown).collect())
}

/// Returns 1 if a text is equal to a string, byte for byte, else 0. An absent text is equal to NULL only.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_text_equal(text: Text, string: *const c_char) -> i32 {
    guard::value(0, || {
        if text.data.is_null() || string.is_null() {
            return (text.data.is_null() && string.is_null()).into();
        }
        // SAFETY: neither is NULL; the text is of a live handle, and the string ends with a NUL.
        let (text, string) = unsafe { (text.bytes(), CStr::from_ptr(string)) };
        (text == string.to_bytes()).into()
    })
}

/// Wipes and frees a string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_string_free(string: *mut OwnedText) {
    // SAFETY: the string is NULL or from this library, and not freed before, as documented.
    unsafe { guard::free(string) }
}
