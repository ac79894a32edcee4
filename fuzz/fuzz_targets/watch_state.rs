//! The state of a watch: any bytes are read, or refused with an error on one line; one that is read keeps its lines.
#![no_main]

use gettickets_cli::fuzzing::watch_state;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| match watch_state(text) {
    Ok(written) => {
        let again = watch_state(&written).expect("what is written is read");
        assert_eq!(sorted(&again), sorted(&written));
    }
    Err(shown) => assert!(!shown.is_empty() && !shown.contains('\n'), "{shown}"),
});

/// The lines, sorted, because tickets have no order.
fn sorted(state: &[u8]) -> Vec<&[u8]> {
    let mut lines: Vec<_> = state.split(|byte| *byte == b'\n').collect();
    lines.sort_unstable();
    lines
}
