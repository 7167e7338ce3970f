//! Figures of reading: article bodies, page junk, sentence ends.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::Instant;

use crate::article::{ReadError, find_junk, read_bytes, split_sentences};
use crate::cli::files::Output;
use crate::evaluate::extraction;
use crate::evaluate::junk::{self, JunkFigures};
use crate::evaluate::sentences::SentenceFigures;
use crate::records::{Columns, Row};

/// Tells of a row that cannot be read.
pub(super) type Report<'a> = &'a mut dyn FnMut(&Row, &str);

/// Most bytes of a page's text.
const MAX_TEXT: u64 = 1 << 23;

/// Whether a row has a page and the article body in it.
pub(super) fn has_page(row: &Row) -> bool {
    ["html", "article_body"].map(|c| row.fields.contains_key(c)) == [true, true]
}

/// Writes how much of the bodies is found in pages, and how fast. A page that
/// cannot be read counts as one in which nothing is found.
pub(super) fn extraction(out: &mut Output, rows: &[Row], report: Report) -> anyhow::Result<()> {
    let pages: Vec<(&Row, String, String)> = rows
        .iter()
        .filter_map(|row| Some((row, row.text_of("html")?, row.text_of("article_body")?)))
        .collect();
    let start = Instant::now();
    let found: Vec<Result<String, ReadError>> = pages
        .iter()
        .map(|(_, html, _)| {
            let articles = read_bytes(html.as_bytes(), None, MAX_TEXT)?;
            articles.into_iter().map(|a| Ok(a?.text)).collect()
        })
        .collect();
    #[expect(clippy::cast_precision_loss, reason = "a count of pages")]
    let milliseconds = start.elapsed().as_secs_f64() * 1e3 / pages.len().max(1) as f64;
    let mut pairs: Vec<(&str, &str)> = Vec::new();
    for ((row, _, body), found) in pages.iter().zip(&found) {
        if let Err(error) = found {
            report(row, &error.to_string());
        }
        pairs.push((body, found.as_deref().unwrap_or_default()));
    }
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
pub(super) fn sentences(row: &Row) -> Option<Vec<String>> {
    row.texts("sentences")
}

/// Writes how many sentence ends are found, for each source by itself. A row
/// without a text is its sentences in a row.
pub(super) fn sentence_ends(
    out: &mut Output,
    rows: &[Row],
    columns: &Columns,
) -> anyhow::Result<()> {
    let mut sources: BTreeMap<String, SentenceFigures> = BTreeMap::new();
    for row in rows {
        let Some(sentences) = sentences(row) else {
            continue;
        };
        let text = row.text_of(&columns.text);
        let text = text.unwrap_or_else(|| sentences.join(" "));
        let source = row.text_of(&columns.source);
        let source = source.unwrap_or_else(|| "all".to_owned());
        let figures = sources.entry(source).or_default();
        let sentences: Vec<&str> = sentences.iter().map(String::as_str).collect();
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
pub(super) fn junk(
    out: &mut Output,
    rows: &[Row],
    columns: &Columns,
    report: Report,
) -> anyhow::Result<()> {
    let mut figures = JunkFigures::default();
    let mut articles = 0;
    for row in rows {
        let Some(marked) = row.spans("junk") else {
            continue;
        };
        let article = match row.article(columns) {
            Ok(article) => article,
            Err(error) => {
                report(row, &error.to_string());
                continue;
            }
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
