//! What there is to try. Another way to run a network is another line here.

use super::SINGLE;
use crate::ort::{Fallback, GraphHelp, ModelOptions, Provider, ProviderOption};

/// OpenVINO in bfloat16, by the option that has the last word on its precision.
const BFLOAT16: (&str, &str) = ("load_config", r#"{"CPU":{"INFERENCE_PRECISION_HINT":"bf16"}}"#);

/// One way to run a network. Earlier ones are preferred where two are as fast.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub name: String,
    pub options: ModelOptions,
    /// Of another candidate, which is tried before it: there may be no time for both.
    pub variant: bool,
    /// Why it is not to be tried.
    pub untried: Option<&'static str>,
}

/// All of them; the first is the model as the caller would open it. `present` are the providers that the
/// runtime has, `most` is the most threads.
pub(super) fn candidates(
    base: &ModelOptions,
    present: &[Provider],
    most: u32,
    max_error: f64,
) -> Vec<Candidate> {
    // What the self-check has to say, it says when the reference is opened.
    let base = ModelOptions { intra_threads: most, selfcheck: false, ..base.clone() };
    let mut all = List { all: Vec::new() };
    all.add(base.clone(), false, "");
    let listed: Vec<Provider> = match base.providers[..] {
        [] => present.to_vec(),
        ref some => some.to_vec(),
    };
    for provider in listed {
        let engine = ModelOptions { fallback: Fallback::Error, ..on(&base, provider) };
        all.add(engine.clone(), false, "");
        if provider == Provider::Cpu && engine.graph_help == GraphHelp::On {
            all.add(ModelOptions { graph_help: GraphHelp::Off, ..engine.clone() }, true, "");
        }
        // Threads are the CPU's business; a GPU's share of them is small.
        if matches!(provider, Provider::Cpu | Provider::OpenVino) {
            for intra_threads in fewer(most) {
                all.add(ModelOptions { intra_threads, ..engine.clone() }, true, "");
            }
        }
        let said = ["precision", BFLOAT16.0];
        if provider == Provider::OpenVino
            && !engine.provider_options.iter().any(|own| said.contains(&own.key.as_str()))
        {
            let mut engine = engine;
            engine.provider_options.push(ProviderOption {
                provider,
                key: BFLOAT16.0.to_owned(),
                value: BFLOAT16.1.to_owned(),
            });
            let why = "less precise than the bound on the error";
            all.add(engine, false, if max_error > SINGLE { "" } else { why });
        }
    }
    all.all
}

struct List {
    all: Vec<Candidate>,
}

impl List {
    /// Adds what is not there yet.
    fn add(&mut self, options: ModelOptions, variant: bool, untried: &'static str) {
        let name = name(&options);
        if self.all.iter().all(|other| other.name != name) {
            let untried = (!untried.is_empty()).then_some(untried);
            self.all.push(Candidate { name, options, variant, untried });
        }
    }
}

/// `base` on one provider. The CPU helps where it may: a caller who lists providers without it wants all
/// of the network on them.
fn on(base: &ModelOptions, provider: Provider) -> ModelOptions {
    let cpu = base.providers.is_empty()
        || base.providers.contains(&Provider::Cpu)
        || base.fallback == Fallback::Allow;
    let providers = match provider {
        Provider::Cpu => vec![provider],
        _ if cpu => vec![provider, Provider::Cpu],
        _ => vec![provider],
    };
    let own = base.provider_options.iter().filter(|option| option.provider == provider);
    ModelOptions { provider_options: own.cloned().collect(), providers, ..base.clone() }
}

/// Powers of two below `most`, the largest first.
fn fewer(most: u32) -> impl Iterator<Item = u32> {
    (0..most.max(1).ilog2() + 1).rev().map(|power| 1 << power).filter(move |&count| count < most)
}

