//! What short lines are by their place: at the top, at the end, below "Read more:".

use super::{
    Kind, Line, MAX_LINE,
    pitch::{is_reported, names_reader, speaks_to_reader},
    quotes::without_quotations,
    words::{any_of, ends_sentence, is_capitalised, is_names},
};

/// Settles the short lines: at the top, at the end, and below "Read more:".
pub(super) fn judge(text: &str, titled: bool, lines: &mut [Line]) {
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
        if at + 4 >= lines.len() && at > first && line.len() <= MAX_LINE {
            let above = &lines[at - 1];
            let below_biography = above.is_junk() && is_biography(&text[above.range.clone()]);
            if is_biography(line) || is_closing(line) || (below_biography && is_sequel(line)) {
                lines[at].kind = Kind::Junk;
            }
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
        && (dateline || any_of(ROLES, |role| role.eq_ignore_ascii_case(last)))
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

/// What stands below an article: "This column first ran in …".
fn is_closing(line: &str) -> bool {
    const OPENINGS: &str = "Contact |E-mail |Email |Follow |Opinions |Read |Listen |Sign |\
        Subscribe |The opinions |The views |This article |This column |This essay |This op-ed |\
        This piece |Tips|Views |Watch ";
    const MARKS: &str = "adapted|appear|author|column|do not|featured|her own|his own|includes|\
        necessarily|originally|published|ran in|solely|their own";
    // "Contact between the two sides has been broken off." is article.
    let is_pitch = || {
        let bare = without_quotations(line);
        // Articles tell of domains and of e-mail, not to whom the reader may write.
        let to_write = any_of("Contact |E-mail |Email ", |open| line.starts_with(open));
        let pitched = if to_write {
            names_reader(&bare) || bare.contains('@')
        } else {
            speaks_to_reader(&bare) || any_of(MARKS, |mark| bare.contains(mark))
        };
        !ends_sentence(line) || (pitched && !is_reported(&bare))
    };
    line.len() <= 300 && any_of(OPENINGS, |open| line.starts_with(open)) && is_pitch()
}

/// What follows a biography: "Her latest book is …".
fn is_sequel(line: &str) -> bool {
    const WHO: &str = "He|Her|His|She|Their|They";
    const WHAT: &str = "book|books|co-founded|co-hosts|currently|has|holds|hosts|is|latest|lives|\
        most|new|newest|previously|served|teaches|tweets|work|writes";
    let mut words = line.split(' ');
    let (who, what) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
    line.len() <= 300 && any_of(WHO, |word| word == who) && any_of(WHAT, |word| word == what)
}

/// "Jane Doe is the author of …"
fn is_biography(line: &str) -> bool {
    const WORK: &str = "anchor|author|co-founder|columnist|commentator|contributor|correspondent|\
        director|editor|fellow|founder|freelance|host|journalist|lecturer|novelist|producer|\
        professor|reporter|scholar|strategist|writer";
    let line = line.trim_start_matches(|c: char| !c.is_alphanumeric());
    let Some((who, what)) = line.split_once(" is ") else {
        return false;
    };
    let mut what = what
        .split(|c: char| !c.is_alphanumeric() && c != '-')
        .filter(|w| !w.is_empty())
        .take(9);
    // Papers that say "Mr Doe" say so of those they write about.
    !any_of("The |Mr |Mrs |Ms |Sir |Dame |Lord |Lady ", |title| {
        who.starts_with(title)
    }) && is_names(who.split(',').next().unwrap_or(""))
        && what.any(|word| any_of(WORK, |work| work == word))
}

/// A link to another story in capitals, "MINISTER QUITS OVER NEW BUDGET ROW", or "OPINION:".
fn is_shouted(line: &str) -> bool {
    const QUOTES: [char; 6] = ['"', '“', '”', '‘', '’', '\''];
    let words = line.split_whitespace().count();
    // "NO MORE LIES!" may be a heading or a banner.
    let plain = !line.ends_with(['!', '?']) && !line.ends_with(QUOTES);
    line.contains(char::is_uppercase)
        && !line.contains(char::is_lowercase)
        && !line.ends_with(['.', ','])
        && ((plain && words >= 4 && line.len() >= 25)
            || (words >= 6 && line.len() >= 40 && !line.starts_with(QUOTES))
            || (words <= 3 && line.ends_with(':')))
}

#[cfg(test)]
mod tests {
    use crate::article::junk::find;

    const PROSE: &str = "The harbour council agreed on Tuesday to rebuild the northern pier before \
        the ferries return in the spring.";

    /// The pieces of `text` that are junk.
    fn junk<'a>(text: &'a str, title: Option<&str>) -> Vec<&'a str> {
        find(text, title)
            .into_iter()
            .map(|range| &text[range])
            .collect()
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
    fn a_text_in_capitals_is_no_list_of_links() {
        let text = format!("{PROSE}\nTHE MAYOR SAID ON MONDAY\n{PROSE}").to_uppercase();
        assert!(junk(&text, None).is_empty());
    }

    #[test]
    fn the_author_is_told_of_at_the_end_only() {
        let about = "Jane Doe is an associate professor of harbour law at Northern University.";
        let more = "Her latest book is “The Long Pier”.";
        let text = format!("{PROSE}\n{PROSE}\n{about}\n{more}");
        assert_eq!(junk(&text, None), [about, more]);
        let text = format!("{PROSE}\n{about}\n{more}\n{PROSE}\n{PROSE}\n{PROSE}");
        assert!(junk(&text, None).is_empty());
        let text = format!("{PROSE}\n{PROSE}\nHer latest plan is a pier in the north.");
        assert!(junk(&text, None).is_empty());
    }
}
