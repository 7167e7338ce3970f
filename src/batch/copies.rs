//! Which articles are copies of one another: syndicated, cut or lightly edited.

use std::collections::{BTreeSet, HashMap};

use sha2::{Digest, Sha256};

/// Words of a shingle. Few, so that an edited word spoils few of them.
const SHINGLE: usize = 3;
/// Shingles that are kept of an article.
const KEPT: usize = 256;
/// Share of the smaller article's shingles that its copy has too. Articles about the same
/// event that were written apart share a few in a hundred; follow-ups that repeat what was
/// said before share up to a third.
const SHARED: f64 = 0.5;

/// How many times longer an article may be than a copy of it. What is within a far longer one is
/// a part of a round-up, or the round-up has taken it up: no copy of the whole.
const LONGER: usize = 4;
/// Shingles in common without which an estimate means nothing; very short texts must have all.
const LEAST: usize = 8;

/// An article's shingles, sampled: the lowest hashes of its word 3-grams (bottom-k sketch,
/// Broder 1997, "On the resemblance and containment of documents", section 4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sketch {
    /// Rising.
    hashes: Vec<u64>,
    /// How many different shingles the article has.
    count: usize,
}

impl Sketch {
    /// Of a text; case, punctuation and layout do not matter.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let words: Vec<String> = text
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(str::to_lowercase)
            .collect();
        let mut hashes: Vec<u64> = words
            .windows(SHINGLE.min(words.len().max(1)))
            .map(hash)
            .collect();
        hashes.sort_unstable();
        hashes.dedup();
        let count = hashes.len();
        hashes.truncate(KEPT);
        Self { hashes, count }
    }

    /// The share of the smaller article's shingles that both have, estimated.
    #[must_use]
    pub fn containment(&self, other: &Self) -> f64 {
        let (mut a, mut b) = (
            self.hashes.iter().peekable(),
            other.hashes.iter().peekable(),
        );
        let (mut seen, mut both) = (0usize, 0usize);
        // The lowest hashes of the union are a fair sample of it; beyond the shorter list
        // nobody knows what the union has.
        while let (Some(&&x), Some(&&y)) = (a.peek(), b.peek()) {
            seen += 1;
            both += usize::from(x == y);
            if x <= y {
                a.next();
            }
            if y <= x {
                b.next();
            }
        }
        if self.count <= KEPT && other.count <= KEPT {
            seen += a.count() + b.count();
        }
        if both == 0 || both < LEAST.min(self.count).min(other.count) {
            return 0.0;
        }
        #[expect(clippy::cast_precision_loss, reason = "counts of shingles")]
        let (resemblance, counts, least) = (
            both as f64 / seen as f64,
            (self.count + other.count) as f64,
            self.count.min(other.count) as f64,
        );
        (resemblance * counts / (1.0 + resemblance) / least).min(1.0)
    }
}

fn hash(words: &[String]) -> u64 {
    let hash = Sha256::digest(words.join(" "));
    u64::from_le_bytes(std::array::from_fn(|i| hash[i]))
}

/// Shingles that so many articles have are turns of phrase, and tell no copies.
const COMMON: usize = 1000;

