//! Fine-tuning an encoder on labelled articles.
//!
//! Each sentence gets a logit for each topic, from its embedding relative to the mean of
//! the articles; an article's is a soft maximum over its sentences. The transformer's layers
//! learn with these, while a second term holds every sentence near to its first embedding:
//! what the encoder knows of other articles should stay, and few articles teach no more than
//! a direction.

use std::collections::HashMap;
use std::path::Path;
use std::time::Instant;

use candle_core::backprop::GradStore;
use candle_core::{D, Device, Result, Tensor, Var};
use candle_nn::{AdamW, Optimizer, ParamsAdamW};
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rayon::prelude::*;

use super::fitting;
use crate::encoder::{Document, Tokenised, Trainable, unit};
use crate::evaluate::resample;

/// Windows of an article that are read; what is behind them teaches nothing.
const MOST_WINDOWS: usize = 16;
/// Batches that are drawn together and sorted by length.
const POOL: usize = 4;
/// Parts of a batch that may run side by side.
const SHARDS: usize = 4;

/// How an encoder is fine-tuned. Chosen on AG News, where few articles for each topic were
/// drawn five times.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Seed of every random choice.
    pub seed: u64,
    /// Steps, at least.
    pub steps: usize,
    /// Passes over the articles, at least.
    pub passes: usize,
    /// Windows in a step, or one article.
    pub windows: usize,
    /// Peak learning rate of the transformer.
    pub learning_rate: f64,
    /// How much faster the topics' directions learn.
    pub head_rate: f64,
    /// Decoupled weight decay (Loshchilov and Hutter 2019) of the transformer.
    pub weight_decay: f64,
    /// Weight of `1 - cosine` to the embeddings that the sentences had before.
    pub keep: f64,
    /// Length of a topic's direction at the start: the logit of a sentence that is all about it.
    pub sharpness: f64,
    /// Targets are so far from 0 and 1 (label smoothing, Szegedy et al. 2016, section 7).
    pub smoothing: f32,
    /// Steps between two checkpoints. The optimiser's moments start anew at each, so that a
    /// run that was interrupted ends with the same weights.
    pub stage: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seed: 1,
            steps: 120,
            passes: 2,
            windows: 16,
            learning_rate: 1e-4,
            head_rate: 20.0,
            weight_decay: 0.01,
            keep: 1.0,
            sharpness: 10.0,
            smoothing: 0.0125,
            stage: 40,
        }
    }
}

/// What the encoder learns from.
#[derive(Debug, Clone)]
pub struct Example<'a> {
    /// The article.
    pub document: Document<'a>,
    /// The embeddings of its texts before, `[texts, dim]`, the title's first.
    pub before: Tensor,
    /// Whether each topic holds.
    pub holds: Vec<bool>,
}

/// Where learning starts.
#[derive(Debug, Clone)]
pub struct Start {
    /// The mean of articles' embeddings, `[dim]`.
    pub center: Vec<f32>,
    /// For each topic the embeddings of its phrases `[phrases, dim]`, if it is defined.
    pub phrases: Vec<Option<Tensor>>,
}

/// What the names of checkpoints begin with. Another when batches or checkpoints are made
/// otherwise, so that a run does not go on from what it would not have made.
pub const PREFIX: &str = "finetune-";

