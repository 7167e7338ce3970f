//! Topics of the user's own, told by a definition alone: no training.
//!
//! A definition is taken apart into phrases, and each phrase is embedded like a
//! sentence. A sentence speaks of the topic when it is near to some of the
//! phrases; an article has the topic when some of its sentences do, and clearly
//! more so than general news does.

use candle_core::{Result, Tensor};

use super::TopicScore;
use super::definitions::Platt;

/// How sharply a sentence's likeness follows its nearest phrase: the inverse
/// temperature of the soft maximum over phrases. 10 to 20 do best on AG News.
const SHARPNESS: f32 = 20.0;
/// How many of the nearest rows make an article's likeness.
const NEAREST: usize = 5;
/// From how far an article stands out to probability: fitted on the
/// built-in topics' articles and on AG News, each told by definitions alone.
pub const CALIBRATION: Platt = Platt {
    slope: 1.147,
    offset: -2.788,
};

/// What few labelled articles add to the definition: a linear model over the
/// mean of an article's rows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Few {
    /// The mean article of general news, `[dim]`; an article's mean row is taken
    /// relative to it and scaled to unit length.
    pub center: Vec<f32>,
    /// A weight for each dimension.
    pub weights: Vec<f32>,
    /// Added to the sum.
    pub bias: f32,
}

impl Few {
    /// The place of an article with these rows `[rows, dim]`, `[dim]`.
    ///
    /// # Errors
    /// When the shapes do not fit.
    pub fn place(center: &[f32], rows: &Tensor) -> Result<Vec<f32>> {
        let mut mean: Vec<f32> = rows.mean(0)?.to_vec1()?;
        unit(&mut mean);
        for (value, center) in mean.iter_mut().zip(center) {
            *value -= center;
        }
        unit(&mut mean);
        Ok(mean)
    }

    fn logit(&self, rows: &Tensor) -> Result<f32> {
        let place = Self::place(&self.center, rows)?;
        let sum: f32 = place.iter().zip(&self.weights).map(|(p, w)| p * w).sum();
        Ok(sum + self.bias)
    }
}

fn unit(values: &mut [f32]) {
    let length = values.iter().map(|v| v * v).sum::<f32>().sqrt();
    values.iter_mut().for_each(|v| *v /= length.max(1e-9));
}

/// One topic, ready to score.
#[derive(Debug, Clone)]
pub struct OwnTopic {
    /// Embeddings of the phrases, `[dim, phrases]`.
    phrases: Tensor,
    /// Whether the phrases say anything; without, only labelled articles do.
    defined: bool,
    /// What labelled articles add, when there are some.
    few: Option<Few>,
    /// Of general news with so many rows (the first: one row): the median
    /// likeness and the span below it that holds a third of the articles.
    usual: Vec<(f32, f32)>,
    /// Likeness that one row in ten of general news reaches.
    frequent: f32,
}

impl OwnTopic {
    /// A topic of its phrases' embeddings `[phrases, dim]`, each of unit length,
    /// and the articles of a [`Background`](super::Background).
    ///
    /// # Errors
    /// When the background is of another encoder.
    pub fn new(phrases: &Tensor, general: &[Tensor]) -> Result<Self> {
        let phrases = phrases.t()?.contiguous()?;
        let articles: Vec<Vec<f32>> = (general.iter())
            .map(|rows| likeness(rows, &phrases))
            .collect::<Result<_>>()?;
        let longest = articles.iter().map(Vec::len).max().unwrap_or(0);
        let usual = (1..=longest)
            .map(|rows| {
                let mut of_all: Vec<f32> = (articles.iter())
                    .map(|a| nearest(&a[..rows.min(a.len())]))
                    .collect();
                let median = quantile(&mut of_all, 0.5);
                // What is below the median is hardly about the topic, however
                // frequent the topic is in general news.
                (median, (median - quantile(&mut of_all, 0.16)).max(1e-3))
            })
            .collect();
        let frequent = quantile(&mut articles.concat(), 0.9);
        Ok(Self {
            phrases,
            defined: true,
            few: None,
            usual,
            frequent,
        })
    }

