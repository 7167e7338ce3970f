//! Where the articles of a batch come from: files, folders of them, and tables.

use std::io;
use std::path::{Component, Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};
use ignore::WalkBuilder;
use ignore::overrides::OverrideBuilder;

use crate::article::{Article, ReadError, read, table_of_name};
use crate::records::{self, Columns, Done, Fields, RecordError, Row, Rows};

/// Why the sources of a batch cannot be listed.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// A pattern that cannot be understood.
    #[error("\"{pattern}\" is no pattern: {problem}")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A folder that has no file that is wanted.
    #[error("{0}: has no file that is wanted in it")]
    Nothing(String),
    /// A folder that cannot be read.
    #[error("cannot be listed: {0}")]
    Walk(#[from] ignore::Error),
}

/// Which files of folders are wanted. The patterns are those of `.gitignore`: without a slash
/// they are compared with the names of files and folders, with one with the way from the folder;
/// a folder that fits stands for all that is below it.
#[derive(Debug, Clone, Default)]
pub struct Patterns {
    /// When there are any, only files that one of these fits.
    pub include: Vec<String>,
    /// Files and folders that are left out.
    pub exclude: Vec<String>,
}

/// The files that paths stand for: each file itself, of a folder all files below it in the
/// order of their names, of a pattern such as `archive/**/*.html` what it fits, folders too. Hidden
/// files are left out, and links to folders not followed: they may lead in circles.
///
/// # Errors
/// When a folder has nothing that is wanted, or a pattern is none. What cannot be looked at is
/// listed, so that it is heard of.
pub fn find(paths: &[PathBuf], patterns: &Patterns) -> Result<Vec<PathBuf>, SourceError> {
    let mut files = Vec::new();
    for path in paths {
        let before = files.len();
        if path.is_dir() {
            walk(path, patterns, None, &mut files)?;
            if files.len() == before {
                return Err(SourceError::Nothing(path.display().to_string()));
            }
            continue;
        }
        if let Some((folder, glob)) = glob_of(path)? {
            walk(&folder, patterns, Some(&glob), &mut files)?;
        }
        // Also a pattern that nothing fits: it may be a name, and is to be heard of.
        if files.len() == before {
            files.push(path.clone());
        }
    }
    Ok(files)
}

/// A pattern, and how many folders deep it reaches; `None` for any depth.
type Glob = (GlobMatcher, Option<usize>);

/// The folder and the pattern that a path with wildcards stands for; a file of that very name
/// goes before.
fn glob_of(path: &Path) -> Result<Option<(PathBuf, Glob)>, SourceError> {
    let wild = |part: &str| part.contains(['*', '?', '[', '{']);
    let Some(text) = path.to_str().filter(|text| wild(text)) else {
        return Ok(None);
    };
    if path.exists() {
        return Ok(None);
    }
    let is_wild = |part: &Component| wild(&part.as_os_str().to_string_lossy());
    let fixed = path.components().take_while(|part| !is_wild(part));
    let folder: PathBuf = fixed.collect();
    let rest: PathBuf = path
        .components()
        .skip_while(|part| !is_wild(part))
        .collect();
    let folder = match folder.as_os_str().is_empty() {
        true => PathBuf::from("."),
        false => folder,
    };
    let glob = GlobBuilder::new(&rest.to_string_lossy())
        .literal_separator(true)
        .build();
    let glob = glob.map_err(|e| SourceError::Pattern {
        pattern: text.to_owned(),
        problem: e.kind().to_string(),
    })?;
    let depth = match text.contains("**") {
        true => None,
        false => Some(rest.components().count()),
    };
    Ok(Some((folder, (glob.compile_matcher(), depth))))
}

