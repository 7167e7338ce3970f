//! What the words of a sentence show, alone and among the article's others.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::features::{Line, flag, real};
use super::porter;

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

/// Further openings that lean on the sentence before.
const LEANING_ON: [&str; 4] = ["them", "another", "others", "there"];

/// Words that say that somebody spoke.
const SPEECH: [&str; 12] = [
    "said",
    "says",
    "told",
    "added",
    "warned",
    "claimed",
    "insisted",
    "argued",
    "tweeted",
    "announced",
    "according",
    "wrote",
];

/// Words of whoever speaks or is spoken to.
const IN_PERSON: [&str; 8] = ["i", "we", "you", "my", "our", "your", "me", "us"];

/// Words that say nothing of what a sentence is about.
const COMMON: &str = "a about after also and are as at be been before but by can could dr for \
    from had has have he her his how i in into is it its may more most mr mrs ms new not of on \
    one or over s said says she t than that the their these they this those to two under was we \
    were what when where which who will with would you";

/// How many of the article's names count as its main ones.
const NAMES: usize = 5;
/// How many sentences lead.
const LEAD: usize = 2;

/// Features of a sentence's words, see [`wording`].
pub const WORDING: usize = 23;

/// A sentence's words.
struct Words<'a> {
    text: &'a str,
    all: Vec<&'a str>,
    /// The same in lower case.
    lower: Vec<String>,
    /// Stems of those that say what the sentence is about, in order, so that sums over them
    /// are the same each time.
    content: BTreeSet<String>,
}

impl<'a> Words<'a> {
    fn of(text: &'a str, common: &HashSet<&str>) -> Self {
        let all: Vec<&str> = text
            .split(|c: char| !c.is_alphanumeric() && !matches!(c, '\'' | '’' | '-'))
            .filter(|word| word.contains(char::is_alphanumeric))
            .collect();
        let lower: Vec<String> = all.iter().map(|word| word.to_lowercase()).collect();
        let content = (lower.iter())
            .filter(|word| word.chars().count() > 2 && !common.contains(word.as_str()))
            .map(|word| porter::stem(word))
            .collect();
        Self {
            text,
            all,
            lower,
            content,
        }
    }

    /// Words after the first that begin with a capital.
    fn names(&self, common: &HashSet<&str>) -> BTreeSet<&'a str> {
        let words = self.all.iter().zip(&self.lower).skip(1);
        words
            .filter(|(word, lower)| {
                word.starts_with(char::is_uppercase) && !common.contains(lower.as_str())
            })
            .map(|(word, _)| *word)
            .collect()
    }

    fn has(&self, list: &[&str]) -> bool {
        self.lower.iter().any(|word| list.contains(&word.as_str()))
    }

    /// What the sentence shows by itself.
    fn alone(&self) -> [f32; 10] {
        let quotes = ['"', '“', '”', '‘'];
        let words: Vec<&str> = self.text.split_whitespace().collect();
        let bare = |word: &str| word.starts_with(char::is_uppercase);
        let capital = |word: &&&str| bare(word.trim_start_matches(|c: char| !c.is_alphanumeric()));
        let digit = |word: &&&str| word.contains(|c: char| c.is_ascii_digit());
        let count = words.len();
        [
            (real(count) + 1.0).ln() / 4.0,
            flag(count < 8),
            flag(count < 14),
            flag(count > 45),
            share(words.iter().skip(1).filter(capital).count(), count),
            share(words.iter().filter(digit).count(), count),
            flag(self.text.contains(quotes)),
            flag(self.text.starts_with(quotes)),
            flag(self.text.trim_end_matches(quotes).ends_with('?')),
            flag(
                self.lower
                    .first()
                    .is_some_and(|first| POINTING_BACK.contains(&first.as_str())),
            ),
        ]
    }
}

/// The features of each sentence's words, alone and against those of the title and of the
/// other sentences. Most are between 0 and 1.
pub fn wording(lines: &[Line], title: Option<&str>) -> Vec<[f32; WORDING]> {
    let common: HashSet<&str> = COMMON.split_whitespace().collect();
    let sentences: Vec<Words> = lines.iter().map(|l| Words::of(l.text, &common)).collect();
    let title = Words::of(title.unwrap_or(""), &common);
    let (mut counts, mut names) = (HashMap::new(), HashMap::new());
    for sentence in &sentences {
        for word in &sentence.content {
            *counts.entry(word).or_insert(0usize) += 1;
        }
        for name in sentence.names(&common) {
            *names.entry(name).or_insert(0usize) += 1;
        }
    }
    let mut names: Vec<(&str, usize)> = names.into_iter().collect();
    names.sort_unstable_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    names.truncate(NAMES);
    let lead: BTreeSet<&String> = (sentences.iter().take(LEAD))
        .flat_map(|sentence| &sentence.content)
        .collect();
    let mut seen: HashSet<&String> = HashSet::new();
    let mut all = Vec::with_capacity(sentences.len());
    for sentence in &sentences {
        let content = &sentence.content;
        let of_title = content.intersection(&title.content).count();
        let weight: f32 = content.iter().map(|word| real(counts[word]).ln()).sum();
        let said = content.iter().filter(|word| !seen.contains(word)).count();
        let led = content.iter().filter(|word| lead.contains(word)).count();
        let named = names.iter().filter(|(name, _)| sentence.all.contains(name));
        let among = [
            share(of_title, title.content.len()),
            share(of_title, content.len()),
            share(named.count(), NAMES),
            weight / real(content.len().max(1)),
            weight / 10.0,
            flag(sentence.has(&SPEECH)),
            flag(sentence.has(&IN_PERSON)),
            share(said, content.len()),
            share(led, content.len()),
            share(sentence.text.matches(',').count(), 5),
            flag(sentence.lower.iter().any(|word| is_year(word))),
            flag(is_ended(sentence.text)),
            flag(has_dateline(sentence.text)),
        ];
        let mut features = [0.0; WORDING];
        let (first, rest) = features.split_at_mut(10);
        first.copy_from_slice(&sentence.alone());
        rest.copy_from_slice(&among);
        all.push(features);
        seen.extend(content);
    }
    all
}

