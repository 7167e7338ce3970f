//! A linear model for what the rules leave open: a sum of weights over a sentence's words, shape
//! and place, hashed to a small table.
//!
//! It judges only sentences that are short or have no end. Full sentences are what a summary is
//! made of, and there it gains little.

use super::{
    Kind, Line, MAX_LINE,
    pieces::sentence_ends,
    words::{ends_sentence, form},
};
use std::ops::Range;

/// Number of weights.
pub const FEATURES: usize = 1 << 13;

/// Sums above these are junk. A short sentence with its full stop is rarely junk alone.
const ENDED: i32 = 10;
const OPEN: i32 = -32;

/// A weight for every feature, in steps of no meaning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Weights(Vec<i8>);

impl Weights {
    /// The weights that come with the program; `train::junk` fits them.
    pub fn own() -> &'static Self {
        static OWN: std::sync::LazyLock<Weights> =
            std::sync::LazyLock::new(|| Weights::from_bytes(include_bytes!("model.bin")));
        &OWN
    }

    pub fn from_bytes(bytes: &[u8]) -> Self {
        let mut weights: Vec<i8> = bytes.iter().map(|byte| byte.cast_signed()).collect();
        weights.resize(FEATURES, 0);
        Self(weights)
    }

    pub fn is_junk(&self, sentence: &str, features: &[u16]) -> bool {
        self.sum(features) > if ends_sentence(sentence) { ENDED } else { OPEN }
    }

    pub fn sum(&self, features: &[u16]) -> i32 {
        let weight = |feature: &u16| i32::from(self.0[usize::from(*feature)]);
        features.iter().map(weight).sum()
    }
}

/// Calls `each` with every sentence of line `at` that the model may judge, as a part of `line`,
/// and its features.
pub(super) fn each_open(
    line: &str,
    lines: &[Line],
    at: usize,
    mut each: impl FnMut(Range<usize>, &[u16]),
) {
    // The first line may be a title.
    if at == 0 {
        return;
    }
    let mut features = Vec::new();
    let ends: Vec<usize> = sentence_ends(line).collect();
    let mut start = 0;
    for (earlier, end) in ends.iter().enumerate() {
        let sentence = line[start..*end].trim();
        let from = start + line[start..*end].len() - line[start..*end].trim_start().len();
        start = *end;
        if !is_open(sentence) {
            continue;
        }
        let place = Place {
            before: lines[at - 1].kind,
            own: form(line),
            after: lines.get(at + 1).map(|below| below.kind),
            above: at,
            below: lines.len() - 1 - at,
            earlier,
            later: ends.len() - 1 - earlier,
        };
        features.clear();
        words(sentence, |slot| features.push(slot));
        shape(sentence, place, |slot| features.push(slot));
        features.sort_unstable();
        features.dedup();
        each(from..from + sentence.len(), &features);
    }
}

fn is_open(sentence: &str) -> bool {
    let is_full = || ends_sentence(sentence) && sentence.split_whitespace().nth(9).is_some();
    (1..=MAX_LINE).contains(&sentence.len()) && !is_full()
}

/// Where a sentence stands.
struct Place {
    /// What the line before, its own and the line after are.
    before: Kind,
    own: Kind,
    after: Option<Kind>,
    /// Lines above and below.
    above: usize,
    below: usize,
    /// Sentences of the line before and after this one.
    earlier: usize,
    later: usize,
}

/// The words and marks of a sentence, alone and in pairs.
fn words(sentence: &str, mut add: impl FnMut(u16)) {
    let mut last = START;
    for token in tokens(sentence) {
        let hash = token.bytes().fold(START, step);
        add(slot(1, hash, 0));
        add(slot(2, hash, last));
        last = hash;
    }
    add(slot(2, START, last));
}

/// Runs of letters and digits, and every other character but white space.
fn tokens(sentence: &str) -> impl Iterator<Item = &str> {
    let mut rest = sentence;
    std::iter::from_fn(move || {
        rest = rest.trim_start();
        let first = rest.chars().next()?;
        let word = rest.find(|c: char| !c.is_alphanumeric());
        let length = word.unwrap_or(rest.len()).max(first.len_utf8());
        let token;
        (token, rest) = rest.split_at(length);
        Some(token)
    })
}