fn walk(
    folder: &Path,
    patterns: &Patterns,
    glob: Option<&Glob>,
    files: &mut Vec<PathBuf>,
) -> Result<(), SourceError> {
    let mut overrides = OverrideBuilder::new(folder);
    let included = patterns.include.iter();
    let included = included.flat_map(|pattern| [pattern.clone(), below(pattern)]);
    let excluded = patterns.exclude.iter().map(|pattern| format!("!{pattern}"));
    for pattern in included.chain(excluded) {
        overrides.add(&pattern).map_err(|e| SourceError::Pattern {
            pattern: pattern.trim_start_matches('!').to_owned(),
            problem: e.to_string(),
        })?;
    }
    let entries = WalkBuilder::new(folder)
        .standard_filters(false)
        // Not by the builder: a pattern that wants a file would bring it back.
        .filter_entry(|entry| entry.depth() == 0 || !is_hidden(entry.file_name()))
        .overrides(overrides.build()?)
        .max_depth(glob.and_then(|(_, depth)| *depth))
        .sort_by_file_name(std::cmp::Ord::cmp)
        .build();
    for entry in entries {
        if let (Ok(entry), Some((glob, Some(_)))) = (&entry, glob)
            && entry.depth() > 0
            && entry.file_type().is_some_and(|kind| kind.is_dir())
            && glob.is_match(entry.path().strip_prefix(folder).unwrap_or(entry.path()))
        {
            // As a shell would hand it over. This walk goes no deeper than the pattern.
            walk(entry.path(), patterns, None, files)?;
            continue;
        }
        let (path, readable) = match entry {
            Ok(entry) => (entry.into_path(), true),
            Err(error) => match path_of(&error) {
                Some(path) => (path, false),
                None => return Err(error.into()),
            },
        };
        let fits = || match glob {
            Some((glob, _)) => glob.is_match(path.strip_prefix(folder).unwrap_or(&path)),
            None => true,
        };
        let wanted = match path.metadata() {
            // What cannot be looked at is no article now, and is to be heard of.
            _ if !readable => true,
            Err(_) => fits(),
            // A pipe would be waited for without end.
            Ok(metadata) => metadata.is_file() && fits(),
        };
        if wanted {
            files.push(path.strip_prefix("./").map(Path::to_owned).unwrap_or(path));
        }
    }
    Ok(())
}

/// The pattern for all below the folders that a pattern fits.
fn below(pattern: &str) -> String {
    let folder = pattern.trim_end_matches('/');
    match folder.contains('/') {
        true => format!("{folder}/**"),
        false => format!("**/{folder}/**"),
    }
}

/// What an error of a walk is about.
fn path_of(error: &ignore::Error) -> Option<PathBuf> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path.clone()),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => {
            path_of(err)
        }
        _ => None,
    }
}

fn is_hidden(name: &std::ffi::OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".")
}

/// How articles are read.
#[derive(Debug, Clone)]
pub struct Reading {
    /// The columns of tables.
    pub columns: Columns,
    /// Columns that are passed on.
    pub keep: Vec<String>,
    /// Most bytes of an article's text.
    pub max_bytes: u64,
    /// Whether every file is a table, whatever its name.
    pub tables: bool,
}

/// Why an input gives no article.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The reason, which follows the input's name.
    pub message: String,
    /// Whether it is no fault of the content and may be gone another time: a file or a drive
    /// that is not there.
    pub passing: bool,
}

impl From<RecordError> for Failure {
    fn from(error: RecordError) -> Self {
        let passing = matches!(&error, RecordError::Io(e) if is_passing(e));
        let message = match &error {
            RecordError::Io(e) if e.kind() == io::ErrorKind::NotFound => {
                ReadError::Missing.to_string()
            }
            _ => error.to_string(),
        };
        Self { message, passing }
    }
}

impl From<ReadError> for Failure {
    fn from(error: ReadError) -> Self {
        let passing = match &error {
            ReadError::Missing => true,
            ReadError::Io(e) => is_passing(e),
            _ => false,
        };
        let message = error.to_string();
        Self { message, passing }
    }
}

/// Whether the system failed, not a decoder over what it read.
fn is_passing(error: &io::Error) -> bool {
    error.raw_os_error().is_some()
}

/// An article as far as it could be read, and where it is from.
#[derive(Debug, Clone)]
pub struct Input {
    /// Number of its source among the sources of the batch, from 0.
    pub source: usize,
    /// The file or table that it is from; `None` for standard input.
    pub path: Option<String>,
    /// Number of its row in the table or of the article in the file, from 1, where there may be
    /// several.
    pub number: Option<usize>,
    /// Whether that is the number of a row.
    pub of_table: bool,
    /// Its identifier.
    pub id: Option<String>,
    /// Columns of its table that are passed on.
    pub columns: Fields,
    /// The article, or why there is none.
    pub article: Result<Article, Failure>,
}

