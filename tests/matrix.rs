//! Every way to tell a network its noise level, times every meaning of its output: one analytic
//! target in all spellings, built as ONNX graphs, gives one trajectory.

mod common;

use common::onnx::{BFLOAT16, DOUBLE, FLOAT, FLOAT16, Graph, INT32, INT64};
use common::options;
use half::f16;
use ncsn::{
    Conditioning, Facts, Init, InputScaling, Model, ModelOptions, Network, Output, Query,
    SampleParams, StepConvention,
};

const MU: f64 = 0.7;
const S: f64 = 0.5;
const SIGMA_DATA: f64 = 0.6;
/// Geometric, so that time_scaled with scale 3 is 3, 2, 1, 0: whole numbers, for integer inputs.
const LADDER: [f64; 4] = [2.0, 1.0, 0.5, 0.25];
/// Codes of the levels for `table`: whole, in no order.
const TABLE: [f64; 4] = [5.0, 0.0, 3.0, 7.0];
const AFFINE: (f64, f64) = (0.25, 1.5);
const TIME_SCALE: f64 = 3.0;
const COUNT: u32 = 5;

/// How one network of the matrix is spelt.
#[derive(Debug, Clone, Copy)]
struct Spelling<'a> {
    conditioning: Conditioning,
    dtype: i32,
    dims: &'a [i64],
    output: Output,
    scaling: InputScaling,
    shape: &'a [i64],
    x_dtype: i32,
    output_dtype: i32,
}

