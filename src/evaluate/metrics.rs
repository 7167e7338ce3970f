//! Figures for binary classification, as small functions over slices.
//!
//! `predictions[i]`, `scores[i]` or `probabilities[i]` belongs to `labels[i]`;
//! where one slice is longer, its tail is ignored. Every function returns a
//! finite number: what stands in for an undefined value is said at each. A
//! score or probability that is not a number counts as the lowest.

/// Share of the predicted positives that are positive; 0 if none is predicted.
pub fn precision(predictions: &[bool], labels: &[bool]) -> f64 {
    let [tp, fp, _, _] = confusion(predictions, labels);
    ratio(tp, tp + fp)
}

/// Share of the positives that are predicted; 0 without positives.
pub fn recall(predictions: &[bool], labels: &[bool]) -> f64 {
    let [tp, _, missed, _] = confusion(predictions, labels);
    ratio(tp, tp + missed)
}

/// Harmonic mean of precision and recall, 2 TP / (2 TP + FP + FN); 0 where
/// there are neither positives nor predicted ones.
pub fn f1(predictions: &[bool], labels: &[bool]) -> f64 {
    let [tp, fp, missed, _] = confusion(predictions, labels);
    ratio(2.0 * tp, 2.0 * tp + fp + missed)
}

/// Average precision: the sum over thresholds of (rise in recall) x precision,
/// without interpolation, as scikit-learn's `average_precision_score` defines
/// it. Equal scores form one threshold. 0 without positives.
pub fn average_precision(scores: &[f64], labels: &[bool]) -> f64 {
    let (mut tp, mut predicted, mut sum) = (0.0, 0.0, 0.0);
    for group in ranked(scores, labels) {
        tp += group.positives;
        predicted += group.size;
        sum += group.positives * tp / predicted;
    }
    ratio(sum, tp)
}

/// Area under the ROC curve: the probability that a random positive scores
/// above a random negative, ties counting one half (Mann-Whitney U). 0.5 where
/// a class is missing.
pub fn auroc(scores: &[f64], labels: &[bool]) -> f64 {
    let (mut tp, mut fp, mut won) = (0.0, 0.0, 0.0);
    for group in ranked(scores, labels) {
        let negatives = group.size - group.positives;
        won += negatives * (tp + group.positives / 2.0);
        tp += group.positives;
        fp += negatives;
    }
    if tp * fp > 0.0 { won / (tp * fp) } else { 0.5 }
}

/// Brier score: mean squared difference of probability and outcome (0 or 1).
/// 0 is best; 0 for no items.
pub fn brier(probabilities: &[f64], labels: &[bool]) -> f64 {
    let errors: Vec<f64> = probabilities
        .iter()
        .zip(labels)
        .map(|(p, label)| (unit(*p) - f64::from(u8::from(*label))).powi(2))
        .collect();
    ratio(errors.iter().sum(), errors.len() as f64)
}

/// Expected calibration error of the positive class over 10 bins of equal
/// width, [0, 0.1), ..., [0.9, 1]: the mean over items of |mean probability -
/// share of positives| in the item's bin (Naeini et al., AAAI 2015). 0 for no
/// items.
pub fn ece(probabilities: &[f64], labels: &[bool]) -> f64 {
    const BINS: usize = 10;
    // Per bin: sum of probabilities minus number of positives.
    let mut gap = [0.0f64; BINS];
    let mut items = 0.0;
    for (p, label) in probabilities.iter().zip(labels) {
        let p = unit(*p);
        let bin = ((p * BINS as f64) as usize).min(BINS - 1);
        gap[bin] += p - f64::from(u8::from(*label));
        items += 1.0;
    }
    ratio(gap.iter().map(|gap| gap.abs()).sum(), items)
}

/// Cohen's kappa of two raters' labels: (observed - expected agreement) /
/// (1 - expected agreement) (Cohen 1960). 1 is full agreement, 0 that of
/// chance. 1 where both gave every item the same one label; 0 for no items.
pub fn cohen_kappa(a: &[bool], b: &[bool]) -> f64 {
    let [both, only_a, only_b, neither] = confusion(a, b);
    let items = both + only_a + only_b + neither;
    if items == 0.0 {
        return 0.0;
    }
    let observed = (both + neither) * items;
    let expected = (both + only_a) * (both + only_b) + (neither + only_a) * (neither + only_b);
    if expected == items * items {
        return 1.0;
    }
    (observed - expected) / (items * items - expected)
}

/// Counts of [true positives, false positives, false negatives, true
/// negatives]. Counts are `f64` throughout: exact up to 2^53.
fn confusion(predictions: &[bool], labels: &[bool]) -> [f64; 4] {
    let mut counts = [0.0; 4];
    for pair in predictions.iter().zip(labels) {
        counts[match pair {
            (true, true) => 0,
            (true, false) => 1,
            (false, true) => 2,
            (false, false) => 3,
        }] += 1.0;
    }
    counts
}

