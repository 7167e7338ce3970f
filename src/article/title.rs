//! The title, when it is the first line of the text.

use std::ops::Range;

use super::junk;

/// Longest line, in characters, that is taken for a title.
const MAX_CHARS: usize = 220;
/// A title is followed by more text than this, in bytes.
const MIN_BODY: usize = 80;

/// Finds the title: a first line that is short, does not end like a sentence
/// of running text and is followed by an article. Gives its bytes in `text`.
pub fn find(text: &str) -> Option<Range<usize>> {
    let line = first_line(text)?;
    let title = &text[line.clone()];
    let body = text[line.end..].trim();
    let words = title.split_whitespace().count();
    // A first line of a hard-wrapped paragraph goes on in lower case.
    let next = body.chars().next()?;
    let blank_line_follows = text[line.end..]
        .trim_start_matches([' ', '\t', '\r'])
        .strip_prefix('\n')
        .is_some_and(|rest| rest.trim_start_matches([' ', '\t', '\r']).starts_with('\n'));
    let fits = title.chars().count() <= MAX_CHARS
        && (1..=35).contains(&words)
        && title.chars().any(char::is_alphabetic)
        && body.len() >= MIN_BODY
        && (blank_line_follows || !next.is_lowercase());
    // "U.S." may end a title, a full stop after a word does not.
    let abbreviation = blank_line_follows
        && !title.ends_with(".m.")
        && title
            .rsplit(char::is_whitespace)
            .next()
            .is_some_and(|word| word.trim_end_matches('.').contains('.'));
    let open = !title.ends_with(['.', ',', ';', ':']) || abbreviation;
    (fits && open && !is_junk(title)).then_some(line)
}

/// Whether a line alone is a byline, a credit or the like. Headlines wholly in
/// capitals look like links to the junk rules and are spared.
fn is_junk(line: &str) -> bool {
    let capitals = !line.chars().any(char::is_lowercase);
    !capitals && junk::find(line, None).iter().any(|j| j.len() == line.len())
}

/// Finds a title that is known from elsewhere in the text's first line, so
/// that it is not taken for the first sentence.
pub fn repeated(text: &str, title: &str) -> Option<Range<usize>> {
    let line = first_line(text)?;
    letters(&text[line.clone()])
        .eq(letters(title))
        .then_some(line)
}

/// Letters and digits in lower case: what two spellings of a title or a name share.
pub(super) fn letters(text: &str) -> impl Iterator<Item = char> {
    let letters = text.chars().filter(|c| c.is_alphanumeric());
    letters.flat_map(char::to_lowercase)
}

fn first_line(text: &str) -> Option<Range<usize>> {
    let start = text.find(|c: char| !c.is_whitespace())?;
    let end = text[start..]
        .find(['\n', '\r'])
        .map_or(text.len(), |n| start + n);
    Some(start..start + text[start..end].trim_end().len())
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = "The harbour authority said on Monday that two of its cranes had been \
                        idle since the spring and would be sold.";

    fn title(text: &str) -> Option<&str> {
        find(text).map(|span| &text[span])
    }

    #[test]
    fn a_headline_above_the_text_is_the_title() {
        let text = format!("\n  Harbour to sell idle cranes  \n\n{BODY}");
        assert_eq!(title(&text), Some("Harbour to sell idle cranes"));
        let text = format!("Will the cranes go?\n{BODY}");
        assert_eq!(title(&text), Some("Will the cranes go?"));
        let text = format!("Cranes sold to the U.S.\n\n{BODY}");
        assert_eq!(title(&text), Some("Cranes sold to the U.S."));
    }

    #[test]
    fn a_headline_in_capitals_is_a_title() {
        let text = format!("HARBOUR TO SELL ITS IDLE CRANES\n\n{BODY}");
        assert_eq!(title(&text), Some("HARBOUR TO SELL ITS IDLE CRANES"));
    }

    #[test]
    fn running_text_has_no_title() {
        assert_eq!(title(BODY), None);
        assert_eq!(title(&format!("The cranes were sold.\n\n{BODY}")), None);
        let lead = "Bids for the cranes close tonight at 10 p.m.";
        assert_eq!(title(&format!("{lead}\n\n{BODY}")), None);
        assert_eq!(title("Cranes\n"), None);
        assert_eq!(
            title(&format!("By Ann Field, Harbour Reporter\n\n{BODY}")),
            None
        );
        let wrapped = "The harbour authority said on Monday that two of its\ncranes had been idle \
                       since the spring and would be sold to a yard in Gdansk.";
        assert_eq!(title(wrapped), None);
    }

    #[test]
    fn a_known_title_is_found_again_whatever_its_marks() {
        let text = format!("HARBOUR TO SELL ‘IDLE’ CRANES\n\n{BODY}");
        assert!(repeated(&text, "Harbour to sell 'idle' cranes").is_some());
        assert!(repeated(&text, "Something else").is_none());
    }
}
