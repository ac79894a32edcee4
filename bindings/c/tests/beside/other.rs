//! Another Rust library with a C interface, which adds another copy of Rust's standard library to the program.

/// Returns the length of a text that is made with the standard library, after a panic that is caught.
#[unsafe(no_mangle)]
pub extern "C" fn other_text_len(number: u32) -> usize {
    let caught = std::panic::catch_unwind(|| {
        let none: Option<usize> = None;
        none.unwrap()
    });
    assert!(caught.is_err());
    format!("number {number}").len()
}
