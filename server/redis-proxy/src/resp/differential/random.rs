//! Random numbers for the streams that are compared.

use std::ops::Range;

/// Pseudo-random numbers (SplitMix64), so that a seed reproduces its stream.
#[derive(Debug, Clone)]
pub struct Random {
    state: u64,
    pub(super) names_default: bool,
}

impl Random {
    /// The numbers of this seed.
    pub fn new(seed: u64) -> Self {
        Self {
            state: seed,
            names_default: false,
        }
    }

    /// Adds `default` to the user names. The engine must not admit it: `HELLO` would otherwise look like one without
    /// `AUTH`.
    /// `AUTH`.
    pub fn naming_default(self) -> Self {
        Self {
            names_default: true,
            ..self
        }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number in the range.
    pub fn below(&mut self, range: Range<usize>) -> usize {
        let width = (range.end - range.start) as u64;
        range.start + usize::try_from(self.next() % width).expect("less than a usize")
    }

    /// Returns `true` with a probability of one in `many`.
    pub(super) fn one_in(&mut self, many: usize) -> bool {
        self.below(0..many) == 0
    }

    pub(super) fn of<'a, T: ?Sized>(&mut self, all: &[&'a T]) -> &'a T {
        all[self.below(0..all.len())]
    }
}
