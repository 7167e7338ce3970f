//! Choosing sentences that together make a summary.

use candle_core::{Result, Tensor};

/// How much likeness to a chosen sentence costs.
const REDUNDANCY: f32 = 0.5;

/// Chooses up to `count` sentences: each time the one with the best score less
/// a penalty for its likeness to those chosen already (maximal marginal
/// relevance, Carbonell and Goldstein 1998, section 2). `embeddings` has shape
/// `[sentences, dim]`, rows of unit length. Gives the sentences in the
/// article's order.
///
/// # Errors
/// When the shapes do not fit.
pub fn select(scores: &[f32], embeddings: &Tensor, count: usize) -> Result<Vec<usize>> {
    if count >= scores.len() {
        return Ok((0..scores.len()).collect());
    }
    let mut chosen: Vec<usize> = Vec::new();
    let mut likeness = vec![0f32; scores.len()];
    while chosen.len() < count {
        let value = |i: usize| logit(scores[i]) - REDUNDANCY * penalty(likeness[i]);
        let best = (0..scores.len())
            .filter(|i| !chosen.contains(i))
            .max_by(|&a, &b| value(a).total_cmp(&value(b)).then(b.cmp(&a)));
        let Some(best) = best else { break };
        chosen.push(best);
        let row = embeddings.narrow(0, best, 1)?;
        let like = embeddings.broadcast_mul(&row)?.sum(1)?.to_vec1::<f32>()?;
        for (most, value) in likeness.iter_mut().zip(like) {
            *most = most.max(value);
        }
    }
    chosen.sort_unstable();
    Ok(chosen)
}

fn logit(p: f32) -> f32 {
    let p = p.clamp(1e-6, 1.0 - 1e-6);
    (p / (1.0 - p)).ln()
}

/// Sentences of one article are alike to some degree; only what is beyond that
/// repeats. Grows from 0 at a cosine of 0.5.
fn penalty(cosine: f32) -> f32 {
    10.0 * (cosine - 0.5).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;

    #[test]
    fn a_repeated_sentence_is_not_chosen_twice_and_order_is_the_articles() {
        let rows = [[1f32, 0.0], [0.0, 1.0], [0.0, 1.0], [0.6, 0.8]];
        let embeddings = Tensor::new(&rows, &Device::Cpu).unwrap();
        let scores = [0.3, 0.8, 0.79, 0.1];
        assert_eq!(select(&scores, &embeddings, 2).unwrap(), [0, 1]);
        assert_eq!(select(&scores, &embeddings, 9).unwrap(), [0, 1, 2, 3]);
        assert_eq!(select(&scores, &embeddings, 0).unwrap(), [0usize; 0]);
    }
}
