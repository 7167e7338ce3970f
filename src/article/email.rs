//! E-mails: press releases, newsletters, saved pages (.mht).

use encoding_rs::{Encoding, UTF_8};
use mail_parser::{HeaderName, Message, MessageParser, MessagePart, PartType};

use super::{Article, Meta, decode, html, meta};

/// A plain part with fewer letters than this only says that there is HTML.
const MIN_LETTERS: usize = 200;
/// The type of a message within a message.
const NESTED: &[u8] = b"message/rfc822";
/// Most messages within messages.
const MAX_NESTED: usize = 1_000;
/// Most lines of a signature.
const MAX_SIGNATURE: usize = 12;

/// The articles of an e-mail, or of all e-mails of a mailbox.
///
/// # Errors
/// When e-mails are nested in e-mails deeper than anybody forwards them.
pub fn read(bytes: &[u8]) -> Result<Vec<Article>, String> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let bytes = bytes.trim_ascii_start();
    // The parser drops nested messages recursively.
    let nested = bytes.windows(NESTED.len());
    let nested = nested.filter(|w| w.eq_ignore_ascii_case(NESTED)).count();
    if nested > MAX_NESTED {
        return Err(format!(
            "holds more than {MAX_NESTED} messages within messages"
        ));
    }
    Ok(messages(bytes).iter().map(|mail| article(mail)).collect())
}

/// The messages of a mailbox; an e-mail is one of its own.
fn messages(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut messages = vec![Vec::new()];
    let mut after_blank = true;
    for line in bytes.split_inclusive(|b| *b == b'\n') {
        if after_blank && is_separator(line) {
            messages.push(Vec::new());
        } else if let Some(message) = messages.last_mut() {
            // Lines that look like separators are quoted in a mailbox.
            let quoted = bytes.starts_with(b"From ") && line.starts_with(b">From ");
            message.extend_from_slice(&line[usize::from(quoted)..]);
        }
        after_blank = line.trim_ascii().is_empty();
    }
    messages.retain(|message| !message.trim_ascii().is_empty());
    messages
}

/// Whether a line parts two messages: "From ann@ferry.example Mon May  6 09:30:00 2024".
fn is_separator(line: &[u8]) -> bool {
    let Ok(line) = std::str::from_utf8(line) else {
        return false;
    };
    let mut words = line.split_whitespace();
    let is_year = |word: &str| word.len() == 4 && word.bytes().all(|b| b.is_ascii_digit());
    line.starts_with("From ") && line.contains(':') && words.any(is_year) && line.len() < 200
}

fn article(bytes: &[u8]) -> Article {
    let mut guessed = None;
    let utf8;
    let mut bytes = bytes;
    // Bytes that are not in the encoding that all parts declare, or in none.
    if std::str::from_utf8(bytes).is_err()
        && !declares_encoding(bytes)
        && let Ok(decoded) = decode::decode(bytes)
    {
        guessed = decoded.warning;
        utf8 = decoded.text;
        bytes = utf8.as_bytes();
    }
    let Some(message) = MessageParser::default().parse(bytes) else {
        let mut article = Article::new(None, String::from_utf8_lossy(bytes).into_owned());
        let warning = "the header of the message cannot be read; all of it is taken for text";
        article.warnings.push(warning.to_owned());
        return article;
    };
    let saved_page = message
        .header("Snapshot-Content-Location")
        .and_then(|_| message.html_bodies().find_map(page));
    let mut article = match saved_page {
        Some(page) => html::read(page),
        None => Article::new(title(&message), text(&message)),
    };
    article.warnings.extend(guessed);
    article.id = message.message_id().map(str::to_owned);
    fill(&mut article.meta, &message);
    let attached = message
        .attachments()
        .filter(|part| !matches!(part.body, PartType::InlineBinary(_)))
        .filter(|part| saved_page.is_none() || part.is_message())
        .count();
    if attached > 0 {
        let s = if attached == 1 { "" } else { "s" };
        let warning = format!("{attached} attachment{s} not read");
        article.warnings.push(warning);
    }
    article
}

/// Whether a part of an e-mail declares an encoding that its bytes may be in:
/// a known one other than UTF-8.
fn declares_encoding(bytes: &[u8]) -> bool {
    const CHARSET: &[u8] = b"charset=";
    let is_useful = |rest: &[u8]| {
        let start = rest.iter().position(|b| !b"\" '\t".contains(b));
        let label = &rest[start.unwrap_or(rest.len())..];
        let end = label.iter().position(|b| b"\"' \t\r\n;".contains(b));
        let label = &label[..end.unwrap_or(label.len())];
        let encoding = Encoding::for_label(label);
        encoding.is_some_and(|e| e != UTF_8) && !label.eq_ignore_ascii_case(b"us-ascii")
    };
    bytes
        .windows(CHARSET.len())
        .enumerate()
        .filter(|(_, w)| w.eq_ignore_ascii_case(CHARSET))
        .any(|(at, _)| is_useful(&bytes[at + CHARSET.len()..]))
}

fn page<'a>(part: &'a MessagePart) -> Option<&'a str> {
    match &part.body {
        PartType::Html(page) => Some(page),
        _ => None,
    }
}