/// Whether a sentence leans on the one before it: "He said so", "But those sites".
pub fn leans(text: &str) -> bool {
    let first = text
        .split(|c: char| !c.is_alphanumeric())
        .find(|word| !word.is_empty());
    first.is_some_and(|first| {
        let first = first.to_lowercase();
        POINTING_BACK.contains(&first.as_str()) || LEANING_ON.contains(&first.as_str())
    })
}

/// Whether scraps of a page are within a sentence: an address, an attribute, headlines that run
/// up to "MORE".
pub fn has_scraps(text: &str) -> bool {
    let mut words = text.split_whitespace();
    text.contains("=\"") || text.contains("://") || words.any(|word| word.ends_with("MORE"))
}

/// Whether a quotation is cut open: it begins in the sentence or before it, and does not end
/// there.
pub fn cuts_quotation(text: &str) -> bool {
    let count = |mark: char| text.matches(mark).count();
    !count('"').is_multiple_of(2) || count('“') != count('”')
}

fn share(count: usize, of: usize) -> f32 {
    real(count) / real(of.max(1))
}

fn is_year(word: &str) -> bool {
    word.len() == 4
        && (word.starts_with("19") || word.starts_with("20"))
        && word.bytes().all(|b| b.is_ascii_digit())
}

fn is_ended(text: &str) -> bool {
    text.trim_end_matches(['"', '”', '’', '\'', ')'])
        .ends_with(['.', '!'])
}

/// "LONDON — ", "KYIV, Ukraine (AP) - ".
fn has_dateline(text: &str) -> bool {
    let begin: String = text.chars().take(60).collect();
    let shouted = begin
        .split(|c: char| !c.is_alphanumeric())
        .next()
        .is_some_and(|word| word.len() > 3 && word.chars().all(char::is_uppercase));
    shouted
        || [" (AP)", " (CNN)", "(Reuters)"]
            .iter()
            .any(|a| begin.contains(a))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn features(texts: &[&str], title: Option<&str>) -> Vec<[f32; WORDING]> {
        let lines: Vec<Line> = texts
            .iter()
            .map(|text| Line { text, paragraph: 0 })
            .collect();
        wording(&lines, title)
    }

    #[test]
    fn words_of_the_title_names_and_what_is_new_are_seen() {
        let found = features(
            &[
                "HARBOUR TOWN — The ferry company cancelled its crossings on Tuesday.",
                "Ferries cancelled: the company said so.",
                "He said: \"Why us?\"",
            ],
            Some("Ferry company cancels crossings"),
        );
        let title = 10;
        assert!(found[0][title] > 0.9 && found[1][title] > 0.5 && found[2][title] < 0.1);
        let dateline = WORDING - 1;
        assert_eq!((found[0][dateline], found[1][dateline]), (1.0, 0.0));
        let points_back = 9;
        assert_eq!((found[0][points_back], found[2][points_back]), (0.0, 1.0));
        let fresh = 17;
        assert!(found[0][fresh] > found[1][fresh], "{found:?}");
    }

    #[test]
    fn a_quotation_that_begins_or_ends_elsewhere_is_cut_open() {
        for cut in [
            "“We will not pay, she said.",
            "Not now.”",
            "\"Never, he said.",
        ] {
            assert!(cuts_quotation(cut), "{cut}");
        }
        for whole in [
            "“We will not pay,” she said. “Not now.”",
            "A \"no\".",
            "It’s the crew’s.",
        ] {
            assert!(!cuts_quotation(whole), "{whole}");
        }
    }

    #[test]
    fn openings_lean_and_scraps_are_seen() {
        assert!(leans("“But those sites are gone,” she said.") && leans("His new bill fell."));
        assert!(!leans("Hisham Ali spoke.") && !leans("…") && !leans("The bill fell."));
        assert!(has_scraps(
            "Ann Field Ann May FieldStorm closes port MORE (Lib.) agreed."
        ));
        assert!(has_scraps("poster=\"a.png\" The ship sank.") && !has_scraps("Many want more."));
    }

    #[test]
    fn any_text_gives_finite_features() {
        for text in ["", "…", "?!", "1999", "İ", "\u{0}"] {
            let found = features(&[text, text], Some(text));
            assert!(
                found.iter().flatten().all(|x| x.is_finite()),
                "{text:?}: {found:?}"
            );
        }
    }
}
