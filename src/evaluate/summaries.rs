//! Figures of summaries against sentences that readers marked.

use super::rouge::{rouge_lsum, rouge_n};

/// One article's summary and what readers marked.
#[derive(Debug, Clone, Default)]
pub struct Judged {
    /// The chosen sentences' texts.
    pub chosen: Vec<String>,
    /// For each chosen sentence whether it is among the best.
    pub best: Vec<bool>,
    /// For each whether it is among the best or the alternates.
    pub either: Vec<bool>,
    /// The best sentences' texts.
    pub reference: Vec<String>,
}

/// Means over articles; the shares over all chosen sentences. ROUGE F1 in percent.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct SummaryFigures {
    /// Share of chosen sentences among the best.
    pub best: f64,
    /// Share among the best and the alternates.
    pub either: f64,
    /// ROUGE-1.
    pub rouge_1: f64,
    /// ROUGE-2.
    pub rouge_2: f64,
    /// ROUGE-Lsum.
    pub rouge_lsum: f64,
}

/// Judges summaries.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "counts of sentences")]
pub fn judge(summaries: &[Judged]) -> SummaryFigures {
    let share = |flags: fn(&Judged) -> &[bool]| {
        let all = summaries.iter().flat_map(|s| flags(s).iter());
        let (hits, count) = all.fold((0, 0), |(h, n), flag| (h + usize::from(*flag), n + 1));
        hits as f64 / f64::from(count.max(1))
    };
    let mean = |score: &dyn Fn(&str, &str) -> f64| {
        let sum: f64 = summaries
            .iter()
            .map(|s| score(&s.reference.join("\n"), &s.chosen.join("\n")))
            .sum();
        100.0 * sum / summaries.len().max(1) as f64
    };
    SummaryFigures {
        best: share(|s| &s.best),
        either: share(|s| &s.either),
        rouge_1: mean(&|r, c| rouge_n(r, c, 1).f1),
        rouge_2: mean(&|r, c| rouge_n(r, c, 2).f1),
        rouge_lsum: mean(&|r, c| rouge_lsum(r, c).f1),
    }
}
