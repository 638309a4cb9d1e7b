//! The command: one file a subcommand. Exit 0 done, 1 failed, 2 wrong usage.

mod align;
mod evaluate;
mod files;
mod follow;
mod hear;
mod manual;
mod progress;
mod score;
mod session;
mod transcribe;

use clap::{CommandFactory, Parser, Subcommand, ValueEnum};
use std::process::ExitCode;

/// Live polyphonic transcription, score following and a session's take book.
#[derive(Parser)]
#[command(name = "colla-parte", version, propagate_version = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Show what was read of a score, and in which order it is played
    Score(score::ShowScore),
    /// Write what is played as MIDI and as a table of notes
    Transcribe(transcribe::Transcribe),
    /// Write where in the score the playing is, hop by hop, as it would have been known live
    Follow(follow::Follow),
    /// Write the take log of a recording: takes, faults, coverage, a proposed edit
    Session(session::Session),
    /// Write where in the score a whole recording is, at best knowledge
    Align(align::Align),
    /// Score every item of a corpus folder
    Evaluate(evaluate::Evaluate),
    /// Write the manual pages
    Man(manual::Manual),
    /// Write a completion script for a shell
    Completions(manual::Completions),
}

/// Where note evidence comes from.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Estimator {
    /// Signal processing: harmonic decomposition. The baseline.
    Harmonic,
    /// The trained network.
    #[default]
    Network,
}

impl From<Estimator> for crate::engine::EstimatorKind {
    fn from(estimator: Estimator) -> Self {
        match estimator {
            Estimator::Harmonic => crate::engine::EstimatorKind::Harmonic,
            Estimator::Network => crate::engine::EstimatorKind::Network,
        }
    }
}

/// How long after an attack a note is decided.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Delay {
    /// 20 ms
    #[value(name = "20")]
    Short,
    /// 30 ms
    #[default]
    #[value(name = "30")]
    Standard,
    /// 50 ms
    #[value(name = "50")]
    Long,
}

impl From<Delay> for crate::performance::DecisionDelay {
    fn from(delay: Delay) -> Self {
        match delay {
            Delay::Short => crate::performance::DecisionDelay::Short,
            Delay::Standard => crate::performance::DecisionDelay::Standard,
            Delay::Long => crate::performance::DecisionDelay::Long,
        }
    }
}

/// What may stand on the command line: the same parser that [`run`] uses.
pub fn syntax() -> clap::Command {
    Arguments::command()
}

/// Runs the command that the process's arguments name.
///
/// Failures are one line on standard error, `error: FILE: reason`.
pub fn run() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // `--help` and `--version` come this way too; clap knows where each is printed.
            let wrong_usage = error.use_stderr();
            let _ = error.print();
            return if wrong_usage { ExitCode::from(2) } else { ExitCode::SUCCESS };
        }
    };
    let done = match arguments.command {
        Command::Score(command) => command.run(),
        Command::Transcribe(command) => command.run(),
        Command::Follow(command) => command.run(),
        Command::Session(command) => command.run(),
        Command::Align(command) => command.run(),
        Command::Evaluate(command) => command.run(),
        Command::Man(command) => command.run(syntax()),
        Command::Completions(command) => command.run(syntax()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if files::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            let line = format!("{error:#}").replace(['\n', '\r'], " ");
            eprintln!("error: {line}");
            ExitCode::from(1)
        }
    }
}
