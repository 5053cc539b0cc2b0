//! The generator against its definition.

use super::*;

const DRAW: Draw = Draw { purpose: Purpose::Langevin, level: 3, step: 11 };

/// The definition of the module's documentation, element by element, in f64.
fn reference(seed: u64, draw: Draw, sample: u64, elements: usize, e: usize) -> f64 {
    let start = elements / 64 * 64;
    let (block, j) = if e < start {
        (16 * (e / 64) + e % 16, e % 64 / 16)
    } else {
        (start / 4 + (e - start) / 4, (e - start) % 4)
    };
    let words = philox4x32(draw.counter(block as u32, sample), seed);
    let u = (f64::from(words[j / 2 * 2]) + 0.5) / 4_294_967_296.0;
    let angle = std::f64::consts::TAU * f64::from(words[j / 2 * 2 + 1]) / 4_294_967_296.0;
    let radius = (-2.0 * u.ln()).sqrt();
    radius * if j % 2 == 0 { angle.cos() } else { angle.sin() }
}

#[test]
fn follows_its_definition() {
    let samples = 19;
    // High words of the counter in use, and a carry into them in the middle of the batch.
    for first in [(1_u64 << 40) + 5, (1 << 32) - 9] {
        for elements in [1, 2, 3, 5, 63, 64, 65, 130, 784] {
            let mut out = vec![0.0; samples * elements];
            fill_normals(42, DRAW, first, elements, &mut out);
            for (i, value) in out.iter().enumerate() {
                let (sample, e) = (first + (i / elements) as u64, i % elements);
                let expected = reference(42, DRAW, sample, elements, e);
                let error = (f64::from(*value) - expected).abs();
                assert!(error < 2e-6, "{elements} {sample} {e}: {value} {expected}");
            }
        }
    }
}

#[test]
fn signs_are_fair_and_do_not_depend_on_the_batch() {
    let draw = Draw { purpose: Purpose::Direction, level: 2, step: 1 };
    let (samples, elements) = (50, 300);
    let mut all = vec![0.0; samples * elements];
    fill_signs(5, draw, 7, elements, &mut all);
    assert!(all.iter().all(|&sign| sign == 1.0 || sign == -1.0));
    let sum: f32 = all.iter().sum();
    assert!(sum.abs() < 5.0 * (all.len() as f32).sqrt(), "{sum}");
    let mut one = vec![0.0; elements];
    fill_signs(5, draw, 7 + 31, elements, &mut one);
    assert_eq!(one, all[31 * elements..32 * elements]);
    let words = philox4x32(draw.counter(1, 38), 5);
    assert_eq!(one[128 + 40] < 0.0, words[1] >> 8 & 1 == 1);
}

#[test]
fn does_not_depend_on_the_batch() {
    for elements in [2, 64, 100] {
        let mut all = vec![0.0; 40 * elements];
        fill_normals(7, DRAW, 3, elements, &mut all);
        for cut in [1, 3, 16, 33] {
            let mut parts = vec![0.0; all.len()];
            let (a, b) = parts.split_at_mut(cut * elements);
            fill_normals(7, DRAW, 3, elements, a);
            fill_normals(7, DRAW, 3 + cut as u64, elements, b);
            assert_eq!(all, parts);
        }
    }
}

#[test]
fn every_part_of_the_key_matters() {
    let draw = |purpose, level, step, seed, sample| {
        let mut out = [0.0; 4];
        let draw = Draw { purpose, level, step };
        fill_normals(seed, draw, sample, 4, &mut out);
        out
    };
    let base = draw(Purpose::Langevin, 1, 1, 1, 1);
    for other in [
        draw(Purpose::Init, 1, 1, 1, 1),
        draw(Purpose::Langevin, 2, 1, 1, 1),
        draw(Purpose::Langevin, 1, 2, 1, 1),
        draw(Purpose::Langevin, 1, 1, 2, 1),
        draw(Purpose::Langevin, 1, 1, 1, 2),
        draw(Purpose::Langevin, 1, 1, 1 << 32 | 1, 1),
        draw(Purpose::Langevin, 1, 1, 1, 1 << 32 | 1),
        draw(Purpose::Langevin, 1, 1, 1, 1 << 47 | 1),
    ] {
        assert_ne!(base, other);
    }
}

