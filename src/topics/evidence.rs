//! Which sentences carried a decision.

use candle_core::Result;

use super::head::{Head, HeadOutput, POOLS};

/// Most evidence sentences that are kept of one topic.
const MAX_EVIDENCE: usize = 5;
/// Least share of the whole that is worth showing.
const MIN_SHARE: f32 = 0.05;

/// How much each row of an article adds to one topic's logit: its part of the
/// attention-pooled value and of every mean of highest sentence logits that it
/// is in. The output must be that of a single article.
pub fn contributions(head: &Head, output: &HeadOutput, topic: usize) -> Result<Vec<f32>> {
    let of_topic = |t: &candle_core::Tensor| t.get(0)?.get(topic)?.to_vec1::<f32>();
    let attention = of_topic(&output.attention)?;
    let values = of_topic(&output.values)?;
    let logits = of_topic(&output.sentences)?;
    let weights = head.feature_weights(topic)?;

    let mut total: Vec<f32> = attention
        .iter()
        .zip(&values)
        .map(|(a, v)| weights[0] * a * v)
        .collect();
    let mut order: Vec<usize> = (0..logits.len()).collect();
    order.sort_by(|&a, &b| logits[b].total_cmp(&logits[a]).then(a.cmp(&b)));
    for (k, weight) in POOLS.into_iter().zip(&weights[1..]) {
        let k = k.min(order.len());
        #[expect(clippy::cast_precision_loss, reason = "at most 8")]
        let share = weight / k as f32;
        // A sentence that is not on topic does not speak for it, whatever the weights.
        for &row in order[..k].iter().filter(|&&row| logits[row] > 0.0) {
            total[row] += share * logits[row];
        }
    }
    Ok(total)
}

/// How far a word logit of 1 raises a sentence.
const BY_WORDS: f32 = 0.6;
/// Word logits beyond this say no more: a few words that all name the topic reach any height.
const MOST: f32 = 3.0;
/// Words that a sentence needs to say something by itself.
const WORDS: f32 = 14.0;
/// What a sentence is worth that leans on the one before it.
const LEANING: f32 = 0.4;
/// What a question, an aside or a line without an end is worth.
const NO_STATEMENT: f32 = 0.4;
/// What one of the first sentences is worth, which say what the article is about.
const LEAD: f32 = 1.25;
/// How many those are.
const LEADING: usize = 3;
/// Openings that lean on what was said before.
const OPENINGS: [&str; 20] = [
    "he", "she", "it", "they", "we", "i", "that", "his", "her", "its", "their", "but", "and", "so",
    "also", "another", "others", "some", "then", "today",
];
/// Words that lean on what was said before where they stand among the first few.
const POINTERS: [&str; 4] = ["this", "these", "those", "such"];
/// So many.
const FIRST: usize = 6;

/// What a sentence is worth as evidence, of what it adds to the decision and how plainly it
/// speaks. The root, since sentences that add much add about as much: among those it is for
/// plainness to choose.
pub fn convincing(contribution: f32, plainness: f32) -> f32 {
    contribution.max(0.0).sqrt() * plainness
}

/// How plainly each sentence speaks for a topic by itself: embeddings know what stands around
/// a sentence, a reader who sees it alone does not. `words` are the sentences' word logits,
/// `before` the sentences of the article that come before them.
pub fn plainness(sentences: &[&str], words: impl Iterator<Item = f32>, before: usize) -> Vec<f32> {
    sentences
        .iter()
        .zip(words)
        .enumerate()
        .map(|(number, (text, logit))| {
            #[expect(clippy::cast_precision_loss, reason = "a count of words")]
            let whole = (text.split_whitespace().count() as f32 / WORDS).min(1.0);
            let mut plain = (BY_WORDS * logit.clamp(-MOST, MOST)).exp() * whole * whole;
            for (holds, worth) in [
                (leans(text), LEANING),
                (!is_statement(text), NO_STATEMENT),
                (before + number < LEADING, LEAD),
            ] {
                plain *= if holds { worth } else { 1.0 };
            }
            plain
        })
        .collect()
}

fn leans(text: &str) -> bool {
    let lower = text.to_lowercase();
    let mut words = lower
        .split(|c: char| !c.is_alphabetic())
        .filter(|word| !word.is_empty())
        .take(FIRST)
        .peekable();
    words.peek().is_some_and(|first| OPENINGS.contains(first))
        || words.any(|word| POINTERS.contains(&word))
}

fn is_statement(text: &str) -> bool {
    let text = text.trim_end_matches(['"', '”', '’', '\'', ')', ']']);
    text.ends_with(['.', '!', '…', ':', ';', ',']) && !text.starts_with('(')
}

/// The strongest sentences with their share of all positive contributions.
pub fn strongest(contributions: &[f32]) -> Vec<(usize, f32)> {
    let sum: f32 = contributions.iter().filter(|c| **c > 0.0).sum();
    let mut shares: Vec<(usize, f32)> = contributions
        .iter()
        .enumerate()
        .filter(|(_, c)| **c > 0.0)
        .map(|(sentence, c)| (sentence, c / sum))
        .filter(|(_, share)| *share >= MIN_SHARE)
        .collect();
    shares.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    shares.truncate(MAX_EVIDENCE);
    shares
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_is_what_speaks_for_the_topic_strongest_first() {
        let evidence = strongest(&[0.1, 3.0, -5.0, 1.0, 0.9]);
        let sentences: Vec<usize> = evidence.iter().map(|e| e.0).collect();
        assert_eq!(sentences, [1, 3, 4]);
        assert!((evidence[0].1 - 0.6).abs() < 1e-6);
    }

    #[test]
    fn a_sentence_that_says_it_by_itself_is_the_plainer_one() {
        let texts = [
            "The council said that burglars had broken into its network and copied the files of 9,000 tenants.",
            "It denied this.",
            "The council said that burglars had broken into its depot and taken the wheels of nine lorries.",
        ];
        let plain = plainness(&texts, [2.0, 2.0, -1.0].into_iter(), 0);
        assert!(plain[0] > plain[2] && plain[2] > plain[1], "{plain:?}");
        let fragments = [
            "Hackers, hackers, hackers",
            "Today it is hackers.",
            texts[2],
        ];
        let plain = plainness(&fragments, [9.0, 9.0, 0.0].into_iter(), 0);
        assert!(plain[2] > plain[0] && plain[2] > plain[1], "{plain:?}");
    }

    #[test]
    fn no_sentence_speaks_for_an_absent_topic() {
        assert_eq!(strongest(&[-1.0, -2.0]), []);
        assert_eq!(strongest(&[]), []);
    }
}
