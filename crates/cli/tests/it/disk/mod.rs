//! Faults of the disk: failed calls, runs that are killed, and power failures. Afterwards the files have the last good
//! state or the complete new state, and the next run continues from it.
//!
//! Each test selects random moments for the fault; `GETTICKETS_DISK_FAULTS=N` sets their number. RELIABILITY.md has the
//! result for 200.

mod directory;
mod export;
mod lake;
mod mirror;
mod power;
mod preload;
mod random;

/// The number of moments that a test selects.
fn moments(usual: usize) -> usize {
    std::env::var("GETTICKETS_DISK_FAULTS").ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// Returns random numbers from 1 to `last`, including the first and the last.
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
