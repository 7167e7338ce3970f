//! From held-out logits to probabilities, a threshold, and what is uncertain.

use crate::topics::{Band, Platt};

/// Least share of right labels outside of the uncertain band, on the held-out
/// articles; on others it will be a little less, since the band is picked on these.
const CERTAIN: f64 = 0.985;
/// How much expected F1 a lower threshold may cost.
const FLAT: f32 = 0.005;
/// The least slope of a calibration: less says that the logits say nothing.
const LEAST_SLOPE: f64 = 1e-3;

/// Calibration and threshold of one topic.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Calibration {
    /// From logit to probability.
    pub platt: Platt,
    /// Probability from which on the topic holds.
    pub threshold: f32,
    /// Probabilities at which errors are frequent.
    pub uncertain: Band,
}

/// Fits Platt scaling by Newton's method on the log loss, with the targets of
/// Platt (1999, section 2.2), which keep the fit finite on separable data, then
/// the threshold and the band around it. `topics` are the logits and labels of each topic;
/// those of the same `group` share a scaling, for logits that are made alike and articles
/// that are too few for a scaling each.
pub fn fit(
    topics: &[(Vec<f32>, Vec<bool>)],
    group: impl Fn(usize) -> Option<usize>,
) -> Vec<Calibration> {
    let mut calibrations = Vec::new();
    for (topic, (logits, labels)) in topics.iter().enumerate() {
        let alike = |other: &usize| {
            *other == topic || group(topic).is_some() && group(*other) == group(topic)
        };
        let alike: Vec<usize> = (0..topics.len()).filter(alike).collect();
        let of_all = |i: &usize| topics[*i].clone();
        let (all_logits, all_labels): (Vec<_>, Vec<_>) = alike.iter().map(of_all).unzip();
        let platt = platt(&all_logits.concat(), &all_labels.concat());
        calibrations.push(with_platt(platt, logits, labels));
    }
    calibrations
}

fn with_platt(platt: Platt, logits: &[f32], labels: &[bool]) -> Calibration {
    let probabilities: Vec<f32> = logits.iter().map(|&l| platt.probability(l)).collect();
    let threshold = expected_f1_threshold(&probabilities);
    Calibration {
        platt,
        threshold,
        uncertain: uncertain(&probabilities, labels, threshold),
    }
}

/// The lowest threshold whose expected F1, `2 Σ p / (labelled + Σ all p)`, is
/// hardly below the highest (Lipton, Elkan and Naryanaswamy 2014, "Optimal Thresholding of Classifiers to
/// Maximize F1 Measure"). It needs the probabilities alone; the threshold that
/// is best on the labels themselves follows the chance of a few articles. F1 is
/// flat about its top, and on articles unlike the learnt ones it is finding that
/// suffers first: so the lowest.
fn expected_f1_threshold(probabilities: &[f32]) -> f32 {
    let mut sorted = probabilities.to_vec();
    sorted.sort_by(|a, b| b.total_cmp(a));
    let all: f32 = sorted.iter().sum();
    let (mut sum, mut labelled) = (0.0, 0.0);
    let expected: Vec<f32> = sorted
        .iter()
        .map(|p| {
            sum += p;
            labelled += 1.0;
            2.0 * sum / (labelled + all)
        })
        .collect();
    let best = expected.iter().copied().fold(0.0, f32::max);
    let behind = |i: usize| f32::midpoint(sorted[i], sorted.get(i + 1).copied().unwrap_or(0.0));
    let first = expected.iter().position(|f1| *f1 >= best);
    let last = expected.iter().rposition(|f1| *f1 >= best - FLAT);
    match (first, last) {
        // Where all is clear a few wrong ones cost next to nothing: not below half.
        (Some(first), Some(last)) => behind(last).max(behind(first) / 2.0),
        _ => 0.5,
    }
}

