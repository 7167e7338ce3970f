//! `classify digest`: one summary of many articles.

use std::path::{Path, PathBuf};

use anyhow::bail;

use super::batch::ColumnArgs;
use super::classify::{Labels, known, page_width};
use super::files::{Output, unwritable};
use super::{Common, Ended, say};
use crate::analyzer::{Analyzer, TOGETHER};
use crate::article::{Article, DEFAULT_MAX_BYTES};
use crate::batch::digest::{Digest, Gathering};
use crate::batch::sources::{Input, Inputs, Item, Patterns, Reading, find};
use crate::options::{Focus, Options};
use crate::output::{DigestLine, DigestView, Format, Page};
use crate::summary::Length;

/// Sentences of a digest when nothing else is set.
const DEFAULT: usize = 7;
/// Sentences that an article offers.
const OFFERED: usize = 3;

/// Flags of `digest`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Articles, folders of them (hidden files are left out), patterns such as
    /// 'archive/**/*.html', and tables (JSON Lines, JSON, CSV, TSV, Parquet, Arrow); - for a table
    /// on standard input
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Most sentences of the digest [default: 7, or any number with --words]
    #[arg(short = 'n', long, value_name = "N")]
    sentences: Option<usize>,
    /// Only articles that have this topic, and what they say about it
    #[arg(long, value_name = "TOPIC")]
    topic: Option<String>,
    /// Most words of the digest
    #[arg(long, value_name = "N")]
    words: Option<usize>,
    /// Order of the sentences
    #[arg(long, value_name = "ORDER", default_value = "date")]
    order: Order,
    /// Format of the digest
    #[arg(short, long, value_name = "FORMAT", default_value = "text")]
    format: FormatName,
    /// Write to a file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Most bytes of an article's text; files with markup or pictures may have 16 times as many
    #[arg(long, value_name = "BYTES", default_value_t = DEFAULT_MAX_BYTES)]
    max_bytes: u64,
    #[command(flatten)]
    labels: Labels,
    #[command(flatten)]
    columns: ColumnArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Order {
    /// By the articles' dates; as the articles are given where one has none
    Date,
    /// The best first
    Rank,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum FormatName {
    /// A page for people
    Text,
    /// One object
    Json,
    /// For notes and issue trackers
    Markdown,
}

pub fn run(args: &Args, common: &Common) -> anyhow::Result<Ended> {
    let analyzer = args.labels.own.analyzer(common)?;
    let mut options = args.labels.options(&analyzer)?;
    options.summary = Length::sentences(OFFERED);
    if let Some(topic) = &args.topic {
        known(&analyzer, "--topic", topic)?;
        options.focus = Some(Focus::Topic(topic.clone()));
    }
    let streams = args.files.iter().filter(|f| f.as_path() == Path::new("-"));
    if streams.count() > 1 {
        bail!("- (standard input) can be given once only");
    }
    let files = find(&args.files, &Patterns::default())?;
    let inputs: Vec<PathBuf> = (files.iter().cloned())
        .chain(args.labels.own.file())
        .collect();
    let mut output = Output::open(args.output.as_deref(), &inputs)?;
    let mut run = Run {
        args,
        common,
        analyzer: &analyzer,
        options: &options,
        gathering: Gathering::default(),
        waiting: Vec::new(),
        ended: Ended::Well,
    };
    let reading = Reading {
        columns: args.columns.columns(),
        keep: Vec::new(),
        max_bytes: args.max_bytes,
        tables: false,
    };
    let mut progress = common.progress();
    let mut read = 0;
    for item in Inputs::new(files, reading) {
        match item {
            Item::Warning(warning) => common.warn(warning),
            Item::Input(input) => {
                read += 1;
                run.input(*input);
                progress(&format!("{read} articles"));
            }
        }
    }
    run.analyze();
    let ended = run.ended;
    let length = Length {
        sentences: match (args.sentences, args.words) {
            (Some(count), _) => count,
            (None, Some(_)) => usize::MAX,
            (None, None) => DEFAULT,
        },
        words: args.words.unwrap_or(usize::MAX),
        ..Length::sentences(0)
    };
    let mut told = |done: usize, all: usize| {
        progress(&format!("compared {} of {all} sentences", done.min(all)));
    };
    let mut digest = run.gathering.digest(&analyzer, length, &mut told)?;
    if args.order == Order::Date
        && let Some(undated) = digest.in_order()
    {
        common.warn(format!(
            "sentences stand in the order of the articles, not of their dates: {undated} of them \
             are of articles without a date that can be read"
        ));
    }
    let format = match args.format {
        FormatName::Text => Format::Text(Page {
            width: page_width(args.output.is_some()),
        }),
        FormatName::Json => Format::Json { array: false },
        FormatName::Markdown => Format::Markdown,
    };
    let topic = args.topic.as_deref().map(|id| {
        let of_id = analyzer.topics().iter().find(|topic| topic.id == id);
        (id, of_id.map_or(id, |topic| topic.name.as_str()))
    });
    view(&digest, topic, &analyzer)
        .write(format, &mut output)
        .map_err(|e| unwritable(e, args.output.as_deref()))?;
    output.complete()?;
    if digest.sentences.is_empty() && length.sentences > 0 {
        common.warn(match topic {
            _ if digest.read == 0 => "no article could be read".to_owned(),
            Some((id, _)) if digest.sources.is_empty() => {
                format!("of {} articles none has the topic {id}", digest.read)
            }
            _ => "no sentence is short enough for the digest asked for".to_owned(),
        });
    }
    Ok(ended)
}

fn view<'a>(
    digest: &'a Digest,
    topic: Option<(&'a str, &'a str)>,
    analyzer: &'a Analyzer,
) -> DigestView<'a> {
    let lines = digest.sentences.iter().map(|chosen| {
        let source = &digest.sources[chosen.source];
        DigestLine {
            path: source.path.as_deref(),
            number: source.number,
            id: source.id.as_deref(),
            title: source.title.as_deref(),
            copies: source.copies,
            ..DigestLine::of(&source.meta, &chosen.sentence)
        }
    });
    DigestView {
        topic,
        read: digest.read,
        sources: digest.sources.len(),
        copies: digest.copies(),
        sentences: lines.collect(),
        model: analyzer.model(),
    }
}

