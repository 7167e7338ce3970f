//! Figures of summaries, beside the first sentences.

use std::io::Write;

use super::Labelled;
use crate::article::{Sentence, segment};
use crate::cli::files::Output;
use crate::evaluate::summaries::{self, Judged};
use crate::records::is_marked;

/// Writes the figures of the summaries and of the first sentences.
pub(super) fn table(out: &mut Output, labelled: &Labelled) -> anyhow::Result<()> {
    let (mut own, mut lead) = (Vec::new(), Vec::new());
    for ((row, article), analysis) in labelled.table.articles.iter().zip(&labelled.analyses) {
        let Some(best) = row.spans("best") else {
            continue;
        };
        let alternates = row.spans("alternates").unwrap_or_default();
        let sentences = segment(article).sentences;
        let chars: Vec<char> = article.text.chars().collect();
        let reference: Vec<String> = best
            .iter()
            .filter_map(|span| chars.get(span.clone()).map(|c| c.iter().collect()))
            .collect();
        let judged = |chosen: Vec<&Sentence>| {
            let is_best = |s: &&Sentence| is_marked(&s.chars, &best);
            let is_either = |s: &&Sentence| is_best(s) || is_marked(&s.chars, &alternates);
            Judged {
                best: chosen.iter().map(is_best).collect(),
                either: chosen.iter().map(is_either).collect(),
                chosen: chosen
                    .iter()
                    .map(|s| article.text[s.bytes.clone()].to_owned())
                    .collect(),
                reference: reference.clone(),
            }
        };
        let summary = analysis.iter().flat_map(|a| &a.summary);
        let chosen: Vec<&Sentence> = summary.map(|s| &sentences[s.place.sentence]).collect();
        lead.push(judged(sentences.iter().take(chosen.len()).collect()));
        own.push(judged(chosen));
    }
    writeln!(
        out,
        "| summaries, {} articles | best | best or alternate | ROUGE-1 | ROUGE-2 | ROUGE-Lsum |",
        own.len()
    )?;
    writeln!(out, "| --- | ---: | ---: | ---: | ---: | ---: |")?;
    for (name, summaries) in [
        ("topicwire", &own),
        ("first sentences, junk dropped", &lead),
    ] {
        let f = summaries::judge(summaries);
        let (b, e, one, two, l) = (f.best, f.either, f.rouge_1, f.rouge_2, f.rouge_lsum);
        writeln!(
            out,
            "| {name} | {b:.3} | {e:.3} | {one:.1} | {two:.1} | {l:.1} |"
        )?;
    }
    Ok(())
}
