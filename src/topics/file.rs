//! Topic files: topics of the user's own, as TOML.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;

/// What a topic file says.
#[derive(Debug, Clone, PartialEq)]
pub struct TopicFile {
    /// Whether the model's own topics are told as well.
    pub builtin: bool,
    /// The topics in order.
    pub topics: Vec<Entry>,
}

/// One topic of a file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Entry {
    /// Short name for machines.
    pub id: String,
    /// Name for people; the id when the file gives none.
    pub name: String,
    /// What the topic covers; empty when the file gives none.
    pub definition: String,
    /// Sentences that are about the topic.
    pub examples: Vec<String>,
    /// Probability from which on the topic holds, when the file sets it.
    pub threshold: Option<f32>,
}

impl Entry {
    /// Whether the file says what the topic is, beside its name.
    #[must_use]
    pub fn is_defined(&self) -> bool {
        !self.definition.is_empty() || !self.examples.is_empty()
    }
}

/// Something wrong in a topic file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct Problem {
    /// Number of the line, from 1.
    pub line: usize,
    /// What is wrong, and what to do.
    pub problem: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    builtin: Option<bool>,
    #[serde(default)]
    topic: Vec<Spanned<RawTopic>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTopic {
    id: Option<Spanned<String>>,
    name: Option<Spanned<String>>,
    definition: Option<Spanned<String>>,
    #[serde(default)]
    examples: Vec<Spanned<String>>,
    threshold: Option<Spanned<f64>>,
}

/// Longest id.
const LONGEST_ID: usize = 64;

impl TopicFile {
    /// Reads a topic file.
    ///
    /// # Errors
    /// Everything that is wrong in it, in the order of the lines.
    pub fn parse(text: &str) -> Result<Self, Vec<Problem>> {
        let raw: RawFile = toml::from_str(text).map_err(|e| {
            let problem = e.message().replace('\n', " ");
            vec![problem_at(text, e.span().unwrap_or(0..0), problem)]
        })?;
        let mut problems = Vec::new();
        if raw.topic.is_empty() {
            let problem = "no topic; begin one with [[topic]], an id and a definition";
            problems.push(problem_at(text, 0..0, problem));
        }
        let mut seen = BTreeMap::new();
        let topics = raw
            .topic
            .into_iter()
            .map(|topic| {
                let span = topic.span();
                let entry = entry(text, topic, &mut problems);
                if let Some(first) = seen.insert(entry.id.clone(), span.clone())
                    && !entry.id.is_empty()
                {
                    let problem = format!(
                        "id \"{}\" is taken by the topic in line {}; each needs its own",
                        entry.id,
                        line_of(text, first.start)
                    );
                    problems.push(problem_at(text, span, problem));
                }
                entry
            })
            .collect();
        problems.sort_by_key(|p| p.line);
        if problems.is_empty() {
            Ok(Self {
                builtin: raw.builtin.unwrap_or(true),
                topics,
            })
        } else {
            Err(problems)
        }
    }
}

fn entry(text: &str, topic: Spanned<RawTopic>, problems: &mut Vec<Problem>) -> Entry {
    let span = topic.span();
    let raw = topic.into_inner();
    let mut wrong = |span: Range<usize>, problem: String| {
        problems.push(problem_at(text, span, problem));
    };
    let id = match raw.id {
        Some(id) => {
            if let Err(problem) = check_id(id.get_ref()) {
                wrong(id.span(), problem);
            }
            id.into_inner()
        }
        None => {
            wrong(
                span.clone(),
                "the topic has no id: id = \"short_name\"".to_owned(),
            );
            String::new()
        }
    };
    let mut filled = |value: Option<Spanned<String>>, what: &str| -> Option<String> {
        let value = value?;
        if !value.get_ref().chars().any(char::is_alphanumeric) {
            let problem = format!("{what} of topic \"{id}\" says nothing; fill it or leave it out");
            wrong(value.span(), problem);
        }
        let odd = value.get_ref().chars().find(|c| c.is_control());
        if let (Some(odd), "the name") = (odd, what) {
            let problem = format!("{what} of topic \"{id}\" has {odd:?} in it: leave it out");
            wrong(value.span(), problem);
        }
        Some(value.into_inner())
    };
    let name = filled(raw.name, "the name");
    let definition = filled(raw.definition, "the definition");
    let examples: Vec<String> = raw
        .examples
        .into_iter()
        .filter_map(|example| filled(Some(example), "an example"))
        .collect();
    let threshold = raw.threshold.map(|threshold| {
        let (at, value) = (threshold.span(), threshold.into_inner());
        if !(0.0..=1.0).contains(&value) {
            let problem = format!("threshold {value} of topic \"{id}\" is not between 0 and 1");
            wrong(at, problem);
        }
        #[expect(clippy::cast_possible_truncation, reason = "a probability")]
        let value = value as f32;
        value
    });
    Entry {
        name: name.unwrap_or_else(|| id.clone()),
        definition: definition.unwrap_or_default(),
        id,
        examples,
        threshold,
    }
}

