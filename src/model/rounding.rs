//! Which whole numbers stand for a layer's weights.

use rayon::prelude::*;

/// `Σ x xᵀ` over a layer's inputs `x`: which of them go together, and how much
/// an error in a weight counts.
#[derive(Debug, Clone)]
pub struct Hessian {
    size: usize,
    values: Vec<f64>,
}

/// Share of the mean diagonal that is added to the diagonal, against inputs that
/// the sample did not tell apart.
const DAMPING: f64 = 0.01;

impl Hessian {
    /// From the `size · size` values of the matrix.
    ///
    /// # Errors
    /// When their number is another, or one is not finite.
    pub fn new(size: usize, values: Vec<f64>) -> Result<Self, String> {
        if size == 0 || values.len() != size * size || values.iter().any(|v| !v.is_finite()) {
            return Err(format!("{} values are no Hessian of {size}", values.len()));
        }
        Ok(Self { size, values })
    }

    /// The inputs in the order of falling weight, and the upper triangle `U`
    /// with `H⁻¹ = Uᵀ U` in that order, row after row.
    fn inverse_factor(&self) -> (Vec<usize>, Vec<f64>) {
        let k = self.size;
        let diagonal = |i: usize| self.values[i * k + i];
        #[expect(clippy::cast_precision_loss, reason = "a row's length")]
        let mean = (0..k).map(diagonal).sum::<f64>() / k as f64;
        let damping = if mean > 0.0 { DAMPING * mean } else { 1.0 };
        let mut order: Vec<usize> = (0..k).collect();
        order.sort_by(|a, b| diagonal(*b).total_cmp(&diagonal(*a)));

        // H = R Rᵀ with R upper triangular, from the last column on; then U = R⁻¹.
        let mut r = vec![0.0; k * k];
        for j in (0..k).rev() {
            for i in (0..=j).rev() {
                let row = &r[i * k + j + 1..(i + 1) * k];
                let column = &r[j * k + j + 1..(j + 1) * k];
                let known: f64 = row.iter().zip(column).map(|(a, b)| a * b).sum();
                let damped = if i == j { damping } else { 0.0 };
                let rest = self.values[order[i] * k + order[j]] + damped - known;
                r[i * k + j] = if i == j {
                    // Rounding may leave nothing of a number that must be positive.
                    rest.max(damping * 1e-3).sqrt()
                } else {
                    rest / r[j * k + j]
                };
            }
        }
        let mut u = vec![0.0; k * k];
        for i in (0..k).rev() {
            let (head, done) = u.split_at_mut((i + 1) * k);
            let row = &mut head[i * k..];
            for m in i + 1..k {
                let factor = r[i * k + m];
                let other = &done[(m - i - 1) * k..][m..k];
                for (value, other) in row[m..].iter_mut().zip(other) {
                    *value -= factor * other;
                }
            }
            let scale = 1.0 / r[i * k + i];
            row[i + 1..].iter_mut().for_each(|value| *value *= scale);
            row[i] = scale;
        }
        (order, u)
    }
}

/// Rounds rows of weights to int8, symmetric, one scale per row: `w ≈ scale · q`,
/// `scale = max|w| / 127`. Gives the bytes of all rows and their scales.
///
/// Without a Hessian each weight goes to the nearest number. With one, the error
/// of each weight is made up for by those that are rounded after it, so that the
/// layer's outputs stay near (Frantar et al. 2022, "GPTQ", section 3, with the
/// inputs in the order of falling weight).
///
/// # Errors
/// When the Hessian is of another size.
pub fn round(
    weights: &[f32],
    inputs: usize,
    hessian: Option<&Hessian>,
) -> Result<(Vec<u8>, Vec<f32>), String> {
    if let Some(hessian) = hessian.filter(|h| h.size != inputs) {
        return Err(format!("a Hessian of {} for {inputs} inputs", hessian.size));
    }
    let factor = hessian.map(Hessian::inverse_factor);
    let rows: Vec<(Vec<u8>, f32)> = weights
        .par_chunks_exact(inputs)
        .map(|row| {
            let largest = row.iter().fold(0f32, |m, v| m.max(v.abs()));
            let scale = if largest > 0.0 { largest / 127.0 } else { 1.0 };
            let bytes = match &factor {
                Some((order, u)) => compensated(row, scale, order, u),
                None => row.iter().map(|v| nearest(v / scale)).collect(),
            };
            (bytes, scale)
        })
        .collect();
    let scales = rows.iter().map(|(_, scale)| *scale).collect();
    Ok((
        rows.into_iter().flat_map(|(bytes, _)| bytes).collect(),
        scales,
    ))
}

