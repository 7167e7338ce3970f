//! The whole evaluation of a model on a set of labelled rows.

use std::collections::BTreeMap;
use std::time::Instant;

use rayon::prelude::*;

use super::cases::{self, Data};
use super::figures::{Measured, measure, measure_one};
use super::labels::Labelling;
use super::resample::Resampling;
use super::results::{ArticleRecord, Part, Speed, Task, TopicRecord};
use super::summaries::{self, Judge, Scores};
use super::topics::{self, Judged, Training};
use super::{extracts, slices};
use crate::analysis::Analysis;
use crate::analyzer::{Analyzer, Options};
use crate::article::Article;
use crate::batch::TOGETHER;
use crate::records::Row;

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

/// A labelled article, what the model made of it and how that fares.
#[derive(Debug, Clone)]
pub struct Case {
    /// The row.
    pub row: Row,
    /// Its article.
    pub article: Article,
    /// A reader's grade of each topic; `None` when the row is not labelled.
    pub grades: Option<Vec<u8>>,
    /// What summaries of it are judged by; `None` when there is nothing.
    pub judge: Option<Judge>,
    /// What the model made of it; `None` when it failed.
    pub analysis: Option<Analysis>,
    /// How its summary fares.
    pub summary: Option<Scores>,
}

/// What is told while an evaluation runs.
#[derive(Debug)]
pub enum Event<'a> {
    /// A row cannot be used, and why.
    Failed(&'a Row, &'a str),
    /// So many of so many articles are analysed.
    Progress(usize, usize),
}

/// Whether a row has what a task compares with.
#[must_use]
pub fn fits(task: Task, row: &Row) -> bool {
    let has = |column| row.list(column).is_some();
    match task {
        Task::Topics => row.is_labelled(),
        Task::Summaries => {
            let texts = ["extract", "reference", "summary", "highlights"];
            let lists = ["best", "references", "reference", "summary", "highlights"];
            let filled = |c| row.list(c).is_some_and(|list| !list.is_empty());
            lists.into_iter().any(filled) || texts.into_iter().any(|c| row.text_of(c).is_some())
        }
        Task::Extraction => ["html", "article_body"].map(|c| row.text_of(c).is_some()) == [true; 2],
        Task::Junk => has("junk"),
        Task::Sentences => row.texts("sentences").is_some(),
    }
}

/// Analyses the rows that have topics or summaries, as far as they are among
/// `tasks`, to compare with. Rows that
/// cannot be used are told of and left out; articles that the model fails on
/// stay, as labelled with nothing and without a summary.
pub fn analyze(
    data: &Data,
    analyzer: &Analyzer,
    settings: &Settings,
    tasks: &[Task],
    mut tell: impl FnMut(Event),
) -> (Vec<Case>, Speed) {
    let topics: Vec<String> = analyzer.topics().iter().map(|t| t.id.clone()).collect();
    let mut cases = Vec::new();
    for row in &data.rows {
        let asked = |task: Task| tasks.contains(&task) && fits(task, row);
        if !asked(Task::Topics) && !asked(Task::Summaries) {
            continue;
        }
        let case = case(row, data, &topics, &asked);
        match case {
            Ok(case) => cases.push(case),
            Err(error) => tell(Event::Failed(row, &error)),
        }
    }
    let options = Options {
        all_evidence: true,
        ..settings.options.clone()
    };
    let (start, count) = (Instant::now(), cases.len());
    for chunk in (0..count).step_by(TOGETHER) {
        let chunk = chunk..(chunk + TOGETHER).min(count);
        let articles: Vec<&Article> = cases[chunk.clone()].iter().map(|c| &c.article).collect();
        let analyses = analyzer.analyze_all(&articles, &options);
        for (case, analysis) in cases[chunk.clone()].iter_mut().zip(analyses) {
            match analysis {
                Ok(analysis) => case.analysis = Some(analysis),
                Err(error) => tell(Event::Failed(&case.row, &error.to_string())),
            }
        }
        tell(Event::Progress(chunk.end, count));
    }
    let seconds = start.elapsed().as_secs_f64();
    cases.par_iter_mut().for_each(|case| {
        let chosen = chosen(case);
        case.summary = case.judge.as_ref().map(|judge| judge.judge(&chosen));
    });
    let tokens: usize = cases
        .iter()
        .flat_map(|c| &c.analysis)
        .map(|a| a.tokens)
        .sum();
    #[expect(clippy::cast_precision_loss, reason = "counts")]
    let speed = Speed {
        load_seconds: 0.0,
        seconds,
        articles_per_second: count as f64 / seconds,
        tokens_per_second: tokens as f64 / seconds,
        threads: analyzer.threads(),
        peak_memory_mb: peak_memory_mb(),
    };
    (cases, speed)
}

fn case(
    row: &Row,
    data: &Data,
    topics: &[String],
    asked: &dyn Fn(Task) -> bool,
) -> Result<Case, String> {
    let article = cases::article(row, &data.columns).map_err(|e| e.to_string())?;
    let grades = || topics.iter().map(|id| row.grade(id)).collect();
    let gold = match asked(Task::Summaries) {
        true => cases::gold(row, &article)?,
        false => None,
    };
    Ok(Case {
        grades: asked(Task::Topics).then(grades).transpose()?,
        judge: gold.map(|gold| Judge::new(&article, &gold)),
        row: row.clone(),
        article,
        analysis: None,
        summary: None,
    })
}

