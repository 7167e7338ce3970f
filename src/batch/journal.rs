//! What is done of a batch, kept beside its report, so that nothing is done twice.
//!
//! A line for each input, written as soon as it is done: a checksum of the line, where the
//! input is from, a fingerprint of it, and what came of it. A line that a crash cut or spoiled
//! ends what counts.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::sources::{Failure, Input};
use crate::analysis::Analysis;

/// Version of the lines; a journal of another one is not read.
const VERSION: u32 = 1;
/// Longest time that a finished row is on its way to the disk.
const SYNC: Duration = Duration::from_secs(1);

/// Why a journal cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The file cannot be read or written.
    #[error("{}: {error}", path.display())]
    Io {
        /// The journal.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// A run has left it.
    #[error(
        "{0}: an earlier run of this report is not finished; go on with it by --resume, or begin \
         anew with --restart"
    )]
    Left(String),
    /// Nothing to go on with.
    #[error(
        "{0}: is complete, there is nothing to go on with; run without --resume to write it anew"
    )]
    Complete(String),
    /// Another process has it.
    #[error("{0}: another run is writing this report")]
    Busy(String),
    /// Of another version, or no journal.
    #[error("{0}: is no journal of this version of classify; begin anew with --restart")]
    Strange(String),
    /// The run that it is of was set otherwise.
    #[error(
        "{journal}: the run that it is of had other settings: {setting} was {was} and is {is}; \
         go on as it was begun, or begin anew with --restart"
    )]
    Settings {
        /// The journal.
        journal: String,
        /// What differs.
        setting: String,
        /// What it was.
        was: String,
        /// What it is.
        is: String,
    },
}

/// What a run is set to, as names and values: all that its results depend on.
pub type Settings = Vec<(String, String)>;

/// The first line.
#[derive(Serialize, Deserialize)]
struct Head {
    journal: u32,
    settings: Settings,
    sources: Vec<Name>,
}

/// A path; what is no Unicode is kept as it is.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Name {
    Text(String),
    Raw(OsString),
}

/// The line of an input.
#[derive(Serialize, Deserialize)]
struct Line {
    source: usize,
    number: usize,
    print: u64,
    result: Kept,
}

/// What came of an input.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Kept {
    /// Its analysis.
    Done(Box<Analysis>),
    /// Why there is none.
    Failed(String),
    /// Why there is none for now.
    Passing(String),
}

/// The journal of a run.
pub struct Journal {
    path: PathBuf,
    file: File,
    /// Where the lines of inputs stand, by source and number; those of one that is to be tried
    /// again are not here.
    places: HashMap<(u32, u32), u64>,
    reader: BufReader<File>,
    written: Vec<u8>,
    synced: Instant,
    /// Inputs that are worth another try.
    passing: usize,
}

/// The journal's place: beside the report.
#[must_use]
pub fn beside(report: &Path) -> PathBuf {
    let mut name = report.as_os_str().to_owned();
    name.push(".journal");
    name.into()
}

impl Journal {
    /// Begins a journal. One that is there is an error unless it may be `replaced`.
    ///
    /// # Errors
    /// When an earlier run is not finished or the file cannot be written.
    pub fn begin(
        path: &Path,
        replaced: bool,
        settings: Settings,
        sources: &[PathBuf],
    ) -> Result<Self, JournalError> {
        if !replaced && is_begun(path) {
            return Err(JournalError::Left(path.display().to_string()));
        }
        let mut journal = Self::open(path, true)?;
        let io = |error| at(path, error);
        journal.file.set_len(0).map_err(io)?;
        let head = Head {
            journal: VERSION,
            settings,
            sources: sources.iter().map(|source| Name::of(source)).collect(),
        };
        journal.line(&head).map_err(io)?;
        journal.sync().map_err(io)?;
        Ok(journal)
    }

