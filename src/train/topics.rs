//! Fitting the topic heads.

use std::time::Instant;

use candle_core::{DType, Device, Result, Tensor};
use candle_nn::{AdamW, Optimizer, ParamsAdamW, VarBuilder, VarMap};
use rand::Rng;
use rand::seq::SliceRandom;

use super::calibrate::{self, Calibration};
use super::fitting;
use crate::evaluate::resample;
use crate::records::POSITIVE;
use crate::topics::{GRADES, Head, HeadInput};

/// One labelled article.
#[derive(Debug, Clone)]
pub struct Example {
    /// The embeddings that the head sees, shape `[rows, dim]` (see
    /// [`crate::topics::Reading::rows`]).
    pub rows: Tensor,
    /// Word logits of each row, `[rows * topics]`, by a model that did not see
    /// the article.
    pub row_words: Vec<f32>,
    /// Word logits of the article whole, `[topics]`, likewise.
    pub words: Vec<f32>,
    /// Grade 0 to 3 of each topic; the topic holds from 2 on.
    pub grades: Vec<u8>,
}

/// Spread of the start values.
const SPREAD: f32 = 3.0;

/// How the heads are fitted.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Seed of every random choice.
    pub seed: u64,
    /// Folds of the cross-validation.
    pub folds: usize,
    /// Heads that are fitted without each fold; their mean is steadier. Every
    /// second one sees no words: words know the names that the articles had, and
    /// news has new ones.
    pub heads: usize,
    /// Passes over the articles, at least.
    pub epochs: usize,
    /// Steps, at least: few articles need more passes.
    pub steps: usize,
    /// Articles in a step.
    pub batch: usize,
    /// Peak learning rate.
    pub learning_rate: f64,
    /// Decoupled weight decay (Loshchilov and Hutter 2019).
    pub weight_decay: f64,
    /// Share of rows that are left out of a training step, at random.
    pub row_dropout: f32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seed: 1,
            folds: 5,
            heads: 4,
            epochs: 12,
            steps: 500,
            batch: 32,
            learning_rate: 8e-3,
            weight_decay: 0.5,
            row_dropout: 0.3,
        }
    }
}

/// Fitted heads.
pub struct Fitted {
    /// The variables of the heads, fold by fold.
    pub members: Vec<VarMap>,
    /// Mean logits that each article got from the heads that did not see it,
    /// `[articles][topics]`.
    pub held_out: Vec<Vec<f32>>,
    /// Calibration and threshold of each topic, from the held-out logits.
    pub calibrations: Vec<Calibration>,
}

/// An example that was made of others: it must not teach a head about an
/// article that the head is judged on.
#[derive(Debug, Clone)]
pub struct Derived {
    /// The example.
    pub example: Example,
    /// Numbers of the examples that it was made of.
    pub sources: [usize; 2],
}

/// Fits heads without each fold. The heads together are the ensemble;
/// calibration and thresholds come from the articles that each did not see.
/// `fold[i]` is the fold of example `i` (see [`folds`]).
///
/// # Errors
/// When there are fewer examples than folds, or shapes do not fit.
#[expect(clippy::cast_precision_loss, reason = "small counts")]
pub fn fit(
    examples: &[Example],
    derived: &[Derived],
    fold: &[usize],
    settings: &Settings,
    progress: &mut dyn FnMut(&str),
) -> Result<Fitted> {
    if examples.len() < settings.folds || settings.folds < 2 {
        candle_core::bail!(
            "{} labelled articles are too few for {} folds",
            examples.len(),
            settings.folds
        );
    }
    let topics = examples[0].grades.len();
    let mut held_out = vec![vec![0.0; topics]; examples.len()];
    let mut members = Vec::new();
    let start = Instant::now();
    for out in 0..settings.folds {
        let own = examples.iter().zip(fold).filter(|(_, f)| **f != out);
        let more = derived
            .iter()
            .filter(|d| d.sources.iter().all(|&s| fold[s] != out));
        let train: Vec<&Example> = own
            .map(|(example, _)| example)
            .chain(more.map(|d| &d.example))
            .collect();
        for head in 0..settings.heads {
            let number = out * settings.heads + head + 1;
            let with_words = head % 2 == 0;
            let (vars, head) = fit_head(&train, with_words, settings, number as u64)?;
            for (index, _) in fold.iter().enumerate().filter(|(_, f)| **f == out) {
                for (sum, logit) in held_out[index]
                    .iter_mut()
                    .zip(logits(&head, &examples[index])?)
                {
                    *sum += logit / settings.heads as f32;
                }
            }
            members.push(vars);
            let (all, seconds) = (
                settings.folds * settings.heads,
                start.elapsed().as_secs_f64(),
            );
            progress(&format!(
                "fitted head {number} of {all}, {:.0} s left",
                seconds * (all - number) as f64 / number as f64
            ));
        }
    }
    let mut fitted = Fitted {
        members,
        held_out: Vec::new(),
        calibrations: Vec::new(),
    };
    let grades: Vec<Vec<u8>> = examples.iter().map(|e| e.grades.clone()).collect();
    fitted.calibrate(held_out, &grades, |_| None);
    Ok(fitted)
}

impl Fitted {
    /// Takes these held-out logits `[articles][topics]` to calibrate by. Topics of the same
    /// `group` share a scaling, those without one have their own.
    pub fn calibrate(
        &mut self,
        held_out: Vec<Vec<f32>>,
        grades: &[Vec<u8>],
        group: impl Fn(usize) -> Option<usize>,
    ) {
        let topics: Vec<(Vec<f32>, Vec<bool>)> = (0..grades.first().map_or(0, Vec::len))
            .map(|topic| {
                let logits = held_out.iter().map(|l| l[topic]).collect();
                let labels = grades.iter().map(|g| g[topic] >= POSITIVE).collect();
                (logits, labels)
            })
            .collect();
        self.calibrations = calibrate::fit(&topics, group);
        self.held_out = held_out;
    }
}

