//! Which instructions of the processor the engine uses, chosen at run time.

use std::fmt;
use std::str::FromStr;

pub use crate::model::{GROUP, PANEL};

use super::portable::Portable;
#[cfg(target_arch = "x86_64")]
use super::{avx2::Avx2, avx512::Avx512Vnni};

/// Most rows that a tile multiplies at once.
pub const TILE: usize = 12;

/// Numbers that a vector holds. Rows are multiples of it.
pub const LANES: usize = 16;

/// What an instruction set does for the engine. A value of such a type exists
/// only where the processor has the instructions.
///
/// Vectors have [`LANES`] lanes whatever the width of the registers. All that is
/// not said to be otherwise is done lane by lane.
pub trait Isa: Copy {
    /// A vector of f32.
    type F: Copy;
    /// A vector of i32.
    type I: Copy;

    /// The same number in all lanes.
    fn splat(self, x: f32) -> Self::F;
    /// From memory.
    fn load(self, from: &[f32; LANES]) -> Self::F;
    /// To memory.
    fn store(self, v: Self::F, to: &mut [f32; LANES]);
    /// `a + b`.
    fn add(self, a: Self::F, b: Self::F) -> Self::F;
    /// `a - b`.
    fn sub(self, a: Self::F, b: Self::F) -> Self::F;
    /// `a · b`.
    fn mul(self, a: Self::F, b: Self::F) -> Self::F;
    /// `a · b + c`, rounded once where the processor can.
    fn fma(self, a: Self::F, b: Self::F, c: Self::F) -> Self::F;
    /// The smaller; `b` where either is not a number.
    fn min(self, a: Self::F, b: Self::F) -> Self::F;
    /// The larger; `b` where either is not a number.
    fn max(self, a: Self::F, b: Self::F) -> Self::F;
    /// The magnitude.
    fn abs(self, a: Self::F) -> Self::F;
    /// The sum of all lanes.
    fn sum(self, a: Self::F) -> f32;
    /// The smallest of all lanes.
    fn least(self, a: Self::F) -> f32;
    /// The largest of all lanes.
    fn largest(self, a: Self::F) -> f32;

    /// The same number in all lanes.
    fn splat_i32(self, x: i32) -> Self::I;
    /// From memory.
    fn load_i32(self, from: &[i32; LANES]) -> Self::I;
    /// From signed bytes in memory.
    fn load_i8(self, from: &[u8; LANES]) -> Self::I;
    /// `a + b`, wrapping.
    fn add_i32(self, a: Self::I, b: Self::I) -> Self::I;
    /// The bits that either has.
    fn or(self, a: Self::I, b: Self::I) -> Self::I;
    /// The lowest byte alone.
    fn low_byte(self, a: Self::I) -> Self::I;
    /// Bits moved up.
    fn shift_left<const BITS: u32>(self, a: Self::I) -> Self::I;
    /// The larger.
    fn max_i32(self, a: Self::I, b: Self::I) -> Self::I;
    /// The sum of all lanes, wrapping.
    fn sum_i32(self, a: Self::I) -> i32;
    /// The largest of all lanes.
    fn largest_i32(self, a: Self::I) -> i32;
    /// The nearest f32.
    fn to_f32(self, a: Self::I) -> Self::F;
    /// The bits of an f32.
    fn bits(self, a: Self::F) -> Self::I;
    /// The f32 of some bits.
    fn f32_of_bits(self, a: Self::I) -> Self::F;
    /// The lowest byte of each lane, to memory.
    fn store_low_bytes(self, a: Self::I, to: &mut [u8; LANES]);
    /// All bytes, each lane's lowest first, to memory.
    fn store_bytes(self, a: Self::I, to: &mut [[u8; GROUP]; LANES]);

    /// Rows times one panel: `out[r][c] = Σ_i left[r][i] · panel[i][c]`, exact.
    ///
    /// `left` holds `rows` (1 to [`TILE`]) rows of u8 that begin `stride` bytes
    /// apart. `panel` holds i8, `[inputs / GROUP][PANEL][GROUP]`; a row has as
    /// many inputs. `out` has rows of [`PANEL`] columns, `out_stride` apart.
    ///
    /// # Panics
    /// When a slice is too short.
    fn tile(
        self,
        left: &[u8],
        stride: usize,
        rows: usize,
        panel: &[u8],
        out: &mut [i32],
        out_stride: usize,
    );
}

/// Work that is compiled once for each instruction set. `run` must be
/// `#[inline(always)]`, and what it calls too, to be compiled for that set.
pub trait Job {
    /// Does the work.
    fn run<I: Isa>(self, isa: I);
}

/// The bounds that every `tile` relies on.
#[inline(always)]
pub fn check_tile(
    left: &[u8],
    stride: usize,
    rows: usize,
    panel: &[u8],
    out: &[i32],
    out_stride: usize,
) -> usize {
    let groups = panel.len() / (PANEL * GROUP);
    assert!((1..=TILE).contains(&rows));
    assert!(left.len() >= (rows - 1) * stride + groups * GROUP);
    assert!(out.len() >= (rows - 1) * out_stride + PANEL);
    groups
}

