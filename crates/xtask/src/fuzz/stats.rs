//! Parses the output of libFuzzer.

/// The counts of a run.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Stats {
    pub(super) executions: u64,
    pub(super) new_in_corpus: u64,
    /// The file of the failing input.
    pub(super) artifact: Option<String>,
}

impl Stats {
    pub(super) fn of(log: &str) -> Stats {
        let count = |name: &str| {
            let mut lines = log.lines().rev();
            lines.find_map(|line| line.strip_prefix(name)?.trim().parse().ok()).unwrap_or_default()
        };
        // Slow inputs are saved too, but are not failures.
        let written = log.lines().rev().filter_map(|line| line.split_once("Test unit written to "));
        let mut paths = written.map(|(_, path)| path.trim()).filter(|path| !path.contains("slow-unit-"));
        Stats {
            executions: count("stat::number_of_executed_units:"),
            new_in_corpus: count("stat::new_units_added:"),
            artifact: paths.next().map(str::to_owned),
        }
    }
}

/// The reason of a failed run: the message of the panic, else libFuzzer's message, else the end of the log.
pub(super) fn reason(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    let at = lines.iter().position(|line| line.contains(" panicked at "));
    let at = at.or_else(|| lines.iter().position(|line| line.contains("ERROR: ")));
    let (from, to) = match at {
        Some(at) => (at, lines.len().min(at + 6)),
        None => (lines.len().saturating_sub(6), lines.len()),
    };
    let shown = lines.get(from..to).unwrap_or_default();
    // The lines after the message are its values, which may be long.
    let shown: Vec<String> = shown.iter().map(|line| line.chars().take(400).collect()).collect();
    shown.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "\
INFO: Seed: 1
#2\tINITED cov: 4 ft: 5 corp: 1/1b exec/s: 0 rss: 30Mb
artifact_prefix='fuzz/artifacts/decode/'; Test unit written to fuzz/artifacts/decode/slow-unit-1
thread '<unnamed>' panicked at fuzz_targets/decode.rs:9:5:
assertion failed
==1== ERROR: libFuzzer: deadly signal
artifact_prefix='fuzz/artifacts/decode/'; Test unit written to fuzz/artifacts/decode/crash-2
stat::number_of_executed_units: 12345
stat::average_exec_per_sec:     100
stat::new_units_added:          7
";

    #[test]
    fn counts_and_the_failing_input_are_parsed() {
        let stats = Stats::of(LOG);
        assert_eq!((stats.executions, stats.new_in_corpus), (12_345, 7));
        assert_eq!(stats.artifact.as_deref(), Some("fuzz/artifacts/decode/crash-2"));
        assert_eq!(Stats::of("killed"), Stats::default());
    }

    #[test]
    fn the_reason_is_the_panic_or_libfuzzers_message() {
        assert!(
            reason(LOG).starts_with("thread '<unnamed>' panicked at fuzz_targets/decode.rs:9:5:\nassertion")
        );
        assert!(
            reason("a\n==1== ERROR: libFuzzer: timeout\nb").starts_with("==1== ERROR: libFuzzer: timeout")
        );
        assert_eq!(reason("a\nKilled"), "a\nKilled");
    }
}
