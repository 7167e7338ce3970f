//! `classify eval`: how good labels, summaries and reading are, beside simple methods.

mod reading;
mod summaries;
mod topics;

use std::io::Write;
use std::path::PathBuf;

use anyhow::bail;

use super::batch::ColumnArgs;
use super::classify::Shape;
use super::files::Output;
use super::tables::{self, Table};
use super::{Common, Ended, say};
use crate::analysis::Analysis;
use crate::analyzer::{Analyzer, Options};
use crate::batch::TOGETHER;
use crate::records::Row;

/// Flags of `eval`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Table with what readers said: topics (grades or labels), summary sentences (best,
    /// alternates), page junk (junk), sentences, or pages (html, article_body)
    #[arg(long, value_name = "FILE", required = true)]
    data: PathBuf,
    /// Measure this alone [default: all that the columns allow]
    #[arg(long, value_name = "TASK")]
    task: Option<Task>,
    /// Labelled articles to fit the TF-IDF baseline on
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    #[command(flatten)]
    columns: ColumnArgs,
    #[command(flatten)]
    shape: Shape,
}

/// What can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Task {
    /// Topic labels
    Topics,
    /// Summary sentences
    Summaries,
    /// Article bodies found in web pages
    Extraction,
    /// Page junk found in plain text
    Junk,
    /// Sentence ends
    Sentences,
}

impl Task {
    const ALL: [Self; 5] = [
        Self::Topics,
        Self::Summaries,
        Self::Extraction,
        Self::Junk,
        Self::Sentences,
    ];

    /// The columns that it compares with.
    fn columns(self) -> &'static str {
        match self {
            Self::Topics => "grades or labels",
            Self::Summaries => "best",
            Self::Extraction => "html and article_body",
            Self::Junk => "junk",
            Self::Sentences => "sentences (a list of texts)",
        }
    }

    /// Whether a row has them.
    fn fits(self, row: &Row) -> bool {
        match self {
            Self::Topics => !row.topics().is_empty(),
            Self::Summaries => row.spans("best").is_some(),
            Self::Extraction => reading::has_page(row),
            Self::Junk => row.spans("junk").is_some(),
            Self::Sentences => reading::sentences(row).is_some(),
        }
    }
}

pub fn run(args: &Args, common: &Common) -> anyhow::Result<Ended> {
    let (rows, ended) = tables::rows(&args.data, common)?;
    let tasks: Vec<Task> = Task::ALL
        .into_iter()
        .filter(|task| args.task.is_none_or(|asked| asked == *task))
        .filter(|task| rows.iter().any(|row| task.fits(row)))
        .collect();
    if tasks.is_empty() {
        let wanted = match args.task {
            Some(task) => task.columns().to_owned(),
            None => Task::ALL.map(Task::columns).join(", "),
        };
        bail!(
            "{}: no row has {wanted}; there is nothing to compare with",
            args.data.display()
        );
    }
    let mut out = Output::open(None, &[])?;
    let mut run = Run {
        args,
        common,
        rows: &rows,
        ended,
        labelled: None,
    };
    let mut unread = false;
    let mut report = |row: &Row, error: &str| {
        unread = true;
        let table = args.data.display();
        say("error", format!("{table}: row {} {error}", row.number));
    };
    let columns = args.columns.columns();
    for (number, task) in tasks.into_iter().enumerate() {
        if number > 0 {
            writeln!(out)?;
        }
        match task {
            Task::Topics => {
                let labelled = run.labelled()?;
                topics::table(&mut out, args, common, labelled)?;
            }
            Task::Summaries => summaries::table(&mut out, run.labelled()?)?,
            Task::Extraction => reading::extraction(&mut out, &rows, &mut report)?,
            Task::Junk => reading::junk(&mut out, &rows, &columns, &mut report)?,
            Task::Sentences => reading::sentence_ends(&mut out, &rows, &columns)?,
        }
    }
    out.complete()?;
    Ok(if unread {
        Ended::InputFailed
    } else {
        run.ended
    })
}

/// What a model made of labelled articles.
struct Labelled {
    analyzer: Analyzer,
    table: Table,
    /// One for each article; `None` where it failed.
    analyses: Vec<Option<Analysis>>,
}

struct Run<'a> {
    args: &'a Args,
    common: &'a Common,
    rows: &'a [Row],
    ended: Ended,
    labelled: Option<Labelled>,
}

impl Run<'_> {
    /// The analyses of all articles, made once.
    fn labelled(&mut self) -> anyhow::Result<&Labelled> {
        let labelled = match self.labelled.take() {
            Some(labelled) => labelled,
            None => self.analyze()?,
        };
        Ok(self.labelled.insert(labelled))
    }

    fn analyze(&mut self) -> anyhow::Result<Labelled> {
        let analyzer = self.common.analyzer()?;
        let options = self.args.shape.options(&analyzer)?;
        let columns = self.args.columns.columns();
        let table = tables::articles(&self.args.data, self.rows.to_vec(), &columns)?;
        let analyses = self.analyses(&analyzer, &options, &table);
        if table.ended == Ended::InputFailed || analyses.iter().any(Option::is_none) {
            self.ended = Ended::InputFailed;
        }
        Ok(Labelled {
            analyzer,
            table,
            analyses,
        })
    }

    fn analyses(
        &self,
        analyzer: &Analyzer,
        options: &Options,
        table: &Table,
    ) -> Vec<Option<Analysis>> {
        let mut progress = self.common.progress();
        let mut analyses = Vec::new();
        for chunk in table.articles.chunks(TOGETHER) {
            let articles: Vec<_> = chunk.iter().map(|(_, article)| article).collect();
            for (analysis, (row, _)) in analyzer
                .analyze_all(&articles, options)
                .into_iter()
                .zip(chunk)
            {
                let analysis = analysis.map_err(|e| {
                    let table = self.args.data.display();
                    say("error", format!("{table}: row {} {e}", row.number));
                });
                analyses.push(analysis.ok());
            }
            let (done, all) = (analyses.len(), table.articles.len());
            progress(&format!("{done} of {all} articles"));
        }
        analyses
    }
}
