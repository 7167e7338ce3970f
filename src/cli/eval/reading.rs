//! Figures of reading: article bodies, page junk, sentence ends.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::Instant;

use serde_json::Value;

use crate::article::{find_junk, read_bytes, split_sentences};
use crate::cli::files::Output;
use crate::evaluate::extraction;
use crate::evaluate::junk::{self, JunkFigures};
use crate::evaluate::sentences::SentenceFigures;
use crate::records::{Columns, Row};

/// Most bytes of a page's text.
const MAX_TEXT: u64 = 1 << 23;

/// A row's page and the article body in it.
pub(super) fn page(row: &Row) -> Option<(String, String)> {
    Some((row.text_of("html")?, row.text_of("article_body")?))
}

/// Writes how much of the bodies is found in pages, and how fast.
pub(super) fn extraction(out: &mut Output, rows: &[Row]) -> anyhow::Result<()> {
    let pages: Vec<(String, String)> = rows.iter().filter_map(page).collect();
    let start = Instant::now();
    let found: Vec<String> = pages
        .iter()
        .map(
            |(html, _)| match read_bytes(html.as_bytes(), None, MAX_TEXT) {
                Ok(articles) => articles.into_iter().map(|a| a.text).collect(),
                Err(_) => String::new(),
            },
        )
        .collect();
    #[expect(clippy::cast_precision_loss, reason = "a count of pages")]
    let milliseconds = start.elapsed().as_secs_f64() * 1e3 / pages.len().max(1) as f64;
    let pairs: Vec<(&str, &str)> = pages
        .iter()
        .zip(&found)
        .map(|((_, body), found)| (body.as_str(), found.as_str()))
        .collect();
    let f = extraction::judge(&pairs);
    writeln!(
        out,
        "| article bodies, {} pages | precision | recall | F1 | ms a page |\n\
         | --- | ---: | ---: | ---: | ---: |\n\
         | topicwire | {:.3} | {:.3} | {:.3} | {milliseconds:.1} |",
        pages.len(),
        f.precision,
        f.recall,
        f.f1
    )?;
    Ok(())
}

/// A row's sentences.
pub(super) fn sentences(row: &Row) -> Option<Vec<&str>> {
    let sentences = row.fields.get("sentences")?.as_array()?;
    sentences.iter().map(Value::as_str).collect()
}

/// Writes how many sentence ends are found, for each source by itself. A row
/// without a text is its sentences in a row.
pub(super) fn sentence_ends(out: &mut Output, rows: &[Row]) -> anyhow::Result<()> {
    let mut sources: BTreeMap<String, SentenceFigures> = BTreeMap::new();
    for row in rows {
        let Some(sentences) = sentences(row) else {
            continue;
        };
        let text = row.text_of("text").unwrap_or_else(|| sentences.join(" "));
        let source = row.text_of("source").unwrap_or_else(|| "all".to_owned());
        let figures = sources.entry(source).or_default();
        figures.add(&text, &sentences, &split_sentences(&text));
    }
    writeln!(
        out,
        "| sentences | texts | all right | sentence ends | F1 |\n\
         | --- | ---: | ---: | ---: | ---: |"
    )?;
    for (source, f) in sources {
        writeln!(
            out,
            "| {source} | {} | {} | {} | {:.4} |",
            f.texts,
            f.exact,
            f.ends,
            f.f1()
        )?;
    }
    Ok(())
}

/// Writes how much of the marked page junk is dropped, and of what else.
pub(super) fn junk(out: &mut Output, rows: &[Row], columns: &Columns) -> anyhow::Result<()> {
    let mut figures = JunkFigures::default();
    let mut articles = 0;
    for row in rows {
        let (Some(marked), Ok(article)) = (row.spans("junk"), row.article(columns)) else {
            continue;
        };
        let chosen = |column| row.spans(column).unwrap_or_default();
        let (best, alternates) = (chosen("best"), chosen("alternates"));
        let found = find_junk(&article);
        figures += junk::judge(&article.text, &marked, &best, &alternates, &found);
        articles += 1;
    }
    let f = figures;
    let headings = (f.dropped_headings, f.marked_headings);
    let without = (f.dropped - headings.0, f.marked - headings.1);
    let lines = [
        ("marked as junk", f.dropped, f.marked),
        ("without section headings", without.0, without.1),
        ("section headings", headings.0, headings.1),
        ("other sentences", f.others_dropped, f.others),
    ];
    writeln!(
        out,
        "| page junk, {articles} articles | dropped | of | share |\n\
         | --- | ---: | ---: | ---: |"
    )?;
    for (name, dropped, all) in lines {
        #[expect(clippy::cast_precision_loss, reason = "counts of lines")]
        let share = 100.0 * dropped as f64 / all.max(1) as f64;
        writeln!(out, "| {name} | {dropped} | {all} | {share:.2} % |")?;
    }
    writeln!(out, "| best sentences | {} | | |", f.best_dropped)?;
    writeln!(out, "| alternates | {} | | |", f.alternates_dropped)?;
    Ok(())
}
