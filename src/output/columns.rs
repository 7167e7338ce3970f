//! The columns of a report: what they are called and what stands in them.

use std::borrow::Cow;

use serde_json::Value;

use super::{Outcome, one_line};
use crate::analysis::{Analysis, TopicResult};

/// A column of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name in the header.
    pub name: String,
    kind: Kind,
}

/// What stands in a column.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Path,
    Row,
    Id,
    Title,
    Author,
    Date,
    Site,
    Url,
    Language,
    Labels,
    Uncertain,
    /// Of the topic with this number.
    Probability(usize),
    Evidence(usize),
    Summary,
    Words,
    Sentences,
    Warnings,
    Cluster,
    Text,
    Error,
    /// The column with this name of the table that the article is from.
    Kept(String),
}

/// What stands before the name of a column that is passed on and has the name of one of the
/// report's.
const OF_TABLE: &str = "input_";

/// What values a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// Text.
    Text,
    /// Whole numbers.
    Count,
    /// Numbers from 0 to 1.
    Probability,
    /// Lists of texts, and what stands between them where there is one cell for all.
    List(&'static str),
}

/// What stands in a cell; nothing is `None`.
#[derive(Debug, PartialEq)]
pub enum Cell<'a> {
    /// In a column of [`Holds::Text`].
    Text(Option<Cow<'a, str>>),
    /// In a column of [`Holds::Count`].
    Count(Option<usize>),
    /// In a column of [`Holds::Probability`].
    Probability(Option<f32>),
    /// In a column of [`Holds::List`].
    List(Option<Vec<Cow<'a, str>>>),
}

/// Columns that do not depend on the topics.
const FIXED: [(&str, Kind); 18] = [
    ("path", Kind::Path),
    ("row", Kind::Row),
    ("id", Kind::Id),
    ("title", Kind::Title),
    ("author", Kind::Author),
    ("date", Kind::Date),
    ("site", Kind::Site),
    ("url", Kind::Url),
    ("language", Kind::Language),
    ("labels", Kind::Labels),
    ("uncertain", Kind::Uncertain),
    ("summary", Kind::Summary),
    ("words", Kind::Words),
    ("sentences", Kind::Sentences),
    ("warnings", Kind::Warnings),
    ("cluster", Kind::Cluster),
    ("text", Kind::Text),
    ("error", Kind::Error),
];

/// Why columns cannot be as they are wanted.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ColumnError {
    /// No column of this name.
    #[error("no column \"{0}\"; there are {1} (cluster with --cluster, text with --with-text)")]
    Unknown(String, String),
    /// The same name twice.
    #[error("\"{0}\" is named twice")]
    Twice(String),
    /// A column that was asked for by a flag of its own.
    #[error("{0} is asked for, but not among them; add it")]
    Missing(String),
}

/// What of a report is there beside what always is.
#[derive(Debug, Clone, Default)]
pub struct Extra {
    /// Columns of the tables that are passed on.
    pub kept: Vec<String>,
    /// Whether copies are told.
    pub cluster: bool,
    /// Whether the texts are in the report.
    pub text: bool,
}

impl Kind {
    /// Whether it is in a report of which nothing is said.
    fn is_default(&self) -> bool {
        !matches!(
            self,
            Self::Row
                | Self::Author
                | Self::Date
                | Self::Site
                | Self::Url
                | Self::Language
                | Self::Uncertain
                | Self::Evidence(_)
        )
    }
}

impl Column {
    fn new(name: impl Into<String>, kind: Kind) -> Self {
        let name = name.into();
        Self { name, kind }
    }

