//! The transformations of a page.

/// An affine transformation, in the order in which PDF writes its numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Matrix(pub [f64; 6]);

impl Matrix {
    /// Changes nothing.
    pub const IDENTITY: Self = Self([1.0, 0.0, 0.0, 1.0, 0.0, 0.0]);

    /// Moves by that much.
    pub fn shift(x: f64, y: f64) -> Self {
        Self([1.0, 0.0, 0.0, 1.0, x, y])
    }

    /// This one first, the other after it.
    pub fn then(&self, other: &Self) -> Self {
        let [a, b, c, d, e, f] = self.0;
        let [p, q, r, s, t, u] = other.0;
        Self([
            a * p + b * r,
            a * q + b * s,
            c * p + d * r,
            c * q + d * s,
            e * p + f * r + t,
            e * q + f * s + u,
        ])
    }

    /// Where a point comes to lie.
    pub fn apply(&self, x: f64, y: f64) -> (f64, f64) {
        let [a, b, c, d, e, f] = self.0;
        (a * x + c * y + e, b * x + d * y + f)
    }

    /// How high a height of one becomes.
    pub fn height(&self) -> f64 {
        self.0[2].hypot(self.0[3])
    }

    /// By how many quarter turns a line of text is turned; none when it
    /// stands at another angle.
    pub fn turn(&self) -> Option<u8> {
        let [a, b, ..] = self.0;
        let steep = 10.0;
        if a.abs() >= b.abs() * steep {
            Some(if a >= 0.0 { 0 } else { 2 })
        } else if b.abs() >= a.abs() * steep {
            Some(if b >= 0.0 { 1 } else { 3 })
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_acts_first() {
        let doubled = Matrix([2.0, 0.0, 0.0, 2.0, 0.0, 0.0]);
        let moved = Matrix::shift(3.0, 1.0);
        assert_eq!(moved.then(&doubled).apply(1.0, 1.0), (8.0, 4.0));
        assert_eq!(doubled.then(&moved).apply(1.0, 1.0), (5.0, 3.0));
        assert_eq!(doubled.height(), 2.0);
    }

    #[test]
    fn turns() {
        let turn = |a, b| Matrix([a, b, -b, a, 0.0, 0.0]).turn();
        assert_eq!(turn(1.0, 0.0), Some(0));
        assert_eq!(turn(0.0, 1.0), Some(1));
        assert_eq!(turn(-1.0, 0.01), Some(2));
        assert_eq!(turn(0.0, -1.0), Some(3));
        assert_eq!(turn(1.0, 1.0), None);
    }
}
