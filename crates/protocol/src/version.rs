//! Server versions: ordered numbers that determine which fields a reply has.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The version of a WHMCS server, such as 8.13.1.
///
/// Versions compare number by number, so 7.10 is later than 7.9 and 7.2. A version is a run-time value: one build
/// supports all servers.
///
/// ```
/// use gettickets_protocol::Version;
/// let version: Version = "7.10".parse()?;
/// assert_eq!(version, Version::V7_10);
/// assert!(version > Version::new(7, 9, 0));
/// assert_eq!(Version::new(8, 13, 1).to_string(), "8.13.1");
/// # Ok::<(), gettickets_protocol::InvalidVersion>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    major: u16,
    minor: u16,
    patch: u16,
}

impl Version {
    /// 1.0, which introduced the call.
    pub const V1_0: Version = Version::new(1, 0, 0);
    /// 7.10, which added `attachments`.
    pub const V7_10: Version = Version::new(7, 10, 0);
    /// 8.0, which added `owner_name` and the three `requestor_` fields.
    pub const V8_0: Version = Version::new(8, 0, 0);
    /// The versions that added fields, oldest first: each version in the field history ([`FIELDS`](crate::FIELDS)),
    /// once.
    pub const MILESTONES: [Version; 3] = [Version::V1_0, Version::V7_10, Version::V8_0];
    /// The newest version that added fields, which is the last of [`MILESTONES`](Version::MILESTONES). Newer servers
    /// are assumed to send the same fields.
    pub const LATEST: Version = {
        let [.., last] = Version::MILESTONES;
        last
    };

    /// Creates the version `major.minor.patch`.
    pub const fn new(major: u16, minor: u16, patch: u16) -> Version {
        Version { major, minor, patch }
    }

    /// The first number.
    pub const fn major(self) -> u16 {
        self.major
    }

    /// The second number.
    pub const fn minor(self) -> u16 {
        self.minor
    }

    /// The third number, or 0.
    pub const fn patch(self) -> u16 {
        self.patch
    }

    /// Returns whether this version is `other` or later. Works in constants, unlike `>=`.
    pub const fn is_at_least(self, other: Version) -> bool {
        self.ordinal() >= other.ordinal()
    }

    const fn ordinal(self) -> u64 {
        (self.major as u64) << 32 | (self.minor as u64) << 16 | self.patch as u64
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)?;
        if self.patch != 0 {
            write!(f, ".{}", self.patch)?;
        }
        Ok(())
    }
}

/// Parses `8`, `8.0`, `8.13.1` and `8.13.1-release.1`. A suffix is ignored.
impl FromStr for Version {
    type Err = InvalidVersion;

    fn from_str(text: &str) -> Result<Version, InvalidVersion> {
        let invalid = || InvalidVersion { text: text.chars().take(40).collect() };
        let numbers = text.split_once(['-', '+']).map_or(text, |(numbers, _)| numbers);
        // `u16::from_str` accepts digits and a leading plus sign, which was split off.
        let mut parts = numbers.split('.').map(|part| part.parse::<u16>().ok());
        let major = parts.next().flatten().ok_or_else(invalid)?;
        let minor = parts.next().unwrap_or(Some(0)).ok_or_else(invalid)?;
        let patch = parts.next().unwrap_or(Some(0)).ok_or_else(invalid)?;
        if parts.next().is_some() {
            return Err(invalid());
        }
        Ok(Version { major, minor, patch })
    }
}

impl Serialize for Version {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Version, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Error for a text that is not a version number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidVersion {
    text: String,
}

impl fmt::Display for InvalidVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is not a server version; expected numbers such as 7.10 or 8.13.1", self.text)
    }
}

impl std::error::Error for InvalidVersion {}

/// The version of the server that sent a reply, as far as the reply shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DetectedVersion {
    /// The reply states the version, as XML replies do.
    Exact(Version),
    /// The reply has fields that no earlier version sends.
    AtLeast(Version),
}

impl DetectedVersion {
    /// Returns the stated version, or the earliest version that sends these fields.
    pub const fn lower_bound(self) -> Version {
        match self {
            DetectedVersion::Exact(version) | DetectedVersion::AtLeast(version) => version,
        }
    }
}

impl fmt::Display for DetectedVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DetectedVersion::Exact(version) => write!(f, "{version}"),
            DetectedVersion::AtLeast(version) => write!(f, "{version} or later"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_shows_the_text() {
        let error = "eight".parse::<Version>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "\"eight\" is not a server version; expected numbers such as 7.10 or 8.13.1"
        );
    }

    #[test]
    fn version_7_10_is_later_than_7_9() {
        let parse = |text: &str| text.parse::<Version>().unwrap();
        assert!(parse("7.10") > parse("7.9"));
        assert!(parse("7.10") > parse("7.2"));
        assert!(parse("8.13.1") > Version::V8_0);
        assert_eq!(parse("8"), Version::V8_0);
        assert_eq!(parse("8.13.1-release.1"), Version::new(8, 13, 1));
        assert!(Version::V8_0.is_at_least(Version::V7_10));
        assert!(!Version::V1_0.is_at_least(Version::V7_10));
    }

    #[test]
    fn a_version_has_three_numbers() {
        let version: Version = "8.13.1".parse().unwrap();
        assert_eq!((version.major(), version.minor(), version.patch()), (8, 13, 1));
        let version: Version = "9".parse().unwrap();
        assert_eq!((version.major(), version.minor(), version.patch()), (9, 0, 0));
    }

    #[test]
    fn other_texts_are_not_versions() {
        for text in ["", ".", "8.", ".8", "+8", "8.+1", "8.x", "8.0.0.0", "70000", "-1", " 8"] {
            assert!(text.parse::<Version>().is_err(), "{text:?}");
        }
    }
}
