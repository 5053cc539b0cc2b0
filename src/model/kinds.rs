//! The vocabulary of a model file: each kind with its name in the metadata and its number in the C
//! header.

/// What all kinds have in common.
pub(crate) trait Kind: Copy + 'static {
    /// All members, in the order of their numbers.
    const MEMBERS: &'static [Self];

    /// The name in a model file's metadata.
    fn text(self) -> &'static str;
}

/// An enumeration whose members have a metadata name and a C constant.
macro_rules! kinds {
    ($(#[$doc:meta])* $name:ident { $($(#[$item_doc:meta])* $item:ident = $code:literal, $text:literal;)* }) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        $(#[$doc])*
        #[repr(i32)]
        pub enum $name {
            $($(#[$item_doc])* $item = $code,)*
        }

        impl $crate::model::Kind for $name {
            const MEMBERS: &'static [Self] = Self::ALL;

            fn text(self) -> &'static str {
                self.name()
            }
        }

        impl $name {
            /// All members, in the order of their numbers.
            pub const ALL: &[Self] = &[$(Self::$item),*];

            /// The name in a model file's metadata.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$item => $text,)* }
            }

            /// The number in the C header.
            #[must_use]
            pub fn code(self) -> i32 {
                self as i32
            }

            /// The member with this metadata name.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|kind| kind.name() == name)
            }

            /// The member with this number in the C header.
            #[must_use]
            pub fn from_code(code: i32) -> Option<Self> {
                Self::ALL.iter().copied().find(|kind| kind.code() == code)
            }
        }
    };
}

pub(crate) use kinds;

kinds! {
    /// What the network's second input holds, as a function of the noise level.
    Conditioning {
        /// No second input.
        None = 1, "none";
        /// sigma.
        Sigma = 2, "sigma";
        /// ln(sigma).
        LogSigma = 3, "log_sigma";
        /// scale ln(sigma) + shift.
        AffineLog = 4, "affine_log";
        /// Index of the level, 0 = largest sigma.
        LevelDesc = 5, "level_desc";
        /// Index of the level, 0 = smallest sigma.
        LevelAsc = 6, "level_asc";
        /// t in [0, 1], sigma(t) = sigma_min (sigma_max/sigma_min)^t.
        Time01 = 7, "time01";
        /// The same t times a scale.
        TimeScaled = 8, "time_scaled";
        /// A value from a table over the levels.
        Table = 9, "table";
    }
}

kinds! {
    /// What the network's output means.
    Output {
        /// s = grad log q_sigma(x).
        Score = 1, "score";
        /// sigma s.
        ScaledScore = 2, "scaled_score";
        /// epsilon = -sigma s.
        Noise = 3, "noise";
        /// D = x + sigma^2 s.
        Denoised = 4, "denoised";
        /// F of EDM's preconditioning: D = c_skip x + c_out F(c_in x) (Karras et al. 2022, eq. 7).
        EdmRaw = 5, "edm_raw";
        /// v: D = c_skip x - c_out v(c_in x), with EDM's coefficients (sigma_data = 1: Salimans & Ho
        /// 2022 in variance-exploding variables).
        V = 6, "v";
    }
}

kinds! {
    /// What x is multiplied with before the network sees it.
    InputScaling {
        /// 1.
        None = 1, "none";
        /// 1/sqrt(sigma^2 + 1): networks trained on variance-preserving states.
        Unit = 2, "unit";
        /// 1/sqrt(sigma^2 + sigma_data^2): EDM's preconditioning.
        SigmaData = 3, "sigma_data";
    }
}

kinds! {
    /// The range of the data.
    ValueRange {
        /// [0, 1].
        Unit = 1, "unit";
        /// [-1, 1].
        Centered = 2, "centered";
        /// Logits of [0, 1].
        Logit = 3, "logit";
        /// Not pixels.
        Unbounded = 4, "unbounded";
    }
}

kinds! {
    /// What to do with a sigma that an index-conditioned network was not trained for.
    OffLadder {
        /// Refuse it.
        Error = 1, "error";
        /// Take the nearest level, in ln(sigma).
        Nearest = 2, "nearest";
    }
}

kinds! {
    /// Where something that is known about a model came from.
    Source {
        /// This library's default: nothing else said it.
        Default = 1, "default";
        /// The graph: its tensors' names, types, shapes and tables.
        Graph = 2, "graph";
        /// The file's `ncsn.*` metadata.
        Metadata = 3, "metadata";
        /// The caller's options.
        Option = 4, "option";
    }
}

