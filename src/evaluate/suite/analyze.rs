//! Rows to cases, and what a model makes of them.

use std::time::Instant;

use rayon::prelude::*;

use super::{Case, Event, Model, Settings, fits};
use crate::analyzer::TOGETHER;
use crate::article::Article;
use crate::evaluate::cases::{self, Data};
use crate::evaluate::results::{Speed, Task};
use crate::evaluate::summaries::Judge;
use crate::records::Row;

/// The rows that have topics or summaries, as far as they are asked for.
pub(super) fn cases_of(
    data: &Data,
    ids: &[String],
    tasks: &[Task],
    tell: &mut dyn FnMut(Event),
) -> Vec<Case> {
    let made: Vec<Made> = data
        .rows
        .par_iter()
        .filter_map(|row| {
            let asked = |task| tasks.contains(&task) && fits(task, row, &data.columns);
            let (labelled, summarised) = (asked(Task::Topics), asked(Task::Summaries));
            (labelled || summarised).then(|| case(row, data, labelled.then_some(ids), summarised))
        })
        .collect();
    let mut cases = Vec::new();
    for made in made {
        for error in &made.errors {
            tell(Event::Failed(made.row, error));
        }
        cases.extend(made.case);
    }
    cases
}

/// What became of a row.
struct Made<'a> {
    row: &'a Row,
    /// `None` when nothing of it can be used.
    case: Option<Case>,
    errors: Vec<String>,
}

/// A row's case. What is wrong with its topics does not cost its summary, nor the
/// other way round.
fn case<'a>(row: &'a Row, data: &Data, topics: Option<&[String]>, summarised: bool) -> Made<'a> {
    let mut errors = Vec::new();
    let article = match cases::article(row, &data.columns) {
        Ok(article) => article,
        Err(error) => {
            let errors = vec![error.to_string()];
            return Made {
                row,
                case: None,
                errors,
            };
        }
    };
    let grades = topics.and_then(|ids| {
        let grades: Result<Vec<u8>, String> = ids.iter().map(|id| row.grade(id)).collect();
        grades.map_err(|e| errors.push(e)).ok()
    });
    let gold = match summarised {
        true => cases::gold(row, &article),
        false => Ok(None),
    };
    let gold = gold.map_err(|e| errors.push(e)).ok().flatten();
    let judge = gold.map(|gold| Judge::new(&article, &gold));
    let case = (grades.is_some() || judge.is_some()).then(|| Case {
        grades,
        judge,
        row: row.clone(),
        article,
        analysis: None,
        summary: None,
    });
    Made { row, case, errors }
}

/// Runs the model on all articles; `None` when there are none.
pub(super) fn analyze(
    cases: &mut [Case],
    model: &Model,
    settings: &Settings,
    tell: &mut dyn FnMut(Event),
) -> Option<Speed> {
    let (start, count) = (Instant::now(), cases.len());
    for chunk in (0..count).step_by(TOGETHER) {
        let chunk = chunk..(chunk + TOGETHER).min(count);
        let articles: Vec<&Article> = cases[chunk.clone()].iter().map(|c| &c.article).collect();
        let analyses = model.analyzer.analyze_all(&articles, &settings.options);
        for (case, analysis) in cases[chunk.clone()].iter_mut().zip(analyses) {
            match analysis {
                Ok(analysis) => case.analysis = Some(analysis),
                Err(error) => tell(Event::Failed(&case.row, &error.to_string())),
            }
        }
        tell(Event::Analysed(chunk.end, count));
    }
    let seconds = start.elapsed().as_secs_f64();
    cases.par_iter_mut().for_each(|case| {
        let chosen = case.chosen();
        case.summary = case.judge.as_ref().map(|judge| match &case.analysis {
            Some(_) => judge.judge(&chosen),
            None => judge.failed(settings.options.summary.sentences),
        });
    });
    let analyses = cases.iter().flat_map(|c| &c.analysis);
    let tokens: usize = analyses.map(|a| a.tokens).sum();
    #[expect(clippy::cast_precision_loss, reason = "counts")]
    let per_second = |count: usize| count as f64 / seconds;
    (count > 0).then(|| Speed {
        load_seconds: model.load_seconds,
        seconds,
        articles_per_second: per_second(count),
        tokens_per_second: per_second(tokens),
        threads: model.analyzer.threads(),
        peak_memory_mb: peak_memory_mb(),
    })
}

/// Most memory that this process has had, in MB; where the system tells.
fn peak_memory_mb() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"))?;
    let kilobytes: f64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kilobytes / 1024.0)
}