/// The text of a message: its plain form, unless that says next to nothing
/// and the HTML form more.
fn text(message: &Message) -> String {
    let plain = joined(message.text_bodies());
    let letters = |text: &str| text.chars().filter(|c| c.is_alphabetic()).count();
    if letters(&plain) >= MIN_LETTERS {
        return plain;
    }
    let html = joined(message.html_bodies());
    if letters(&html) > letters(&plain) {
        html
    } else {
        plain
    }
}

/// The parts of a body, plain or HTML, in a row.
fn joined<'a>(parts: impl Iterator<Item = &'a MessagePart<'a>>) -> String {
    let texts: Vec<String> = parts
        .filter_map(|part| match &part.body {
            PartType::Text(text) => Some(unquoted(without_signature(text))),
            PartType::Html(page) => Some(html::text_of(page)),
            _ => None,
        })
        .collect();
    texts.join("\n\n")
}

/// The subject without the marks of answers and forwards.
fn title(message: &Message) -> Option<String> {
    let mut subject = message.subject()?.trim();
    while let Some((mark, rest)) = subject.split_once(':') {
        let mark = mark.trim().to_ascii_lowercase();
        if !matches!(mark.as_str(), "re" | "fw" | "fwd" | "aw" | "wg" | "tr") {
            break;
        }
        subject = rest.trim_start();
    }
    Some(subject.to_owned())
}

/// Adds what the header says to what a saved page says of itself.
fn fill(found: &mut Meta, message: &Message) {
    let sender = message.from().and_then(|from| from.first());
    let sender = sender.and_then(|s| s.name.as_deref().or(s.address.as_deref()));
    // Browsers put a name of their own into the pages that they save.
    let saved = message.header("Snapshot-Content-Location");
    if saved.is_none() {
        found.author = found.author.take().or_else(|| sender.map(str::to_owned));
    }
    let date = message.date().filter(|d| d.is_valid());
    found.date = found.date.take().or_else(|| date.map(|d| d.to_rfc3339()));
    let place = saved.and_then(|place| place.as_text());
    found.url = found.url.take().or_else(|| place.map(str::to_owned));
    let language = message.header(HeaderName::ContentLanguage);
    let language = language.and_then(|value| meta::language(value.as_text()?));
    found.language = found.language.take().or(language);
}

/// A text without the marks of quotation and the headers of what it forwards.
fn unquoted(text: &str) -> String {
    let mut lines: Vec<&str> = Vec::new();
    let mut in_header = false;
    for line in text.lines() {
        let line = line.trim_start_matches(['>', ' ']);
        let forwards = line.starts_with("-----") && line.contains(" message");
        let forwards = forwards || line.starts_with("-----Original Message");
        in_header = forwards || (in_header && !line.trim().is_empty());
        if !in_header {
            lines.push(line);
        }
    }
    lines.join("\n")
}

