//! Random numbers from a seed.
//!
//! This crate has its own generator because the tickets of a seed must not change with the version of a random
//! number library. It must never be used for secrets.

/// A stream of numbers that depends only on its seed: SplitMix64.
#[derive(Clone, Debug)]
pub(crate) struct Rng(u64);

impl Rng {
    /// The stream with this number of a seed. Streams are independent of each other, so that a ticket can be generated
    /// without the tickets before it.
    pub(crate) fn new(seed: u64, number: u64) -> Rng {
        let mut outer = Rng(seed);
        let start = outer.next();
        Rng(start ^ number.wrapping_mul(0xd6e8_feb8_6659_fd93))
    }

    /// The next number.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, which is at least 1.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        // The high half of the product is sufficiently uniform, and cheaper than a remainder.
        ((u128::from(self.next()) * u128::from(bound)) >> 64) as u64
    }

    /// True with a probability of 1 in `times`.
    pub(crate) fn one_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    /// One of the choices, each with the same probability.
    pub(crate) fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        let index = self.below(choices.len() as u64) as usize;
        #[allow(
            clippy::indexing_slicing,
            reason = "a rng is below its bound, and no list of choices is empty"
        )]
        &choices[index]
    }

    /// One of the words, each with the same probability.
    pub(crate) fn word(&mut self, words: &[&'static str]) -> &'static str {
        self.pick::<&str>(words)
    }

    /// One of the choices, each with a probability proportional to its weight.
    pub(crate) fn weighted<'a, T>(&mut self, choices: &'a [(T, u64)]) -> &'a T {
        let mut left = self.below(choices.iter().map(|(_, weight)| weight).sum());
        let reached = |(_, weight): &&(T, u64)| {
            let reached = left < *weight;
            left = left.saturating_sub(*weight);
            reached
        };
        match choices.iter().find(reached) {
            Some((choice, _)) => choice,
            // The number is below the sum of the weights, so this is not reached.
            None => &self.pick(choices).0,
        }
    }

    /// This many characters of an alphabet.
    pub(crate) fn characters(&mut self, alphabet: &[u8], len: usize) -> String {
        (0..len).map(|_| char::from(*self.pick(alphabet))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_always_gives_the_same_numbers() {
        let mut rng = Rng::new(1, 2);
        let first: Vec<u64> = (0..3).map(|_| rng.next() % 1_000_000).collect();
        let again: Vec<u64> = {
            let mut rng = Rng::new(1, 2);
            (0..3).map(|_| rng.next() % 1_000_000).collect()
        };
        assert_eq!(first, again);
        assert_ne!(Rng::new(1, 2).next(), Rng::new(1, 3).next());
        assert_ne!(Rng::new(1, 2).next(), Rng::new(2, 2).next());
    }

    #[test]
    fn weights_are_respected() {
        let mut rng = Rng::new(7, 7);
        let choices = [("often", 9), ("seldom", 1), ("never", 0)];
        let drawn: Vec<&str> = (0..10_000).map(|_| *rng.weighted(&choices)).collect();
        let count = |word| drawn.iter().filter(|drawn| **drawn == word).count();
        assert!((8_700..9_300).contains(&count("often")), "{}", count("often"));
        assert_eq!(count("never"), 0);
    }
}
