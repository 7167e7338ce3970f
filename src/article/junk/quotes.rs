//! Finds what a line quotes: the words of others.

use super::MAX_LINE;
use std::ops::Range;

/// `line` with blanks for what stands between quotation marks.
pub(super) fn without_quotations(line: &str) -> String {
    let mut bare = String::with_capacity(line.len());
    let mut done = 0;
    for quoted in quotations(line) {
        bare.push_str(&line[done..quoted.start]);
        bare.extend(std::iter::repeat_n(' ', quoted.len()));
        done = quoted.end;
    }
    bare.push_str(&line[done..]);
    bare
}

/// What stands between quotation marks, in order. A quotation may have begun in an earlier
/// paragraph or go on in the next.
fn quotations(line: &str) -> Vec<Range<usize>> {
    /// Longer ones are a mark lost. Between single marks more often: they are apostrophes too.
    const LONGEST: usize = 2 * MAX_LINE;
    const LONGEST_SINGLE: usize = 300;
    let mut found: Vec<Range<usize>> = Vec::new();
    let (mut double, mut single) = (None, None);
    let mut last = ' ';
    let mut seen = false;
    for (at, c) in line.char_indices() {
        let after = at + c.len_utf8();
        let next = line[after..].chars().next().unwrap_or(' ');
        let opens = !last.is_alphanumeric() && !".,!?;:…".contains(last) && next.is_alphanumeric();
        let is_close = matches!(c, '”' | '»') || (c == '"' && !opens);
        match c {
            '“' | '«' => double = Some(after),
            '"' if opens => double = Some(after),
            _ if is_close => match double.take() {
                Some(start) => found.push(start..at),
                None if !seen && c == '”' => found = std::iter::once(0..at).collect(),
                None => {}
            },
            '‘' | '\'' if opens && double.is_none() => single = Some(after),
            '’' | '\'' if !last.is_whitespace() && !next.is_alphanumeric() && double.is_none() => {
                let quoted = single.take().map(|start| start..at);
                found.extend(quoted.filter(|quoted| quoted.len() <= LONGEST_SINGLE));
            }
            _ => {}
        }
        seen |= "“«”»\"".contains(c);
        last = c;
    }
    found.extend(double.map(|start| start..line.len()));
    found.retain(|quoted| quoted.len() <= LONGEST);
    found.sort_unstable_by_key(|quoted| quoted.start);
    found.dedup_by(|later, earlier| later.start < earlier.end);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotations_are_blanked() {
        let cases = [
            ("It said: “No.” Then", "It said: “   ” Then"),
            ("'No,' said O'Hara's men", "'   ' said O'Hara's men"),
            ("and so it ends.” He left", "               ” He left"),
            ("“It goes on. And on", "“                  "),
            (r#"A "fair" deal"#, r#"A "    " deal"#),
            ("the ’90s", "the ’90s"),
        ];
        for (line, bare) in cases {
            assert_eq!(without_quotations(line), bare);
        }
    }
}
