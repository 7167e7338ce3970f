//! Readers' comments, known by careless typing.

/// Whether `line` is typed as no editor lets pass: with " ." and " ,", " .then", ".." and "….",
/// "i" for "I".
pub(super) fn is_comment(line: &str) -> bool {
    let bytes = line.as_bytes();
    let (mut spaced, mut glued, mut doubled) = (0, 0, 0);
    for (at, byte) in bytes.iter().enumerate().skip(2) {
        if !matches!(byte, b'.' | b',') {
            continue;
        }
        let before = bytes[at - 1];
        let after = bytes.get(at + 1).copied().unwrap_or(b' ');
        let below_word = bytes[at - 2].is_ascii_lowercase();
        if before == b' ' && below_word && after.is_ascii_lowercase() {
            glued += 1;
        } else if before == b' ' && below_word && after == b' ' {
            // "so . . . it goes" is an editor's.
            spaced += usize::from(bytes.get(at + 2) != Some(&b'.'));
        } else if *byte == b'.' && before == b'.' && (below_word || bytes[at - 2] == b' ') {
            doubled += usize::from(after != b'.');
        } else if line[..at].ends_with('…') {
            // "and so on…. Then" is an editor's too.
            doubled += usize::from(!bytes.get(at + 2).is_some_and(u8::is_ascii_uppercase));
        }
    }
    if spaced + doubled == 0 {
        return false;
    }
    let ways = [spaced, glued, doubled, line.matches(" i ").count()];
    let count: usize = ways.iter().sum();
    // Links leave a space before a comma in articles too, and ".com" and ".net" may stand in any:
    // only dots in pairs tell enough alone.
    let several = doubled >= 3 || ways.iter().filter(|way| **way > 0).count() >= 2;
    several && count >= 3 && count * 200 >= line.len()
}

/// Whether a program, not a careless hand, put the spaces: nearly all sentences of `text` end
/// with " .", as texts that were split into tokens do.
pub(super) fn is_tokenised(text: &str) -> bool {
    let ends = text.match_indices('.').filter(|(at, _)| {
        let after = text[at + 1..].chars().next();
        after.is_none_or(char::is_whitespace)
    });
    let (mut spaced, mut all) = (0, 0);
    for (at, _) in ends {
        all += 1;
        spaced += usize::from(text[..at].ends_with(' '));
    }
    all >= 2 && spaced * 10 >= all * 8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_tokens_is_no_comment() {
        let tokens = "The ferry sank on monday , the owner said . ' i think it was the wind , ' he \
                      added . Nobody was hurt , the harbour master told reporters .";
        assert!(is_comment(tokens) && is_tokenised(tokens));
        let comment = "Who cares about ferries .. i never take one , they are late . so there.";
        let article = format!("The ferry sank. Nobody was hurt. The council met.\n{comment}");
        assert!(is_comment(comment) && !is_tokenised(&article));
        assert!(!is_tokenised("It rained .") && !is_tokenised(""));
    }

    #[test]
    fn careless_typing_is_a_comment() {
        for comment in [
            "well i said so years ago .and nobody listened ,not one of them .. shame on the lot",
            "and who paid for it ..we did ..and for the ferry too ..every year",
            "the pier is a joke .. always was …. ask anyone who pays for it , as i do",
        ] {
            assert!(is_comment(comment), "{comment:?}");
        }
    }

    #[test]
    fn an_editor_has_habits_too() {
        for line in [
            "The mayor , Jane Doe , said that the pier , which was closed , would reopen .",
            "“I never . . . said that . . . or anything like it . . . in my life,” the mayor said.",
            "The .com boom, the .net framework and the i in the word were topics of the evening.",
            "Wait... there is more... and more...",
            "It was the pier…. Then it was the quay…. Now it is the ferries….",
        ] {
            assert!(!is_comment(line), "{line:?}");
        }
    }
}
