//! Checks that memory is available before work whose size depends on a body or a page.
//!
//! In Rust a failed allocation ends the program, unless the code checks beforehand. So the required memory is
//! estimated, allocated in one piece and freed again before the work begins. Another thread may take the memory in
//! between; the header documents that.

use std::hint::black_box;

use crate::failure::{Details, Failure, c_text};
use crate::result::GETTICKETS_ERROR_MEMORY;

/// Below this size no check is made: if so little memory is unavailable, the whole program fails.
const SMALL: usize = 1 << 20;

/// The maximum memory for decoding besides the body, as a multiple of the body. The most expensive body is a list of
/// tickets with only a one-digit id.
const WORST_FACTOR: usize = 20;

/// The memory of a ticket besides its texts, in bytes.
const PER_TICKET: usize = 160;

/// The memory of an attachment, or of an undocumented field, in bytes.
const PER_ITEM: usize = 24;

/// The number of commas of a ticket with every documented field and one attachment, for each of its two objects.
const USUAL_COMMAS: usize = 12;

/// Fails if the memory for decoding this body, without its copy, cannot be allocated.
pub(crate) fn check_for_decoding(body: &[u8]) -> Result<(), Failure> {
    // Usually true, and then nothing has to be counted.
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

/// Estimates the memory from the content of the body: its tickets, and the commas and elements beyond those of tickets.
fn needed_to_decode(body: &[u8]) -> usize {
    let count = |byte: u8| body.iter().filter(|one| **one == byte).count();
    let (objects, elements) = (count(b'{'), count(b'<'));
    let tickets = objects + elements / 4;
    let items = count(b',').saturating_sub(objects * USUAL_COMMAS) + elements / 2;
    // The decoder allocates for one text in four that needs unescaping, and for as many tickets as fit.
    let room = body.len() / 4;
    room + (body.len() - body.len() / 8).max(tickets * PER_TICKET) + items * PER_ITEM
}

fn check(len: usize) -> Result<(), Failure> {
    if is_available(len) { Ok(()) } else { Err(out_of_memory(len)) }
}

/// Whether this many bytes can be allocated in one piece.
fn is_available(len: usize) -> bool {
    if len < SMALL {
        return true;
    }
    let mut probe: Vec<u8> = Vec::new();
    let outcome = probe.try_reserve_exact(len);
    // Prevents the compiler from removing an unused allocation.
    black_box(&mut probe);
    outcome.is_ok()
}

/// Error for an allocation that failed.
pub(crate) fn out_of_memory(len: usize) -> Failure {
    let hint = "Give the process more memory, or request fewer tickets at a time.";
    let details = Details { hint: Some(c_text(hint)), ..Details::default() };
    Failure::detailed(GETTICKETS_ERROR_MEMORY, format!("{len} bytes of memory are not available"), details)
}
