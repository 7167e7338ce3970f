//! Topics that few articles are labelled for: what the articles add to the
//! definitions.
//!
//! A head has more to learn than a few dozen articles can teach. Here the
//! definition tells the topic first (see [`crate::topics::OwnTopic`]), and a strongly
//! penalised linear model learns what it leaves.

use candle_core::{Result, Tensor};

use crate::evaluate::{Logistic, resample};
use crate::records::POSITIVE;
use crate::topics::{Background, Few, OwnTopic};

/// Kind of a topic that is learnt so, in [`crate::topics::Topic::kind`].
pub const KIND: &str = "few-shot";
/// A topic with fewer articles than this is one of few.
pub const ENOUGH: usize = 100;
/// Folds of the cross-validation.
const FOLDS: usize = 5;
/// Weight of an article with the topic, and of one without.
const COSTS: (f64, f64) = (1.5, 0.5);
/// Weight of an article of general news, which hardly has the topic.
const GENERAL: f64 = 0.02;

/// One topic, as learnt.
#[derive(Debug, Clone)]
pub struct Learnt {
    /// What the articles add to the definition.
    pub few: Few,
    /// The logit that each article got from a model that had not seen it.
    pub held_out: Vec<f32>,
}

/// Learns one topic: `rows` are the articles' rows `[rows, dim]`, `grades` their
/// grades of the topic.
///
/// # Errors
/// When shapes do not fit.
pub fn fit(
    topic: &OwnTopic,
    rows: &[Tensor],
    grades: &[u8],
    background: &Background,
    seed: u64,
) -> Result<Learnt> {
    let center = background.center()?;
    let labels: Vec<bool> = grades.iter().map(|g| *g >= POSITIVE).collect();
    let general = background.articles()?;
    let (mut places, mut offsets) = (Vec::new(), Vec::new());
    for rows in rows.iter().chain(&general) {
        let place = Few::place(&center, rows)?;
        places.push(
            (0..)
                .zip(place.into_iter().map(f64::from))
                .collect::<Vec<_>>(),
        );
        offsets.push(f64::from(topic.logit(rows)?));
    }
    let model = |picked: &[usize]| {
        let all: Vec<usize> = picked
            .iter()
            .copied()
            .chain(rows.len()..places.len())
            .collect();
        let holds: Vec<bool> = all.iter().map(|&i| labels.get(i) == Some(&true)).collect();
        let costs: Vec<f64> = (all.iter().zip(&holds))
            .map(|(&i, &holds)| match holds {
                _ if i >= rows.len() => GENERAL,
                true => COSTS.0,
                false => COSTS.1,
            })
            .collect();
        let of = |i: &usize| places[*i].clone();
        let items: Vec<_> = all.iter().map(of).collect();
        let offsets: Vec<f64> = all.iter().map(|&i| offsets[i]).collect();
        Logistic::fit_on_top(&items, &holds, &costs, &offsets, center.len())
    };
    let folds = FOLDS.min(rows.len());
    let fold = resample::folds(rows.len(), folds, seed);
    let mut held_out = vec![0.0; rows.len()];
    for out in 0..folds {
        let seen: Vec<usize> = (0..rows.len()).filter(|&i| fold[i] != out).collect();
        let model = model(&seen);
        // Told by nothing at all, a topic is as rare as it was: never.
        let untold = !topic.is_defined() && !seen.iter().any(|&i| labels[i]);
        #[expect(clippy::cast_precision_loss, reason = "a count of articles")]
        let rare = -(seen.len() as f64 + 1.0).ln();
        for i in (0..rows.len()).filter(|&i| fold[i] == out) {
            #[expect(clippy::cast_possible_truncation, reason = "a logit")]
            let logit = match untold {
                true => rare,
                false => model.logit(&places[i]) + offsets[i],
            } as f32;
            held_out[i] = logit;
        }
    }
    let whole = model(&(0..rows.len()).collect::<Vec<_>>());
    #[expect(clippy::cast_possible_truncation, reason = "weights are kept in f32")]
    let mut weights: Vec<f32> = whole.weights().iter().map(|w| *w as f32).collect();
    let bias = weights.pop().unwrap_or(0.0);
    Ok(Learnt {
        few: Few {
            center,
            weights,
            bias,
        },
        held_out,
    })
}
