//! Entry points: every exported function that can fail runs inside [`guard`] or [`guard_with_error`], every
//! other one inside [`value`]. They catch panics and report NULL pointers.

use std::any::Any;
use std::ffi::{CStr, c_char, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::slice;

use crate::failure::{Details, Error, Failure, c_text};
use crate::result::{
    GETTICKETS_ERROR_ARGUMENT, GETTICKETS_ERROR_NULL, GETTICKETS_ERROR_PANIC, GETTICKETS_ERROR_UTF8,
    GETTICKETS_OK, ResultCode,
};

/// Runs the body of a function that returns a code.
pub(crate) fn guard(body: impl FnOnce() -> Result<(), Failure>) -> ResultCode {
    run(body).0
}

/// Runs the body of a function that returns a code, and stores the error if `error` is not NULL.
///
/// # Safety
///
/// `error` is NULL or writable.
pub(crate) unsafe fn guard_with_error(
    error: *mut *mut Error,
    body: impl FnOnce() -> Result<(), Failure>,
) -> ResultCode {
    let (code, handle) = run(body);
    // SAFETY: guaranteed by the caller.
    if let Some(place) = unsafe { error.as_mut() } {
        *place = handle.map_or(std::ptr::null_mut(), Box::into_raw);
    }
    code
}

fn run(body: impl FnOnce() -> Result<(), Failure>) -> (ResultCode, Option<Box<Error>>) {
    let failure = match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(())) => return (GETTICKETS_OK, None),
        Ok(Err(failure)) => failure,
        Err(panic) => Failure::error(GETTICKETS_ERROR_PANIC, panic_message(&*panic)),
    };
    match failure {
        Failure::Status(code) => (code, None),
        Failure::Error(error) => (error.code(), Some(error)),
    }
}

/// Runs the body of a function that returns a value, or returns `otherwise` if it panics.
#[inline]
pub(crate) fn value<T>(otherwise: T, body: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or(otherwise)
}

/// Frees a pointer from [`Box::into_raw`]. NULL is ignored.
///
/// # Safety
///
/// `pointer` is NULL or came from this library and was not freed before.
pub(crate) unsafe fn free<T>(pointer: *mut T) {
    value((), || {
        if !pointer.is_null() {
            // SAFETY: guaranteed by the caller.
            drop(unsafe { Box::from_raw(pointer) });
        }
    });
}

/// Borrows the target of a pointer.
///
/// # Safety
///
/// `pointer` is NULL or points to a live value that is not changed meanwhile.
#[inline]
pub(crate) unsafe fn shared<'a, T>(pointer: *const T, name: &'static str) -> Result<&'a T, Failure> {
    // SAFETY: guaranteed by the caller.
    unsafe { pointer.as_ref() }.ok_or_else(|| null(name))
}

/// Takes ownership of a pointer from [`Box::into_raw`], and passes the value to `free`. NULL is ignored.
///
/// # Safety
///
/// As for [`free`].
#[cfg(any(feature = "client", feature = "sandbox"))]
pub(crate) unsafe fn free_with<T>(pointer: *mut T, free: impl FnOnce(T)) {
    value((), || {
        if !pointer.is_null() {
            // SAFETY: guaranteed by the caller.
            free(*unsafe { Box::from_raw(pointer) });
        }
    });
}

/// Borrows the target of a pointer mutably.
///
/// # Safety
///
/// `pointer` is NULL or points to a live value that is not used elsewhere meanwhile.
#[inline]
pub(crate) unsafe fn exclusive<'a, T>(pointer: *mut T, name: &'static str) -> Result<&'a mut T, Failure> {
    // SAFETY: guaranteed by the caller.
    unsafe { pointer.as_mut() }.ok_or_else(|| null(name))
}

/// An out-parameter, checked before any work is done.
pub(crate) struct Out<T>(*mut T);

