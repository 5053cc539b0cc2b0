//! `ncsn`: look at a score network, check it, and draw samples from it, without writing a program.

mod annotate;
mod args;
mod bench;
mod chain_args;
mod chains;
mod data;
mod evaluate;
mod failure;
mod flags;
mod gif;
mod given;
mod grid;
mod idx;
mod inspect;
mod model;
mod model_args;
mod npy;
mod number;
mod out;
mod pictures;
mod plot;
mod progress;
mod recommend;
mod sample;
mod sampling;
mod settings;
mod table;
mod tune;
mod validate;
mod values;
mod version;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use args::{Cli, Command};
use failure::Failure;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(&cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if let Some(text) = failure.text() {
                out::error(&text);
            }
            ExitCode::from(failure.exit_code())
        }
    }
}

fn run(cli: &Cli) -> Result<(), Failure> {
    out::forward_log(cli.verbose);
    if cli.version {
        return version::run();
    }
    match &cli.command {
        Some(Command::Inspect(args)) => inspect::run(args),
        Some(Command::Validate(args)) => validate::run(args),
        Some(Command::Evaluate(args)) => evaluate::run(args),
        Some(Command::Recommend(args)) => recommend::run(args),
        Some(Command::Sample(args)) => sample::run(args),
        Some(Command::Tune(args)) => tune::run(args),
        Some(Command::BenchQuality(args)) => bench::run(args),
        Some(Command::Annotate(args)) => annotate::run(args),
        Some(Command::Completions { shell }) => completions(*shell),
        None => Err(Failure::Input(
            "a command is missing: inspect, validate, recommend, sample, tune, evaluate, \
             bench-quality or annotate; see `ncsn --help`"
                .to_owned(),
        )),
    }
}

fn completions(shell: clap_complete::Shell) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "ncsn", &mut script);
    out::print(&String::from_utf8_lossy(&script))
}