fn nearest(steps: f32) -> u8 {
    #[expect(clippy::cast_possible_truncation, reason = "clamped to -127..=127")]
    let q = steps.round().clamp(-127.0, 127.0) as i8;
    q as u8
}

fn compensated(row: &[f32], scale: f32, order: &[usize], u: &[f64]) -> Vec<u8> {
    let k = row.len();
    let mut left: Vec<f64> = order.iter().map(|i| f64::from(row[*i])).collect();
    let mut bytes = vec![0; k];
    for i in 0..k {
        #[expect(clippy::cast_possible_truncation, reason = "weights are f32 numbers")]
        let q = nearest((left[i] / f64::from(scale)) as f32);
        bytes[order[i]] = q;
        let error = left[i] - f64::from(q as i8) * f64::from(scale);
        let error = error / u[i * k + i];
        let others = &u[i * k + i + 1..(i + 1) * k];
        for (value, factor) in left[i + 1..].iter_mut().zip(others) {
            *value -= error * factor;
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn random(count: usize, seed: u64) -> Vec<f32> {
        let mut state = seed;
        let mut next = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 40) as f32 / (1u64 << 24) as f32 - 0.5
        };
        (0..count).map(|_| next()).collect()
    }

    /// Inputs that go together, and their Hessian.
    fn sample(rows: usize, size: usize) -> (Vec<Vec<f64>>, Hessian) {
        let mixing = random(4 * size, 3);
        let inputs: Vec<Vec<f64>> = random(rows * 4, 5)
            .chunks_exact(4)
            .zip(random(rows * size, 7).chunks_exact(size))
            .map(|(few, noise)| {
                let mixed = |i: usize| (0..4).map(|f| few[f] * mixing[f * size + i]).sum::<f32>();
                (0..size)
                    .map(|i| f64::from(mixed(i) + 0.05 * noise[i]))
                    .collect()
            })
            .collect();
        let mut values = vec![0.0; size * size];
        for x in &inputs {
            for (i, a) in x.iter().enumerate() {
                for (j, b) in x.iter().enumerate() {
                    values[i * size + j] += a * b;
                }
            }
        }
        (inputs, Hessian::new(size, values).unwrap())
    }

    #[test]
    fn the_outputs_of_a_layer_stay_nearer_than_by_rounding_to_the_nearest() {
        let (size, outputs) = (48, 20);
        let weights = random(outputs * size, 11);
        let (inputs, hessian) = sample(500, size);
        let error = |hessian: Option<&Hessian>| -> f64 {
            let (bytes, scales) = round(&weights, size, hessian).unwrap();
            let mut sum = 0.0;
            for x in &inputs {
                for (row, scale) in scales.iter().enumerate() {
                    let off = |i: usize| {
                        let q = f64::from(bytes[row * size + i] as i8) * f64::from(*scale);
                        x[i] * (q - f64::from(weights[row * size + i]))
                    };
                    sum += (0..size).map(off).sum::<f64>().powi(2);
                }
            }
            sum
        };
        assert!(error(Some(&hessian)) < 0.5 * error(None));
    }

    #[test]
    fn inputs_that_have_nothing_to_do_with_each_other_round_to_the_nearest() {
        let weights = random(5 * 16, 1);
        let mut identity = vec![0.0; 256];
        (0..16).for_each(|i| identity[i * 17] = 2.0);
        let with = round(&weights, 16, Some(&Hessian::new(16, identity).unwrap()));
        assert_eq!(with, round(&weights, 16, None));
    }

    #[test]
    fn samples_that_say_little_are_no_trouble() {
        let weights = random(3 * 16, 1);
        let nothing = Hessian::new(16, vec![0.0; 256]).unwrap();
        assert_eq!(
            round(&weights, 16, Some(&nothing)),
            round(&weights, 16, None)
        );
        // Fewer rows than inputs; then an input that never fires.
        let (_, mut few) = sample(3, 16);
        for row in 0..2 {
            let (bytes, scales) = round(&weights, 16, Some(&few)).unwrap();
            assert!(
                scales.iter().all(|s| s.is_finite()) && bytes.len() == 48,
                "{row}"
            );
            (0..16).for_each(|i| (few.values[i], few.values[i * 16]) = (0.0, 0.0));
        }
        assert!(round(&weights, 16, Some(&sample(9, 8).1)).is_err());
        assert!(Hessian::new(2, vec![f64::NAN; 4]).is_err());
    }
}
