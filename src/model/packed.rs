//! A linear layer's weights in the order in which the int8 engine reads them.

use bytes::Bytes;

/// Output channels of a panel.
pub const PANEL: usize = 32;
/// Neighbouring inputs of one channel that lie side by side.
pub const GROUP: usize = 4;

/// Int8 weights `[outputs][inputs]`, one scale per output: `w ≈ scale · q`.
///
/// They lie in panels of [`PANEL`] outputs, `[panel][input / GROUP][PANEL]
/// [GROUP]`, so that the engine reads memory straight on. Outputs and inputs
/// that are missing from the last panel and group are zeros.
#[derive(Debug, Clone)]
pub struct Packed {
    bytes: Bytes,
    outputs: usize,
    groups: usize,
    scales: Vec<f32>,
    sums: Vec<f32>,
}

impl Packed {
    /// Takes panels as stored, and for each output its scale and the sum of its
    /// dequantised weights.
    ///
    /// # Errors
    /// When the lengths do not belong together.
    pub fn new(bytes: Bytes, mut scales: Vec<f32>, mut sums: Vec<f32>) -> Result<Self, String> {
        let own = scales.len();
        let outputs = own.next_multiple_of(PANEL);
        let groups = bytes.len() / (outputs * GROUP).max(1);
        if bytes.len() != groups * outputs * GROUP || sums.len() != scales.len() || groups == 0 {
            return Err(format!(
                "{} weights, {} scales and {} sums do not belong together",
                bytes.len(),
                scales.len(),
                sums.len()
            ));
        }
        scales.resize(outputs, 0.0);
        sums.resize(outputs, 0.0);
        Ok(Self {
            bytes,
            outputs: own,
            groups,
            scales,
            sums,
        })
    }

    /// Packs rows of quantised weights, each of `inputs` bytes.
    #[must_use]
    pub fn pack(rows: &[u8], inputs: usize, scales: &[f32]) -> Self {
        let groups = inputs.div_ceil(GROUP);
        let outputs = scales.len().next_multiple_of(PANEL);
        let mut bytes = vec![0; outputs * groups * GROUP];
        let mut sums = Vec::with_capacity(outputs);
        for (output, (row, scale)) in rows.chunks_exact(inputs).zip(scales).enumerate() {
            let (panel, column) = (output / PANEL, output % PANEL);
            for (group, four) in row.chunks(GROUP).enumerate() {
                let at = ((panel * groups + group) * PANEL + column) * GROUP;
                bytes[at..at + four.len()].copy_from_slice(four);
            }
            let sum: i32 = row.iter().map(|q| i32::from(*q as i8)).sum();
            #[expect(clippy::cast_precision_loss, reason = "far below 2^24")]
            sums.push(sum as f32 * scale);
        }
        let own = scales.len();
        let mut scales = scales.to_vec();
        scales.resize(outputs, 0.0);
        sums.resize(outputs, 0.0);
        Self {
            bytes: bytes.into(),
            outputs: own,
            groups,
            scales,
            sums,
        }
    }

    /// The rows that were packed, `outputs` of them, `inputs` bytes each.
    #[must_use]
    pub fn unpack(&self, outputs: usize, inputs: usize) -> Vec<u8> {
        let mut rows = Vec::with_capacity(outputs * inputs);
        for output in 0..outputs {
            let groups = self.panel(output / PANEL).chunks_exact(PANEL * GROUP);
            let at = output % PANEL * GROUP;
            let row = groups.flat_map(|group| &group[at..at + GROUP]);
            rows.extend(row.take(inputs));
        }
        rows
    }

    /// All panels.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// One panel, `[inputs / GROUP][PANEL][GROUP]` i8.
    #[must_use]
    pub fn panel(&self, number: usize) -> &[u8] {
        let length = self.groups * PANEL * GROUP;
        &self.bytes[number * length..][..length]
    }

    /// Number of outputs, without what fills the last panel.
    #[must_use]
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// Inputs in groups of [`GROUP`].
    #[must_use]
    pub fn groups(&self) -> usize {
        self.groups
    }

    /// Scale of each output, filled with zeros to a whole number of panels.
    #[must_use]
    pub fn scales(&self) -> &[f32] {
        &self.scales
    }

    /// Sum of each output's dequantised weights, filled likewise.
    #[must_use]
    pub fn sums(&self) -> &[f32] {
        &self.sums
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_was_packed_comes_back(
            outputs in 1usize..70, inputs in 1usize..23, seed in any::<u8>()
        ) {
            let rows: Vec<u8> = (0..outputs * inputs)
                .map(|i| (i as u8).wrapping_mul(37).wrapping_add(seed))
                .collect();
            let packed = Packed::pack(&rows, inputs, &vec![0.5; outputs]);
            prop_assert_eq!(packed.unpack(outputs, inputs), rows.clone());
            let sum: i32 = rows[..inputs].iter().map(|q| i32::from(*q as i8)).sum();
            prop_assert_eq!(packed.sums()[0], sum as f32 * 0.5);
        }
    }

    #[test]
    fn lengths_that_do_not_belong_together_are_refused() {
        let bytes = Bytes::from(vec![0; PANEL * GROUP]);
        assert!(Packed::new(bytes.clone(), vec![1.0; 32], vec![0.0; 32]).is_ok());
        assert!(Packed::new(bytes.clone(), vec![1.0; 33], vec![0.0; 33]).is_err());
        assert!(Packed::new(bytes, vec![1.0; 32], vec![0.0; 31]).is_err());
    }
}
