//! The automatic choice: it keeps to the budget, fits the network, and says why.

mod common;

use common::{Gaussian, gaussian, options, test_model};
use ncsn::{
    Facts, Init, InitKind, Inpaint, Model, ModelOptions, SampleParams, SamplerKind, Schedule,
    Settings, ValueRange, schedule,
};

fn network(levels: usize, dimension: usize) -> Model {
    let sigmas = schedule::geometric(10.0, 0.1, levels).unwrap();
    let facts = Facts { sigmas: Some(sigmas), ..Facts::default() };
    gaussian(Gaussian { mu: 0.3, s: 0.5 }, vec![dimension], facts)
}

fn auto(model: &Model, budget: u32) -> SampleParams {
    let (sampler, nfe_budget) = (SamplerKind::Auto, Some(budget));
    SampleParams { sampler, nfe_budget, ..model.params() }
}

fn choice(model: &Model, params: &SampleParams) -> Settings {
    let settings = model.settings(params).unwrap();
    let (taken, budget) = (settings.evaluations.unwrap(), params.nfe_budget.unwrap_or(40));
    assert!(taken <= u64::from(budget), "{taken} of {budget}");
    assert!(!settings.reasons.is_empty() && settings.reasons.iter().all(|why| !why.is_empty()));
    settings
}

#[test]
fn a_network_that_takes_any_sigma_gets_as_many_levels_as_evaluations() {
    for (dimension, levels) in [(1, 10), (784, 232)] {
        let model = network(levels, dimension);
        for (budget, sampler) in [
            (2, SamplerKind::Unipc),
            (9, SamplerKind::Unipc),
            (10, SamplerKind::SdeDpmpp2m),
            (40, SamplerKind::SdeDpmpp2m),
            (1000, SamplerKind::SdeDpmpp2m),
        ] {
            let chosen = choice(&model, &auto(&model, budget));
            assert_eq!((chosen.sampler, chosen.sigmas.len()), (sampler, budget as usize));
            assert_eq!(chosen.evaluations, Some(budget.into()));
            assert_eq!(chosen.sigmas, schedule::karras(10.0, 0.1, budget as usize, 7.0).unwrap());
            assert_eq!((chosen.init, chosen.denoise), (InitKind::Normal, true));
        }
        let one = choice(&model, &auto(&model, 1));
        assert_eq!((one.sigmas, one.evaluations), (vec![10.0], Some(1)));
        assert_eq!(
            choice(&model, &SampleParams { nfe_budget: None, ..auto(&model, 1) }).sigmas.len(),
            40
        );
    }
}

/// Pictures that the first level covers, or does not.
#[test]
fn chains_start_from_the_mean_where_the_network_can_tell_it() {
    let network = |sigma_max: f64, range| {
        let sigmas = schedule::geometric(sigma_max, 0.1, 20).unwrap();
        let facts = Facts { sigmas: Some(sigmas), range: Some(range), ..Facts::default() };
        gaussian(Gaussian { mu: 0.3, s: 0.5 }, vec![1, 8, 8], facts)
    };
    for (sigma_max, range, init) in [
        (2.0, ValueRange::Unit, InitKind::MeanPlusNoise),
        (1.9, ValueRange::Unit, InitKind::Normal),
        (4.0, ValueRange::Centered, InitKind::MeanPlusNoise),
        (3.9, ValueRange::Centered, InitKind::Normal),
        (50.0, ValueRange::Unbounded, InitKind::Normal),
    ] {
        let model = network(sigma_max, range);
        let settings = choice(&model, &auto(&model, 20));
        assert_eq!(settings.init, init, "{sigma_max} {range:?}");
        let says = settings.reasons.iter().any(|why| why.contains("estimate of the data's mean"));
        assert_eq!(says, init == InitKind::MeanPlusNoise);
        let given = SampleParams { init: Init::Uniform, ..auto(&model, 20) };
        assert_eq!(choice(&model, &given).init, InitKind::Uniform);
        let asked = SampleParams { sampler: SamplerKind::Ancestral, ..model.params() };
        assert_eq!(model.settings(&asked).unwrap().init, InitKind::Normal);
    }
}

/// Ten levels that the network knows by number.
fn indexed() -> Model {
    Model::open(test_model("gauss_level.onnx"), &options()).unwrap()
}

