//! Markdown to plain text.

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::{Article, Meta, html, meta};

/// The article of a Markdown text: a paragraph a line; fenced code and pictures
/// left out. Title, author, date and the like come from front matter, the
/// title else from a first heading.
pub fn read(markdown: &str) -> Article {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS;
    let mut page = Page::default();
    let (front_matter, body) = front_matter(markdown);
    page.read_front_matter(front_matter);
    for event in Parser::new_ext(body, options) {
        page.add(event);
    }
    page.end_block();
    let text = page.text.trim_end().to_owned();
    let mut article = Article::new(page.title, text);
    article.meta = page.meta;
    article
}

/// Parts a text in its front matter, between two lines of `---` or `+++` at the
/// very start, and the rest.
fn front_matter(markdown: &str) -> (&str, &str) {
    let text = markdown.trim_start_matches('\u{feff}');
    let mark = text.lines().next().unwrap_or_default().trim_end();
    if mark != "---" && mark != "+++" {
        return ("", markdown);
    }
    let mut end = 0;
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let start = end;
        end += line.len();
        if number > 0 && line.trim_end() == mark {
            return (&text[mark.len()..start], &text[end..]);
        }
    }
    ("", markdown)
}

/// The text as far as it is read.
#[derive(Default)]
struct Page {
    text: String,
    title: Option<String>,
    meta: Meta,
    /// Where the open block starts in `text`.
    block: usize,
    /// Open elements whose text is left out.
    skipped: usize,
    /// The open block of HTML.
    html: String,
}

