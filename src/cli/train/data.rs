//! What a training run reads: tables to articles, topics and grades.

use std::cell::Cell;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::Path;

use anyhow::bail;

use super::Args;
use crate::analyzer::document;
use crate::article::{Article, Segments, segment};
use crate::cli::{Common, Ended, tables, topics};
use crate::encoder::Document;
use crate::evaluate::cases::{gold, has_gold};
use crate::evaluate::summaries::Gold;
use crate::model::sha256_hex;
use crate::records::{Columns, Fields, POSITIVE, Row};
use crate::topics::{Entry, ROWS};
use crate::train::{few, words};

/// Articles of general news that a model keeps.
const BACKGROUND: usize = 200;

/// Fewer say nothing of what is usual.
const LEAST_BACKGROUND: usize = 50;

/// Fewer teach next to nothing.
const LEAST_POSITIVE: usize = 8;

/// Columns of marked sentences.
const MARKS: [&str; 2] = ["best", "alternates"];

/// The articles of a table that have sentences.
#[derive(Clone, Default)]
pub struct Set {
    pub rows: Vec<Row>,
    pub articles: Vec<Article>,
    pub segments: Vec<Segments>,
}

impl Set {
    /// What is encoded of each article.
    pub fn documents(&self) -> Vec<Document<'_>> {
        let pairs = self.articles.iter().zip(&self.segments);
        pairs
            .map(|(article, segments)| document(article, segments))
            .collect()
    }

    fn append(&mut self, more: Self) {
        self.rows.extend(more.rows);
        self.articles.extend(more.articles);
        self.segments.extend(more.segments);
    }

    /// These articles alone.
    fn pick(&self, numbers: &[usize]) -> Self {
        let of = |i: &usize| {
            (
                self.rows[*i].clone(),
                self.articles[*i].clone(),
                self.segments[*i].clone(),
            )
        };
        let mut picked = Self::default();
        for (row, article, segments) in numbers.iter().map(of) {
            picked.rows.push(row);
            picked.articles.push(article);
            picked.segments.push(segments);
        }
        picked
    }
}

/// Everything that a run learns topics from.
pub struct Data {
    pub set: Set,
    /// The topics.
    pub entries: Vec<Entry>,
    /// The grade of each article for each topic.
    pub grades: Vec<Vec<u8>>,
    /// Whether a topic has so few articles that all are told by their definitions.
    pub few: bool,
    /// General news, when a table of it is named.
    pub background: Option<Set>,
    /// The articles of `--also`.
    pub more: words::More,
}

/// Articles with what their summaries should be.
#[derive(Default)]
pub struct Summaries {
    pub set: Set,
    /// Of each article.
    pub golds: Vec<Gold>,
}

impl Data {
    /// The documents of the background, as much of each as is kept.
    pub fn general(&self) -> Option<Vec<Document<'_>>> {
        let mut documents = self.background.as_ref()?.documents();
        documents
            .iter_mut()
            .for_each(|d| d.sentences.truncate(ROWS));
        Some(documents)
    }

    /// Which topics share a calibration: those that have few articles, and are told alike.
    pub fn group(&self, topic: usize) -> Option<usize> {
        let positive = self.grades.iter().filter(|g| g[topic] >= POSITIVE).count();
        let defined = usize::from(self.entries[topic].is_defined());
        (self.few && positive < few::ENOUGH).then_some(defined)
    }

    /// Whether each topic holds for an article.
    pub fn holds(&self, article: usize) -> Vec<bool> {
        let grades = self.grades[article].iter();
        grades.map(|grade| *grade >= POSITIVE).collect()
    }

    /// The same with these labelled articles alone.
    pub fn pick(&self, numbers: &[usize]) -> Self {
        Self {
            set: self.set.pick(numbers),
            entries: self.entries.clone(),
            grades: numbers.iter().map(|&i| self.grades[i].clone()).collect(),
            few: self.few,
            background: self.background.clone(),
            more: self.more.clone(),
        }
    }
}

/// Reads the tables of a run.
pub struct Reader<'a> {
    pub args: &'a Args,
    pub common: &'a Common,
    /// Whether a row was left out.
    pub ended: Cell<Ended>,
}