    /// Opens the journal of a run that was not finished, with the sources that it had; `None`
    /// when none was begun.
    ///
    /// # Errors
    /// When the report is complete, the journal is of a run with other settings, or it cannot be
    /// read.
    pub fn resume(
        report: &Path,
        settings: &Settings,
    ) -> Result<Option<(Self, Vec<PathBuf>)>, JournalError> {
        let path = &beside(report);
        let name = || path.display().to_string();
        if !is_begun(path) {
            return match report.exists() {
                true => Err(JournalError::Complete(report.display().to_string())),
                false => Ok(None),
            };
        }
        let mut journal = Self::open(path, false)?;
        let mut end = 0;
        let mut line = Vec::new();
        let head: Option<Head> = journal.next_line(&mut line, &mut end)?;
        let Some(head) = head.filter(|head| head.journal == VERSION) else {
            return Err(JournalError::Strange(name()));
        };
        let value = |settings: &Settings, key: &str| {
            let of_key = settings.iter().find(|(k, _)| k == key);
            of_key.map_or("not set".to_owned(), |(_, v)| v.clone())
        };
        for (key, _) in settings.iter().chain(&head.settings) {
            let (was, is) = (value(&head.settings, key), value(settings, key));
            if was != is {
                return Err(JournalError::Settings {
                    journal: name(),
                    setting: key.clone(),
                    was,
                    is,
                });
            }
        }
        loop {
            let place = end;
            let Some(line) = journal.next_line::<Line>(&mut line, &mut end)? else {
                break;
            };
            let key = key(line.source, line.number);
            match line.result {
                Kept::Passing(_) => journal.places.remove(&key),
                _ => journal.places.insert(key, place),
            };
        }
        // What a crash has spoiled goes; what follows is written in its place.
        let io = |error| at(path, error);
        journal.file.set_len(end).map_err(io)?;
        journal.file.seek(SeekFrom::End(0)).map_err(io)?;
        let sources = head.sources.into_iter().map(Name::into_path).collect();
        Ok(Some((journal, sources)))
    }

    fn open(path: &Path, create: bool) -> Result<Self, JournalError> {
        let io = |error| at(path, error);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(create)
            .truncate(false)
            .open(path)
            .map_err(io)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(JournalError::Busy(path.display().to_string()));
            }
            // Some file systems know no locks.
            Err(TryLockError::Error(_)) => {}
        }
        Ok(Self {
            path: path.to_owned(),
            reader: BufReader::new(File::open(path).map_err(io)?),
            file,
            places: HashMap::new(),
            written: Vec::new(),
            synced: Instant::now(),
            passing: 0,
        })
    }

    /// Reads the line that begins at `end` and moves that on; `None` at the end of what counts.
    fn next_line<T: for<'a> Deserialize<'a>>(
        &mut self,
        line: &mut Vec<u8>,
        end: &mut u64,
    ) -> Result<Option<T>, JournalError> {
        line.clear();
        let read = self.reader.read_until(b'\n', line);
        read.map_err(|error| at(&self.path, error))?;
        let read = checked(line);
        if read.is_some() {
            *end += line.len() as u64;
        }
        Ok(read)
    }

    /// How many inputs are done.
    #[must_use]
    pub fn done(&self) -> usize {
        self.places.len()
    }

    /// How many inputs of this run are worth another try.
    #[must_use]
    pub fn passing(&self) -> usize {
        self.passing
    }

    /// Its file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What came of an input in an earlier run: nothing, or what it is kept as, or an error
    /// where the input is another now.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn of(&mut self, input: &Input) -> io::Result<Option<Result<Kept, Changed>>> {
        let key = key(input.source, input.number.unwrap_or(1));
        let Some(&place) = self.places.get(&key) else {
            return Ok(None);
        };
        let from = self.reader.stream_position()?;
        let by = place.cast_signed() - from.cast_signed();
        self.reader.seek_relative(by)?;
        let mut line = Vec::new();
        self.reader.read_until(b'\n', &mut line)?;
        let Some(line) = checked::<Line>(&line) else {
            return Err(io::Error::other("a line of the journal has changed"));
        };
        Ok(Some(match line.print == print(input) {
            true => Ok(line.result),
            false => Err(Changed),
        }))
    }

    /// Adds what came of an input.
    ///
    /// # Errors
    /// When it cannot be kept.
    pub fn add(&mut self, input: &Input, result: &Result<Analysis, Failure>) -> io::Result<()> {
        let result = match result {
            Ok(analysis) => Kept::Done(Box::new(analysis.clone())),
            Err(failure) if failure.passing => {
                self.passing += 1;
                Kept::Passing(failure.message.clone())
            }
            Err(failure) => Kept::Failed(failure.message.clone()),
        };
        self.line(&Line {
            source: input.source,
            number: input.number.unwrap_or(1),
            print: print(input),
            result,
        })
    }

    fn line(&mut self, line: &impl Serialize) -> io::Result<()> {
        let json = serde_json::to_vec(line)?;
        write!(self.written, "{:08x} ", crc32fast::hash(&json))?;
        self.written.extend(json);
        self.written.push(b'\n');
        Ok(())
    }

    /// Writes what was added, and sees to it now and then that it is on the disk.
    ///
    /// # Errors
    /// When it cannot be kept.
    pub fn write(&mut self) -> io::Result<()> {
        self.file.write_all(&self.written)?;
        self.written.clear();
        if self.synced.elapsed() >= SYNC {
            self.file.sync_data()?;
            self.synced = Instant::now();
        }
        Ok(())
    }

    /// Writes what was added and waits until it is on the disk.
    ///
    /// # Errors
    /// When it cannot be kept.
    pub fn sync(&mut self) -> io::Result<()> {
        self.write()?;
        self.file.sync_data()
    }

    /// Ends it: the report is complete.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn remove(self) -> io::Result<()> {
        std::fs::remove_file(&self.path)
    }
}