/// Numbers of the sentences in the model's summary.
#[must_use]
pub fn chosen(case: &Case) -> Vec<usize> {
    let summary = case.analysis.iter().flat_map(|a| &a.summary);
    summary.map(|s| s.place.sentence).collect()
}

/// Most memory that this process has had, in MB; where the system tells.
fn peak_memory_mb() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"))?;
    let kilobytes: f64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kilobytes / 1024.0)
}

/// The part of topic labels, and what each method said of the labelled
/// articles; `None` when no article is labelled.
#[must_use]
pub fn topics(
    model: &str,
    ids: &[String],
    cases: &[Case],
    training: Option<&Training>,
    settings: &Settings,
) -> Option<(Part, Vec<Labelling>)> {
    let judged: Vec<Judged> = cases
        .iter()
        .filter_map(|case| {
            let of = |topic: usize| {
                let result = case.analysis.as_ref().map(|a| &a.topics[topic]);
                result.map_or((false, 0.0), |r| (r.label, f64::from(r.probability)))
            };
            Some(Judged {
                text: with_title(&case.article),
                grades: case.grades.clone()?,
                graded: case.row.is_graded(),
                model: (0..ids.len()).map(of).collect(),
                traits: cases::traits(&case.row, &case.article, &settings.slices),
            })
        })
        .collect();
    let resampling = settings.resampling;
    (!judged.is_empty()).then(|| topics::part(model, ids, &judged, training, resampling))
}

/// What the TF-IDF baseline reads of an article.
#[must_use]
pub fn with_title(article: &Article) -> String {
    let title = article.title.as_deref().unwrap_or_default();
    format!("{title}\n{}", article.text)
}

/// The part of summaries; `None` when there is nothing to compare with.
#[must_use]
pub fn summaries(model: &str, cases: &[Case], settings: &Settings) -> Option<Part> {
    let judged: Vec<(&Case, &Judge, Scores)> = cases
        .iter()
        .filter_map(|case| Some((case, case.judge.as_ref()?, case.summary?)))
        .collect();
    if judged.is_empty() {
        return None;
    }
    let count = settings.options.summary_sentences;
    let seed = settings.resampling.seed;
    type Choice<'a> = &'a (dyn Fn(usize, &Judge) -> Scores + Sync);
    let each = |choice: Choice| -> Vec<Scores> {
        let numbered = judged.par_iter().enumerate();
        numbered
            .map(|(i, (_, judge, _))| choice(i, judge))
            .collect()
    };
    let methods = [
        (model, judged.iter().map(|(_, _, own)| *own).collect()),
        (
            "first sentences, junk dropped",
            each(&|_, judge| judge.judge(&judge.lead(count))),
        ),
        (
            "TextRank",
            each(&|_, judge| judge.judge(&extracts::text_rank(&judge.words, count))),
        ),
        (
            "random",
            each(&|i, judge| {
                let draws = extracts::random(judge.sentences.len(), count, seed, i);
                let scores: Vec<Scores> = draws.iter().map(|d| judge.judge(d)).collect();
                summaries::mean(&scores)
            }),
        ),
        (
            "greedy oracle (ceiling)",
            each(&|_, judge| judge.judge(&judge.oracle(count))),
        ),
    ];
    let measured: Vec<Measured> = methods
        .iter()
        .map(|(name, scores): &(&str, Vec<Scores>)| -> Measured {
            (
                (*name).to_owned(),
                Box::new(move |picked| summaries::figures(scores, picked)),
            )
        })
        .collect();
    let resampling = settings.resampling;
    let marked = judged.iter().filter(|(_, _, s)| s.best.is_some()).count();
    let traits: Vec<BTreeMap<String, String>> = judged
        .iter()
        .map(|(case, _, _)| cases::traits(&case.row, &case.article, &settings.slices))
        .collect();
    let traits: Vec<&BTreeMap<String, String>> = traits.iter().collect();
    let own = &methods[0].1;
    Some(Part {
        task: Task::Summaries,
        items: judged.len(),
        counts: BTreeMap::from([("marked".to_owned(), marked)]),
        methods: measure(&measured, judged.len(), resampling),
        confusion: None,
        slices: slices::cut(&traits, |members| {
            measure_one(members.len(), resampling, |picked| {
                let picked: Vec<usize> = picked.iter().map(|i| members[*i]).collect();
                let mut figures = summaries::figures(own, &picked);
                figures.retain(|(name, _)| {
                    ["best", "best_or_alternate", "rouge_1"].contains(&name.as_str())
                });
                figures
            })
        }),
    })
}

/// What the model made of each article, for later comparisons.
#[must_use]
pub fn records(
    ids: &[String],
    cases: &[Case],
    columns: &crate::records::Columns,
) -> Vec<ArticleRecord> {
    cases
        .iter()
        .map(|case| {
            let topics = ids.iter().enumerate().filter_map(|(topic, id)| {
                let result = case.analysis.as_ref().map(|a| &a.topics[topic]);
                let record = TopicRecord {
                    grade: case.grades.as_ref()?[topic],
                    label: result.is_some_and(|r| r.label),
                    probability: result.map_or(0.0, |r| f64::from(r.probability)),
                };
                Some((id.clone(), record))
            });
            ArticleRecord {
                row: case.row.number,
                id: case.row.text_of(&columns.id),
                topics: topics.collect(),
                summary: case.summary,
            }
        })
        .collect()
}
