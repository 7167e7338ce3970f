//! `classify FILE…`: the main job.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::bail;

use super::files::{Output, unwritable};
use super::{Common, Ended, say};
use crate::analyzer::{Analyzer, DEFAULT_SUMMARY, Options};
use crate::article::{DEFAULT_MAX_BYTES, read};
use crate::output::{Format, Outcome, Page, Printer};

/// Flags of the main job.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Articles as text files; - for standard input
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Format of the results
    #[arg(short, long, value_name = "FORMAT", default_value = "text")]
    format: FormatName,
    /// Write to a file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    shape: Shape,
    #[command(flatten)]
    text: Text,
}

/// What of an analysis can be set by flags.
#[derive(Debug, clap::Args)]
pub struct Shape {
    /// Sentences of the summary; 0 for none
    #[arg(short = 'n', long, value_name = "N", default_value_t = DEFAULT_SUMMARY)]
    sentences: usize,
    /// Probability from which on a topic holds, for all topics or for one; repeatable
    #[arg(long, value_name = "[TOPIC=]P")]
    threshold: Vec<Threshold>,
}

/// What is read of an article and what of it is passed on.
#[derive(Debug, clap::Args)]
pub struct Text {
    /// Most bytes that are read of one article
    #[arg(long, value_name = "BYTES", default_value_t = DEFAULT_MAX_BYTES)]
    pub max_bytes: u64,
    /// Add the article's text to JSON
    #[arg(long)]
    pub with_text: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum FormatName {
    /// A page for people
    Text,
    /// One object for one input, an array for several
    Json,
    /// One object a line
    Jsonl,
    /// For notes and issue trackers
    Markdown,
}

#[derive(Debug, Clone, PartialEq)]
struct Threshold {
    topic: Option<String>,
    value: f32,
}

impl std::str::FromStr for Threshold {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (topic, value) = match text.split_once('=') {
            Some((topic, value)) => (Some(topic.trim().to_owned()), value),
            None => (None, text),
        };
        match value.trim().parse() {
            Ok(value) if (0.0..=1.0).contains(&value) => Ok(Self { topic, value }),
            _ => Err(format!("\"{value}\" is no probability between 0 and 1")),
        }
    }
}

impl Shape {
    /// The options for an analyzer.
    ///
    /// # Errors
    /// When a threshold names a topic that the model does not have.
    pub fn options(&self, analyzer: &Analyzer) -> anyhow::Result<Options> {
        let mut options = Options {
            summary_sentences: self.sentences,
            ..Options::default()
        };
        for threshold in &self.threshold {
            let Some(topic) = &threshold.topic else {
                options.threshold = Some(threshold.value);
                continue;
            };
            let known: Vec<&str> = analyzer.topics().iter().map(|t| t.id.as_str()).collect();
            if !known.contains(&topic.as_str()) {
                bail!(
                    "--threshold: no topic \"{topic}\" in this model; it has {}",
                    if known.is_empty() {
                        "none".to_owned()
                    } else {
                        known.join(", ")
                    }
                );
            }
            options.thresholds.insert(topic.clone(), threshold.value);
        }
        Ok(options)
    }
}

pub fn run(args: &Args, common: &Common) -> anyhow::Result<Ended> {
    if args.files.is_empty() {
        bail!("no article given; try `classify article.txt`, `classify -` or `classify --help`");
    }
    if args.files.iter().filter(|f| is_stdin(f)).count() > 1 {
        bail!("- (standard input) can be given once only");
    }
    let start = Instant::now();
    let analyzer = common.analyzer()?;
    let options = args.shape.options(&analyzer)?;
    common.note(format!(
        "model {} {} ready in {:.0} ms on {} threads",
        analyzer.model().name,
        analyzer.model().version,
        start.elapsed().as_secs_f64() * 1e3,
        analyzer.threads()
    ));

    let format = match args.format {
        FormatName::Text => Format::Text(Page {
            width: page_width(args.output.is_some()),
        }),
        FormatName::Json => Format::Json {
            array: args.files.len() > 1,
        },
        FormatName::Jsonl => Format::Jsonl,
        FormatName::Markdown => Format::Markdown,
    };
    let output = Output::open(args.output.as_deref(), &args.files)?;
    let mut printer = Printer::new(format, analyzer.model().clone(), output);
    let mut ended = Ended::Well;
    for file in &args.files {
        let path = file.display().to_string();
        let name = if is_stdin(file) {
            "standard input"
        } else {
            path.as_str()
        };
        let start = Instant::now();
        let article = read(file, args.text.max_bytes).map_err(|e| e.to_string());
        let analysis = article.as_ref().map_err(String::clone).and_then(|article| {
            let analysis = analyzer.analyze(article, &options);
            analysis.map_err(|e| e.to_string())
        });
        match &analysis {
            Ok(analysis) => {
                for warning in &analysis.warnings {
                    common.warn(format!("{name}: {warning}"));
                }
                let seconds = start.elapsed().as_secs_f64();
                #[expect(clippy::cast_precision_loss, reason = "for display")]
                let speed = analysis.tokens as f64 / seconds;
                common.note(format!(
                    "{name}: {} tokens in {seconds:.2} s, {speed:.0} tokens/s",
                    analysis.tokens
                ));
            }
            Err(error) => {
                say("error", format!("{name}: {error}"));
                ended = Ended::InputFailed;
            }
        }
        printer
            .print(&Outcome {
                path: (!is_stdin(file)).then_some(&path),
                id: None,
                text: article
                    .as_ref()
                    .ok()
                    .filter(|_| args.text.with_text)
                    .map(|article| article.text.as_str()),
                result: analysis.as_ref().map_err(String::as_str),
            })
            .and_then(|()| printer.flush())
            .map_err(|e| unwritable(e, args.output.as_deref()))?;
    }
    printer
        .finish()
        .map_err(|e| unwritable(e, args.output.as_deref()))?
        .complete()?;
    Ok(ended)
}

fn is_stdin(file: &Path) -> bool {
    file == Path::new("-")
}

/// The terminal's width within what reads well; 80 columns elsewhere.
fn page_width(to_file: bool) -> usize {
    let terminal = std::io::IsTerminal::is_terminal(&std::io::stdout());
    match terminal_size::terminal_size() {
        Some((width, _)) if terminal && !to_file => usize::from(width.0).clamp(40, 100),
        _ => 80,
    }
}