/// "OpenVINO f32, 2 threads"
fn name(options: &ModelOptions) -> String {
    let first = options.providers.first().copied().unwrap_or(Provider::Cpu);
    let mut name = first.name().to_owned();
    if first == Provider::OpenVino {
        let value = |key: &str| {
            let own = options.provider_options.iter();
            own.rev().find(|own| own.provider == first && own.key == key).map(|own| &*own.value)
        };
        name += &match (value(BFLOAT16.0), value("precision")) {
            (Some(config), _) if config == BFLOAT16.1 => " bf16".to_owned(),
            (Some(_), _) => " as configured".to_owned(),
            (None, Some(precision)) => format!(" {precision}"),
            (None, None) => " f32".to_owned(),
        };
    }
    let others = options.providers.iter().skip(1).filter(|&&other| other != Provider::Cpu);
    for other in others {
        name += &format!(" or {}", other.name());
    }
    let threads = options.intra_threads;
    name += &format!(", {threads} thread{}", if threads == 1 { "" } else { "s" });
    if first == Provider::Cpu && options.graph_help == GraphHelp::Off {
        name += ", no graph help";
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(base: &ModelOptions, present: &[Provider], most: u32, max_error: f64) -> Vec<String> {
        let told = |candidate: Candidate| {
            candidate.name + if candidate.untried.is_some() { " (untried)" } else { "" }
        };
        candidates(base, present, most, max_error).into_iter().map(told).collect()
    }

    #[test]
    fn everything_present_is_tried_and_the_default_is_first() {
        let base = ModelOptions::default();
        let cpu = ["CPU, 6 threads", "CPU, 6 threads, no graph help", "CPU, 4 threads"];
        let all = names(&base, &[Provider::Cpu, Provider::OpenVino], 6, 1e-4);
        assert_eq!(all[..3], cpu);
        assert_eq!(
            all[3..],
            [
                "CPU, 2 threads",
                "CPU, 1 thread",
                "OpenVINO f32, 6 threads",
                "OpenVINO f32, 4 threads",
                "OpenVINO f32, 2 threads",
                "OpenVINO f32, 1 thread",
                "OpenVINO bf16, 6 threads (untried)"
            ]
        );
        let all = names(&base, &[Provider::Cpu, Provider::OpenVino], 1, 0.1);
        assert_eq!(
            all,
            [
                "CPU, 1 thread",
                "CPU, 1 thread, no graph help",
                "OpenVINO f32, 1 thread",
                "OpenVINO bf16, 1 thread"
            ]
        );
    }

    #[test]
    fn what_the_caller_says_bounds_the_search() {
        let own = |key: &str, value: &str| ProviderOption {
            provider: Provider::OpenVino,
            key: key.to_owned(),
            value: value.to_owned(),
        };
        let base = ModelOptions {
            providers: vec![Provider::OpenVino],
            provider_options: vec![own("precision", "ACCURACY")],
            ..ModelOptions::default()
        };
        let all = candidates(&base, &[Provider::Cpu, Provider::OpenVino], 2, 1.0);
        let names: Vec<&str> = all.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["OpenVINO ACCURACY, 2 threads", "OpenVINO ACCURACY, 1 thread"]);
        assert!(all.iter().all(|one| one.options.providers == [Provider::OpenVino]));
        assert!(all.iter().all(|one| one.options.provider_options.len() == 1));

        let base = ModelOptions {
            providers: vec![Provider::Cpu],
            graph_help: GraphHelp::Off,
            ..ModelOptions::default()
        };
        let all = names_of(&base);
        assert_eq!(all, ["CPU, 1 thread, no graph help"]);
    }

    fn names_of(base: &ModelOptions) -> Vec<String> {
        names(base, &[Provider::Cpu, Provider::OpenVino], 1, 1.0)
    }

    #[test]
    fn every_candidate_names_its_providers_and_its_precision() {
        let all = candidates(
            &ModelOptions::default(),
            &[Provider::Cpu, Provider::Cuda, Provider::OpenVino],
            2,
            0.1,
        );
        for one in &all[1..] {
            assert_eq!(one.options.providers.last(), Some(&Provider::Cpu), "{}", one.name);
        }
        let reduced: Vec<_> =
            all.iter().filter(|one| !one.options.provider_options.is_empty()).collect();
        assert_eq!(reduced.len(), 1);
        assert_eq!(reduced[0].name, "OpenVINO bf16, 2 threads");
        assert!(reduced[0].options.provider_options[0].value.contains("bf16"));
    }
}
