//! Is the network what its contract says, how well is it learnt, and what ladder suits the data?

use std::ffi::CString;
use std::ptr;

use super::guard::{guard, guard_value};
use super::handle::{pointer, with_model};
use super::types::*;
use super::{convert, memory};
use crate::error::{Result, bail, copied};
use crate::recommend::RecommendedStep;
use crate::{
    EvaluateParams, Model, Objective, RecommendParams, Severity, ValidateParams, Validation,
};

/// Fills `params` with the defaults: DSM at all levels, no data. `struct_size` is
/// sizeof(ncsn_evaluate_params).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ncsn_evaluate_params_init(
    params: *mut ncsn_evaluate_params,
    struct_size: u32,
) -> ncsn_status {
    guard(|| {
        // SAFETY: the header demands a struct of that size, or NULL.
        unsafe { memory::initialise(params, "params", struct_size, &default_evaluate())? };
        Ok(NCSN_OK)
    })
}

/// A score-matching objective at each noise level, on the caller's data. The network is a black box:
/// derivatives are central differences.
///
/// `levels` is the caller's array of `level_capacity` entries, of which the first
/// `evaluation->level_count` are written: `params->sigma_count` of them, or as many as the model has
/// levels, but `params->max_levels` at most. NCSN_ERR_BUFFER, before anything is evaluated, when they do
/// not fit; NULL and 0 for the totals alone. Set `evaluation->struct_size`. Evaluates in batches, and
/// returns when all is done.
///
/// Other errors: NCSN_ERR_ARGUMENT (data, labels or parameters that do not fit), NCSN_ERR_SHAPE
/// (`target` has other samples), NCSN_ERR_NON_FINITE (in data or scores), NCSN_ERR_STRUCT_SIZE,
/// NCSN_ERR_OUT_OF_MEMORY, NCSN_ERR_CALLBACK, NCSN_ERR_MODEL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ncsn_evaluate(
    model: *const ncsn_model,
    params: *const ncsn_evaluate_params,
    levels: *mut ncsn_level_loss,
    level_capacity: usize,
    evaluation: *mut ncsn_evaluation,
) -> ncsn_status {
    guard(|| {
        // SAFETY: the header demands valid pointers or NULL.
        unsafe {
            with_model(model, |handle| {
                let c = memory::read(params, "params", default_evaluate())?;
                memory::check_output(evaluation, "evaluation", std::mem::zeroed())?;
                let data = samples(c.data, c.data_count)?.ok_or_else(|| memory::null("data"))?;
                let params = evaluate_params(&c)?;
                let needed = match &params.sigmas {
                    Some(sigmas) => sigmas.len(),
                    None => level_count(&handle.model, params.max_levels),
                };
                let slots = memory::slots(levels, level_capacity, needed, "levels")?;
                let found = handle.model.evaluate(data, &params)?;
                for (slot, level) in slots.into_iter().flatten().zip(&found.levels) {
                    *slot = ncsn_level_loss {
                        sigma: level.sigma,
                        loss: level.loss,
                        standard_error: level.standard_error,
                        weighted: level.weighted,
                        difference_error: level.difference_error.unwrap_or(-1.0),
                        count: level.count as u64,
                    };
                }
                let result = ncsn_evaluation {
                    struct_size: size_of::<ncsn_evaluation>() as u32,
                    exact_trace: found.exact_trace.into(),
                    total: found.total,
                    total_error: found.total_error,
                    level_count: found.levels.len(),
                    evaluations: found.evaluations,
                };
                memory::write(evaluation, "evaluation", &result)?;
                Ok(NCSN_OK)
            })
        }
    })
}

fn level_count(model: &Model, most: usize) -> usize {
    let own = model.contract().sigmas.len();
    if most == 0 { own } else { own.min(most) }
}

fn default_evaluate() -> ncsn_evaluate_params {
    let defaults = EvaluateParams::default();
    ncsn_evaluate_params {
        struct_size: size_of::<ncsn_evaluate_params>() as u32,
        objective: defaults.objective.code(),
        seed: defaults.seed,
        data: ptr::null(),
        data_count: 0,
        labels: ptr::null(),
        label_count: 0,
        sigmas: ptr::null(),
        sigma_count: 0,
        max_levels: defaults.max_levels as u32,
        directions: defaults.directions,
        difference: defaults.difference,
        target: ptr::null(),
        batch_size: 0,
        reserved: 0,
    }
}