/// The band around the threshold with the fewest articles in it that leaves no
/// more errors outside than [`CERTAIN`] allows.
#[expect(clippy::cast_precision_loss, reason = "counts of articles")]
fn uncertain(probabilities: &[f32], labels: &[bool], threshold: f32) -> Band {
    let mut pairs: Vec<(f32, bool)> = (probabilities.iter().copied())
        .zip(labels.iter().copied())
        .collect();
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
    let cut = pairs.partition_point(|(p, _)| *p < threshold);
    // How many of the first so many below, or from so many on above, are wrong.
    let below: Vec<usize> = std::iter::once(0)
        .chain(pairs[..cut].iter().scan(0, |wrong, (_, label)| {
            *wrong += usize::from(*label);
            Some(*wrong)
        }))
        .collect();
    let mut above: Vec<usize> = std::iter::once(0)
        .chain(pairs[cut..].iter().rev().scan(0, |wrong, (_, label)| {
            *wrong += usize::from(!*label);
            Some(*wrong)
        }))
        .collect();
    above.reverse();
    let mut best = (0, cut);
    let mut fewest = usize::MAX;
    for (low, wrong_below) in below.iter().enumerate() {
        for (up, wrong_above) in above.iter().enumerate() {
            let inside = cut + up - low;
            let outside = pairs.len() - inside;
            let allowed = (1.0 - CERTAIN) * outside as f64;
            if (wrong_below + wrong_above) as f64 <= allowed && inside < fewest {
                fewest = inside;
                best = (low, cut + up);
            }
        }
    }
    let at = |i: usize| match i {
        0 => 0.0,
        i => pairs.get(i).map_or(1.0, |pair| pair.0),
    };
    if best.0 == best.1 {
        return Band {
            from: threshold,
            to: threshold,
        };
    }
    Band {
        from: at(best.0).min(threshold),
        to: at(best.1).max(threshold),
    }
}

