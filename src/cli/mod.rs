//! The command line: one file for each verb.

mod batch;
mod classify;
mod color;
mod digest;
mod eval;
mod files;
mod model;
mod progress;
mod tables;
mod topics;
mod train;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::analyzer::Analyzer;
use crate::encoder::{EngineKind, EngineOptions};
use crate::model::{Bundle, ModelError, ModelSource};

/// Labels news articles by topic, shows the sentences that say so, and
/// summarises them. Works offline: the model is inside.
#[derive(Debug, Parser)]
#[command(
    name = "classify",
    disable_version_flag = true,
    max_term_width = 100,
    after_help = "Exit codes: 0 all done; 1 some input failed; 2 wrong command line, topic \
                  file or model; 3 an evaluation gate is missed;\n130 stopped by Ctrl-C.\n\
                  A file named like a verb: ./batch"
)]
struct Cli {
    #[command(subcommand)]
    verb: Option<Verb>,
    #[command(flatten)]
    classify: classify::Args,
    #[command(flatten)]
    common: Common,
    /// Print the version of the tool and of the model
    #[arg(short = 'V', long)]
    version: bool,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Classify folders and tables of articles into one report
    Batch(batch::Args),
    /// Summarise many articles as one, each sentence with its source
    Digest(digest::Args),
    /// Measure labels and summaries: how far to trust them
    Eval(eval::Args),
    /// Fit topic heads and the summary scorer from labelled articles
    Train(train::Args),
    /// List the topics that a model tells, or check a topic file
    Topics {
        #[command(subcommand)]
        verb: Option<topics::Verb>,
        #[command(flatten)]
        own: topics::Own,
    },
    /// Look at models, check them, make them
    #[command(subcommand)]
    Model(model::Verb),
}

/// Flags that every verb understands.
#[derive(Debug, clap::Args)]
struct Common {
    /// Model: a bundle's folder, an encoder's folder, or hf:ORG/NAME[@REV]
    #[arg(
        short,
        long,
        global = true,
        value_name = "MODEL",
        help_heading = "Common"
    )]
    model: Option<ModelSource>,
    /// Engine of the encoder [default: int8, candle for models that are not stored for it]
    #[arg(long, global = true, value_name = "ENGINE", help_heading = "Common")]
    engine: Option<EngineName>,
    /// Threads [default: the cores that this process may use]
    #[arg(long, global = true, value_name = "N", help_heading = "Common")]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// When to use colours
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        help_heading = "Common"
    )]
    color: color::When,
    /// Only errors on stderr: no warnings, no progress
    #[arg(short, long, global = true, help_heading = "Common")]
    quiet: bool,
    /// Also say what takes how long
    #[arg(
        short,
        long,
        global = true,
        conflicts_with = "quiet",
        help_heading = "Common"
    )]
    verbose: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum EngineName {
    /// Int8 on the CPU: the fast one
    Int8,
    /// candle in f32: the reference
    Candle,
}

/// Names a slower kernel of the int8 engine, to compare with.
const KERNEL: &str = "TOPICWIRE_KERNEL";

impl Common {
    /// The model, ready to run as the flags say.
    fn analyzer(&self) -> anyhow::Result<Analyzer> {
        let threads = self.threads.map(usize::from);
        Ok(Analyzer::new(&self.bundle()?, self.engine()?, threads)?)
    }

    fn engine(&self) -> anyhow::Result<EngineOptions> {
        let kernel = match std::env::var(KERNEL) {
            Ok(name) if !name.is_empty() => {
                Some(name.parse().map_err(|e| anyhow::anyhow!("{KERNEL}: {e}"))?)
            }
            _ => None,
        };
        let kind = self.engine.map(|name| match name {
            EngineName::Int8 => EngineKind::Int8,
            EngineName::Candle => EngineKind::Candle,
        });
        Ok(EngineOptions { kind, kernel })
    }

    fn bundle(&self) -> Result<Bundle, ModelError> {
        let source = self.model.clone().unwrap_or_default();
        source.load(!self.quiet && console_is_terminal())
    }

    fn threads(&self) -> Option<usize> {
        self.threads.map(usize::from)
    }

    fn warn(&self, message: impl std::fmt::Display) {
        if !self.quiet {
            say("warning", message);
        }
    }

    fn note(&self, message: impl std::fmt::Display) {
        if self.verbose {
            say("note", message);
        }
    }

    /// Lines of progress: every second on a terminal, every ten elsewhere, where
    /// they end up in a log.
    fn progress(&self) -> impl FnMut(&str) + use<> {
        let show = !self.quiet;
        let pause = if console_is_terminal() { 1 } else { 10 };
        let mut last = std::time::Instant::now();
        move |message| {
            if show && last.elapsed().as_secs() >= pause {
                last = std::time::Instant::now();
                say("progress", message);
            }
        }
    }
}

fn console_is_terminal() -> bool {
    std::io::IsTerminal::is_terminal(&std::io::stderr())
}

/// Writes a line to stderr; a closed stderr is nobody's error. Names of files
/// and columns may hold control characters, which are not for the terminal.
fn say(kind: &str, message: impl std::fmt::Display) {
    use std::io::Write;
    let message = crate::output::one_line(&message.to_string());
    let _ = writeln!(anstream::stderr(), "{kind}: {message}");
}

/// How a run ended that was not stopped by an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    /// Everything done.
    Well,
    /// Some input failed; it has been reported.
    InputFailed,
    /// A figure does not reach what it must.
    GateMissed,
    /// The user stopped it; what was done is kept.
    Stopped,
}

/// The exit code of a run that the user stopped: that of shells for Ctrl-C.
const STOPPED: u8 = 130;

/// Runs the command line and gives the exit code of the contract.
#[must_use]
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    cli.common.color.apply();
    match dispatch(&cli) {
        Ok(Ended::Well) => ExitCode::SUCCESS,
        Ok(Ended::InputFailed) => ExitCode::from(1),
        Ok(Ended::GateMissed) => ExitCode::from(3),
        Ok(Ended::Stopped) => ExitCode::from(STOPPED),
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            say("error", format!("{error:#}"));
            let of_input = error.downcast_ref::<files::OutputError>().is_some();
            ExitCode::from(if of_input { 1 } else { 2 })
        }
    }
}

fn dispatch(cli: &Cli) -> anyhow::Result<Ended> {
    if cli.version {
        return model::version(&cli.common);
    }
    match &cli.verb {
        None => classify::run(&cli.classify, &cli.common),
        Some(Verb::Batch(args)) => batch::run(args, &cli.common),
        Some(Verb::Digest(args)) => digest::run(args, &cli.common),
        Some(Verb::Eval(args)) => eval::run(args, &cli.common),
        Some(Verb::Train(args)) => train::run(args, &cli.common),
        Some(Verb::Topics { verb, own }) => topics::run(verb.as_ref(), own, &cli.common),
        Some(Verb::Model(verb)) => model::run(verb, &cli.common),
    }
}

/// Whoever closed the pipe has read enough: that is no failure.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|e| {
        e.downcast_ref::<std::io::Error>()
            .is_some_and(|e| e.kind() == std::io::ErrorKind::BrokenPipe)
    })
}
