//! [`Recent`]: a small cache of the objects for texts that repeat.
//!
//! An install has few admins and few custom words. Looking up such an object is several times faster than making it,
//! and the tickets share it. Names, addresses and subjects are not cached, because they repeat too rarely.

use pyo3::prelude::*;

/// The number of cached texts; a power of two.
const PLACES: usize = 32;
/// The maximum length of a cached text.
const MAX_LEN: usize = 31;

/// The cache: each text has one slot, determined by its bytes.
pub(crate) struct Recent {
    places: [Option<Place>; PLACES],
}

struct Place {
    /// The kind of the object, then the text, then zeros, which makes the key unique for texts of the same length.
    key: [u8; MAX_LEN + 1],
    len: u8,
    made: Py<PyAny>,
}

impl Recent {
    pub(crate) fn new() -> Recent {
        Recent { places: [const { None }; PLACES] }
    }

    /// The object of this kind for this text: a cached or a new one.
    pub(crate) fn get(
        &mut self,
        py: Python<'_>,
        kind: u8,
        text: &str,
        make: impl FnOnce() -> PyResult<Py<PyAny>>,
    ) -> PyResult<Py<PyAny>> {
        let bytes = text.as_bytes();
        let mut key = [0; MAX_LEN + 1];
        let Some(room) = key.get_mut(1..=bytes.len()) else { return make() };
        room.copy_from_slice(bytes);
        let [first, ..] = &mut key;
        *first = kind;
        let len = bytes.len() as u8;
        let Some(place) = self.places.get_mut(place_of(&key, len)) else { return make() };
        match place {
            Some(found) if found.len == len && found.key == key => Ok(found.made.clone_ref(py)),
            _ => {
                let made = make()?;
                *place = Some(Place { key, len, made: made.clone_ref(py) });
                Ok(made)
            }
        }
    }
}

/// Hashes all 32 bytes: the top bits of the product depend on every bit.
fn place_of(key: &[u8; MAX_LEN + 1], len: u8) -> usize {
    let (words, _) = key.as_chunks::<8>();
    let mixed = words.iter().fold(u64::from(len), |mixed, word| {
        (mixed.rotate_left(23) ^ u64::from_le_bytes(*word)).wrapping_mul(0x9E37_79B9_7F4A_7C15)
    });
    (mixed >> 32) as usize % PLACES
}
