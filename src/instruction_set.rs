//! The same loops compiled for several instruction sets, and the choice among them at run time.
//!
//! What is computed does not depend on the choice: IEEE 754 rounds additions, multiplications,
//! divisions and square roots in one way, Rust contracts none of them to a fused multiply-add, and
//! sums have their order written out.

/// An instruction set that loops over floats are compiled for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InstructionSet {
    /// What every CPU of the target has: SSE2 on x86-64, NEON on AArch64.
    Baseline,
    /// AVX2, of x86-64.
    Avx2,
    /// AVX-512 F, BW, DQ and VL, of x86-64.
    Avx512,
}

impl InstructionSet {
    /// The widest one of this CPU.
    #[must_use]
    pub fn widest() -> Self {
        [Self::Avx512, Self::Avx2]
            .into_iter()
            .find(|set| set.is_available())
            .unwrap_or(Self::Baseline)
    }

    /// Whether this CPU has it.
    #[must_use]
    pub fn is_available(self) -> bool {
        match self {
            Self::Baseline => true,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => is_x86_feature_detected!("avx2"),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => {
                is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vl")
            }
            #[cfg(not(target_arch = "x86_64"))]
            _ => false,
        }
    }

    /// The kernel by this instruction set, or by the baseline where the CPU lacks it.
    pub(crate) fn run<K: Kernel>(self, kernel: K) -> K::Output {
        match self {
            // SAFETY: the CPU has these instructions, as the guard has just checked.
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 if self.is_available() => unsafe { avx512(kernel) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 if self.is_available() => unsafe { avx2(kernel) },
            _ => kernel.compute(),
        }
    }
}

/// A loop over floats and what it works on. A closure would do, but a closure cannot be told to be
/// inlined, and one that is not is compiled for the baseline.
pub(crate) trait Kernel {
    type Output;
    /// To be `#[inline(always)]`, like all that it calls.
    fn compute(self) -> Self::Output;
}

/// The kernel by the widest instruction set of this CPU.
pub(crate) fn widest<K: Kernel>(kernel: K) -> K::Output {
    InstructionSet::widest().run(kernel)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn avx512<K: Kernel>(kernel: K) -> K::Output {
    kernel.compute()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn avx2<K: Kernel>(kernel: K) -> K::Output {
    kernel.compute()
}
