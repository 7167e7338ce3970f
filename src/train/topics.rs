//! Fitting the topic heads.

use candle_core::{DType, Device, Result, Tensor};
use candle_nn::{AdamW, Optimizer, ParamsAdamW, VarBuilder, VarMap};
use rand::Rng;
use rand::seq::SliceRandom;

use super::calibrate::{self, Calibration};
use super::fitting;
use crate::evaluate::resample;
use crate::records::POSITIVE;
use crate::topics::{GRADES, Head};

/// One labelled article.
#[derive(Debug, Clone)]
pub struct Example {
    /// What the head sees, shape `[rows, dim]` (see [`crate::topics::rows`]).
    pub rows: Tensor,
    /// Grade 0 to 3 of each topic; the topic holds from 2 on.
    pub grades: Vec<u8>,
}

/// How the heads are fitted.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Seed of every random choice.
    pub seed: u64,
    /// Folds of the cross-validation; one head is fitted without each fold.
    pub folds: usize,
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
            epochs: 20,
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
    /// The variables of one head per fold.
    pub members: Vec<VarMap>,
    /// Logits that each article got from the head that did not see it,
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

/// Fits one head without each fold. The heads together are the ensemble;
/// calibration and thresholds come from the articles that each did not see.
///
/// # Errors
/// When there are fewer examples than folds, or shapes do not fit.
pub fn fit(
    examples: &[Example],
    derived: &[Derived],
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
    let fold = resample::folds(examples.len(), settings.folds, settings.seed);
    let mut held_out = vec![vec![0.0; topics]; examples.len()];
    let mut members = Vec::new();
    for out in 0..settings.folds {
        let own = examples.iter().zip(&fold).filter(|(_, f)| **f != out);
        let more = derived
            .iter()
            .filter(|d| d.sources.iter().all(|&s| fold[s] != out));
        let train: Vec<&Example> = own
            .map(|(example, _)| example)
            .chain(more.map(|d| &d.example))
            .collect();
        let (vars, head) = fit_head(&train, settings, out as u64 + 1)?;
        for (index, _) in fold.iter().enumerate().filter(|(_, f)| **f == out) {
            held_out[index] = logits(&head, &examples[index])?;
        }
        members.push(vars);
        progress(&format!("fitted head {} of {}", out + 1, settings.folds));
    }
    let calibrations = (0..topics)
        .map(|topic| {
            let logits: Vec<f32> = held_out.iter().map(|l| l[topic]).collect();
            let labels: Vec<bool> = examples
                .iter()
                .map(|e| e.grades[topic] >= POSITIVE)
                .collect();
            calibrate::fit(&logits, &labels)
        })
        .collect();
    Ok(Fitted {
        members,
        held_out,
        calibrations,
    })
}

/// Logits of "grade at least 2" for one article.
///
/// # Errors
/// When the shapes do not fit.
pub fn logits(head: &Head, example: &Example) -> Result<Vec<f32>> {
    let mask = Tensor::ones((1, example.rows.dims()[0]), DType::F32, &Device::Cpu)?;
    let output = head.forward(&example.rows.unsqueeze(0)?, &mask)?;
    output.positive()?.get(0)?.to_vec1()
}

fn fit_head(examples: &[&Example], settings: &Settings, purpose: u64) -> Result<(VarMap, Head)> {
    let dim = examples[0].rows.dims()[1];
    let topics = examples[0].grades.len();
    let vars = VarMap::new();
    let head = Head::load(
        dim,
        topics,
        VarBuilder::from_varmap(&vars, DType::F32, &Device::Cpu),
    )?;
    let mut rng = resample::generator(settings.seed, purpose);
    fitting::initialise(&vars, &mut rng)?;
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
            let (rows, mask, targets) =
                collate(&batch, |_| rng.random::<f32>() >= settings.row_dropout)?;
            let output = head.forward(&rows, &mask)?;
            let loss = fitting::cross_entropy(&output.logits, &targets)?;
            optimiser.set_learning_rate(settings.learning_rate * fitting::schedule(step, steps));
            optimiser.backward_step(&loss)?;
            step += 1;
        }
    }
    Ok((vars, head))
}

/// Pads a batch: rows `[articles, longest, dim]`, mask `[articles, longest]`,
/// targets `[articles, topics, grades]`. Rows for which `keep` is false are
/// masked, but never an article's first two.
fn collate(
    batch: &[&Example],
    mut keep: impl FnMut(usize) -> bool,
) -> Result<(Tensor, Tensor, Tensor)> {
    let longest = batch.iter().map(|e| e.rows.dims()[0]).max().unwrap_or(0);
    let topics = batch[0].grades.len();
    let mut rows = Vec::with_capacity(batch.len());
    let mut mask = Vec::with_capacity(batch.len() * longest);
    let mut targets = Vec::with_capacity(batch.len() * topics * GRADES);
    for example in batch {
        let count = example.rows.dims()[0];
        rows.push(example.rows.pad_with_zeros(0, 0, longest - count)?);
        mask.extend(
            (0..longest).map(|row| f32::from(u8::from(row < count && (row < 2 || keep(row))))),
        );
        for &grade in &example.grades {
            targets
                .extend((1..=GRADES).map(|least| f32::from(u8::from(usize::from(grade) >= least))));
        }
    }
    let device = &Device::Cpu;
    Ok((
        Tensor::stack(&rows, 0)?,
        Tensor::from_vec(mask, (batch.len(), longest), device)?,
        Tensor::from_vec(targets, (batch.len(), topics, GRADES), device)?,
    ))
}
