//! Fitting the model of page junk: logistic regression by AdaGrad (Duchi et al., 2011).
//!
//! Readers' marks are few, so two kinds of weak positives from unmarked articles are added: what
//! the rules call junk, and sentences that recur in the articles of one or two sources. All other
//! sentences of those articles are negatives.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use crate::article::junk::{FEATURES, Sample, samples};

/// An article whose junk a reader marked.
#[derive(Debug, Clone)]
pub struct Marked {
    /// Its title, when known.
    pub title: Option<String>,
    /// Its text.
    pub text: String,
    /// The marked spans, in bytes of the text.
    pub junk: Vec<Range<usize>>,
}

/// An article that nobody marked.
#[derive(Debug, Clone)]
pub struct Unmarked {
    /// Where it was published.
    pub source: String,
    /// Its title, when known.
    pub title: Option<String>,
    /// Its text.
    pub text: String,
}

const EPOCHS: usize = 10;
const STEP: f32 = 0.1;
const PENALTY: f32 = 1e-4;
/// Steps of a stored weight in 1.
const SCALE: f32 = 24.0;
/// What a sentence counts by the source of its label; an unmarked negative counts 1.
const MARKED: f32 = 3.0;
const RULED: f32 = 0.3;
const RECURRING: f32 = 2.0;

struct Item {
    features: Vec<u16>,
    junk: bool,
    cost: f32,
}

/// Fits the model: one signed byte for every feature. Unmarked articles whose text is also among
/// the marked ones are left out.
#[must_use]
pub fn fit(marked: &[Marked], unmarked: &[Unmarked]) -> Vec<u8> {
    let known: HashSet<&str> = marked.iter().map(|article| article.text.as_str()).collect();
    let others: Vec<&Unmarked> = unmarked
        .iter()
        .filter(|article| !known.contains(article.text.as_str()))
        .collect();
    let mut items = marked_items(marked);
    items.extend(unmarked_items(&others));
    weights(&items)
        .iter()
        .map(|weight| quantised(*weight))
        .collect()
}

#[expect(clippy::cast_possible_truncation, reason = "held to the range of i8")]
fn quantised(weight: f32) -> u8 {
    ((weight * SCALE).round().clamp(-127.0, 127.0) as i8).cast_unsigned()
}

fn marked_items(articles: &[Marked]) -> Vec<Item> {
    let mut items = Vec::new();
    for article in articles {
        for sample in samples(&article.text, article.title.as_deref()) {
            let covered = |span: &Range<usize>| {
                let end = span.end.min(sample.range.end);
                end.saturating_sub(span.start.max(sample.range.start))
            };
            let marked: usize = article.junk.iter().map(covered).sum();
            items.push(Item {
                junk: 2 * marked > sample.range.len(),
                features: sample.features,
                cost: MARKED,
            });
        }
    }
    items
}

/// In how many articles, and of which sources, a sentence stands.
#[derive(Default)]
struct Seen<'a> {
    articles: f32,
    last: Option<usize>,
    sources: HashSet<&'a str>,
}

fn unmarked_items(articles: &[&Unmarked]) -> Vec<Item> {
    let sampled: Vec<(&Unmarked, Vec<Sample>)> = articles
        .iter()
        .map(|article| (*article, samples(&article.text, article.title.as_deref())))
        .collect();
    let mut seen: HashMap<&str, Seen> = HashMap::new();
    for (at, (article, samples)) in sampled.iter().enumerate() {
        for sample in samples {
            let seen = seen.entry(&article.text[sample.range.clone()]).or_default();
            if seen.last != Some(at) {
                seen.articles += 1.0;
                seen.last = Some(at);
                seen.sources.insert(&article.source);
            }
        }
    }
    let mut items = Vec::new();
    for (article, samples) in &sampled {
        for sample in samples {
            let Some(seen) = seen.get(&article.text[sample.range.clone()]) else {
                continue;
            };
            let recurs = seen.articles >= 3.0 && seen.sources.len() <= 2 && sample.range.len() >= 8;
            // However often a line recurs, it counts no more than a few.
            let (junk, cost) = if sample.ruled {
                (true, RULED * (2.0 / seen.articles).min(1.0))
            } else if recurs {
                (true, RECURRING * (3.0 / seen.articles).min(1.0))
            } else if seen.articles >= 2.0 {
                // A stock phrase of speech, or an article printed twice.
                continue;
            } else {
                (false, 1.0)
            };
            items.push(Item {
                features: sample.features.clone(),
                junk,
                cost,
            });
        }
    }
    items
}

/// The mean of the weights after each epoch of the second half.
fn weights(items: &[Item]) -> Vec<f32> {
    let mut weights = vec![0.0f32; FEATURES];
    let mut squares = vec![1e-6f32; FEATURES];
    let mut mean = vec![0.0f32; FEATURES];
    let mut order: Vec<usize> = (0..items.len()).collect();
    let mut seed = 7u64;
    for epoch in 0..EPOCHS {
        shuffle(&mut order, &mut seed);
        for &at in &order {
            let item = &items[at];
            let slots = || item.features.iter().map(|slot| usize::from(*slot));
            let sum: f32 = slots().map(|slot| weights[slot]).sum();
            let probability = 1.0 / (1.0 + (-sum).exp());
            let target = if item.junk { 1.0 } else { 0.0 };
            let error = (probability - target) * item.cost;
            for slot in slots() {
                let gradient = error + PENALTY * weights[slot];
                squares[slot] += gradient * gradient;
                weights[slot] -= STEP * gradient / squares[slot].sqrt();
            }
        }
        if epoch >= EPOCHS / 2 {
            for (mean, weight) in mean.iter_mut().zip(&weights) {
                *mean += weight * 2.0 / EPOCHS as f32;
            }
        }
    }
    mean
}

/// Fisher-Yates, the same on every machine and with every version of a library.
fn shuffle(order: &mut [usize], seed: &mut u64) {
    for last in (1..order.len()).rev() {
        *seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        order.swap(last, (*seed >> 33) as usize % (last + 1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::article::junk::Weights;

    const PROSE: &str = "The harbour council agreed on Tuesday to rebuild the northern pier before \
        the ferries return in the spring.";

    fn text(lines: &str) -> String {
        let prose = [PROSE; 5].join("\n");
        format!("{prose}\n{lines}\n{prose}")
    }

    fn samples_of(line: &str) -> Vec<Sample> {
        samples(&text(line), None)
    }

    #[test]
    fn what_recurs_at_one_source_is_junk_and_what_everyone_says_is_not() {
        let article = |source: &str, number: usize, line: &str| Unmarked {
            source: source.to_owned(),
            title: None,
            text: text(&format!("{line}\n{PROSE}\nNobody asked for pier {number}")),
        };
        let mut articles = Vec::new();
        for number in 0..20 {
            articles.push(article(
                "journal",
                number,
                "Members of our circle get the map",
            ));
            let source = format!("paper {number}");
            articles.push(article(&source, 100 + number, "They were wrong"));
        }
        let weights = Weights::from_bytes(&fit(&[], &articles));
        let is_junk = |line: &str| {
            samples_of(line)
                .iter()
                .any(|sample| weights.is_junk(line, &sample.features))
        };
        assert!(is_junk("Members of our circle get the map"));
        assert!(!is_junk("Nobody asked for pier 7"));
    }
}