impl Page {
    fn add(&mut self, event: Event) {
        match event {
            // An indented block is code in a manual and a paragraph in news.
            Event::Start(Tag::CodeBlock(CodeBlockKind::Indented)) => self.end_block(),
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(_)) | Tag::Image { .. }) => {
                self.skipped += 1;
            }
            Event::End(TagEnd::CodeBlock) if self.skipped == 0 => self.end_block(),
            Event::End(TagEnd::CodeBlock | TagEnd::Image) => {
                self.skipped = self.skipped.saturating_sub(1);
            }
            Event::Html(html) => self.html.push_str(&html),
            Event::End(TagEnd::HtmlBlock) => {
                self.end_block();
                let html = std::mem::take(&mut self.html);
                self.text.push_str(&html::text_of(&html));
                self.end_block();
            }
            Event::Start(
                Tag::Paragraph | Tag::Heading { .. } | Tag::Item | Tag::TableRow | Tag::TableHead,
            ) => self.end_block(),
            Event::End(TagEnd::Heading(level)) => {
                let heading = self.text[self.block..].trim();
                if level == HeadingLevel::H1 && self.title.is_none() && self.block == 0 {
                    self.title = Some(heading.to_owned());
                }
                self.end_block();
            }
            Event::End(TagEnd::Paragraph | TagEnd::Item | TagEnd::TableRow | TagEnd::TableHead) => {
                self.end_block()
            }
            Event::End(TagEnd::TableCell) => self.text.push(' '),
            Event::Text(text) | Event::Code(text) if self.skipped == 0 => {
                // A line break within would end the paragraph.
                self.text.extend(text.chars().map(|c| match c {
                    '\n' | '\r' => ' ',
                    c => c,
                }));
            }
            Event::SoftBreak | Event::HardBreak if self.skipped == 0 => self.text.push(' '),
            Event::InlineHtml(tag) if tag.to_ascii_lowercase().starts_with("<br") => {
                self.text.push(' ');
            }
            _ => {}
        }
    }

    /// Closes the open block: the next one starts on a line of its own.
    fn end_block(&mut self) {
        let block = self.text[self.block..].trim_end().len();
        self.text.truncate(self.block + block);
        if block > 0 {
            self.text.push_str("\n\n");
        }
        self.block = self.text.len();
    }

    /// Reads the simple lines of a YAML or TOML front matter.
    fn read_front_matter(&mut self, front_matter: &str) {
        for line in front_matter.lines() {
            let Some(at) = line.find([':', '=']) else {
                continue;
            };
            let value = match line[at + 1..].trim() {
                quoted if quoted.starts_with(['"', '\'']) => quoted.trim_matches(['"', '\'']),
                // A list on one line, or a value with a remark behind it.
                plain => {
                    let plain = plain.split(" #").next().unwrap_or_default();
                    plain.trim_start_matches('[').trim_end_matches(']')
                }
            };
            let value = value.trim().replace("\"", "");
            if value.is_empty() || value.starts_with(['{', '|', '>']) {
                continue;
            }
            let value = Some(value);
            match line[..at].trim_end().to_ascii_lowercase().as_str() {
                "title" => self.title = value,
                "author" | "authors" | "byline" => self.meta.author = value,
                "date" | "published" => self.meta.date = value.as_deref().and_then(meta::date),
                "site" | "source" | "publisher" => self.meta.site = value,
                "url" | "link" | "canonical" => self.meta.url = value,
                "lang" | "language" => {
                    self.meta.language = value.as_deref().and_then(meta::language);
                }
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_go_and_paragraphs_stay() {
        let article = read(
            "# Ferry sails *again*\n\nThe [ferry](https://ferry.example/a_b) to the\nisland sails \
             again.  \nAt last.\n\n![The ferry at dusk](boat.jpg)\n\n> “Good,” said\n> Ruth Okoro.\n\n\
             * One boat\n* Two crews\n\n```\nlet x = 1;\n```\n\n| Day | Boats |\n| --- | --- |\n\
             | Mon | 4 |\n\n<p>A paragraph in <i>HTML</i>.</p>\n\n    And one indented.\n\nFares &amp; times: `5` pounds.\n",
        );
        assert_eq!(article.title.as_deref(), Some("Ferry sails again"));
        assert_eq!(
            article.text,
            "Ferry sails again\n\nThe ferry to the island sails again. At last.\n\n\
             “Good,” said Ruth Okoro.\n\nOne boat\n\nTwo crews\n\nDay Boats\n\nMon 4\n\n\
             A paragraph in HTML.\n\nAnd one indented.\n\nFares & times: 5 pounds."
        );
        assert_eq!(article.title_span, Some(0..17));
    }

    #[test]
    fn front_matter_gives_title_and_origin() {
        let article = read(
            "---\ntitle: \"Ferry: back in service\"\nauthor: [Ann Field, \"John Roe\"] # of the desk\ndate: 2024-05-06\n\
             tags: [ferry]\nlang: en-GB\n---\n\nThe ferry sails again.\n",
        );
        assert_eq!(article.title.as_deref(), Some("Ferry: back in service"));
        let author = article.meta.author.as_deref();
        assert_eq!(author, Some("Ann Field, John Roe"));
        assert_eq!(article.meta.date.as_deref(), Some("2024-05-06"));
        assert_eq!(article.meta.language.as_deref(), Some("en"));
        assert_eq!(article.text, "The ferry sails again.");
        let article = read("+++\ndate = May 6, 2024\nlanguage = German\n+++\n\nThe ferry.\n");
        assert_eq!(article.meta.date.as_deref(), Some("2024-05-06"));
        assert_eq!(article.meta.language, None);
    }

    #[test]
    fn lines_of_dashes_elsewhere_are_no_front_matter() {
        let article = read("One here.\n\n---\nTwo there: all of it.\n---\n\nThree.\n");
        assert!(
            article.text.contains("Two there: all of it."),
            "{}",
            article.text
        );
        assert_eq!(read("---\n\nOnly a rule above.").text, "Only a rule above.");
    }

    #[test]
    fn depth_is_no_danger() {
        for nest in ["> ", "* ", "[", "**a ", "<div>"] {
            let _ = read(&nest.repeat(50_000));
        }
    }
}