/// Fine-tunes an encoder in place. A run that was interrupted goes on from the last
/// checkpoint.
///
/// # Errors
/// When the device fails, the checkpoint cannot be read or written, or learning diverges.
pub fn finetune(
    encoder: &Trainable,
    examples: &[Example],
    start: &Start,
    settings: &Settings,
    device: &Device,
    checkpoint: &Path,
    progress: &mut dyn FnMut(&str),
) -> Result<()> {
    let items: Vec<Item> = examples
        .iter()
        .map(|example| Item::new(encoder, example, settings, device))
        .filter(|item| !matches!(item, Ok(item) if item.document.is_empty()))
        .collect::<Result<_>>()?;
    if items.is_empty() {
        candle_core::bail!("no article has a word to learn from");
    }
    let head = Head::new(start, settings, device)?;
    let batches = batches(&items, settings);
    let vars = named(encoder, &head);
    let mut first = 0;
    if checkpoint.exists() {
        first = resume(checkpoint, &vars, device)?.min(batches.len());
    }
    let begun = Instant::now();
    let mut optimisers = None;
    for (step, batch) in batches.iter().enumerate().skip(first) {
        if step.is_multiple_of(settings.stage) {
            if step > first {
                save(checkpoint, &vars, step)?;
            }
            optimisers = None;
        }
        let (layers, directions) = match &mut optimisers {
            Some(both) => both,
            none => none.insert(self::optimisers(encoder, &head, settings)?),
        };
        let batch: Vec<&Item> = batch.iter().map(|&i| &items[i]).collect();
        let gradients = gradients(encoder, &head, &batch, settings, &vars)?;
        let rate = settings.learning_rate * fitting::schedule(step, batches.len());
        layers.set_learning_rate(rate);
        directions.set_learning_rate(rate * settings.head_rate);
        layers.step(&gradients)?;
        directions.step(&gradients)?;
        let (done, left) = (step + 1 - first, batches.len() - step - 1);
        #[expect(clippy::cast_precision_loss, reason = "for display")]
        let seconds = begun.elapsed().as_secs_f64() * left as f64 / done as f64;
        progress(&format!(
            "fine-tuning: step {} of {}, {seconds:.0} s left",
            step + 1,
            batches.len()
        ));
    }
    if first < batches.len() {
        save(checkpoint, &vars, batches.len())?;
    }
    Ok(())
}

/// An example, ready to be learnt from.
struct Item {
    document: Tokenised,
    before: Tensor,
    targets: Tensor,
}

impl Item {
    fn new(
        encoder: &Trainable,
        example: &Example,
        settings: &Settings,
        device: &Device,
    ) -> Result<Self> {
        let document = encoder.tokenise(&example.document, MOST_WINDOWS)?;
        let before = example.before.narrow(0, 0, document.texts())?;
        let targets: Vec<f32> = (example.holds.iter())
            .map(|holds| {
                f32::from(u8::from(*holds)).clamp(settings.smoothing, 1.0 - settings.smoothing)
            })
            .collect();
        Ok(Self {
            before,
            targets: Tensor::new(targets, device)?,
            document,
        })
    }
}

/// A direction and a bias for each topic.
struct Head {
    center: Tensor,
    weights: Var,
    bias: Var,
}

impl Head {
    /// A topic starts at the mean of its phrases, or nowhere.
    fn new(start: &Start, settings: &Settings, device: &Device) -> Result<Self> {
        let center = Tensor::new(start.center.as_slice(), device)?;
        let directions: Vec<Tensor> = (start.phrases.iter())
            .map(|phrases| match phrases {
                Some(phrases) => {
                    let mean = unit(&phrases.to_device(device)?.mean_keepdim(0)?)?;
                    unit(&mean.broadcast_sub(&center)?)? * settings.sharpness
                }
                None => center.unsqueeze(0)?.zeros_like(),
            })
            .collect::<Result<_>>()?;
        let bias = Tensor::full(-2f32, start.phrases.len(), device)?;
        Ok(Self {
            center,
            weights: Var::from_tensor(&Tensor::cat(&directions, 0)?)?,
            bias: Var::from_tensor(&bias)?,
        })
    }

    /// An article's logit for each topic, `[topics]`, of its rows `[rows, dim]`.
    fn logits(&self, rows: &Tensor) -> Result<Tensor> {
        let places = unit(&rows.broadcast_sub(&self.center)?)?;
        let logits = places.matmul(&self.weights.t()?)?;
        // ln(mean(exp)), from the highest so that nothing overflows.
        let highest = logits.max_keepdim(0)?.detach();
        let mean = logits.broadcast_sub(&highest)?.exp()?.mean(0)?.log()?;
        (mean + highest.squeeze(0)?)? + self.bias.as_tensor()
    }
}