/// An instruction set that this machine has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kernel(Set);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Set {
    #[cfg(target_arch = "x86_64")]
    Avx512Vnni(Avx512Vnni),
    #[cfg(target_arch = "x86_64")]
    AvxVnni(Avx2<true>),
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2<false>),
    Portable(Portable),
}

impl Kernel {
    /// All that this machine has, the fastest first. `portable`, plain Rust
    /// without special instructions, is always there.
    #[must_use]
    pub fn available() -> Vec<Self> {
        let mut kernels = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            kernels.extend(Avx512Vnni::detect().map(|isa| Self(Set::Avx512Vnni(isa))));
            kernels.extend(Avx2::<true>::detect().map(|isa| Self(Set::AvxVnni(isa))));
            kernels.extend(Avx2::<false>::detect().map(|isa| Self(Set::Avx2(isa))));
        }
        kernels.push(Self(Set::Portable(Portable)));
        kernels
    }

    /// The fastest that this machine has.
    #[must_use]
    pub fn best() -> Self {
        Self::available()[0]
    }

    /// Its name: `avx512-vnni`, `avx-vnni`, `avx2` or `portable`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Set::Avx512Vnni(_) => "avx512-vnni",
            #[cfg(target_arch = "x86_64")]
            Set::AvxVnni(_) => "avx-vnni",
            #[cfg(target_arch = "x86_64")]
            Set::Avx2(_) => "avx2",
            Set::Portable(_) => "portable",
        }
    }

    /// Runs a job with these instructions.
    pub(super) fn run(self, job: impl Job) {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Set::Avx512Vnni(isa) => isa.run(job),
            #[cfg(target_arch = "x86_64")]
            Set::AvxVnni(isa) => isa.run(job),
            #[cfg(target_arch = "x86_64")]
            Set::Avx2(isa) => isa.run(job),
            Set::Portable(isa) => job.run(isa),
        }
    }
}

impl fmt::Display for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Kernel {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let available = Self::available();
        match available.iter().find(|kernel| kernel.name() == name) {
            Some(kernel) => Ok(*kernel),
            None => Err(format!(
                "this machine has no kernel \"{name}\"; it has {}",
                available
                    .iter()
                    .map(|k| k.name())
                    .collect::<Vec<_>>()
                    .join(", ")
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    struct TileJob<'a> {
        left: &'a [u8],
        stride: usize,
        rows: usize,
        panel: &'a [u8],
        out: &'a mut [i32],
        out_stride: usize,
    }

    impl Job for TileJob<'_> {
        #[inline(always)]
        fn run<I: Isa>(self, isa: I) {
            let Self {
                left,
                stride,
                rows,
                panel,
                out,
                out_stride,
            } = self;
            isa.tile(left, stride, rows, panel, out, out_stride);
        }
    }

    /// Every kernel's tile against the sum as it is defined.
    fn check(left: &[u8], stride: usize, rows: usize, panel: &[u8], out_stride: usize) {
        let inputs = panel.len() / PANEL;
        for kernel in Kernel::available() {
            let mut out = vec![i32::MIN; TILE * out_stride];
            kernel.run(TileJob {
                left,
                stride,
                rows,
                panel,
                out: &mut out,
                out_stride,
            });
            for (row, out) in out.chunks_exact(out_stride).enumerate() {
                for (column, found) in out.iter().enumerate() {
                    let weight =
                        |i: usize| panel[(i / GROUP * PANEL + column) * GROUP + i % GROUP] as i8;
                    let product =
                        |i: usize| i32::from(left[row * stride + i]) * i32::from(weight(i));
                    let expected = if row < rows && column < PANEL {
                        (0..inputs).map(product).sum()
                    } else {
                        i32::MIN
                    };
                    assert_eq!(*found, expected, "{kernel}, row {row}, column {column}");
                }
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn every_kernel_multiplies_exactly(
            rows in 1..=TILE,
            groups in 0usize..300,
            more_stride in 0usize..9,
            more_columns in 0usize..5,
            bytes in proptest::collection::vec(
                prop_oneof![Just(0u8), Just(255), Just(127), Just(128), any::<u8>()], 997),
        ) {
            // 997 is prime: the bytes meet in ever other ways.
            let stride = groups * GROUP + more_stride;
            let left: Vec<u8> = bytes.iter().cycle().copied().take(TILE * stride).collect();
            let panel: Vec<u8> =
                bytes.iter().rev().cycle().copied().take(groups * GROUP * PANEL).collect();
            check(&left, stride, rows, &panel, PANEL + more_columns);
        }
    }

    #[test]
    fn sums_do_not_saturate() {
        let groups = 384;
        for weight in [-128i8, -127, 127] {
            let left = vec![255; TILE * groups * GROUP];
            let panel = vec![weight as u8; groups * GROUP * PANEL];
            check(&left, groups * GROUP, TILE, &panel, PANEL);
        }
    }

    #[test]
    fn the_plain_kernel_is_everywhere_and_unknown_ones_are_named() {
        assert_eq!("portable".parse::<Kernel>().unwrap().name(), "portable");
        let error = "sse9".parse::<Kernel>().unwrap_err();
        assert!(
            error.contains("\"sse9\"") && error.contains("portable"),
            "{error}"
        );
    }
}
