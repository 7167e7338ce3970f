//! Figures of reading: article bodies in web pages, page junk, sentence ends.

use std::collections::BTreeMap;

use super::cases::Data;
use super::extraction::{self, PageScores};
use super::figures::{Figures, Method, measure_one};
use super::junk::{self, JunkFigures};
use super::resample::Resampling;
use super::results::{Part, Task};
use super::sentences::SentenceFigures;
use crate::article::{find_junk, read_bytes, split_sentences};
use crate::records::Row;

/// Most bytes of a page's text.
const MAX_TEXT: u64 = 1 << 23;

/// Tells of a row that cannot be used.
pub type Report<'a> = &'a mut dyn FnMut(&Row, &str);

/// A row's page and the article body in it.
#[must_use]
pub fn page(row: &Row) -> Option<(String, String)> {
    Some((row.text_of("html")?, row.text_of("article_body")?))
}

/// How much of the article bodies is found in pages: `extraction_precision`,
/// `extraction_recall`, `extraction_f1`. A page that cannot be read is told of
/// and counts as one in which nothing is found.
pub fn extraction(data: &Data, resampling: Resampling, report: Report) -> Option<Part> {
    let mut pages: Vec<PageScores> = Vec::new();
    for row in &data.rows {
        let Some((html, body)) = page(row) else {
            continue;
        };
        let found: Result<String, _> = read_bytes(html.as_bytes(), None, MAX_TEXT)
            .and_then(|articles| articles.into_iter().map(|a| Ok(a?.text)).collect());
        if let Err(error) = &found {
            report(row, &error.to_string());
        }
        pages.push(extraction::judge(
            &body,
            found.as_deref().unwrap_or_default(),
        ));
    }
    part(Task::Extraction, pages.len(), BTreeMap::new(), || {
        measure_one(pages.len(), resampling, |picked| {
            let f = extraction::mean(picked.iter().map(|i| pages[*i]));
            [
                ("extraction_precision", f.precision),
                ("extraction_recall", f.recall),
                ("extraction_f1", f.f1),
            ]
            .map(|(name, value)| (name.to_owned(), value))
            .to_vec()
        })
    })
}

/// How much of the marked page junk is dropped, and of what else: shares
/// `junk_dropped`, `junk_dropped_without_headings`, `others_dropped`, and the
/// numbers of `best_dropped` and `alternates_dropped` sentences.
pub fn junk(data: &Data, resampling: Resampling, report: Report) -> Option<Part> {
    let mut articles: Vec<JunkFigures> = Vec::new();
    for row in &data.rows {
        if row.list("junk").is_none() {
            continue;
        }
        match judge_junk(row, data) {
            Ok(figures) => articles.push(figures),
            Err(error) => report(row, &error),
        }
    }
    let mut all = JunkFigures::default();
    articles.iter().for_each(|a| all += *a);
    let counts = BTreeMap::from([
        ("marked".to_owned(), all.marked),
        ("marked headings".to_owned(), all.marked_headings),
        ("other sentences".to_owned(), all.others),
    ]);
    #[expect(clippy::cast_precision_loss, reason = "counts of lines")]
    part(Task::Junk, articles.len(), counts, || {
        measure_one(articles.len(), resampling, |picked| {
            let mut f = JunkFigures::default();
            picked.iter().for_each(|i| f += articles[*i]);
            let share = |part: usize, all: usize| part as f64 / all.max(1) as f64;
            let without = (f.dropped - f.dropped_headings, f.marked - f.marked_headings);
            [
                ("junk_dropped", share(f.dropped, f.marked)),
                ("junk_dropped_without_headings", share(without.0, without.1)),
                ("others_dropped", share(f.others_dropped, f.others)),
                ("best_dropped", f.best_dropped as f64),
                ("alternates_dropped", f.alternates_dropped as f64),
            ]
            .map(|(name, value)| (name.to_owned(), value))
            .to_vec()
        })
    })
}

fn judge_junk(row: &Row, data: &Data) -> Result<JunkFigures, String> {
    let article = row.article(&data.columns).map_err(|e| e.to_string())?;
    let marked = |column| row.spans(column, &article.text);
    Ok(junk::judge(
        &article.text,
        &marked("junk")?.unwrap_or_default(),
        &marked("best")?.unwrap_or_default(),
        &marked("alternates")?.unwrap_or_default(),
        &find_junk(&article),
    ))
}

/// How many sentence ends are found, for each source by itself, as
/// `source.sentence_f1` and `source.texts_right`, the number of texts all of
/// whose sentences are found. A row without a source belongs to `all`, one
/// without a text is its sentences in a row.
#[must_use]
pub fn sentences(data: &Data, resampling: Resampling) -> Option<Part> {
    let mut sources: BTreeMap<String, Vec<SentenceFigures>> = BTreeMap::new();
    let mut items = 0;
    for row in &data.rows {
        let Some(sentences) = row.texts("sentences") else {
            continue;
        };
        let text = row.text_of(&data.columns.text);
        let text = text.unwrap_or_else(|| sentences.join(" "));
        let source = row.text_of(&data.columns.source);
        let source = source.unwrap_or_else(|| "all".to_owned());
        let sentences: Vec<&str> = sentences.iter().map(String::as_str).collect();
        let mut figures = SentenceFigures::default();
        figures.add(&text, &sentences, &split_sentences(&text));
        sources.entry(source).or_default().push(figures);
        items += 1;
    }
    let counts = sources
        .iter()
        .map(|(source, texts)| (format!("{source} texts"), texts.len()))
        .collect();
    part(Task::Sentences, items, counts, || {
        let mut all = Figures::new();
        for (source, texts) in &sources {
            all.extend(measure_one(texts.len(), resampling, |picked| {
                let mut f = SentenceFigures::default();
                picked.iter().for_each(|i| f += texts[*i]);
                #[expect(clippy::cast_precision_loss, reason = "a count of texts")]
                let right = f.exact as f64;
                vec![
                    (format!("{source}.sentence_f1"), f.f1()),
                    (format!("{source}.texts_right"), right),
                ]
            }));
        }
        all
    })
}

fn part(
    task: Task,
    items: usize,
    counts: BTreeMap<String, usize>,
    figures: impl FnOnce() -> Figures,
) -> Option<Part> {
    (items > 0).then(|| Part {
        task,
        items,
        counts,
        methods: vec![Method {
            name: "topicwire".to_owned(),
            figures: figures(),
            behind: BTreeMap::new(),
        }],
        confusion: None,
        slices: Vec::new(),
    })
}