/// # Safety
/// Valid pointers with as many values as said.
unsafe fn evaluate_params(c: &ncsn_evaluate_params) -> Result<EvaluateParams> {
    refuse_reserved(c.reserved)?;
    // SAFETY: as the caller says.
    let (labels, sigmas, target) = unsafe {
        (
            labels(c.labels, c.label_count)?,
            memory::slice(c.sigmas, c.sigma_count, "sigmas", "sigma_count")?,
            if c.target.is_null() {
                None
            } else {
                Some(with_model(c.target, |handle| Ok(handle.model.clone()))?)
            },
        )
    };
    let defaults = EvaluateParams::default();
    Ok(EvaluateParams {
        objective: convert::kind(c.objective, Objective::from_code, "objective")?
            .unwrap_or(defaults.objective),
        seed: c.seed,
        sigmas: sigmas.map(|sigmas| copied(sigmas, "the levels")).transpose()?,
        max_levels: c.max_levels as usize,
        labels,
        directions: if c.directions == 0 { defaults.directions } else { c.directions },
        difference: if c.difference == 0.0 { defaults.difference } else { c.difference },
        target,
        batch_size: (c.batch_size > 0).then_some(c.batch_size),
    })
}

fn refuse_reserved(reserved: u32) -> Result<()> {
    if reserved != 0 {
        bail!(Argument, "reserved = {reserved} must be 0");
    }
    Ok(())
}

/// # Safety
/// NULL or `count` floats.
unsafe fn samples<'a>(data: *const f32, count: usize) -> Result<Option<&'a [f32]>> {
    // SAFETY: as the caller says.
    unsafe { memory::slice(data, count, "data", "data_count") }
}

/// # Safety
/// NULL or `count` labels.
unsafe fn labels(labels: *const i64, count: usize) -> Result<Option<Vec<i64>>> {
    // SAFETY: as the caller says.
    let labels = unsafe { memory::slice(labels, count, "labels", "label_count")? };
    labels.map(|labels| copied(labels, "the labels")).transpose()
}

/// Fills `params` with the defaults: no data. `struct_size` is sizeof(ncsn_validate_params).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ncsn_validate_params_init(
    params: *mut ncsn_validate_params,
    struct_size: u32,
) -> ncsn_status {
    guard(|| {
        // SAFETY: the header demands a struct of that size, or NULL.
        unsafe { memory::initialise(params, "params", struct_size, &default_validate())? };
        Ok(NCSN_OK)
    })
}

/// Whether the network is what its contract says: perturbs some of the caller's samples, regresses
/// -z/sigma on what the network returns, and says in words what is right, what is wrong, and which
/// metadata would make it right. Without data the largest level alone is looked at.
///
/// A network that is wrong is no error: the call returns NCSN_OK, and `passed` of
/// ncsn_validation_info is 0. On success `*out` is to be read with ncsn_validation_get() and released
/// with ncsn_validation_free(). It does not need the model any more.
///
/// Errors: NCSN_ERR_ARGUMENT (data of another shape or range, labels that do not fit, a model without
/// noise levels), NCSN_ERR_NON_FINITE (in the data), NCSN_ERR_STRUCT_SIZE, NCSN_ERR_OUT_OF_MEMORY,
/// NCSN_ERR_CALLBACK, NCSN_ERR_MODEL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ncsn_validate(
    model: *const ncsn_model,
    params: *const ncsn_validate_params,
    out: *mut *mut ncsn_validation,
) -> ncsn_status {
    guard(|| {
        // SAFETY: the header demands valid pointers or NULL.
        unsafe {
            with_model(model, |handle| {
                let c = memory::read(params, "params", default_validate())?;
                let out = memory::slot(out, "out")?;
                let data = samples(c.data, c.data_count)?;
                let params = ValidateParams {
                    seed: c.seed,
                    max_levels: c.max_levels as usize,
                    max_samples: c.max_samples as usize,
                    labels: labels(c.labels, c.label_count)?,
                    batch_size: (c.batch_size > 0).then_some(c.batch_size),
                };
                let found = handle.model.validate(data, &params)?;
                *out = Box::into_raw(Box::new(ValidationHandle::new(&found))).cast();
                Ok(NCSN_OK)
            })
        }
    })
}

