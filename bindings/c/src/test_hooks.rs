//! Functions that fail on purpose, only in builds for this project's tests. No header declares them.

#![allow(clippy::panic, reason = "that is what it is for")]

use crate::failure::Error;
use crate::guard::{guard_with_error, value};
use crate::result::ResultCode;

/// Panics inside the guard of functions that return a code.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_test_panic(error: *mut *mut Error) -> ResultCode {
    // SAFETY: `error` is NULL or writable.
    unsafe { guard_with_error(error, || panic!("a panic on purpose")) }
}

/// Panics inside the guard of functions that return a value.
#[unsafe(no_mangle)]
pub extern "C" fn gettickets_test_panic_value() -> i32 {
    value(-1, || panic!("a panic on purpose"))
}
