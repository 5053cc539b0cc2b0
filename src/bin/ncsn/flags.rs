//! The library's texts name the fields of its C structs; a user of the command line needs the
//! names of its options.

/// Phrases that speak of C, and what they mean here.
const PHRASES: &[(&str, &str)] = &[
    ("set fallback to NCSN_FALLBACK_ALLOW", "give --fallback"),
    (
        "or list NCSN_PROVIDER_CPU in providers, or list none",
        "or add cpu to --provider, or leave it out",
    ),
    ("name its file in runtime_path or NCSN_ORT_PATH", "name its file in --runtime"),
    ("(ncsn_validate)", "(ncsn validate)"),
    ("seconds = ", "--seconds = "),
    ("ask for it (NCSN_PROVIDER_CPU)", "ask for it (--provider cpu)"),
    ("Add NCSN_PROVIDER_CPU to providers", "Add cpu to --provider"),
    ("runtime_path is NULL", "--runtime is not given"),
    ("leave runtime_path NULL", "leave out --runtime"),
    ("; use NCSN_F32_NCHW", ""),
    (", or use NCSN_F32_NCHW", ""),
    ("give one in sigmas", "give one in --schedule"),
    ("exactly one in sigmas", "exactly one in --schedule"),
    (
        "of its own; give sigmas, or a geometric schedule,",
        "of its own; give --schedule, or --levels, --sigma-max and --sigma-min,",
    ),
    (
        "so every sample needs a label",
        "so every sample needs one: --label, --labels or --each-class",
    ),
    ("schedule: the model has", "--schedule: the model has"),
    ("level_count, sigma_max and sigma_min", "--levels, --sigma-max and --sigma-min"),
    ("ncsn.levels: a geometric ladder needs", "ncsn.levels: a geometric progression needs"),
    ("a smaller sigma_max", "a smaller --sigma-max"),
    ("a larger sigma_min", "a larger --sigma-min"),
    (
        "ladder needs 0 < sigma_min <= sigma_max < infinity, not sigma_max = ",
        "schedule needs 0 < --sigma-min <= --sigma-max < infinity, not --sigma-max = ",
    ),
    (
        "leave it the model's, or choose a sampler",
        "leave out --schedule, --levels, --sigma-max and --sigma-min, or give --sampler",
    ),
    ("known: the sampler", "--known: the sampler"),
    ("but labels are missing: there", "but --label, --labels or --each-class is missing: there"),
    (" (init_count)", ""),
    (" (label_count)", ""),
    ("sample_count * element_count", "--count times the floats of a sample"),
];

/// Field names that mean nothing else in a sentence.
const FIELDS: &[(&str, &str)] = &[
    ("atol", "--atol"),
    ("aux_inputs", "--aux"),
    ("batch_size", "--batch-size"),
    ("churn", "--churn"),
    ("churn_max", "--churn-max"),
    ("churn_min", "--churn-min"),
    ("churn_noise", "--churn-noise"),
    ("class_count", "--classes"),
    ("class_name", "--class-name"),
    ("conditioning_name", "--conditioning-name"),
    ("conditioning_scale", "--conditioning-scale"),
    ("conditioning_shift", "--conditioning-shift"),
    ("corrector_norm", "--corrector-norm"),
    ("corrector_steps", "--corrector-steps"),
    ("device_id", "--device"),
    ("first_channels", "--first-channels"),
    ("first_sample", "--first-sample"),
    ("graph_help", "--no-graph-help"),
    ("guidance_scale", "--guidance"),
    ("cache_dir", "--cache-dir"),
    ("max_error", "--max-error"),
    ("input_name", "--input-name"),
    ("input_scaling", "--input-scaling"),
    ("intra_threads", "--threads"),
    ("level_count", "--levels"),
    ("nfe_budget", "--nfe"),
    ("null_class", "--null-class"),
    ("off_ladder", "--off-ladder"),
    ("output_name", "--output-name"),
    ("predictor", "--predictor"),
    ("provider_options", "--provider-option"),
    ("resample_steps", "--resample"),
    ("rho", "--rho"),
    ("row_multiple", "--row-multiple"),
    ("rtol", "--rtol"),
    ("graph_cache_dir", "--graph-cache"),
    ("runtime_path", "--runtime"),
    ("sample_count", "--count"),
    ("snr", "--snr"),
    ("start_level", "--start-level"),
    ("step_convention", "--convention"),
    ("step_size", "--step-size"),
    ("steps_per_level", "--steps"),
    ("value_range", "--range"),
];

/// Field names that are also words or symbols: only after "option".
const AFTER_OPTION: &[(&str, &str)] = &[
    ("conditioning", "--conditioning"),
    ("denoise", "--denoise"),
    ("init", "--init"),
    ("output", "--output-kind"),
    ("providers", "--provider"),
    ("selfcheck", "--selfcheck"),
    ("shape", "--shape"),
    ("sigma_data", "--sigma-data"),
    ("sigmas", "--sigmas"),
    ("table", "--table"),
];

/// `text` of the library in the words of the command line.
pub fn speak(text: &str) -> String {
    let mut text = text.to_owned();
    for (theirs, ours) in PHRASES {
        text = text.replace(theirs, ours);
    }
    let mut spoken = String::with_capacity(text.len());
    let mut options = false;
    for word in words(&text) {
        if !word.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_') {
            // "options class_name and class_count", "option sigmas, metadata ncsn.sigmas"
            options &= !word.contains(['.', ')', ';']);
            spoken.push_str(word);
            continue;
        }
        let find = |table: &[(&str, &'static str)]| {
            table.iter().find(|(theirs, _)| *theirs == word).map(|(_, ours)| *ours)
        };
        let quoted = spoken.ends_with(['.', '\'', '-']);
        let ours = find(FIELDS).or_else(|| find(AFTER_OPTION).filter(|_| options));
        spoken.push_str(ours.filter(|_| !quoted).unwrap_or(word));
        match word {
            "option" | "options" => options = true,
            "and" | "or" => {}
            _ if ours.is_none() => options = false,
            _ => {}
        }
    }
    spoken
}

/// Cuts `text` into identifiers and what lies between them.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let end = rest.find(|c| is_word(c) != is_word(first)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        rest = after;
        Some(word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_options_as_this_program_spells_them() {
        for (theirs, ours) in [
            (
                "give it with the option conditioning or the metadata key ncsn.conditioning",
                "give it with the option --conditioning or the metadata key ncsn.conditioning",
            ),
            (
                "the table (option table or ncsn.table) has 2 values, one value per table",
                "the table (option --table or ncsn.table) has 2 values, one value per table",
            ),
            (
                "the class (options class_name and class_count), metadata ncsn.step_size",
                "the class (options --class-name and --classes), metadata ncsn.step_size",
            ),
            ("sample_count = 0 is not in 1..=7", "--count = 0 is not in 1..=7"),
            ("input 'batch_size' is odd", "input 'batch_size' is odd"),
            (
                "in the model's ladder (option sigmas) the sigmas",
                "in the model's ladder (option --sigmas) the sigmas",
            ),
        ] {
            assert_eq!(speak(theirs), ours);
        }
    }
}