impl Input {
    /// Its name for people.
    #[must_use]
    pub fn name(&self) -> String {
        let path = self.path.as_deref().unwrap_or("standard input");
        match self.number {
            Some(number) if self.of_table => format!("{path}, row {number}"),
            Some(number) => format!("{path}, article {number}"),
            None => path.to_owned(),
        }
    }

    fn of_row(row: Result<Row, (usize, RecordError)>, reading: &Reading) -> Self {
        let (number, id, columns, article) = match row {
            Ok(row) => {
                let article = match row.article(&reading.columns) {
                    Ok(article) if article.text.len() as u64 > reading.max_bytes => {
                        let limit = reading.max_bytes;
                        Err(RecordError::TooLong { limit })
                    }
                    article => article,
                };
                let columns = reading.keep.iter().filter_map(|name| {
                    let value = row.column(name)?;
                    Some((name.clone(), value.clone()))
                });
                let id = row.text_of(&reading.columns.id);
                (row.number, id, columns.collect(), article)
            }
            Err((number, error)) => (number, None, Fields::new(), Err(error)),
        };
        Self {
            source: 0,
            path: None,
            number: Some(number),
            of_table: true,
            id,
            columns,
            article: article.map_err(Failure::from),
        }
    }
}

/// What comes of reading on.
#[derive(Debug)]
pub enum Item {
    /// An input.
    Input(Box<Input>),
    /// What the user should know of how a source is read.
    Warning(String),
}

/// Reads sources one after the other, an input in memory at a time.
pub struct Inputs {
    sources: Vec<PathBuf>,
    reading: Reading,
    /// Sizes of the sources, those of unknown size 0; of all, and of those that are done.
    sizes: Vec<u64>,
    total: u64,
    done: u64,
    /// Whether one of them is standard input, of which nobody knows the size.
    streamed: bool,
    /// The source under way, and how many are done.
    open: Option<Open>,
    next: usize,
    warnings: Vec<String>,
}

/// A source under way.
enum Open {
    Table {
        rows: Rows,
        done: Done,
        /// Whether its first row is still to come.
        fresh: bool,
    },
    Articles {
        articles: std::vec::IntoIter<Result<Article, ReadError>>,
        several: bool,
        number: usize,
    },
    /// It cannot be read.
    Failed(Option<Failure>),
}

impl Inputs {
    /// Of these files, `-` for a table on standard input.
    #[must_use]
    pub fn new(sources: Vec<PathBuf>, reading: Reading) -> Self {
        let size = |path: &PathBuf| match path.metadata() {
            Ok(metadata) if metadata.is_file() => metadata.len(),
            _ => 0,
        };
        let sizes: Vec<u64> = sources.iter().map(size).collect();
        Self {
            total: sizes.iter().sum(),
            sizes,
            done: 0,
            streamed: sources.iter().any(|source| source == Path::new("-")),
            sources,
            reading,
            open: None,
            next: 0,
            warnings: Vec::new(),
        }
    }

    /// How much of the sources has been read, 0 to 1; `None` where the whole is not known.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "for display")]
    pub fn share(&self) -> Option<f64> {
        if self.total == 0 || self.streamed {
            return None;
        }
        let part = match &self.open {
            Some(Open::Table { done, .. }) => done.share()? * self.sizes[self.next - 1] as f64,
            _ => 0.0,
        };
        Some((self.done as f64 + part) / self.total as f64)
    }

    fn open(&mut self, path: &Path) -> Open {
        let stream = path == Path::new("-");
        if path.is_dir() {
            // It could not be listed when the sources were found.
            return Open::Failed(Some(match std::fs::read_dir(path) {
                Ok(_) => Failure {
                    message: "could not be listed when the run began; --restart reads it"
                        .to_owned(),
                    passing: true,
                },
                Err(error) => ReadError::Io(error).into(),
            }));
        }
        // By their names, since tables may be larger than any article.
        if self.reading.tables || stream || table_of_name(path).is_some() {
            return self.table(path);
        }
        match read(path, self.reading.max_bytes) {
            Ok(articles) => Open::Articles {
                several: articles.len() > 1,
                articles: articles.into_iter(),
                number: 0,
            },
            Err(ReadError::Table(_)) if path.is_file() => self.table(path),
            // JSON may hold a whole archive.
            Err(ReadError::TooLarge { .. }) if of_json(path) => self.table(path),
            Err(error) => Open::Failed(Some(error.into())),
        }
    }

