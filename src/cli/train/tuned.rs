//! Fine-tuning, and what it reaches on articles that it did not see.

#[cfg(any(feature = "cuda", feature = "metal"))]
use anyhow::Context;
use anyhow::bail;
use candle_core::{Device, Tensor};

use super::data::Data;
use super::fit::{self, Fitter};
use crate::analyzer::{Analyzer, embed_phrases};
use crate::encoder::{Document, Embeddings, Encoder, Trainable, calibrate};
use crate::evaluate::resample;
use crate::model::pack_encoder;
use crate::topics::phrases;
use crate::train;
use crate::train::finetune::{Example, PREFIX, Settings, Start, finetune};

/// Encoders that are fine-tuned to see how well it goes. Each costs as much as the last one,
/// which sees all articles, or two thirds of it when the articles are many.
const FOLDS: usize = 3;
/// Articles that weights are rounded to int8 by.
const CALIBRATE: usize = 60;

impl<'a> Fitter<'a> {
    /// Logits `[articles][topics]` of a model whose encoder did not see the article: that
    /// of a fine-tuned encoder's own articles would promise too much.
    pub fn held_out_of_tuned(
        &self,
        data: &Data,
        embedded: &[Embeddings],
    ) -> anyhow::Result<Vec<Vec<f32>>> {
        let count = data.set.articles.len();
        if count < 2 * FOLDS {
            bail!(
                "{count} labelled articles are too few to fine-tune on; give {} or more",
                2 * FOLDS
            );
        }
        let fold = resample::folds(count, FOLDS, self.args.seed);
        let mut held_out = vec![Vec::new(); count];
        for out in 0..FOLDS {
            let of = |inside: bool| -> Vec<usize> {
                let all = 0..count;
                all.filter(|&i| (fold[i] == out) == inside).collect()
            };
            let (seen, unseen) = (of(false), of(true));
            let before: Vec<Embeddings> = seen.iter().map(|&i| embedded[i].clone()).collect();
            let seen = data.pick(&seen);
            let which = format!("encoder {} of {}", out + 1, FOLDS + 1);
            let tuned = self.tuned(&seen, &before, &which)?;
            let topics = tuned.topics(&seen)?;
            let definitions = fit::definitions(&seen, topics.kind, &topics.fitted);
            let definitions = toml::to_string(&definitions)?;
            let heads = topics.heads.serialise()?;
            let bundle = (tuned.base).with_heads("held out", "0", heads, definitions, "");
            let analyzer = Analyzer::new(&bundle, self.common.engine()?, self.common.threads())?;
            for i in unseen {
                held_out[i] = analyzer.logits(&data.set.articles[i])?;
            }
        }
        Ok(held_out)
    }

    /// The same with an encoder that is fine-tuned on all of the data, which this one
    /// has embedded; `which` is told with its progress.
    pub fn tuned(
        &self,
        data: &Data,
        embedded: &[Embeddings],
        which: &str,
    ) -> anyhow::Result<Fitter<'a>> {
        let settings = Settings {
            seed: self.args.seed,
            ..Settings::default()
        };
        let documents = data.set.documents();
        let phrases: Vec<Vec<String>> = (data.entries.iter())
            .map(|entry| match entry.is_defined() {
                true => phrases(&entry.name, &entry.definition, &entry.examples),
                false => Vec::new(),
            })
            .collect();
        let told: Vec<Option<Tensor>> = phrases
            .iter()
            .map(|of_topic| match of_topic.as_slice() {
                [] => Ok(None),
                some => embed_phrases(&self.encoder, some).map(Some),
            })
            .collect::<Result<_, _>>()?;
        let mut examples: Vec<Example> = Vec::new();
        for (i, (document, embeddings)) in documents.iter().zip(embedded).enumerate() {
            examples.push(Example {
                document: document.clone(),
                before: fit::reading(document, embeddings).rows()?,
                holds: data.holds(i),
            });
        }
        let center = center(&examples)?;
        // A topic's phrases are examples of it as well.
        for (topic, (texts, rows)) in phrases.iter().zip(&told).enumerate() {
            let Some(rows) = rows else { continue };
            for (i, text) in texts.iter().enumerate() {
                examples.push(Example {
                    document: Document {
                        title: None,
                        sentences: vec![text],
                    },
                    before: rows.narrow(0, i, 1)?,
                    holds: (0..phrases.len()).map(|t| t == topic).collect(),
                });
            }
        }
        let start = Start {
            center,
            phrases: told,
        };
        let all: Vec<Document> = examples.iter().map(|e| e.document.clone()).collect();
        let holds: Vec<_> = examples.iter().map(|e| &e.holds).collect();
        let key = train::key(&format!("{} {settings:?} {holds:?}", self.key()), &all);
        let checkpoint = self.part.join(format!("{PREFIX}{key}.safetensors"));
        let device = device()?;
        let mut progress = self.common.progress();
        let trainable = Trainable::load(&self.base, &device)?;
        finetune(
            &trainable,
            &examples,
            &start,
            &settings,
            &device,
            &checkpoint,
            &mut |line| progress(&format!("{which}: {line}")),
        )?;
        let weights = trainable.weights()?;
        let count = data.set.articles.len();
        let each = CALIBRATE.min(count);
        let texts: Vec<String> = (0..each)
            .map(|i| data.set.articles[i * count / each].text.clone())
            .collect();
        let plain = self
            .base
            .with_encoder(weights, "fine-tuned by classify train");
        let hessians = calibrate(&plain, &texts)?;
        let packed = pack_encoder(plain.file(crate::model::ENCODER)?, &hessians)
            .map_err(anyhow::Error::msg)?;
        let base = self
            .base
            .with_encoder(packed, "fine-tuned by classify train");
        Ok(Fitter {
            encoder: Encoder::load(&base, self.common.engine()?)?,
            base,
            // Of no use to another run.
            cache: self.part,
            ..*self
        })
    }
}

/// The mean of the articles, each the mean of its rows.
fn center(examples: &[Example]) -> anyhow::Result<Vec<f32>> {
    let means: Vec<Tensor> = (examples.iter())
        .map(|example| crate::encoder::unit(&example.before.mean_keepdim(0)?))
        .collect::<Result<_, _>>()?;
    Ok(Tensor::cat(&means, 0)?.mean(0)?.to_vec1()?)
}

/// Where the layers are trained: a GPU when this build knows one.
pub fn device() -> anyhow::Result<Device> {
    #[cfg(feature = "cuda")]
    return Device::new_cuda(0).context("this build fine-tunes on a CUDA device");
    #[cfg(all(feature = "metal", not(feature = "cuda")))]
    return Device::new_metal(0).context("this build fine-tunes on a Metal device");
    #[cfg(not(any(feature = "cuda", feature = "metal")))]
    Ok(Device::Cpu)
}
