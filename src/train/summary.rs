//! Fitting the summary scorer.

use candle_core::{DType, Device, Result, Tensor};
use candle_nn::{AdamW, Optimizer, ParamsAdamW, VarBuilder, VarMap};
use rand::seq::SliceRandom;

use super::fitting;
use crate::evaluate::resample;
use crate::summary::{FEATURES, Room, SummaryScorer, select};

/// Target of a sentence that a reader named as nearly as good as the best.
pub const ALTERNATE: f32 = 0.5;

/// One article with sentences marked by a reader.
#[derive(Debug, Clone)]
pub struct Example {
    /// Features, `[sentences][FEATURES]`.
    pub features: Vec<[f32; FEATURES]>,
    /// Embeddings, shape `[sentences, dim]`.
    pub embeddings: Tensor,
    /// How good each sentence is for the summary: 1 among the best, in between
    /// for an alternate, 0 else.
    pub targets: Vec<f32>,
}

/// How the scorer is fitted.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Seed of every random choice.
    pub seed: u64,
    /// Folds of the cross-validation.
    pub folds: usize,
    /// Passes over the articles.
    pub epochs: usize,
    /// Articles in a step.
    pub batch: usize,
    /// Peak learning rate.
    pub learning_rate: f64,
    /// Decoupled weight decay.
    pub weight_decay: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seed: 1,
            folds: 5,
            epochs: 40,
            batch: 8,
            learning_rate: 6e-3,
            weight_decay: 0.5,
        }
    }
}

/// How good held-out summaries of three sentences are.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Quality {
    /// Share of chosen sentences that are among the best.
    pub best: f64,
    /// Share of chosen sentences that are among the best or the alternates.
    pub best_or_alternate: f64,
}

/// Fits a scorer; `with_embeddings` says whether it sees the embeddings or
/// the features alone.
///
/// # Errors
/// When there is no example or shapes do not fit.
pub fn fit(examples: &[Example], with_embeddings: bool, settings: &Settings) -> Result<VarMap> {
    let all: Vec<&Example> = examples.iter().collect();
    Ok(fit_on(&all, with_embeddings, settings)?.0)
}

/// Judges scorers of these settings by cross-validation.
///
/// # Errors
/// When there are fewer examples than folds or shapes do not fit.
pub fn cross_validate(
    examples: &[Example],
    with_embeddings: bool,
    settings: &Settings,
) -> Result<Quality> {
    let fold = resample::folds(examples.len(), settings.folds, settings.seed);
    let (mut chosen, mut best, mut either) = (0usize, 0usize, 0usize);
    for out in 0..settings.folds {
        let pairs = || examples.iter().zip(&fold);
        let train: Vec<&Example> = pairs().filter(|(_, f)| **f != out).map(|p| p.0).collect();
        let (_, scorer) = fit_on(&train, with_embeddings, settings)?;
        for (example, _) in pairs().filter(|(_, f)| **f == out) {
            let scores = candle_nn::ops::sigmoid(&logits(&scorer, example)?)?.to_vec1::<f32>()?;
            for sentence in select(&scores, &example.embeddings, Room::sentences(3))? {
                let target = example.targets[sentence];
                chosen += 1;
                best += usize::from(target >= 1.0);
                either += usize::from(target > 0.0);
            }
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "counts of sentences")]
    let share = |count: usize| count as f64 / chosen.max(1) as f64;
    Ok(Quality {
        best: share(best),
        best_or_alternate: share(either),
    })
}

fn logits(scorer: &SummaryScorer, example: &Example) -> Result<Tensor> {
    let shape = (example.features.len(), FEATURES);
    let features = Tensor::from_vec(example.features.concat(), shape, &Device::Cpu)?;
    scorer.logits(&features, &example.embeddings)
}

fn fit_on(
    examples: &[&Example],
    with_embeddings: bool,
    settings: &Settings,
) -> Result<(VarMap, SummaryScorer)> {
    let Some(first) = examples.first() else {
        candle_core::bail!("no article with marked summary sentences");
    };
    let dim = with_embeddings.then(|| first.embeddings.dims()[1]);
    let vars = VarMap::new();
    let builder = VarBuilder::from_varmap(&vars, DType::F32, &Device::Cpu);
    let scorer = SummaryScorer::load(dim, &builder)?;
    let mut rng = resample::generator(settings.seed, 100);
    fitting::initialise(&vars, &mut rng)?;
    standardise(&vars, examples)?;
    // The standardisation is measured, not learnt.
    let learnt = fitting::sorted(&vars)
        .into_iter()
        .filter(|(name, _)| name != "mean" && name != "deviation")
        .map(|(_, var)| var)
        .collect();
    let mut optimiser = AdamW::new(
        learnt,
        ParamsAdamW {
            lr: settings.learning_rate,
            weight_decay: settings.weight_decay,
            ..ParamsAdamW::default()
        },
    )?;
    let mut order: Vec<&Example> = examples.to_vec();
    let steps = settings.epochs * order.len().div_ceil(settings.batch);
    let mut step = 0;
    for _ in 0..settings.epochs {
        order.shuffle(&mut rng);
        for batch in order.chunks(settings.batch) {
            let logits: Vec<Tensor> = batch
                .iter()
                .map(|e| logits(&scorer, e))
                .collect::<Result<_>>()?;
            let targets: Vec<f32> = batch.iter().flat_map(|e| e.targets.clone()).collect();
            let targets = Tensor::new(targets, &Device::Cpu)?;
            let logits = Tensor::cat(&logits, 0)?;
            let loss = fitting::cross_entropy(&logits, &targets)?;
            optimiser.set_learning_rate(settings.learning_rate * fitting::schedule(step, steps));
            optimiser.backward_step(&loss)?;
            step += 1;
        }
    }
    Ok((vars, scorer))
}

/// Sets mean and deviation of the features from the articles.
fn standardise(vars: &VarMap, examples: &[&Example]) -> Result<()> {
    let rows: Vec<&[f32; FEATURES]> = examples.iter().flat_map(|e| &e.features).collect();
    #[expect(clippy::cast_precision_loss, reason = "a count of sentences")]
    let count = rows.len().max(1) as f32;
    let mut mean = [0f32; FEATURES];
    let mut deviation = [0f32; FEATURES];
    for (i, (mean, deviation)) in mean.iter_mut().zip(&mut deviation).enumerate() {
        *mean = rows.iter().map(|r| r[i]).sum::<f32>() / count;
        let variance = rows.iter().map(|r| (r[i] - *mean).powi(2)).sum::<f32>() / count;
        *deviation = variance.sqrt().max(1e-3);
    }
    fitting::set(vars, "mean", &Tensor::new(&mean, &Device::Cpu)?)?;
    fitting::set(vars, "deviation", &Tensor::new(&deviation, &Device::Cpu)?)
}
