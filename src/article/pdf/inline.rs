//! Pictures within a content stream.

/// A picture's dictionary is at most so long.
const MAX_HEAD: usize = 512;
/// So many bytes after a picture show that it has ended: they are text.
const AFTER: usize = 24;

/// Blanks the pictures out. They show no letters, and where their data end is
/// a guess that takes a parser long when a document is made to mislead it.
pub fn blank_pictures(content: &mut [u8]) {
    let mut from = 0;
    while let Some(start) = token(content, b"BI", from) {
        from = start + 2;
        let after = content[from..].trim_ascii_start();
        if !after.starts_with(b"/") && !after.starts_with(b"ID") {
            continue;
        }
        let head = content.len().min(from + MAX_HEAD);
        let end = token(&content[..head], b"ID", from).and_then(|data| end(content, data + 2));
        // A picture without an end takes the rest of the content with it.
        let end = end.unwrap_or(content.len());
        content[start..end].fill(b' ');
        from = end;
    }
}

/// Where the operator that ends a picture ends.
fn end(content: &[u8], data: usize) -> Option<usize> {
    let mut from = data;
    loop {
        let end = token(content, b"EI", from)? + 2;
        let after = &content[end..content.len().min(end + AFTER)];
        if after
            .iter()
            .all(|b| b.is_ascii_graphic() || b.is_ascii_whitespace())
        {
            return Some(end);
        }
        from = end;
    }
}

/// Finds an operator that stands on its own.
fn token(content: &[u8], name: &[u8; 2], from: usize) -> Option<usize> {
    let regular = |b: &u8| !b.is_ascii_whitespace() && !b"()<>[]{}/%\0".contains(b);
    let rest = content.get(from..)?;
    let found = rest.windows(2).enumerate().find(|(n, pair)| {
        let at = from + n;
        *pair == name
            && (at == 0 || !regular(&content[at - 1]))
            && content.get(at + 2).is_none_or(|b| !regular(b))
    });
    found.map(|(n, _)| from + n)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blanked(content: &[u8]) -> String {
        let mut content = content.to_vec();
        blank_pictures(&mut content);
        let text = String::from_utf8_lossy(&content);
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn pictures_go_and_text_stays() {
        assert_eq!(
            blanked(b"q BI /W 8 /H 1 ID \xff EI \xfe\nEI Q (a) Tj"),
            "q Q (a) Tj"
        );
        assert_eq!(blanked(b"(BI said) Tj (EI) Tj"), "(BI said) Tj (EI) Tj");
        assert_eq!(blanked(b"(a) Tj BI /W 1 ID xx"), "(a) Tj");
        assert_eq!(blanked(b"(a) Tj BI"), "(a) Tj BI");
    }
}
