//! What is done to rows of numbers between two products, a few passes each.

use super::kernel::{GROUP, Isa, LANES, PANEL};

/// Adding it rounds a small f32 to a whole number, which then stands in the
/// lowest bits: 1.5 · 2²³.
const ROUND: f32 = 12_582_912.0;

/// How a row of u8 stands for numbers: `x ≈ scale · q + min`.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct RowScale {
    /// Size of a step.
    pub scale: f32,
    /// What q = 0 stands for: the row's smallest number.
    pub min: f32,
}

/// Quantises a row to u8, its smallest number to 0, its largest to 255.
#[inline(always)]
pub fn quantise<I: Isa>(isa: I, row: &[f32], out: &mut [u8]) -> RowScale {
    let row = row.as_chunks::<LANES>().0;
    let mut low = isa.splat(f32::INFINITY);
    let mut high = isa.splat(f32::NEG_INFINITY);
    for x in row {
        let x = isa.load(x);
        low = isa.min(x, low);
        high = isa.max(x, high);
    }
    let (min, max) = (isa.least(low), isa.largest(high));
    let scale = (max - min) / 255.0;
    let steps = if scale > 0.0 { 1.0 / scale } else { 0.0 };
    let (factor, offset, round) = (isa.splat(steps), isa.splat(-min * steps), isa.splat(ROUND));
    for (x, out) in row.iter().zip(out.as_chunks_mut::<LANES>().0) {
        let q = isa.fma(isa.load(x), factor, offset);
        isa.store_low_bytes(isa.bits(isa.add(q, round)), out);
    }
    RowScale { scale, min }
}

/// `row ← LayerNorm(row + add) · weight + bias` (Ba et al. 2016, equation 4).
#[inline(always)]
pub fn add_and_norm<I: Isa>(
    isa: I,
    row: &mut [f32],
    add: &[f32],
    weight: &[f32],
    bias: &[f32],
    epsilon: f32,
) {
    #[expect(clippy::cast_precision_loss, reason = "a row's length")]
    let share = 1.0 / row.len() as f32;
    let row = row.as_chunks_mut::<LANES>().0;
    let mut sum = isa.splat(0.0);
    for (x, add) in row.iter_mut().zip(add.as_chunks::<LANES>().0) {
        let y = isa.add(isa.load(x), isa.load(add));
        sum = isa.add(sum, y);
        isa.store(y, x);
    }
    let mean = isa.splat(isa.sum(sum) * share);
    let mut squares = isa.splat(0.0);
    for x in row.iter() {
        let d = isa.sub(isa.load(x), mean);
        squares = isa.fma(d, d, squares);
    }
    let variance = isa.sum(squares) * share;
    let factor = isa.splat(1.0 / (variance + epsilon).sqrt());
    let scales = weight.as_chunks::<LANES>().0.iter();
    let scales = scales.zip(bias.as_chunks::<LANES>().0);
    for (x, (weight, bias)) in row.iter_mut().zip(scales) {
        let y = isa.mul(isa.sub(isa.load(x), mean), factor);
        isa.store(isa.fma(y, isa.load(weight), isa.load(bias)), x);
    }
}

/// `x · Φ(x)`, within 0.0002 of it for |x| ≤ 8. Φ is taken as an odd polynomial
/// up to |x| = 4, fitted for the least largest error of the product.
#[inline(always)]
pub fn gelu<I: Isa>(isa: I, x: I::F) -> I::F {
    const COEFFICIENTS: [f32; 7] = [
        0.397_883_3,
        -0.064_573_05,
        0.008_772_361,
        -0.000_814_009_8,
        4.795_492_4e-5,
        -1.598_571_9e-6,
        2.278_083_7e-8,
    ];
    let near = isa.min(isa.max(x, isa.splat(-4.0)), isa.splat(4.0));
    let square = isa.mul(near, near);
    let mut sum = isa.splat(COEFFICIENTS[6]);
    for c in COEFFICIENTS[..6].iter().rev() {
        sum = isa.fma(sum, square, isa.splat(*c));
    }
    isa.mul(x, isa.fma(near, sum, isa.splat(0.5)))
}