impl Spelling<'_> {
    fn facts(&self) -> Facts {
        let scale = match self.conditioning {
            Conditioning::AffineLog => Some(AFFINE.0),
            Conditioning::TimeScaled => Some(TIME_SCALE),
            _ => None,
        };
        Facts {
            conditioning: Some(self.conditioning),
            conditioning_scale: scale,
            conditioning_shift: (self.conditioning == Conditioning::AffineLog).then_some(AFFINE.1),
            table: (self.conditioning == Conditioning::Table).then(|| TABLE.to_vec()),
            output: Some(self.output),
            input_scaling: Some(self.scaling),
            sigma_data: Some(SIGMA_DATA).filter(|_| self.uses_sigma_data()),
            sigmas: Some(LADDER.to_vec()),
            ..Facts::default()
        }
    }

    fn uses_sigma_data(&self) -> bool {
        self.scaling == InputScaling::SigmaData || matches!(self.output, Output::EdmRaw | Output::V)
    }

    /// The network as a file without metadata.
    fn bytes(&self) -> Vec<u8> {
        let mut g = Graph::default();
        let batched: Vec<i64> = [-1].iter().chain(self.shape).copied().collect();
        let fed = g.input("x", self.x_dtype, &batched);
        let c = g.input("c", self.dtype, self.dims);
        let per_sample: Vec<i64> =
            batched.iter().map(|&dim| if dim < 0 { -1 } else { 1 }).collect();
        let c = g.reshape(&c, &per_sample);
        let sigma = self.sigma(&mut g, &c);
        let fed = g.cast(&fed, DOUBLE);
        let variance = g.op("Mul", &[&sigma, &sigma]);
        let with = |g: &mut Graph, sd: f64| {
            let sd2 = g.number(sd * sd);
            g.op("Add", &[&variance, &sd2])
        };
        let x = match self.scaling {
            InputScaling::None => fed,
            InputScaling::Unit | InputScaling::SigmaData => {
                let sd = if self.scaling == InputScaling::Unit { 1.0 } else { SIGMA_DATA };
                let total = with(&mut g, sd);
                let norm = g.op("Sqrt", &[&total]);
                g.op("Mul", &[&fed, &norm])
            }
        };
        let mu = g.number(MU);
        let away = g.op("Sub", &[&mu, &x]);
        let total = with(&mut g, S);
        let score = g.op("Div", &[&away, &total]);
        let out = self.spell(&mut g, &x, &sigma, &variance, &score);
        g.output(&out, "o", self.output_dtype, &batched);
        g.model(&[])
    }

    /// sigma in f64 from the conditioning value.
    fn sigma(&self, g: &mut Graph, c: &str) -> String {
        let lookup = |g: &mut Graph, values: &[f64]| {
            let values = g.doubles(values);
            let index = g.cast(c, INT64);
            g.op("Gather", &[&values, &index])
        };
        let exp_of = |g: &mut Graph, scale: f64, shift: f64| {
            let value = g.cast(c, DOUBLE);
            let (scale, shift) = (g.number(scale), g.number(shift));
            let scaled = g.op("Mul", &[&value, &scale]);
            let log = g.op("Add", &[&scaled, &shift]);
            g.op("Exp", &[&log])
        };
        let (low, span) = (LADDER[3].ln(), (LADDER[0] / LADDER[3]).ln());
        match self.conditioning {
            Conditioning::None | Conditioning::Sigma => g.cast(c, DOUBLE),
            Conditioning::LogSigma => exp_of(g, 1.0, 0.0),
            Conditioning::AffineLog => exp_of(g, 1.0 / AFFINE.0, -AFFINE.1 / AFFINE.0),
            Conditioning::LevelDesc => lookup(g, &LADDER),
            Conditioning::LevelAsc => {
                let ascending: Vec<f64> = LADDER.iter().rev().copied().collect();
                lookup(g, &ascending)
            }
            Conditioning::Time01 => exp_of(g, span, low),
            Conditioning::TimeScaled => exp_of(g, span / TIME_SCALE, low),
            Conditioning::Table => {
                let mut by_code = [1.0; 8];
                for (code, sigma) in TABLE.iter().zip(LADDER) {
                    by_code[*code as usize] = sigma;
                }
                lookup(g, &by_code)
            }
        }
    }

    fn spell(&self, g: &mut Graph, x: &str, sigma: &str, variance: &str, score: &str) -> String {
        let scaled = g.op("Mul", &[sigma, score]);
        let step = g.op("Mul", &[variance, score]);
        let denoised = g.op("Add", &[x, &step]);
        match self.output {
            Output::Score => score.to_owned(),
            Output::ScaledScore => scaled,
            Output::Noise => g.op("Neg", &[&scaled]),
            Output::Denoised => denoised,
            Output::EdmRaw | Output::V => {
                let sd2 = g.number(SIGMA_DATA * SIGMA_DATA);
                let total = g.op("Add", &[variance, &sd2]);
                let skip = g.op("Div", &[&sd2, &total]);
                let skipped = g.op("Mul", &[&skip, x]);
                let rest = g.op("Sub", &[&denoised, &skipped]);
                let norm = g.op("Sqrt", &[&total]);
                let sd = g.number(if self.output == Output::V { -SIGMA_DATA } else { SIGMA_DATA });
                let scaled_sigma = g.op("Mul", &[sigma, &sd]);
                let out = g.op("Div", &[&scaled_sigma, &norm]);
                g.op("Div", &[&rest, &out])
            }
        }
    }

    /// The sigma that the network understands: the conditioning value, rounded to float16 where its
    /// input has that type, and read back.
    fn understood(&self, sigma: f64) -> f64 {
        let (low, span) = (LADDER[3].ln(), (LADDER[0] / LADDER[3]).ln());
        let through = |value: f64| match self.dtype {
            FLOAT16 => f16::from_f64(value).to_f64(),
            _ => value,
        };
        match self.conditioning {
            Conditioning::Sigma => through(sigma),
            Conditioning::LogSigma => through(sigma.ln()).exp(),
            Conditioning::AffineLog => {
                ((through(AFFINE.0 * sigma.ln() + AFFINE.1) - AFFINE.1) / AFFINE.0).exp()
            }
            Conditioning::Time01 => (low + span * through((sigma.ln() - low) / span)).exp(),
            _ => sigma,
        }
    }

    fn model(&self) -> Model {
        let options = ModelOptions { overrides: self.facts(), ..options() };
        Model::from_bytes(&self.bytes(), &options).unwrap_or_else(|error| {
            panic!("{self:?}: {error}");
        })
    }
}

