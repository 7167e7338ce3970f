//! Markdown, for notes and issue trackers.

use std::io::{self, Write};

use super::Outcome;
use super::text::{one_line, origin};
use crate::analysis::Analysis;

/// Writes one article.
pub fn write(mut out: impl Write, outcome: &Outcome, analysis: &Analysis) -> io::Result<()> {
    let name = outcome.path.or(outcome.id).unwrap_or("article");
    let title = analysis.title.as_deref().unwrap_or(name);
    writeln!(out, "## {}\n", escape(&one_line(title)))?;
    let counts = format!("{} words, {} sentences", analysis.words, analysis.sentences);
    writeln!(out, "`{}`, {counts}\n", one_line(name).replace('`', "'"))?;
    if let Some(origin) = origin(&analysis.meta) {
        writeln!(out, "{}\n", escape(&origin))?;
    }
    if !analysis.topics.is_empty() {
        writeln!(out, "| topic | probability | label |\n| --- | ---: | --- |")?;
        for topic in &analysis.topics {
            let (name, p) = (escape(&topic.name), topic.probability);
            writeln!(
                out,
                "| {name} | {p:.2} | {}{} |",
                if topic.label { "yes" } else { "no" },
                if topic.uncertain { ", uncertain" } else { "" }
            )?;
        }
        writeln!(out)?;
    }
    for topic in analysis.topics.iter().filter(|t| t.label) {
        writeln!(out, "**{}**\n", escape(&topic.name))?;
        for evidence in &topic.evidence {
            let text = escape(&one_line(&evidence.text));
            writeln!(out, "> {text} ({:.2})\n", evidence.weight)?;
        }
    }
    if !analysis.summary.is_empty() {
        writeln!(out, "**Summary**\n")?;
        for sentence in &analysis.summary {
            writeln!(out, "- {}", escape(&one_line(&sentence.text)))?;
        }
    }
    Ok(())
}

/// Keeps an article's own marks from becoming Markdown or HTML.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(
            c,
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '~'
        ) {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}
