//! From arguments to a loaded model.

use ncsn::{Facts, Fallback, GraphHelp, Model, ModelOptions, Provider, ProviderOption, Spinning};

use crate::args::{ContractArgs, DataArgs, ModelArgs, RuntimeArgs};
use crate::data::{self, Samples, Wanted};
use crate::failure::{Failure, refuse};
use crate::out;

impl ContractArgs {
    /// What the options say about the model.
    pub fn facts(&self) -> Facts {
        Facts {
            conditioning: self.conditioning,
            conditioning_scale: self.conditioning_scale,
            conditioning_shift: self.conditioning_shift,
            table: self.table.as_ref().map(|list| list.0.clone()),
            output: self.output_kind,
            input_scaling: self.input_scaling,
            sigmas: self.sigmas.as_ref().map(|ladder| ladder.0.clone()),
            sigma_data: self.sigma_data,
            range: self.range,
            shape: self.shape.as_ref().map(|shape| shape.0.clone()),
            classes: self.classes,
            null_class: self.null_class,
            off_ladder: self.off_ladder,
            input_name: self.input_name.clone(),
            conditioning_name: self.conditioning_name.clone(),
            class_name: self.class_name.clone(),
            aux: (!self.aux.is_empty()).then(|| self.aux.iter().cloned().collect()),
            output_name: self.output_name.clone(),
            first_channels: self.first_channels,
            ..Facts::default()
        }
    }
}

impl RuntimeArgs {
    /// How to run a network.
    pub fn options(&self) -> Result<ModelOptions, Failure> {
        let mut provider_options = Vec::new();
        for (name, value) in &self.provider_option {
            let Some((provider, key)) = name.split_once('.') else {
                refuse!(
                    "--provider-option {name}={value}: it is PROVIDER.KEY=VALUE, for example \
                     cuda.cudnn_conv_algo_search=HEURISTIC"
                );
            };
            let Some(provider) = Provider::from_name(provider) else {
                refuse!("--provider-option {name}={value}: there is no provider '{provider}'");
            };
            let (key, value) = (key.to_owned(), value.clone());
            provider_options.push(ProviderOption { provider, key, value });
        }
        Ok(ModelOptions {
            runtime_path: self.runtime.clone(),
            graph_cache_dir: self.graph_cache.clone(),
            providers: self.provider.clone(),
            provider_options,
            device_id: self.device,
            fallback: if self.fallback { Fallback::Allow } else { Fallback::Error },
            intra_threads: self.threads.unwrap_or(0),
            spinning: match (self.spinning, self.no_spinning) {
                (true, _) => Spinning::Always,
                (_, true) => Spinning::Never,
                _ => Spinning::Auto,
            },
            selfcheck: self.selfcheck,
            row_multiple: self.row_multiple.unwrap_or(0),
            overrides: Facts::default(),
            graph_help: if self.no_graph_help { GraphHelp::Off } else { GraphHelp::On },
        })
    }
}

impl ModelArgs {
    /// How to load the model.
    pub fn options(&self) -> Result<ModelOptions, Failure> {
        Ok(ModelOptions { overrides: self.contract.facts(), ..self.runtime.options()? })
    }

    /// Loads it.
    pub fn open(&self) -> Result<Model, Failure> {
        Ok(Model::open(&self.path, &self.options()?)?)
    }
}

impl DataArgs {
    /// The samples and their labels, as `model` wants them; `None` when there are none.
    pub fn read(&self, model: &Model) -> Result<Option<Samples>, Failure> {
        let Some(path) = &self.data else {
            return Ok(None);
        };
        let contract = model.contract();
        let wanted = Wanted {
            shape: Some(&contract.shape),
            range: Some(contract.range),
            own: self.data_range,
            count: Some(self.count).filter(|&count| count > 0),
            resize: self.resize,
        };
        let mut samples = data::read(path, &wanted)?;
        samples.notes.iter().for_each(|note| out::note(note));
        if let Some(file) = &self.labels {
            samples.label(file)?;
        }
        Ok(Some(samples))
    }
}

/// The provider with this number, in the words of `--provider`.
pub fn provider_name(code: i32) -> String {
    Provider::from_code(code)
        .map_or_else(String::new, |provider| provider.name().to_ascii_lowercase())
}
