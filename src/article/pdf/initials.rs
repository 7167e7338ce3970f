//! Large initials that reach over the first lines of a paragraph.

use super::content::Glyph;

/// An initial is at least so much larger than the text around it.
const LARGER: f32 = 1.8;
/// How high a capital is, in its size.
const CAPITAL: f32 = 0.7;
/// More large letters than this on a page are a heading.
const MAX_INITIALS: usize = 8;

/// Sets the initials of a page on the line that they begin, in its size.
pub fn lower(glyphs: &mut [Glyph]) {
    let mut sizes: Vec<f32> = glyphs.iter().map(|g| g.size).collect();
    sizes.sort_by(f32::total_cmp);
    let Some(usual) = sizes.get(sizes.len() / 2).copied() else {
        return;
    };
    let large: Vec<usize> = (0..glyphs.len())
        .filter(|n| glyphs[*n].size > usual * LARGER)
        .collect();
    let alone = |n: &usize| {
        let glyph = &glyphs[*n];
        let beside = |other: &usize| {
            let other = &glyphs[*other];
            (other.y - glyph.y).abs() < glyph.size * 0.3 && !other.text.trim().is_empty()
        };
        glyph.text.chars().all(char::is_uppercase)
            && large.iter().filter(|o| beside(o)).count() == 1
    };
    if large.len() > MAX_INITIALS * 20 {
        return;
    }
    let initials: Vec<usize> = large.iter().filter(|n| alone(n)).copied().collect();
    for n in initials.into_iter().take(MAX_INITIALS) {
        if let Some((x, y)) = first_line(glyphs, n, usual) {
            let initial = &mut glyphs[n];
            initial.x = x - usual * 0.5;
            initial.end = x;
            initial.y = y;
            initial.size = usual;
        }
    }
}

/// Where the highest line begins that stands beside an initial.
fn first_line(glyphs: &[Glyph], initial: usize, usual: f32) -> Option<(f32, f32)> {
    let initial = &glyphs[initial];
    let beside = |g: &&Glyph| {
        g.size < initial.size / LARGER
            && (initial.end - usual * 0.2..initial.end + usual * 2.0).contains(&g.x)
            && g.y > initial.y + usual * 0.5
            && g.y < initial.y + initial.size * CAPITAL
            && !g.text.trim().is_empty()
    };
    let highest = glyphs
        .iter()
        .filter(beside)
        .max_by(|a, b| a.y.total_cmp(&b.y))?;
    let line = glyphs
        .iter()
        .filter(beside)
        .filter(|g| (g.y - highest.y).abs() < 0.1);
    Some((line.map(|g| g.x).reduce(f32::min)?, highest.y))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn glyph(text: &str, x: f32, y: f32, size: f32) -> Glyph {
        Glyph {
            text: text.into(),
            x,
            end: x + size * 0.5,
            y,
            size,
            turn: 0,
        }
    }

    #[test]
    fn an_initial_joins_its_first_line() {
        let mut glyphs = vec![glyph("T", 0.0, 76.0, 40.0)];
        glyphs.extend((0..9).map(|n| glyph("a", 22.0 + n as f32 * 5.0, 100.0, 10.0)));
        glyphs.extend((0..9).map(|n| glyph("b", 22.0 + n as f32 * 5.0, 88.0, 10.0)));
        lower(&mut glyphs);
        assert_eq!(
            (glyphs[0].y, glyphs[0].end, glyphs[0].size),
            (100.0, 22.0, 10.0)
        );
    }

    #[test]
    fn a_heading_stays_where_it_is() {
        let mut glyphs = vec![glyph("A", 0.0, 130.0, 40.0), glyph("B", 20.0, 130.0, 40.0)];
        glyphs.extend((0..9).map(|n| glyph("a", n as f32 * 5.0, 100.0, 10.0)));
        let before = glyphs.clone();
        lower(&mut glyphs);
        assert_eq!(glyphs, before);
    }
}
