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
/// article's title. Of each topic the highest score counts, and the most that each sentence
/// says for it.
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
            before: reading.before + from,
        };
        for (best, found) in scores.iter_mut().zip(score(&part)?) {
            let of_part = &mut best.contributions[from..to];
            for (most, value) in of_part.iter_mut().zip(found.contributions) {
                *most = most.max(value);
            }
            if found.logit > best.logit {
                (best.logit, best.probability) = (found.logit, found.probability);
            }
        }
    }
    Ok(scores)
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::{Device, Tensor};

    /// The mean of the first dimension decides.
    fn mean(reading: &Reading) -> Result<Vec<TopicScore>> {
        let values = reading.embeddings.get_on_dim(1, 0)?.to_vec1::<f32>()?;
        let logit = values.iter().sum::<f32>() / values.len() as f32;
        Ok(vec![TopicScore {
            logit,
            probability: logit,
            contributions: values,
        }])
    }

    fn scored(on_topic: std::ops::Range<usize>, count: usize) -> TopicScore {
        let value = |i| f32::from(u8::from(on_topic.contains(&i)));
        let rows: Vec<f32> = (0..count).map(value).collect();
        let reading = Reading {
            title: None,
            sentences: &vec!["A sentence."; count],
            embeddings: &Tensor::from_vec(rows, (count, 1), &Device::Cpu).unwrap(),
            before: 0,
        };
        by_sections(&reading, mean).unwrap().remove(0)
    }

    #[test]
    fn one_section_of_a_long_article_is_enough_and_its_evidence_is_found_there() {
        let score = scored(300..340, 401);
        assert!(score.logit > 0.9, "{}", score.logit);
        let speaking: Vec<usize> = (0..401).filter(|&i| score.contributions[i] > 0.0).collect();
        assert_eq!(speaking, (300..340).collect::<Vec<_>>());
    }

    #[test]
    fn an_article_of_ordinary_length_is_read_whole() {
        let score = scored(0..15, 59);
        assert!((score.logit - 15.0 / 59.0).abs() < 1e-6);
    }
}
