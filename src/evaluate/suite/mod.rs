//! The whole evaluation of a model on a set of labelled rows.

mod analyze;
mod parts;

use std::collections::{BTreeMap, BTreeSet};

use super::cases::{self, Data};
use super::labels::Labelling;
use super::reading;
use super::resample::Resampling;
use super::results::{self, ModelRecord, Results, Task};
use super::summaries::{Judge, Scores};
use super::topics::Training;
use crate::analysis::{Analysis, TopicResult};
use crate::analyzer::Analyzer;
use crate::article::Article;
use crate::options::Options;
use crate::records::{Columns, Row};
use analyze::{analyze, cases_of};
use parts::{records, summaries, topics};

/// How to measure.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// What of the analysis is set.
    pub options: Options,
    /// Bootstrap samples.
    pub resampling: Resampling,
    /// Further columns to slice by.
    pub slices: Vec<String>,
}

/// A model that is measured.
pub struct Model<'a> {
    /// Ready to run.
    pub analyzer: &'a Analyzer,
    /// Which it is.
    pub record: ModelRecord,
    /// Seconds that it took to make it ready.
    pub load_seconds: f64,
    /// Ids of its topics that are measured, see [`Topics`].
    pub topics: Vec<String>,
}

/// An evaluation: the results, and what reports show beside them.
#[derive(Debug, Clone)]
pub struct Evaluation {
    /// The results.
    pub results: Results,
    /// Ids and names of the measured topics.
    pub topics: Vec<(String, String)>,
    /// The articles.
    pub cases: Vec<Case>,
    /// What each method of the topics' part said of the labelled articles.
    pub labellings: Vec<Labelling>,
}

/// A labelled article, what the model made of it and how that fares.
#[derive(Debug, Clone)]
pub struct Case {
    /// The row.
    pub row: Row,
    /// Its article.
    pub article: Article,
    /// A reader's grade of each measured topic; `None` when the row is not labelled.
    pub grades: Option<Vec<u8>>,
    /// What summaries of it are judged by; `None` when there is nothing.
    pub judge: Option<Judge>,
    /// What the model made of it; `None` when it failed.
    pub analysis: Option<Analysis>,
    /// How its summary fares.
    pub summary: Option<Scores>,
}

impl Case {
    /// What the model said of a topic; `None` when it failed.
    #[must_use]
    pub fn topic(&self, id: &str) -> Option<&TopicResult> {
        self.analysis.as_ref()?.topics.iter().find(|t| t.id == id)
    }

    /// Numbers of the sentences in the model's summary.
    #[must_use]
    pub fn chosen(&self) -> Vec<usize> {
        let summary = self.analysis.iter().flat_map(|a| &a.summary);
        summary.map(|s| s.place.sentence).collect()
    }
}

/// What is told while an evaluation runs.
#[derive(Debug)]
pub enum Event<'a> {
    /// A row cannot be used, or the model fails on it, and why.
    Failed(&'a Row, &'a str),
    /// So many of so many articles are analysed.
    Analysed(usize, usize),
    /// The figures of a task are computed.
    Computing(Task),
}

/// How the topics of a model and of labelled rows fit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Topics {
    /// Those that can be measured, in the model's order.
    pub measured: Vec<String>,
    /// Those that only the rows name.
    pub unknown: Vec<String>,
    /// Those that only the model has: whether they hold, no row says.
    pub unlabelled: Vec<String>,
}

impl Topics {
    /// Compares them. Where no row names a topic, all are absent from all rows.
    #[must_use]
    pub fn new(model: &[String], rows: &[Row]) -> Self {
        let named: BTreeSet<String> = rows.iter().flat_map(Row::topics).collect();
        let (measured, unlabelled) = model
            .iter()
            .cloned()
            .partition(|id| named.is_empty() || named.contains(id));
        Self {
            measured,
            unknown: named.into_iter().filter(|id| !model.contains(id)).collect(),
            unlabelled,
        }
    }
}

/// Whether a row has what a task compares with.
#[must_use]
pub fn fits(task: Task, row: &Row, columns: &Columns) -> bool {
    let is_page = reading::page(row).is_some();
    let has_text = row.column(&columns.text).is_some() || row.texts("sentences").is_some();
    // A page without a text is no article of its own.
    let is_article = has_text || !is_page;
    match task {
        Task::Topics => is_article && row.is_labelled(),
        Task::Summaries => is_article && cases::has_gold(row),
        Task::Extraction => is_page,
        Task::Junk => row.list("junk").is_some(),
        Task::Sentences => row.texts("sentences").is_some(),
    }
}

