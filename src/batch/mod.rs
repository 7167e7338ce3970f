//! Many articles: inputs in, results out, in order and in bounded memory.

pub mod copies;
pub mod digest;
pub mod filter;
pub mod journal;
mod recent;
pub mod sources;

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::analysis::Analysis;
use crate::analyzer::{AnalyzeError, Analyzer, TOGETHER};
use crate::article::{Article, segment};
use crate::options::Options;
use crate::output::{Outcome, Report};
use copies::{Clusters, Sketch};
use filter::Filter;
use journal::{Changed, Journal, Kept};
use recent::{Key, Recent};
use sources::{Failure, Input, Inputs, Item};

/// Bytes of text for each thread after which no more inputs join those that are analysed
/// together: a few seconds' work on a slow machine, which is what a crash can cost.
const BYTES_A_THREAD: usize = 32 << 10;
/// Groups of inputs that are read ahead.
const AHEAD: usize = 2;
/// How often a wait for input looks whether the run is to stop.
const LOOK: Duration = Duration::from_millis(200);

/// What a batch came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Inputs, those of an earlier run included.
    pub rows: usize,
    /// Inputs whose results an earlier run had kept.
    pub kept: usize,
    /// Inputs that failed; each is in the report with its error.
    pub failed: usize,
    /// Articles with a topic of which the model is uncertain.
    pub uncertain: usize,
    /// Articles that the filter left out.
    pub left_out: usize,
    /// Exact copies, whose results were known.
    pub copies: usize,
    /// Groups of copies, a group of one included; 0 unless they were asked for.
    pub clusters: usize,
    /// Articles that each topic holds for.
    pub labels: BTreeMap<String, usize>,
    /// Tokens that the encoder read.
    pub tokens: usize,
    /// Whether the run was stopped before its end.
    pub stopped: bool,
}

/// What is told while a batch runs.
#[derive(Debug)]
pub enum Event<'a> {
    /// An input failed, and why.
    Failed(&'a Input, &'a str),
    /// What the user should know of how a source is read.
    Warning(&'a str),
    /// A few more inputs are done, and which share of all, where that is known.
    Progress(&'a Counts, Option<f64>),
}

/// Why a batch ended before its end.
#[derive(Debug, thiserror::Error)]
pub enum BatchError {
    /// The report cannot be written.
    #[error("the report cannot be written: {0}")]
    Report(io::Error),
    /// The journal cannot be written or read.
    #[error("the journal cannot be kept: {0}")]
    Journal(io::Error),
    /// An input is not what an earlier run had read.
    #[error(
        "{0} is gone or has changed since the run began; put it back as it was, or begin anew \
         with --restart"
    )]
    Changed(String),
}

/// What is done with each article.
pub struct Plan<'a> {
    /// The model.
    pub analyzer: &'a Analyzer,
    /// How it is asked.
    pub options: &'a Options,
    /// Which articles are in the report.
    pub filter: &'a Filter,
    /// Whether the report carries the texts.
    pub with_text: bool,
    /// Whether copies are told.
    pub cluster: bool,
}

