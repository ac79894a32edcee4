//! [`Sandbox`]: the embedded server, for tests of programs.

use std::ffi::{CString, c_char};
use std::ptr;

use gettickets_protocol::Version;
use gettickets_sandbox as sandbox;
use gettickets_sandbox::{Quirk, UnknownQuirk};

use crate::failure::{Error, Failure, c_text};
use crate::guard::{self, Out, argument, guard_with_error, text};
use crate::process::{InUse, Origin};
use crate::result::{GETTICKETS_ERROR_SANDBOX, ResultCode};

/// An embedded server with generated tickets, for tests. Only in a library built with the feature `sandbox`.
pub struct Sandbox {
    sandbox: sandbox::Sandbox,
    in_use: InUse,
    origin: Origin,
    url: CString,
    identifier: CString,
    secret: CString,
}

/// Starts a server with generated tickets on a free port of the loopback interface. `server_version` is the
/// version to imitate, such as "7.10"; NULL for a recent one. `quirks` are deviations to imitate, separated by
/// commas, such as "php-notice,shifting" (`gettickets sandbox --list-quirks` lists them); NULL for none.
/// `GETTICKETS_ERROR_ARGUMENT` if the version or a quirk is unknown, `GETTICKETS_ERROR_SANDBOX` if the server
/// cannot start.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_sandbox_start(
    tickets: u64,
    server_version: *const c_char,
    quirks: *const c_char,
    sandbox: *mut *mut Sandbox,
    error: *mut *mut Error,
) -> ResultCode {
    let start = || {
        // SAFETY: NULL or writable, as documented.
        let out = unsafe { Out::new(sandbox, "sandbox") }?;
        let mut builder = sandbox::Sandbox::builder().tickets(tickets);
        if !server_version.is_null() {
            // SAFETY: a NUL-terminated text, as documented.
            let version = unsafe { text(server_version, "server_version") }?.parse::<Version>();
            builder = builder.server_version(version.map_err(|error| argument(error.to_string()))?);
        }
        if !quirks.is_null() {
            // SAFETY: as above.
            let names = unsafe { text(quirks, "quirks") }?.split(',').filter(|name| !name.is_empty());
            for name in names {
                let refused = |error: UnknownQuirk| argument(error.to_string());
                builder = builder.quirk(name.trim().parse::<Quirk>().map_err(refused)?);
            }
        }
        let _in_use = InUse::begin()?;
        let started =
            builder.start().map_err(|error| Failure::error(GETTICKETS_ERROR_SANDBOX, error.to_string()))?;
        out.hand_out(Sandbox {
            url: c_text(&started.url()),
            identifier: c_text(started.identifier()),
            secret: c_text(started.secret()),
            sandbox: started,
            in_use: InUse::begin()?,
            origin: Origin::here(),
        });
        Ok(())
    };
    // SAFETY: `error` is NULL or writable, as documented at gettickets_error.
    unsafe { guard_with_error(error, start) }
}

/// # Safety
///
/// `sandbox` is NULL or valid.
unsafe fn text_of(sandbox: *const Sandbox, pick: fn(&Sandbox) -> &CString) -> *const c_char {
    // SAFETY: guaranteed by the caller.
    guard::value(ptr::null(), || unsafe { sandbox.as_ref() }.map_or(ptr::null(), |one| pick(one).as_ptr()))
}

/// Returns the URL for a client, such as "http://127.0.0.1:41234/".
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_sandbox_url(sandbox: *const Sandbox) -> *const c_char {
    // SAFETY: as documented at gettickets_sandbox.
    unsafe { text_of(sandbox, |sandbox| &sandbox.url) }
}

/// Returns the API identifier that the server accepts.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_sandbox_identifier(sandbox: *const Sandbox) -> *const c_char {
    // SAFETY: as documented at gettickets_sandbox.
    unsafe { text_of(sandbox, |sandbox| &sandbox.identifier) }
}

/// Returns the secret of the identifier.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_sandbox_secret(sandbox: *const Sandbox) -> *const c_char {
    // SAFETY: as documented at gettickets_sandbox.
    unsafe { text_of(sandbox, |sandbox| &sandbox.secret) }
}

/// Returns the number of requests so far.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_sandbox_request_count(sandbox: *const Sandbox) -> u64 {
    // SAFETY: as documented at gettickets_sandbox.
    guard::value(0, || unsafe { sandbox.as_ref() }.map_or(0, |sandbox| sandbox.sandbox.request_count()))
}

/// Stops and frees the server.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_sandbox_free(sandbox: *mut Sandbox) {
    // SAFETY: the sandbox is NULL or from this library, and not freed before, as documented.
    unsafe {
        guard::free_with(sandbox, |Sandbox { sandbox, in_use, origin, .. }| {
            origin.drop_here(sandbox);
            drop(in_use);
        });
    }
}