kinds! {
    /// The sampling algorithm.
    SamplerKind {
        /// Plain Langevin dynamics.
        Langevin = 1, "langevin";
        /// Annealed Langevin dynamics.
        AnnealedLangevin = 2, "annealed_langevin";
        /// Consistent annealed sampling.
        ConsistentAnnealed = 3, "consistent_annealed";
        /// Reverse diffusion.
        ReverseDiffusion = 4, "reverse_diffusion";
        /// Ancestral sampling.
        Ancestral = 5, "ancestral";
        /// Euler-Maruyama.
        EulerMaruyama = 6, "euler_maruyama";
        /// Predictor-corrector.
        PredictorCorrector = 7, "predictor_corrector";
        /// Euler on the probability-flow ODE.
        Euler = 8, "euler";
        /// Heun on the probability-flow ODE.
        Heun = 9, "heun";
        /// DPM-Solver++(2M).
        Dpmpp2m = 10, "dpmpp_2m";
        /// UniPC-2.
        Unipc = 11, "unipc";
        /// Runge-Kutta 4(5) with error control.
        Rk45 = 12, "rk45";
        /// The probability-flow predictor.
        ProbabilityFlow = 13, "probability_flow";
        /// Chosen for the model and a budget of evaluations.
        Auto = 14, "auto";
        /// DPM-Solver++(2M) for the reverse-time SDE.
        SdeDpmpp2m = 15, "sde_dpmpp_2m";
    }
}

impl SamplerKind {
    /// Whether it is Langevin dynamics, which stays at a noise level for as many steps as it is told.
    /// The others move from level to level.
    #[must_use]
    pub fn stays(self) -> bool {
        matches!(self, Self::Langevin | Self::AnnealedLangevin)
    }

    /// Whether it has a number of steps per level and a step size.
    #[must_use]
    pub fn has_steps(self) -> bool {
        self.stays() || self == Self::ConsistentAnnealed
    }

    /// Whether it takes churn (Karras et al. 2022, algorithm 2).
    #[must_use]
    pub fn churns(self) -> bool {
        matches!(self, Self::Euler | Self::Heun)
    }

    /// Whether it can be the predictor of predictor-corrector sampling.
    #[must_use]
    pub fn predicts(self) -> bool {
        matches!(
            self,
            Self::ReverseDiffusion | Self::Ancestral | Self::EulerMaruyama | Self::ProbabilityFlow
        )
    }
}

kinds! {
    /// What the corrector's step size takes for the norm of the noise.
    NoiseNorm {
        /// ||z||, of each sample's own draw (Song et al. 2021, algorithm 4).
        Drawn = 1, "drawn";
        /// sqrt(D), its expectation in high dimensions.
        Expected = 2, "expected";
    }
}

kinds! {
    /// Where chains start.
    InitKind {
        /// Uniform on [0, 1]^D.
        Uniform = 1, "uniform";
        /// N(0, sigma^2 I), sigma of the first level.
        Normal = 2, "normal";
        /// As given.
        Given = 3, "given";
        /// As given, plus N(0, sigma^2 I).
        GivenPlusNoise = 4, "given_plus_noise";
        /// The network's estimate of the data's mean, plus N(0, sigma^2 I).
        MeanPlusNoise = 5, "mean_plus_noise";
    }
}

kinds! {
    /// Which spelling of the Langevin update a step size belongs to. One update,
    /// x <- x + c a s + sqrt(2 c a) z, with two values of c in the literature.
    StepConvention {
        /// c = 1/2: x + (a/2) s + sqrt(a) z, as printed in Song & Ermon 2019, algorithm 1.
        Half = 1, "half";
        /// c = 1: x + a s + sqrt(2a) z, all official code and Song & Ermon 2020 (NCSNv2).
        Full = 2, "full";
    }
}

impl StepConvention {
    /// The factor c.
    #[must_use]
    pub fn c(self) -> f64 {
        match self {
            Self::Half => 0.5,
            Self::Full => 1.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_codes_round_trip() {
        for &kind in SamplerKind::ALL {
            assert_eq!(SamplerKind::from_name(kind.name()), Some(kind));
            assert_eq!(SamplerKind::from_code(kind.code()), Some(kind));
        }
        assert_eq!(Conditioning::from_name("sigmas"), None);
        assert_eq!(Conditioning::from_code(0), None);
    }
}
