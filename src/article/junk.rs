//! Finds what is not article in the plain text of a news article: image credits, bylines,
//! newsletter pitches, related links, the chrome of embedded tweets and the like.
//!
//! Every line is judged by its own words first, then by where it stands: a bare name is a byline
//! at the top and a heading in the middle. Lines that stay are searched for pieces glued to them.

mod credits;
mod phrases;
mod pieces;
mod words;

use std::ops::Range;
use words::{ends_sentence, is_capitalised, is_names, judge};

/// Returns the byte ranges of `text` that are page junk, in order and without overlap.
///
/// A range is a whole line, without its newline and outer white space, or a piece of one, such as
/// `{mosads}` before a sentence. A line that repeats `title` is junk too.
pub fn find(text: &str, title: Option<&str>) -> Vec<Range<usize>> {
    let title: Vec<char> = letters(title.unwrap_or("")).collect();
    let mut lower = String::new();
    let mut lines: Vec<Line> = split(text)
        .map(|range| Line {
            kind: Kind::Short,
            range,
        })
        .collect();
    let several = lines.len() > 1;
    for (at, line) in lines.iter_mut().enumerate() {
        let words = &text[line.range.clone()];
        let repeats = title.len() > 8 && several && letters(words).eq(title.iter().copied());
        line.kind = if repeats {
            Kind::Junk
        } else {
            judge(words, &mut lower, at == 0)
        };
    }
    judge_places(text, !title.is_empty(), &mut lines);

    let mut found = Vec::new();
    for line in lines {
        match line.kind {
            Kind::Junk | Kind::LinksFollow => found.push(line.range),
            Kind::Prose | Kind::Short => pieces::add(text, line.range, &mut lower, &mut found),
        }
    }
    found
}

/// Longest line in bytes that is judged as a whole. Longer ones are paragraphs, or articles
/// without newlines.
const MAX_LINE: usize = 500;

