//! Formats numbers for the terminal and the page.

use std::cmp::Reverse;

/// A count with thousands separators: `12,345`.
pub(crate) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// The shares of some counts in whole percent, which add up to 100: each is rounded down, and the remainder goes to
/// those with the largest fractions. A small share is `<1%` rather than 0, and a large one `>99%` rather than 100.
pub(crate) fn shares(counts: &[u64]) -> Vec<String> {
    let total: u128 = counts.iter().map(|count| u128::from(*count)).sum();
    if total == 0 {
        return vec!["0%".to_owned(); counts.len()];
    }
    let exact = |count: u64| u128::from(count) * 100;
    let mut percents: Vec<u128> = counts.iter().map(|count| exact(*count) / total).collect();
    let missing = 100 - percents.iter().sum::<u128>();
    let mut by_loss: Vec<usize> = (0..counts.len()).collect();
    by_loss.sort_by_key(|index| Reverse(counts.get(*index).map_or(0, |count| exact(*count) % total)));
    // The remainder is smaller than the number of counts, as each lost less than one percent.
    for index in by_loss.into_iter().take(usize::try_from(missing).unwrap_or(0)) {
        if let Some(percent) = percents.get_mut(index) {
            *percent += 1;
        }
    }
    let shown = |(count, percent): (&u64, u128)| match percent {
        0 if *count > 0 => "<1%".to_owned(),
        100 if u128::from(*count) < total => ">99%".to_owned(),
        percent => format!("{percent}%"),
    };
    counts.iter().zip(percents).map(shown).collect()
}

/// The end of an axis: the smallest round number that is at least the greatest count and whose half is a whole number.
pub(crate) fn axis_end(greatest: u64) -> u64 {
    let small = [2, 4, 6, 8].into_iter();
    let larger = (0..).map_while(|power| 10u64.checked_pow(power)).flat_map(|step| {
        [10, 12, 16, 20, 30, 40, 50, 60, 80].into_iter().filter_map(move |factor| step.checked_mul(factor))
    });
    small.chain(larger).find(|end| *end >= greatest).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_separated() {
        let cases = [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")];
        for (count, expected) in cases {
            assert_eq!(grouped(count), expected);
        }
    }

    #[test]
    fn shares_add_up_and_are_never_rounded_to_nothing_or_everything() {
        let cases: [(&[u64], &[&str]); 8] = [
            (&[], &[]),
            (&[0, 0], &["0%", "0%"]),
            (&[5, 0], &["100%", "0%"]),
            (&[1, 1, 1], &["34%", "33%", "33%"]),
            (&[2, 1, 3], &["33%", "17%", "50%"]),
            (&[999, 1], &[">99%", "<1%"]),
            (&[99, 1], &["99%", "1%"]),
            (&[u64::MAX, u64::MAX], &["50%", "50%"]),
        ];
        for (counts, expected) in cases {
            assert_eq!(shares(counts), expected, "{counts:?}");
        }
        let percent = |share: &String| match share.as_str() {
            "<1%" => 0,
            ">99%" => 100,
            share => share.trim_end_matches('%').parse::<u64>().unwrap(),
        };
        for seed in 1..500u64 {
            let counts: Vec<u64> = (1..=1 + seed % 12).map(|n| n * n * seed * 7919 % 1013).collect();
            if counts.iter().any(|count| *count > 0) {
                assert_eq!(shares(&counts).iter().map(percent).sum::<u64>(), 100, "{counts:?}");
            }
        }
    }

    #[test]
    fn an_axis_ends_at_a_round_number_whose_half_is_whole() {
        for (greatest, end) in [(0, 2), (2, 2), (3, 4), (7, 8), (11, 12), (107, 120), (u64::MAX, u64::MAX)] {
            assert_eq!(axis_end(greatest), end, "{greatest}");
        }
    }
}