/// What the network of a spelling computes, as a function of f64: the network is told of sigma what
/// its input's type leaves of it, and its output is read at the sigma that was meant.
struct Reference(Spelling<'static>);

impl Reference {
    fn score(&self, x: f64, sigma: f64) -> f64 {
        let spelling = &self.0;
        let told = spelling.understood(sigma);
        let c_in = |sigma: f64| match spelling.scaling {
            InputScaling::None => 1.0,
            InputScaling::Unit => 1.0 / sigma.hypot(1.0),
            InputScaling::SigmaData => 1.0 / sigma.hypot(SIGMA_DATA),
        };
        let seen = x * c_in(sigma) / c_in(told);
        let score = (MU - seen) / (S * S + told * told);
        let sd2 = SIGMA_DATA * SIGMA_DATA;
        let skip = |sigma: f64| sd2 / (sigma * sigma + sd2);
        let out = |sigma: f64| sigma * SIGMA_DATA / sigma.hypot(SIGMA_DATA);
        let denoised = seen + told * told * score;
        // F of the network, and D as the library must read it.
        let f = (denoised - skip(told) * seen) / out(told);
        let read = match spelling.output {
            Output::Score => return score,
            Output::ScaledScore | Output::Noise => return told * score / sigma,
            Output::Denoised => denoised,
            Output::EdmRaw | Output::V => skip(sigma) * x + out(sigma) * f,
        };
        (read - x) / (sigma * sigma)
    }
}

impl Network for Reference {
    fn evaluate(&self, query: Query<'_>, score: &mut [f32]) -> ncsn::Result<()> {
        for (score, x) in score.iter_mut().zip(query.x) {
            *score = self.score(f64::from(*x), query.conditioning) as f32;
        }
        Ok(())
    }
}

fn params(model: &Model) -> SampleParams {
    SampleParams {
        sample_count: COUNT,
        batch_size: Some(3),
        seed: 11,
        steps_per_level: Some(3),
        step_convention: StepConvention::Full,
        step_size: Some(0.02),
        init: Init::Normal,
        denoise: Some(true),
        ..model.params()
    }
}

fn trajectory(model: &Model) -> Vec<f32> {
    let samples = model.sample(params(model)).unwrap();
    samples.iter().copied().collect()
}

/// The trajectory of the network of a spelling, whatever its shapes.
fn reference(spelling: Spelling<'_>) -> Vec<f32> {
    let facts = Facts { sigmas: Some(LADDER.to_vec()), ..Facts::default() };
    let network = Reference(Spelling { dims: &[], shape: &[], ..spelling });
    trajectory(&Model::from_network(Box::new(network), facts, vec![6]).unwrap())
}

/// Largest difference, relative to the RMS of what is expected.
fn difference(found: &[f32], expected: &[f32]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let rms = (expected.iter().map(|e| f64::from(*e).powi(2)).sum::<f64>() / expected.len() as f64)
        .sqrt();
    let largest = found.iter().zip(expected).map(|(f, e)| f64::from((f - e).abs()));
    largest.fold(0.0, f64::max) / rms
}

/// The dtypes that can carry a conditioning: whole numbers only where all values are whole.
fn dtypes(kind: Conditioning) -> &'static [i32] {
    match kind {
        Conditioning::LevelDesc
        | Conditioning::LevelAsc
        | Conditioning::TimeScaled
        | Conditioning::Table => &[INT64, INT32, FLOAT, FLOAT16, DOUBLE],
        _ => &[FLOAT, FLOAT16, DOUBLE],
    }
}

const SHAPES: [&[i64]; 3] = [&[6], &[1, 2, 3], &[1, 2, 3, 1]];
const CONDITIONING_DIMS: [&[i64]; 5] = [&[], &[1], &[-1], &[-1, 1], &[-1, 1, 1, 1]];
const SCALINGS: &[InputScaling] = InputScaling::ALL;

/// Conditioning x dtype x shape of it x output, with the input scalings and sample ranks in turn.
///
/// float16 conditioning rounds what the network is told by up to 2^-11 of the *value fed*: of sigma
/// itself under `sigma`, but of ln(sigma) under `log_sigma`, which is up to 2^-11 |ln sigma| of
/// sigma, and more under `affine_log`. The network then answers for the sigma it understood; the
/// reference does the same in f64, and the bound stays 1e-4.
#[test]
fn one_target_in_all_spellings() {
    let exact = reference(plain(Output::Score));
    let mut turn = 0;
    let mut worst = 0.0_f64;
    for &conditioning in &Conditioning::ALL[1..] {
        for &dtype in dtypes(conditioning) {
            for dims in CONDITIONING_DIMS {
                for &output in Output::ALL {
                    turn += 1;
                    let spelling = Spelling {
                        conditioning,
                        dtype,
                        dims,
                        output,
                        scaling: SCALINGS[turn % SCALINGS.len()],
                        shape: SHAPES[turn / 7 % SHAPES.len()],
                        x_dtype: FLOAT,
                        output_dtype: FLOAT,
                    };
                    let found = trajectory(&spelling.model());
                    let rounded = dtype == FLOAT16;
                    let expected = if rounded { reference(spelling) } else { exact.clone() };
                    let off = difference(&found, &expected);
                    assert!(off < 1e-4, "{spelling:?}: {off:e}");
                    worst = worst.max(off);
                }
            }
        }
    }
    println!("{turn} spellings, largest relative difference {worst:.1e}");
}