/// A run over files.
struct Run<'a> {
    args: &'a Args,
    common: &'a Common,
    analyzer: &'a Analyzer,
    options: &'a Options,
    gathering: Gathering,
    /// Inputs that wait to be analysed together.
    waiting: Vec<Input>,
    ended: Ended,
}

impl Run<'_> {
    fn input(&mut self, input: Input) {
        match &input.article {
            Ok(_) => self.waiting.push(input),
            Err(failure) => {
                say("error", format!("{}: {}", input.name(), failure.message));
                self.ended = Ended::InputFailed;
            }
        }
        if self.waiting.len() >= TOGETHER {
            self.analyze();
        }
    }

    /// Analyses what waits.
    fn analyze(&mut self) {
        let waiting = std::mem::take(&mut self.waiting);
        let of = |input: &Input| input.article.clone().ok();
        let articles: Vec<Article> = waiting.iter().filter_map(of).collect();
        let together: Vec<&Article> = articles.iter().collect();
        let analyses = self.analyzer.analyze_all(&together, self.options);
        for ((input, article), analysis) in waiting.iter().zip(&articles).zip(analyses) {
            let topic = self.args.topic.as_deref();
            match analysis {
                Ok(analysis) => {
                    let of_topic = topic.is_none_or(|t| analysis.labels().any(|label| label == t));
                    // Of others the digest tells nothing, and so nothing of what is wrong there.
                    for warning in analysis.warnings.iter().filter(|_| of_topic) {
                        self.common.warn(format!("{}: {warning}", input.name()));
                    }
                    let path = input.path.as_deref().unwrap_or("standard input");
                    self.gathering
                        .add((Some(path), input.number), article, analysis, topic);
                }
                Err(error) => {
                    say("error", format!("{}: {error}", input.name()));
                    self.ended = Ended::InputFailed;
                }
            }
        }
    }
}
