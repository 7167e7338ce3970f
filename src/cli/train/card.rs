//! What a run tells of the model: tables, and the card that lies in the bundle.

use std::fmt::Write;

use super::data::Data;
use crate::evaluate::summaries::{Scores, figures};
use crate::evaluate::{average_precision, f1, precision, recall};
use crate::model::Manifest;
use crate::records::POSITIVE;
use crate::topics::{Definitions, Entry};
use crate::train::{few, summary, topics};

/// What the topics reach on the articles that each part had not seen, as Markdown.
pub fn topics(data: &Data, fitted: &topics::Fitted) -> String {
    let mut table = String::from(
        "| topic, held out | articles | precision | recall | F1 | AP | threshold |\n\
         | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n",
    );
    let mut macro_f1 = 0.0;
    for (index, topic) in data.entries.iter().enumerate() {
        let calibration = fitted.calibrations[index];
        let labels: Vec<bool> = data.grades.iter().map(|g| g[index] >= POSITIVE).collect();
        let scores: Vec<f64> = fitted
            .held_out
            .iter()
            .map(|l| f64::from(calibration.platt.probability(l[index])))
            .collect();
        let holds: Vec<bool> = scores
            .iter()
            .map(|p| *p >= f64::from(calibration.threshold))
            .collect();
        let score = f1(&holds, &labels);
        #[expect(clippy::cast_precision_loss, reason = "a count of topics")]
        let share = 1.0 / data.entries.len() as f64;
        macro_f1 += share * score;
        let _ = writeln!(
            table,
            "| {} | {} | {:.3} | {:.3} | {score:.3} | {:.3} | {:.3} |",
            topic.id,
            labels.iter().filter(|l| **l).count(),
            precision(&holds, &labels),
            recall(&holds, &labels),
            average_precision(&scores, &labels),
            calibration.threshold
        );
    }
    let _ = writeln!(table, "| macro | | | | {macro_f1:.3} | | |");
    table
}

/// What summaries of three sentences reach on articles that their scorer had not seen, as
/// Markdown: those with marked sentences by these, the others by the written summaries.
pub fn summaries(examples: &[summary::Example], scorers: &[(&str, Vec<Vec<usize>>)]) -> String {
    let of = |is_marked| -> Vec<usize> {
        let all = 0..examples.len();
        all.filter(|&i| examples[i].judge.is_marked() == is_marked)
            .collect()
    };
    let mut table = String::new();
    for (kind, picked, columns) in [
        ("marked", of(true), &["best", "best_or_alternate"][..]),
        ("written", of(false), &["rouge_1", "rouge_2", "rouge_lsum"]),
    ] {
        if picked.is_empty() {
            continue;
        }
        let names = columns.join(" | ").replace('_', " ");
        let _ = writeln!(
            table,
            "\n| summaries, {} {kind}, held out | {names} |\n| --- |{}",
            picked.len(),
            " ---: |".repeat(columns.len())
        );
        for (name, chosen) in scorers {
            let judged = examples.iter().zip(chosen);
            let judged: Vec<Scores> = judged.map(|(e, chosen)| e.judge.judge(chosen)).collect();
            let figures = figures(&judged, &picked);
            let _ = write!(table, "| {name} |");
            for column in columns {
                let value = figures.iter().find(|(name, _)| name == column);
                let _ = match value {
                    Some((_, value)) if *value > 1.0 => write!(table, " {value:.1} |"),
                    Some((_, value)) => write!(table, " {value:.3} |"),
                    None => write!(table, " |"),
                };
            }
            table.push('\n');
        }
    }
    table
}

/// The model card of a bundle with the topics of another.
pub fn of_summaries(
    manifest: &Manifest,
    base: &Manifest,
    definitions: &Definitions,
    figures: &str,
) -> String {
    let mut card = begin(manifest);
    for topic in &definitions.topics {
        let _ = writeln!(
            card,
            "* **{}** ({}): {}",
            topic.name, topic.id, topic.definition
        );
    }
    let _ = write!(
        card,
        "\nThe topics are those of {} {}.\n\n## Figures\n\nOn the marked articles, each scored \
         by a part that had not seen it.\n{figures}\n{LIMITS}",
        base.name, base.version
    );
    card
}

const LIMITS: &str = "## Limits\n\n\
     English news like the articles that it was fitted on; on other kinds expect less. \
     `classify eval -m BUNDLE --data TABLE` measures it on yours.\n";

fn begin(manifest: &Manifest) -> String {
    let (name, version) = (&manifest.name, &manifest.version);
    let provenance = &manifest.provenance;
    format!(
        "# {name} {version}\n\nMade by {}. Encoder: {}, licence {}.\n\n## Topics\n\n",
        provenance.heads, provenance.encoder, manifest.licence
    )
}

/// The model card of a bundle.
pub fn card(manifest: &Manifest, data: &Data, kind: &str, figures: &str) -> String {
    let mut card = begin(manifest);
    for topic in &data.entries {
        let definition = match topic.definition.as_str() {
            "" => "no definition",
            definition => definition,
        };
        let _ = writeln!(card, "* **{}** ({}): {definition}", topic.name, topic.id);
    }
    let how = match kind {
        few::KIND if data.entries.iter().any(Entry::is_defined) => {
            "told by the definitions, which the articles correct"
        }
        few::KIND => "told by a simple model, fitted on few articles",
        _ => "told by heads and a word model, fitted on the articles",
    };
    let articles = data.set.articles.len();
    let _ = write!(
        card,
        "\nThe topics are {how}. A topic holds from its threshold on.\n\n\
         ## Figures\n\n\
         On the {articles} labelled articles, each told by a part that had not seen it; the \
         thresholds were chosen from the same figures.\n\n{figures}\n{LIMITS}"
    );
    card
}
