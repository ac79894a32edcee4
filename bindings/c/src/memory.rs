//! Checks that memory is available before work whose size a body or a page decides.
//!
//! An allocation that fails ends a Rust program, unless the code that makes it asks first. So the memory that
//! the work needs is estimated, allocated in one piece and freed again before the work begins. Another thread
//! may take the memory in between; the header says so.

use std::hint::black_box;

use crate::failure::{Details, Failure, c_text};
use crate::result::GETTICKETS_ERROR_MEMORY;

/// Below this, a failure to allocate is one of the whole program, and a check would not help.
const SMALL: usize = 1 << 20;

/// The most memory that decoding takes beside the body, as a multiple of the body. The most expensive body is
/// a list of tickets that have an id of one digit and nothing else.
const WORST_FACTOR: usize = 20;

/// What a ticket takes beside its texts, in bytes.
const PER_TICKET: usize = 160;

/// What an attachment takes, or a field that is in no version's documentation.
const PER_ITEM: usize = 24;

/// Commas of a ticket that has every documented field and one attachment, for each of its two objects.
const USUAL_COMMAS: usize = 12;

/// Fails if the memory for decoding this body cannot be allocated, its copy not included.
pub(crate) fn check_for_decoding(body: &[u8]) -> Result<(), Failure> {
    // Nearly always true, and then nothing has to be counted.
    if is_available(body.len().saturating_mul(WORST_FACTOR)) {
        return Ok(());
    }
    check(needed_to_decode(body))
}

/// Fails if the memory for a text or table made from a page cannot be allocated. `held` is the memory that the
/// page's tickets hold.
pub(crate) fn check_for_encoding(held: usize) -> Result<(), Failure> {
    check(held.saturating_mul(2))
}

/// An estimate from what the body holds: its tickets, and the commas and elements that are not theirs.
fn needed_to_decode(body: &[u8]) -> usize {
    let count = |byte: u8| body.iter().filter(|one| **one == byte).count();
    let (objects, elements) = (count(b'{'), count(b'<'));
    let tickets = objects + elements / 4;
    let items = count(b',').saturating_sub(objects * USUAL_COMMAS) + elements / 2;
    // The decoder makes room for one text in four to need unescaping, and for as many tickets as fit.
    let room = body.len() / 4;
    room + (body.len() - body.len() / 8).max(tickets * PER_TICKET) + items * PER_ITEM
}

fn check(len: usize) -> Result<(), Failure> {
    if is_available(len) { Ok(()) } else { Err(out_of_memory(len)) }
}

/// Whether so many bytes can be allocated in one piece.
fn is_available(len: usize) -> bool {
    if len < SMALL {
        return true;
    }
    let mut probe: Vec<u8> = Vec::new();
    let outcome = probe.try_reserve_exact(len);
    // Keeps the compiler from leaving out an allocation that nothing uses.
    black_box(&mut probe);
    outcome.is_ok()
}

/// Error for an allocation that failed.
pub(crate) fn out_of_memory(len: usize) -> Failure {
    let hint = "Give the process more memory, or request fewer tickets at a time.";
    let details = Details { hint: Some(c_text(hint)), ..Details::default() };
    Failure::detailed(GETTICKETS_ERROR_MEMORY, format!("{len} bytes of memory are not available"), details)
}
