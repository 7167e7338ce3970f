//! Named figures of methods, with intervals and the differences between methods.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::resample::{Resampling, percentiles};

/// A figure and its bootstrap interval of 95 %.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// On all items.
    pub value: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
}

/// How far one method's figure lies above another's on the same items.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// On all items.
    pub value: f64,
    /// Lower end of the paired bootstrap interval of 95 %.
    pub low: f64,
    /// Upper end of it.
    pub high: f64,
}

impl Difference {
    /// Whether the interval leaves out 0, so that chance alone would rarely do it.
    #[must_use]
    pub fn is_significant(&self) -> bool {
        self.low > 0.0 || self.high < 0.0
    }
}

/// Figures by their names, such as `macro_f1` or `brexit.recall`.
pub type Figures = BTreeMap<String, Figure>;

/// What a method reaches.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Method {
    /// Its name.
    pub name: String,
    /// Its figures.
    pub figures: Figures,
    /// How far the first method's figures lie above this one's; empty for the first and
    /// where there are too few items to compare on.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub behind: BTreeMap<String, Difference>,
}

/// A method's name, and its figures on a choice of the items, by their numbers.
pub type Measured<'a> = (
    String,
    Box<dyn Fn(&[usize]) -> Vec<(String, f64)> + Sync + 'a>,
);

/// Fewest items on which methods are compared: bootstrap samples of fewer say
/// nothing of others.
pub const FEWEST: usize = 10;

/// Measures methods on the same items, each with intervals, and the first
/// beside every other, by the same bootstrap samples (paired bootstrap: Efron
/// and Tibshirani 1993, chapter 8; Berg-Kirkpatrick et al., EMNLP 2012).
#[must_use]
pub fn measure(methods: &[Measured], items: usize, resampling: Resampling) -> Vec<Method> {
    let all: Vec<usize> = (0..items).collect();
    // Every method sees the same samples, `[methods][samples]`.
    let samples: Vec<Vec<BTreeMap<String, f64>>> = methods
        .iter()
        .map(|(_, figures)| resampling.map(items, |drawn| figures(drawn).into_iter().collect()))
        .collect();
    let values: Vec<BTreeMap<String, f64>> = methods
        .iter()
        .map(|(_, figures)| figures(&all).into_iter().collect())
        .collect();
    methods
        .iter()
        .enumerate()
        .map(|(m, (name, _))| Method {
            name: name.clone(),
            figures: values[m]
                .iter()
                .map(|(figure, &value)| {
                    let drawn = samples[m].iter().filter_map(|s| s.get(figure).copied());
                    let (low, high) = interval(figure, value, drawn.collect());
                    (figure.clone(), Figure { value, low, high })
                })
                .collect(),
            behind: values[0]
                .iter()
                .filter(|_| m > 0 && items >= FEWEST)
                .filter_map(|(figure, first)| {
                    let value = first - values[m].get(figure)?;
                    let pairs = samples[0].iter().zip(&samples[m]);
                    let apart = pairs.filter_map(|(a, b)| Some(a.get(figure)? - b.get(figure)?));
                    let (low, high) = interval(figure, value, apart.collect());
                    Some((figure.clone(), Difference { value, low, high }))
                })
                .collect(),
        })
        .collect()
}

/// The interval of a figure: the percentiles of its bootstrap samples.
///
/// Every sample has copies of items, which makes a calibration error larger than it
/// is; its samples are moved back by how far their mean lies above the figure.
fn interval(figure: &str, value: f64, mut samples: Vec<f64>) -> (f64, f64) {
    if figure.ends_with("ece") && !samples.is_empty() {
        #[expect(clippy::cast_precision_loss, reason = "a number of samples")]
        let mean = samples.iter().sum::<f64>() / samples.len() as f64;
        samples.iter_mut().for_each(|s| *s -= mean - value);
    }
    percentiles(samples)
}

/// The figures of one method alone.
#[must_use]
pub fn measure_one(
    items: usize,
    resampling: Resampling,
    figures: impl Fn(&[usize]) -> Vec<(String, f64)> + Sync,
) -> Figures {
    let methods: [Measured; 1] = [(String::new(), Box::new(figures))];
    let measured = measure(&methods, items, resampling);
    measured.into_iter().flat_map(|m| m.figures).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(right: &[bool]) -> impl Fn(&[usize]) -> Vec<(String, f64)> + Sync + '_ {
        |picked| {
            let hits = picked.iter().filter(|i| right[**i]).count();
            vec![("right".to_owned(), hits as f64 / picked.len() as f64)]
        }
    }

    /// Paired: a method that is better on a tenth of the items and worse on none
    /// is better beyond chance, although the two intervals overlap.
    #[test]
    fn differences_are_paired() {
        let first: Vec<bool> = (0..200).map(|i| i % 2 == 0).collect();
        let second: Vec<bool> = (0..200).map(|i| i % 2 == 0 && i % 20 != 0).collect();
        let methods: [Measured; 2] = [
            ("a".to_owned(), Box::new(share(&first))),
            ("b".to_owned(), Box::new(share(&second))),
        ];
        let [a, b] = &measure(&methods, 200, Resampling::default())[..] else {
            panic!("two methods");
        };
        let (one, other) = (a.figures["right"], b.figures["right"]);
        assert_eq!((one.value, other.value), (0.5, 0.45));
        assert!(one.low < other.high, "the intervals overlap");
        assert!(a.behind.is_empty());
        let behind = b.behind["right"];
        assert!((behind.value - 0.05).abs() < 1e-12 && behind.low > 0.0);
        assert!(behind.is_significant());
        let itself: [Measured; 2] = [
            ("a".to_owned(), Box::new(share(&first))),
            ("a".to_owned(), Box::new(share(&first))),
        ];
        let same = measure(&itself, 200, Resampling::default())[1].behind["right"];
        assert_eq!((same.value, same.low, same.high), (0.0, 0.0, 0.0));
        assert!(!same.is_significant());
    }

    #[test]
    fn a_calibration_error_lies_in_its_interval() {
        let (low, high) = interval("macro_ece", 0.02, vec![0.03; 9]);
        assert!((low - 0.02).abs() < 1e-12 && (high - 0.02).abs() < 1e-12);
        assert_eq!(interval("macro_f1", 0.02, vec![0.03; 9]), (0.03, 0.03));
    }

    #[test]
    fn figures_that_a_method_lacks_are_left_out() {
        let methods: [Measured; 2] = [
            (
                "a".to_owned(),
                Box::new(|_| vec![("x".to_owned(), 1.0), ("y".to_owned(), 2.0)]),
            ),
            ("b".to_owned(), Box::new(|_| vec![("x".to_owned(), 0.5)])),
        ];
        let measured = measure(&methods, 10, Resampling::default());
        assert_eq!(measured[1].behind.keys().collect::<Vec<_>>(), ["x"]);
        let few = measure(&methods, 9, Resampling::default());
        assert!(few[1].behind.is_empty());
    }
}
