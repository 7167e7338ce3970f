//! Summaries beside the reader's sentences.

use super::{about, title};
use crate::evaluate::suite::Case;

/// Most summaries that are shown.
const SUMMARIES: usize = 8;
/// Most characters of a sentence in a summary that are shown.
const SENTENCE: usize = 600;

/// A summary beside the best sentences.
pub(super) struct Example {
    pub title: String,
    pub about: String,
    pub own: Vec<(String, &'static str)>,
    pub best: Vec<String>,
}

/// The summaries that are furthest from the best sentences, or from what was written.
pub(super) fn examples(cases: &[Case]) -> Vec<Example> {
    let mut judged: Vec<(&Case, f64)> = cases
        .iter()
        .filter_map(|case| {
            let scores = case.summary?;
            let hits = scores.either.or(scores.best).unwrap_or_default();
            let either = hits / scores.chosen.max(1.0);
            Some((case, either * 1000.0 + scores.rouge[0]))
        })
        .collect();
    judged.sort_by(|a, b| a.1.total_cmp(&b.1));
    judged
        .iter()
        .take(SUMMARIES)
        .filter_map(|(case, _)| example(case))
        .collect()
}

fn example(case: &Case) -> Option<Example> {
    let (judge, scores) = (case.judge.as_ref()?, case.summary?);
    let text = |s: usize| shorten(&case.article.text[judge.sentences[s].bytes.clone()]);
    let kind = |s: usize| match () {
        () if judge.is_best(s) => "best",
        () if judge.is_alternate(s) => "alternate",
        () => "",
    };
    let mut about = about(case);
    about.push(format!("ROUGE-1 {:.0}", scores.rouge[0]));
    Some(Example {
        title: title(case),
        about: about.join(" · "),
        own: case
            .chosen()
            .into_iter()
            .map(|s| (text(s), kind(s)))
            .collect(),
        best: judge.reference.iter().map(|line| shorten(line)).collect(),
    })
}

/// A text of at most [`SENTENCE`] characters and a sign that more followed.
fn shorten(text: &str) -> String {
    match text.char_indices().nth(SENTENCE) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