impl<T> Out<T> {
    /// # Safety
    ///
    /// `pointer` is NULL, or memory to which a `T` can be written; it may be uninitialized.
    pub(crate) unsafe fn new(pointer: *mut T, name: &'static str) -> Result<Out<T>, Failure> {
        if pointer.is_null() { Err(null(name)) } else { Ok(Out(pointer)) }
    }

    pub(crate) fn put(self, value: T) {
        // SAFETY: the caller of `new` guarantees that it can be written.
        unsafe { self.0.write(value) }
    }
}

/// An out-parameter for a structure that may grow in later releases, with the size in the caller's header.
pub(crate) struct Grown<T> {
    place: *mut T,
    size: usize,
}

impl<T> Grown<T> {
    /// Fails if the size is smaller than in this release, which is the first.
    ///
    /// # Safety
    ///
    /// `place` is not NULL, and `size` bytes can be written there.
    pub(crate) unsafe fn new(place: *mut T, size: usize, name: &'static str) -> Result<Grown<T>, Failure> {
        if size < size_of::<T>() {
            let least = size_of::<T>();
            return Err(argument(format!(
                "{size} bytes are too few for a {name}, which has at least {least}"
            )));
        }
        if isize::try_from(size).is_err() {
            return Err(argument(format!("a {name} cannot be {size} bytes large")));
        }
        Ok(Grown { place, size })
    }

    /// Sets members of later releases to 0.
    pub(crate) fn zero_tail(&self) {
        let known = size_of::<T>();
        // SAFETY: the caller of `new` guarantees that `size` bytes can be written; `size` is at least
        // `known`.
        unsafe { self.place.cast::<u8>().add(known).write_bytes(0, self.size - known) }
    }

    /// Returns the address at which to write the members of this release.
    pub(crate) fn place(&self) -> *mut T {
        self.place
    }
}

impl<T> Out<*mut T> {
    /// Returns a value as a handle owned by the caller.
    pub(crate) fn hand_out(self, value: T) {
        self.put(Box::into_raw(Box::new(value)));
    }
}

/// Reads a text argument, which ends at its first NUL.
///
/// # Safety
///
/// `pointer` is NULL or points to a NUL-terminated text.
pub(crate) unsafe fn text<'a>(pointer: *const c_char, name: &'static str) -> Result<&'a str, Failure> {
    if pointer.is_null() {
        let hint = "Pass a string. If it comes from getenv(), set that environment variable.";
        let details = Details { hint: Some(c_text(hint)), ..Details::default() };
        return Err(Failure::detailed(GETTICKETS_ERROR_NULL, format!("{name} is NULL"), details));
    }
    // SAFETY: guaranteed by the caller.
    let text = unsafe { CStr::from_ptr(pointer) };
    text.to_str().map_err(|error| {
        let message = format!("{name} is not UTF-8 (at byte {})", error.valid_up_to());
        Failure::error(GETTICKETS_ERROR_UTF8, message)
    })
}

/// Reads an argument of `len` bytes.
///
/// # Safety
///
/// `pointer` is NULL or points to `len` bytes.
pub(crate) unsafe fn bytes<'a>(
    pointer: *const c_void,
    len: usize,
    name: &'static str,
) -> Result<&'a [u8], Failure> {
    if pointer.is_null() {
        return Err(null(name));
    }
    if isize::try_from(len).is_err() {
        return Err(argument(format!("{name} cannot be {len} bytes long")));
    }
    // SAFETY: guaranteed by the caller, and the length is possible in memory.
    Ok(unsafe { slice::from_raw_parts(pointer.cast(), len) })
}

/// Error for a pointer that is NULL.
pub(crate) fn null(name: &'static str) -> Failure {
    Failure::error(GETTICKETS_ERROR_NULL, format!("{name} is NULL"))
}

/// Error for an argument that is out of range.
pub(crate) fn argument(message: String) -> Failure {
    Failure::error(GETTICKETS_ERROR_ARGUMENT, message)
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    let message = panic.downcast_ref::<&str>().copied();
    let message = message.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("bug in libgettickets (panic): {}", message.unwrap_or("no message"))
}
