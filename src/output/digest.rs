//! A digest of many articles, as a page, as JSON or as Markdown.

use std::io::{self, Write};

use serde::Serialize;

use super::markdown::escape;
use super::text::{BOLD, DIM, Page, one_line};
use super::{Format, SCHEMA};
use crate::analysis::{ModelId, SummarySentence};
use crate::article::Meta;

/// What a digest shows, whoever made it.
#[derive(Debug)]
pub struct DigestView<'a> {
    /// The topic that it is about: id and name.
    pub topic: Option<(&'a str, &'a str)>,
    /// Articles that were read.
    pub read: usize,
    /// Articles that it draws on.
    pub sources: usize,
    /// Copies that were left out.
    pub copies: usize,
    /// The sentences, each with where it is from.
    pub sentences: Vec<DigestLine<'a>>,
    /// The model.
    pub model: &'a ModelId,
}

/// A sentence of a digest and where it is from.
#[derive(Debug, Serialize)]
pub struct DigestLine<'a> {
    /// File or table.
    pub path: Option<&'a str>,
    /// Number of the row in the table, or of the article in the file, from 1, where there are
    /// several.
    pub number: Option<usize>,
    /// The article's identifier.
    pub id: Option<&'a str>,
    /// The article's title.
    pub title: Option<&'a str>,
    /// When it was published.
    pub date: Option<&'a str>,
    /// The site or publication.
    pub site: Option<&'a str>,
    /// The address.
    pub url: Option<&'a str>,
    /// Copies of the article that were left out.
    pub copies: usize,
    /// The sentence.
    #[serde(flatten)]
    pub sentence: &'a SummarySentence,
}

impl<'a> DigestLine<'a> {
    /// The parts of an article's meta that a line has.
    #[must_use]
    pub fn of(meta: &'a Meta, sentence: &'a SummarySentence) -> Self {
        Self {
            path: None,
            number: None,
            id: None,
            title: None,
            date: meta.date.as_deref(),
            site: meta.site.as_deref(),
            url: meta.url.as_deref(),
            copies: 0,
            sentence,
        }
    }

    /// Date, site, title and file, in one line.
    fn origin(&self) -> String {
        let copies = match self.copies {
            0 => None,
            1 => Some("1 copy".to_owned()),
            n => Some(format!("{n} copies")),
        };
        let place = match (self.id, self.number) {
            (Some(id), _) => Some(id.to_owned()),
            (None, number) => number.map(|number| format!("number {number}")),
        };
        let file: Vec<String> = (self.path.map(str::to_owned).into_iter())
            .chain(place)
            .collect();
        let file = (!file.is_empty()).then(|| file.join(", "));
        let parts = [self.date, self.site, self.title].map(|part| part.map(str::to_owned));
        let parts: Vec<String> = (parts.into_iter().chain([file, copies]))
            .flatten()
            .collect();
        one_line(&parts.join(" · "))
    }
}

#[derive(Serialize)]
struct Object<'a> {
    schema: u32,
    topic: Option<&'a str>,
    read: usize,
    articles: usize,
    copies: usize,
    sentences: &'a [DigestLine<'a>],
    model: &'a ModelId,
}

impl DigestView<'_> {
    /// Writes the digest.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub fn write(&self, format: Format, mut out: impl Write) -> io::Result<()> {
        match format {
            Format::Text(page) => self.page(page, out),
            Format::Markdown => self.markdown(out),
            Format::Json { .. } | Format::Jsonl => {
                let object = Object {
                    schema: SCHEMA,
                    topic: self.topic.map(|(id, _)| id),
                    read: self.read,
                    articles: self.sources,
                    copies: self.copies,
                    sentences: &self.sentences,
                    model: self.model,
                };
                match format {
                    Format::Jsonl => serde_json::to_writer(&mut out, &object)?,
                    _ => serde_json::to_writer_pretty(&mut out, &object)?,
                }
                writeln!(out)
            }
        }
    }

    fn heading(&self) -> (String, String) {
        let title = match self.topic {
            Some((_, name)) => format!("Digest: {}", one_line(name)),
            None => "Digest".to_owned(),
        };
        let copies = match self.copies {
            0 => String::new(),
            1 => ", 1 copy left out".to_owned(),
            n => format!(", {n} copies left out"),
        };
        let from = match self.topic {
            Some(_) => format!("{} of {}", self.sources, counted(self.read, "article")),
            None => counted(self.sources, "article"),
        };
        let sentences = counted(self.sentences.len(), "sentence");
        (title, format!("{sentences} from {from}{copies}"))
    }

    fn page(&self, page: Page, mut out: impl Write) -> io::Result<()> {
        let (title, from) = self.heading();
        writeln!(out, "{BOLD}{title}{BOLD:#}\n{DIM}{from}{DIM:#}")?;
        for line in &self.sentences {
            writeln!(out)?;
            page.wrapped(
                &mut out,
                &one_line(&line.sentence.text),
                "• ",
                anstyle::Style::new(),
            )?;
            page.wrapped(&mut out, &line.origin(), "  ", DIM)?;
        }
        Ok(())
    }

    fn markdown(&self, mut out: impl Write) -> io::Result<()> {
        let (title, from) = self.heading();
        writeln!(out, "## {}\n\n{from}\n", escape(&title))?;
        for line in &self.sentences {
            let (text, origin) = (one_line(&line.sentence.text), line.origin());
            writeln!(out, "- {}  \n  {}", escape(&text), escape(&origin))?;
        }
        Ok(())
    }
}

fn counted(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        n => format!("{n} {what}s"),
    }
}
