//! Simple ways of choosing summary sentences, to compare with.

use std::collections::BTreeSet;

use rand::seq::index::sample;

use super::resample::generator;
use super::rouge::Words;

/// Draws whose scores are averaged where sentences are chosen at random.
pub const DRAWS: u64 = 10;

/// Sentences of an article that [`text_rank`] reads; it compares each with each.
const MOST_RANKED: usize = 2000;

/// Choices of `count` sentences of `sentences` at random, in the article's
/// order. `article` tells the articles of a run apart.
#[must_use]
pub fn random(sentences: usize, count: usize, seed: u64, article: usize) -> Vec<Vec<usize>> {
    (0..DRAWS)
        .map(|draw| {
            // Beyond the purposes of folds and bootstrap samples.
            let mut rng = generator(seed, 1 << 32 | (article as u64) << 8 | draw);
            let mut chosen = sample(&mut rng, sentences, count.min(sentences)).into_vec();
            chosen.sort_unstable();
            chosen
        })
        .collect()
}

/// The `count` sentences that are most like the others, in the article's order:
/// `PageRank` over the likeness of each two sentences, the number of words they
/// share over the sum of the logarithms of their lengths (Mihalcea and Tarau,
/// "`TextRank`: Bringing Order into Texts", EMNLP 2004, sections 2 and 4). Words
/// of more than three letters count, stemmed. Only the first 2,000 sentences are read.
#[must_use]
pub fn text_rank(sentences: &[Words], count: usize) -> Vec<usize> {
    let words: Vec<BTreeSet<&str>> = sentences
        .iter()
        .take(MOST_RANKED)
        .map(|s| s.iter().filter(|w| w.len() > 3).collect())
        .collect();
    #[expect(clippy::cast_precision_loss, reason = "counts of words")]
    let likeness = |a: &BTreeSet<&str>, b: &BTreeSet<&str>| {
        let length = (a.len() as f64).ln() + (b.len() as f64).ln();
        // Sentences of a word or two have no length to speak of.
        if a.len() < 2 || b.len() < 2 {
            0.0
        } else {
            a.intersection(b).count() as f64 / length
        }
    };
    let edges: Vec<Vec<f64>> = (0..words.len())
        .map(|a| {
            let to = |b| {
                if a == b {
                    0.0
                } else {
                    likeness(&words[a], &words[b])
                }
            };
            (0..words.len()).map(to).collect()
        })
        .collect();
    let ranks = page_rank(&edges);
    let mut order: Vec<usize> = (0..ranks.len()).collect();
    order.sort_by(|a, b| ranks[*b].total_cmp(&ranks[*a]).then(a.cmp(b)));
    order.truncate(count);
    order.sort_unstable();
    order
}

/// The ranks of a graph's nodes, of which each passes 0.85 of its own to the others
/// by the weight of its edges.
fn page_rank(edges: &[Vec<f64>]) -> Vec<f64> {
    const DAMPING: f64 = 0.85;
    const STEPS: usize = 50;
    let out: Vec<f64> = edges.iter().map(|e| e.iter().sum()).collect();
    let mut ranks = vec![1.0; edges.len()];
    for _ in 0..STEPS {
        let mut next = vec![1.0 - DAMPING; edges.len()];
        for (from, edges) in edges
            .iter()
            .enumerate()
            .filter(|(from, _)| out[*from] > 0.0)
        {
            let share = DAMPING * ranks[from] / out[from];
            for (next, edge) in next.iter_mut().zip(edges) {
                *next += share * edge;
            }
        }
        ranks = next;
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_choices_follow_the_seed_and_differ_between_articles() {
        assert_eq!(random(30, 3, 1, 0), random(30, 3, 1, 0));
        assert_ne!(random(30, 3, 1, 0), random(30, 3, 1, 1));
        assert_ne!(random(30, 3, 1, 0), random(30, 3, 2, 0));
        for chosen in random(30, 3, 1, 0) {
            assert!(chosen.len() == 3 && chosen.is_sorted() && chosen[2] < 30);
        }
        assert_eq!(random(2, 3, 1, 0)[0], [0, 1]);
        assert!(random(0, 3, 1, 0)[0].is_empty());
    }

    #[test]
    fn the_most_linked_sentences_rank_first() {
        let sentences = [
            "Weather was mild throughout yesterday evening.",
            "The council approved the harbour budget after a heated debate.",
            "Councillors said the harbour budget would rise.",
            "A heated debate about the harbour preceded the council vote.",
        ]
        .map(Words::new);
        assert_eq!(text_rank(&sentences, 1), [1]);
        assert_eq!(text_rank(&sentences, 3), [1, 2, 3]);
        assert_eq!(text_rank(&sentences, 9), [0, 1, 2, 3]);
        assert!(text_rank(&[], 3).is_empty());
    }

    /// Two nodes joined to a third alone: by the fixed point r = 0.15 + 0.85 m/2,
    /// m = 0.15 + 0.85 * 2 r the middle has 1.4595 and the others 0.7703.
    #[test]
    fn ranks_by_hand() {
        let edges = [
            vec![0.0, 1.0, 0.0],
            vec![1.0, 0.0, 1.0],
            vec![0.0, 1.0, 0.0],
        ];
        let ranks = page_rank(&edges);
        assert!((ranks[1] - 1.4595).abs() < 1e-3 && (ranks[0] - 0.7703).abs() < 1e-3);
        assert!((ranks[0] - ranks[2]).abs() < 1e-12);
    }
}