/// Softmax of a row of integer scores, as u8 that are relative to the largest.
/// The row's scores are `(scores + start) · scale`, as powers of two. Gives the
/// sum of the u8, so that their quantisation is part of the normalisation.
///
/// The last scores may belong to no key: those from `count` on, whose `start` is
/// far below all others.
///
/// Where one key draws nearly all attention, the weights of the others are below
/// half a step and would all be lost; `dither`, below half a step as well, lets
/// the right share of them through.
#[inline(always)]
pub fn softmax<I: Isa>(
    isa: I,
    scores: &[i32],
    start: &[i32],
    scale: f32,
    dither: &[f32],
    count: usize,
    out: &mut [u8],
) -> f32 {
    // Scores that are nearly the same bring even those that are far below near.
    let near = scale < 1e-6;
    /// log2 of 254.4, which is 255 at most with the dither and rounded.
    const TOP: f32 = 7.990_955;
    let scores = scores.as_chunks::<LANES>().0;
    let start = start.as_chunks::<LANES>().0;
    let mut high = isa.splat_i32(i32::MIN);
    for (s, start) in scores.iter().zip(start) {
        let s = isa.add_i32(isa.load_i32(s), isa.load_i32(start));
        high = isa.max_i32(high, s);
    }
    #[expect(clippy::cast_precision_loss, reason = "scores stay below 2^24")]
    let offset = isa.splat(TOP - isa.largest_i32(high) as f32 * scale);
    let scale = isa.splat(scale);
    let (floor, round) = (isa.splat(-20.0), isa.splat(ROUND));
    let mut sum = isa.splat(0.0);
    let dither = dither.as_chunks::<LANES>().0;
    let columns = scores.iter().zip(start).zip(dither);
    for (((s, start), dither), out) in columns.zip(out.as_chunks_mut::<LANES>().0) {
        let s = isa.to_f32(isa.add_i32(isa.load_i32(s), isa.load_i32(start)));
        let power = exp2(isa, isa.max(isa.fma(s, scale, offset), floor));
        let rounded = isa.add(isa.add(power, isa.load(dither)), round);
        isa.store_low_bytes(isa.bits(rounded), out);
        sum = isa.add(sum, isa.sub(rounded, round));
    }
    if near {
        let filling = &mut out[count..];
        let extra: f32 = filling.iter().map(|q| f32::from(*q)).sum();
        filling.fill(0);
        return isa.sum(sum) - extra;
    }
    isa.sum(sum)
}

/// Numbers between -0.49 and 0.49 that are spread evenly over any stretch of
/// them: multiples of the golden ratio without their whole parts.
pub fn dither(length: usize) -> Vec<f32> {
    let spread = |i: usize| (i as f64 * 0.618_033_988_749_895).fract() - 0.5;
    (0..length).map(|i| (0.98 * spread(i)) as f32).collect()
}

/// 2^x for -120 ≤ x ≤ 120, within 0.008 %: a polynomial for the fraction, the
/// whole part added to the exponent's bits.
#[inline(always)]
fn exp2<I: Isa>(isa: I, x: I::F) -> I::F {
    let round = isa.splat(ROUND);
    let whole = isa.add(x, round);
    let fraction = isa.sub(x, isa.sub(whole, round));
    let mut sum = isa.splat(0.055_171_01);
    for c in [0.242_611_2, 0.693_261_1, 0.999_928_1] {
        sum = isa.fma(sum, fraction, isa.splat(c));
    }
    let exponent = isa.shift_left::<23>(isa.bits(whole));
    isa.f32_of_bits(isa.add_i32(isa.bits(sum), exponent))
}

/// Largest magnitude of each column over rows of equal length.
#[inline(always)]
pub fn column_peaks<I: Isa>(isa: I, rows: &[f32], peaks: &mut [f32]) {
    let length = peaks.len();
    for (part, peaks) in peaks.as_chunks_mut::<LANES>().0.iter_mut().enumerate() {
        let mut peak = isa.splat(0.0);
        for row in rows.chunks_exact(length) {
            let x = isa.load(&row.as_chunks::<LANES>().0[part]);
            peak = isa.max(isa.abs(x), peak);
        }
        isa.store(peak, peaks);
    }
}

/// `x · steps` as whole numbers from -127 to 127, in the lowest bytes.
#[inline(always)]
pub fn to_i8<I: Isa>(isa: I, x: I::F, steps: I::F) -> I::I {
    isa.bits(isa.add(isa.mul(x, steps), isa.splat(ROUND)))
}

/// Quantises `row · factors` to u8 around 128, symmetric; gives the step.
#[inline(always)]
pub fn quantise_around_128<I: Isa>(isa: I, row: &[f32], factors: &[f32], out: &mut [u8]) -> f32 {
    let row = row.as_chunks::<LANES>().0.iter();
    let row = row.zip(factors.as_chunks::<LANES>().0);
    let mut high = isa.splat(0.0);
    for (x, factor) in row.clone() {
        let x = isa.mul(isa.load(x), isa.load(factor));
        high = isa.max(isa.abs(x), high);
    }
    let peak = isa.largest(high);
    let steps = isa.splat(if peak > 0.0 { 127.0 / peak } else { 0.0 });
    let middle = isa.splat_i32(128);
    for ((x, factor), out) in row.zip(out.as_chunks_mut::<LANES>().0) {
        let x = isa.mul(isa.load(x), isa.load(factor));
        isa.store_low_bytes(isa.add_i32(to_i8(isa, x, steps), middle), out);
    }
    peak / 127.0
}