/// What was found. Set `info->struct_size` = sizeof(ncsn_validation_info) before the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ncsn_validation_get(
    validation: *const ncsn_validation,
    info: *mut ncsn_validation_info,
) -> ncsn_status {
    guard(|| {
        // SAFETY: the header demands a live handle or NULL.
        let handle = unsafe { validation.cast::<ValidationHandle>().as_ref() };
        let info_now = handle.ok_or_else(|| memory::null("validation"))?.info();
        // SAFETY: the header demands a struct of its own struct_size, or NULL.
        unsafe { memory::write(info, "info", &info_now)? };
        Ok(NCSN_OK)
    })
}

/// Releases what ncsn_validate() made. NULL is ignored.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ncsn_validation_free(validation: *mut ncsn_validation) {
    guard_value((), || {
        if !validation.is_null() {
            // SAFETY: made by ncsn_validate, released once.
            drop(unsafe { Box::from_raw(validation.cast::<ValidationHandle>()) });
        }
    });
}

fn default_validate() -> ncsn_validate_params {
    let defaults = ValidateParams::default();
    ncsn_validate_params {
        struct_size: size_of::<ncsn_validate_params>() as u32,
        max_levels: defaults.max_levels as u32,
        seed: defaults.seed,
        data: ptr::null(),
        data_count: 0,
        labels: ptr::null(),
        label_count: 0,
        max_samples: defaults.max_samples as u32,
        batch_size: 0,
    }
}

/// Behind `ncsn_validation *`.
struct ValidationHandle {
    passed: bool,
    with_data: bool,
    levels: Vec<ncsn_level_check>,
    findings: Vec<ncsn_finding>,
    report: CString,
    /// What `findings` points to.
    _suggestions: Vec<Vec<ncsn_suggestion>>,
    _texts: Vec<CString>,
}

impl ValidationHandle {
    fn new(found: &Validation) -> Self {
        let mut texts = Vec::new();
        let mut keep = |text: &str| {
            let text = CString::new(text.replace('\0', " ")).unwrap_or_default();
            let at = pointer(&text);
            // A CString that moves leaves its text where it is.
            texts.push(text);
            at
        };
        let mut suggestions = Vec::new();
        let mut findings = Vec::new();
        for finding in &found.findings {
            let own: Vec<ncsn_suggestion> = finding
                .suggestion
                .iter()
                .map(|(key, value)| ncsn_suggestion { key: keep(key), value: keep(value) })
                .collect();
            findings.push(ncsn_finding {
                check: finding.check.code(),
                severity: finding.severity.code(),
                text: keep(&finding.text),
                suggestions: if own.is_empty() { ptr::null() } else { own.as_ptr() },
                suggestion_count: own.len(),
            });
            suggestions.push(own);
        }
        let levels = found.levels.iter().map(|level| ncsn_level_check {
            level: level.level as u32,
            reserved: 0,
            sigma: level.sigma,
            slope: level.slope,
            slope_error: level.slope_error,
            raw_slope: level.raw_slope,
            r2: level.r2,
            loss: level.loss,
            loss_error: level.loss_error,
            zero_loss: level.zero_loss,
            count: level.count as u64,
        });
        Self {
            passed: found.passed,
            with_data: found.with_data,
            levels: levels.collect(),
            findings,
            report: CString::new(report(found).replace('\0', " ")).unwrap_or_default(),
            _suggestions: suggestions,
            _texts: texts,
        }
    }

    fn info(&self) -> ncsn_validation_info {
        ncsn_validation_info {
            struct_size: size_of::<ncsn_validation_info>() as u32,
            passed: self.passed.into(),
            with_data: self.with_data.into(),
            reserved: 0,
            levels: self.levels.as_ptr(),
            level_count: self.levels.len(),
            findings: self.findings.as_ptr(),
            finding_count: self.findings.len(),
            report: pointer(&self.report),
        }
    }
}

