//! Fitting the summary scorer.

use candle_core::{DType, Device, Result, Tensor, Var};
use candle_nn::{AdamW, Optimizer, ParamsAdamW, VarBuilder, VarMap};
use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;

use super::fitting;
use crate::evaluate::resample;
use crate::evaluate::summaries::Judge;
use crate::summary::{FEATURES, Member, Redundancy, Room, ScorerInput, TOGETHER, select};

/// Spread of the start values: PyTorch's, a third of what heads begin with.
const SPREAD: f32 = 1.0;
/// Longest gradient of a step.
const CLIP: f64 = 1.0;
/// Purpose of the first member's random choices.
const MEMBER: u64 = 100;
/// Sentences of the summaries that are judged.
const CHOSEN: usize = 3;
/// Target of a sentence that a reader named as nearly as good as the best.
const ALTERNATE: f32 = 0.5;
/// What an article counts of which nobody marked sentences, only wrote a summary.
const WRITTEN: f32 = 0.5;

/// One article whose best sentences are known.
pub struct Example {
    /// Features, `[sentences][FEATURES]`.
    pub features: Vec<[f32; FEATURES]>,
    /// Embeddings, shape `[sentences, dim]`.
    pub embeddings: Tensor,
    /// How good each sentence is for the summary: 1 among the best, in between
    /// for an alternate, 0 else.
    pub targets: Vec<f32>,
    /// What its summaries are judged by.
    pub judge: Judge,
}

impl Example {
    /// An article with its features and embeddings.
    #[must_use]
    pub fn new(features: Vec<[f32; FEATURES]>, embeddings: Tensor, judge: Judge) -> Self {
        let nearest = match judge.is_marked() {
            true => Vec::new(),
            false => judge.oracle(CHOSEN),
        };
        let target = |sentence| match () {
            () if judge.is_best(sentence) || nearest.contains(&sentence) => 1.0,
            () if judge.is_alternate(sentence) => ALTERNATE,
            () => 0.0,
        };
        Self {
            targets: (0..features.len()).map(target).collect(),
            features,
            embeddings,
            judge,
        }
    }

    fn weight(&self) -> f32 {
        match self.judge.is_marked() {
            true => 1.0,
            false => WRITTEN,
        }
    }
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
    /// Scorers whose logits are averaged.
    pub members: usize,
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
            members: 3,
            batch: 16,
            learning_rate: 2e-3,
            weight_decay: 0.1,
            dropout: 0.2,
        }
    }
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
) -> Result<Vec<VarMap>> {
    let all: Vec<&Example> = examples.iter().collect();
    let members = 0..settings.members;
    let fitted = members.map(|member| {
        let seed = MEMBER + member as u64;
        Ok(fit_on(&all, with_embeddings, settings, seed, progress)?.0)
    });
    fitted.collect()
}

/// The sentences that scorers of these settings choose in articles that they have not seen,
/// by cross-validation, with one member each.
///
/// # Errors
/// When there are fewer examples than folds or shapes do not fit.
pub fn held_out(
    examples: &[Example],
    with_embeddings: bool,
    settings: &Settings,
    progress: &mut dyn FnMut(&str),
) -> Result<Vec<Vec<usize>>> {
    let fold = resample::folds(examples.len(), settings.folds, settings.seed);
    let mut chosen = vec![Vec::new(); examples.len()];
    for out in 0..settings.folds {
        let train: Vec<&Example> = (examples.iter().zip(&fold))
            .filter(|(_, f)| **f != out)
            .map(|(example, _)| example)
            .collect();
        let (_, member) = fit_on(&train, with_embeddings, settings, MEMBER, progress)?;
        for i in (0..examples.len()).filter(|&i| fold[i] == out) {
            let example = &examples[i];
            let logits = member.logits(&example.features, &example.embeddings)?;
            let scores: Vec<f32> = logits.iter().map(|z| 1.0 / (1.0 + (-z).exp())).collect();
            let room = Room::sentences(CHOSEN);
            chosen[i] = select(&scores, &[], &example.embeddings, room, Redundancy::ARTICLE)?;
            chosen[i].sort_unstable();
        }
    }
    Ok(chosen)
}

