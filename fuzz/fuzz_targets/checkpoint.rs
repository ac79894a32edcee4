//! The checkpoint of an export: any bytes are read or refused; one that is read round-trips.
#![no_main]

use gettickets_cli::fuzzing::checkpoint;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    if let Some(written) = checkpoint(text) {
        assert_eq!(checkpoint(written.as_bytes()).as_ref(), Some(&written));
    }
});
