//! AVX2, with and without VNNI.
#![allow(
    unsafe_code,
    reason = "loads and stores through pointers, and calls into code for detected instructions"
)]

use std::arch::x86_64::{
    __m256, __m256i, _mm_add_epi32, _mm_add_ps, _mm_add_ss, _mm_cvtsi32_si128, _mm_cvtsi128_si32,
    _mm_cvtss_f32, _mm_loadl_epi64, _mm_loadu_si128, _mm_max_epi32, _mm_max_ps, _mm_max_ss,
    _mm_min_ps, _mm_min_ss, _mm_movehdup_ps, _mm_movehl_ps, _mm_packus_epi16, _mm_shuffle_epi32,
    _mm_storeu_si128, _mm256_add_epi32, _mm256_add_ps, _mm256_and_si256, _mm256_andnot_ps,
    _mm256_castps_si256, _mm256_castps256_ps128, _mm256_castsi256_ps, _mm256_castsi256_si128,
    _mm256_cvtepi8_epi16, _mm256_cvtepi8_epi32, _mm256_cvtepi32_ps, _mm256_dpbusd_avx_epi32,
    _mm256_extractf128_ps, _mm256_extracti128_si256, _mm256_fmadd_ps, _mm256_hadd_epi32,
    _mm256_loadu_ps, _mm256_loadu_si256, _mm256_madd_epi16, _mm256_max_epi32, _mm256_max_ps,
    _mm256_min_ps, _mm256_mul_ps, _mm256_or_si256, _mm256_packus_epi32, _mm256_permute4x64_epi64,
    _mm256_set1_epi32, _mm256_set1_epi64x, _mm256_set1_ps, _mm256_setzero_si256, _mm256_sll_epi32,
    _mm256_storeu_ps, _mm256_storeu_si256, _mm256_sub_ps,
};

use super::kernel::{GROUP, Isa, Job, LANES, PANEL, check_tile};

/// Proof that the processor has AVX2 and FMA, and AVX-VNNI where asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Avx2<const VNNI: bool>(());

impl<const VNNI: bool> Avx2<VNNI> {
    pub fn detect() -> Option<Self> {
        let all = is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("fma")
            && (!VNNI || is_x86_feature_detected!("avxvnni"));
        all.then_some(Self(()))
    }

    pub fn run(self, job: impl Job) {
        #[target_feature(enable = "avx2,fma")]
        fn plain<const VNNI: bool>(isa: Avx2<VNNI>, job: impl Job) {
            job.run(isa);
        }
        #[target_feature(enable = "avx2,fma,avxvnni")]
        fn vnni<const VNNI: bool>(isa: Avx2<VNNI>, job: impl Job) {
            job.run(isa);
        }
        // SAFETY: `self` exists only where the features were detected.
        unsafe {
            if VNNI {
                vnni(self, job)
            } else {
                plain(self, job)
            }
        }
    }
}

impl<const VNNI: bool> Isa for Avx2<VNNI> {
    type F = [__m256; 2];
    type I = [__m256i; 2];

    #[inline(always)]
    fn splat(self, x: f32) -> [__m256; 2] {
        // SAFETY: `self` exists only where the features were detected.
        unsafe { [_mm256_set1_ps(x); 2] }
    }

    #[inline(always)]
    fn load(self, from: &[f32; LANES]) -> [__m256; 2] {
        // SAFETY: `self` exists only where the features were detected.
        unsafe {
            let from = from.as_ptr();
            [_mm256_loadu_ps(from), _mm256_loadu_ps(from.add(8))]
        }
    }

    #[inline(always)]
    fn store(self, v: [__m256; 2], to: &mut [f32; LANES]) {
        // SAFETY: `self` exists only where the features were detected.
        unsafe {
            let to = to.as_mut_ptr();
            _mm256_storeu_ps(to, v[0]);
            _mm256_storeu_ps(to.add(8), v[1]);
        }
    }

    #[inline(always)]
    fn add(self, a: [__m256; 2], b: [__m256; 2]) -> [__m256; 2] {
        // SAFETY: `self` exists only where the features were detected.
        unsafe { [_mm256_add_ps(a[0], b[0]), _mm256_add_ps(a[1], b[1])] }
    }

