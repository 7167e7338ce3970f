//! `classify digest`: one summary of many articles.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use super::batch::ColumnArgs;
use super::classify::{Labels, known, page_width};
use super::files::{Output, unwritable};
use super::{Common, Ended, say};
use crate::analyzer::{Analyzer, TOGETHER};
use crate::article::{Article, DEFAULT_MAX_BYTES, ReadError, read, table_of_name};
use crate::batch::Input;
use crate::batch::digest::{Digest, Gathering};
use crate::options::{Focus, Options};
use crate::output::{DigestLine, DigestView, Format, Page};
use crate::records;
use crate::summary::Length;

/// Sentences of a digest when nothing else is set.
const DEFAULT: usize = 7;
/// Sentences that an article offers.
const OFFERED: usize = 3;

/// Flags of `digest`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Articles, folders of them (hidden files are left out), and tables (JSON Lines, CSV, TSV,
    /// Parquet); - for an article on standard input
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
    let files = found(&args.files)?;
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
    let mut progress = common.progress();
    for (number, file) in files.iter().enumerate() {
        run.file(file);
        progress(&format!("{} of {} files", number + 1, files.len()));
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

/// The files, and those in folders, in the order of their names; hidden ones are left out.
fn found(paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let before = files.len();
        walk(path, &mut files)?;
        if files.len() == before {
            bail!("{}: the folder has no file in it", path.display());
        }
    }
    Ok(files)
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    let name = || folder.display().to_string();
    let mut entries: Vec<_> = std::fs::read_dir(folder)
        .and_then(Iterator::collect::<std::io::Result<_>>)
        .with_context(name)?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        // Links to folders are not followed: they may lead in circles.
        match entry.file_type().with_context(name)? {
            kind if kind.is_dir() => walk(&entry.path(), files)?,
            // A pipe would be waited for without end.
            _ if entry.path().is_file() => files.push(entry.path()),
            _ => {}
        }
    }
    Ok(())
}

/// A run over files.
struct Run<'a> {
    args: &'a Args,
    common: &'a Common,
    analyzer: &'a Analyzer,
    options: &'a Options,
    gathering: Gathering,
    /// Articles that wait to be analysed together, with their files and numbers there.
    waiting: Vec<(String, Option<usize>, Article)>,
    ended: Ended,
}

impl Run<'_> {
    fn file(&mut self, file: &Path) {
        let name = match file == Path::new("-") {
            true => "standard input".to_owned(),
            false => file.display().to_string(),
        };
        // By their names, since tables may be larger than any article.
        if table_of_name(file).is_some() {
            return self.table(file, &name);
        }
        match read(file, self.args.max_bytes) {
            Ok(articles) => {
                let several = articles.len() > 1;
                for (number, article) in (1..).zip(articles) {
                    let number = several.then_some(number);
                    self.article(&name, number, article.map_err(|e| e.to_string()));
                }
            }
            Err(ReadError::Table(_)) if file.is_file() => self.table(file, &name),
            Err(ReadError::Table(kind)) => {
                let problem = format!("is a {kind} table in a stream; give the table as a file");
                self.failed(&name, None, &problem);
            }
            Err(error) => self.failed(&name, None, &error),
        }
    }

    fn table(&mut self, file: &Path, name: &str) {
        // In JSON a character of the text takes up to six bytes.
        let max_row = self
            .args
            .max_bytes
            .saturating_mul(6)
            .saturating_add(1 << 16);
        let opened = match records::open(file, max_row) {
            Ok(opened) => opened,
            Err(error) => return self.failed(name, None, &error),
        };
        for warning in &opened.warnings {
            self.common.warn(format!("{name}: {warning}"));
        }
        let columns = self.args.columns.columns();
        for row in opened.rows {
            let input = Input::of(row, &columns, self.args.max_bytes);
            self.article(name, Some(input.number), input.article);
        }
    }

    fn article(&mut self, name: &str, number: Option<usize>, article: Result<Article, String>) {
        match article {
            Ok(article) => self.waiting.push((name.to_owned(), number, article)),
            Err(error) => self.failed(name, number, &error),
        }
        if self.waiting.len() >= TOGETHER {
            self.analyze();
        }
    }

    fn failed(&mut self, name: &str, number: Option<usize>, error: &dyn std::fmt::Display) {
        say("error", format!("{}: {error}", place(name, number)));
        self.ended = Ended::InputFailed;
    }

    /// Analyses what waits.
    fn analyze(&mut self) {
        let waiting = std::mem::take(&mut self.waiting);
        let articles: Vec<&Article> = waiting.iter().map(|(_, _, article)| article).collect();
        let analyses = self.analyzer.analyze_all(&articles, self.options);
        for ((name, number, article), analysis) in waiting.iter().zip(analyses) {
            let topic = self.args.topic.as_deref();
            match analysis {
                Ok(analysis) => {
                    let of_topic = topic.is_none_or(|t| analysis.labels().any(|label| label == t));
                    // Of others the digest tells nothing, and so nothing of what is wrong there.
                    for warning in analysis.warnings.iter().filter(|_| of_topic) {
                        self.common
                            .warn(format!("{}: {warning}", place(name, *number)));
                    }
                    self.gathering
                        .add((Some(name), *number), article, analysis, topic);
                }
                Err(error) => self.failed(name, *number, &error),
            }
        }
    }
}

/// A file, and which of its articles.
fn place(name: &str, number: Option<usize>) -> String {
    match number {
        Some(number) => format!("{name}, number {number}"),
        None => name.to_owned(),
    }
}
