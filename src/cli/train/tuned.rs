//! Fine-tuning, and what it reaches on articles that it did not see.

use anyhow::bail;
use candle_core::{Device, Tensor};

use super::data::Data;
use super::fit::{self, Fitter};
use crate::analyzer::{Analyzer, Options, TOGETHER, embed_phrases};
use crate::encoder::{Document, Encoder, Trainable, calibrate};
use crate::evaluate::resample;
use crate::model::pack_encoder;
use crate::topics::{IDENTITY, phrases};
use crate::train::finetune::{Example, Settings, Start, finetune};
use crate::train::{self};

/// Encoders that are fine-tuned to see how well it goes. Each costs two thirds of the last one,
/// which sees all articles.
const FOLDS: usize = 3;
/// Articles that weights are rounded to int8 by.
const CALIBRATE: usize = 60;

impl<'a> Fitter<'a> {
    /// Logits `[articles][topics]` of a model whose encoder did not see the article: that
    /// of a fine-tuned encoder's own articles would promise too much.
    pub fn held_out_of_tuned(&self, data: &Data) -> anyhow::Result<Vec<Vec<f32>>> {
        let count = data.set.articles.len();
        if count < 2 * FOLDS {
            bail!("{count} labelled articles are too few to fine-tune on");
        }
        let fold = resample::folds(count, FOLDS, self.args.seed);
        let mut held_out = vec![Vec::new(); count];
        for out in 0..FOLDS {
            let of = |inside: bool| -> Vec<usize> {
                let all = 0..count;
                all.filter(|&i| (fold[i] == out) == inside).collect()
            };
            let (seen, unseen) = (data.pick(&of(false)), of(true));
            let tuned = self.tuned(&seen)?;
            let mut topics = tuned.topics(&seen)?;
            for calibration in &mut topics.fitted.calibrations {
                calibration.platt = IDENTITY;
            }
            let definitions = fit::definitions(&seen, topics.kind, &topics.fitted);
            let definitions = toml::to_string(&definitions)?;
            let heads = topics.heads.serialise()?;
            let bundle = (tuned.base).with_heads("held out", "0", heads, definitions, "");
            let analyzer = Analyzer::new(&bundle, self.common.engine()?, self.common.threads())?;
            for together in unseen.chunks(TOGETHER) {
                let articles: Vec<_> = together.iter().map(|&i| &data.set.articles[i]).collect();
                let all = analyzer.analyze_all(&articles, &Options::default());
                for (&i, analysis) in together.iter().zip(all) {
                    let topics = analysis?.topics;
                    held_out[i] = topics.iter().map(|t| logit(t.probability)).collect();
                }
            }
        }
        Ok(held_out)
    }

    /// The same with an encoder that is fine-tuned on all of the data.
    pub fn tuned(&self, data: &Data) -> anyhow::Result<Fitter<'a>> {
        let settings = Settings {
            seed: self.args.seed,
            ..Settings::default()
        };
        let documents = data.set.documents();
        let embedded = self.embed(&documents)?;
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
        for (i, (document, embeddings)) in documents.iter().zip(&embedded).enumerate() {
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
        let checkpoint = self.cache.join(format!("finetune-{key}.safetensors"));
        let device = device()?;
        let trainable = Trainable::load(&self.base, &device)?;
        finetune(
            &trainable,
            &examples,
            &start,
            &settings,
            &device,
            Some(&checkpoint),
            &mut self.common.progress(),
        )?;
        let weights = trainable.weights()?;
        let texts: Vec<String> = (data.set.articles.iter().take(CALIBRATE))
            .map(|article| article.text.clone())
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
fn device() -> anyhow::Result<Device> {
    #[cfg(feature = "cuda")]
    return Ok(Device::new_cuda(0)?);
    #[cfg(all(feature = "metal", not(feature = "cuda")))]
    return Ok(Device::new_metal(0)?);
    #[cfg(not(any(feature = "cuda", feature = "metal")))]
    Ok(Device::Cpu)
}

fn logit(probability: f32) -> f32 {
    let p = probability.clamp(1e-7, 1.0 - 1e-7);
    (p / (1.0 - p)).ln()
}
