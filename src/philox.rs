//! Philox4x32-10 (Salmon, Moraes, Dror & Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3"),
//! a counter-based generator: the output is a function of a 64-bit key and a 128-bit counter.

use rand_core::{Infallible, SeedableRng, TryRng, utils};

const MULTIPLIERS: [u64; 2] = [0xD251_1F53, 0xCD9E_8D57];
const WEYL: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];
const ROUNDS: usize = 10;

/// Counters processed side by side: an AVX-512 register of 32-bit words.
pub(crate) const LANES: usize = 16;
/// One word of each of [`LANES`] counters, in the lower half of 64 bits: multiplying two words into
/// 64 bits then needs no shuffles on any instruction set. The upper halves hold anything.
pub(crate) type Lanes = [u64; LANES];
/// The key of each round.
pub(crate) type Keys = [[u32; 2]; ROUNDS];

/// The keys of all rounds.
pub(crate) fn round_keys(key: u64) -> Keys {
    let mut k = [key as u32, (key >> 32) as u32];
    [(); ROUNDS].map(|()| {
        let now = k;
        k = [k[0].wrapping_add(WEYL[0]), k[1].wrapping_add(WEYL[1])];
        now
    })
}

/// The cipher on [`LANES`] counters at once, with the words c0 and c1 of each and the same c2 and c3
/// in all. Inlined so that it is compiled for the instruction set of its caller; plain integer
/// arithmetic, hence the same bits on all of them.
#[inline(always)]
pub(crate) fn philox4x32_lanes(
    c0: [u32; LANES],
    c1: [u32; LANES],
    [c2, c3]: [u32; 2],
    keys: &Keys,
) -> [Lanes; 4] {
    let mut words = [[0; LANES]; 4];
    // The first round, in which half of the work is the same in all lanes.
    let (k, p1) = (keys[0], u64::from(c2) * MULTIPLIERS[1]);
    for lane in 0..LANES {
        let p0 = u64::from(c0[lane]) * MULTIPLIERS[0];
        words[0][lane] = (p1 >> 32) ^ u64::from(c1[lane] ^ k[0]);
        words[1][lane] = p1;
        words[2][lane] = (p0 >> 32) ^ u64::from(c3 ^ k[1]);
        words[3][lane] = p0;
    }
    let [mut c0, mut c1, mut c2, mut c3] = words;
    for k in &keys[1..] {
        for lane in 0..LANES {
            let p0 = (c0[lane] & 0xffff_ffff) * MULTIPLIERS[0];
            let p1 = (c2[lane] & 0xffff_ffff) * MULTIPLIERS[1];
            c0[lane] = (p1 >> 32) ^ c1[lane] ^ u64::from(k[0]);
            c1[lane] = p1;
            c2[lane] = (p0 >> 32) ^ c3[lane] ^ u64::from(k[1]);
            c3[lane] = p0;
        }
    }
    [c0, c1, c2, c3]
}

/// The cipher on one counter.
#[must_use]
pub fn philox4x32(counter: [u32; 4], key: u64) -> [u32; 4] {
    let [mut c0, mut c1, mut c2, mut c3] = counter;
    for k in round_keys(key) {
        let p0 = u64::from(c0) * MULTIPLIERS[0];
        let p1 = u64::from(c2) * MULTIPLIERS[1];
        (c0, c1) = ((p1 >> 32) as u32 ^ c1 ^ k[0], p1 as u32);
        (c2, c3) = ((p0 >> 32) as u32 ^ c3 ^ k[1], p0 as u32);
    }
    [c0, c1, c2, c3]
}

/// The same cipher as a sequential [`rand_core`] generator, for everything that is no hot loop:
/// `rand_distr` distributions, shuffles, test data.
///
/// ```
/// use rand_distr::{Distribution, StandardNormal};
/// let mut rng = ncsn::PhiloxRng::new(7, 0);
/// let z: f64 = StandardNormal.sample(&mut rng);
/// assert!(z.is_finite());
/// ```
#[derive(Debug, Clone)]
pub struct PhiloxRng {
    key: u64,
    counter: u128,
    words: [u32; 4],
    used: usize,
}

impl PhiloxRng {
    /// Stream number `stream` of `seed`: streams of one seed never overlap in 2^66 words.
    #[must_use]
    pub fn new(seed: u64, stream: u64) -> Self {
        Self { key: seed, counter: u128::from(stream) << 64, words: [0; 4], used: 4 }
    }

    fn next_word(&mut self) -> u32 {
        if self.used == 4 {
            let c = self.counter;
            let counter = [c as u32, (c >> 32) as u32, (c >> 64) as u32, (c >> 96) as u32];
            self.words = philox4x32(counter, self.key);
            self.counter = c.wrapping_add(1);
            self.used = 0;
        }
        self.used += 1;
        self.words[self.used - 1]
    }
}

impl TryRng for PhiloxRng {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.next_word())
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        utils::next_u64_via_u32(self)
    }

    fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), Infallible> {
        utils::fill_bytes_via_next_word(dst, || self.try_next_u32())
    }
}

impl SeedableRng for PhiloxRng {
    type Seed = [u8; 16];

    fn from_seed(seed: Self::Seed) -> Self {
        let (key, stream) = seed.split_at(8);
        let word = |bytes: &[u8]| u64::from_le_bytes(bytes.try_into().expect("eight bytes"));
        Self::new(word(key), word(stream))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_core::Rng;

    /// Random123's known answers for philox4x32-10 (kat_vectors of its distribution).
    const KNOWN: [([u32; 4], u64, [u32; 4]); 3] = [
        ([0; 4], 0, [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]),
        ([u32::MAX; 4], u64::MAX, [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]),
        (
            [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
            0x299f_31d0_a409_3822,
            [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1],
        ),
    ];

    #[test]
    fn known_answers() {
        for (counter, key, expected) in KNOWN {
            assert_eq!(philox4x32(counter, key), expected);
            let [c0, c1, c2, c3] = counter;
            let keys = round_keys(key);
            let lanes = philox4x32_lanes([c0; LANES], [c1; LANES], [c2, c3], &keys);
            let low = lanes.map(|words| words.map(|word| word as u32));
            assert_eq!(low, expected.map(|word| [word; LANES]));
        }
    }

    #[test]
    fn agrees_with_the_crate_rand_philox() {
        let mut ours = PhiloxRng::new(0x0123_4567_89ab_cdef, 5);
        let key = [0x89ab_cdef, 0x0123_4567];
        let mut theirs = rand_philox::Philox::new(key, 5_u128 << 64);
        for _ in 0..1000 {
            assert_eq!(ours.next_u32(), theirs.next_u32());
        }
    }
}