/// One key to i8, into column `column` of a panel of keys, `[channels / GROUP]
/// [PANEL][GROUP]`; gives the sum of its bytes.
#[inline(always)]
pub fn pack_key<I: Isa>(
    isa: I,
    key: &[f32],
    steps: &[f32],
    column: usize,
    panel: &mut [[u8; GROUP]],
) -> i32 {
    let mut sum = isa.splat_i32(0);
    let parts = key.as_chunks::<LANES>().0.iter();
    for (part, (x, steps)) in parts.zip(steps.as_chunks::<LANES>().0).enumerate() {
        let mut bytes = [0; LANES];
        isa.store_low_bytes(to_i8(isa, isa.load(x), isa.load(steps)), &mut bytes);
        sum = isa.add_i32(sum, isa.load_i8(&bytes));
        for (group, four) in bytes.as_chunks::<GROUP>().0.iter().enumerate() {
            panel[(part * LANES / GROUP + group) * PANEL + column] = *four;
        }
    }
    isa.sum_i32(sum)
}

/// Up to [`GROUP`] values, the rest zeros, to i8, side by side for each of
/// [`PANEL`] channels from `channel` on.
#[inline(always)]
pub fn pack_values<I: Isa>(
    isa: I,
    values: [Option<&[f32]>; GROUP],
    steps: &[f32],
    channel: usize,
    out: &mut [[u8; GROUP]],
) {
    let out = out.as_chunks_mut::<LANES>().0;
    for (part, out) in out.iter_mut().enumerate() {
        let part = channel / LANES + part;
        let steps = isa.load(&steps.as_chunks::<LANES>().0[part]);
        let mut bytes = [isa.splat_i32(0); GROUP];
        for (bytes, value) in bytes.iter_mut().zip(values) {
            if let Some(x) = value {
                let x = isa.load(&x.as_chunks::<LANES>().0[part]);
                *bytes = isa.low_byte(to_i8(isa, x, steps));
            }
        }
        let [a, b, c, d] = bytes;
        let low = isa.or(a, isa.shift_left::<8>(b));
        let high = isa.or(isa.shift_left::<16>(c), isa.shift_left::<24>(d));
        isa.store_bytes(isa.or(low, high), out);
    }
}

#[cfg(test)]
mod tests {
    use super::super::kernel::{Job, Kernel};
    use super::*;
    use proptest::prelude::*;

