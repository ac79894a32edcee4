//! Distributes the opening times of tickets: more in working hours than at night, fewer at the weekend.
//!
//! Time is first divided into even steps, and a table then places each step in its week. Steps stay in order, so
//! that tickets can be generated from the newest to the oldest in one pass.

/// Seconds of an hour and of a week.
const HOUR: i64 = 3_600;
const WEEK: i64 = 168 * HOUR;

/// How many parts of a week precede each hour of it, beginning with Monday 00:00; the last entry is the whole week.
#[allow(clippy::indexing_slicing, reason = "checked when compiled")]
const BEFORE: [u32; 169] = {
    let mut before = [0; 169];
    let mut hour = 0;
    while hour < 168 {
        let of_day = hour % 24;
        let busy = match of_day {
            0..=5 => 2,
            6..=7 => 6,
            8..=11 => 16,
            12..=13 => 12,
            14..=17 => 15,
            18..=21 => 8,
            _ => 4,
        };
        // Saturday and Sunday have about a third of the tickets.
        let parts = if hour / 24 >= 5 { busy / 3 + 1 } else { busy };
        before[hour + 1] = before[hour] + parts;
        hour += 1;
    }
    before
};

/// Maps an evenly distributed time, in seconds since a Monday 00:00, to the distribution of a week. The result is in
/// the same week, and the order of times is kept.
pub(crate) fn shaped(even: i64) -> i64 {
    let (week, within) = (even.div_euclid(WEEK), even.rem_euclid(WEEK));
    let [.., whole] = BEFORE;
    // In thousandths of a part, so that minutes are kept.
    let wanted = within * i64::from(whole) * 1_000 / WEEK;
    let hour = BEFORE.partition_point(|parts| i64::from(*parts) * 1_000 <= wanted).saturating_sub(1).min(167);
    let bound = |at: usize| i64::from(BEFORE.get(at).copied().unwrap_or(whole)) * 1_000;
    let (start, end) = (bound(hour), bound(hour + 1));
    week * WEEK + hour as i64 * HOUR + (wanted - start) * HOUR / (end - start).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_is_kept_and_working_hours_are_busier() {
        let shaped: Vec<i64> = (0..10_000).map(|step| shaped(step * WEEK / 10_000)).collect();
        assert!(shaped.is_sorted());
        let in_hours = |day: i64, hours: std::ops::Range<i64>| {
            shaped
                .iter()
                .filter(|at| (day * 24 + hours.start..day * 24 + hours.end).contains(&(*at / HOUR)))
                .count()
        };
        assert!(in_hours(1, 8..12) > 4 * in_hours(1, 0..4));
        assert!(in_hours(1, 0..24) > 2 * in_hours(6, 0..24));
    }
}
