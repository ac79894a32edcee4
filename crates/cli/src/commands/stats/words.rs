//! How numbers are written for people, in the terminal and on the page alike.

/// A count with its thousands set apart: `12,345`.
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

/// A share in whole per cent; `<1%` where it is not nothing, and never 100% where it is not everything.
pub(crate) fn share(count: u64, total: u64) -> String {
    if count == 0 || total == 0 {
        return "0%".to_owned();
    }
    match u128::from(count) * 100 / u128::from(total) {
        0 => "<1%".to_owned(),
        percent => format!("{percent}%"),
    }
}

/// Numbers for an axis: the least round number at or above the greatest count, so that half of it is a
/// whole number too.
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
    fn counts_are_set_apart_by_thousands() {
        let cases = [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")];
        for (count, expected) in cases {
            assert_eq!(grouped(count), expected);
        }
    }

    #[test]
    fn a_share_is_never_rounded_to_nothing_or_everything() {
        let cases = [(0, 0, "0%"), (0, 9, "0%"), (1, 1_000, "<1%"), (999, 1_000, "99%"), (5, 5, "100%")];
        for (count, total, expected) in cases {
            assert_eq!(share(count, total), expected);
        }
    }

    #[test]
    fn an_axis_ends_at_a_round_number_with_a_whole_half() {
        for (greatest, end) in [(0, 2), (2, 2), (3, 4), (7, 8), (11, 12), (107, 120), (u64::MAX, u64::MAX)] {
            assert_eq!(axis_end(greatest), end, "{greatest}");
        }
    }
}