#[test]
fn a_network_that_knows_only_its_levels_is_asked_for_no_others() {
    let model = indexed();
    let own = model.contract().sigmas.clone();
    assert_eq!(own.len(), 10);
    for budget in 1..=200 {
        let chosen = choice(&model, &auto(&model, budget));
        assert!(chosen.sigmas.iter().all(|sigma| own.contains(sigma)), "{chosen:?}");
        assert_eq!(chosen.sigmas[0], own[0]);
        let langevin = chosen.sampler == SamplerKind::AnnealedLangevin;
        assert_eq!(langevin, budget > 20, "{budget}: {chosen:?}");
        if langevin {
            // The step size of least excess variance, and no more steps than there are evaluations.
            let (steps, last) = (chosen.steps_per_level, own[9]);
            assert_eq!(steps, (budget - 1) / 10);
            let kappa =
                chosen.step_size.unwrap() * model.params().step_convention.c() / (last * last);
            let gamma = (own[0] / last).powf(1.0 / 9.0);
            let excess = |kappa| schedule::accumulated_ratio(kappa, gamma, steps);
            assert!(excess(kappa) <= excess(kappa * 1.05) && excess(kappa) <= excess(kappa / 1.05));
        }
        model.sample(auto(&model, budget)).unwrap();
    }
}

#[test]
fn guidance_and_resampling_come_out_of_the_budget() {
    let model = network(10, 4);
    let inpaint = Inpaint { known: vec![0.0; 4], mask: vec![0.0; 4], resample: 3 };
    let params = SampleParams { inpaint: Some(inpaint), ..auto(&model, 40) };
    let chosen = choice(&model, &params);
    assert_eq!((chosen.sampler, chosen.sigmas.len()), (SamplerKind::Ancestral, 14));
    let digits = Model::open(common::model("digits-class.onnx"), &options()).unwrap();
    let guided = SampleParams { labels: Some(vec![3]), guidance_scale: 2.0, ..auto(&digits, 41) };
    let chosen = choice(&digits, &guided);
    assert_eq!((chosen.sigmas.len(), chosen.evaluations), (20, Some(40)));
    let error = digits.settings(&SampleParams { nfe_budget: Some(1), ..guided }).unwrap_err();
    assert!(error.message().contains("two evaluations"), "{error}");
}

#[test]
fn what_it_cannot_choose_it_says() {
    let model = network(10, 2);
    for (params, word) in [
        (auto(&model, 0), "nfe_budget"),
        (SampleParams { schedule: Schedule::Given(vec![1.0]), ..auto(&model, 9) }, "schedule"),
        (SampleParams { step_size: Some(0.1), ..auto(&model, 9) }, "step_size"),
        (SampleParams { sampler: SamplerKind::Heun, ..auto(&model, 9) }, "nfe_budget"),
    ] {
        let error = model.settings(&params).unwrap_err();
        assert!(error.code() == -1 && error.message().contains(word), "{word}: {error}");
    }
    let bare = gaussian(Gaussian { mu: 0.0, s: 1.0 }, vec![2], Facts::default());
    let error = bare.settings(&auto(&bare, 9)).unwrap_err();
    assert!(error.message().contains("noise levels"), "{error}");
}

/// `auto` as the model's own sampler, from its metadata.
#[test]
fn a_model_may_leave_the_choice_open() {
    let open = |denoise| {
        let (sampler, denoise) = (Some(SamplerKind::Auto), Some(denoise));
        let overrides = Facts { sampler, denoise, ..Facts::default() };
        let options = ModelOptions { overrides, ..options() };
        Model::open(test_model("gauss_sigma.onnx"), &options).unwrap()
    };
    let chosen = choice(&open(true), &open(true).params());
    assert_eq!((chosen.sampler, chosen.evaluations), (SamplerKind::SdeDpmpp2m, Some(40)));
    assert_eq!((chosen.init, chosen.denoise), (InitKind::MeanPlusNoise, true));
    // The model's word on the end holds for the sampler that is chosen; the caller's goes before it.
    let noisy = open(false);
    assert!(!choice(&noisy, &noisy.params()).denoise);
    assert!(choice(&noisy, &SampleParams { denoise: Some(true), ..noisy.params() }).denoise);
}
