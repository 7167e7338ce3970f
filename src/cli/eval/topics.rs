//! Figures of topic labels, beside keywords and TF-IDF.

use std::io::Write;

use anyhow::anyhow;

use super::{Args, Labelled};
use crate::analysis::Analysis;
use crate::article::Article;
use crate::cli::files::Output;
use crate::cli::{Common, tables};
use crate::evaluate::labels::{self, TopicFigures};
use crate::evaluate::{ClassWeight, Logistic, Vectorizer, keywords};
use crate::records::{POSITIVE, Row};

/// Inverse strength of the penalty of the TF-IDF baseline, chosen by
/// cross-validation on labelled news.
const LOGISTIC_C: f64 = 30.0;

/// One method's figures, a topic each.
struct Method {
    name: String,
    figures: Vec<TopicFigures>,
}

/// Writes the figures of the model and of the baselines.
pub(super) fn table(
    out: &mut Output,
    args: &Args,
    common: &Common,
    labelled: &Labelled,
) -> anyhow::Result<()> {
    let (analyzer, analyses) = (&labelled.analyzer, &labelled.analyses);
    let articles = &labelled.table.articles;
    let ids: Vec<&str> = analyzer.topics().iter().map(|t| t.id.as_str()).collect();
    let truth = truth(articles, &ids).map_err(|e| anyhow!("{}: {e}", args.data.display()))?;
    // An article that failed counts as labelled with nothing.
    let model = Method {
        name: format!("{} {}", analyzer.model().name, analyzer.model().version),
        figures: (0..ids.len())
            .map(|topic| {
                let of = |a: &Option<Analysis>| a.as_ref().map(|a| a.topics[topic].clone());
                let results: Vec<_> = analyses.iter().map(of).collect();
                let held = |r: &Option<_>| {
                    r.as_ref()
                        .is_some_and(|r: &crate::analysis::TopicResult| r.label)
                };
                let labels: Vec<bool> = results.iter().map(held).collect();
                let scores: Vec<f64> = results
                    .iter()
                    .map(|r| r.as_ref().map_or(0.0, |r| f64::from(r.probability)))
                    .collect();
                labels::judge(&labels, Some(&scores), &truth[topic])
            })
            .collect(),
    };
    let texts: Vec<String> = articles.iter().map(with_title).collect();
    let mut methods = vec![model];
    if ids
        .iter()
        .all(|id| keywords::TOPICS.iter().any(|t| t.name == *id))
    {
        let figures = ids.iter().enumerate().map(|(topic, id)| {
            let labels: Vec<bool> = texts.iter().map(|t| keywords::holds(id, t)).collect();
            labels::judge(&labels, None, &truth[topic])
        });
        methods.push(Method {
            name: "keyword counts".to_owned(),
            figures: figures.collect(),
        });
    }
    if let Some(path) = &args.baseline {
        let baseline = tables::read(path, &args.columns.columns(), common)?.articles;
        let known = self::truth(&baseline, &ids).map_err(|e| anyhow!("{}: {e}", path.display()))?;
        let train: Vec<String> = baseline.iter().map(with_title).collect();
        let figures = tfidf(&train, &known, &texts, &truth);
        methods.push(Method {
            name: "TF-IDF + logistic regression".to_owned(),
            figures,
        });
    }
    writeln!(
        out,
        "| topics, {} articles | precision | recall | F1 | AP |",
        articles.len()
    )?;
    writeln!(out, "| --- | ---: | ---: | ---: | ---: |")?;
    for method in &methods {
        for (id, f) in ids.iter().zip(&method.figures) {
            let ap = f
                .average_precision
                .map_or("-".to_owned(), |ap| format!("{ap:.3}"));
            let (name, p, r, f1) = (&method.name, f.precision, f.recall, f.f1);
            writeln!(out, "| {name}: {id} | {p:.3} | {r:.3} | {f1:.3} | {ap} |")?;
        }
        let macro_f1 = labels::macro_f1(&method.figures);
        writeln!(out, "| {}: macro | | | {macro_f1:.3} | |", method.name)?;
    }
    Ok(())
}

/// Whether each topic holds for each row, `[topics][rows]`.
fn truth(articles: &[(Row, Article)], ids: &[&str]) -> Result<Vec<Vec<bool>>, String> {
    ids.iter()
        .map(|id| {
            articles
                .iter()
                .map(|(row, _)| match row.grade(id) {
                    Ok(grade) => Ok(grade >= POSITIVE),
                    Err(error) => Err(format!("row {} {error}", row.number)),
                })
                .collect()
        })
        .collect()
}

fn with_title((_, article): &(Row, Article)) -> String {
    let title = article.title.as_deref().unwrap_or_default();
    format!("{title}\n{}", article.text)
}

fn tfidf(
    train: &[String],
    known: &[Vec<bool>],
    test: &[String],
    truth: &[Vec<bool>],
) -> Vec<TopicFigures> {
    let train: Vec<&str> = train.iter().map(String::as_str).collect();
    let vectorizer = Vectorizer::fit(&train);
    let rows: Vec<_> = train.iter().map(|t| vectorizer.transform(t)).collect();
    let test: Vec<_> = test.iter().map(|t| vectorizer.transform(t)).collect();
    known
        .iter()
        .zip(truth)
        .map(|(known, truth)| {
            let weight = ClassWeight::Balanced;
            let model = Logistic::fit(&rows, known, vectorizer.len(), LOGISTIC_C, weight);
            let scores: Vec<f64> = test.iter().map(|row| model.probability(row)).collect();
            let labels: Vec<bool> = scores.iter().map(|p| *p >= 0.5).collect();
            labels::judge(&labels, Some(&scores), truth)
        })
        .collect()
}
