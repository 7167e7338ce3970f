//! Seeded draws: bootstrap samples and folds.

use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rayon::prelude::*;

/// A generator for one purpose: the same seed and purpose give the same numbers.
#[must_use]
pub fn generator(seed: u64, purpose: u64) -> StdRng {
    StdRng::seed_from_u64(
        seed.wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .wrapping_add(purpose),
    )
}

/// Assigns `count` items to `folds` folds of equal size, at random.
#[must_use]
pub fn folds(count: usize, folds: usize, seed: u64) -> Vec<usize> {
    let mut fold: Vec<usize> = (0..count).map(|i| i % folds).collect();
    fold.shuffle(&mut generator(seed, 0));
    fold
}

/// How many bootstrap samples are drawn, and from which seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resampling {
    /// Samples.
    pub count: usize,
    /// Seed.
    pub seed: u64,
}

impl Default for Resampling {
    fn default() -> Self {
        Self {
            count: 1000,
            seed: 1,
        }
    }
}

impl Resampling {
    /// What `figure` gives for each bootstrap sample: as many items as there
    /// are, drawn with replacement, as their numbers (Efron 1979). The same
    /// seed and number of items give the same samples, so that two methods can
    /// be compared sample by sample.
    pub fn map<T: Send>(self, items: usize, figure: impl Fn(&[usize]) -> T + Sync) -> Vec<T> {
        // Purpose 0 is that of the folds.
        (1..=self.count as u64)
            .into_par_iter()
            .map(|sample| {
                let mut rng = generator(self.seed, sample);
                let drawn: Vec<usize> = (0..items).map(|_| rng.random_range(0..items)).collect();
                figure(&drawn)
            })
            .collect()
    }
}

/// The 2.5th and the 97.5th percentile, interpolated; what a bootstrap interval
/// of 95 % is made of (Efron and Tibshirani 1993, section 13.3). Both 0 for no values.
#[must_use]
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a place in a list"
)]
pub fn percentiles(mut values: Vec<f64>) -> (f64, f64) {
    values.sort_by(f64::total_cmp);
    let Some(last) = values.len().checked_sub(1) else {
        return (0.0, 0.0);
    };
    let at = |share: f64| {
        let place = share * last as f64;
        let below = place.floor() as usize;
        let above = (below + 1).min(last);
        values[below] + (values[above] - values[below]) * (place - below as f64)
    };
    (at(0.025), at(0.975))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_are_even_and_follow_the_seed() {
        let fold = folds(103, 5, 1);
        for f in 0..5 {
            let size = fold.iter().filter(|x| **x == f).count();
            assert!((20..=21).contains(&size));
        }
        assert_eq!(fold, folds(103, 5, 1));
        assert_ne!(fold, folds(103, 5, 2));
    }

    #[test]
    fn samples_follow_the_seed_and_draw_with_replacement() {
        let draw = |seed| Resampling { count: 50, seed }.map(20, <[usize]>::to_vec);
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
        let samples = draw(1);
        assert!(samples.iter().all(|s| s.len() == 20));
        let repeats =
            |s: &Vec<usize>| s.iter().collect::<std::collections::HashSet<_>>().len() < 20;
        assert!(samples.iter().all(repeats));
        assert_eq!(Resampling::default().map(0, <[usize]>::len).len(), 1000);
    }

    #[test]
    fn percentiles_are_interpolated() {
        let (low, high) = percentiles((0..=1000).map(f64::from).rev().collect());
        assert_eq!((low, high), (25.0, 975.0));
        assert_eq!(percentiles(vec![0.0, 1.0]), (0.025, 0.975));
        assert_eq!(percentiles(vec![3.0]), (3.0, 3.0));
        assert_eq!(percentiles(Vec::new()), (0.0, 0.0));
    }

    /// The mean of 0 and 1 drawn 400 times: the interval's half width is about
    /// 1.96 standard errors, 0.049.
    #[test]
    fn an_interval_is_as_wide_as_theory_says() {
        let means = Resampling::default().map(400, |drawn| {
            drawn.iter().filter(|i| **i % 2 == 0).count() as f64 / 400.0
        });
        let (low, high) = percentiles(means);
        assert!((low - 0.451).abs() < 0.006 && (high - 0.549).abs() < 0.006);
    }
}
