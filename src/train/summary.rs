//! Fitting the summary scorer.

use candle_core::{DType, Device, Result, Tensor};
use candle_nn::{AdamW, Optimizer, ParamsAdamW, VarBuilder, VarMap};
use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;

use super::fitting;
use crate::evaluate::resample;
use crate::summary::{FEATURES, Redundancy, Room, ScorerInput, SummaryScorer, select};

/// Target of a sentence that a reader named as nearly as good as the best.
pub const ALTERNATE: f32 = 0.5;
/// What an article counts of which nobody marked sentences, only wrote a summary.
pub const WRITTEN: f32 = 0.5;

/// One article whose best sentences are known.
#[derive(Debug, Clone)]
pub struct Example {
    /// Features, `[sentences][FEATURES]`.
    pub features: Vec<[f32; FEATURES]>,
    /// Embeddings, shape `[sentences, dim]`.
    pub embeddings: Tensor,
    /// How good each sentence is for the summary: 1 among the best, in between
    /// for an alternate, 0 else.
    pub targets: Vec<f32>,
    /// What the article counts: 1 where a reader marked sentences.
    pub weight: f32,
}

/// How the scorer is fitted.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Seed of every random choice.
    pub seed: u64,
    /// Folds of the cross-validation.
    pub folds: usize,
    /// Passes over the articles, at most.
    pub epochs: usize,
    /// Steps at least: a few articles are passed over more often.
    pub steps: usize,
    /// Articles in a step.
    pub batch: usize,
    /// Peak learning rate.
    pub learning_rate: f64,
    /// Decoupled weight decay.
    pub weight_decay: f64,
    /// Share of the hidden values that are dropped (Srivastava et al. 2014, "Dropout",
    /// section 4).
    pub dropout: f32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seed: 1,
            folds: 4,
            epochs: 8,
            steps: 120,
            batch: 16,
            learning_rate: 2e-3,
            weight_decay: 0.1,
            dropout: 0.2,
        }
    }
}

/// How good held-out summaries of three sentences are, of articles with marked sentences.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Quality {
    /// Share of chosen sentences that are among the best.
    pub best: f64,
    /// Share of chosen sentences that are among the best or the alternates.
    pub best_or_alternate: f64,
}

/// Fits a scorer; `with_embeddings` says whether it sees the embeddings or
/// the features alone. `progress` is told of each pass.
///
/// # Errors
/// When there is no example or shapes do not fit.
pub fn fit(
    examples: &[Example],
    with_embeddings: bool,
    settings: &Settings,
    progress: &mut dyn FnMut(&str),
) -> Result<VarMap> {
    let all: Vec<&Example> = examples.iter().collect();
    Ok(fit_on(&all, with_embeddings, settings, progress)?.0)
}

/// Judges scorers of these settings by cross-validation. Articles without marked sentences
/// teach in every fold and are not judged.
///
/// # Errors
/// When there are fewer examples than folds or shapes do not fit.
pub fn cross_validate(
    examples: &[Example],
    with_embeddings: bool,
    settings: &Settings,
    progress: &mut dyn FnMut(&str),
) -> Result<Quality> {
    let fold = resample::folds(examples.len(), settings.folds, settings.seed);
    let is_marked = |example: &Example| example.weight >= 1.0;
    let (mut chosen, mut best, mut either) = (0usize, 0usize, 0usize);
    for out in 0..settings.folds {
        let pairs = || examples.iter().zip(&fold);
        let is_out = |(e, f): &(&Example, &usize)| **f == out && is_marked(e);
        let train: Vec<&Example> = pairs().filter(|p| !is_out(p)).map(|p| p.0).collect();
        let (_, scorer) = fit_on(&train, with_embeddings, settings, progress)?;
        for (example, _) in pairs().filter(is_out) {
            let scores = scorer.score_features(&example.features, &example.embeddings)?;
            for sentence in select(
                &scores,
                &example.embeddings,
                Room::sentences(3),
                Redundancy::ARTICLE,
            )? {
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

/// A batch of articles, padded to the longest, with targets and weights
/// `[articles, sentences]`; padding weighs nothing.
fn collate(examples: &[&Example]) -> Result<(ScorerInput, Tensor, Tensor)> {
    let longest = examples.iter().map(|e| e.targets.len()).max().unwrap_or(0);
    let dim = examples[0].embeddings.dims()[1];
    let shape = (examples.len(), longest);
    let (mut features, mut rows) = (Vec::new(), Vec::new());
    let (mut mask, mut targets, mut weights) = (Vec::new(), Vec::new(), Vec::new());
    for example in examples {
        let count = example.targets.len();
        features.extend(example.features.concat());
        features.resize(features.len() + (longest - count) * FEATURES, 0.0);
        let padding = Tensor::zeros((longest - count, dim), DType::F32, &Device::Cpu)?;
        rows.push(Tensor::cat(&[&example.embeddings, &padding], 0)?);
        for (list, value) in [(&mut mask, 1.0), (&mut weights, example.weight)] {
            list.extend(std::iter::repeat_n(value, count));
            list.resize(list.len() + longest - count, 0.0);
        }
        targets.extend_from_slice(&example.targets);
        targets.resize(targets.len() + longest - count, 0.0);
    }
    let device = &Device::Cpu;
    let input = ScorerInput {
        features: Tensor::from_vec(features, (examples.len(), longest, FEATURES), device)?,
        embeddings: Tensor::stack(&rows, 0)?,
        mask: Tensor::from_vec(mask, shape, device)?,
    };
    let targets = Tensor::from_vec(targets, shape, device)?;
    Ok((input, targets, Tensor::from_vec(weights, shape, device)?))
}

fn fit_on(
    examples: &[&Example],
    with_embeddings: bool,
    settings: &Settings,
    progress: &mut dyn FnMut(&str),
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
    let in_a_pass = order.len().div_ceil(settings.batch);
    let passes = settings.epochs.max(settings.steps.div_ceil(in_a_pass));
    let steps = passes * in_a_pass;
    let mut step = 0;
    for pass in 1..=passes {
        order.shuffle(&mut rng);
        for batch in order.chunks(settings.batch) {
            let (input, targets, weights) = collate(batch)?;
            let mut drop = |rows| dropped(rows, settings.dropout, &mut rng);
            let logits = scorer.forward(&input, &mut drop)?;
            let loss = fitting::weighted_cross_entropy(&logits, &targets, &weights)?;
            optimiser.set_learning_rate(settings.learning_rate * fitting::schedule(step, steps));
            optimiser.backward_step(&loss)?;
            step += 1;
        }
        progress(&format!("summary scorer: pass {pass} of {passes}"));
    }
    Ok((vars, scorer))
}

/// The values with a random share of them dropped, and the others raised to make up for it.
fn dropped(rows: Tensor, share: f32, rng: &mut StdRng) -> Result<Tensor> {
    let keep = |_| match rng.random::<f32>() < share {
        true => 0.0,
        false => 1.0 / (1.0 - share),
    };
    let mask: Vec<f32> = (0..rows.elem_count()).map(keep).collect();
    let mask = Tensor::from_vec(mask, rows.shape(), &Device::Cpu)?;
    rows * mask
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
