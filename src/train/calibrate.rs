//! From held-out logits to probabilities and a threshold.

use crate::evaluate::best_f1_threshold;
use crate::topics::Platt;

/// Calibration and threshold of one topic.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Calibration {
    /// From logit to probability.
    pub platt: Platt,
    /// Probability from which on the topic holds: best F1 on the held-out articles.
    pub threshold: f32,
}

/// Fits Platt scaling by Newton's method on the log loss, with the targets of
/// Platt (1999, section 2.2), which keep the fit finite on separable data, and
/// then the threshold.
pub fn fit(logits: &[f32], labels: &[bool]) -> Calibration {
    let platt = platt(logits, labels);
    let probabilities: Vec<f64> = logits
        .iter()
        .map(|&l| f64::from(platt.probability(l)))
        .collect();
    #[expect(clippy::cast_possible_truncation, reason = "a probability")]
    let threshold = best_f1_threshold(&probabilities, labels) as f32;
    Calibration { platt, threshold }
}

fn platt(logits: &[f32], labels: &[bool]) -> Platt {
    #[expect(clippy::cast_precision_loss, reason = "counts of articles")]
    let (positive, negative) = {
        let positive = labels.iter().filter(|l| **l).count();
        (positive as f64, (labels.len() - positive) as f64)
    };
    let (high, low) = ((positive + 1.0) / (positive + 2.0), 1.0 / (negative + 2.0));
    let (mut slope, mut offset) = (1.0f64, 0.0f64);
    for _ in 0..50 {
        // Gradient and Hessian of the log loss in (slope, offset).
        let (mut gs, mut go, mut hss, mut hso, mut hoo) = (0.0, 0.0, 1e-6, 0.0, 1e-6);
        for (&logit, &label) in logits.iter().zip(labels) {
            let x = f64::from(logit);
            let p = 1.0 / (1.0 + (-(slope * x + offset)).exp());
            let error = p - if label { high } else { low };
            let curve = p * (1.0 - p);
            gs += error * x;
            go += error;
            hss += curve * x * x;
            hso += curve * x;
            hoo += curve;
        }
        let determinant = hss * hoo - hso * hso;
        if determinant.abs() < 1e-12 {
            break;
        }
        let (ds, d_o) = (
            (hoo * gs - hso * go) / determinant,
            (hss * go - hso * gs) / determinant,
        );
        slope -= ds;
        offset -= d_o;
        if ds.abs() + d_o.abs() < 1e-9 {
            break;
        }
    }
    if !slope.is_finite() || !offset.is_finite() || slope <= 0.0 {
        // A logit that says nothing, or the contrary: keep the order as it is.
        (slope, offset) = (1.0, 0.0);
    }
    #[expect(clippy::cast_possible_truncation, reason = "small numbers")]
    Platt {
        slope: slope as f32,
        offset: offset as f32,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_match_the_share_of_positives() {
        // 1 of 5 positive at logit -2, 4 of 5 at logit 2.
        let logits: Vec<f32> = (0..500).map(|i| if i < 250 { -2.0 } else { 2.0 }).collect();
        let labels: Vec<bool> = (0..500)
            .map(|i| if i < 250 { i % 5 == 0 } else { i % 5 != 0 })
            .collect();
        let fitted = fit(&logits, &labels);
        assert!((fitted.platt.probability(-2.0) - 0.2).abs() < 0.01);
        assert!((fitted.platt.probability(2.0) - 0.8).abs() < 0.01);
        assert!(fitted.threshold > 0.2 && fitted.threshold < 0.8);
    }

    #[test]
    fn separable_and_one_sided_data_give_finite_numbers() {
        for labels in [[false, false, true, true], [false; 4], [true; 4]] {
            let fitted = fit(&[-3.0, -2.0, 2.0, 3.0], &labels);
            let p = fitted.platt.probability(2.0);
            assert!(p.is_finite() && (0.0..=1.0).contains(&p));
        }
    }
}
