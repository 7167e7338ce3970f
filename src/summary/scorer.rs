//! How well each sentence fits a summary.

use candle_core::{Result, Tensor};
use candle_nn::VarBuilder;

use super::features::{FEATURES, Line, features};
use super::layer::{Member, ScorerInput};
use super::wording::{cuts_quotation, has_scraps};

/// Most sentences that see one another. Longer articles are scored in parts of equal
/// length, so that time and memory grow with the length alone.
pub const TOGETHER: usize = 256;
/// What the score of a sentence is worth that cuts a quotation open or has scraps of a page in
/// it: there is nearly always another.
const SPOILT: f32 = 0.1;

/// Scores sentences: an ensemble of [`Member`]s whose logits are averaged.
pub struct SummaryScorer {
    members: Vec<Member>,
}

impl SummaryScorer {
    /// Loads the members under `vars`, for embeddings of length `dim`; without a length they
    /// look at the features alone.
    ///
    /// # Errors
    /// When tensors are missing or have other shapes.
    pub fn load(dim: Option<usize>, vars: &VarBuilder) -> Result<Self> {
        let there = |member: &usize| vars.contains_tensor(&format!("{member}.mean"));
        let members: Vec<Member> = (0..)
            .take_while(there)
            .map(|member| Member::load(dim, &vars.pp(member)))
            .collect::<Result<_>>()?;
        if members.is_empty() {
            candle_core::bail!(
                "the summary scorer is of an older version; fit one anew with `classify train \
                 --summaries TABLE -m BUNDLE`"
            );
        }
        Ok(Self { members })
    }

    /// Scores the sentences of one article, each between 0 and 1.
    /// `embeddings` has shape `[sentences, dim]`; the title comes with its embedding, of
    /// shape `[dim]`.
    ///
    /// # Errors
    /// When the shapes do not fit.
    pub fn score(
        &self,
        lines: &[Line],
        embeddings: &Tensor,
        title: Option<(&str, &Tensor)>,
    ) -> Result<Vec<f32>> {
        let features = features(lines, embeddings, title)?;
        let mut logits = vec![0.0; lines.len()];
        for member in &self.members {
            for (sum, logit) in logits.iter_mut().zip(member.logits(&features, embeddings)?) {
                *sum += logit;
            }
        }
        #[expect(clippy::cast_precision_loss, reason = "a handful of members")]
        let members = self.members.len() as f32;
        Ok((logits.iter().zip(lines))
            .map(|(logit, line)| {
                let score = 1.0 / (1.0 + (-logit / members).exp());
                let spoilt = cuts_quotation(line.text) || has_scraps(line.text);
                score * if spoilt { SPOILT } else { 1.0 }
            })
            .collect())
    }
}

impl Member {
    /// The logits of an article's sentences, from their features and their embeddings
    /// `[sentences, dim]`.
    ///
    /// # Errors
    /// When the shapes do not fit.
    pub fn logits(&self, features: &[[f32; FEATURES]], embeddings: &Tensor) -> Result<Vec<f32>> {
        let count = features.len();
        let parts = count.div_ceil(TOGETHER);
        let mut all = Vec::with_capacity(count);
        for part in 0..parts {
            let (from, to) = (part * count / parts, (part + 1) * count / parts);
            let shape = (1, to - from, FEATURES);
            let device = embeddings.device();
            let input = ScorerInput {
                features: Tensor::from_vec(features[from..to].concat(), shape, device)?,
                embeddings: embeddings.narrow(0, from, to - from)?.unsqueeze(0)?,
                mask: Tensor::ones((1, to - from), embeddings.dtype(), device)?,
            };
            let logits = self.forward(&input, &mut |rows| Ok(rows))?;
            all.extend(logits.squeeze(0)?.to_vec1::<f32>()?);
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::{DType, Device};
    use candle_nn::VarMap;

    fn member() -> Member {
        let vars = VarMap::new();
        let builder = VarBuilder::from_varmap(&vars, DType::F32, &Device::Cpu);
        let member = Member::load(Some(8), &builder).unwrap();
        let vars = vars.data().lock().unwrap();
        let names: std::collections::BTreeMap<_, _> = vars.iter().collect();
        for (number, (name, var)) in names.into_iter().enumerate() {
            let start = f32::from(u8::from(
                name.ends_with("deviation") || name.ends_with("norm.weight"),
            ));
            let values: Vec<f32> = (0..var.elem_count())
                .map(|i| start + 0.3 * ((7 * i + number) as f32).sin())
                .collect();
            let values = Tensor::from_vec(values, var.shape(), &Device::Cpu).unwrap();
            var.set(&values).unwrap();
        }
        member
    }

    fn article(count: usize) -> (Vec<[f32; FEATURES]>, Tensor) {
        let features = (0..count)
            .map(|i| std::array::from_fn(|j| ((i * FEATURES + j) as f32).sin()))
            .collect();
        let rows: Vec<f32> = (0..count * 8).map(|i| (i as f32).cos()).collect();
        (
            features,
            Tensor::from_vec(rows, (count, 8), &Device::Cpu).unwrap(),
        )
    }

    #[test]
    fn padding_changes_nothing_and_other_sentences_matter() {
        let member = member();
        let (features, embeddings) = article(5);
        let alone = member.logits(&features, &embeddings).unwrap();
        let padded = ScorerInput {
            features: Tensor::cat(
                &[
                    Tensor::from_vec(features.concat(), (1, 5, FEATURES), &Device::Cpu).unwrap(),
                    Tensor::ones((1, 3, FEATURES), DType::F32, &Device::Cpu).unwrap(),
                ],
                1,
            )
            .unwrap(),
            embeddings: Tensor::cat(
                &[
                    embeddings.unsqueeze(0).unwrap(),
                    Tensor::ones((1, 3, 8), DType::F32, &Device::Cpu).unwrap(),
                ],
                1,
            )
            .unwrap(),
            mask: Tensor::new(&[[1f32, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0]], &Device::Cpu).unwrap(),
        };
        let logits = member.forward(&padded, &mut |rows| Ok(rows)).unwrap();
        let padded = logits.get(0).unwrap().to_vec1::<f32>().unwrap();
        for (a, b) in alone.iter().zip(&padded) {
            assert!((a - b).abs() < 1e-5, "{alone:?} {padded:?}");
        }
        let fewer = embeddings.narrow(0, 0, 4).unwrap();
        let without = member.logits(&features[..4], &fewer).unwrap();
        assert_ne!(without, alone[..4]);
    }

    #[test]
    fn a_long_article_is_scored_in_parts_and_none_has_no_scores() {
        let member = member();
        let (features, embeddings) = article(700);
        let scores = member.logits(&features, &embeddings).unwrap();
        assert_eq!(scores.len(), 700);
        let first = embeddings.narrow(0, 0, 233).unwrap();
        let part = member.logits(&features[..233], &first).unwrap();
        assert_eq!(scores[..233], part);
        assert!(member.logits(&[], &embeddings).unwrap().is_empty());
    }
}
