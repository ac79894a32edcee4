//! `gettickets list`.

use clap::Args;
use jiff::civil::{Date, DateTime};

use super::{ConnectionArgs, FormatArgs, QueryArgs};

/// List tickets: one page, or with --all every one.
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    pub(crate) query: QueryArgs,
    /// List every ticket that matches, not one page alone; --limitnum is then how many are asked for at a time
    #[arg(long, help_heading = "Which tickets", conflicts_with = "limitstart")]
    pub(crate) all: bool,
    /// List every ticket opened or answered since then, by the install's clock: 2026-01-01 or
    /// '2026-01-01 12:30:00'
    #[arg(long, value_name = "WHEN", help_heading = "Which tickets", conflicts_with = "limitstart")]
    pub(crate) updated_since: Option<Since>,
    #[command(flatten)]
    pub(crate) format: FormatArgs,
    #[command(flatten)]
    pub(crate) connection: ConnectionArgs,
}

/// A moment on the install's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Since(pub(crate) DateTime);

impl std::str::FromStr for Since {
    type Err = String;

    fn from_str(text: &str) -> Result<Since, String> {
        // An offset would be read and then dropped in silence.
        let time = text.get("2026-01-01".len()..).unwrap_or_default();
        let offset = time.contains(['Z', 'z', '+', '-', '[']);
        let moment =
            text.parse::<DateTime>().or_else(|_| text.parse::<Date>().map(|date| date.at(0, 0, 0, 0)));
        match moment {
            Ok(moment) if !offset => Ok(Since(moment)),
            _ => Err(format!(
                "{text:?} is no date; expected 2026-01-01 or '2026-01-01 12:30:00', without a zone"
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::datetime;

    #[test]
    fn a_moment_is_a_date_or_a_date_and_time() {
        let read = |text: &str| text.parse::<Since>().map(|since| since.0);
        assert_eq!(read("2026-01-02"), Ok(datetime(2026, 1, 2, 0, 0, 0, 0)));
        assert_eq!(read("2026-01-02 03:04"), Ok(datetime(2026, 1, 2, 3, 4, 0, 0)));
        assert_eq!(read("2026-01-02T03:04:05"), Ok(datetime(2026, 1, 2, 3, 4, 5, 0)));
        for text in ["yesterday", "2026-13-01", "2026-01-02T03:04:05Z", "2026-01-02T03:04:05+01:00", ""] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
