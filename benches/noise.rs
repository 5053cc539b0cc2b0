//! What a standard normal costs, by instruction set and by the size of a sample.
//!
//! `cargo bench --bench noise` prints a table of nanoseconds per normal: one thread, 2^16 floats or the
//! next whole sample, which stay in the second-level cache, and the least of 200 rounds in which all
//! columns take turns, so that a busy machine disturbs none of them.

use std::time::Instant;

use ncsn::InstructionSet;
use ncsn::noise::{Draw, Purpose, fill_normals_with};

const ROUNDS: u32 = 200;
const SETS: [InstructionSet; 3] =
    [InstructionSet::Baseline, InstructionSet::Avx2, InstructionSet::Avx512];

fn main() {
    let sets: Vec<_> = SETS.into_iter().filter(|set| set.is_available()).collect();
    print!("| floats a sample |");
    sets.iter().for_each(|set| print!(" {set:?} |"));
    println!("\n|---|{}", "---|".repeat(sets.len()));
    for elements in [1, 2, 3, 4, 10, 64, 784, 3072] {
        let mut out = vec![0.0; (1_usize << 16).next_multiple_of(elements)];
        let mut least = vec![f64::INFINITY; sets.len()];
        for step in 0..ROUNDS {
            let draw = Draw { purpose: Purpose::Langevin, level: 0, step };
            for (&set, least) in sets.iter().zip(&mut least) {
                let start = Instant::now();
                fill_normals_with(set, 1, draw, 0, elements, &mut out);
                *least = least.min(start.elapsed().as_secs_f64());
                std::hint::black_box(&out);
            }
        }
        print!("| {elements} |");
        least.iter().for_each(|least| print!(" {:.2} |", least / out.len() as f64 * 1e9));
        println!();
    }
}
