//! Finds what is not article in the plain text of a news article: image credits, bylines,
//! newsletter pitches, related links, the chrome of embedded tweets and the like.
//!
//! Every line is judged by its own words first, then by where it stands: a bare name is a byline
//! at the top and a heading in the middle. Lines that stay are searched for pieces glued to them,
//! and what the rules leave open, a small linear model decides where a sentence is short or has
//! no end.

mod comments;
mod credits;
mod links;
mod model;
mod phrases;
mod pieces;
mod pitch;
mod places;
mod quotes;
mod words;

pub use model::{FEATURES, Weights};

use std::ops::Range;

use super::title::letters;
use words::judge;

/// Returns the byte ranges of `text` that are page junk, in order and without overlap.
///
/// A range is a whole line, without its newline and outer white space, or a piece of one, such as
/// `{mosads}` before a sentence. A line that repeats `title` is junk too.
pub fn find(text: &str, title: Option<&str>) -> Vec<Range<usize>> {
    let mut lower = String::new();
    let lines = judged(text, title, &mut lower);
    let weights = is_article(text, &lines).then(Weights::own);
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        if line.is_junk() {
            found.push(line.range.clone());
            continue;
        }
        let words = &text[line.range.clone()];
        let mut parts = pieces::find(words, &mut lower);
        if let Some(weights) = weights {
            model::each_open(words, &lines, at, |part, features| {
                if weights.is_junk(&words[part.clone()], features) {
                    parts.push(part);
                }
            });
        }
        pieces::add(words, line.range.start, parts, &mut found);
    }
    found
}

/// A sentence that is short or has no end, for fitting the model.
pub struct Sample {
    /// Its bytes in the text.
    pub range: Range<usize>,
    pub features: Vec<u16>,
    /// Whether the rules alone call it junk.
    pub ruled: bool,
}

/// The sentences of `text` that the model may judge, those that the rules settle included.
pub fn samples(text: &str, title: Option<&str>) -> Vec<Sample> {
    let mut lower = String::new();
    let lines = judged(text, title, &mut lower);
    let mut samples = Vec::new();
    if !is_article(text, &lines) {
        return samples;
    }
    for (at, line) in lines.iter().enumerate() {
        let words = &text[line.range.clone()];
        let parts = if line.is_junk() {
            std::iter::once(0..words.len()).collect()
        } else {
            pieces::find(words, &mut lower)
        };
        model::each_open(words, &lines, at, |part, features| {
            let covered = |piece: &Range<usize>| {
                piece
                    .end
                    .min(part.end)
                    .saturating_sub(piece.start.max(part.start))
            };
            samples.push(Sample {
                range: line.range.start + part.start..line.range.start + part.end,
                features: features.to_vec(),
                ruled: 2 * parts.iter().map(covered).sum::<usize>() > part.len(),
            });
        });
    }
    samples
}

/// Longest line in bytes that is judged as a whole. Longer ones are paragraphs, or articles
/// without newlines.
const MAX_LINE: usize = 500;

struct Line {
    range: Range<usize>,
    kind: Kind,
}

