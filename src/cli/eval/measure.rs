//! One run: the model made ready, its topics beside the labels', the evaluation.

use std::time::Instant;

use anyhow::bail;

use super::{Args, inputs};
use crate::analyzer::Analyzer;
use crate::cli::{Common, Ended, say};
use crate::evaluate::cases::Data;
use crate::evaluate::resample::Resampling;
use crate::evaluate::results::{ModelRecord, Task};
use crate::evaluate::suite::{self, Evaluation, Event, Model, Settings, Topics};
use crate::evaluate::topics::TFIDF;

/// Fewer articles than this are remarked on.
const FEW: usize = 30;

pub(super) fn resampling(args: &Args) -> Resampling {
    Resampling {
        count: args.resamples as usize,
        seed: args.seed,
    }
}

/// Runs the evaluation; also whether all rows could be used. Topics that do not
/// fit the model are taken off the tasks.
pub(super) fn measure(
    args: &Args,
    common: &Common,
    data: &Data,
    tasks: &mut Vec<Task>,
) -> anyhow::Result<(Evaluation, bool)> {
    let needs_model = |task: &Task| matches!(task, Task::Topics | Task::Summaries);
    let mut settings = Settings {
        resampling: resampling(args),
        slices: args.slice.clone(),
        ..Settings::default()
    };
    let mut all_used = true;
    let mut training = None;
    let analyzer;
    let mut model = None;
    if tasks.iter().any(needs_model) {
        let start = Instant::now();
        let bundle = common.bundle()?;
        analyzer = args.shape.labels.own.beside(
            Analyzer::new(&bundle, common.engine()?, common.threads())?,
            common,
        )?;
        settings.options = args.shape.options(&analyzer)?;
        settings.options.all_evidence = args.report.is_some();
        let load_seconds = start.elapsed().as_secs_f64();
        let topics = match tasks.contains(&Task::Topics) {
            true => topics(&analyzer, common, data, tasks)?,
            false => Vec::new(),
        };
        if let (Some(path), true) = (&args.baseline, tasks.contains(&Task::Topics)) {
            let (articles, ended) = inputs::training(path, &topics, args, common)?;
            all_used &= ended == Ended::Well;
            training = Some(articles);
        }
        // Without topics that fit there may be nothing left for it to do.
        if tasks.iter().any(needs_model) {
            model = Some(Model {
                analyzer: &analyzer,
                record: ModelRecord {
                    name: bundle.manifest.name.clone(),
                    version: bundle.manifest.version.clone(),
                    sha256: bundle.manifest.digest(),
                },
                load_seconds,
                topics,
            });
        }
    }
    let mut progress = common.progress();
    let mut tell = |event: Event| match event {
        Event::Failed(row, error) => {
            all_used = false;
            say(
                "error",
                format!("{}: row {} {error}", data.path, row.number),
            );
        }
        Event::Analysed(done, all) => progress(&format!("{done} of {all} articles")),
        Event::Computing(task) => progress(&format!("computing figures of {task:?}")),
    };
    let evaluation = suite::run(
        data,
        model.as_ref(),
        tasks,
        training.as_ref(),
        &settings,
        &mut tell,
    );
    for part in &evaluation.results.parts {
        let few = part.items < FEW;
        if few && matches!(part.task, Task::Topics | Task::Summaries) {
            let (path, items) = (&data.path, part.items);
            common.warn(format!(
                "{path}: {items} articles are few; expect other figures on others"
            ));
            break;
        }
    }
    if evaluation.results.parts.is_empty() {
        bail!("{}: no row could be used", data.path);
    }
    let part = evaluation.results.part(Task::Topics);
    if part.is_some_and(|part| part.methods.iter().all(|m| m.name != TFIDF)) {
        common.warn("too few articles to fit TF-IDF on; it is left out");
    }
    Ok((evaluation, all_used))
}

/// Ids of the topics that can be measured. Where there are none and nothing
/// else is left to measure, that is an error.
fn topics(
    analyzer: &Analyzer,
    common: &Common,
    data: &Data,
    tasks: &mut Vec<Task>,
) -> anyhow::Result<Vec<String>> {
    let known: Vec<String> = analyzer.topics().iter().map(|t| t.id.clone()).collect();
    let topics = Topics::new(&known, &data.rows);
    let alike = |a: &str, b: &str| a.trim().to_lowercase() == b.trim().to_lowercase();
    for unknown in &topics.unknown {
        if let Some(known) = known.iter().find(|known| alike(known, unknown)) {
            bail!(
                "{}: the labels say \"{unknown}\"; write the topic \"{known}\"",
                data.path
            );
        }
    }
    let blank = data.rows.iter().filter(|row| row.is_blank()).count();
    if blank > 0 {
        common.warn(format!(
            "{}: {blank} rows have blank labels and count as having no topic",
            data.path
        ));
    }
    let list = |ids: &[String]| match ids {
        [] => "none".to_owned(),
        ids => ids
            .iter()
            .take(10)
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join(", "),
    };
    let path = &data.path;
    if topics.measured.is_empty() {
        let problem = format!(
            "{path}: the labels name topics ({}) that this model does not have; it has {}",
            list(&topics.unknown),
            list(&known)
        );
        tasks.retain(|task| *task != Task::Topics);
        if tasks.is_empty() {
            bail!("{problem}");
        }
        common.warn(format!("{problem}; topics are not measured"));
        return Ok(topics.measured);
    }
    if !topics.unknown.is_empty() {
        let unknown = list(&topics.unknown);
        common.warn(format!(
            "{path}: left out, as this model does not have them: {unknown}"
        ));
    }
    if !topics.unlabelled.is_empty() {
        let unlabelled = list(&topics.unlabelled);
        common.warn(format!(
            "{path}: left out, as no row names them: {unlabelled}"
        ));
    }
    Ok(topics.measured)
}
