//! What can be said of a sentence, as numbers: its place, its words, and how its
//! embedding stands to the others.

use candle_core::{Result, Tensor};

use super::likeness::{LIKENESS, likeness};
use super::wording::{WORDING, wording};

/// Features of a sentence's place.
const PLACE: usize = 13;
/// Features of a sentence, see [`features`].
pub const FEATURES: usize = PLACE + WORDING + LIKENESS;

/// A sentence as the summary sees it.
#[derive(Debug, Clone, Copy)]
pub struct Line<'a> {
    /// The sentence.
    pub text: &'a str,
    /// Number of its paragraph.
    pub paragraph: usize,
}

/// Computes the features of every sentence of an article: `[sentences][FEATURES]`.
/// `embeddings` has shape `[sentences, dim]`, rows of unit length; the title comes with
/// its embedding, of shape `[dim]`. All features are roughly between 0 and 1.
///
/// # Errors
/// When the shapes do not fit.
pub fn features(
    lines: &[Line],
    embeddings: &Tensor,
    title: Option<(&str, &Tensor)>,
) -> Result<Vec<[f32; FEATURES]>> {
    if lines.is_empty() {
        return Ok(Vec::new());
    }
    let likeness = likeness(embeddings, title.map(|(_, embedding)| embedding))?;
    let words = wording(lines, title.map(|(text, _)| text));
    let paragraphs = lines[lines.len() - 1].paragraph + 1;
    let mut sizes = vec![0usize; paragraphs];
    lines.iter().for_each(|line| sizes[line.paragraph] += 1);
    let has_title = flag(title.is_some());
    let all = words.iter().zip(&likeness).enumerate();
    Ok(all
        .map(|(i, (words, likeness))| {
            let mut features = [0.0; FEATURES];
            let (of_place, rest) = features.split_at_mut(PLACE);
            let (of_words, of_likeness) = rest.split_at_mut(WORDING);
            of_place.copy_from_slice(&place(lines, &sizes, i, has_title));
            of_words.copy_from_slice(words);
            of_likeness.copy_from_slice(likeness);
            features
        })
        .collect())
}

fn place(lines: &[Line], sizes: &[usize], i: usize, has_title: f32) -> [f32; PLACE] {
    let (count, line) = (lines.len(), lines[i]);
    let first_of_paragraph = i == 0 || lines[i - 1].paragraph != line.paragraph;
    let last_of_paragraph = i + 1 == count || lines[i + 1].paragraph != line.paragraph;
    [
        1.0 / (1.0 + real(i)),
        (real(i) + 1.0).ln() / 5.0,
        real(i) / real(count),
        flag(i == 0),
        flag(i == 1),
        flag(i == 2),
        flag(i + 3 >= count),
        real(line.paragraph) / real(sizes.len()),
        flag(first_of_paragraph),
        flag(last_of_paragraph),
        (real(count) + 1.0).ln() / 5.0,
        real(sizes[line.paragraph]).ln(),
        has_title,
    ]
}

pub(super) fn flag(value: bool) -> f32 {
    f32::from(u8::from(value))
}

#[expect(clippy::cast_precision_loss, reason = "counts of sentences and words")]
pub(super) fn real(count: usize) -> f32 {
    count as f32
}