/// A text up to the line of two dashes that opens a signature.
fn without_signature(text: &str) -> &str {
    let at = text.match_indices("\n--").map(|(at, _)| at).find(|at| {
        text[at + 3..]
            .split('\n')
            .next()
            .unwrap_or("")
            .trim()
            .is_empty()
    });
    match at {
        Some(at) if text[at + 1..].lines().count() <= MAX_SIGNATURE => &text[..at],
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = "The ferry company said on Monday that the crossing to the island would \
        open again on the first of June, after seven months in dock. Captain Ruth Okoro, who has \
        sailed the route since 1998, will take the first boat out at dawn.";

    fn one(mail: &str) -> Article {
        let mut articles = read(mail.replace('\n', "\r\n").as_bytes()).unwrap();
        assert_eq!(articles.len(), 1);
        articles.remove(0)
    }

    #[test]
    fn a_press_release_has_title_author_and_date() {
        let article = one(&format!(
            "From: =?utf-8?q?Zo=C3=AB_Field?= <press@ferry.example>\nTo: desk@paper.example\n\
             Subject: FW: Re: Island ferry\n  sails again\nDate: Mon, 6 May 2024 09:30:00 +0200\n\
             Message-ID: <1@ferry.example>\nContent-Type: text/plain; charset=iso-8859-1\n\
             Content-Transfer-Encoding: quoted-printable\n\n{BODY} Fares stay at =A35.\n\n-- \n\
             Press Office\n"
        ));
        assert_eq!(article.title.as_deref(), Some("Island ferry sails again"));
        assert!(article.text.contains("Fares stay at £5."));
        assert!(!article.text.contains("Press Office"));
        assert_eq!(article.meta.author.as_deref(), Some("Zoë Field"));
        assert_eq!(
            article.meta.date.as_deref(),
            Some("2024-05-06T09:30:00+02:00")
        );
        assert_eq!(article.id.as_deref(), Some("1@ferry.example"));
    }

    #[test]
    fn html_is_read_when_the_plain_part_says_nothing() {
        let article = one(&format!(
            "From: a@b.example\nTo: c@d.example\nSubject: Ferry\nMIME-Version: 1.0\n\
             Content-Type: multipart/mixed; boundary=m\n\n--m\n\
             Content-Type: multipart/alternative; boundary=x\n\n\
             --x\nContent-Type: text/plain\n\nYour mail program cannot show this message.\n\
             --x\nContent-Type: text/html; charset=utf-8\n\n<html><head><style>p {{}}</style></head>\
             <body><p>{BODY}</p><p>Tickets&nbsp;go on sale in May.</p></body></html>\n--x--\n\
             --m\nContent-Type: application/pdf; name=plan.pdf\n\
             Content-Disposition: attachment; filename=plan.pdf\n\
             Content-Transfer-Encoding: base64\n\nJVBERi0xLjcK\n--m--\n"
        ));
        assert!(article.text.starts_with("The ferry company said"));
        assert!(article.text.contains("at dawn.\n"));
        assert!(article.text.contains("on sale in May."));
        assert!(!article.text.contains("cannot show"));
        assert_eq!(article.warnings, ["1 attachment not read"]);
    }

    #[test]
    fn parts_in_a_row_are_read_once_each_and_none_is_lost() {
        let part = |kind: &str, text: &str| format!("--m\nContent-Type: text/{kind}\n\n{text}\n");
        let mail = |parts: &str| {
            one(&format!(
                "From: a@b.example\nTo: c@d.example\nSubject: Ferry\nMIME-Version: 1.0\n\
                 Content-Type: multipart/mixed; boundary=m\n\n{parts}--m--\n"
            ))
            .text
        };
        let footer = "This message is confidential. ".repeat(9);
        let text = mail(&(part("html", &format!("<p>{BODY}</p>")) + &part("plain", &footer)));
        assert!(text.starts_with(BODY) && text.contains("confidential"));
        let text = mail(&(part("plain", BODY) + &part("plain", "And so on.")));
        assert_eq!(text.matches("The ferry company").count(), 1);
        assert!(text.ends_with("And so on."));
        let text = mail(&(part("plain", "Short.") + &part("html", "<img src=x>")));
        assert_eq!(text.trim(), "Short.");
    }

    #[test]
    fn a_mailbox_gives_an_article_a_message() {
        let message = |number: u32| {
            format!(
                "From a@b.example Mon May  6 09:30:00 2024\nFrom: a@b.example\nTo: c@d.example\n\
                 Subject: Ferry {number}\n\n{BODY}\n>From dawn to dusk.\n\n"
            )
        };
        let boxed = format!("\u{feff}\n{}{}", message(1), message(2));
        let articles = read(boxed.as_bytes()).unwrap();
        let titles: Vec<_> = articles.iter().map(|a| a.title.as_deref()).collect();
        assert_eq!(titles, [Some("Ferry 1"), Some("Ferry 2")]);
        assert!(articles[0].text.contains("\nFrom dawn to dusk."));
        let prose = message(1).replace(">From dawn", "\nFrom now on");
        let articles = read(prose.as_bytes()).unwrap();
        assert_eq!(articles.len(), 1);
        assert!(
            articles[0].text.contains("From now on to dusk."),
            "{}",
            articles[0].text
        );
    }

    #[test]
    fn forwards_are_unwrapped() {
        let quoted: String = BODY.split(". ").map(|s| format!("> {s}.\n")).collect();
        let article = one(&format!(
            "From: a@b.example\nTo: c@d.example\nSubject: Fwd: Ferry\n\nSee below.\n\n\
             ---------- Forwarded message ---------\nFrom: Press <p@ferry.example>\n\
             Date: Mon, 6 May 2024\nSubject: Ferry\n\n{quoted}"
        ));
        assert!(article.text.starts_with("See below."));
        assert!(!article.text.contains(['>', '@']), "{}", article.text);
        assert!(article.text.contains("\nThe ferry company said"));
    }

    #[test]
    fn undeclared_bytes_are_guessed() {
        let mail = format!("From: a@b.example\nTo: c@d.example\nSubject: x\n\nA café. {BODY}");
        for declared in [
            "",
            "Content-Type: text/plain; charset=utf-8\n",
            "Content-Type: text/plain; charset=\"none\"\n",
        ] {
            let mail = mail.replace("Subject", &format!("{declared}Subject"));
            let (bytes, _, _) = encoding_rs::WINDOWS_1252.encode(&mail);
            let article = &read(&bytes).unwrap()[0];
            assert!(article.text.starts_with("A café."));
            assert_eq!(article.warnings, ["not UTF-8; read as windows-1252"]);
        }
    }

    #[test]
    fn nested_and_broken_parts_are_no_danger() {
        let mut mail = "From: a@b.example\nTo: c@d.example\nSubject: x\n".to_owned();
        for depth in 0..20_000 {
            mail += &format!("Content-Type: multipart/mixed; boundary=b{depth}\n\n--b{depth}\n");
        }
        assert_eq!(read(mail.as_bytes()).unwrap().len(), 1);
        let nested = "Subject: x\nContent-Type: message/rfc822\n\n";
        assert!(read(nested.repeat(MAX_NESTED).as_bytes()).is_ok());
        let error = read(nested.repeat(100_000).as_bytes()).unwrap_err();
        assert!(error.contains("within messages"));
    }
}