    #[inline(always)]
    fn sub(self, a: [__m256; 2], b: [__m256; 2]) -> [__m256; 2] {
        // SAFETY: `self` exists only where the features were detected.
        unsafe { [_mm256_sub_ps(a[0], b[0]), _mm256_sub_ps(a[1], b[1])] }
    }

    #[inline(always)]
    fn mul(self, a: [__m256; 2], b: [__m256; 2]) -> [__m256; 2] {
        // SAFETY: `self` exists only where the features were detected.
        unsafe { [_mm256_mul_ps(a[0], b[0]), _mm256_mul_ps(a[1], b[1])] }
    }

    #[inline(always)]
    fn fma(self, a: [__m256; 2], b: [__m256; 2], c: [__m256; 2]) -> [__m256; 2] {
        // SAFETY: `self` exists only where the features were detected.
        unsafe {
            [
                _mm256_fmadd_ps(a[0], b[0], c[0]),
                _mm256_fmadd_ps(a[1], b[1], c[1]),
            ]
        }
    }

    #[inline(always)]
    fn min(self, a: [__m256; 2], b: [__m256; 2]) -> [__m256; 2] {
        // SAFETY: `self` exists only where the features were detected.
        unsafe { [_mm256_min_ps(a[0], b[0]), _mm256_min_ps(a[1], b[1])] }
    }

    #[inline(always)]
    fn max(self, a: [__m256; 2], b: [__m256; 2]) -> [__m256; 2] {
        // SAFETY: `self` exists only where the features were detected.
        unsafe { [_mm256_max_ps(a[0], b[0]), _mm256_max_ps(a[1], b[1])] }
    }

    #[inline(always)]
    fn abs(self, a: [__m256; 2]) -> [__m256; 2] {
        // SAFETY: `self` exists only where the features were detected.
        unsafe {
            let sign = _mm256_set1_ps(-0.0);
            [_mm256_andnot_ps(sign, a[0]), _mm256_andnot_ps(sign, a[1])]
        }
    }