    /// A closure cannot be generic over instruction sets, hence a job for each.
    macro_rules! job {
        ($name:ident, $($field:ident: $kind:ty),* => $isa:ident $body:block) => {
            struct $name<'a> { $($field: $kind),* }
            impl Job for $name<'_> {
                #[inline(always)]
                fn run<I: Isa>(self, $isa: I) {
                    let Self { $($field),* } = self;
                    $body
                }
            }
        };
    }
    job!(Quantise, row: &'a [f32], out: &'a mut [u8], scale: &'a mut RowScale => isa {
        *scale = quantise(isa, row, out);
    });
    job!(Norm, row: &'a mut [f32], add: &'a [f32], weight: &'a [f32], bias: &'a [f32] => isa {
        add_and_norm(isa, row, add, weight, bias, 1e-12);
    });
    job!(Gelu, values: &'a mut [f32] => isa {
        for x in values.as_chunks_mut::<LANES>().0 {
            let y = gelu(isa, isa.load(x));
            isa.store(y, x);
        }
    });
    job!(Softmax, scores: &'a [i32], start: &'a [i32], scale: f32, dither: &'a [f32],
        count: usize, out: &'a mut [u8], sum: &'a mut f32 => isa {
        *sum = softmax(isa, scores, start, scale, dither, count, out);
    });

    /// Rows of whole vectors, as the engine has them.
    fn rows(most: usize) -> impl Strategy<Value = Vec<f32>> {
        (1..=most).prop_flat_map(|parts| proptest::collection::vec(-8f32..8f32, parts * LANES))
    }

    proptest! {
        #[test]
        fn a_quantised_row_comes_back_within_half_a_step(row in rows(9), shift in -50f32..50.0) {
            let row: Vec<f32> = row.iter().map(|x| x + shift).collect();
            for kernel in Kernel::available() {
                let (mut out, mut scale) = (vec![0; row.len()], RowScale::default());
                kernel.run(Quantise { row: &row, out: &mut out, scale: &mut scale });
                for (x, q) in row.iter().zip(&out) {
                    let back = f32::from(*q) * scale.scale + scale.min;
                    prop_assert!((back - x).abs() <= scale.scale * 0.501 + 1e-5, "{kernel}");
                }
            }
        }

        #[test]
        fn rows_are_normalised_as_defined(row in rows(9), seed in 0u32..100) {
            let other = |k: u32| -> Vec<f32> {
                let value = |i| ((i as u32 * 31 + seed * k) % 17) as f32 / 8.0 - 1.0;
                (0..row.len()).map(value).collect()
            };
            let (add, weight, bias) = (other(3), other(5), other(7));
            let sums: Vec<f64> =
                row.iter().zip(&add).map(|(a, b)| f64::from(*a) + f64::from(*b)).collect();
            let mean = sums.iter().sum::<f64>() / sums.len() as f64;
            let square = |x: &f64| (x - mean) * (x - mean);
            let variance = sums.iter().map(square).sum::<f64>() / sums.len() as f64;
            for kernel in Kernel::available() {
                let mut found = row.clone();
                kernel.run(Norm { row: &mut found, add: &add, weight: &weight, bias: &bias });
                for i in 0..row.len() {
                    let expected = (sums[i] - mean) / variance.sqrt() * f64::from(weight[i])
                        + f64::from(bias[i]);
                    prop_assert!((f64::from(found[i]) - expected).abs() < 1e-4, "{kernel}");
                }
            }
        }

        #[test]
        fn weights_of_softmax_are_near_the_exact_ones(
            scores in (1usize..20).prop_flat_map(|parts| {
                proptest::collection::vec(-30_000i32..30_000, parts * LANES)
            }),
            filling in 0usize..LANES,
            scale in prop_oneof![Just(0f32), Just(1e-9), 1e-5f32..1e-3],
        ) {
            let start: Vec<i32> = (0..scores.len())
                .map(|i| if i + filling < scores.len() { 7 } else { -(1 << 28) })
                .collect();
            let real = scores.len() - filling;
            let high = scores[..real].iter().max().unwrap();
            let exact = |s: &i32| f64::from(s - high) * f64::from(scale);
            let exact: Vec<f64> = scores[..real].iter().map(|s| exact(s).exp2()).collect();
            let dither = dither(scores.len());
            for kernel in Kernel::available() {
                let (mut out, mut sum) = (vec![0; scores.len()], 0.0);
                kernel.run(Softmax {
                    scores: &scores, start: &start, scale, dither: &dither, count: real,
                    out: &mut out, sum: &mut sum,
                });
                prop_assert_eq!(sum, out.iter().map(|q| f32::from(*q)).sum::<f32>());
                prop_assert!(out[real..].iter().all(|q| *q == 0), "{}: filling", kernel);
                for (q, exact) in out.iter().zip(&exact) {
                    prop_assert!((f64::from(*q) / 254.4 - exact).abs() < 0.0045, "{kernel}");
                }
            }
        }
    }

    #[test]
    fn a_constant_row_is_kept() {
        for kernel in Kernel::available() {
            let (mut out, mut scale) = ([1; LANES], RowScale::default());
            kernel.run(Quantise {
                row: &[-3.5; LANES],
                out: &mut out,
                scale: &mut scale,
            });
            assert_eq!((out, scale.scale, scale.min), ([0; LANES], 0.0, -3.5));
        }
    }

    #[test]
    fn gelu_is_within_its_bound() {
        let exact = |x: f32| {
            let x = f64::from(x);
            // Φ by the trapezoid rule, fine enough for six digits.
            let steps = 4000;
            let width = x / f64::from(steps);
            let density = |t: f64| (-t * t / 2.0).exp() / std::f64::consts::TAU.sqrt();
            let inner: f64 = (1..steps).map(|i| density(f64::from(i) * width)).sum();
            x * (0.5 + width * (inner + (density(0.0) + density(x)) / 2.0))
        };
        let values: Vec<f32> = (-128..128).map(|i| i as f32 / 16.0).collect();
        for kernel in Kernel::available() {
            let mut found = values.clone();
            kernel.run(Gelu { values: &mut found });
            for (x, found) in values.iter().zip(found) {
                assert!(
                    (f64::from(found) - exact(*x)).abs() < 2e-4,
                    "{kernel}: {x} {found}"
                );
            }
        }
    }
}