    /// How far an article stands out: its likeness above the median of general
    /// news of the same length, in spans of general news. Of an article that is
    /// longer than those it is the stretch that stands out most.
    fn standing(&self, likeness: &[f32]) -> f32 {
        let of = |stretch: &[f32]| {
            let (median, span) = self.usual[stretch.len() - 1];
            (nearest(stretch) - median) / span
        };
        (likeness.chunks(self.usual.len()).map(of)).fold(f32::NEG_INFINITY, f32::max)
    }

    /// The same topic with what labelled articles add.
    #[must_use]
    pub fn with_few(self, few: Few) -> Self {
        Self {
            few: Some(few),
            ..self
        }
    }

    /// The same topic, told by labelled articles alone.
    #[must_use]
    pub fn undefined(self) -> Self {
        Self {
            defined: false,
            ..self
        }
    }

    /// Whether the phrases say anything.
    #[must_use]
    pub fn is_defined(&self) -> bool {
        self.defined
    }

    /// The logit of an article with `rows` of shape `[rows, dim]`; without
    /// labelled articles it is that of [`CALIBRATION`].
    ///
    /// # Errors
    /// When the shapes do not fit.
    pub fn logit(&self, rows: &Tensor) -> Result<f32> {
        self.logit_of(rows, &likeness(rows, &self.phrases)?)
    }

    fn logit_of(&self, rows: &Tensor, likeness: &[f32]) -> Result<f32> {
        let defined = match self.defined {
            true => CALIBRATION.slope * self.standing(likeness) + CALIBRATION.offset,
            false => 0.0,
        };
        let added = self.few.as_ref().map_or(Ok(0.0), |few| few.logit(rows))?;
        Ok(defined + added)
    }

    /// Scores an article with `rows` of shape `[rows, dim]`, of which the
    /// `first` are no sentences; `calibration` turns the logit into a probability.
    ///
    /// # Errors
    /// When the shapes do not fit.
    pub(crate) fn score(
        &self,
        rows: &Tensor,
        first: usize,
        calibration: Platt,
    ) -> Result<TopicScore> {
        let likeness = likeness(rows, &self.phrases)?;
        let above = match (&self.few, self.defined) {
            (Some(few), false) => (first..rows.dim(0)?)
                .map(|row| few.logit(&rows.narrow(0, row, 1)?))
                .collect::<Result<Vec<f32>>>()?,
            _ => (likeness[first..].iter())
                .map(|l| l - self.frequent)
                .collect(),
        };
        let logit = self.logit_of(rows, &likeness)?;
        Ok(TopicScore {
            logit,
            probability: calibration.probability(logit),
            contributions: above,
        })
    }
}

/// How near each row comes to the phrases: `ln(mean(exp(s · cosine))) / s`.
fn likeness(rows: &Tensor, phrases: &Tensor) -> Result<Vec<f32>> {
    let cosines = rows.matmul(phrases)?.to_vec2::<f32>()?;
    Ok(cosines
        .iter()
        .map(|row| {
            #[expect(clippy::cast_precision_loss, reason = "a count of phrases")]
            let count = row.len() as f32;
            let sum: f32 = row.iter().map(|c| (SHARPNESS * c).exp()).sum();
            (sum / count).ln() / SHARPNESS
        })
        .collect())
}

/// The mean of the highest values.
fn nearest(likeness: &[f32]) -> f32 {
    let mut sorted = likeness.to_vec();
    sorted.sort_by(|a, b| b.total_cmp(a));
    sorted.truncate(NEAREST);
    #[expect(clippy::cast_precision_loss, reason = "at most 5")]
    let count = sorted.len().max(1) as f32;
    sorted.iter().sum::<f32>() / count
}

/// The value below which so large a share lies; 0 of nothing.
fn quantile(values: &mut [f32], share: f32) -> f32 {
    values.sort_by(f32::total_cmp);
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a place among thousands"
    )]
    let place = (share * values.len().saturating_sub(1) as f32).round() as usize;
    values.get(place).copied().unwrap_or(0.0)
}

