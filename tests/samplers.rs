//! Every sampler against theory on Gaussian targets.

mod common;

use common::{Gaussian, gaussian};
use ncsn::{Facts, Init, SampleParams, SamplerKind, Schedule};

/// x_out / x_in of the probability-flow samplers on N(0, 0.5^2), Karras ladder 80 to 0.002, 18 levels.
#[test]
fn ode_samplers_have_the_published_multipliers() {
    let net = gaussian(
        Gaussian { mu: 0.0, s: 0.5 },
        vec![1],
        Facts { sigmas: Some(vec![80.0, 0.002]), ..Facts::default() },
    );
    for (sampler, expected) in [
        (SamplerKind::Euler, 0.005_287_892_955),
        (SamplerKind::Heun, 0.006_595_307_963),
        (SamplerKind::Dpmpp2m, 0.006_639_250_930),
        (SamplerKind::Unipc, 0.5 / (80.0_f64 * 80.0 + 0.25).sqrt()),
        (SamplerKind::Rk45, 0.5 / (80.0_f64 * 80.0 + 0.25).sqrt()),
    ] {
        let schedule =
            Schedule::Karras { levels: Some(18), sigma_max: None, sigma_min: None, rho: None };
        let params =
            SampleParams { sampler, schedule, init: Init::Given(vec![40.0]), ..net.params() };
        let mut run = ncsn::Run::begin(&net, params, ncsn::Hooks::default()).unwrap();
        run.step(None, None).unwrap();
        let got = run.array(ncsn::Read::Sample).unwrap()[[0, 0]] as f64 / 40.0;
        println!(
            "{sampler:?} {got} {expected} {} nfe {}",
            got / expected - 1.0,
            run.progress().nfe_done
        );
    }
}