#[test]
fn uniforms_lie_in_the_unit_interval() {
    let mut u = vec![0.0_f32; 1 << 20];
    fill_uniforms(1, DRAW, 0, 1 << 8, &mut u);
    assert!(u.iter().all(|v| (0.0..1.0).contains(v)));
    let n = u.len() as f64;
    let mean = u.iter().map(|&v| f64::from(v)).sum::<f64>() / n;
    assert!((mean - 0.5).abs() < 5.0 * (1.0 / 12.0 / n).sqrt());
}

/// An update as the samplers make it, in one pass over x.
struct Walk {
    x: Vec<f32>,
    next: usize,
}

impl Sink for Walk {
    #[inline(always)]
    fn take(&mut self, at: usize, z: &[f32]) {
        assert_eq!(at, self.next, "in the order of memory");
        self.next += z.len();
        for (x, z) in self.x[at..self.next].iter_mut().zip(z) {
            *x = *x + 0.3 * *x + 0.7 * z;
        }
    }
}

/// All sets, all shapes of the code: whole groups, a rest of one, two and more blocks, more than a
/// piece, more samples than are made at once, a carry into the upper bits of the sample's number.
#[test]
fn same_bits_on_every_instruction_set() {
    let first = (1 << 32) - 30;
    for elements in (1..=130).chain([784, 1024, 1025, 1088, 3072]) {
        let samples = if elements > 130 { 5 } else { 300 };
        let plain = |sample: u64, out: &mut [f32]| {
            fill_normals_with(InstructionSet::Baseline, 9, DRAW, sample, elements, out);
        };
        let mut expected = vec![0.0; samples * elements];
        for (sample, out) in (first..).zip(expected.chunks_exact_mut(elements)) {
            plain(sample, out);
        }
        let mut moved: Vec<f32> = (0..expected.len()).map(|i| i as f32 * 1e-3).collect();
        for (x, z) in moved.iter_mut().zip(&expected) {
            *x = *x + 0.3 * *x + 0.7 * z;
        }
        for set in [InstructionSet::Baseline, InstructionSet::Avx2, InstructionSet::Avx512] {
            let mut all = vec![f32::NAN; expected.len()];
            fill_normals_with(set, 9, DRAW, first, elements, &mut all);
            assert_eq!(all, expected, "{set:?}, {elements}");
            let x = (0..expected.len()).map(|i| i as f32 * 1e-3).collect();
            let which = Samples { seed: 9, draw: DRAW, first_sample: first, samples, elements };
            let mut walk = Walk { x, next: 0 };
            for_each_normal(set, which, &mut walk);
            assert_eq!(walk.next, expected.len());
            assert_eq!(walk.x, moved, "{set:?}, {elements}");
        }
    }
}

/// Elements and a hash of the bits of 40 samples.
const BITS: [(usize, u64); 11] = [
    (1, 0xdbcc_5ec0_b2b5_0800),
    (2, 0xdb41_49f1_795a_83b0),
    (3, 0x7af5_9a65_8cb8_281a),
    (4, 0xab65_596e_4bba_e3f8),
    (5, 0x8872_c2d6_46eb_cf6a),
    (63, 0x933f_0a12_2006_f3e4),
    (64, 0xbc5c_814b_917b_0243),
    (65, 0x5d09_d930_a051_4540),
    (130, 0xd20d_3c12_254b_1dab),
    (784, 0x2bbb_2db1_ab95_b89a),
    (3072, 0x98ce_7468_8cef_01e7),
];

/// The bits are a promise: these were drawn before there was code for several instruction sets.
#[test]
fn the_bits_do_not_change() {
    for (elements, expected) in BITS {
        let mut z = vec![0.0; 40 * elements];
        fill_normals(0x0123_4567_89ab_cdef, DRAW, (1 << 40) + 5, elements, &mut z);
        let hash = z.iter().fold(0_u64, |hash, z| {
            hash.rotate_left(5).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ u64::from(z.to_bits())
        });
        assert_eq!(hash, expected, "{elements}: {hash:#x}");
    }
}
