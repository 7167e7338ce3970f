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

/// Lowest hashes of a sketch by which articles that may be copies are looked up. A copy of half
/// of an article shares one of them with it in all but one of a million cases.
const KEYS: usize = 32;
/// Copies that are so alike are not remembered both.
const SAME: f64 = 0.9;

/// Groups of copies, found while articles come in: each article joins the group of the earlier
/// one that it shares most with, or begins a group of its own.
#[derive(Debug, Default)]
pub struct Clusters {
    /// What later articles are compared with: sketches, and the groups that they are in.
    members: Vec<(usize, Sketch)>,
    /// Members by their lowest shingles.
    having: HashMap<u64, Vec<u32>>,
    count: usize,
}

impl Clusters {
    /// How many groups there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// The number of the group that an article is in, from 1 in the order of their first
    /// articles.
    pub fn place(&mut self, sketch: Sketch) -> usize {
        let keys = |sketch: &Sketch| sketch.hashes.iter().take(KEYS).copied().collect::<Vec<_>>();
        let others = keys(&sketch)
            .into_iter()
            .filter_map(|key| self.having.get(&key));
        let candidates: BTreeSet<u32> = others
            .filter(|others| others.len() < COMMON)
            .flatten()
            .copied()
            .collect();
        let mut best: Option<(usize, f64)> = None;
        for (group, other) in candidates.iter().map(|&i| &self.members[i as usize]) {
            let longer = sketch.count.max(other.count) > LONGER * sketch.count.min(other.count);
            let shared = sketch.containment(other);
            if !longer && shared >= SHARED && best.is_none_or(|(_, most)| shared > most) {
                best = Some((*group, shared));
            }
        }
        let group = match best {
            Some((group, _)) => group,
            None => {
                self.count += 1;
                self.count
            }
        };
        if best.is_none_or(|(_, shared)| shared < SAME)
            && let Ok(number) = u32::try_from(self.members.len())
        {
            for key in keys(&sketch) {
                self.having.entry(key).or_default().push(number);
            }
            self.members.push((group, sketch));
        }
        group
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand::{Rng, SeedableRng, rngs::StdRng};
    use std::collections::BTreeMap;

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

    /// What newsrooms do to the texts of agencies. `other` is a text about something else.
    fn edits(text: &str, other: &str, random: &mut StdRng) -> Vec<(&'static str, String)> {
        let paragraphs: Vec<&str> = text.split("\n\n").collect();
        let mut spoil = |share: f64| -> String {
            let words = text.split(' ').map(|word| match random.random_bool(share) {
                true => "another",
                false => word,
            });
            words.collect::<Vec<_>>().join(" ")
        };
        let (light, heavy) = (spoil(0.05), spoil(0.12));
        let half = &paragraphs[..paragraphs.len().div_ceil(2)];
        let third: Vec<&str> = (paragraphs.iter().enumerate())
            .filter_map(|(i, paragraph)| (i % 3 != 1).then_some(*paragraph))
            .collect();
        let mut turned = paragraphs.clone();
        turned.reverse();
        let opening: String = other.chars().take(text.chars().count() / 3).collect();
        vec![
            (
                "syndicated",
                format!("LONDON (Agency) — {text}\n\nReporting by A. Field."),
            ),
            (
                "in capitals without marks",
                text.to_uppercase().replace([',', '.', '“', '”'], ""),
            ),
            ("one word in twenty changed", light),
            ("one word in eight changed", heavy),
            ("the first half", half.join("\n\n")),
            ("without every third paragraph", third.join("\n\n")),
            ("paragraphs turned around", turned.join("\n\n")),
            ("with a new opening", format!("{opening}\n\n{text}")),
        ]
    }

    #[test]
    fn edited_copies_of_all_fixtures_are_found_and_no_others() {
        let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/eval/fixtures/articles.jsonl");
        let rows = std::fs::read_to_string(fixtures).unwrap();
        let texts: Vec<String> = (rows.lines())
            .map(|row| serde_json::from_str::<serde_json::Value>(row).unwrap())
            .map(|row| row["text"].as_str().unwrap().to_owned())
            .collect();
        let mut random = StdRng::seed_from_u64(1);
        let mut clusters = Clusters::default();
        let mut group = |text: &str| clusters.place(Sketch::new(text));
        let originals: Vec<usize> = texts.iter().map(|text| group(text)).collect();
        // The fixtures themselves are no copies of one another.
        let (mut found, mut false_ones) = (BTreeMap::new(), 0);
        for number in 1..originals.len() {
            false_ones += usize::from(originals[..number].contains(&originals[number]));
        }
        for (number, text) in texts.iter().enumerate() {
            let other = &texts[(number + 1) % texts.len()];
            for (kind, edited) in edits(text, other, &mut random) {
                let placed = group(&edited);
                *found.entry(kind).or_insert(0) += usize::from(placed == originals[number]);
                let of_others = originals.contains(&placed) && placed != originals[number];
                false_ones += usize::from(of_others);
            }
        }
        let all: usize = found.values().sum();
        let recall = all as f64 / (texts.len() * found.len()) as f64;
        let precision = all as f64 / (all + false_ones) as f64;
        let told = format!(
            "{found:?} of {}; recall {recall:.4}, precision {precision:.4}",
            texts.len()
        );
        eprintln!("{told}");
        assert!(recall > 0.98 && precision > 0.99, "{told}");
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
