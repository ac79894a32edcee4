//! Enumerated values of a ticket: status, priority, requestor type and related service.
//!
//! All are open sets: known words are variants, and any other word is kept as it was sent.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

macro_rules! open_enum {
    ($(#[$doc:meta])+ $name:ident { $($(#[$variant_doc:meta])+ $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])+
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum $name<'a> {
            $($(#[$variant_doc])+ $variant,)+
            /// Any other word, as it was sent.
            Other(Cow<'a, str>),
        }

        impl<'a> $name<'a> {
            /// The known words, in the order of the documentation.
            pub const KNOWN: &'static [$name<'static>] = &[$($name::$variant),+];

            /// Converts a word. Known words are matched exactly, so that every word round-trips.
            pub fn from_word(word: impl Into<Cow<'a, str>>) -> $name<'a> {
                let word = word.into();
                match &*word {
                    $($word => $name::$variant,)+
                    _ => $name::Other(word),
                }
            }

            /// Returns the word as it was sent.
            pub fn as_str(&self) -> &str {
                match self {
                    $($name::$variant => $word,)+
                    $name::Other(word) => word,
                }
            }

            /// Converts into a value that borrows nothing.
            pub fn into_owned(self) -> $name<'static> {
                match self {
                    $($name::$variant => $name::$variant,)+
                    $name::Other(word) => $name::Other(Cow::Owned(word.into_owned())),
                }
            }
        }

        impl fmt::Display for $name<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl<'a> From<&'a str> for $name<'a> {
            fn from(word: &'a str) -> $name<'a> {
                $name::from_word(word)
            }
        }

        impl From<String> for $name<'static> {
            fn from(word: String) -> $name<'static> {
                $name::from_word(word)
            }
        }

        impl PartialEq<str> for $name<'_> {
            fn eq(&self, word: &str) -> bool {
                self.as_str() == word
            }
        }

        impl PartialEq<&str> for $name<'_> {
            fn eq(&self, word: &&str) -> bool {
                self.as_str() == *word
            }
        }

        impl Serialize for $name<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $name<'static> {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<$name<'static>, D::Error> {
                Ok(String::deserialize(deserializer)?.into())
            }
        }
    };
}

open_enum! {
    /// The status of a ticket. Installs can configure others besides the six defaults.
    ///
    /// ```
    /// use gettickets_protocol::Status;
    /// assert_eq!(Status::from_word("Customer-Reply"), Status::CustomerReply);
    /// assert_eq!(Status::from_word("Waiting on vendor").as_str(), "Waiting on vendor");
    /// ```
    Status {
        /// `Open`
        Open = "Open",
        /// `Answered`
        Answered = "Answered",
        /// `Customer-Reply`
        CustomerReply = "Customer-Reply",
        /// `Closed`
        Closed = "Closed",
        /// `On Hold`
        OnHold = "On Hold",
        /// `In Progress`
        InProgress = "In Progress",
    }
}

open_enum! {
    /// The priority of a ticket.
    Priority {
        /// `Low`
        Low = "Low",
        /// `Medium`
        Medium = "Medium",
        /// `High`
        High = "High",
    }
}

open_enum! {
    /// The type of the requestor of a ticket. Since server version 8.0.
    RequestorType {
        /// `Owner`
        Owner = "Owner",
        /// `Operator`
        Operator = "Operator",
    }
}

/// The service or domain that a ticket is about, parsed from the field `service`. `Display` writes it as it was sent.
///
/// ```
/// use gettickets_protocol::RelatedService;
/// assert_eq!(RelatedService::from_wire("S12"), Some(RelatedService::Service(12)));
/// assert_eq!(RelatedService::from_wire("D7"), Some(RelatedService::Domain(7)));
/// assert_eq!(RelatedService::from_wire(""), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum RelatedService<'a> {
    /// `S` and a service's id.
    Service(u64),
    /// `D` and a domain's id.
    Domain(u64),
    /// Anything else, as it was sent.
    Other(&'a str),
}

impl<'a> RelatedService<'a> {
    /// Parses the field `service`. Returns `None` if it is empty.
    pub fn from_wire(text: &'a str) -> Option<RelatedService<'a>> {
        // An id with leading zeros would not be written as it was sent.
        let id = |digits: &str| {
            let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
            let plain = plain && (digits == "0" || !digits.starts_with('0'));
            plain.then(|| digits.parse().ok()).flatten()
        };
        let read = |prefix, variant: fn(u64) -> RelatedService<'a>| {
            text.strip_prefix(prefix).and_then(id).map(variant)
        };
        if text.is_empty() {
            return None;
        }
        read('S', RelatedService::Service)
            .or_else(|| read('D', RelatedService::Domain))
            .or(Some(RelatedService::Other(text)))
    }
}

impl fmt::Display for RelatedService<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RelatedService::Service(id) => write!(f, "S{id}"),
            RelatedService::Domain(id) => write!(f, "D{id}"),
            RelatedService::Other(text) => f.write_str(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_round_trips() {
        for status in Status::KNOWN {
            assert_eq!(&Status::from_word(status.as_str()), status);
        }
        for word in ["open", "", " Open", "Terminé"] {
            let status = Status::from_word(word);
            assert!(matches!(status, Status::Other(_)), "{word:?}");
            assert_eq!(status.as_str(), word);
        }
    }

    #[test]
    fn a_service_that_is_not_an_id_is_kept() {
        for text in ["S", "Sx", "S+1", "12", "S99999999999999999999", "S007", "D00"] {
            assert_eq!(RelatedService::from_wire(text), Some(RelatedService::Other(text)));
        }
        for text in ["S007", "S7", "D0", "D18446744073709551615", "x"] {
            assert_eq!(RelatedService::from_wire(text).unwrap().to_string(), text);
        }
    }
}
