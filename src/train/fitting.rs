//! What both fits share: variables, the learning rate's course, the loss.

use candle_core::backprop::GradStore;
use candle_core::{Device, Result, Tensor, Var};
use candle_nn::VarMap;
use rand::Rng;
use rand::rngs::StdRng;

/// Gives every variable its start value: weights uniform within
/// ±sqrt(`spread` / fan-in) (with 3 LeCun et al. 1998, "Efficient BackProp", section 4.6),
/// biases zero, and so what words add to a head; norms leave things as they are.
pub fn initialise(vars: &VarMap, spread: f32, rng: &mut StdRng) -> Result<()> {
    for (name, var) in sorted(vars) {
        let bound = match var.dims().last() {
            #[expect(clippy::cast_precision_loss, reason = "layer widths are small")]
            Some(&fan_in) if !name.ends_with("bias") && !name.ends_with("words") => {
                (spread / fan_in.max(1) as f32).sqrt()
            }
            _ => 0.0,
        };
        let values: Vec<f32> = (0..var.elem_count())
            .map(|_| match name.ends_with("norm.weight") {
                true => 1.0,
                false => (rng.random::<f32>() * 2.0 - 1.0) * bound,
            })
            .collect();
        var.set(&Tensor::from_vec(values, var.shape(), &Device::Cpu)?)?;
    }
    Ok(())
}

/// The variables by name, in the order of their names: a variable map has no
/// order of its own, and random choices need one.
pub fn sorted(vars: &VarMap) -> Vec<(String, Var)> {
    let data = vars
        .data()
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let mut named: Vec<(String, Var)> = data
        .iter()
        .map(|(name, var)| (name.clone(), var.clone()))
        .collect();
    named.sort_by(|a, b| a.0.cmp(&b.0));
    named
}

/// Sets one variable.
pub fn set(vars: &VarMap, name: &str, value: &Tensor) -> Result<()> {
    for (_, var) in sorted(vars).iter().filter(|(n, _)| n == name) {
        var.set(value)?;
    }
    Ok(())
}

/// Shortens gradients that are longer than `longest`, all variables taken together (Pascanu et
/// al. 2013, "On the difficulty of training recurrent neural networks", section 3.2).
pub fn clip(gradients: &mut GradStore, vars: &[Var], longest: f64) -> Result<()> {
    let mut square = 0.0;
    for var in vars {
        if let Some(gradient) = gradients.get(var) {
            square += f64::from(gradient.sqr()?.sum_all()?.to_scalar::<f32>()?);
        }
    }
    let length = square.sqrt();
    if length > longest {
        for var in vars {
            if let Some(gradient) = gradients.remove(var) {
                gradients.insert(var, (gradient * (longest / length))?);
            }
        }
    }
    Ok(())
}

/// The learning rate's course: a linear rise over the first tenth of the
/// steps, then a cosine down to zero.
#[expect(clippy::cast_precision_loss, reason = "step counts are small")]
pub fn schedule(step: usize, steps: usize) -> f64 {
    let done = step as f64 / steps as f64;
    if done < 0.1 {
        done / 0.1
    } else {
        0.5 * (1.0 + (std::f64::consts::PI * (done - 0.1) / 0.9).cos())
    }
}

/// Mean binary cross-entropy of logits `z` and targets `y` between 0 and 1, as
/// `max(z, 0) - z·y + ln(1 + exp(-|z|))`, which is finite for every logit;
/// candle's own takes the logarithm of a rounded probability and is not.
pub fn cross_entropy(logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
    cross_entropies(logits, targets)?.mean_all()
}

/// The same with a weight for each logit.
pub fn weighted_cross_entropy(
    logits: &Tensor,
    targets: &Tensor,
    weights: &Tensor,
) -> Result<Tensor> {
    let sum = (cross_entropies(logits, targets)? * weights)?.sum_all()?;
    sum / weights.sum_all()?
}

fn cross_entropies(logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
    let tail = (logits.abs()?.neg()?.exp()? + 1.0)?.log()?;
    (logits.relu()? - (logits * targets)?)? + tail
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loss_is_right_and_finite_for_huge_logits() {
        let loss = |z: f32, y: f32| {
            let tensor = |v: f32| Tensor::new(&[v], &Device::Cpu).unwrap();
            let loss = cross_entropy(&tensor(z), &tensor(y)).unwrap();
            loss.to_scalar::<f32>().unwrap()
        };
        assert!((loss(0.0, 1.0) - 2f32.ln()).abs() < 1e-6);
        assert!((loss(2.0, 0.25) - (1.5 + (1.0 + (-2f32).exp()).ln())).abs() < 1e-6);
        assert!((loss(-300.0, 1.0) - 300.0).abs() < 1e-3);
        assert!(loss(300.0, 1.0).abs() < 1e-6);
    }
}
