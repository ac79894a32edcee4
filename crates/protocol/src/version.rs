//! Server versions: ordered numbers that decide which fields a reply carries.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The version of a WHMCS server, such as 8.13.1.
///
/// Versions compare number by number, so 7.10 comes after 7.9 and after 7.2. A version is a value at run
/// time: one library serves every server.
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
    /// 1.0, where the call first appeared.
    pub const V1_0: Version = Version::new(1, 0, 0);
    /// 7.10, which added `attachments`.
    pub const V7_10: Version = Version::new(7, 10, 0);
    /// 8.0, which added `owner_name` and the three `requestor_` fields.
    pub const V8_0: Version = Version::new(8, 0, 0);
    /// The versions at which what the call sends changed, oldest first.
    pub const MILESTONES: [Version; 3] = [Version::V1_0, Version::V7_10, Version::V8_0];
    /// The newest version known to have changed the call: a newer server sends what this one does.
    pub const LATEST: Version = Version::V8_0;

    /// The version `major.minor.patch`.
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

    /// The third number, 0 where none was written.
    pub const fn patch(self) -> u16 {
        self.patch
    }

    /// Whether this version is `other` or later; usable in constants, where `>=` is not.
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

/// Reads `8`, `8.0`, `8.13.1` and `8.13.1-release.1`, whose suffix says how the build was packaged and
/// has no part in the order.
impl FromStr for Version {
    type Err = InvalidVersion;

    fn from_str(text: &str) -> Result<Version, InvalidVersion> {
        let invalid = || InvalidVersion { text: text.chars().take(40).collect() };
        let numbers = text.split_once(['-', '+']).map_or(text, |(numbers, _)| numbers);
        let mut parts = numbers.split('.').map(|part| {
            // `u16::from_str` would take a leading plus sign.
            let digits = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
            digits.then(|| part.parse::<u16>().ok()).flatten()
        });
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

/// A text that is not a dotted version number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidVersion {
    text: String,
}

impl fmt::Display for InvalidVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} is not a server version; expected numbers with dots, such as 7.10 or 8.13.1",
            self.text
        )
    }
}

impl std::error::Error for InvalidVersion {}

/// What a reply tells of the version of the server that sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ShownVersion {
    /// The server named its version, as XML replies do.
    Exactly(Version),
    /// The reply carries fields that no earlier version sends.
    AtLeast(Version),
}

impl ShownVersion {
    /// The version named, or the earliest that sends what was seen.
    pub const fn lower_bound(self) -> Version {
        match self {
            ShownVersion::Exactly(version) | ShownVersion::AtLeast(version) => version,
        }
    }
}

impl fmt::Display for ShownVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ShownVersion::Exactly(version) => write!(f, "{version}"),
            ShownVersion::AtLeast(version) => write!(f, "{version} or later"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seven_ten_comes_after_seven_nine() {
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
    fn what_is_not_a_dotted_number_is_refused() {
        for text in ["", ".", "8.", ".8", "+8", "8.+1", "8.x", "8.0.0.0", "70000", "-1", " 8"] {
            assert!(text.parse::<Version>().is_err(), "{text:?}");
        }
    }
}