/// Measures `tasks`; those of a model need one. Rows that cannot be used are
/// told of and left out; articles that the model fails on stay, as labelled with
/// nothing and with a summary that is all wrong.
pub fn run(
    data: &Data,
    model: Option<&Model>,
    tasks: &[Task],
    training: Option<&Training>,
    settings: &Settings,
    tell: &mut dyn FnMut(Event),
) -> Evaluation {
    let resampling = settings.resampling;
    let mut evaluation = Evaluation {
        results: Results {
            schema: results::SCHEMA,
            topicwire: env!("CARGO_PKG_VERSION").to_owned(),
            model: None,
            data: data.record(),
            settings: results::Settings {
                sentences: settings.options.summary.sentences,
                thresholds: BTreeMap::new(),
                resamples: resampling.count,
                seed: resampling.seed,
            },
            parts: Vec::new(),
            speed: None,
            articles: Vec::new(),
            against: Vec::new(),
        },
        topics: Vec::new(),
        cases: Vec::new(),
        labellings: Vec::new(),
    };
    // Rows are counted once, however much is wrong with them.
    let mut failed = BTreeSet::new();
    let tell = &mut |event: Event| {
        if let Event::Failed(row, _) = event {
            failed.insert(row.number);
        }
        tell(event);
    };
    if let Some(model) = model {
        with_model(
            &mut evaluation,
            data,
            model,
            tasks,
            training,
            settings,
            tell,
        );
    }
    for task in tasks {
        let report = &mut |row: &Row, error: &str| tell(Event::Failed(row, error));
        evaluation.results.parts.extend(match task {
            Task::Topics | Task::Summaries => None,
            Task::Extraction => reading::extraction(data, resampling, report),
            Task::Junk => reading::junk(data, resampling, report),
            Task::Sentences => reading::sentences(data, resampling),
        });
    }
    evaluation.results.data.failed = failed.len();
    evaluation.results.round();
    evaluation
}

/// Topics and summaries.
fn with_model(
    evaluation: &mut Evaluation,
    data: &Data,
    model: &Model,
    tasks: &[Task],
    training: Option<&Training>,
    settings: &Settings,
    tell: &mut dyn FnMut(Event),
) {
    let known = model.analyzer.topics().iter();
    let measured = known.filter(|t| model.topics.contains(&t.id));
    evaluation.topics = measured.map(|t| (t.id.clone(), t.name.clone())).collect();
    let ids = &model.topics;
    let mut cases = cases_of(data, ids, tasks, tell);
    let speed = analyze(&mut cases, model, settings, tell);
    let name = format!("{} {}", model.record.name, model.record.version);
    let results = &mut evaluation.results;
    results.model = Some(model.record.clone());
    results.speed = speed;
    if let Some(analysis) = cases.iter().find_map(|c| c.analysis.as_ref()) {
        let thresholds = analysis.topics.iter().filter(|t| ids.contains(&t.id));
        results.settings.thresholds = thresholds.map(|t| (t.id.clone(), t.threshold)).collect();
    }
    if tasks.contains(&Task::Topics) {
        tell(Event::Computing(Task::Topics));
        if let Some((part, labellings)) = topics(&name, ids, &cases, training, settings) {
            results.parts.push(part);
            evaluation.labellings = labellings;
        }
    }
    if tasks.contains(&Task::Summaries) {
        tell(Event::Computing(Task::Summaries));
        results.parts.extend(summaries(&name, &cases, settings));
    }
    results.articles = records(ids, &cases, &data.columns);
    evaluation.cases = cases;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_topics_that_both_know_are_measured() {
        let model = ["sea", "land", "air"].map(str::to_owned);
        let rows = [
            Row::of_json(r#"{"grades":{"sea":0,"space":3}}"#),
            Row::of_json(r#"{"labels":["land"]}"#),
        ];
        let topics = Topics::new(&model, &rows);
        assert_eq!(topics.measured, ["sea", "land"]);
        assert_eq!(
            (topics.unknown, topics.unlabelled),
            (vec!["space".to_owned()], vec!["air".to_owned()])
        );
        let none = Topics::new(&model, &[Row::of_json(r#"{"labels":[]}"#)]);
        assert_eq!(none.measured, model);
    }

    #[test]
    fn a_page_with_a_summary_is_a_page() {
        let columns = Columns::default();
        let page = Row::of_json(
            r#"{"html":"<p>It rained.</p>","article_body":"It rained.","summary":"Rain."}"#,
        );
        let tasks = |row: &Row| {
            let all = [
                Task::Topics,
                Task::Summaries,
                Task::Extraction,
                Task::Junk,
                Task::Sentences,
            ];
            all.into_iter()
                .filter(|t| fits(*t, row, &columns))
                .collect::<Vec<_>>()
        };
        assert_eq!(tasks(&page), [Task::Extraction]);
        let lines = Row::of_json(r#"{"sentences":["It rained."],"summary":["It rained."]}"#);
        assert_eq!(tasks(&lines), [Task::Summaries, Task::Sentences]);
        // Its text is missing, which is an error to be told, not a row to pass over.
        assert_eq!(
            tasks(&Row::of_json(r#"{"labels":["sea"],"body":"It rained."}"#)),
            [Task::Topics]
        );
        assert!(tasks(&Row::of_json(r#"{"best":[],"summary":" "}"#)).is_empty());
    }
}