/// An input that is not what it was when its result was kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Changed;

impl Name {
    fn of(path: &Path) -> Self {
        match path.to_str() {
            Some(text) => Self::Text(text.to_owned()),
            None => Self::Raw(path.as_os_str().to_owned()),
        }
    }

    fn into_path(self) -> PathBuf {
        match self {
            Self::Text(text) => text.into(),
            Self::Raw(name) => name.into(),
        }
    }
}

fn at(path: &Path, error: io::Error) -> JournalError {
    JournalError::Io {
        path: path.to_owned(),
        error,
    }
}

fn key(source: usize, number: usize) -> (u32, u32) {
    let narrow = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    (narrow(source), narrow(number))
}

/// Whether there is a journal with its first line; a crash may come before that.
fn is_begun(path: &Path) -> bool {
    let mut line = Vec::new();
    let read = File::open(path).and_then(|file| BufReader::new(file).read_until(b'\n', &mut line));
    read.is_ok() && line.ends_with(b"\n")
}

/// What a line says when it is whole.
fn checked<T: for<'a> Deserialize<'a>>(line: &[u8]) -> Option<T> {
    let line = line.strip_suffix(b"\n")?;
    let (sum, json) = (line.get(..8)?, line.get(9..)?);
    let sum = u32::from_str_radix(std::str::from_utf8(sum).ok()?, 16).ok()?;
    if sum != crc32fast::hash(json) {
        return None;
    }
    serde_json::from_slice(json).ok()
}

/// A fingerprint of all that an input is.
fn print(input: &Input) -> u64 {
    let mut hash = Sha256::new();
    let mut add = |part: &str| {
        hash.update(part.len().to_le_bytes());
        hash.update(part);
    };
    add(input.path.as_deref().unwrap_or_default());
    add(input.id.as_deref().unwrap_or_default());
    add(&serde_json::to_string(&input.kept).unwrap_or_default());
    match &input.article {
        Ok(article) => {
            add(article.title.as_deref().unwrap_or_default());
            add(&article.text);
            add(&format!("{:?}", article.meta));
        }
        Err(failure) => add(&failure.message),
    }
    let hash = hash.finalize();
    u64::from_le_bytes(std::array::from_fn(|i| hash[i]))
}