/// Which items each step takes. Items of similar length stand together, since the longest
/// of those that run side by side decides how long all take.
fn batches(items: &[Item], settings: &Settings) -> Vec<Vec<usize>> {
    let mut rng: StdRng = resample::generator(settings.seed, 1);
    let mut batches: Vec<Vec<usize>> = Vec::new();
    let mut pass = 0;
    while pass < settings.passes || batches.len() < settings.steps {
        let mut order: Vec<usize> = (0..items.len()).collect();
        order.shuffle(&mut rng);
        for pool in order.chunks_mut(POOL * settings.windows) {
            pool.sort_by_key(|&i| items[i].document.len());
            let mut of_pool: Vec<Vec<usize>> = Vec::new();
            let mut filled = usize::MAX;
            for &item in pool.iter() {
                let windows = items[item].document.windows();
                match of_pool.last_mut() {
                    Some(batch) if filled.saturating_add(windows) <= settings.windows => {
                        batch.push(item);
                        filled += windows;
                    }
                    _ => {
                        of_pool.push(vec![item]);
                        filled = windows;
                    }
                }
            }
            of_pool.shuffle(&mut rng);
            batches.extend(of_pool);
        }
        pass += 1;
    }
    batches
}

/// The mean gradients of a batch. Its shards run side by side; their gradients are
/// added in order, so that the sum does not depend on the number of threads.
fn gradients(
    encoder: &Trainable,
    head: &Head,
    batch: &[&Item],
    settings: &Settings,
    vars: &[(String, Var)],
) -> Result<GradStore> {
    #[expect(clippy::cast_precision_loss, reason = "a small count")]
    let share = 1.0 / batch.len() as f64;
    let stores: Vec<GradStore> = batch
        .par_chunks(batch.len().div_ceil(SHARDS))
        .map(|shard| {
            let loss = (loss(encoder, head, shard, settings)? * share)?;
            if !loss.to_scalar::<f32>()?.is_finite() {
                candle_core::bail!("learning diverged: the loss is no number");
            }
            loss.backward()
        })
        .collect::<Result<_>>()?;
    let mut stores = stores.into_iter();
    let mut total = stores
        .next()
        .ok_or_else(|| candle_core::Error::msg("a step without articles"))?;
    for mut store in stores {
        for (_, var) in vars {
            if let Some(gradient) = store.remove(var) {
                let sum = match total.get(var) {
                    Some(sum) => (sum + gradient)?,
                    None => gradient,
                };
                total.insert(var, sum);
            }
        }
    }
    Ok(total)
}

/// The sum of the losses of some articles.
fn loss(encoder: &Trainable, head: &Head, items: &[&Item], settings: &Settings) -> Result<Tensor> {
    let documents: Vec<&Tokenised> = items.iter().map(|item| &item.document).collect();
    let losses: Vec<Tensor> = (encoder.rows(&documents)?.iter().zip(items))
        .map(|(rows, item)| {
            let logits = head.logits(rows)?;
            #[expect(clippy::cast_precision_loss, reason = "a small count")]
            let topics = logits.dims1()? as f64;
            let labels = (fitting::cross_entropy(&logits, &item.targets)? * topics)?;
            let before = item.before.to_device(rows.device())?;
            let moved = (rows * before)?.sum(D::Minus1)?.affine(-1.0, 1.0)?;
            labels + (moved.mean_all()? * settings.keep)?
        })
        .collect::<Result<_>>()?;
    Tensor::stack(&losses, 0)?.sum_all()
}

