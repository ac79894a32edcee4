//! The command line: tables, sizes, candidates, and the duration.

use std::time::Duration;

/// What to measure, and how.
#[derive(Default)]
pub(crate) struct Options {
    tables: Vec<String>,
    only: Vec<String>,
    sizes: Vec<usize>,
    seconds: Option<f64>,
    turns: Option<usize>,
    million: bool,
    quick: bool,
    pub(crate) json: bool,
    pub(crate) markdown: bool,
}

/// Tickets on a page: the server's default page, a large page, and two exports in one reply.
const SIZES: [usize; 4] = [25, 250, 10_000, 100_000];
const QUICK_SIZES: [usize; 2] = [25, 10_000];

pub(crate) fn help(tables: &[&str]) -> String {
    format!(
        "Compares gettickets with its peers.\n\n\
         usage: cargo xtask bench [TABLE…] [OPTION…]\n\n\
         tables: {} (default: all)\n\n\
         options:\n\
         \x20 --only TEXT     only candidates whose name contains this; may be repeated\n\
         \x20 --size N        only pages of this many tickets; may be repeated\n\
         \x20 --seconds S     how long to measure each size of each table\n\
         \x20 --turns N       how often to do each job of the tables scan, start, mirror, fleet and lake\n\
         \x20 --million       export a million tickets as well in the table scan; mirror and export a million in place of\n\
         \x20                 100,000 in the tables mirror and lake\n\
         \x20 --quick         a short run, less than three minutes for all tables once they are built: pages of 25 and\n\
         \x20                 10,000 tickets, half a second for each; two turns of each job, and no distant servers\n\
         \x20 --compare       fail if a ratio, instruction count or size is worse than in BENCHMARKS.md by more than 10 %\n\
         \x20 --write         replace the tables in BENCHMARKS.md; mirror, fleet and lake only together\n\
         \x20 --markdown      print the tables as they are in BENCHMARKS.md\n\
         \x20 --json          one JSON document in place of the tables\n\
         \x20 --help          this text",
        tables.join(", ")
    )
}

impl Options {
    /// Parses the arguments; `None` means that help was requested.
    pub(crate) fn parse(
        args: impl IntoIterator<Item = String>,
        tables: &[&str],
    ) -> Result<Option<Options>, String> {
        let mut options = Options::default();
        let mut args = args.into_iter();
        while let Some(arg) = args.next() {
            let mut value = || args.next().ok_or_else(|| format!("{arg} needs a value"));
            match arg.as_str() {
                "--help" | "-h" => return Ok(None),
                "--json" => options.json = true,
                // `cargo xtask bench` handles them; they come here only beside --help.
                "--write" | "--compare" => {}
                "--markdown" => options.markdown = true,
                "--million" => options.million = true,
                "--quick" => options.quick = true,
                "--turns" => {
                    let text = value()?;
                    match text.parse() {
                        Ok(turns) if turns > 0 => options.turns = Some(turns),
                        _ => return Err(format!("--turns: {text:?} is not a number of turns")),
                    }
                }
                "--only" => options.only.push(value()?),
                "--size" => {
                    let text = value()?;
                    match text.replace([',', '_'], "").parse() {
                        Ok(size) if size > 0 => options.sizes.push(size),
                        _ => return Err(format!("--size: {text:?} is not a number of tickets")),
                    }
                }
                "--seconds" => {
                    let text = value()?;
                    match text.parse() {
                        Ok(seconds) if (0.0..=86_400.0).contains(&seconds) => options.seconds = Some(seconds),
                        _ => return Err(format!("--seconds: {text:?} is not a number of seconds")),
                    }
                }
                table if tables.contains(&table) => options.tables.push(arg),
                _ => {
                    return Err(format!(
                        "{arg:?} is neither a table nor an option; tables are {}",
                        tables.join(", ")
                    ));
                }
            }
        }
        Ok(Some(options))
    }

    pub(crate) fn wants_table(&self, name: &str) -> bool {
        self.tables.is_empty() || self.tables.iter().any(|wanted| wanted == name)
    }

    pub(crate) fn wants_contender(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|wanted| name.contains(wanted.as_str()))
    }

    /// Parts of the names of the candidates to measure; empty for all.
    pub(crate) fn only(&self) -> &[String] {
        &self.only
    }

    pub(crate) fn sizes(&self) -> &[usize] {
        match (self.sizes.as_slice(), self.quick) {
            ([], true) => &QUICK_SIZES,
            ([], false) => &SIZES,
            (sizes, _) => sizes,
        }
    }

    /// The number of times to do each job: as given, or one of these defaults of a short and of a normal run.
    pub(crate) fn turns(&self, quick: usize, normal: usize) -> usize {
        self.turns.unwrap_or(if self.quick { quick } else { normal })
    }

    /// Whether to leave out jobs that take long.
    pub(crate) fn quick(&self) -> bool {
        self.quick
    }

    /// Whether to export or mirror a million tickets.
    pub(crate) fn million(&self) -> bool {
        self.million
    }

    /// How long to measure a page of this size. A large page takes longer to decode and needs as many repetitions for a
    /// stable median.
    pub(crate) fn budget(&self, size: usize) -> Duration {
        Duration::from_secs_f64(self.seconds.unwrap_or(match size {
            _ if self.quick => 0.5,
            0..=999 => 3.0,
            1_000..=49_999 => 8.0,
            _ => 20.0,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Option<Options>, String> {
        Options::parse(line.split_whitespace().map(str::to_owned), &["decode", "decode-xml"])
    }

    #[test]
    fn no_arguments_mean_everything() {
        let options = parse("").unwrap().unwrap();
        assert!(options.wants_table("decode-xml") && options.wants_contender("ours"));
        assert_eq!((options.sizes(), options.turns(2, 5)), (&SIZES[..], 5));
    }

    #[test]
    fn a_restricted_run_measures_nothing_else() {
        let options =
            parse("decode --only ours --size 10,000 --seconds 1 --turns 2 --json").unwrap().unwrap();
        assert_eq!((options.turns(1, 5), options.million()), (2, false));
        assert!(options.wants_table("decode") && !options.wants_table("decode-xml"));
        assert!(options.wants_contender("ours, owned body") && !options.wants_contender("serde_json, owned"));
        assert_eq!((options.sizes(), options.json), (&[10_000][..], true));
        assert_eq!(options.budget(10_000), Duration::from_secs(1));
    }

    #[test]
    fn a_quick_run_measures_less_unless_more_is_requested() {
        let options = parse("--quick").unwrap().unwrap();
        assert_eq!((options.sizes(), options.turns(2, 5)), (&QUICK_SIZES[..], 2));
        assert_eq!(options.budget(10_000), Duration::from_millis(500));
        let options = parse("--quick --size 250 --turns 7 --seconds 2").unwrap().unwrap();
        assert_eq!((options.sizes(), options.turns(2, 5)), (&[250][..], 7));
        assert_eq!(options.budget(250), Duration::from_secs(2));
    }

    #[test]
    fn invalid_arguments_are_refused() {
        for line in ["--size", "--size x", "--size 0", "--seconds -1", "--seconds nan", "--turns 0", "decoed"]
        {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
