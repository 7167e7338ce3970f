//! Coordinates of the charts; the page's template draws them.
//!
//! Every chart has a square of [`SIZE`] units, x to the right and y down.

use std::fmt::Write;

/// Side of a chart's square, in units of its drawing.
pub const SIZE: f64 = 200.0;
/// Bins of a reliability diagram.
const BINS: usize = 10;

/// A point of a chart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// To the right.
    pub x: f64,
    /// Down.
    pub y: f64,
}

fn place(x: f64, y: f64) -> Point {
    let round = |v: f64| (v * 10.0).round() / 10.0;
    Point {
        x: round(SIZE * x),
        y: round(SIZE * (1.0 - y)),
    }
}

/// The point for a recall and a precision.
pub fn recall_precision(recall: f64, precision: f64) -> Point {
    place(recall, precision)
}

/// The precision-recall curve as the path of an SVG: a step for each distinct
/// probability, from the highest down. `None` without positives.
pub fn curve(probabilities: &[f64], holds: &[bool]) -> Option<String> {
    let positives = holds.iter().filter(|h| **h).count();
    if positives == 0 {
        return None;
    }
    let mut ranked: Vec<(f64, bool)> = probabilities
        .iter()
        .copied()
        .zip(holds.iter().copied())
        .collect();
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (mut found, mut labelled) = (0u32, 0u32);
    let mut path = String::new();
    for group in ranked.chunk_by(|a, b| a.0 == b.0) {
        for (_, holds) in group {
            labelled += 1;
            found += u32::from(*holds);
        }
        #[expect(clippy::cast_precision_loss, reason = "a count of articles")]
        let recall = f64::from(found) / positives as f64;
        let point = place(recall, f64::from(found) / f64::from(labelled));
        let command = if path.is_empty() { 'M' } else { 'L' };
        let _ = write!(path, "{command}{} {}", point.x, point.y);
    }
    Some(path)
}

/// A bin of a reliability diagram.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bin {
    /// Mean probability to the right, share that has the topic up.
    pub at: Point,
    /// Radius of its dot: its area follows the number of articles.
    pub radius: f64,
    /// Articles in it.
    pub articles: usize,
    /// Mean probability.
    pub probability: f64,
    /// Share that has the topic.
    pub share: f64,
}

/// Ten bins of equal width, those that are empty left out.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts and a bin's number"
)]
pub fn reliability(probabilities: &[f64], holds: &[bool]) -> Vec<Bin> {
    let mut bins = [(0usize, 0.0f64, 0usize); BINS];
    for (p, holds) in probabilities.iter().zip(holds) {
        let bin = &mut bins[((p * BINS as f64) as usize).min(BINS - 1)];
        *bin = (bin.0 + 1, bin.1 + p, bin.2 + usize::from(*holds));
    }
    bins.into_iter()
        .filter(|(articles, ..)| *articles > 0)
        .map(|(articles, sum, holding)| {
            let (probability, share) = (sum / articles as f64, holding as f64 / articles as f64);
            let part = articles as f64 / probabilities.len() as f64;
            Bin {
                at: place(probability, share),
                radius: (30.0 * (18.0 * part.sqrt()).clamp(3.0, 18.0)).round() / 30.0,
                articles,
                probability,
                share,
            }
        })
        .collect()
}

/// A figure with its interval on a scale.
#[derive(Debug, Clone, PartialEq)]
pub struct Whisker {
    /// Where the interval begins, in percent of the scale.
    pub low: f64,
    /// Where it ends.
    pub high: f64,
    /// Where the figure is.
    pub value: f64,
}

/// Places figures (value, low, high) on a scale from `from` to `to`.
pub fn whisker(value: (f64, f64, f64), from: f64, to: f64) -> Whisker {
    let at = |v: f64| {
        let share = (v - from) / (to - from).max(f64::MIN_POSITIVE);
        (share.clamp(0.0, 1.0) * 1000.0).round() / 10.0
    };
    Whisker {
        low: at(value.1),
        high: at(value.2),
        value: at(value.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_goes_by_the_ranking() {
        // Ranks: right, wrong, right; recall 0.5, 0.5, 1 at precision 1, 0.5, 0.667.
        let path = curve(&[0.9, 0.8, 0.3], &[true, false, true]).unwrap();
        assert_eq!(path, "M100 0L100 100L200 66.7");
        assert_eq!(curve(&[0.5, 0.5], &[true, false]).unwrap(), "M200 100");
        assert_eq!(curve(&[0.5], &[false]), None);
    }

    #[test]
    fn bins_show_probability_beside_share() {
        let bins = reliability(
            &[0.05, 0.05, 0.95, 0.95, 1.0],
            &[false, true, true, true, true],
        );
        assert_eq!(bins.len(), 2);
        assert_eq!((bins[0].articles, bins[0].at), (2, place(0.05, 0.5)));
        assert_eq!((bins[1].articles, bins[1].share), (3, 1.0));
        assert!(bins[1].radius > bins[0].radius);
        assert!(reliability(&[], &[]).is_empty());
    }

    #[test]
    fn whiskers_stay_on_the_scale() {
        let w = whisker((0.8, 0.7, 1.2), 0.6, 1.0);
        assert_eq!((w.value, w.low, w.high), (50.0, 25.0, 100.0));
    }
}