fn report(found: &Validation) -> String {
    let mut text = String::new();
    for finding in &found.findings {
        let severity = match finding.severity {
            Severity::Ok => "ok",
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "ERROR",
        };
        text += &format!("{severity}: {}: {}\n", finding.check.name(), finding.text);
        for (key, value) in &finding.suggestion {
            text += &match value.as_str() {
                "" => format!("    remove {key}\n"),
                value => format!("    {key} = {value}\n"),
            };
        }
    }
    text
}

/// Fills `params` with the defaults; `dimension` and one of `diameter` and `data` are left to set.
/// `struct_size` is sizeof(ncsn_recommend_params).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ncsn_recommend_params_init(
    params: *mut ncsn_recommend_params,
    struct_size: u32,
) -> ncsn_status {
    guard(|| {
        // SAFETY: the header demands a struct of that size, or NULL.
        unsafe { memory::initialise(params, "params", struct_size, &default_recommend())? };
        Ok(NCSN_OK)
    })
}

/// A ladder and a step size for data of a given size: techniques 1, 2 and 4 of Song & Ermon 2020
/// (NCSNv2). No model is needed.
///
/// `sigmas` is the caller's array of `sigma_capacity` entries, of which the first
/// `recommendation->level_count` are written, largest level first. NULL and 0: the numbers alone, among
/// them `level_count`, to ask for the size; give `diameter` the second time, if it was measured.
/// NCSN_ERR_BUFFER when they do not fit. Set `recommendation->struct_size`.
///
/// Other errors: NCSN_ERR_ARGUMENT, NCSN_ERR_NON_FINITE (in `data`), NCSN_ERR_STRUCT_SIZE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ncsn_recommend(
    params: *const ncsn_recommend_params,
    sigmas: *mut f64,
    sigma_capacity: usize,
    recommendation: *mut ncsn_recommendation,
) -> ncsn_status {
    guard(|| {
        // SAFETY: the header demands valid pointers or NULL.
        let (c, data) = unsafe {
            let c = memory::read(params, "params", default_recommend())?;
            memory::check_output(recommendation, "recommendation", std::mem::zeroed())?;
            (c, samples(c.data, c.data_count)?)
        };
        let (diameter, exact) = match data {
            None if c.diameter == 0.0 => bail!(
                Argument,
                "diameter = 0 and data is NULL: one of them says how large the data are"
            ),
            None => (c.diameter, true),
            Some(_) if c.diameter != 0.0 => {
                bail!(Argument, "diameter and data are both given: one of them suffices")
            }
            Some(data) => {
                let found = crate::diameter(data, c.dimension)?;
                (found.value, found.exact)
            }
        };
        let found = crate::recommend(&RecommendParams {
            dimension: c.dimension,
            diameter,
            sigma_min: c.sigma_min,
            steps_per_level: c.steps_per_level,
            coverage: c.coverage,
            levels: (c.level_count > 0).then_some(c.level_count),
        })?;
        let count = found.sigmas.len();
        // SAFETY: as above.
        unsafe {
            if let Some(slots) = memory::slots(sigmas, sigma_capacity, count, "sigmas")? {
                slots[..count].copy_from_slice(&found.sigmas);
            }
            let result = ncsn_recommendation {
                struct_size: size_of::<ncsn_recommendation>() as u32,
                exact_diameter: exact.into(),
                diameter,
                gamma: found.gamma,
                ratio: found.ratio,
                coverage: found.coverage,
                level_count: count,
                evaluations: found.evaluations,
                step: step(&found.step),
                accumulated_step: step(&found.accumulated_step),
            };
            memory::write(recommendation, "recommendation", &result)?;
        }
        Ok(NCSN_OK)
    })
}

fn default_recommend() -> ncsn_recommend_params {
    let defaults = RecommendParams::default();
    ncsn_recommend_params {
        struct_size: size_of::<ncsn_recommend_params>() as u32,
        steps_per_level: defaults.steps_per_level,
        dimension: 0,
        diameter: 0.0,
        data: ptr::null(),
        data_count: 0,
        sigma_min: defaults.sigma_min,
        coverage: defaults.coverage,
        level_count: 0,
    }
}

fn step(step: &RecommendedStep) -> ncsn_recommended_step {
    ncsn_recommended_step {
        kappa: step.kappa,
        epsilon_half: step.epsilon_half,
        epsilon_full: step.epsilon_full,
        variance_ratio: step.variance_ratio,
        accumulated_ratio: step.accumulated_ratio,
    }
}