fn plain(output: Output) -> Spelling<'static> {
    Spelling {
        conditioning: Conditioning::Sigma,
        dtype: FLOAT,
        dims: &[-1],
        output,
        scaling: InputScaling::None,
        shape: &[6],
        x_dtype: FLOAT,
        output_dtype: FLOAT,
    }
}

/// x and the output in other float types. A float64 network loses nothing. In half precision each
/// evaluation rounds x and the output by up to u = 2^-11 (float16) or 2^-8 (bfloat16) of their size;
/// with a_k the step size at step k the chains, which contract, end up no further apart than
/// sum_k a_k u (|s_k| + |x_k| / (s^2 + sigma_k^2)), for outputs proportional to the score. (For
/// `denoised` divide by sigma^2: half precision is no way to export that.)
#[test]
fn other_float_types() {
    let exact = reference(plain(Output::Score));
    let largest = exact.iter().fold(0.0_f64, |m, x| m.max(f64::from(x.abs())));
    // |x| and the score never exceed those of the first step by much: x0 ~ N(0, 4).
    let x_max = 4.0 * LADDER[0] + largest;
    let drift: f64 = LADDER
        .iter()
        .map(|sigma| {
            let a = 0.02 * (sigma / LADDER[3]).powi(2);
            3.0 * a * 2.0 * (x_max + MU) / (S * S + sigma * sigma)
        })
        .sum();
    for (x_dtype, output_dtype, u) in [
        (DOUBLE, DOUBLE, 0.0),
        (FLOAT, DOUBLE, 0.0),
        (FLOAT16, FLOAT16, 2.0_f64.powi(-11)),
        (FLOAT, FLOAT16, 2.0_f64.powi(-11)),
        (FLOAT, BFLOAT16, 2.0_f64.powi(-8)),
        (BFLOAT16, FLOAT, 2.0_f64.powi(-8)),
    ] {
        for output in [Output::Score, Output::ScaledScore, Output::Noise] {
            let spelling = Spelling { x_dtype, output_dtype, ..plain(output) };
            let found = trajectory(&spelling.model());
            let rms = (exact.iter().map(|e| f64::from(*e).powi(2)).sum::<f64>() / 30.0).sqrt();
            let bound = 1e-4 + u * (drift + x_max) / rms;
            let off = difference(&found, &exact);
            assert!(off < bound, "{spelling:?}: {off:e}, bound {bound:e}");
            // The bound is not idle: half precision is visible.
            assert_eq!(off > 1e-5, u > 0.0, "{spelling:?}: {off:e}");
        }
    }
}

/// Networks that take x only: their f(x) is read as each output kind, at whatever level.
#[test]
fn networks_without_a_noise_level() {
    struct OfX(Output);
    impl Network for OfX {
        fn evaluate(&self, query: Query<'_>, score: &mut [f32]) -> ncsn::Result<()> {
            let sigma = query.conditioning;
            for (score, &x) in score.iter_mut().zip(query.x) {
                let f = f64::from(0.3 - x * 0.5);
                *score = match self.0 {
                    Output::ScaledScore => f / sigma,
                    Output::Noise => -f / sigma,
                    Output::Denoised => (f - f64::from(x)) / (sigma * sigma),
                    _ => f,
                } as f32;
            }
            Ok(())
        }
    }
    for output in [Output::Score, Output::ScaledScore, Output::Noise, Output::Denoised] {
        let mut g = Graph::default();
        let x = g.input("x", FLOAT, &[-1, 6]);
        let x = g.cast(&x, DOUBLE);
        let (slope, shift) = (g.number(-0.5), g.number(0.3));
        let sloped = g.op("Mul", &[&x, &slope]);
        let f = g.op("Add", &[&sloped, &shift]);
        g.output(&f, "f", FLOAT, &[-1, 6]);
        let facts =
            Facts { output: Some(output), sigmas: Some(LADDER.to_vec()), ..Facts::default() };
        let own = Model::from_network(
            Box::new(OfX(output)),
            Facts { output: None, ..facts.clone() },
            vec![6],
        );
        let options = ModelOptions { overrides: facts, ..options() };
        let model = Model::from_bytes(&g.model(&[]), &options).unwrap();
        assert_eq!(model.contract().conditioning, Conditioning::None);
        let small = |model: &Model| {
            let params = SampleParams { step_size: Some(1e-3), ..params(model) };
            model.sample(params).unwrap().iter().copied().collect::<Vec<f32>>()
        };
        let off = difference(&small(&model), &small(&own.unwrap()));
        assert!(off < 1e-4, "{output:?}: {off:e}");
    }
}
