//! Plain Rust, for processors without a kernel of their own.

use std::array::from_fn;

use super::kernel::{GROUP, Isa, LANES, PANEL, TILE, check_tile};

/// No special instructions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Portable;

impl Isa for Portable {
    type F = [f32; LANES];
    type I = [i32; LANES];

    #[inline(always)]
    fn splat(self, x: f32) -> [f32; LANES] {
        [x; LANES]
    }

    #[inline(always)]
    fn load(self, from: &[f32; LANES]) -> [f32; LANES] {
        *from
    }

    #[inline(always)]
    fn store(self, v: [f32; LANES], to: &mut [f32; LANES]) {
        *to = v;
    }

    #[inline(always)]
    fn add(self, a: [f32; LANES], b: [f32; LANES]) -> [f32; LANES] {
        from_fn(|i| a[i] + b[i])
    }

    #[inline(always)]
    fn sub(self, a: [f32; LANES], b: [f32; LANES]) -> [f32; LANES] {
        from_fn(|i| a[i] - b[i])
    }

    #[inline(always)]
    fn mul(self, a: [f32; LANES], b: [f32; LANES]) -> [f32; LANES] {
        from_fn(|i| a[i] * b[i])
    }

    #[inline(always)]
    fn fma(self, a: [f32; LANES], b: [f32; LANES], c: [f32; LANES]) -> [f32; LANES] {
        // Without an instruction for it, `mul_add` is a slow call.
        if cfg!(any(target_arch = "aarch64", target_feature = "fma")) {
            from_fn(|i| a[i].mul_add(b[i], c[i]))
        } else {
            from_fn(|i| a[i] * b[i] + c[i])
        }
    }

    #[inline(always)]
    fn min(self, a: [f32; LANES], b: [f32; LANES]) -> [f32; LANES] {
        from_fn(|i| if a[i] < b[i] { a[i] } else { b[i] })
    }

    #[inline(always)]
    fn max(self, a: [f32; LANES], b: [f32; LANES]) -> [f32; LANES] {
        from_fn(|i| if a[i] > b[i] { a[i] } else { b[i] })
    }

    #[inline(always)]
    fn abs(self, a: [f32; LANES]) -> [f32; LANES] {
        a.map(f32::abs)
    }

    #[inline(always)]
    fn sum(self, a: [f32; LANES]) -> f32 {
        fold(a, |a, b| a + b)
    }

    #[inline(always)]
    fn least(self, a: [f32; LANES]) -> f32 {
        fold(a, f32::min)
    }

    #[inline(always)]
    fn largest(self, a: [f32; LANES]) -> f32 {
        fold(a, f32::max)
    }

    #[inline(always)]
    fn splat_i32(self, x: i32) -> [i32; LANES] {
        [x; LANES]
    }

    #[inline(always)]
    fn load_i32(self, from: &[i32; LANES]) -> [i32; LANES] {
        *from
    }

    #[inline(always)]
    fn load_i8(self, from: &[u8; LANES]) -> [i32; LANES] {
        from.map(|q| i32::from(q as i8))
    }

    #[inline(always)]
    fn add_i32(self, a: [i32; LANES], b: [i32; LANES]) -> [i32; LANES] {
        from_fn(|i| a[i].wrapping_add(b[i]))
    }

    #[inline(always)]
    fn or(self, a: [i32; LANES], b: [i32; LANES]) -> [i32; LANES] {
        from_fn(|i| a[i] | b[i])
    }

    #[inline(always)]
    fn low_byte(self, a: [i32; LANES]) -> [i32; LANES] {
        a.map(|a| a & 0xff)
    }

    #[inline(always)]
    fn shift_left<const BITS: u32>(self, a: [i32; LANES]) -> [i32; LANES] {
        a.map(|a| a << BITS)
    }

    #[inline(always)]
    fn max_i32(self, a: [i32; LANES], b: [i32; LANES]) -> [i32; LANES] {
        from_fn(|i| a[i].max(b[i]))
    }

    #[inline(always)]
    fn sum_i32(self, a: [i32; LANES]) -> i32 {
        fold(a, i32::wrapping_add)
    }

    #[inline(always)]
    fn largest_i32(self, a: [i32; LANES]) -> i32 {
        fold(a, i32::max)
    }

    #[inline(always)]
    fn to_f32(self, a: [i32; LANES]) -> [f32; LANES] {
        a.map(|a| a as f32)
    }

    #[inline(always)]
    fn bits(self, a: [f32; LANES]) -> [i32; LANES] {
        a.map(|a| a.to_bits() as i32)
    }

    #[inline(always)]
    fn f32_of_bits(self, a: [i32; LANES]) -> [f32; LANES] {
        a.map(|a| f32::from_bits(a as u32))
    }

    #[inline(always)]
    fn store_low_bytes(self, a: [i32; LANES], to: &mut [u8; LANES]) {
        *to = a.map(|a| a as u8);
    }

    #[inline(always)]
    fn store_bytes(self, a: [i32; LANES], to: &mut [[u8; GROUP]; LANES]) {
        *to = a.map(i32::to_le_bytes);
    }

    fn tile(
        self,
        left: &[u8],
        stride: usize,
        rows: usize,
        panel: &[u8],
        out: &mut [i32],
        out_stride: usize,
    ) {
        check_tile(left, stride, rows, panel, out, out_stride);
        let mut sums = [[0i32; PANEL]; TILE];
        let groups = panel.as_chunks::<GROUP>().0.as_chunks::<PANEL>().0;
        for (group, weights) in groups.iter().enumerate() {
            for (row, sums) in sums[..rows].iter_mut().enumerate() {
                let at = row * stride + group * GROUP;
                let [a, b, c, d] = [0, 1, 2, 3].map(|i| i32::from(left[at + i]));
                for (sum, w) in sums.iter_mut().zip(weights) {
                    let [p, q, r, s] = w.map(|w| i32::from(w as i8));
                    *sum += a * p + b * q + c * r + d * s;
                }
            }
        }
        for (row, sums) in sums[..rows].iter().enumerate() {
            out[row * out_stride..][..PANEL].copy_from_slice(sums);
        }
    }
}

/// Folds lanes into one by halves.
#[inline(always)]
fn fold<T: Copy>(mut lanes: [T; LANES], with: impl Fn(T, T) -> T) -> T {
    let mut width = LANES / 2;
    while width > 0 {
        for i in 0..width {
            lanes[i] = with(lanes[i], lanes[i + width]);
        }
        width /= 2;
    }
    lanes[0]
}
