//! Long articles, read in sections.
//!
//! Heads are fitted on news of ordinary length, where most of an article speaks of its
//! topics. In a report of 10,000 words one section on a topic is lost among the others, so
//! long articles are scored in sections as well, and a topic holds as surely as it does in
//! the section that speaks of it most.

use candle_core::Result;

use super::{Reading, TopicScore};

/// Fewest sentences of a section, about an article of news. An article of fewer than twice
/// as many is read whole.
const LEAST: usize = 30;

/// Scores an article whole and, when it is long, in sections of equal length, each under the
/// article's title. Of each topic the highest score counts, with its evidence.
///
/// # Errors
/// When `score` fails or the shapes do not fit.
pub fn by_sections(
    reading: &Reading,
    score: impl Fn(&Reading) -> Result<Vec<TopicScore>>,
) -> Result<Vec<TopicScore>> {
    let mut scores = score(reading)?;
    let count = reading.sentences.len();
    let sections = count / LEAST;
    if sections < 2 {
        return Ok(scores);
    }
    for section in 0..sections {
        let (from, to) = (section * count / sections, (section + 1) * count / sections);
        let part = Reading {
            title: reading.title,
            sentences: &reading.sentences[from..to],
            embeddings: &reading.embeddings.narrow(0, from, to - from)?,
        };
        for (best, mut found) in scores.iter_mut().zip(score(&part)?) {
            if found.logit > best.logit {
                found.evidence.iter_mut().for_each(|(i, _)| *i += from);
                *best = found;
            }
        }
    }
    Ok(scores)
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::{Device, Tensor};

    /// The mean of the first dimension decides; the sentence with most of it is evidence.
    fn mean(reading: &Reading) -> Result<Vec<TopicScore>> {
        let values = reading.embeddings.get_on_dim(1, 0)?.to_vec1::<f32>()?;
        let logit = values.iter().sum::<f32>() / values.len() as f32;
        let most = (0..values.len()).max_by(|&a, &b| values[a].total_cmp(&values[b]));
        Ok(vec![TopicScore {
            logit,
            probability: logit,
            evidence: vec![(most.unwrap_or(0), 1.0)],
        }])
    }

    fn scored(on_topic: std::ops::Range<usize>, count: usize) -> TopicScore {
        let value = |i| f32::from(u8::from(on_topic.contains(&i)));
        let rows: Vec<f32> = (0..count).map(value).collect();
        let reading = Reading {
            title: None,
            sentences: &vec!["A sentence."; count],
            embeddings: &Tensor::from_vec(rows, (count, 1), &Device::Cpu).unwrap(),
        };
        by_sections(&reading, mean).unwrap().remove(0)
    }

    #[test]
    fn one_section_of_a_long_article_is_enough_and_its_evidence_is_found_there() {
        let score = scored(300..340, 401);
        assert!(score.logit > 0.9, "{}", score.logit);
        assert!((300..340).contains(&score.evidence[0].0));
    }

    #[test]
    fn an_article_of_ordinary_length_is_read_whole() {
        let score = scored(0..15, 59);
        assert!((score.logit - 15.0 / 59.0).abs() < 1e-6);
    }
}