    #[inline(always)]
    fn sum(self, a: [__m256; 2]) -> f32 {
        // SAFETY: `self` exists only where the features were detected.
        unsafe {
            let a = _mm256_add_ps(a[0], a[1]);
            let a = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps::<1>(a));
            let a = _mm_add_ps(a, _mm_movehl_ps(a, a));
            _mm_cvtss_f32(_mm_add_ss(a, _mm_movehdup_ps(a)))
        }
    }

    #[inline(always)]
    fn least(self, a: [__m256; 2]) -> f32 {
        // SAFETY: `self` exists only where the features were detected.
        unsafe {
            let a = _mm256_min_ps(a[0], a[1]);
            let a = _mm_min_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps::<1>(a));
            let a = _mm_min_ps(a, _mm_movehl_ps(a, a));
            _mm_cvtss_f32(_mm_min_ss(a, _mm_movehdup_ps(a)))
        }
    }

    #[inline(always)]
    fn largest(self, a: [__m256; 2]) -> f32 {
        // SAFETY: `self` exists only where the features were detected.
        unsafe {
            let a = _mm256_max_ps(a[0], a[1]);
            let a = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps::<1>(a));
            let a = _mm_max_ps(a, _mm_movehl_ps(a, a));
            _mm_cvtss_f32(_mm_max_ss(a, _mm_movehdup_ps(a)))
        }
    }

    #[inline(always)]
    fn splat_i32(self, x: i32) -> [__m256i; 2] {
        // SAFETY: `self` exists only where the features were detected.
        unsafe { [_mm256_set1_epi32(x); 2] }
    }

    #[inline(always)]
    fn load_i32(self, from: &[i32; LANES]) -> [__m256i; 2] {
        // SAFETY: `self` exists only where the features were detected.
        unsafe {
            let from = from.as_ptr();
            [
                _mm256_loadu_si256(from.cast()),
                _mm256_loadu_si256(from.add(8).cast()),
            ]
        }
    }

    #[inline(always)]
    fn load_i8(self, from: &[u8; LANES]) -> [__m256i; 2] {
        // SAFETY: `self` exists only where the features were detected.
        unsafe {
            let from = from.as_ptr();
            [0, 8].map(|at| _mm256_cvtepi8_epi32(_mm_loadl_epi64(from.add(at).cast())))
        }
    }

    #[inline(always)]
    fn add_i32(self, a: [__m256i; 2], b: [__m256i; 2]) -> [__m256i; 2] {
        // SAFETY: `self` exists only where the features were detected.
        unsafe { [_mm256_add_epi32(a[0], b[0]), _mm256_add_epi32(a[1], b[1])] }
    }

    #[inline(always)]
    fn or(self, a: [__m256i; 2], b: [__m256i; 2]) -> [__m256i; 2] {
        // SAFETY: `self` exists only where the features were detected.
        unsafe { [_mm256_or_si256(a[0], b[0]), _mm256_or_si256(a[1], b[1])] }
    }

    #[inline(always)]
    fn low_byte(self, a: [__m256i; 2]) -> [__m256i; 2] {
        // SAFETY: `self` exists only where the features were detected.
        unsafe {
            let low = _mm256_set1_epi32(0xff);
            [_mm256_and_si256(a[0], low), _mm256_and_si256(a[1], low)]
        }
    }

    #[inline(always)]
    fn shift_left<const BITS: u32>(self, a: [__m256i; 2]) -> [__m256i; 2] {
        // SAFETY: `self` exists only where the features were detected.
        unsafe {
            let bits = _mm_cvtsi32_si128(BITS as i32);
            [_mm256_sll_epi32(a[0], bits), _mm256_sll_epi32(a[1], bits)]
        }
    }

    #[inline(always)]
    fn max_i32(self, a: [__m256i; 2], b: [__m256i; 2]) -> [__m256i; 2] {
        // SAFETY: `self` exists only where the features were detected.
        unsafe { [_mm256_max_epi32(a[0], b[0]), _mm256_max_epi32(a[1], b[1])] }
    }

    #[inline(always)]
    fn sum_i32(self, a: [__m256i; 2]) -> i32 {
        // SAFETY: `self` exists only where the features were detected.
        unsafe {
            let a = _mm256_add_epi32(a[0], a[1]);
            let a = _mm_add_epi32(_mm256_castsi256_si128(a), _mm256_extracti128_si256::<1>(a));
            let a = _mm_add_epi32(a, _mm_shuffle_epi32::<0b01_00_11_10>(a));
            _mm_cvtsi128_si32(_mm_add_epi32(a, _mm_shuffle_epi32::<0b10_11_00_01>(a)))
        }
    }

    #[inline(always)]
    fn largest_i32(self, a: [__m256i; 2]) -> i32 {
        // SAFETY: `self` exists only where the features were detected.
        unsafe {
            let a = _mm256_max_epi32(a[0], a[1]);
            let a = _mm_max_epi32(_mm256_castsi256_si128(a), _mm256_extracti128_si256::<1>(a));
            let a = _mm_max_epi32(a, _mm_shuffle_epi32::<0b01_00_11_10>(a));
            _mm_cvtsi128_si32(_mm_max_epi32(a, _mm_shuffle_epi32::<0b10_11_00_01>(a)))
        }
    }

    #[inline(always)]
    fn to_f32(self, a: [__m256i; 2]) -> [__m256; 2] {
        // SAFETY: `self` exists only where the features were detected.
        unsafe { [_mm256_cvtepi32_ps(a[0]), _mm256_cvtepi32_ps(a[1])] }
    }

    #[inline(always)]
    fn bits(self, a: [__m256; 2]) -> [__m256i; 2] {
        // SAFETY: `self` exists only where the features were detected.
        unsafe { [_mm256_castps_si256(a[0]), _mm256_castps_si256(a[1])] }
    }

    #[inline(always)]
    fn f32_of_bits(self, a: [__m256i; 2]) -> [__m256; 2] {
        // SAFETY: `self` exists only where the features were detected.
        unsafe { [_mm256_castsi256_ps(a[0]), _mm256_castsi256_ps(a[1])] }
    }

    #[inline(always)]
    fn store_low_bytes(self, a: [__m256i; 2], to: &mut [u8; LANES]) {
        // SAFETY: `self` exists only where the features were detected.
        unsafe {
            let low = _mm256_set1_epi32(0xff);
            let a = a.map(|a| _mm256_and_si256(a, low));
            // Packing works within halves; the order is mended in between.
            let a = _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_packus_epi32(a[0], a[1]));
            let a = _mm_packus_epi16(_mm256_castsi256_si128(a), _mm256_extracti128_si256::<1>(a));
            _mm_storeu_si128(to.as_mut_ptr().cast(), a);
        }
    }

    #[inline(always)]
    fn store_bytes(self, a: [__m256i; 2], to: &mut [[u8; GROUP]; LANES]) {
        // SAFETY: `self` exists only where the features were detected.
        unsafe {
            let to = to.as_mut_ptr();
            _mm256_storeu_si256(to.cast(), a[0]);
            _mm256_storeu_si256(to.add(8).cast(), a[1]);
        }
    }

    #[inline(always)]
    fn tile(
        self,
        left: &[u8],
        stride: usize,
        rows: usize,
        panel: &[u8],
        out: &mut [i32],
        out_stride: usize,
    ) {
        let groups = check_tile(left, stride, rows, panel, out, out_stride);
        for row in (0..rows).step_by(ROWS) {
            let (left, out) = (&left[row * stride..], &mut out[row * out_stride..]);
            let (left, panel, out) = (left.as_ptr(), panel.as_ptr(), out.as_mut_ptr());
            let part = if VNNI { vnni_tile } else { plain_tile };
            // SAFETY: `self` exists only where the features were detected, and
            // `check_tile` has seen that the slices are long enough.
            unsafe {
                part(
                    (rows - row).min(ROWS),
                    left,
                    stride,
                    panel,
                    groups,
                    out,
                    out_stride,
                )
            }
        }
    }
}

