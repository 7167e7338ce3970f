//! `classify eval`: how good labels and summaries are, beside simple methods.

use std::io::Write;
use std::path::PathBuf;

use anyhow::{anyhow, bail};

use super::batch::ColumnArgs;
use super::classify::Shape;
use super::files::Output;
use super::{Common, Ended, tables};
use crate::analysis::Analysis;
use crate::analyzer::Analyzer;
use crate::article::{Article, Sentence, segment};
use crate::evaluate::labels::{self, TopicFigures};
use crate::evaluate::summaries::{self, Judged};
use crate::evaluate::{ClassWeight, Logistic, Vectorizer, keywords};
use crate::records::{POSITIVE, Row, is_marked};

/// Inverse strength of the penalty of the TF-IDF baseline, chosen by
/// cross-validation on labelled news.
const LOGISTIC_C: f64 = 30.0;
/// Articles that are analysed together.
const TOGETHER: usize = 32;

/// Flags of `eval`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Labelled articles: JSON Lines with grades or labels, or with marked
    /// summary sentences (best, alternates), or both
    #[arg(long, value_name = "FILE.jsonl", required = true)]
    data: PathBuf,
    /// Labelled articles to fit the TF-IDF baseline on
    #[arg(long, value_name = "FILE.jsonl")]
    baseline: Option<PathBuf>,
    #[command(flatten)]
    columns: ColumnArgs,
    #[command(flatten)]
    shape: Shape,
}

pub fn run(args: &Args, common: &Common) -> anyhow::Result<Ended> {
    let analyzer = common.analyzer()?;
    let options = args.shape.options(&analyzer)?;
    let table = tables::read(&args.data, &args.columns.columns(), common)?;
    let (rows, articles): (Vec<Row>, Vec<Article>) = table.articles.into_iter().unzip();
    let mut progress = common.progress();
    let mut analyses: Vec<Option<Analysis>> = Vec::new();
    for (chunk, numbers) in articles.chunks(TOGETHER).zip(rows.chunks(TOGETHER)) {
        let chunk: Vec<&Article> = chunk.iter().collect();
        for (analysis, row) in analyzer
            .analyze_all(&chunk, &options)
            .into_iter()
            .zip(numbers)
        {
            let analysis = analysis.map_err(|e| {
                super::say(
                    "error",
                    format!("{}: row {} {e}", args.data.display(), row.number),
                );
            });
            analyses.push(analysis.ok());
        }
        progress(&format!(
            "{} of {} articles",
            analyses.len(),
            articles.len()
        ));
    }
    let mut out = Output::open(None, &[])?;
    let labelled = rows.iter().any(|r| !r.topics().is_empty());
    let summarised = rows.iter().any(|r| r.spans("best").is_some());
    if !labelled && !summarised {
        bail!(
            "{}: no row has grades, labels or best; there is nothing to compare with",
            args.data.display()
        );
    }
    if labelled {
        topic_table(
            &mut out, args, common, &analyzer, &rows, &articles, &analyses,
        )?;
    }
    if labelled && summarised {
        writeln!(out)?;
    }
    if summarised {
        summary_table(&mut out, &rows, &articles, &analyses)?;
    }
    out.complete()?;
    let failed = table.ended == Ended::InputFailed || analyses.iter().any(Option::is_none);
    Ok(if failed {
        Ended::InputFailed
    } else {
        Ended::Well
    })
}

/// One method's figures, a topic each.
struct Method {
    name: String,
    figures: Vec<TopicFigures>,
}

fn topic_table(
    out: &mut Output,
    args: &Args,
    common: &Common,
    analyzer: &Analyzer,
    rows: &[Row],
    articles: &[Article],
    analyses: &[Option<Analysis>],
) -> anyhow::Result<()> {
    let ids: Vec<&str> = analyzer.topics().iter().map(|t| t.id.as_str()).collect();
    let truth = truth(rows, &ids).map_err(|e| anyhow!("{}: {e}", args.data.display()))?;
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
        let (rows, articles): (Vec<Row>, Vec<Article>) =
            tables::read(path, &args.columns.columns(), common)?
                .articles
                .into_iter()
                .unzip();
        let known = self::truth(&rows, &ids).map_err(|e| anyhow!("{}: {e}", path.display()))?;
        let train: Vec<String> = articles.iter().map(with_title).collect();
        let figures = tfidf(&train, &known, &texts, &truth);
        methods.push(Method {
            name: "TF-IDF + logistic regression".to_owned(),
            figures,
        });
    }
    writeln!(
        out,
        "| topics, {} articles | precision | recall | F1 | AP |",
        rows.len()
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
fn truth(rows: &[Row], ids: &[&str]) -> Result<Vec<Vec<bool>>, String> {
    ids.iter()
        .map(|id| {
            rows.iter()
                .map(|row| match row.grade(id) {
                    Ok(grade) => Ok(grade >= POSITIVE),
                    Err(error) => Err(format!("row {} {error}", row.number)),
                })
                .collect()
        })
        .collect()
}

fn with_title(article: &Article) -> String {
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

fn summary_table(
    out: &mut Output,
    rows: &[Row],
    articles: &[Article],
    analyses: &[Option<Analysis>],
) -> anyhow::Result<()> {
    let (mut own, mut lead) = (Vec::new(), Vec::new());
    for ((row, article), analysis) in rows.iter().zip(articles).zip(analyses) {
        let Some(best) = row.spans("best") else {
            continue;
        };
        let alternates = row.spans("alternates").unwrap_or_default();
        let sentences = segment(article).sentences;
        let chars: Vec<char> = article.text.chars().collect();
        let reference: Vec<String> = best
            .iter()
            .filter_map(|span| chars.get(span.clone()).map(|c| c.iter().collect()))
            .collect();
        let judged = |chosen: Vec<&Sentence>| {
            let is_best = |s: &&Sentence| is_marked(&s.chars, &best);
            let is_either = |s: &&Sentence| is_best(s) || is_marked(&s.chars, &alternates);
            Judged {
                best: chosen.iter().map(is_best).collect(),
                either: chosen.iter().map(is_either).collect(),
                chosen: chosen
                    .iter()
                    .map(|s| article.text[s.bytes.clone()].to_owned())
                    .collect(),
                reference: reference.clone(),
            }
        };
        let summary = analysis.iter().flat_map(|a| &a.summary);
        let chosen: Vec<&Sentence> = summary.map(|s| &sentences[s.place.sentence]).collect();
        lead.push(judged(sentences.iter().take(chosen.len()).collect()));
        own.push(judged(chosen));
    }
    writeln!(
        out,
        "| summaries, {} articles | best | best or alternate | ROUGE-1 | ROUGE-2 | ROUGE-Lsum |",
        own.len()
    )?;
    writeln!(out, "| --- | ---: | ---: | ---: | ---: | ---: |")?;
    for (name, summaries) in [
        ("topicwire", &own),
        ("first sentences, junk dropped", &lead),
    ] {
        let f = summaries::judge(summaries);
        let (b, e, one, two, l) = (f.best, f.either, f.rouge_1, f.rouge_2, f.rouge_lsum);
        writeln!(
            out,
            "| {name} | {b:.3} | {e:.3} | {one:.1} | {two:.1} | {l:.1} |"
        )?;
    }
    Ok(())
}