    /// All columns that there may be.
    fn all(topics: &[&str], extra: &Extra) -> Vec<Self> {
        let mut columns = Vec::new();
        for (name, kind) in FIXED {
            match kind {
                Kind::Cluster if !extra.cluster => continue,
                Kind::Text if !extra.text => continue,
                _ => columns.push(Self::new(name, kind)),
            }
            if name == "uncertain" {
                for (number, topic) in topics.iter().enumerate() {
                    let kind = Kind::Probability(number);
                    columns.push(Self::new(format!("{topic}_probability"), kind));
                }
                for (number, topic) in topics.iter().enumerate() {
                    columns.push(Self::new(
                        format!("{topic}_evidence"),
                        Kind::Evidence(number),
                    ));
                }
            }
        }
        let own = columns.len();
        for name in &extra.kept {
            let taken = columns[..own].iter().any(|column| column.name == *name);
            columns.push(Self {
                name: match taken {
                    true => format!("{OF_TABLE}{name}"),
                    false => name.clone(),
                },
                kind: Kind::Kept(name.clone()),
            });
        }
        columns
    }

    /// The columns that are wanted, in their order; by default what people ask for most, what
    /// the tables' own columns hold at the end. `topics` are the ids of the model's.
    ///
    /// # Errors
    /// When a name is unknown or there twice, or one of `extra` is not wanted.
    pub fn choose(
        wanted: Option<&[String]>,
        topics: &[&str],
        extra: &Extra,
    ) -> Result<Vec<Self>, ColumnError> {
        let all = Self::all(topics, extra);
        for (number, column) in all.iter().enumerate() {
            if all[..number].iter().any(|other| other.name == column.name) {
                return Err(ColumnError::Twice(column.name.clone()));
            }
        }
        let Some(wanted) = wanted else {
            let default = all.into_iter().filter(|column| column.kind.is_default());
            return Ok(default.collect());
        };
        let mut columns: Vec<Self> = Vec::new();
        for name in wanted {
            if columns.iter().any(|column| column.name == *name) {
                return Err(ColumnError::Twice(name.clone()));
            }
            let Some(column) = all.iter().find(|column| column.name == *name) else {
                let names: Vec<&str> = all.iter().map(|column| column.name.as_str()).collect();
                return Err(ColumnError::Unknown(name.clone(), names.join(", ")));
            };
            columns.push(column.clone());
        }
        let asked = |column: &&Self| matches!(column.kind, Kind::Cluster | Kind::Kept(_));
        match all.iter().filter(asked).find(|c| !columns.contains(c)) {
            Some(column) => Err(ColumnError::Missing(column.name.clone())),
            None => Ok(columns),
        }
    }

    /// What values the column holds.
    #[must_use]
    pub fn holds(&self) -> Holds {
        match &self.kind {
            Kind::Row | Kind::Words | Kind::Sentences | Kind::Cluster => Holds::Count,
            Kind::Probability(_) => Holds::Probability,
            Kind::Labels | Kind::Uncertain => Holds::List(";"),
            Kind::Evidence(_) | Kind::Warnings => Holds::List(" | "),
            _ => Holds::Text,
        }
    }

