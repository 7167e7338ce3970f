//! Binary logistic regression with an L2 penalty, on sparse features.

/// One item: (feature number, value); values must be finite.
pub type Row = Vec<(u32, f64)>;

/// How much each item weighs in the fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClassWeight {
    /// Every item weighs 1.
    Equal,
    /// n / (2 n of its class), so that both classes weigh the same in all.
    Balanced,
}

/// Binary logistic regression: P(positive) = 1 / (1 + exp(-(w x + b))).
#[derive(Clone, Debug)]
pub struct Logistic {
    /// One weight for each feature, then the intercept.
    weights: Vec<f64>,
}

impl Logistic {
    /// Minimises w w / 2 + c * (sum of weighted log losses), the intercept not
    /// penalised (scikit-learn's objective), by Newton's method with conjugate
    /// gradients (Nocedal & Wright, Numerical Optimization, 2nd ed., alg. 7.1).
    ///
    /// `rows[i]` belongs to `labels[i]`; a longer one's tail is ignored, and so
    /// are features from `features` on. `c`, the inverse strength of the
    /// penalty, is held to 0 to 1e6. Where a class is missing no optimum
    /// exists: the weights are 0 and the intercept is
    /// ln((positives + 1) / (negatives + 1)).
    pub fn fit(
        rows: &[Row],
        labels: &[bool],
        features: usize,
        c: f64,
        class_weight: ClassWeight,
    ) -> Self {
        let n = rows.len().min(labels.len());
        let labels = &labels[..n];
        let positives = labels.iter().filter(|label| **label).count() as f64;
        let negatives = n as f64 - positives;
        let mut weights = vec![0.0; features + 1];
        if positives == 0.0 || negatives == 0.0 {
            weights[features] = ((positives + 1.0) / (negatives + 1.0)).ln();
            return Self { weights };
        }
        let c = if c.is_nan() { 0.0 } else { c.clamp(0.0, 1e6) };
        let cost = |label: bool| match class_weight {
            ClassWeight::Equal => c,
            ClassWeight::Balanced => {
                c * n as f64 / (2.0 * if label { positives } else { negatives })
            }
        };
        let problem = Problem {
            rows: &rows[..n],
            labels,
            costs: labels.iter().map(|label| cost(*label)).collect(),
            offsets: vec![0.0; n],
        };
        problem.minimise(&mut weights);
        Self { weights }
    }

    /// Minimises w w / 2 + the sum of cost x log loss, where to the log-odds of
    /// each item its offset is added, which is given: the weights learn what the
    /// offsets leave. All slices have one place an item.
    pub fn fit_on_top(
        rows: &[Row],
        labels: &[bool],
        costs: &[f64],
        offsets: &[f64],
        features: usize,
    ) -> Self {
        let mut weights = vec![0.0; features + 1];
        if labels.contains(&true) && labels.contains(&false) {
            let problem = Problem {
                rows,
                labels,
                costs: costs.to_vec(),
                offsets: offsets.to_vec(),
            };
            problem.minimise(&mut weights);
        }
        Self { weights }
    }

    /// The weight of each feature, then the intercept.
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// Log-odds of the positive class: w x + b.
    pub fn logit(&self, row: &Row) -> f64 {
        margin(row, &self.weights)
    }

    /// Probability of the positive class, 0 to 1.
    pub fn probability(&self, row: &Row) -> f64 {
        sigmoid(margin(row, &self.weights))
    }
}

/// The objective of [`Logistic::fit`]. Vectors have one place for each feature
/// and a last one for the intercept.
struct Problem<'a> {
    rows: &'a [Row],
    labels: &'a [bool],
    /// c times the weight of each item.
    costs: Vec<f64>,
    /// Added to the log-odds of each item.
    offsets: Vec<f64>,
}