/// For each article the number of the longest one that it is a copy of, its own when it is
/// none: of a story and what was cut of it, the story stays. Of copies of the same length the
/// first stays.
#[must_use]
pub fn originals(sketches: &[Sketch]) -> Vec<usize> {
    let mut originals: Vec<usize> = (0..sketches.len()).collect();
    let mut order = originals.clone();
    order.sort_by_key(|&i| (std::cmp::Reverse(sketches[i].count), i));
    // Articles that are no copies, by their shingles.
    let mut having: HashMap<u64, Vec<usize>> = HashMap::new();
    for number in order {
        let sketch = &sketches[number];
        let others = (sketch.hashes.iter())
            .filter_map(|hash| having.get(hash))
            .filter(|others| others.len() < COMMON);
        let candidates: BTreeSet<usize> = others.flatten().copied().collect();
        let original = (candidates.into_iter())
            .filter(|&other| sketches[other].count <= LONGER * sketch.count)
            .find(|&other| sketch.containment(&sketches[other]) >= SHARED);
        match original {
            Some(original) => originals[number] = original,
            None => {
                for hash in &sketch.hashes {
                    having.entry(*hash).or_default().push(number);
                }
            }
        }
    }
    originals
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FERRY: &str = "The ferry company said on Tuesday that it would cancel all crossings \
        to the northern islands until the weekend. Engineers had found cracks in the ramp of \
        its largest ship during a routine check. About 3,000 passengers had booked, and many \
        of them live on the islands, where shops already ration bread and milk. The council \
        asked the navy for help, and a fishing boat brought medicine on Monday night.";
    const LIBRARY: &str = "The city library will open on Sundays from next month, the mayor \
        said on Tuesday. Engineers had found that heating it for one day more costs less than \
        many had feared. About 3,000 readers had asked for it, and many of them work during \
        the week. The council will pay for two more librarians until the end of the year.";

    fn found(texts: &[&str]) -> Vec<usize> {
        let sketches: Vec<Sketch> = texts.iter().map(|text| Sketch::new(text)).collect();
        originals(&sketches)
    }

    #[test]
    fn edited_cut_and_shouted_copies_are_found_and_other_stories_are_not() {
        let edited = FERRY
            .replace("Tuesday", "Wednesday")
            .replace("3,000", "2,800");
        let edited = format!("(Reuters) - {edited} More follows.");
        let cut: String = FERRY.chars().take(220).collect();
        let texts = [LIBRARY, FERRY, &edited, &cut, &FERRY.to_uppercase()];
        assert_eq!(found(&texts), [0, 2, 2, 2, 2]);
    }

    #[test]
    fn texts_without_words_are_copies_of_nothing() {
        assert_eq!(found(&["", "...", "", "Yes.", "No."]), [0, 1, 2, 3, 4]);
        assert_eq!(found(&["Yes.", "YES"]), [0, 0]);
    }

    /// A text of so many made-up words, none of which is in another text.
    fn long(name: &str, words: usize) -> String {
        (0..words).map(|i| format!("{name}{i} ")).collect()
    }

    #[test]
    fn of_long_texts_samples_tell_copies_and_a_shared_phrase_makes_none() {
        let story = long("harbour", 1200);
        let cut = long("harbour", 700);
        let other = format!(
            "{} said on Tuesday {}",
            long("library", 600),
            long("book", 600)
        );
        let brief = "The ferry sank, the owner said on Tuesday, and nobody of the crew was hurt.";
        assert_eq!(found(&[&cut, &story, &other, brief]), [1, 1, 2, 3]);
        let round_up = format!("{}{}", long("harbour", 200), long("bridge", 1000));
        assert_eq!(found(&[&long("harbour", 200), &round_up]), [0, 1]);
        let half = format!("{}{}", long("harbour", 500), long("bridge", 700));
        let share = Sketch::new(&half).containment(&Sketch::new(&story));
        assert!((share - 500.0 / 1200.0).abs() < 0.1, "{share}");
    }

    proptest! {
        #[test]
        fn of_short_texts_containment_is_exact_and_the_same_both_ways(
            a in proptest::collection::vec("[a-c]", 0..40),
            b in proptest::collection::vec("[a-c]", 0..40),
        ) {
            let set = |words: &[String]| -> std::collections::BTreeSet<Vec<String>> {
                words.windows(SHINGLE.min(words.len().max(1))).map(<[String]>::to_vec).collect()
            };
            let (of_a, of_b) = (set(&a), set(&b));
            let least = of_a.len().min(of_b.len());
            let both = of_a.intersection(&of_b).count();
            let exact = match both < LEAST.min(least) || least == 0 {
                true => 0.0,
                false => both as f64 / least as f64,
            };
            let (a, b) = (Sketch::new(&a.join(" ")), Sketch::new(&b.join(" ")));
            prop_assert!((a.containment(&b) - exact).abs() < 1e-9);
            prop_assert_eq!(a.containment(&b), b.containment(&a));
        }
    }
}