    /// What stands in it for one input.
    #[must_use]
    pub fn cell<'a>(&self, outcome: &'a Outcome) -> Cell<'a> {
        let analysis = outcome.result.ok();
        let text = |text: Option<&'a str>| Cell::Text(text.map(Cow::Borrowed));
        let meta = |of: fn(&Analysis) -> Option<&str>| text(analysis.and_then(of));
        let topics = |holds: fn(&TopicResult) -> bool| {
            let found = analysis.map(|a| a.topics.iter().filter(move |t| holds(t)));
            Cell::List(found.map(|found| found.map(|t| t.id.as_str().into()).collect()))
        };
        match &self.kind {
            Kind::Path => text(outcome.path),
            Kind::Row => Cell::Count(outcome.row),
            Kind::Id => text(outcome.id),
            Kind::Title => meta(|a| a.title.as_deref()),
            Kind::Author => meta(|a| a.meta.author.as_deref()),
            Kind::Date => meta(|a| a.meta.date.as_deref()),
            Kind::Site => meta(|a| a.meta.site.as_deref()),
            Kind::Url => meta(|a| a.meta.url.as_deref()),
            Kind::Language => meta(|a| a.meta.language.as_deref()),
            Kind::Labels => topics(|topic| topic.label),
            Kind::Uncertain => topics(|topic| topic.uncertain),
            Kind::Probability(number) => {
                Cell::Probability(analysis.map(|a| a.topics[*number].probability))
            }
            Kind::Evidence(number) => {
                let evidence = analysis.map(|a| a.topics[*number].evidence.iter());
                Cell::List(evidence.map(|e| e.map(|e| one_line(&e.text).into()).collect()))
            }
            Kind::Summary => {
                let sentences = analysis.map(|a| a.summary.iter().map(|s| one_line(&s.text)));
                Cell::Text(sentences.map(|s| s.collect::<Vec<_>>().join(" ").into()))
            }
            Kind::Words => Cell::Count(analysis.map(|a| a.words)),
            Kind::Sentences => Cell::Count(analysis.map(|a| a.sentences)),
            Kind::Warnings => {
                Cell::List(analysis.map(|a| a.warnings.iter().map(Into::into).collect()))
            }
            Kind::Cluster => Cell::Count(outcome.cluster),
            Kind::Text => text(outcome.text),
            Kind::Error => text(outcome.result.err()),
            Kind::Kept(name) => Cell::Text(match outcome.columns.and_then(|c| c.get(name)) {
                None | Some(Value::Null) => None,
                Some(Value::String(text)) => Some(Cow::Borrowed(text)),
                Some(other) => Some(other.to_string().into()),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(wanted: Option<&[&str]>, extra: &Extra) -> Result<String, String> {
        let wanted: Option<Vec<String>> =
            wanted.map(|names| names.iter().map(|&name| name.to_owned()).collect());
        let columns = Column::choose(wanted.as_deref(), &["brexit", "sport"], extra);
        let names = columns.map(|c| c.into_iter().map(|c| c.name).collect::<Vec<_>>());
        names
            .map(|names| names.join(","))
            .map_err(|e| e.to_string())
    }

    #[test]
    fn the_report_has_the_columns_of_its_contract_and_what_is_asked_for_beside() {
        assert_eq!(
            names(None, &Extra::default()).unwrap(),
            "path,id,title,labels,brexit_probability,sport_probability,summary,words,sentences,\
             warnings,error"
        );
        let extra = Extra {
            kept: vec!["section".to_owned(), "desk".to_owned()],
            cluster: true,
            text: true,
        };
        assert!(
            names(None, &extra)
                .unwrap()
                .ends_with(",warnings,cluster,text,error,section,desk")
        );
        let wanted = [
            "section",
            "date",
            "cluster",
            "desk",
            "sport_evidence",
            "row",
        ];
        assert_eq!(names(Some(&wanted), &extra).unwrap(), wanted.join(","));
        let extra = Extra {
            kept: vec!["labels".to_owned()],
            ..Extra::default()
        };
        assert_eq!(
            names(Some(&["labels", "input_labels"]), &extra).unwrap(),
            "labels,input_labels"
        );
    }

    #[test]
    fn names_that_cannot_be_are_refused() {
        let kept = |names: &[&str]| Extra {
            kept: names.iter().map(|&name| name.to_owned()).collect(),
            ..Extra::default()
        };
        let refused = |wanted: Option<&[&str]>, extra| names(wanted, &extra).unwrap_err();
        assert!(
            refused(Some(&["dates"]), kept(&[]))
                .starts_with("no column \"dates\"; there are path,")
        );
        assert!(refused(Some(&["text"]), kept(&[])).starts_with("no column \"text\""));
        assert_eq!(
            refused(Some(&["id", "id"]), kept(&[])),
            "\"id\" is named twice"
        );
        assert_eq!(refused(None, kept(&["a", "a"])), "\"a\" is named twice");
        assert_eq!(
            refused(Some(&["id", "labels"]), kept(&["labels"])),
            "input_labels is asked for, but not among them; add it"
        );
    }
}