/// Analyses what comes of the inputs and writes one row for each, in order. An input that
/// cannot be read gives a row with its error.
///
/// What the journal has from an earlier run is not done again. When `stop` is set the inputs
/// under way are finished.
///
/// # Errors
/// When the report or the journal cannot be written, or an input is not what it was when the
/// journal's run had read it.
pub fn run<W: Write + Send>(
    inputs: Inputs,
    plan: &Plan,
    mut journal: Option<&mut Journal>,
    report: &mut Report<W>,
    stop: &AtomicBool,
    mut tell: impl FnMut(Event),
) -> Result<Counts, BatchError> {
    let mut counts = Counts::default();
    let mut recent = Recent::default();
    let mut clusters = plan.cluster.then(Clusters::default);
    let (groups, reader) = read_ahead(inputs, BYTES_A_THREAD * plan.analyzer.threads());
    loop {
        let group = match groups.recv_timeout(LOOK) {
            Ok(group) => group,
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) if stop.load(Ordering::Relaxed) => {
                counts.stopped = true;
                return Ok(counts);
            }
            Err(RecvTimeoutError::Timeout) => continue,
        };
        for warning in &group.warnings {
            tell(Event::Warning(warning));
        }
        let results = analyze(&group.inputs, plan, journal.as_deref_mut(), &mut recent)?;
        if let Some(journal) = &mut journal {
            for (input, result) in group.inputs.iter().zip(&results) {
                if !result.kept {
                    journal
                        .add(input, &result.result)
                        .map_err(BatchError::Journal)?;
                }
            }
            journal.write().map_err(BatchError::Journal)?;
        }
        let sketches = match plan.cluster {
            true => sketches(&group.inputs, &results, plan.analyzer),
            false => Vec::new(),
        };
        let mut sketches = sketches.into_iter();
        for (input, result) in group.inputs.iter().zip(&results) {
            let cluster = match (&mut clusters, sketches.next().flatten()) {
                (Some(clusters), Some(sketch)) => Some(clusters.place(sketch)),
                _ => None,
            };
            counts.count(result, plan.filter);
            let told = match &result.result {
                Ok(analysis) if !plan.filter.keeps(analysis) => continue,
                Ok(analysis) => Ok(analysis),
                Err(failure) => {
                    tell(Event::Failed(input, &failure.message));
                    Err(failure.message.as_str())
                }
            };
            let article = input.article.as_ref().ok();
            let outcome = Outcome {
                path: input.path.as_deref(),
                row: input.number,
                id: input.id.as_deref(),
                text: article.filter(|_| plan.with_text).map(|a| a.text.as_str()),
                cluster,
                columns: (!input.columns.is_empty()).then_some(&input.columns),
                ..Outcome::of(told)
            };
            report.row(&outcome).map_err(BatchError::Report)?;
        }
        report.flush().map_err(BatchError::Report)?;
        counts.clusters = clusters.as_ref().map_or(0, Clusters::count);
        tell(Event::Progress(&counts, group.share));
        if stop.load(Ordering::Relaxed) {
            counts.stopped = true;
            return Ok(counts);
        }
    }
    // It has ended: nothing is waited for. A fault in it must not pass for the end of the inputs.
    if let Err(panic) = reader.join() {
        std::panic::resume_unwind(panic);
    }
    if let Some(gone) = journal.as_ref().and_then(|journal| journal.gone()) {
        return Err(BatchError::Changed(gone));
    }
    Ok(counts)
}

impl Counts {
    fn count(&mut self, result: &Of, filter: &Filter) {
        self.rows += 1;
        self.kept += usize::from(result.kept);
        self.copies += usize::from(result.copy);
        let Ok(analysis) = &result.result else {
            self.failed += 1;
            return;
        };
        if !result.kept {
            self.tokens += analysis.tokens;
        }
        if !filter.keeps(analysis) {
            self.left_out += 1;
            return;
        }
        self.uncertain += usize::from(analysis.is_uncertain());
        for label in analysis.labels() {
            *self.labels.entry(label.to_owned()).or_default() += 1;
        }
    }
}

/// Inputs that are analysed together.
#[derive(Default)]
struct Group {
    inputs: Vec<Input>,
    warnings: Vec<String>,
    /// Which share of all inputs has been read with them.
    share: Option<f64>,
}

/// Reads on a thread of its own, since the encoder is to wait for nothing. Nobody waits for
/// that thread when the run stops: it may itself wait for a pipe.
fn read_ahead(mut inputs: Inputs, together: usize) -> (Receiver<Group>, JoinHandle<()>) {
    let (send, receive) = sync_channel(AHEAD);
    let reader = std::thread::spawn(move || {
        loop {
            let mut group = Group::default();
            let mut bytes = 0;
            for item in inputs.by_ref() {
                match item {
                    Item::Warning(warning) => group.warnings.push(warning),
                    Item::Input(input) => {
                        bytes += input.article.as_ref().map_or(0, |a| a.text.len());
                        let texts = input.columns.values().filter_map(|value| value.as_str());
                        bytes += texts.map(str::len).sum::<usize>();
                        group.inputs.push(*input);
                    }
                }
                if group.inputs.len() == TOGETHER || bytes > together {
                    break;
                }
            }
            group.share = inputs.share();
            let ended = group.inputs.is_empty();
            let is_empty = ended && group.warnings.is_empty();
            if is_empty || send.send(group).is_err() {
                return;
            }
            if ended {
                return;
            }
        }
    });
    (receive, reader)
}