/// An id is a column of reports and a word of command lines. Labels of tables are
/// ids as well, so most characters pass.
fn check_id(id: &str) -> Result<(), String> {
    let odd = |c: &char| c.is_control() || *c == '=' || *c == ',' || *c == '"';
    if !id.chars().any(char::is_alphanumeric) {
        Err(format!("id {id:?} has neither letter nor digit"))
    } else if id.trim() != id {
        Err(format!("id {id:?} begins or ends with a space"))
    } else if id.chars().count() > LONGEST_ID {
        let count = id.chars().count();
        Err(format!(
            "an id has at most {LONGEST_ID} characters, not {count}"
        ))
    } else if let Some(odd) = id.chars().find(odd) {
        Err(format!(
            "id {id:?} has {odd:?} in it, which lists of labels cannot hold"
        ))
    } else {
        Ok(())
    }
}

fn problem_at(text: &str, span: Range<usize>, problem: impl Into<String>) -> Problem {
    Problem {
        line: line_of(text, span.start),
        problem: problem.into(),
    }
}

fn line_of(text: &str, at: usize) -> usize {
    let before = text.as_bytes().iter().take(at);
    before.filter(|byte| **byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_whole_file() {
        let file = TopicFile::parse(
            "builtin = false\n\n[[topic]]\nid = \"sailing\"\nname = \"Sailing\"\n\
             definition = \"Yachts and regattas\"\nexamples = [\"The yacht sank.\"]\n\
             threshold = 0.4\n[[topic]]\nid = \"tea\"\n",
        )
        .unwrap();
        assert!(!file.builtin);
        assert_eq!(
            file.topics[0],
            Entry {
                id: "sailing".to_owned(),
                name: "Sailing".to_owned(),
                definition: "Yachts and regattas".to_owned(),
                examples: vec!["The yacht sank.".to_owned()],
                threshold: Some(0.4),
            }
        );
        assert_eq!(file.topics[1].name, "tea");
    }

    #[test]
    fn every_problem_is_told_with_its_line() {
        let told = |text: &str| -> Vec<String> {
            let problems = TopicFile::parse(text).unwrap_err();
            problems.iter().map(Problem::to_string).collect()
        };
        let text = "[[topic]]\nid = \"Sea,Trade\"\ndefinition = \"…\"\nthreshold = 50\n\n\
                    [[topic]]\nname = \"Tea\"\nexamples = [\n  \"Tea.\",\n  \"\",\n]\n\n\
                    [[topic]]\nid = \"tea\"\n[[topic]]\nid = \"tea\"\n";
        assert_eq!(
            told(text),
            [
                "line 2: id \"Sea,Trade\" has ',' in it, which lists of labels cannot hold",
                "line 3: the definition of topic \"Sea,Trade\" says nothing; fill it or leave it out",
                "line 4: threshold 50 of topic \"Sea,Trade\" is not between 0 and 1",
                "line 6: the topic has no id: id = \"short_name\"",
                "line 10: an example of topic \"\" says nothing; fill it or leave it out",
                "line 15: id \"tea\" is taken by the topic in line 13; each needs its own",
            ]
        );
        assert!(told("")[0].contains("no topic"));
        assert!(told("[[topic]]\nid = \"a\"\nlabel = 1\n")[0].starts_with("line 3: unknown field"));
        assert!(told("[[topic]]\nid = a\n")[0].starts_with("line 2: "));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(\\[\\[topic\\]\\]\n|id|name|=|\"|[a-z]|\n|\\[|\\]|é|0\\.5|threshold ?= ?){0,40}") {
            let _ = TopicFile::parse(&text);
        }
    }
}