    fn table(&mut self, path: &Path) -> Open {
        match records::open(path, max_row(self.reading.max_bytes)) {
            Ok(table) => {
                let name = path.display();
                let told = table.warnings.iter().map(|w| format!("{name}: {w}"));
                self.warnings.extend(told);
                Open::Table {
                    rows: table.rows,
                    done: table.done,
                    fresh: true,
                }
            }
            Err(error) => Open::Failed(Some(error.into())),
        }
    }

    /// The next input of the source under way; `None` at its end.
    fn of_open(&mut self) -> Option<Input> {
        let reading = &self.reading;
        let source = self.next - 1;
        let path = &self.sources[source];
        let input = match self.open.as_mut()? {
            Open::Table { rows, fresh, .. } => {
                let row = rows.next();
                if std::mem::take(fresh) {
                    let remarks = match &row {
                        None => {
                            vec![
                                "has no row (the first line of a CSV table is its header)"
                                    .to_owned(),
                            ]
                        }
                        Some(Ok(row)) => missing(row, reading),
                        Some(Err(_)) => Vec::new(),
                    };
                    let remarks = remarks.iter().map(|r| format!("{}: {r}", path.display()));
                    self.warnings.extend(remarks);
                }
                let row = row?;
                Input::of_row(row, reading)
            }
            Open::Articles {
                articles,
                several,
                number,
            } => {
                let article = articles.next()?;
                *number += 1;
                Input {
                    source: 0,
                    path: None,
                    number: several.then_some(*number),
                    of_table: false,
                    id: article.as_ref().ok().and_then(|article| article.id.clone()),
                    columns: Fields::new(),
                    article: article.map_err(Failure::from),
                }
            }
            Open::Failed(failure) => Input {
                source: 0,
                path: None,
                number: None,
                of_table: false,
                id: None,
                columns: Fields::new(),
                article: Err(failure.take()?),
            },
        };
        let stream = path == Path::new("-");
        Some(Input {
            source,
            path: (!stream).then(|| path.display().to_string()),
            ..input
        })
    }
}

/// Columns that were named and are not there, as remarks for the user.
fn missing(row: &Row, reading: &Reading) -> Vec<String> {
    let usual = Columns::default();
    let named = reading.columns.flags().into_iter().zip(usual.flags());
    let named = named.filter_map(|((flag, name), (_, usual))| {
        // A row without its text says so itself.
        (name != usual && flag != "--text-column").then_some(name)
    });
    let kept = reading.keep.iter().map(String::as_str);
    named
        .chain(kept)
        .filter(|name| row.column(name).is_none())
        .map(|name| format!("row 1 has no column \"{name}\""))
        .collect()
}

/// Whether a file's name says that it holds JSON.
fn of_json(path: &Path) -> bool {
    crate::article::suffix(path).as_deref() == Some("json")
}

/// Most bytes of a row whose text may have so many: in JSON a character takes up to six.
#[must_use]
pub fn max_row(max_bytes: u64) -> u64 {
    max_bytes.saturating_mul(6).saturating_add(1 << 16)
}

impl Iterator for Inputs {
    type Item = Item;

    fn next(&mut self) -> Option<Item> {
        loop {
            if !self.warnings.is_empty() {
                return Some(Item::Warning(self.warnings.remove(0)));
            }
            if self.open.is_some() {
                match self.of_open() {
                    Some(input) => return Some(Item::Input(Box::new(input))),
                    None => {
                        self.open = None;
                        self.done += self.sizes[self.next - 1];
                    }
                }
                continue;
            }
            let path = self.sources.get(self.next)?.clone();
            self.next += 1;
            self.open = Some(self.open(&path));
        }
    }
}