impl Problem<'_> {
    const MAX_NEWTON_STEPS: usize = 100;
    const MAX_CG_STEPS: usize = 500;
    /// The gradient's length, relative to the first, that ends the search.
    const TOLERANCE: f64 = 1e-8;

    fn minimise(&self, w: &mut [f64]) {
        let mut first_length = None;
        for _ in 0..Self::MAX_NEWTON_STEPS {
            let margins = self.margins(w);
            let gradient = self.gradient(w, &margins);
            let length = dot(&gradient, &gradient).sqrt();
            if length <= Self::TOLERANCE * *first_length.get_or_insert(length) {
                return;
            }
            let direction = self.newton_direction(&gradient, length, &margins);
            if !self.line_search(w, &margins, &gradient, &direction) {
                return;
            }
        }
    }

    fn margins(&self, w: &[f64]) -> Vec<f64> {
        let pairs = self.rows.iter().zip(&self.offsets);
        pairs.map(|(row, offset)| margin(row, w) + offset).collect()
    }

    fn value(&self, w: &[f64], margins: &[f64]) -> f64 {
        let features = &w[..w.len() - 1];
        let losses = self.labels.iter().zip(margins).zip(&self.costs);
        dot(features, features) / 2.0
            + losses
                .map(|((label, z), cost)| cost * softplus(if *label { -z } else { *z }))
                .sum::<f64>()
    }

    fn gradient(&self, w: &[f64], margins: &[f64]) -> Vec<f64> {
        let slopes = self.labels.iter().zip(margins).zip(&self.costs);
        let slopes =
            slopes.map(|((label, z), cost)| cost * (sigmoid(*z) - if *label { 1.0 } else { 0.0 }));
        self.penalty_plus_rows(w, slopes)
    }

    /// `w` without its intercept, plus the rows times their factors.
    fn penalty_plus_rows(&self, w: &[f64], factors: impl Iterator<Item = f64>) -> Vec<f64> {
        let mut sum = w.to_vec();
        let last = sum.len() - 1;
        sum[last] = 0.0;
        for (row, factor) in self.rows.iter().zip(factors) {
            for (feature, x) in row {
                if (*feature as usize) < last {
                    sum[*feature as usize] += factor * x;
                }
            }
            sum[last] += factor;
        }
        sum
    }

    /// Conjugate gradients on Hessian x direction = -gradient, stopped early
    /// while far from the optimum, where an exact solution is wasted.
    fn newton_direction(&self, gradient: &[f64], length: f64, margins: &[f64]) -> Vec<f64> {
        let curvature: Vec<f64> = margins
            .iter()
            .zip(&self.costs)
            .map(|(z, cost)| cost * sigmoid(*z) * sigmoid(-z))
            .collect();
        let goal = length * length.sqrt().min(0.1);
        let mut solution = vec![0.0; gradient.len()];
        let mut residual: Vec<f64> = gradient.iter().map(|g| -g).collect();
        let mut search = residual.clone();
        let mut square = dot(&residual, &residual);
        for _ in 0..Self::MAX_CG_STEPS {
            let along = self.rows.iter().map(|row| margin(row, &search));
            let product =
                self.penalty_plus_rows(&search, along.zip(&curvature).map(|(z, d)| z * d));
            let bend = dot(&search, &product);
            if bend <= 0.0 {
                break;
            }
            let step = square / bend;
            add(&mut solution, step, &search);
            add(&mut residual, -step, &product);
            let next_square = dot(&residual, &residual);
            if next_square.sqrt() <= goal {
                break;
            }
            let keep = next_square / square;
            search
                .iter_mut()
                .zip(&residual)
                .for_each(|(s, r)| *s = r + keep * *s);
            square = next_square;
        }
        solution
    }

    /// Halves the step until the objective falls enough (Armijo); false where
    /// rounding leaves nothing to gain.
    fn line_search(&self, w: &mut [f64], margins: &[f64], gradient: &[f64], d: &[f64]) -> bool {
        let start = self.value(w, margins);
        let slope = dot(gradient, d);
        let mut step = 1.0;
        for _ in 0..30 {
            let mut trial = w.to_vec();
            add(&mut trial, step, d);
            let margins = self.margins(&trial);
            if self.value(&trial, &margins) < start + 1e-4 * step * slope {
                w.copy_from_slice(&trial);
                return true;
            }
            step /= 2.0;
        }
        false
    }
}

/// w x + b; the intercept stands last in `weights`.
fn margin(row: &Row, weights: &[f64]) -> f64 {
    let Some((intercept, weights)) = weights.split_last() else {
        return 0.0;
    };
    let known = row
        .iter()
        .filter_map(|(feature, x)| Some(x * weights.get(*feature as usize)?));
    known.sum::<f64>() + intercept
}

fn sigmoid(z: f64) -> f64 {
    1.0 / (1.0 + (-z).exp())
}

/// ln(1 + exp(z)) without overflow.
fn softplus(z: f64) -> f64 {
    z.max(0.0) + (-z.abs()).exp().ln_1p()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// a += factor * b
fn add(a: &mut [f64], factor: f64, b: &[f64]) {
    a.iter_mut().zip(b).for_each(|(x, y)| *x += factor * y);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: f64, b: f64) {
        assert!((a - b).abs() < 1e-6, "{a} is not {b}");
    }

    #[test]
    fn optimum_of_one_feature() {
        // Two texts, x = 1 positive and x = -1 negative: b = 0 by symmetry and
        // w = 2 c sigmoid(-w); with c = 1 / (2 sigmoid(-1)), w = 1.
        let rows = [vec![(0, 1.0)], vec![(0, -1.0)]];
        let c = (1.0 + 1f64.exp()) / 2.0;
        let model = Logistic::fit(&rows, &[true, false], 1, c, ClassWeight::Equal);
        close(model.weights[0], 1.0);
        close(model.weights[1], 0.0);
        close(model.probability(&rows[0]), sigmoid(1.0));
    }

    #[test]
    fn intercept_is_not_penalised() {
        // Without features the probability is the share of positives, or one
        // half where classes are balanced.
        let rows = vec![Row::new(); 4];
        let labels = [true, false, false, false];
        let model = Logistic::fit(&rows, &labels, 0, 1.0, ClassWeight::Equal);
        close(model.probability(&rows[0]), 0.25);
        let model = Logistic::fit(&rows, &labels, 0, 1.0, ClassWeight::Balanced);
        close(model.probability(&rows[0]), 0.5);
    }

    #[test]
    fn on_top_of_offsets_only_what_they_leave_is_learnt() {
        let rows: Vec<Row> = (0..20).map(|i| vec![(0, f64::from(i % 2))]).collect();
        let labels: Vec<bool> = (0..20).map(|i| i % 2 == 1).collect();
        let offsets = |size: f64| -> Vec<f64> {
            let sign = labels.iter().map(|l| if *l { size } else { -size });
            sign.collect()
        };
        let learnt = |size: f64| {
            let model = Logistic::fit_on_top(&rows, &labels, &[1.0; 20], &offsets(size), 1);
            model.weights()[0]
        };
        assert!(learnt(0.0) > 1.0);
        assert!(learnt(8.0).abs() < 0.05, "the offsets say it all");
        // A class that is missing teaches nothing.
        let one = Logistic::fit_on_top(&rows, &[true; 20], &[1.0; 20], &[0.0; 20], 1);
        assert_eq!(one.weights(), [0.0, 0.0]);
    }
}
