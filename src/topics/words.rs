//! What an article's words say of the topics, without any context: a linear
//! model over word 1- and 2-grams.
//!
//! Embeddings blur names; a word model knows them. Its logits go into the
//! [`Head`](super::Head), for each row and for the article whole.

use std::collections::HashMap;

use candle_core::{Result, Tensor};
use candle_nn::VarBuilder;

/// A linear model a topic over TF-IDF features: (1 + ln tf) x idf, scaled to
/// Euclidean length 1. N-grams are known by their hashes alone.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Words {
    /// Hash of each n-gram, rising.
    hashes: Vec<u32>,
    /// Inverse document frequency of each n-gram.
    idf: Vec<f32>,
    /// Weights `[topics][n-grams]`.
    weights: Vec<Vec<f32>>,
    /// Added to each topic's sum.
    bias: Vec<f32>,
}

impl Words {
    /// A model of its parts: `grams` and `idf` belong together, `weights` has
    /// shape `[topics][n-grams]` and `bias` `[topics]`. Of n-grams with the same
    /// hash the first stays.
    #[must_use]
    pub fn new(grams: &[&str], idf: &[f32], weights: &[Vec<f32>], bias: Vec<f32>) -> Self {
        let mut order: Vec<(u32, usize)> = grams.iter().map(|g| hash(g)).zip(0..).collect();
        order.sort_unstable();
        order.dedup_by_key(|(hash, _)| *hash);
        let pick = |values: &[f32]| order.iter().map(|&(_, i)| values[i]).collect();
        Self {
            hashes: order.iter().map(|(hash, _)| *hash).collect(),
            idf: pick(idf),
            weights: weights.iter().map(|w| pick(w)).collect(),
            bias,
        }
    }

    /// Loads the model for so many topics.
    ///
    /// # Errors
    /// When tensors are missing or do not fit.
    pub fn load(topics: usize, vars: &VarBuilder) -> Result<Self> {
        // As bits in an f32 tensor: heads have no other type.
        let hashes = vars.get_unchecked("hashes")?.to_vec1::<f32>()?;
        let hashes: Vec<u32> = hashes.into_iter().map(f32::to_bits).collect();
        let count = hashes.len();
        if !hashes.is_sorted() {
            candle_core::bail!("the words' hashes are not in order");
        }
        Ok(Self {
            idf: vars.get(count, "idf")?.to_vec1()?,
            weights: vars.get((topics, count), "weights")?.to_vec2()?,
            bias: vars.get(topics, "bias")?.to_vec1()?,
            hashes,
        })
    }

    /// The tensors that [`load`](Self::load) reads, by name.
    ///
    /// # Errors
    /// Never for a model that was made by [`new`](Self::new).
    pub fn tensors(&self) -> Result<Vec<(&'static str, Tensor)>> {
        let device = &candle_core::Device::Cpu;
        let hashes: Vec<f32> = self.hashes.iter().map(|h| f32::from_bits(*h)).collect();
        let (topics, count) = (self.weights.len(), hashes.len());
        Ok(vec![
            ("hashes", Tensor::from_vec(hashes, count, device)?),
            ("idf", Tensor::from_slice(&self.idf, count, device)?),
            (
                "weights",
                Tensor::from_vec(self.weights.concat(), (topics, count), device)?,
            ),
            ("bias", Tensor::from_slice(&self.bias, topics, device)?),
        ])
    }

    /// The logits of a text, one a topic. A text without a known word gets the
    /// biases.
    #[must_use]
    pub fn logits(&self, text: &str) -> Vec<f32> {
        let features: Vec<(usize, f32)> = self.features(text);
        let length = features.iter().map(|(_, x)| x * x).sum::<f32>().sqrt();
        let weigh = |weights: &Vec<f32>| {
            let sum: f32 = features.iter().map(|&(i, x)| weights[i] * x).sum();
            if length > 0.0 { sum / length } else { 0.0 }
        };
        self.weights
            .iter()
            .zip(&self.bias)
            .map(|(weights, bias)| weigh(weights) + bias)
            .collect()
    }

    fn features(&self, text: &str) -> Vec<(usize, f32)> {
        let mut counts: HashMap<usize, f32> = HashMap::new();
        for_each_gram(text, |gram| {
            if let Ok(found) = self.hashes.binary_search(&hash(gram)) {
                *counts.entry(found).or_insert(0.0) += 1.0;
            }
        });
        let mut features: Vec<(usize, f32)> = counts
            .into_iter()
            .map(|(i, count)| (i, (1.0 + count.ln()) * self.idf[i]))
            .collect();
        // Sums in one order always, so that the same text gives the same bits.
        features.sort_unstable_by_key(|(i, _)| *i);
        features
    }
}

/// Calls `take` with every word 1- and 2-gram of a text. A word is a run of two
/// or more letters and digits, in lower case; the words of a 2-gram are joined
/// by a space.
pub fn for_each_gram(text: &str, mut take: impl FnMut(&str)) {
    let text = text.to_lowercase();
    let words = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| word.chars().nth(1).is_some());
    let mut pair = String::new();
    let mut last: Option<&str> = None;
    for word in words {
        take(word);
        if let Some(last) = last {
            pair.clear();
            pair.extend([last, " ", word]);
            take(&pair);
        }
        last = Some(word);
    }
}

/// FNV-1a in 32 bits, one cleared, with a final mix (Fowler, Noll and Vo; mix of MurmurHash3).
/// Not-a-number bit patterns are kept out, since the hashes are stored in a
/// tensor of floats.
fn hash(gram: &str) -> u32 {
    let mut hash = gram.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    hash = (hash ^ (hash >> 16)).wrapping_mul(0x85eb_ca6b);
    hash = (hash ^ (hash >> 13)).wrapping_mul(0xc2b2_ae35);
    // Clears the top bit of the exponent.
    (hash ^ (hash >> 16)) & 0xbfff_ffff
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::{DType, Device};

    fn model() -> Words {
        Words::new(
            &["gas", "troll", "troll farm", "bake"],
            &[1.0, 2.0, 3.0, 1.0],
            &[vec![0.5, 1.0, 2.0, -1.0], vec![0.0, 0.0, 0.0, 3.0]],
            vec![-0.5, 0.25],
        )
    }

    #[test]
    fn known_words_add_up_and_length_does_not_count() {
        let words = model();
        let close = |a: &[f32], b: [f32; 2]| {
            assert!(
                a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-5),
                "{a:?} {b:?}"
            );
        };
        close(&words.logits("Nothing of it."), [-0.5, 0.25]);
        close(&words.logits(""), [-0.5, 0.25]);
        close(&words.logits("GAS!"), [0.0, 0.25]);
        // "troll" and "troll farm", in whatever case and with whatever marks.
        let length = (4.0f32 + 9.0).sqrt();
        close(&words.logits("A Troll-farm."), [8.0 / length - 0.5, 0.25]);
        let twice = (1.0 + 2f32.ln()) * 2.0;
        close(&words.logits("troll. troll"), [twice / twice - 0.5, 0.25]);
    }

    #[test]
    fn a_model_comes_back_from_its_tensors() {
        let words = model();
        let tensors: HashMap<String, Tensor> = words
            .tensors()
            .unwrap()
            .into_iter()
            .map(|(name, tensor)| (name.to_owned(), tensor))
            .collect();
        let load = |topics| {
            let vars = VarBuilder::from_tensors(tensors.clone(), DType::F32, &Device::Cpu);
            Words::load(topics, &vars)
        };
        assert_eq!(load(2).unwrap(), words);
        assert!(load(3).is_err());
    }
}