impl Reader<'_> {
    /// Reads labelled articles and all that goes with them; `general` says whether the model
    /// has a background of its own.
    pub fn read(&self, path: &Path, general: bool) -> anyhow::Result<Data> {
        let args = self.args;
        let set = self.set(path)?;
        let entries = self.entries(path, &set.rows)?;
        let graded = self.grades(path, &set.rows, &entries)?;
        let numbers = self.usable(path, &set, &graded);
        let (set, grades) = (
            set.pick(&numbers),
            numbers.iter().filter_map(|&i| graded[i].clone()),
        );
        let grades: Vec<Vec<u8>> = grades.collect();
        let fewest = self.fewest(&entries, &grades);
        let few =
            fewest < few::ENOUGH && (general && !args.finetune || !args.background.is_empty());
        if args.finetune && fewest < few::ENOUGH && !few {
            bail!(
                "a topic has {fewest} articles, fewer than {}: --finetune then needs \
                 --background, a table of general news to measure the topics against, since the \
                 model's own is of its encoder as it is",
                few::ENOUGH
            );
        }
        if few {
            let left_out = match &args.also {
                Some(_) => "; --also is left out",
                None => "",
            };
            let how = match entries.iter().any(Entry::is_defined) {
                true => "all topics are told by their definitions, which the articles correct",
                false => {
                    "all topics are told by a simple model; with definitions (--topics) it \
                     would be a better one"
                }
            };
            self.common.warn(format!(
                "a topic has {fewest} articles, fewer than {}: {how}{left_out}",
                few::ENOUGH,
            ));
        }
        let background = match args.background.as_slice() {
            [] => None,
            tables => Some(self.background(tables)?),
        };
        let more = match &args.also {
            Some(path) if !few => self.more(path, &entries)?,
            _ => words::More::default(),
        };
        if args.finetune && background.is_none() {
            self.common.warn(
                "without --background the new model will not tell topics of --topics: the model's \
                 own general news is of its encoder as it is",
            );
        }
        Ok(Data {
            set,
            entries,
            grades,
            few,
            background,
            more,
        })
    }

    fn set(&self, path: &Path) -> anyhow::Result<Set> {
        self.set_of(path, self.rows(path)?)
    }

    fn set_of(&self, path: &Path, rows: Vec<Row>) -> anyhow::Result<Set> {
        let table = tables::articles(path, rows, &self.columns())?;
        if table.ended == Ended::InputFailed {
            self.ended.set(Ended::InputFailed);
        }
        let mut set = Set::default();
        for (row, article) in table.articles {
            let found = segment(&article);
            if found.sentences.is_empty() {
                let (name, number) = (path.display(), row.number);
                self.common
                    .warn(format!("{name}: row {number} has no sentence; left out"));
                continue;
            }
            set.rows.push(row);
            set.articles.push(article);
            set.segments.push(found);
        }
        Ok(set)
    }

    /// Reads the articles of `--summaries`.
    pub fn summaries(&self) -> anyhow::Result<Option<Summaries>> {
        if self.args.summaries.is_empty() {
            return Ok(None);
        }
        let mut marks = self.marks()?;
        let mut all = Summaries::default();
        let mut seen = HashSet::new();
        for path in &self.args.summaries {
            let mut rows = self.rows(path)?;
            if let Some(marks) = &mut marks {
                let id = self.columns().id;
                rows.retain_mut(|row| {
                    let marks = row.text_of(&id).and_then(|id| marks.remove(&id));
                    let has_own = has_gold(row);
                    for (column, value) in marks.iter().flatten() {
                        row.fields.insert(column.clone(), value.clone());
                    }
                    has_own || marks.is_some()
                });
            }
            let set = self.set_of(path, rows)?;
            let golds = set.rows.iter().zip(&set.articles).map(|(row, article)| {
                gold(row, article)?.ok_or_else(|| {
                    "has neither marked sentences (best) nor a written summary (references)"
                        .to_owned()
                })
            });
            let golds = self.left_out(path, &set.rows, golds)?;
            let usable: Vec<usize> = (0..golds.len()).filter(|&i| golds[i].is_some()).collect();
            let once = |i: &usize| seen.insert(sha256_hex(set.articles[*i].text.trim().as_bytes()));
            let numbers: Vec<usize> = usable.iter().copied().filter(once).collect();
            self.copies(path, usable.len() - numbers.len());
            let golds = numbers.iter().filter_map(|&i| golds[i].clone());
            all.golds.extend(golds);
            all.set.append(set.pick(&numbers));
        }
        if let (Some(left), Some(path)) =
            (marks.filter(|m| !m.is_empty()), &self.args.summary_marks)
        {
            self.common.warn(format!(
                "{}: {} articles are in none of the tables of --summaries",
                path.display(),
                left.len()
            ));
        }
        Ok(Some(all))
    }

    /// The columns of `--summary-marks` by article.
    fn marks(&self) -> anyhow::Result<Option<HashMap<String, Fields>>> {
        let Some(path) = &self.args.summary_marks else {
            return Ok(None);
        };
        let id = self.columns().id;
        let rows = self.rows(path)?.into_iter();
        let marks: HashMap<String, Fields> = rows
            .filter_map(|mut row| {
                let of = row.text_of(&id)?;
                row.fields
                    .retain(|column, _| MARKS.contains(&column.as_str()));
                Some((of, row.fields))
            })
            .collect();
        if marks.is_empty() {
            bail!(
                "{}: no row has \"{id}\"; name the column with --id-column",
                path.display()
            );
        }
        Ok(Some(marks))
    }

    fn rows(&self, path: &Path) -> anyhow::Result<Vec<Row>> {
        let (rows, ended) = tables::rows(path, self.common)?;
        if ended == Ended::InputFailed {
            self.ended.set(ended);
        }
        Ok(rows)
    }

    /// What is right; rows with something wrong are named and left out, unless all are wrong.
    fn left_out<T>(
        &self,
        path: &Path,
        rows: &[Row],
        found: impl Iterator<Item = Result<T, String>>,
    ) -> anyhow::Result<Vec<Option<T>>> {
        let (mut wrong, mut first) = (0, None);
        let mut right = Vec::with_capacity(rows.len());
        for (row, found) in rows.iter().zip(found) {
            if let Err(problem) = &found {
                wrong += 1;
                first.get_or_insert(format!("row {} {problem}", row.number));
            }
            right.push(found.ok());
        }
        if let Some(first) = first {
            let path = path.display();
            if wrong == rows.len() {
                bail!("{path}: {first}");
            }
            self.ended.set(Ended::InputFailed);
            let rest = match wrong {
                1 => "it is left out".to_owned(),
                _ => format!("it and {} more like it are left out", wrong - 1),
            };
            self.common.warn(format!("{path}: {first}; {rest}"));
        }
        Ok(right)
    }

    fn columns(&self) -> Columns {
        self.args.columns.columns()
    }

    fn entries(&self, table: &Path, rows: &[Row]) -> anyhow::Result<Vec<Entry>> {
        let named: BTreeSet<String> = rows.iter().flat_map(Row::topics).collect();
        let entries = match &self.args.topics {
            Some(path) => {
                let name = path.display();
                let list = topics::read(path)?;
                if let Some(absent) = list.topics.iter().find(|t| !named.contains(&t.id)) {
                    bail!(
                        "{name}: topic \"{}\" is in no row of the articles, in grades or labels",
                        absent.id
                    );
                }
                self.strangers(table, &named, &list.topics)?;
                list.topics
            }
            None => named
                .into_iter()
                .map(|id| Entry {
                    name: id.clone(),
                    id,
                    ..Entry::default()
                })
                .collect(),
        };
        if entries.is_empty() {
            bail!(
                "{}: no row names a topic, in grades or labels",
                table.display()
            );
        }
        Ok(entries)
    }

    /// Labels that are no topic of the file: refused where they are one but for case and
    /// spaces, since their articles would count as being without it.
    fn strangers(
        &self,
        table: &Path,
        named: &BTreeSet<String>,
        topics: &[Entry],
    ) -> anyhow::Result<()> {
        let table = table.display();
        let strange = |label: &&String| topics.iter().all(|topic| topic.id != **label);
        let strangers: Vec<&str> = named.iter().filter(strange).map(String::as_str).collect();
        let plain = |text: &str| text.trim().to_lowercase();
        for label in &strangers {
            if let Some(topic) = topics.iter().find(|t| plain(&t.id) == plain(label)) {
                bail!(
                    "{table}: some labels say \"{label}\"; write the topic \"{}\"",
                    topic.id
                );
            }
        }
        if !strangers.is_empty() {
            let ids = strangers.join("\", \"");
            self.common.warn(format!(
                "{table}: labels that are no topics of the file are left out: \"{ids}\""
            ));
        }
        Ok(())
    }

    /// Articles of the topic that has fewest; warns of topics that can hardly be learnt.
    fn fewest(&self, entries: &[Entry], grades: &[Vec<u8>]) -> usize {
        let count = |index: usize| grades.iter().filter(|g| g[index] >= POSITIVE).count();
        for (index, topic) in entries.iter().enumerate() {
            let (id, positive) = (&topic.id, count(index));
            if positive < LEAST_POSITIVE {
                self.common.warn(format!(
                    "topic {id}: {positive} articles have it; expect little of it"
                ));
            } else if positive == grades.len() {
                self.common.warn(format!(
                    "topic {id}: all articles have it; add some that have not, or nothing can be \
                     learnt of it"
                ));
            }
        }
        (0..entries.len()).map(count).min().unwrap_or(0)
    }

    /// The grades of each row for each topic; nothing for a row that has none, or wrong ones.
    fn grades(
        &self,
        path: &Path,
        rows: &[Row],
        entries: &[Entry],
    ) -> anyhow::Result<Vec<Option<Vec<u8>>>> {
        let grades = rows.iter().map(|row| {
            let grades = entries.iter().map(|topic| row.grade(&topic.id));
            grades.collect()
        });
        self.left_out(path, rows, grades)
    }

    /// The numbers of the rows that have grades and repeat no other: a copy that one learns
    /// from and another is judged by would make the figures too good.
    fn usable(&self, table: &Path, set: &Set, graded: &[Option<Vec<u8>>]) -> Vec<usize> {
        let mut seen = HashSet::new();
        let has_grades = |i: &usize| graded[*i].is_some();
        let of_grades: Vec<usize> = (0..set.rows.len()).filter(has_grades).collect();
        let once = |i: &usize| seen.insert(set.articles[*i].text.trim());
        let numbers: Vec<usize> = of_grades.iter().copied().filter(once).collect();
        self.copies(table, of_grades.len() - numbers.len());
        numbers
    }

    fn copies(&self, table: &Path, count: usize) {
        if count > 0 {
            self.common.warn(format!(
                "{}: {count} rows repeat the text of another; of each the first is used",
                table.display()
            ));
        }
    }

    /// The articles of `--also`.
    fn more(&self, path: &Path, entries: &[Entry]) -> anyhow::Result<words::More> {
        let set = self.set(path)?;
        let texts = set.documents().into_iter().map(|d| {
            let rows: Vec<&str> = d.title.into_iter().chain(d.sentences).collect();
            rows.join(" ")
        });
        let mut more = words::More::default();
        let mut take = |text, grades| {
            more.texts.push(text);
            more.grades.push(grades);
        };
        let Some(path_of_labels) = &self.args.also_labels else {
            for (text, grades) in texts.zip(self.grades(path, &set.rows, entries)?) {
                if let Some(grades) = grades {
                    take(text, grades);
                }
            }
            return Ok(more);
        };
        let id = self.columns().id;
        let rows = self.rows(path_of_labels)?;
        let all = self.grades(path_of_labels, &rows, entries)?;
        let mut by_id: HashMap<String, Vec<u8>> = rows
            .iter()
            .zip(all)
            .filter_map(|(row, grades)| Some((row.text_of(&id)?, grades?)))
            .collect();
        if by_id.is_empty() {
            bail!(
                "{}: no row has \"{id}\"; name the column with --id-column",
                path_of_labels.display()
            );
        }
        for (row, text) in set.rows.iter().zip(texts) {
            if let Some(grades) = row.text_of(&id).and_then(|id| by_id.remove(&id)) {
                take(text, grades);
            }
        }
        if !by_id.is_empty() {
            self.common.warn(format!(
                "{}: {} labelled articles are not in {}",
                path_of_labels.display(),
                by_id.len(),
                path.display()
            ));
        }
        Ok(more)
    }

    /// General news of the tables, drawn evenly from each.
    fn background(&self, tables: &[std::path::PathBuf]) -> anyhow::Result<Set> {
        let mut all = Set::default();
        for path in tables {
            let set = self.set(path)?;
            let count = set.articles.len();
            let each = (BACKGROUND / tables.len()).min(count);
            let drawn: Vec<usize> = (0..each).map(|i| i * count / each).collect();
            let drawn = set.pick(&drawn);
            all.append(drawn);
        }
        let count = all.articles.len();
        if count < LEAST_BACKGROUND {
            bail!(
                "the tables of --background give {count} articles; give {LEAST_BACKGROUND} or more"
            );
        }
        Ok(all)
    }
}
