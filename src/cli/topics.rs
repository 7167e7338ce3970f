//! `classify topics`: what a model knows, and whether a topic file is right.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use super::files::Output;
use super::{Common, Ended};
use crate::analyzer::{Analyzer, definitions};
use crate::output::one_line;
use crate::topics::{TopicFile, phrases};

/// What `topics` can do; by itself it lists.
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// Check a topic file: every mistake with its line, or how each topic is read
    ///
    /// A topic file is TOML. Each [[topic]] has an id and a definition (what such articles speak
    /// of, many things, parted by commas), and may have a name, examples (sentences) and a
    /// threshold. builtin = false at the top leaves the model's own topics out.
    Check {
        /// The topic file
        #[arg(value_name = "TOPICS.toml")]
        file: PathBuf,
    },
}

/// A file with topics of the user's own.
#[derive(Debug, clap::Args)]
pub struct Own {
    /// Topics of your own, told by their definitions, beside the model's: a TOML file, see
    /// `classify topics check --help`
    #[arg(long, value_name = "TOPICS.toml")]
    topics: Option<PathBuf>,
}

impl Own {
    /// The file, which no output must overwrite.
    pub fn file(&self) -> Option<PathBuf> {
        self.topics.clone()
    }

    /// The model, ready to run as the flags say, with these topics.
    pub fn analyzer(&self, common: &Common) -> anyhow::Result<Analyzer> {
        self.beside(common.analyzer()?, common)
    }

    /// The model with these topics.
    pub fn beside(&self, analyzer: Analyzer, common: &Common) -> anyhow::Result<Analyzer> {
        let Some(path) = &self.topics else {
            return Ok(analyzer);
        };
        let file = read(path)?;
        let vague = file.topics.iter().filter(|t| t.definition.is_empty());
        for topic in vague.filter(|t| t.examples.is_empty()) {
            common.warn(format!(
                "{}: topic {} has only a name; a definition makes it far more exact",
                path.display(),
                topic.id
            ));
        }
        analyzer
            .with_own_topics(&file)
            .with_context(|| path.display().to_string())
    }
}

/// Reads a topic file. Every problem in it is reported, then the error counts them.
pub fn read(path: &Path) -> anyhow::Result<TopicFile> {
    let name = path.display();
    let text = std::fs::read_to_string(path).with_context(|| name.to_string())?;
    TopicFile::parse(&text).map_err(|problems| {
        for problem in &problems {
            super::say("error", format!("{name}: {problem}"));
        }
        anyhow::anyhow!("{name}: {}", counted(problems.len(), "problem"))
    })
}

fn counted(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        n => format!("{n} {what}s"),
    }
}

pub fn run(verb: Option<&Verb>, own: &Own, common: &Common) -> anyhow::Result<Ended> {
    match verb {
        Some(Verb::Check { file }) => check(file, common),
        None => list(own, common),
    }
}

fn list(own: &Own, common: &Common) -> anyhow::Result<Ended> {
    let analyzer = own.analyzer(common)?;
    let mut out = Output::open(None, &[])?;
    if analyzer.topics().is_empty() {
        bail!(
            "model {} has no topics: it is a bare encoder; train some with `classify train`",
            analyzer.model().name
        );
    }
    for topic in analyzer.topics() {
        writeln!(out, "{}  {}", topic.id, one_line(&topic.name))?;
        if !topic.definition.is_empty() {
            writeln!(out, "    {}", one_line(&topic.definition))?;
        }
        let band = topic.uncertain;
        let doubt = match band.from < band.to {
            true => format!(", uncertain from {} to {}", band.from, band.to),
            false => String::new(),
        };
        let (kind, threshold) = (&topic.kind, topic.threshold);
        writeln!(out, "    {kind}, holds from probability {threshold}{doubt}")?;
    }
    out.complete()?;
    Ok(Ended::Well)
}

fn check(path: &Path, common: &Common) -> anyhow::Result<Ended> {
    let file = read(path)?;
    let bundle = common.bundle()?;
    if file.builtin && bundle.has_heads() {
        let known = definitions(&bundle)?.topics;
        for topic in (file.topics.iter()).filter(|t| known.iter().any(|k| k.id == t.id)) {
            common.warn(format!(
                "{}: topic \"{}\" is one of model {}'s own too; beside them it needs another \
                 id, or builtin = false to leave them out",
                path.display(),
                topic.id,
                bundle.manifest.name
            ));
        }
    }
    let mut out = Output::open(None, &[])?;
    for topic in &file.topics {
        writeln!(out, "{}  {}", topic.id, one_line(&topic.name))?;
        for phrase in phrases(&topic.name, &topic.definition, &topic.examples) {
            writeln!(out, "    {}", one_line(&phrase))?;
        }
    }
    let beside = if file.builtin {
        "beside the model's own topics"
    } else {
        "in place of the model's own topics"
    };
    let count = counted(file.topics.len(), "topic");
    writeln!(out, "{}: {count}, {beside}; no mistakes", path.display())?;
    out.complete()?;
    Ok(Ended::Well)
}