/// How long a sentence is, how it ends, its capitals and figures, and what stands around it.
fn shape(sentence: &str, place: Place, mut add: impl FnMut(u16)) {
    let (mut words, mut capitalised, mut shouted, mut figures, mut marks) = (0, 0, 0, 0, 0);
    for token in tokens(sentence) {
        let is = |test: fn(char) -> bool| usize::from(token.starts_with(test));
        words += is(char::is_alphanumeric);
        marks += 1 - is(char::is_alphanumeric);
        figures += is(|c| c.is_ascii_digit());
        capitalised += is(char::is_uppercase);
        shouted += usize::from(token.len() > 1 && !token.contains(|c: char| !c.is_uppercase()));
    }
    let share = |part: usize| match words {
        0 => 9,
        _ => bucket(part * 8 / words, &[1, 2, 4, 6, 8]),
    };
    let end = match sentence
        .trim_end_matches(['"', '\'', '”', '’', ')', ']'])
        .bytes()
        .next_back()
    {
        Some(b'.') => 1,
        Some(b'!') => 2,
        Some(b'?') => 3,
        Some(b':') => 4,
        Some(b',' | b';') => 5,
        _ => 0,
    };
    let length = bucket(words, &[1, 2, 3, 4, 6, 9, 13, 20, 32, 50]);
    let whole = u64::from(place.earlier + place.later == 0);
    let edges = u64::from(place.earlier == 0) * 2 + u64::from(place.later == 0);
    let above = bucket(place.above, &[1, 2, 3, 5, 9, 20]);
    let below = bucket(place.below, &[1, 2, 3, 4, 6, 9, 20]);
    let (before, own, after) = (
        kind(Some(place.before)),
        kind(Some(place.own)),
        kind(place.after),
    );
    let near = before * 5 + after;
    let shape = (length * 6 + end) * 2 + whole;
    let capitals = share(capitalised);
    let sentences = |count: usize| bucket(count, &[1, 2, 3, 5]);
    let pairs = [
        (length, 0),
        (end, whole),
        (capitals, whole),
        (share(shouted), end),
        (share(figures), 0),
        (bucket(marks, &[1, 2, 3, 5, 8, 13]), length),
        (shape, 0),
        (shape, capitals),
        (above, whole),
        (below, whole),
        (below, shape),
        (above, shape),
        (near, whole),
        (near, shape),
        (edges, 0),
        (sentences(place.earlier), sentences(place.later)),
        (own, end),
        (before, own),
        (after, own),
        (0, 0),
    ];
    for (name, (a, b)) in (10..).zip(pairs) {
        add(slot(name, a, b));
    }
}

fn kind(kind: Option<Kind>) -> u64 {
    match kind {
        None => 0,
        Some(Kind::Prose) => 1,
        Some(Kind::Short) => 2,
        Some(Kind::Junk) => 3,
        Some(Kind::LinksFollow) => 4,
    }
}

/// How many of the rising `limits` are at most `value`.
fn bucket(value: usize, limits: &[usize]) -> u64 {
    limits.iter().map(|limit| u64::from(value >= *limit)).sum()
}

const START: u64 = 0xcbf2_9ce4_8422_2325;

/// FNV-1a, without regard to ASCII case; all digits are one.
fn step(hash: u64, byte: u8) -> u64 {
    let byte = if byte.is_ascii_digit() {
        b'0'
    } else {
        byte.to_ascii_lowercase()
    };
    (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
}

fn slot(name: u64, a: u64, b: u64) -> u16 {
    let mixed = (a.wrapping_add(name.wrapping_mul(0x9e37_79b9_7f4a_7c15)) ^ b.rotate_left(31))
        .wrapping_mul(0xff51_afd7_ed55_8ccd);
    // The upper bits depend on all others.
    (mixed >> (64 - FEATURES.ilog2())) as u16
}

#[cfg(test)]
mod tests {
    use crate::article::junk::find;

    /// The pieces of `text` that are junk.
    fn junk(text: &str) -> Vec<&str> {
        let found = find(text, None).into_iter();
        found.map(|range| &text[range]).collect()
    }

    /// An article of several paragraphs with `line` between two of them.
    fn article_with(line: &str) -> String {
        let prose = [
            "The council agreed on Tuesday to rebuild the northern pier before spring comes.",
            "Three firms have bid for the work, which the council expects to cost four million.",
            "The old pier was closed after a storm tore away most of its deck two winters ago.",
            "Ferries have since called at a quay on the southern side, an hour's walk from town.",
        ]
        .join("\n\n");
        let more = "Shopkeepers say that they have lost a third of their trade since the closure.";
        format!("{prose}\n\n{line}\n\n{prose}\n\n{more}\n\n{prose}")
    }

    #[test]
    fn the_model_knows_junk_that_no_rule_names() {
        for line in [
            "More about the harbour and its long-running legal battles:",
            "More about the ferries and who pays for them:",
        ] {
            assert_eq!(junk(&article_with(line)), [line]);
        }
    }

    #[test]
    fn the_model_spares_short_sentences_and_headings() {
        for line in [
            "“We had no choice.”",
            "It was not to be.",
            "Nobody answered. The ferry did not come. Then it began to rain.",
            "Why did the storm do so much harm?",
            "A pier for the north",
            "The council's three demands were these:",
            "First, the ferries. Second, the quay. Third, the money.",
        ] {
            assert!(junk(&article_with(line)).is_empty(), "{line:?}");
        }
    }

    #[test]
    fn long_texts_without_structure_are_read_in_one_go() {
        let article = article_with("Two lines below there is no end.");
        for part in [
            "the pier ",
            "Pier\n",
            "(@",
            "Read more:\nA pier\n",
            "It was. ",
            ". ",
            "’",
        ] {
            let text = format!(
                "{article}\n{}\n{article}",
                part.repeat(500_000 / part.len())
            );
            assert!(find(&text, None).len() <= text.len() / 3);
        }
    }
}