/// Rows whose sums for two vectors of columns fit into the 16 registers, with
/// room for the weights and a row's bytes.
const ROWS: usize = 6;

/// # Safety
/// `left` must have `rows` rows of `groups · GROUP` bytes, `panel` `groups ·
/// PANEL · GROUP` bytes, `out` `rows` rows of `PANEL` numbers.
#[target_feature(enable = "avx2,avxvnni")]
unsafe fn vnni_tile(
    rows: usize,
    left: *const u8,
    stride: usize,
    panel: *const u8,
    groups: usize,
    out: *mut i32,
    out_stride: usize,
) {
    for half in 0..2 {
        // SAFETY: sixteen of the columns, by the caller's promise.
        unsafe {
            let (panel, out) = (panel.add(half * 64), out.add(half * 16));
            match rows {
                1 => vnni_half::<1>(left, stride, panel, groups, out, out_stride),
                2 => vnni_half::<2>(left, stride, panel, groups, out, out_stride),
                3 => vnni_half::<3>(left, stride, panel, groups, out, out_stride),
                4 => vnni_half::<4>(left, stride, panel, groups, out, out_stride),
                5 => vnni_half::<5>(left, stride, panel, groups, out, out_stride),
                _ => vnni_half::<ROWS>(left, stride, panel, groups, out, out_stride),
            }
        }
    }
}

/// Sixteen columns of a panel.
///
/// # Safety
/// As for [`vnni_tile`], from the first of the columns on.
#[target_feature(enable = "avx2,avxvnni")]
unsafe fn vnni_half<const ROWS: usize>(
    left: *const u8,
    stride: usize,
    panel: *const u8,
    groups: usize,
    out: *mut i32,
    out_stride: usize,
) {
    let mut sums = [[_mm256_setzero_si256(); 2]; ROWS];
    for group in 0..groups {
        // SAFETY: within the panel and the rows, by the caller's promise.
        unsafe {
            let weights = panel.add(group * PANEL * GROUP);
            let low = _mm256_loadu_si256(weights.cast());
            let high = _mm256_loadu_si256(weights.add(32).cast());
            for (row, sums) in sums.iter_mut().enumerate() {
                let four = left.add(row * stride + group * GROUP).cast::<i32>();
                let four = _mm256_set1_epi32(four.read_unaligned());
                sums[0] = _mm256_dpbusd_avx_epi32(sums[0], four, low);
                sums[1] = _mm256_dpbusd_avx_epi32(sums[1], four, high);
            }
        }
    }
    for (row, sums) in sums.iter().enumerate() {
        // SAFETY: within the rows of `out`, by the caller's promise.
        unsafe {
            let out = out.add(row * out_stride);
            _mm256_storeu_si256(out.cast(), sums[0]);
            _mm256_storeu_si256(out.add(8).cast(), sums[1]);
        }
    }
}