/// A batch of articles, padded to the longest, with targets and weights
/// `[articles, sentences]`; padding weighs nothing.
fn collate(examples: &[&Example]) -> Result<(ScorerInput, Tensor, Tensor)> {
    let longest = examples.iter().map(|e| e.targets.len()).max().unwrap_or(0);
    let longest = longest.min(TOGETHER);
    let dim = examples[0].embeddings.dims()[1];
    let shape = (examples.len(), longest);
    let (mut features, mut rows) = (Vec::new(), Vec::new());
    let (mut mask, mut targets, mut weights) = (Vec::new(), Vec::new(), Vec::new());
    for example in examples {
        // Of a longer one the beginning teaches.
        let count = example.targets.len().min(longest);
        features.extend(example.features[..count].concat());
        features.resize(features.len() + (longest - count) * FEATURES, 0.0);
        let padding = Tensor::zeros((longest - count, dim), DType::F32, &Device::Cpu)?;
        let embeddings = example.embeddings.narrow(0, 0, count)?;
        rows.push(Tensor::cat(&[&embeddings, &padding], 0)?);
        for (list, value) in [(&mut mask, 1.0), (&mut weights, example.weight())] {
            list.extend(std::iter::repeat_n(value, count));
            list.resize(list.len() + longest - count, 0.0);
        }
        targets.extend_from_slice(&example.targets[..count]);
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
    purpose: u64,
    progress: &mut dyn FnMut(&str),
) -> Result<(VarMap, Member)> {
    let Some(first) = examples.first() else {
        candle_core::bail!("no article with marked summary sentences");
    };
    let dim = with_embeddings.then(|| first.embeddings.dims()[1]);
    let vars = VarMap::new();
    let builder = VarBuilder::from_varmap(&vars, DType::F32, &Device::Cpu);
    let member = Member::load(dim, &builder)?;
    let mut rng = resample::generator(settings.seed, purpose);
    fitting::initialise(&vars, SPREAD, &mut rng)?;
    standardise(&vars, examples)?;
    // The standardisation is measured, not learnt.
    let learnt: Vec<Var> = fitting::sorted(&vars)
        .into_iter()
        .filter(|(name, _)| name != "mean" && name != "deviation")
        .map(|(_, var)| var)
        .collect();
    let mut optimiser = AdamW::new(
        learnt.clone(),
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
            let logits = member.forward(&input, &mut drop)?;
            let loss = fitting::weighted_cross_entropy(&logits, &targets, &weights)?;
            optimiser.set_learning_rate(settings.learning_rate * fitting::schedule(step, steps));
            let mut gradients = loss.backward()?;
            fitting::clip(&mut gradients, &learnt, CLIP)?;
            optimiser.step(&gradients)?;
            step += 1;
        }
        progress(&format!("summary scorer: pass {pass} of {passes}"));
    }
    Ok((vars, member))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::article::Article;
    use crate::evaluate::summaries::Gold;

    /// Articles of six sentences, of which the one whose first feature is high is best.
    fn examples() -> Vec<Example> {
        let text = "The ferry sank. The port is shut. Nobody swam. Rain fell. It is late. Go home.";
        let article = Article::new(None, text.to_owned());
        let judge = |best: usize| {
            let sentences = crate::article::segment(&article).sentences;
            let gold = Gold {
                best: Some(vec![sentences[best].chars.clone()]),
                ..Gold::default()
            };
            Judge::new(&article, &gold)
        };
        (0..24)
            .map(|number| {
                let best = number % 6;
                let feature = |i: usize, j: usize| match j {
                    0 => f32::from(u8::from(i == best)),
                    _ => ((number * 7 + i * 3 + j) as f32).sin(),
                };
                let features = (0..6).map(|i| std::array::from_fn(|j| feature(i, j)));
                let rows: Vec<f32> = (0..24).map(|i| ((number + i) as f32).cos()).collect();
                let rows = Tensor::from_vec(rows, (6, 4), &Device::Cpu).unwrap();
                Example::new(features.collect(), rows, judge(best))
            })
            .collect()
    }

    #[test]
    fn what_the_best_have_in_common_is_learnt_and_the_same_seed_gives_the_same() {
        let examples = examples();
        let settings = Settings {
            folds: 2,
            members: 2,
            ..Settings::default()
        };
        let held_out = held_out(&examples, true, &settings, &mut |_| ()).unwrap();
        let right = examples.iter().zip(&held_out).filter(|(example, chosen)| {
            chosen
                .iter()
                .any(|&sentence| example.judge.is_best(sentence))
        });
        assert!(right.count() >= 22, "{held_out:?}");
        let values = |seed| {
            let settings = Settings {
                seed,
                steps: 2,
                ..settings.clone()
            };
            let members = fit(&examples, false, &settings, &mut |_| ()).unwrap();
            let of = |vars: &VarMap| {
                let all = fitting::sorted(vars).into_iter();
                all.flat_map(|(_, var)| var.flatten_all().unwrap().to_vec1::<f32>().unwrap())
                    .collect::<Vec<f32>>()
            };
            members.iter().map(of).collect::<Vec<_>>()
        };
        let first = values(1);
        assert_ne!(first[0], first[1]);
        assert_eq!(first, values(1));
        assert_ne!(first, values(2));
    }
}
