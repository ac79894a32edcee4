//! [`Text`]: borrowed text; [`OwnedText`]: text that the caller owns.

use std::ffi::c_char;
use std::ptr;

use gettickets_protocol::text::is_unprintable;
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::guard::{self, Out, guard};
use crate::memory;
use crate::result::ResultCode;

/// Borrowed text: UTF-8, `len` bytes from `data` on, without a NUL at the end; it may have NULs inside.
///
/// It belongs to the handle that it was read from, and is valid as long as that. An absent text has the `data`
/// NULL, and the comment at the function that returns it says so; an empty text has a `data` that is not NULL.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Text {
    /// Its first byte.
    pub data: *const c_char,
    /// How many bytes it has.
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

/// Text that the caller owns: UTF-8, with a NUL at the end. It is wiped when freed.
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

    /// Takes over a text that is not a secret.
    pub(crate) fn of(text: String) -> OwnedText {
        let mut bytes = text.into_bytes();
        bytes.push(0);
        OwnedText { bytes: Zeroizing::new(bytes) }
    }

    fn len(&self) -> usize {
        self.bytes.len().saturating_sub(1)
    }
}

/// Returns the text; the byte after its last is a NUL. A text with NULs inside looks shorter than it is to
/// functions that stop at the first.
///
/// NULL for NULL. It belongs to the string and is valid until that is freed. Many threads may read one string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_string_data(string: *const OwnedText) -> *const c_char {
    guard::value(ptr::null(), || {
        // SAFETY: the string is NULL or lives, as the comment asks.
        unsafe { string.as_ref() }.map_or(ptr::null(), |string| string.bytes.as_ptr().cast())
    })
}

/// Returns how many bytes the text has, without the NUL at the end. 0 for NULL. Many threads may read one string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_string_len(string: *const OwnedText) -> usize {
    // SAFETY: the string is NULL or lives, as the comment asks.
    guard::value(0, || unsafe { string.as_ref() }.map_or(0, OwnedText::len))
}

/// Makes a text of a server fit for a terminal or a log, on one line: characters that a terminal obeys, that are
/// invisible, or that change the order in which a line is read, become U+FFFD, and so do bytes that are not UTF-8;
/// line breaks and tabs become spaces. Strangers write tickets.
///
/// A `text` whose `data` is NULL is empty. `*printable` is the caller's: free it with `gettickets_string_free`.
/// `GETTICKETS_ERROR_MEMORY` if the memory for it is not available, `GETTICKETS_ERROR_ARGUMENT` if its length is
/// larger than any memory, `GETTICKETS_ERROR_NULL` if `printable` is NULL; `*printable` is then left as it is. May
/// be called from any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_printable(text: Text, printable: *mut *mut OwnedText) -> ResultCode {
    guard(|| {
        // SAFETY: a place to write to, or NULL, as the comment asks.
        let out = unsafe { Out::new(printable, "printable") }?;
        let bytes = match text.data.is_null() {
            true => &[],
            // SAFETY: as the comment on gettickets_text says.
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

/// Wipes the text and frees it. NULL is ignored. No other thread may use the string any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_string_free(string: *mut OwnedText) {
    // SAFETY: the string is NULL or this library's and not freed before, as the comment asks.
    unsafe { guard::free(string) }
}
