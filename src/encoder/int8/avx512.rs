//! AVX-512 with VNNI: 64 products of bytes an instruction.
#![allow(
    unsafe_code,
    reason = "loads and stores through pointers, and calls into code for detected instructions"
)]

use std::arch::x86_64::{
    __m512, __m512i, _mm_loadu_si128, _mm_storeu_si128, _mm512_abs_ps, _mm512_add_epi32,
    _mm512_add_ps, _mm512_and_si512, _mm512_castps_si512, _mm512_castsi512_ps,
    _mm512_cvtepi8_epi32, _mm512_cvtepi32_epi8, _mm512_cvtepi32_ps, _mm512_dpbusd_epi32,
    _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_loadu_si512, _mm512_max_epi32, _mm512_max_ps,
    _mm512_min_ps, _mm512_mul_ps, _mm512_or_si512, _mm512_reduce_add_epi32, _mm512_reduce_add_ps,
    _mm512_reduce_max_epi32, _mm512_reduce_max_ps, _mm512_reduce_min_ps, _mm512_set1_epi32,
    _mm512_set1_ps, _mm512_setzero_si512, _mm512_slli_epi32, _mm512_storeu_ps, _mm512_storeu_si512,
    _mm512_sub_ps,
};

use super::kernel::{GROUP, Isa, Job, LANES, PANEL, check_tile};

/// Proof that the processor has AVX-512 F, BW, DQ, VL and VNNI.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Avx512Vnni(());

impl Avx512Vnni {
    pub fn detect() -> Option<Self> {
        let all = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512vnni")
            && is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("fma");
        all.then_some(Self(()))
    }

    pub fn run(self, job: impl Job) {
        #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma")]
        fn compiled(isa: Avx512Vnni, job: impl Job) {
            job.run(isa);
        }
        // SAFETY: `self` exists only where the features were detected.
        unsafe { compiled(self, job) }
    }
}

impl Isa for Avx512Vnni {
    type F = __m512;
    type I = __m512i;

    #[inline(always)]
    fn splat(self, x: f32) -> __m512 {
        // SAFETY: `self` exists only where the features were detected.
        unsafe { _mm512_set1_ps(x) }
    }

    #[inline(always)]
    fn load(self, from: &[f32; LANES]) -> __m512 {
        // SAFETY: `self` exists only where the features were detected.
        unsafe { _mm512_loadu_ps(from.as_ptr()) }
    }

    #[inline(always)]
    fn store(self, v: __m512, to: &mut [f32; LANES]) {
        // SAFETY: `self` exists only where the features were detected.
        unsafe { _mm512_storeu_ps(to.as_mut_ptr(), v) }
    }

    #[inline(always)]
    fn add(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: `self` exists only where the features were detected.
        unsafe { _mm512_add_ps(a, b) }
    }

    #[inline(always)]
    fn sub(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: `self` exists only where the features were detected.
        unsafe { _mm512_sub_ps(a, b) }
    }

    #[inline(always)]
    fn mul(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: `self` exists only where the features were detected.
        unsafe { _mm512_mul_ps(a, b) }
    }

    #[inline(always)]
    fn fma(self, a: __m512, b: __m512, c: __m512) -> __m512 {
        // SAFETY: `self` exists only where the features were detected.
        unsafe { _mm512_fmadd_ps(a, b, c) }
    }

    #[inline(always)]
    fn min(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: `self` exists only where the features were detected.
        unsafe { _mm512_min_ps(a, b) }
    }

    #[inline(always)]
    fn max(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: `self` exists only where the features were detected.
        unsafe { _mm512_max_ps(a, b) }
    }

    #[inline(always)]
    fn abs(self, a: __m512) -> __m512 {
        // SAFETY: `self` exists only where the features were detected.
        unsafe { _mm512_abs_ps(a) }
    }

    #[inline(always)]
    fn sum(self, a: __m512) -> f32 {
        // SAFETY: `self` exists only where the features were detected.
        unsafe { _mm512_reduce_add_ps(a) }
    }

    #[inline(always)]
    fn least(self, a: __m512) -> f32 {
        // SAFETY: `self` exists only where the features were detected.
        unsafe { _mm512_reduce_min_ps(a) }
    }

    #[inline(always)]
    fn largest(self, a: __m512) -> f32 {
        // SAFETY: `self` exists only where the features were detected.
        unsafe { _mm512_reduce_max_ps(a) }
    }

    #[inline(always)]
    fn splat_i32(self, x: i32) -> __m512i {
        // SAFETY: `self` exists only where the features were detected.
        unsafe { _mm512_set1_epi32(x) }
    }

    #[inline(always)]
    fn load_i32(self, from: &[i32; LANES]) -> __m512i {
        // SAFETY: `self` exists only where the features were detected.
        unsafe { _mm512_loadu_si512(from.as_ptr().cast()) }
    }

    #[inline(always)]
    fn load_i8(self, from: &[u8; LANES]) -> __m512i {
        // SAFETY: `self` exists only where the features were detected.
        unsafe { _mm512_cvtepi8_epi32(_mm_loadu_si128(from.as_ptr().cast())) }
    }

    #[inline(always)]
    fn add_i32(self, a: __m512i, b: __m512i) -> __m512i {
        // SAFETY: `self` exists only where the features were detected.
        unsafe { _mm512_add_epi32(a, b) }
    }

