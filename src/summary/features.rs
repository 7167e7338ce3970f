//! What can be said of a sentence without its meaning, and of its place among
//! the others: position, length, wording, centrality, likeness to the title.

use candle_core::{D, Result, Tensor};

/// Features of a sentence, see [`features`].
pub const FEATURES: usize = 26;

/// A sentence as the summary sees it.
#[derive(Debug, Clone, Copy)]
pub struct Line<'a> {
    /// The sentence.
    pub text: &'a str,
    /// Number of its paragraph.
    pub paragraph: usize,
}

/// Words that point back to something said before.
const POINTING_BACK: [&str; 27] = [
    "he",
    "she",
    "it",
    "they",
    "this",
    "that",
    "these",
    "those",
    "his",
    "her",
    "its",
    "their",
    "but",
    "and",
    "so",
    "however",
    "meanwhile",
    "also",
    "still",
    "then",
    "instead",
    "yet",
    "or",
    "moreover",
    "therefore",
    "such",
    "here",
];

/// Computes the features of every sentence of an article: `[sentences][FEATURES]`.
/// `embeddings` has shape `[sentences, dim]`, rows of unit length; `title` has
/// shape `[dim]`. All features are roughly between 0 and 1.
///
/// # Errors
/// When the shapes do not fit.
pub fn features(
    lines: &[Line],
    embeddings: &Tensor,
    title: Option<&Tensor>,
) -> Result<Vec<[f32; FEATURES]>> {
    let count = lines.len();
    if count == 0 {
        return Ok(Vec::new());
    }
    let mean = embeddings.mean_keepdim(0)?;
    let norm = mean.sqr()?.sum_all()?.to_scalar::<f32>()?.sqrt().max(1e-6);
    let to_mean = column(&(embeddings.broadcast_mul(&mean)?.sum(D::Minus1)? / f64::from(norm))?)?;
    let like = |row: &Tensor| column(&embeddings.broadcast_mul(row)?.sum(D::Minus1)?);
    let to_title = title.map(|t| like(&t.unsqueeze(0)?)).transpose()?;
    let to_first = like(&embeddings.narrow(0, 0, 1)?)?;
    // The opening sentences stand in for a title and say what the article is about.
    let opening = embeddings.narrow(0, 0, count.min(3))?.mean_keepdim(0)?;
    let to_opening = like(&opening)?;
    let next_to = neighbours(embeddings)?;
    let central_rank = ranks(&to_mean);
    let title_rank = to_title.as_deref().map(ranks);

    let paragraphs = lines[count - 1].paragraph + 1;
    Ok(lines
        .iter()
        .enumerate()
        .map(|(i, line)| {
            let first_of_paragraph = i == 0 || lines[i - 1].paragraph != line.paragraph;
            let last_of_paragraph = i + 1 == count || lines[i + 1].paragraph != line.paragraph;
            let text = Wording::of(line.text);
            [
                1.0 / (1.0 + real(i)),
                (real(i) + 1.0).ln() / 5.0,
                real(i) / real(count),
                flag(i == 0),
                flag(i == 1),
                flag(i == 2),
                flag(i + 3 >= count),
                real(line.paragraph) / real(paragraphs),
                flag(first_of_paragraph),
                flag(last_of_paragraph),
                (text.words + 1.0).ln() / 4.0,
                flag(text.words < 8.0),
                flag(text.words < 14.0),
                flag(text.words > 45.0),
                text.capitalised,
                text.digits,
                flag(text.quoted),
                flag(text.opens_with_quote),
                flag(text.question),
                flag(text.points_back),
                to_mean[i],
                central_rank[i],
                to_title.as_ref().map_or(0.0, |t| t[i]),
                title_rank.as_ref().map_or(0.5, |t| t[i]),
                to_first[i].max(to_opening[i]),
                next_to[i],
            ]
        })
        .collect())
}

/// What the words of a sentence show.
struct Wording {
    words: f32,
    /// Share of words after the first that begin with a capital.
    capitalised: f32,
    /// Share of words with a digit.
    digits: f32,
    quoted: bool,
    opens_with_quote: bool,
    question: bool,
    points_back: bool,
}

impl Wording {
    fn of(text: &str) -> Self {
        let quotes = ['"', '“', '”', '‘'];
        let words: Vec<&str> = text.split_whitespace().collect();
        let share = |test: fn(&str) -> bool, skip: usize| {
            let hits = words.iter().skip(skip).filter(|w| test(w)).count();
            real(hits) / real(words.len().max(1))
        };
        let first: String = words
            .first()
            .map(|w| w.chars().filter(|c| c.is_alphabetic()).collect())
            .unwrap_or_default();
        let first = first.to_lowercase();
        Self {
            words: real(words.len()),
            capitalised: share(
                |w| {
                    w.trim_start_matches(|c: char| !c.is_alphanumeric())
                        .starts_with(char::is_uppercase)
                },
                1,
            ),
            digits: share(|w| w.contains(|c: char| c.is_ascii_digit()), 0),
            quoted: text.contains(quotes),
            opens_with_quote: text.starts_with(quotes),
            question: text.trim_end_matches(quotes).ends_with('?'),
            points_back: POINTING_BACK.contains(&first.as_str()),
        }
    }
}

/// Likeness of each sentence to the one before and the one after, averaged.
fn neighbours(embeddings: &Tensor) -> Result<Vec<f32>> {
    let count = embeddings.dims()[0];
    if count < 2 {
        return Ok(vec![0.0; count]);
    }
    let before = embeddings.narrow(0, 0, count - 1)?;
    let after = embeddings.narrow(0, 1, count - 1)?;
    let pairs = column(&(before * after)?.sum(D::Minus1)?)?;
    Ok((0..count)
        .map(|i| match i {
            0 => pairs[0],
            _ if i + 1 == count => pairs[i - 1],
            _ => 0.5 * (pairs[i - 1] + pairs[i]),
        })
        .collect())
}

/// The rank of each value, 0 for the lowest, towards 1 for the highest.
fn ranks(values: &[f32]) -> Vec<f32> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]).then(a.cmp(&b)));
    let mut ranks = vec![0.0; values.len()];
    for (rank, index) in order.into_iter().enumerate() {
        ranks[index] = real(rank) / real(values.len().max(2) - 1);
    }
    ranks
}

fn column(tensor: &Tensor) -> Result<Vec<f32>> {
    tensor.to_vec1()
}

fn flag(value: bool) -> f32 {
    f32::from(u8::from(value))
}

#[expect(clippy::cast_precision_loss, reason = "counts of sentences and words")]
fn real(count: usize) -> f32 {
    count as f32
}