/// Groups of inputs that are widened at a time, into 6 KB on the stack.
const WIDENED: usize = 128;

/// Bytes are widened to 16 bits first, since the instruction for bytes
/// (`vpmaddubsw`) saturates where two products exceed 16 bits; the sums here are
/// exact.
///
/// # Safety
/// As for [`vnni_tile`].
#[target_feature(enable = "avx2")]
unsafe fn plain_tile(
    rows: usize,
    left: *const u8,
    stride: usize,
    panel: *const u8,
    groups: usize,
    out: *mut i32,
    out_stride: usize,
) {
    let mut wide = [[0i16; WIDENED * GROUP]; ROWS];
    if groups == 0 {
        for row in 0..rows {
            // SAFETY: within the rows of `out`, by the caller's promise.
            unsafe { out.add(row * out_stride).write_bytes(0, PANEL) }
        }
    }
    for start in (0..groups).step_by(WIDENED) {
        let count = (groups - start).min(WIDENED);
        for (row, wide) in wide[..rows].iter_mut().enumerate() {
            // SAFETY: within the row, by the caller's promise.
            let bytes = unsafe {
                let bytes = left.add(row * stride + start * GROUP);
                std::slice::from_raw_parts(bytes, count * GROUP)
            };
            for (wide, byte) in wide.iter_mut().zip(bytes) {
                *wide = i16::from(*byte);
            }
        }
        for quarter in 0..4 {
            let more = start > 0;
            // SAFETY: eight of the columns, by the caller's promise.
            unsafe {
                let panel = panel.add(start * PANEL * GROUP + quarter * 32);
                let out = out.add(quarter * 8);
                match rows {
                    1 => plain_quarter::<1>(&wide, panel, count, out, out_stride, more),
                    2 => plain_quarter::<2>(&wide, panel, count, out, out_stride, more),
                    3 => plain_quarter::<3>(&wide, panel, count, out, out_stride, more),
                    4 => plain_quarter::<4>(&wide, panel, count, out, out_stride, more),
                    5 => plain_quarter::<5>(&wide, panel, count, out, out_stride, more),
                    _ => plain_quarter::<ROWS>(&wide, panel, count, out, out_stride, more),
                }
            }
        }
    }
}

/// Eight columns of a panel; the sums are added to `out` if there are `more`.
///
/// # Safety
/// `panel` must have `groups · PANEL · GROUP` bytes but for those before the
/// first of the columns, `out` `ROWS` rows of eight numbers.
#[target_feature(enable = "avx2")]
unsafe fn plain_quarter<const ROWS: usize>(
    wide: &[[i16; WIDENED * GROUP]],
    panel: *const u8,
    groups: usize,
    out: *mut i32,
    out_stride: usize,
    more: bool,
) {
    let mut sums = [[_mm256_setzero_si256(); 2]; ROWS];
    for group in 0..groups {
        // SAFETY: within the panel, by the caller's promise; `groups` is at most
        // `WIDENED`.
        unsafe {
            let weights = panel.add(group * PANEL * GROUP);
            let low = _mm256_cvtepi8_epi16(_mm_loadu_si128(weights.cast()));
            let high = _mm256_cvtepi8_epi16(_mm_loadu_si128(weights.add(16).cast()));
            for (sums, wide) in sums.iter_mut().zip(wide) {
                let four = wide.as_ptr().add(group * GROUP).cast::<i64>();
                let four = _mm256_set1_epi64x(four.read_unaligned());
                sums[0] = _mm256_add_epi32(sums[0], _mm256_madd_epi16(four, low));
                sums[1] = _mm256_add_epi32(sums[1], _mm256_madd_epi16(four, high));
            }
        }
    }
    for (row, sums) in sums.iter().enumerate() {
        // Each column has two partial sums side by side.
        let whole = _mm256_hadd_epi32(sums[0], sums[1]);
        let mut whole = _mm256_permute4x64_epi64::<0b11_01_10_00>(whole);
        // SAFETY: within the rows of `out`, by the caller's promise.
        unsafe {
            let out = out.add(row * out_stride).cast::<__m256i>();
            if more {
                whole = _mm256_add_epi32(whole, _mm256_loadu_si256(out));
            }
            _mm256_storeu_si256(out, whole);
        }
    }
}
