//! Faults of the disk: calls that fail, runs that are killed, and power failures. What is left is the last good state or the whole,
//! and the next run goes on from it.
//!
//! The tests draw some of the moments; with `GETTICKETS_DISK_FAULTS=N` they draw N. RELIABILITY.md has the result of 200.

mod directory;
mod export;
mod lake;
mod mirror;
mod power;
mod preload;
mod random;

/// How many moments a test draws.
fn moments(usual: usize) -> usize {
    std::env::var("GETTICKETS_DISK_FAULTS").ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// Some of the numbers from 1 to `last`, the first and the last among them.
fn drawn(random: &mut fastrand::Rng, last: u64, usual: usize) -> Vec<u64> {
    let count = moments(usual);
    if count as u64 >= last {
        return (1..=last).collect();
    }
    let mut numbers = vec![1, last];
    while numbers.len() < count {
        let number = random.u64(1..=last);
        if !numbers.contains(&number) {
            numbers.push(number);
        }
    }
    numbers
}
