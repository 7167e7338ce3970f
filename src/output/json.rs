//! JSON, one object an article.

use std::io::{self, Write};

use serde::Serialize;

use super::{Outcome, SCHEMA};
use crate::analysis::{ModelId, SummarySentence, TopicResult};
use crate::records::Fields;

#[derive(Serialize)]
struct Object<'a> {
    schema: u32,
    path: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    row: Option<usize>,
    id: Option<&'a str>,
    title: Option<&'a str>,
    author: Option<&'a str>,
    date: Option<&'a str>,
    site: Option<&'a str>,
    url: Option<&'a str>,
    language: Option<&'a str>,
    words: Option<usize>,
    sentences: Option<usize>,
    labels: Option<Vec<&'a str>>,
    topics: Option<&'a [TopicResult]>,
    summary: Option<&'a [SummarySentence]>,
    warnings: Option<&'a [String]>,
    model: Option<&'a ModelId>,
    error: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cluster: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    columns: Option<&'a Fields>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
}

/// Writes one object, without a line end.
pub fn write(out: impl Write, outcome: &Outcome, model: &ModelId, pretty: bool) -> io::Result<()> {
    let analysis = outcome.result.ok();
    let meta = analysis.map(|a| &a.meta);
    let object = Object {
        schema: SCHEMA,
        path: outcome.path,
        row: outcome.row,
        id: outcome.id,
        title: analysis.and_then(|a| a.title.as_deref()),
        author: meta.and_then(|m| m.author.as_deref()),
        date: meta.and_then(|m| m.date.as_deref()),
        site: meta.and_then(|m| m.site.as_deref()),
        url: meta.and_then(|m| m.url.as_deref()),
        language: meta.and_then(|m| m.language.as_deref()),
        words: analysis.map(|a| a.words),
        sentences: analysis.map(|a| a.sentences),
        labels: analysis.map(|a| a.labels().collect()),
        topics: analysis.map(|a| a.topics.as_slice()),
        summary: analysis.map(|a| a.summary.as_slice()),
        warnings: analysis.map(|a| a.warnings.as_slice()),
        model: analysis.map(|_| model),
        error: outcome.result.err(),
        cluster: outcome.cluster,
        columns: outcome.columns,
        text: outcome.text,
    };
    if pretty {
        serde_json::to_writer_pretty(out, &object)?;
    } else {
        serde_json::to_writer(out, &object)?;
    }
    Ok(())
}
