//! A page for people.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use textwrap::Options as Wrap;

use super::Outcome;
use crate::analysis::{Analysis, TopicResult};
use crate::article::Meta;

/// Evidence sentences shown of a topic.
const SHOWN_EVIDENCE: usize = 3;
/// Cells of a bar.
const BAR: usize = 20;

pub(super) const BOLD: Style = Style::new().bold();
pub(super) const DIM: Style = Style::new().dimmed();
const HOLDS: Style = AnsiColor::Green.on_default();

/// Where an article comes from, in one line, as far as it is known.
pub fn origin(meta: &Meta) -> Option<String> {
    let parts = [&meta.site, &meta.author, &meta.date, &meta.url];
    let parts: Vec<&str> = parts.into_iter().filter_map(|p| p.as_deref()).collect();
    (!parts.is_empty()).then(|| one_line(&parts.join(" · ")))
}

/// How the page is set. Styles are written always; the stream that it goes
/// to drops them where they are not wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// Columns of the page.
    pub width: usize,
}

impl Page {
    /// Writes one article.
    pub(super) fn write(
        self,
        out: &mut impl Write,
        outcome: &Outcome,
        analysis: &Analysis,
    ) -> io::Result<()> {
        let name = outcome.path.or(outcome.id);
        let title = analysis.title.as_deref().or(name).unwrap_or("(no title)");
        for line in textwrap::wrap(&one_line(title), self.width) {
            writeln!(out, "{BOLD}{line}{BOLD:#}")?;
        }
        let counts = format!("{} words, {} sentences", analysis.words, analysis.sentences);
        let name = name.map(|n| one_line(n) + ": ").unwrap_or_default();
        writeln!(out, "{DIM}{name}{counts}{DIM:#}")?;

        if let Some(origin) = origin(&analysis.meta) {
            writeln!(out, "{DIM}{origin}{DIM:#}")?;
        }

        if !analysis.topics.is_empty() {
            writeln!(out)?;
        }
        let widest = analysis.topics.iter().map(|t| t.name.chars().count()).max();
        for topic in &analysis.topics {
            self.topic(out, topic, widest.unwrap_or(0))?;
        }
        if !analysis.summary.is_empty() {
            writeln!(out, "\n{BOLD}Summary{BOLD:#}")?;
            for sentence in &analysis.summary {
                self.wrapped(out, &one_line(&sentence.text), "  • ", Style::new())?;
            }
        }
        Ok(())
    }

    fn topic(self, out: &mut impl Write, topic: &TopicResult, widest: usize) -> io::Result<()> {
        let (mark, style) = if topic.label {
            ("●", HOLDS)
        } else {
            ("○", DIM)
        };
        let pad = " ".repeat(widest.saturating_sub(topic.name.chars().count()));
        let (name, bar) = (&topic.name, bar(topic.probability));
        let p = topic.probability;
        let doubt = if topic.uncertain { "  uncertain" } else { "" };
        writeln!(
            out,
            "{style}{mark} {name}{pad}  {bar}  {p:.2}{doubt}{style:#}"
        )?;
        for evidence in topic.evidence.iter().take(SHOWN_EVIDENCE) {
            // The quotation marks are ours: an article's own may be missing on one side.
            self.wrapped(out, &one_line(&evidence.text), "    › ", Style::new())?;
        }
        Ok(())
    }

    pub(super) fn wrapped(
        self,
        out: &mut impl Write,
        text: &str,
        lead: &str,
        style: Style,
    ) -> io::Result<()> {
        let indent = " ".repeat(lead.chars().count());
        let wrap = Wrap::new(self.width.max(30))
            .initial_indent(lead)
            .subsequent_indent(&indent);
        for line in textwrap::wrap(text, wrap) {
            writeln!(out, "{style}{line}{style:#}")?;
        }
        Ok(())
    }
}

fn bar(probability: f32) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "0 to 20"
    )]
    let full = (probability.clamp(0.0, 1.0) * BAR as f32).round() as usize;
    "█".repeat(full) + &"░".repeat(BAR - full)
}

/// White space folded and control characters dropped, so that an article can
/// neither break the page nor write to the terminal.
#[must_use]
pub fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.extend(
            word.chars()
                .filter(|c| !c.is_control() && !is_bidi_control(*c)),
        );
    }
    line
}

fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