/// The phrases that a topic is told by: its name and the parts of its
/// definition, each as a sentence, then the examples as they are.
#[must_use]
pub fn phrases(name: &str, definition: &str, examples: &[String]) -> Vec<String> {
    let mut parts = vec![name];
    for part in definition.split([',', ';', ':', '(', ')', '.', '\n']) {
        parts.extend(part.split(" and ").flat_map(|p| p.split(" or ")));
    }
    let mut phrases: Vec<String> = Vec::new();
    for part in parts {
        let mut part = part.trim();
        for filler in ["and ", "or ", "such as ", "the "] {
            part = part.strip_prefix(filler).unwrap_or(part).trim_start();
        }
        let phrase = format!("This is news about {part}.");
        if part.chars().any(char::is_alphanumeric) && !phrases.contains(&phrase) {
            phrases.push(phrase);
        }
    }
    phrases.extend(examples.iter().cloned());
    phrases
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;

    const SURE: Platt = Platt {
        slope: 1.0,
        offset: 0.0,
    };

    fn tensor(rows: &[[f32; 3]]) -> Tensor {
        let flat: Vec<f32> = rows
            .iter()
            .flat_map(|row| {
                let norm = row.iter().map(|v| v * v).sum::<f32>().sqrt();
                row.map(|v| v / norm)
            })
            .collect();
        Tensor::from_vec(flat, (rows.len(), 3), &Device::Cpu).unwrap()
    }

    /// General news lies about the second axis, with a little of the first.
    fn general() -> Vec<Tensor> {
        (0..50u8)
            .map(|i| {
                let a = f32::from(i % 10) / 20.0;
                tensor(&[[a, 1.0, 0.2], [0.1, 1.0, a], [a, 1.0, 0.0]])
            })
            .collect()
    }

    #[test]
    fn an_article_on_the_topic_stands_out_and_its_sentence_is_the_evidence() {
        let topic = OwnTopic::new(&tensor(&[[1.0, 0.0, 0.0]]), &general()).unwrap();
        let on = topic
            .score(
                &tensor(&[[0.0, 1.0, 0.0], [0.9, 0.2, 0.1], [1.0, 0.1, 0.0]]),
                1,
                SURE,
            )
            .unwrap();
        let off = topic
            .score(
                &tensor(&[[0.0, 1.0, 0.0], [0.1, 1.0, 0.1], [0.0, 1.0, 0.3]]),
                1,
                SURE,
            )
            .unwrap();
        assert!(
            on.probability > 0.5 && off.probability < 0.2,
            "{on:?} {off:?}"
        );
        assert_eq!(
            on.evidence()[0].0,
            1,
            "sentences are counted without the title"
        );
        assert!(off.evidence().is_empty());
    }

    #[test]
    fn labelled_articles_move_the_logit() {
        let topic = OwnTopic::new(&tensor(&[[1.0, 0.0, 0.0]]), &general()).unwrap();
        let rows = tensor(&[[0.0, 1.0, 1.0]]);
        let few = Few {
            center: vec![0.0, 1.0, 0.0],
            weights: vec![0.0, 0.0, 2.0],
            bias: 0.5,
        };
        let place = Few::place(&few.center, &rows).unwrap();
        let added = 2.0 * place[2] + 0.5;
        let before = topic.logit(&rows).unwrap();
        let after = topic.with_few(few).logit(&rows).unwrap();
        assert!((after - before - added).abs() < 1e-5 && added > 2.0);
    }

    #[test]
    fn a_definition_is_taken_apart_into_phrases() {
        let examples = ["The yacht sank.".to_owned()];
        assert_eq!(
            phrases(
                "Sailing",
                "Regattas, yachts and the harbour; races (such as the America's Cup). Sailing",
                &examples
            ),
            [
                "This is news about Sailing.",
                "This is news about Regattas.",
                "This is news about yachts.",
                "This is news about harbour.",
                "This is news about races.",
                "This is news about America's Cup.",
                "The yacht sank.",
            ]
        );
        assert_eq!(phrases("Tea", " , ;. ", &[]), ["This is news about Tea."]);
    }
}
