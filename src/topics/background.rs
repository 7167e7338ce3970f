//! General news, as embeddings: what topics of the user's own are measured
//! against, so that unrelated text stays low.

use candle_core::{DType, Device, Result, Tensor};
use candle_nn::VarBuilder;

/// Most rows that are kept of an article.
pub const ROWS: usize = 20;
/// Value of a stored byte that stands for 0.
const ZERO: f32 = 128.0;

/// The rows of articles of general news, a byte a value.
#[derive(Debug, Clone)]
pub struct Background {
    /// `[rows, dim]`, each row scaled to its largest value.
    bytes: Tensor,
    /// Rows of each article.
    lengths: Vec<usize>,
}

impl Background {
    /// Keeps the first rows of each article; they have shape `[rows, dim]`.
    ///
    /// # Errors
    /// When there is none, or shapes differ.
    pub fn new(articles: &[Tensor]) -> Result<Self> {
        let first: Vec<Tensor> = articles
            .iter()
            .map(|rows| rows.narrow(0, 0, rows.dim(0)?.min(ROWS)))
            .collect::<Result<_>>()?;
        let rows = Tensor::cat(&first, 0)?;
        let largest = (rows.abs()?.max_keepdim(1)? + 1e-9)?;
        let scaled = rows.broadcast_div(&largest)?;
        let bytes = ((scaled * 127.0)?.round()? + f64::from(ZERO))?.to_dtype(DType::U8)?;
        Ok(Self {
            bytes,
            lengths: first.iter().map(|rows| rows.dims()[0]).collect(),
        })
    }

    /// Loads a background of embeddings of length `dim`.
    ///
    /// # Errors
    /// When tensors are missing or do not fit.
    pub fn load(dim: usize, vars: &VarBuilder) -> Result<Self> {
        let lengths: Vec<f32> = vars.get_unchecked("lengths")?.to_vec1()?;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "small counts, checked below"
        )]
        let lengths: Vec<usize> = lengths.iter().map(|l| *l as usize).collect();
        let rows = lengths.iter().sum::<usize>();
        if lengths.is_empty() || lengths.iter().any(|l| !(1..=ROWS).contains(l)) {
            candle_core::bail!("an article of the background has no rows, or too many");
        }
        let bytes = vars.get_unchecked_dtype("rows", DType::U8)?;
        if bytes.dims() != [rows, dim] {
            candle_core::bail!(
                "the background has shape {:?}, not [{rows}, {dim}]",
                bytes.dims()
            );
        }
        Ok(Self { bytes, lengths })
    }

    /// The tensors that [`load`](Self::load) reads, by name.
    ///
    /// # Errors
    /// Never for a background that was made by [`new`](Self::new).
    pub fn tensors(&self) -> Result<Vec<(&'static str, Tensor)>> {
        #[expect(clippy::cast_precision_loss, reason = "at most 20")]
        let lengths: Vec<f32> = self.lengths.iter().map(|l| *l as f32).collect();
        Ok(vec![
            ("rows", self.bytes.clone()),
            ("lengths", Tensor::new(lengths, &Device::Cpu)?),
        ])
    }

    /// The mean of the articles, each as the mean of its rows, `[dim]`.
    ///
    /// # Errors
    /// Never for a background that was loaded.
    pub fn center(&self) -> Result<Vec<f32>> {
        let means: Vec<Tensor> = (self.articles()?.iter())
            .map(|rows| {
                let mean = rows.mean(0)?;
                let length = mean.sqr()?.sum_all()?.sqrt()?;
                mean.broadcast_div(&(length + 1e-9)?)
            })
            .collect::<Result<_>>()?;
        Tensor::stack(&means, 0)?.mean(0)?.to_vec1()
    }

    /// The articles' rows, each of unit length.
    ///
    /// # Errors
    /// Never for a background that was loaded.
    pub fn articles(&self) -> Result<Vec<Tensor>> {
        let rows = (self.bytes.to_dtype(DType::F32)? - f64::from(ZERO))?;
        let norms = rows.sqr()?.sum_keepdim(1)?.sqrt()?;
        let rows = rows.broadcast_div(&(norms + 1e-9)?)?;
        let mut start = 0;
        self.lengths
            .iter()
            .map(|&length| {
                start += length;
                rows.narrow(0, start - length, length)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    #[test]
    fn a_background_comes_back_nearly_as_it_was() {
        let rows = |n: usize| {
            let data: Vec<f32> = (0..n * 8)
                .map(|i| ((i * 37 % 19) as f32 - 9.0) / 9.0)
                .collect();
            let rows = Tensor::from_vec(data, (n, 8), &Device::Cpu).unwrap();
            let norm = rows.sqr().unwrap().sum_keepdim(1).unwrap().sqrt().unwrap();
            rows.broadcast_div(&norm).unwrap()
        };
        let articles = [rows(3), rows(30)];
        let tensors: HashMap<String, Tensor> = Background::new(&articles)
            .unwrap()
            .tensors()
            .unwrap()
            .into_iter()
            .map(|(name, tensor)| (name.to_owned(), tensor))
            .collect();
        let vars = VarBuilder::from_tensors(tensors, DType::F32, &Device::Cpu);
        let back = Background::load(8, &vars).unwrap().articles().unwrap();
        assert_eq!(back[0].dims(), [3, 8]);
        assert_eq!(back[1].dims(), [ROWS, 8]);
        let cosine = (&back[0] * &articles[0]).unwrap().sum(1).unwrap();
        for c in cosine.to_vec1::<f32>().unwrap() {
            assert!(c > 0.999, "{c}");
        }
        assert!(Background::load(9, &vars).is_err());
    }
}