fn platt(logits: &[f32], labels: &[bool]) -> Platt {
    #[expect(clippy::cast_precision_loss, reason = "counts of articles")]
    let (positive, negative) = {
        let positive = labels.iter().filter(|l| **l).count();
        (positive as f64, (labels.len() - positive) as f64)
    };
    let (high, low) = ((positive + 1.0) / (positive + 2.0), 1.0 / (negative + 2.0));
    // Logits of mean 0 and spread 1 keep the steps well-conditioned.
    let (mean, spread) = mean_and_spread(logits);
    let spread = spread.max(1e-6);
    let logits: Vec<f64> = (logits.iter())
        .map(|logit| (f64::from(*logit) - mean) / spread)
        .collect();
    let loss = |slope: f64, offset: f64| -> f64 {
        let pairs = logits.iter().zip(labels);
        pairs
            .map(|(&x, &label)| {
                let z = slope * x + offset;
                let target = if label { high } else { low };
                z.max(0.0) - z * target + (-z.abs()).exp().ln_1p()
            })
            .sum()
    };
    let (mut slope, mut offset) = (1.0f64, 0.0f64);
    let mut current = loss(slope, offset);
    for _ in 0..100 {
        // Gradient and Hessian of the log loss in (slope, offset).
        let (mut gs, mut go, mut hss, mut hso, mut hoo) = (0.0, 0.0, 1e-6, 0.0, 1e-6);
        for (&x, &label) in logits.iter().zip(labels) {
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
        // Far from the minimum a whole step may lead away from it (Lin, Lin and Weng 2007, "A
        // note on Platt's probabilistic outputs", section 3): halved until it does not.
        let halved = (0..20).map(|halvings| 0.5f64.powi(halvings));
        let better = halved
            .map(|size| (slope - size * ds, offset - size * d_o))
            .find(|&(slope, offset)| loss(slope, offset) < current);
        let Some(better) = better else { break };
        (slope, offset) = better;
        let before = std::mem::replace(&mut current, loss(slope, offset));
        if before - current < 1e-12 {
            break;
        }
    }
    slope /= spread;
    offset -= slope * mean;
    if !slope.is_finite() || !offset.is_finite() || slope < LEAST_SLOPE {
        // A logit that says nothing, or the contrary: keep the order as it is.
        (slope, offset) = (1.0, 0.0);
    }
    #[expect(clippy::cast_possible_truncation, reason = "small numbers")]
    Platt {
        slope: slope as f32,
        offset: offset as f32,
    }
}

fn mean_and_spread(values: &[f32]) -> (f64, f64) {
    #[expect(clippy::cast_precision_loss, reason = "a count of articles")]
    let count = values.len().max(1) as f64;
    let mean = values.iter().map(|v| f64::from(*v)).sum::<f64>() / count;
    let squares = values.iter().map(|v| (f64::from(*v) - mean).powi(2));
    let spread = (squares.sum::<f64>() / count).sqrt();
    (mean, spread)
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
        let fitted = fit(&[(logits, labels)], |_| None)[0];
        assert!((fitted.platt.probability(-2.0) - 0.2).abs() < 0.01);
        assert!((fitted.platt.probability(2.0) - 0.8).abs() < 0.01);
        assert!(fitted.threshold > 0.2 && fitted.threshold < 0.8);
    }

    #[test]
    fn logits_far_from_zero_are_calibrated_as_well() {
        // Separable but for one article, far below zero: whole Newton steps diverge there.
        for (shift, scale) in [(-12.0, 1.0), (-40.0, 6.0), (300.0, 0.01)] {
            let logit = |i: usize| shift + scale * (if i < 8 { 3.0 } else { 0.0 } + 0.1 * i as f32);
            let logits: Vec<f32> = (0..32).map(logit).collect();
            let labels: Vec<bool> = (0..32).map(|i| i < 8 || i == 31).collect();
            let platt = platt(&logits, &labels);
            let mean = logits.iter().map(|&l| platt.probability(l)).sum::<f32>() / 32.0;
            assert!(
                (mean - 9.0 / 32.0).abs() < 0.05,
                "{shift}: {mean} {platt:?}"
            );
        }
    }

    #[test]
    fn topics_of_a_group_share_a_scaling() {
        let one = (vec![-1.0, 0.0, 1.0, 2.0], vec![false, false, true, true]);
        let two = (vec![-3.0, -1.0, 2.0, 1.0], vec![false, true, false, true]);
        let topics = [one.clone(), two.clone(), one, two];
        let group = |topic: usize| (topic > 1).then_some(0);
        let platts: Vec<Platt> = fit(&topics, group).iter().map(|c| c.platt).collect();
        assert_ne!(platts[0], platts[1]);
        assert_eq!(platts[2], platts[3]);
        assert!(platts[2] != platts[0] && platts[2] != platts[1]);
    }

    #[test]
    fn the_threshold_has_the_highest_expected_f1() {
        // Labelling the first two: 2 x 1.7 / (2 + 2.1); all but the last: 2 x 2.0 / (3 + 2.1).
        let threshold = expected_f1_threshold(&[0.1, 0.9, 0.3, 0.8]);
        assert!((threshold - 0.55).abs() < 1e-6, "{threshold}");
        assert!((expected_f1_threshold(&[]) - 0.5).abs() < 1e-6);
    }

    #[test]
    fn what_is_outside_of_the_uncertain_band_is_nearly_always_right() {
        // Wrong ones lie between 0.4 and 0.7 alone.
        let probabilities: Vec<f32> = (0..1000).map(|i| i as f32 / 1000.0).collect();
        let labels: Vec<bool> = (0..1000)
            .map(|i| match i {
                400..700 => i % 2 == 0,
                i => i >= 700,
            })
            .collect();
        let band = uncertain(&probabilities, &labels, 0.5);
        assert!(band.from > 0.39 && band.from < 0.43, "{band:?}");
        assert!(band.to > 0.67 && band.to < 0.71, "{band:?}");
        // Nothing wrong, nothing uncertain.
        let labels: Vec<bool> = probabilities.iter().map(|p| *p >= 0.5).collect();
        let band = uncertain(&probabilities, &labels, 0.5);
        assert!(!band.holds(0.5) && !band.holds(0.49));
        // All wrong: all uncertain.
        let labels: Vec<bool> = probabilities.iter().map(|p| *p < 0.5).collect();
        let band = uncertain(&probabilities, &labels, 0.5);
        assert!(band.holds(0.0) && band.holds(0.998) && band.holds(1.0));
        assert!(!uncertain(&[], &[], 0.5).holds(0.5));
    }

    #[test]
    fn separable_and_one_sided_data_give_finite_numbers() {
        for labels in [[false, false, true, true], [false; 4], [true; 4]] {
            let p = platt(&[-3.0, -2.0, 2.0, 3.0], &labels).probability(2.0);
            assert!(p.is_finite() && (0.0..=1.0).contains(&p));
        }
    }
}