fn named(encoder: &Trainable, head: &Head) -> Vec<(String, Var)> {
    let layers = encoder.vars().iter();
    let layers = layers.map(|(name, var)| (name.clone(), var.clone()));
    let head = [("head.weights", &head.weights), ("head.bias", &head.bias)];
    let head = head.map(|(name, var)| (name.to_owned(), var.clone()));
    layers.chain(head).collect()
}

/// For the layers, and for the topics' directions.
fn optimisers(encoder: &Trainable, head: &Head, settings: &Settings) -> Result<(AdamW, AdamW)> {
    let with = |weight_decay| ParamsAdamW {
        lr: settings.learning_rate,
        weight_decay,
        ..ParamsAdamW::default()
    };
    let layers = encoder.vars().values().cloned().collect();
    let directions = vec![head.weights.clone(), head.bias.clone()];
    Ok((
        AdamW::new(layers, with(settings.weight_decay))?,
        AdamW::new(directions, with(0.0))?,
    ))
}

fn save(file: &Path, vars: &[(String, Var)], step: usize) -> Result<()> {
    let step = u32::try_from(step).unwrap_or(u32::MAX);
    let mut tensors: HashMap<String, Tensor> = (vars.iter())
        .map(|(name, var)| Ok((name.clone(), var.to_device(&Device::Cpu)?)))
        .collect::<Result<_>>()?;
    tensors.insert("step".to_owned(), Tensor::new(&[step], &Device::Cpu)?);
    super::embed::save(file, &tensors)
}

fn resume(file: &Path, vars: &[(String, Var)], device: &Device) -> Result<usize> {
    let tensors = super::embed::load(file)?;
    let get = |name: &str| {
        tensors.get(name).ok_or_else(|| {
            let file = file.display();
            candle_core::Error::msg(format!("{file} has no {name}: delete it and run again"))
        })
    };
    for (name, var) in vars {
        var.set(&get(name)?.to_device(device)?)?;
    }
    Ok(get("step")?.to_vec1::<u32>()?[0] as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoder::{Encoder, EngineOptions};
    use crate::model::Bundle;

    #[test]
    fn a_run_goes_on_from_its_checkpoint() {
        let bundle = Bundle::embedded().unwrap();
        let device = Device::Cpu;
        let documents = [
            "The yacht reached the harbour.",
            "The bread needs a hot oven.",
        ];
        let documents = documents.map(|text| Document {
            title: None,
            sentences: vec![text],
        });
        let encoder = Encoder::load(&bundle, EngineOptions::default()).unwrap();
        let embedded = encoder.encode(&documents).unwrap();
        let examples: Vec<Example> = (documents.iter().zip(&embedded).enumerate())
            .map(|(i, (document, embeddings))| Example {
                document: document.clone(),
                before: embeddings.sentences.clone(),
                holds: vec![i == 0],
            })
            .collect();
        let start = Start {
            center: vec![0.0; encoder.dim()],
            phrases: vec![None],
        };
        let settings = Settings {
            steps: 3,
            windows: 1,
            stage: 2,
            ..Settings::default()
        };
        let folder = tempfile::tempdir().unwrap();
        let run = |steps: usize, passes: usize, checkpoint: &Path| {
            let mut settings = settings.clone();
            (settings.steps, settings.passes) = (steps, passes);
            let trainable = Trainable::load(&bundle, &device).unwrap();
            let mut told = Vec::new();
            finetune(
                &trainable,
                &examples,
                &start,
                &settings,
                &device,
                checkpoint,
                &mut |line| told.push(line.to_owned()),
            )
            .unwrap();
            (trainable.weights().unwrap(), told.len())
        };
        let whole = folder.path().join("whole");
        let (weights, steps) = run(4, 2, &whole);
        assert_eq!(steps, 4);
        assert_ne!(
            weights,
            Trainable::load(&bundle, &device)
                .unwrap()
                .weights()
                .unwrap()
        );
        // All is done already: nothing is learnt again, and the weights are the same.
        assert_eq!(run(4, 2, &whole), (weights, 0));
    }
}