struct Line {
    range: Range<usize>,
    kind: Kind,
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

/// The letters and digits of `s` in lower case: what two spellings of a title share.
fn letters(s: &str) -> impl Iterator<Item = char> {
    s.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
}

/// Settles the short lines: at the top, at the end, and below "Read more:".
fn judge_places(text: &str, titled: bool, lines: &mut [Line]) {
    // Lines of hard-wrapped text look like headings. One that runs on in lower case is prose.
    for at in 1..lines.len() {
        let between = &text[lines[at - 1].range.end..lines[at].range.start];
        let adjacent = between.matches('\n').count() < 2;
        if adjacent && text[lines[at].range.clone()].starts_with(char::is_lowercase) {
            for line in &mut lines[at - 1..=at] {
                if line.kind == Kind::Short {
                    line.kind = Kind::Prose;
                }
            }
        }
    }
    let is_prose = |line: &Line| line.kind == Kind::Prose;
    let (Some(first), Some(last)) = (
        lines.iter().position(is_prose),
        lines.iter().rposition(is_prose),
    ) else {
        return;
    };
    let capitals = text.bytes().filter(u8::is_ascii_uppercase).count();
    let all_capitals = capitals > text.bytes().filter(u8::is_ascii_lowercase).count();
    let top = first.min(6);
    // Longer runs of short lines at the end are lists or quotations of the article.
    let end = if lines.len() - last <= 6 {
        last + 1
    } else {
        lines.len()
    };

    let mut links = 0;
    for at in 0..lines.len() {
        let line = &text[lines[at].range.clone()];
        let open = !ends_sentence(line);
        match lines[at].kind {
            Kind::LinksFollow => links = 6,
            Kind::Prose => links = 0,
            Kind::Short => {
                let is_link = links > 0 && !line.ends_with('.');
                links -= i32::from(is_link);
                let above = at < top && (is_role(line) || (titled && open && is_capitalised(line)));
                let below = at >= end && (is_trailer(line) || is_note(line));
                if is_link || above || below || (!all_capitals && is_shouted(line)) {
                    lines[at].kind = Kind::Junk;
                }
            }
            Kind::Junk => {}
        }
        if at + 3 >= lines.len() && at > first && line.len() <= MAX_LINE && is_biography(line) {
            lines[at].kind = Kind::Junk;
        }
    }
    // Without a title the first lines may be one, so a name needs another byline's company.
    for at in (0..top).rev() {
        let near = lines[at + 1].kind == Kind::Junk || (at > 0 && lines[at - 1].kind == Kind::Junk);
        if near && lines[at].kind == Kind::Short && is_names(&text[lines[at].range.clone()]) {
            lines[at].kind = Kind::Junk;
        }
    }
}

/// "Northern Bureau", "Opinion columnist", "WASHINGTON": what stands around a byline.
fn is_role(line: &str) -> bool {
    const ROLES: &str = "bureau|columnist|contributor|correspondent|editor|reporter|staff|writer";
    let last = line.rsplit(' ').next().unwrap_or("");
    let dateline = !line.contains(char::is_lowercase) && line.split(' ').count() < 3;
    line.len() <= 60
        && !ends_sentence(line)
        && (dateline || words::any_of(ROLES, |role| role.eq_ignore_ascii_case(last)))
}

/// A link or label below the article. Figures and what follows a colon may be its last list.
fn is_trailer(line: &str) -> bool {
    line.len() <= 100
        && !ends_sentence(line)
        && !line.contains(|c: char| c.is_ascii_digit() || c == ':')
}

/// "Roe reported from Oslo.", "Jane Doe contributed.", "Update, May 24: …"
fn is_note(line: &str) -> bool {
    let by = |mark: &str| {
        line.split_once(mark)
            .is_some_and(|(who, _)| is_capitalised(who))
    };
    line.len() <= 120
        && (line.starts_with("Update,")
            || line.starts_with("Update:")
            || by(" reported from ")
            || by(" contributed"))
}

/// "Jane Doe is the author of …"
fn is_biography(line: &str) -> bool {
    const WORK: &str = "author|columnist|contributor|correspondent|editor|fellow|journalist|\
        professor|reporter|writer";
    let line = line.trim_start_matches(|c: char| !c.is_alphanumeric());
    let Some((who, what)) = line.split_once(" is ") else {
        return false;
    };
    let mut what = what
        .split(|c: char| !c.is_alphanumeric())
        .filter(|w| !w.is_empty())
        .take(6);
    !who.starts_with("The ")
        && is_names(who.split(',').next().unwrap_or(""))
        && what.any(|word| words::any_of(WORK, |work| work == word))
}

/// A link to another story in capitals, "MINISTER QUITS OVER NEW BUDGET ROW", or "OPINION:".
fn is_shouted(line: &str) -> bool {
    let words = line.split_whitespace().count();
    line.contains(char::is_uppercase)
        && !line.contains(char::is_lowercase)
        && !line.ends_with(['.', '!', '?', ',', '"', '”', '’', '\''])
        && ((words >= 4 && line.len() >= 25) || (words <= 3 && line.ends_with(':')))
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
    fn place_decides_on_short_lines() {
        let text =
            format!("New pier\nJane Doe\nUSA TODAY\n{PROSE}\nJane Doe\n{PROSE}\nElections\n");
        assert_eq!(junk(&text, None), ["Jane Doe", "USA TODAY", "Elections"]);
        for last in [
            "No injuries were reported from the pier.",
            "The United Harbours is the largest contributor.",
        ] {
            assert!(junk(&format!("{PROSE}\n{last}"), None).is_empty());
        }
        // A list at the end stays.
        let list = "\nApples\nPears\nPlums\nFigs\nDates\nNuts\nRice";
        assert!(junk(&format!("{PROSE}{list}"), None).is_empty());
    }

    #[test]
    fn links_follow_their_heading_up_to_the_next_paragraph() {
        let text =
            format!("{PROSE}\nRead more:\nFerries return\nWho pays?\n{PROSE}\nA heading\n{PROSE}");
        assert_eq!(
            junk(&text, None),
            ["Read more:", "Ferries return", "Who pays?"]
        );
    }

    #[test]
    fn hard_wrapped_lines_are_no_headings() {
        let text = format!("{PROSE}\n\nThe mayor said the pier\nwould be ready by\nthe summer");
        assert!(junk(&text, None).is_empty());
    }

    #[test]
    fn a_repeated_title_is_junk_but_not_a_text_of_its_own() {
        let title = Some("Council to rebuild “northern” pier");
        let text = format!("COUNCIL TO REBUILD NORTHERN PIER\n{PROSE}");
        assert_eq!(junk(&text, title), ["COUNCIL TO REBUILD NORTHERN PIER"]);
        assert!(junk("Council to rebuild northern pier", title).is_empty());
    }

    #[test]
    fn a_text_in_capitals_is_no_list_of_links() {
        let text = format!("{PROSE}\nTHE MAYOR SAID ON MONDAY\n{PROSE}").to_uppercase();
        assert!(junk(&text, None).is_empty());
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
            "\u{3000}",
            "👍",
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