/// What came of an input.
struct Of {
    result: Result<Analysis, Failure>,
    /// Whether an earlier run had it.
    kept: bool,
    /// Whether it was that of an exact copy.
    copy: bool,
}

/// Where the result of an input comes from.
enum From {
    Known(Box<Of>),
    /// Analysed, as the article with this number among those that are.
    Fresh(usize, Key),
    /// An exact copy of that one.
    Copy(usize),
}

/// The results of inputs, in their order. What is known is not analysed.
fn analyze(
    inputs: &[Input],
    plan: &Plan,
    mut journal: Option<&mut Journal>,
    recent: &mut Recent,
) -> Result<Vec<Of>, BatchError> {
    let known = |result, kept, copy| From::Known(Box::new(Of { result, kept, copy }));
    let mut fresh: Vec<&Article> = Vec::new();
    let mut keys: HashMap<Key, usize> = HashMap::new();
    let mut sources = Vec::new();
    for input in inputs {
        let kept = match &mut journal {
            Some(journal) => journal.of(input).map_err(BatchError::Journal)?,
            None => None,
        };
        sources.push(match (kept, &input.article) {
            (Some(Err(Changed)), _) => return Err(BatchError::Changed(input.name())),
            (Some(Ok(kept)), _) => known(result_of(kept, plan.analyzer), true, false),
            (None, Err(failure)) => known(Err(failure.clone()), false, false),
            (None, Ok(article)) => {
                let key = recent::key(article);
                if let Some(analysis) = recent.find(&key) {
                    known(Ok(recent::of_copy(analysis, article)), false, true)
                } else if let Some(&number) = keys.get(&key) {
                    From::Copy(number)
                } else {
                    keys.insert(key, fresh.len());
                    fresh.push(article);
                    From::Fresh(fresh.len() - 1, key)
                }
            }
        });
    }
    let analyses = plan.analyzer.analyze_all(&fresh, plan.options);
    let analyses: Vec<Result<Analysis, Failure>> = analyses
        .into_iter()
        .map(|analysis| {
            analysis.map_err(|error| Failure {
                message: error.to_string(),
                // An engine may have been short of memory.
                passing: !matches!(error, AnalyzeError::NoSentence),
            })
        })
        .collect();
    let found = sources.into_iter().zip(inputs).map(|(from, input)| {
        let (number, copy) = match from {
            From::Known(of) => return *of,
            From::Fresh(number, key) => {
                if let Ok(analysis) = &analyses[number] {
                    recent.add(key, analysis);
                }
                (number, false)
            }
            From::Copy(number) => (number, true),
        };
        let result = match (&analyses[number], &input.article) {
            (Ok(analysis), Ok(article)) if copy => Ok(recent::of_copy(analysis, article)),
            (result, _) => result.clone(),
        };
        Of {
            result,
            kept: false,
            copy,
        }
    });
    Ok(found.collect())
}

fn result_of(kept: Kept, analyzer: &Analyzer) -> Result<Analysis, Failure> {
    match kept {
        Kept::Done(mut analysis) => {
            // Names are for people and not kept.
            for (topic, of_model) in analysis.topics.iter_mut().zip(analyzer.topics()) {
                topic.name.clone_from(&of_model.name);
            }
            Ok(*analysis)
        }
        Kept::Failed(message) => Err(Failure {
            message,
            passing: false,
        }),
    }
}

/// Sketches of the articles that have a result, page junk left out, which different articles of
/// a site share.
fn sketches(inputs: &[Input], results: &[Of], analyzer: &Analyzer) -> Vec<Option<Sketch>> {
    use rayon::prelude::*;
    analyzer.install(|| {
        let of = |(input, of): (&Input, &Of)| {
            let article = input.article.as_ref().ok()?;
            let is_done = of.result.is_ok();
            is_done.then(|| Sketch::new(&without_junk(article)))
        };
        inputs.par_iter().zip(results).map(of).collect()
    })
}

/// An article's sentences.
fn without_junk(article: &Article) -> String {
    let sentences = segment(article).sentences.into_iter();
    let kept: Vec<&str> = sentences.map(|s| &article.text[s.bytes]).collect();
    kept.join(" ")
}