impl Line {
    fn is_junk(&self) -> bool {
        matches!(self.kind, Kind::Junk | Kind::LinksFollow)
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// A full paragraph of the article.
    Prose,
    /// A heading, a name, a short quotation, …: its place decides.
    Short,
    Junk,
    /// Junk that announces a list of links: "Read more:".
    LinksFollow,
}

/// The lines of `text` as the rules judge them.
fn judged(text: &str, title: Option<&str>, lower: &mut String) -> Vec<Line> {
    let title: Vec<char> = letters(title.unwrap_or("")).collect();
    let mut lines: Vec<Line> = split(text)
        .map(|range| Line {
            kind: Kind::Short,
            range,
        })
        .collect();
    let several = lines.len() > 1;
    let tokenised = comments::is_tokenised(text);
    for (at, line) in lines.iter_mut().enumerate() {
        let words = &text[line.range.clone()];
        let repeats = title.len() > 8 && several && letters(words).eq(title.iter().copied());
        line.kind = if repeats || (!tokenised && comments::is_comment(words)) {
            Kind::Junk
        } else {
            judge(words, lower, at == 0)
        };
    }
    places::judge(text, !title.is_empty(), &mut lines);
    lines
}

/// Whether the model knows such texts: with paragraphs, and not wrapped at a fixed width, where
/// every line is a sentence without an end.
fn is_article(text: &str, lines: &[Line]) -> bool {
    let prose = lines.iter().filter(|line| line.kind == Kind::Prose);
    let (mut wrapped, mut length) = (0, 0);
    for line in prose {
        wrapped += usize::from(words::form(&text[line.range.clone()]) == Kind::Short);
        length += line.range.len();
    }
    length >= 1000 && wrapped * 10 <= lines.len()
}

/// The lines of `text` that are not blank, without outer white space.
fn split(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut next = 0;
    text.split(['\n', '\r']).filter_map(move |line| {
        let start = next + line.len() - line.trim_start().len();
        next += line.len() + 1;
        let line = line.trim();
        (!line.is_empty()).then_some(start..start + line.len())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROSE: &str = "The harbour council agreed on Tuesday to rebuild the northern pier before \
        the ferries return in the spring.";

    /// The pieces of `text` that are junk.
    fn junk<'a>(text: &'a str, title: Option<&str>) -> Vec<&'a str> {
        find(text, title)
            .into_iter()
            .map(|range| &text[range])
            .collect()
    }

    /// The junk in `line` when it stands between two paragraphs.
    fn junk_amid(line: &str) -> String {
        let text = format!("{PROSE}\n\n{line}\n\n{PROSE}");
        junk(&text, None).join("¶")
    }

    #[test]
    fn a_button_behind_a_paragraph_goes_alone() {
        let line = "The pier will be rebuilt by May. Nobody asked the ferry crews. Read more";
        assert_eq!(junk_amid(line), "Read more");
        assert_eq!(junk(line, None), ["Read more"]);
    }

    #[test]
    fn lines_of_junk() {
        let lines = [
            "Advertisement",
            "GETTY",
            "USA TODAY",
            "REUTERS/Jane Doe",
            "Jane Doe/AFP via Getty Images",
            "Boats in the northern harbour on May 4, 2019. (Photo: Jane Doe, AP)",
            "A ferry leaves the U.S. pier. REUTERS/Jane Doe",
            "Image copyright AFP Image caption The pier was closed for a year. It reopens in May",
            "Media playback is unsupported on your device Media caption Ferries at sea",
            "JUST WATCHED Ferries at sea Replay More Videos ... MUST WATCH Ferries at sea 01:20",
            "Sign up for our newsletter",
            "Get the harbour news delivered to your inbox. Our terms apply.",
            "See all Harbour.TV",
            "Load more",
            "[music]",
            "- Follow us on Facebook",
            "Most Popular",
            "Related",
            "Read more: Ferries return to the harbour",
            "More:Ferries return to the harbour",
            "SEE ALSO: Ferries return to the harbour",
            "COUNCIL SPLIT OVER COST OF THE NEW PIER",
            "Follow Jane Doe on Twitter: @janedoe",
            "jane.doe@example.com",
            "Read or Share this story: https://example.com/pier",
            "By Jane Doe and John Roe",
            "By Jane van Doe, Harbour Editor",
            "Jane Doe, Harbour Journal",
            "Updated at 10:05 a.m.",
            "July 4, 2016",
            "___",
            "Copyright © 2019 Harbour Journal. Click here for reprint permission.",
            "The Associated Press contributed to this report.",
            "Editor’s note: An earlier version misstated the cost of the pier.",
            "This story was updated at 8:40 p.m. with the council's reply.",
            "NOW WATCH: ‘Ferries Return to the Harbour’",
            "Go deeper: Who pays for the pier?",
            "( VIDEO: The storm that took the old pier)",
            "COUNCIL SPLIT OVER THE COST OF A NEW PIER: 'WE CANNOT PAY FOR IT ALL'",
            "Interested in Harbour News?",
            "Related Coverage Ferries return to the harbour",
            "Write to Jane Doe at jane.doe@example.com and John Roe at john.roe@example.com",
            "Reach Jane Doe on Twitter @janedoe or on Facebook.",
            "Hide Caption 3 of 12 Photos: A pier in the storm The pier on Tuesday morning.",
            "Look at those waves! pic.twitter.com/aBcDeF1234 — Jane Doe (@janedoe) June 1, 2017",
            "the pier was closed , always was .i told them so years ago .. nobody listens",
        ];
        for line in lines {
            assert_eq!(junk_amid(line), line);
        }
    }

    #[test]
    fn lines_of_the_article() {
        let lines = [
            "By Friday, ministers had agreed on nothing.",
            "By Friday Ms Doe had left the council.",
            "Follow-up talks begin on Monday.",
            "More than 200 people were on the pier.",
            "More on the budget came from the council, which met behind closed doors until nine.",
            "Sign-ups rose 20 per cent in a month.",
            "Related cases were heard in May.",
            "Reporting by the newspaper showed that the pier was never inspected after 1990.",
            "Facebook Under Fire",
            "Facebook and Twitter removed the posts, Reuters reported.",
            "“We had no choice,” she said.",
            "“No.”",
            "What happens next?",
            "A pier for the north",
            "The council said (and wrote) that the vote stood.",
            "Photos of the pier were shown to the council, which asked for more of them.",
            "Advertisement spending fell by a tenth.",
            "Close talks with the ferry companies go on.",
            "He asked how much each country contributed.",
            "With assistance from the army, the town rebuilt its pier.",
            "The error has since been corrected, the council said.",
            "She told her fans to follow her on Instagram for news.",
            "The rule does not affect those who sign up now, she said.",
            "Updated figures showed 1.2 million passengers.",
            "The ratio was 10:1 in favour.",
            "The mail came from pier@example.com, an address that the council had closed.",
            "She wrote on Twitter that @harbour had never asked her.",
            "Advertisement sales, he said, were not the point.",
            "MS DOE: No, no. That was the pier: the ferry never came.",
            "“Read the report,” she told them: “It is all in there.”",
        ];
        for line in lines {
            assert_eq!(junk_amid(line), "", "{line:?}");
        }
    }

    #[test]
    fn pieces_of_lines() {
        let cases = [
            ("{mosads}The council met again.", "{mosads}"),
            ("(CNN) The council met again.", "(CNN)"),
            (
                "The council met again. [nL2A12B34] It voted.",
                "[nL2A12B34]",
            ),
            (
                "It met again. (RELATED: Ferries return) Then it voted.",
                "(RELATED: Ferries return)",
            ),
            (
                "We did it! pic.twitter.com/aBcDeF1234 — Jane Doe (@janedoe) June 1, 2017 She won.",
                "pic.twitter.com/aBcDeF1234¶— Jane Doe (@janedoe) June 1, 2017",
            ),
            (
                "It met again. Story Continued Below It then voted.",
                "Story Continued Below",
            ),
            (
                "It met. Sign up for our newsletter. The council voted.",
                "Sign up for our newsletter.",
            ),
            (
                "The council met. • This article was amended on 2 May 2022. It met once.",
                "This article was amended on 2 May 2022. It met once.",
            ),
        ];
        for (line, expected) in cases {
            let found = junk_amid(line);
            assert_eq!(found.trim_start_matches(['•', ' ']), expected, "{line:?}");
        }
    }

    #[test]
    fn an_article_without_newlines_loses_only_pieces() {
        let text = format!(
            "(CNN) {} Read more: Ferries return. {PROSE}",
            PROSE.repeat(6)
        );
        assert_eq!(junk(&text, None), ["(CNN)", "Read more: Ferries return."]);
    }

    #[test]
    fn a_repeated_title_is_junk_but_not_a_text_of_its_own() {
        let title = Some("Council to rebuild “northern” pier");
        let text = format!("COUNCIL TO REBUILD NORTHERN PIER\n{PROSE}");
        assert_eq!(junk(&text, title), ["COUNCIL TO REBUILD NORTHERN PIER"]);
        assert!(junk("Council to rebuild northern pier", title).is_empty());
    }

    #[test]
    fn any_input_gives_ordered_ranges() {
        let parts = [
            "",
            " ",
            "\n",
            "\r\n",
            "é",
            "“",
            "’",
            "—",
            "{",
            "a}",
            "(",
            ")",
            "(@",
            "@",
            ".",
            "! ",
            ":",
            " | ",
            "/",
            "Getty",
            "By ",
            "Jane Doe",
            "JUST WATCHED ",
            "MUST WATCH ",
            "READ MORE: ",
            "2019",
            "https://t.co/",
            "pic.twitter.com/é",
            "Photo: ",
            "REUTERS/",
            "(RELATED: ",
            "Sign up for ",
            "\u{a0}",
            "This article was amended",
            "Continue reading the main story",
            "Read more:\n",
            "\u{3000}👍",
        ];
        let mut seed = 1u64;
        for _ in 0..20_000 {
            let mut text = String::new();
            for _ in 0..12 {
                seed = seed
                    .wrapping_mul(6364136223846793005)
                    .wrapping_add(1442695040888963407);
                text.push_str(parts[(seed >> 33) as usize % parts.len()]);
            }
            let mut done = 0;
            for range in find(&text, Some("Jane Doe By")) {
                assert!(range.start >= done && range.end > range.start, "{text:?}");
                assert!(!text[range.clone()].contains('\n'), "{text:?}");
                done = range.end;
            }
        }
    }
}