/// Items of one score.
struct Group {
    size: f64,
    positives: f64,
}

/// Items grouped by equal score, highest first.
fn ranked(scores: &[f64], labels: &[bool]) -> Vec<Group> {
    let mut items: Vec<(f64, bool)> = scores
        .iter()
        .zip(labels)
        // Adding 0 turns -0 into 0, which the total order would tell apart.
        .map(|(s, label)| {
            (
                if s.is_nan() {
                    f64::NEG_INFINITY
                } else {
                    s + 0.0
                },
                *label,
            )
        })
        .collect();
    items.sort_by(|a, b| b.0.total_cmp(&a.0));
    items
        .chunk_by(|a, b| a.0 == b.0)
        .map(|group| Group {
            size: group.len() as f64,
            positives: group.iter().filter(|(_, label)| *label).count() as f64,
        })
        .collect()
}

/// A probability made to lie in 0 to 1; not a number counts as 0.
fn unit(p: f64) -> f64 {
    if p.is_nan() { 0.0 } else { p.clamp(0.0, 1.0) }
}

/// a / b, or 0 where b is 0.
fn ratio(a: f64, b: f64) -> f64 {
    if b == 0.0 { 0.0 } else { a / b }
}

#[cfg(test)]
mod tests {
    use super::*;

    const T: bool = true;
    const F: bool = false;

    fn close(a: f64, b: f64) {
        assert!((a - b).abs() < 1e-12, "{a} is not {b}");
    }

    #[test]
    fn from_labels() {
        // 2 true positives, 1 false positive, 2 misses.
        let (predictions, labels) = ([T, T, T, F, F, F], [T, T, F, T, T, F]);
        close(precision(&predictions, &labels), 2.0 / 3.0);
        close(recall(&predictions, &labels), 0.5);
        close(f1(&predictions, &labels), 4.0 / 7.0);
    }

    #[test]
    fn ranking() {
        // scikit-learn's documented example: AP 0.8333, AUROC 0.75.
        let (scores, labels) = ([0.1, 0.4, 0.35, 0.8], [F, F, T, T]);
        close(average_precision(&scores, &labels), 0.5 + 0.5 * 2.0 / 3.0);
        close(auroc(&scores, &labels), 0.75);
        // All tied: one threshold, so AP is the share of positives.
        let (scores, labels) = ([0.5; 4], [T, F, F, F]);
        close(average_precision(&scores, &labels), 0.25);
        close(auroc(&scores, &labels), 0.5);
        // A tie of one positive and one negative below a positive.
        let (scores, labels) = ([0.9, 0.5, 0.5, 0.1], [T, F, T, F]);
        close(average_precision(&scores, &labels), 0.5 + 0.5 * 2.0 / 3.0);
        close(auroc(&scores, &labels), 0.875);
        close(auroc(&[0.0, -0.0], &[T, F]), 0.5);
    }

    #[test]
    fn calibration() {
        close(brier(&[0.8, 0.3], &[T, F]), (0.04 + 0.09) / 2.0);
        // Bin {0.92, 0.98}: sum 1.9 less 1 positive; bin {0.2}: 0.2 less none.
        close(ece(&[0.92, 0.98, 0.2], &[T, F, F]), (0.9 + 0.2) / 3.0);
        close(ece(&[1.0, 0.0], &[T, F]), 0.0);
    }

    #[test]
    fn kappa() {
        // Observed 0.6, expected 0.5: a says yes 5 of 10, b 5 of 10.
        let a = [T, T, T, T, T, F, F, F, F, F];
        let b = [T, T, T, F, F, T, T, F, F, F];
        close(cohen_kappa(&a, &b), 0.2);
        close(cohen_kappa(&a, &a), 1.0);
        close(cohen_kappa(&[T, T], &[T, T]), 1.0);
        close(cohen_kappa(&[T, F], &[F, T]), -1.0);
    }

    #[test]
    fn undefined_values_are_finite() {
        for figure in [precision, recall, f1] {
            close(figure(&[], &[]), 0.0);
            close(figure(&[F, F], &[F, F]), 0.0);
        }
        close(average_precision(&[], &[]), 0.0);
        close(average_precision(&[0.3], &[F]), 0.0);
        close(auroc(&[0.3], &[F]), 0.5);
        close(brier(&[], &[]), 0.0);
        close(ece(&[], &[]), 0.0);
        close(cohen_kappa(&[], &[]), 0.0);
        let (scores, labels) = ([f64::NAN, 0.2], [T, F]);
        close(average_precision(&scores, &labels), 0.5);
        close(auroc(&scores, &labels), 0.0);
        close(brier(&scores, &labels), 0.52);
        close(ece(&scores, &labels), 0.6);
    }
}