/// The fold of each of so many examples, at random.
#[must_use]
pub fn folds(examples: usize, settings: &Settings) -> Vec<usize> {
    resample::folds(examples, settings.folds, settings.seed)
}

/// Logits of "grade at least 2" for one article.
///
/// # Errors
/// When the shapes do not fit.
pub fn logits(head: &Head, example: &Example) -> Result<Vec<f32>> {
    let (input, _) = collate(&[example], |_| true)?;
    head.forward(&input)?.positive()?.get(0)?.to_vec1()
}

fn fit_head(
    examples: &[&Example],
    with_words: bool,
    settings: &Settings,
    purpose: u64,
) -> Result<(VarMap, Head)> {
    let dim = examples[0].rows.dims()[1];
    let topics = examples[0].grades.len();
    let vars = VarMap::new();
    let head = Head::load(
        dim,
        topics,
        VarBuilder::from_varmap(&vars, DType::F32, &Device::Cpu),
    )?;
    let mut rng = resample::generator(settings.seed, purpose);
    fitting::initialise(&vars, SPREAD, &mut rng)?;
    let mut optimiser = AdamW::new(
        fitting::sorted(&vars).into_iter().map(|v| v.1).collect(),
        ParamsAdamW {
            lr: settings.learning_rate,
            weight_decay: settings.weight_decay,
            ..ParamsAdamW::default()
        },
    )?;
    // Batches of similar length need little padding; their order is random.
    let mut order: Vec<usize> = (0..examples.len()).collect();
    order.sort_by_key(|&i| examples[i].rows.dims()[0]);
    let mut batches: Vec<&[usize]> = order.chunks(settings.batch).collect();
    let epochs = settings.epochs.max(settings.steps.div_ceil(batches.len()));
    let steps = epochs * batches.len();
    let mut step = 0;
    for _ in 0..epochs {
        batches.shuffle(&mut rng);
        for batch in &batches {
            let batch: Vec<&Example> = batch.iter().map(|&i| examples[i]).collect();
            let (mut input, targets) =
                collate(&batch, |_| rng.random::<f32>() >= settings.row_dropout)?;
            if !with_words {
                input.row_words = input.row_words.zeros_like()?;
                input.words = input.words.zeros_like()?;
            }
            let output = head.forward(&input)?;
            let loss = fitting::cross_entropy(&output.logits, &targets)?;
            optimiser.set_learning_rate(settings.learning_rate * fitting::schedule(step, steps));
            optimiser.backward_step(&loss)?;
            step += 1;
        }
    }
    Ok((vars, head))
}

/// Pads a batch; targets have shape `[articles, topics, grades]`. Rows for which `keep` is false are
/// masked, but never an article's first two.
fn collate(batch: &[&Example], mut keep: impl FnMut(usize) -> bool) -> Result<(HeadInput, Tensor)> {
    let longest = batch.iter().map(|e| e.rows.dims()[0]).max().unwrap_or(0);
    let topics = batch[0].grades.len();
    let mut rows = Vec::with_capacity(batch.len());
    let mut mask = Vec::with_capacity(batch.len() * longest);
    let mut row_words: Vec<f32> = Vec::with_capacity(batch.len() * longest * topics);
    let mut words: Vec<f32> = Vec::with_capacity(batch.len() * topics);
    let mut targets = Vec::with_capacity(batch.len() * topics * GRADES);
    for example in batch {
        let count = example.rows.dims()[0];
        rows.push(example.rows.pad_with_zeros(0, 0, longest - count)?);
        mask.extend(
            (0..longest).map(|row| f32::from(u8::from(row < count && (row < 2 || keep(row))))),
        );
        row_words.extend(&example.row_words);
        row_words.resize(mask.len() * topics, 0.0);
        words.extend(&example.words);
        for &grade in &example.grades {
            targets
                .extend((1..=GRADES).map(|least| f32::from(u8::from(usize::from(grade) >= least))));
        }
    }
    let device = &Device::Cpu;
    let input = HeadInput {
        rows: Tensor::stack(&rows, 0)?,
        mask: Tensor::from_vec(mask, (batch.len(), longest), device)?,
        row_words: Tensor::from_vec(row_words, (batch.len(), longest, topics), device)?,
        words: Tensor::from_vec(words, (batch.len(), topics), device)?,
    };
    Ok((
        input,
        Tensor::from_vec(targets, (batch.len(), topics, GRADES), device)?,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_heads_and_another_gives_others() {
        let example = |i: usize| Example {
            rows: Tensor::new(
                &[[i as f32 % 2.0, 0.5, 1.0], [0.3, i as f32 / 20.0, 0.1]],
                &Device::Cpu,
            )
            .unwrap(),
            row_words: vec![0.1, -0.2],
            words: vec![0.3],
            grades: vec![if i.is_multiple_of(2) { 0 } else { 3 }],
        };
        let examples: Vec<Example> = (0..20).map(example).collect();
        let run = |seed| {
            let settings = Settings {
                seed,
                folds: 2,
                heads: 1,
                epochs: 1,
                steps: 4,
                ..Settings::default()
            };
            // The same folds for all, so that only the heads differ.
            let fold: Vec<usize> = (0..20).map(|i| i / 2 % 2).collect();
            fit(&examples, &[], &fold, &settings, &mut |_| ())
                .unwrap()
                .held_out
        };
        assert_eq!(run(1), run(1));
        assert_ne!(run(1), run(2));
    }
}