    #[inline(always)]
    fn or(self, a: __m512i, b: __m512i) -> __m512i {
        // SAFETY: `self` exists only where the features were detected.
        unsafe { _mm512_or_si512(a, b) }
    }

    #[inline(always)]
    fn low_byte(self, a: __m512i) -> __m512i {
        // SAFETY: `self` exists only where the features were detected.
        unsafe { _mm512_and_si512(a, _mm512_set1_epi32(0xff)) }
    }

    #[inline(always)]
    fn shift_left<const BITS: u32>(self, a: __m512i) -> __m512i {
        // SAFETY: `self` exists only where the features were detected.
        unsafe { _mm512_slli_epi32::<BITS>(a) }
    }

    #[inline(always)]
    fn max_i32(self, a: __m512i, b: __m512i) -> __m512i {
        // SAFETY: `self` exists only where the features were detected.
        unsafe { _mm512_max_epi32(a, b) }
    }

    #[inline(always)]
    fn sum_i32(self, a: __m512i) -> i32 {
        // SAFETY: `self` exists only where the features were detected.
        unsafe { _mm512_reduce_add_epi32(a) }
    }

    #[inline(always)]
    fn largest_i32(self, a: __m512i) -> i32 {
        // SAFETY: `self` exists only where the features were detected.
        unsafe { _mm512_reduce_max_epi32(a) }
    }

    #[inline(always)]
    fn to_f32(self, a: __m512i) -> __m512 {
        // SAFETY: `self` exists only where the features were detected.
        unsafe { _mm512_cvtepi32_ps(a) }
    }

    #[inline(always)]
    fn bits(self, a: __m512) -> __m512i {
        // SAFETY: `self` exists only where the features were detected.
        unsafe { _mm512_castps_si512(a) }
    }

    #[inline(always)]
    fn f32_of_bits(self, a: __m512i) -> __m512 {
        // SAFETY: `self` exists only where the features were detected.
        unsafe { _mm512_castsi512_ps(a) }
    }

    #[inline(always)]
    fn store_low_bytes(self, a: __m512i, to: &mut [u8; LANES]) {
        // SAFETY: `self` exists only where the features were detected.
        unsafe { _mm_storeu_si128(to.as_mut_ptr().cast(), _mm512_cvtepi32_epi8(a)) }
    }

    #[inline(always)]
    fn store_bytes(self, a: __m512i, to: &mut [[u8; GROUP]; LANES]) {
        // SAFETY: `self` exists only where the features were detected.
        unsafe { _mm512_storeu_si512(to.as_mut_ptr().cast(), a) }
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
        let (left, panel, out) = (left.as_ptr(), panel.as_ptr(), out.as_mut_ptr());
        // SAFETY: `self` exists only where the features were detected, and
        // `check_tile` has seen that the slices are long enough.
        unsafe {
            match rows {
                1 => tile::<1>(left, stride, panel, groups, out, out_stride),
                2 => tile::<2>(left, stride, panel, groups, out, out_stride),
                3 => tile::<3>(left, stride, panel, groups, out, out_stride),
                4 => tile::<4>(left, stride, panel, groups, out, out_stride),
                5 => tile::<5>(left, stride, panel, groups, out, out_stride),
                6 => tile::<6>(left, stride, panel, groups, out, out_stride),
                7 => tile::<7>(left, stride, panel, groups, out, out_stride),
                8 => tile::<8>(left, stride, panel, groups, out, out_stride),
                9 => tile::<9>(left, stride, panel, groups, out, out_stride),
                10 => tile::<10>(left, stride, panel, groups, out, out_stride),
                11 => tile::<11>(left, stride, panel, groups, out, out_stride),
                _ => tile::<12>(left, stride, panel, groups, out, out_stride),
            }
        }
    }
}

/// The sums stay in registers, two a row: 24 of the 32 for twelve rows, enough
/// to hide the latency of a product.
///
/// # Safety
/// `left` must have `ROWS` rows of `groups · GROUP` bytes, `panel` `groups ·
/// PANEL · GROUP` bytes, `out` `ROWS` rows of `PANEL` numbers.
#[target_feature(enable = "avx512f,avx512vnni")]
unsafe fn tile<const ROWS: usize>(
    left: *const u8,
    stride: usize,
    panel: *const u8,
    groups: usize,
    out: *mut i32,
    out_stride: usize,
) {
    let mut sums = [[_mm512_setzero_si512(); 2]; ROWS];
    for group in 0..groups {
        // SAFETY: within the panel and the rows, by the caller's promise.
        unsafe {
            let weights = panel.add(group * PANEL * GROUP);
            let low = _mm512_loadu_si512(weights.cast());
            let high = _mm512_loadu_si512(weights.add(64).cast());
            for (row, sums) in sums.iter_mut().enumerate() {
                let four = left.add(row * stride + group * GROUP).cast::<i32>();
                let four = _mm512_set1_epi32(four.read_unaligned());
                sums[0] = _mm512_dpbusd_epi32(sums[0], four, low);
                sums[1] = _mm512_dpbusd_epi32(sums[1], four, high);
            }
        }
    }
    for (row, sums) in sums.iter().enumerate() {
        // SAFETY: within the rows of `out`, by the caller's promise.
        unsafe {
            let out = out.add(row * out_stride);
            _mm512_storeu_si512(out.cast(), sums[0]);
            _mm512_storeu_si512(out.add(16).cast(), sums[1]);
        }
    }
}
