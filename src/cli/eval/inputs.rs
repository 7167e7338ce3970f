//! What the flags of `eval` name: tables, gates, earlier results.

use std::path::Path;

use anyhow::{Context, anyhow, bail};

use super::{Args, Bound};
use crate::cli::{Common, Ended, tables};
use crate::evaluate::cases::Data;
use crate::evaluate::gates::{self, Gates};
use crate::evaluate::results::{Results, SCHEMA};
use crate::evaluate::topics::{Text, Training};
use crate::evaluate::{against, fixtures};
use crate::records::POSITIVE;

/// The rows to measure on.
pub(super) fn data(args: &Args, common: &Common) -> anyhow::Result<(Data, Ended)> {
    let Some(path) = &args.data else {
        return Ok((fixtures::data()?, Ended::Well));
    };
    let (rows, ended) = tables::rows(path, common)?;
    let data = Data {
        name: name(path),
        path: path.display().to_string(),
        rows,
        columns: args.columns.columns(),
    };
    Ok((data, ended))
}

/// A table's name: that of its file without what tells the format.
fn name(path: &Path) -> String {
    const FORMATS: [&str; 11] = [
        ".gz", ".zst", ".bz2", ".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".tab", ".parquet",
        ".pq",
    ];
    if path == Path::new("-") {
        return "standard input".to_owned();
    }
    let file = path
        .file_name()
        .unwrap_or(path.as_os_str())
        .to_string_lossy();
    let mut name = file.as_ref();
    while let Some(short) = FORMATS.iter().find_map(|f| name.strip_suffix(f)) {
        name = short;
    }
    name.to_owned()
}

/// The gates of --gate.
pub(super) fn gates(args: &Args, data: &Data) -> anyhow::Result<Gates> {
    let (gates, suite) = match &args.gate {
        None => return Ok(Gates::default()),
        Some(None) => {
            let gates = gates::read(gates::SUITE, &data.name).map_err(|e| {
                anyhow!("--gate: the suite {e}; name another with --gate SUITE.toml, or use --min")
            })?;
            (gates, "the suite".to_owned())
        }
        Some(Some(path)) => {
            let name = path.display().to_string();
            let suite =
                std::fs::read_to_string(path).with_context(|| format!("{name}: cannot be read"))?;
            let gates = gates::read(&suite, &data.name).map_err(|e| anyhow!("{name}: {e}"))?;
            (gates, name)
        }
    };
    if gates.is_empty() {
        bail!(
            "{suite}: the table \"{}\" has neither min nor max",
            data.name
        );
    }
    Ok(gates)
}

/// The gates of --min and --max.
pub(super) fn bounds(args: &Args) -> Gates {
    let pairs = |bounds: &[Bound]| bounds.iter().map(|b| (b.0.clone(), b.1)).collect();
    Gates {
        min: pairs(&args.min),
        max: pairs(&args.max),
    }
}

/// Results that an earlier run recorded on the same data.
pub(super) fn recorded(path: &Path, args: &Args, data: &Data) -> anyhow::Result<Results> {
    let name = path.display();
    let json = std::fs::read(path).with_context(|| format!("{name}: cannot be read"))?;
    let results: Results = serde_json::from_slice(&json)
        .with_context(|| format!("{name}: holds no results of `classify eval -f json`"))?;
    if results.schema != SCHEMA {
        let found = results.schema;
        bail!("{name}: has results of version {found}, not {SCHEMA}; record them anew");
    }
    against::comparable(&results, &data.record(), args.shape.sentences())
        .map_err(|e| anyhow!("{name}: {e}"))?;
    Ok(results)
}

/// The articles that the TF-IDF baseline is fitted on: those that are labelled.
pub(super) fn training(
    path: &Path,
    ids: &[String],
    args: &Args,
    common: &Common,
) -> anyhow::Result<(Training, Ended)> {
    let mut table = tables::read(path, &args.columns.columns(), common)?;
    table.articles.retain(|(row, _)| row.is_labelled());
    if table.articles.is_empty() {
        bail!(
            "{}: no row has grades or labels to fit TF-IDF on",
            path.display()
        );
    }
    let holds = |id: &String| -> anyhow::Result<Vec<bool>> {
        let grades = table.articles.iter().map(|(row, _)| match row.grade(id) {
            Ok(grade) => Ok(grade >= POSITIVE),
            Err(e) => Err(anyhow!("{}: row {} {e}", path.display(), row.number)),
        });
        grades.collect()
    };
    if table.articles.iter().all(|(row, _)| {
        ids.iter()
            .all(|id| row.grade(id).is_ok_and(|g| g < POSITIVE))
    }) {
        bail!(
            "{}: no row has one of the measured topics; TF-IDF cannot be fitted on it",
            path.display()
        );
    }
    let training = Training {
        texts: table.articles.iter().map(|(_, a)| Text::of(a)).collect(),
        holds: ids.iter().map(holds).collect::<anyhow::Result<_>>()?,
    };
    Ok((training, table.ended))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_called_like_its_file() {
        let named = |path: &str| name(Path::new(path));
        assert_eq!(named("a/dev.jsonl.gz"), "dev");
        assert_eq!(named("news.2024.csv"), "news.2024");
        assert_eq!(
            (named("-"), named("plain")),
            ("standard input".to_owned(), "plain".to_owned())
        );
    }
}
