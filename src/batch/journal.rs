//! What is done of a batch, kept beside its report, so that nothing is done twice.
//!
//! A line for each input, written as soon as it is done: a checksum of the line, where the
//! input is from, a fingerprint of it, and what came of it. A line that a crash cut or spoiled
//! does not count.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::sources::{Failure, Input};
use crate::analysis::Analysis;

/// Version of the lines; a journal of another one is not read.
const VERSION: u32 = 2;
/// What the first line begins with, after its checksum.
const BEGINNING: &[u8] = br#"{"journal":"#;
/// Bytes within which the last line stands when it is the one that ends a journal.
const LAST: u64 = 200;
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
    /// Of another version.
    #[error("{0}: is no journal of this version of classify; begin anew with --restart")]
    Strange(String),
    /// A file of someone's own.
    #[error(
        "{0}: is no journal, but stands where the report's has to be; move it, or name the report \
         otherwise"
    )]
    Foreign(String),
    /// The run that it is of was set otherwise.
    #[error(
        "{journal}: the run that it is of had other settings: {setting}: was {was}, is {is}; go on \
         as it was begun, or begin anew with --restart"
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

/// The last line, when the report is complete and only inputs that could not be read are left.
#[derive(Serialize, Deserialize)]
struct Complete {
    complete: bool,
}

/// The line of an input.
#[derive(Serialize, Deserialize)]
struct Line {
    source: usize,
    number: usize,
    print: u64,
    result: Kept,
    /// Whether it failed for now only.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    passing: bool,
}

/// What came of an input.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Kept {
    /// Its analysis.
    Done(Box<Analysis>),
    /// Why there is none.
    Failed(String),
}

/// The journal of a run.
pub struct Journal {
    path: PathBuf,
    file: File,
    sources: Vec<PathBuf>,
    /// Where the lines of inputs stand that have not come again, by source and number; those of
    /// one that is to be tried again are not here.
    places: HashMap<(u32, u32), u64>,
    /// Lines that a crash has spoiled.
    spoiled: usize,
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
    /// Begins the journal of a report. One of a run that is not finished is an error unless it
    /// may be `replaced`.
    ///
    /// # Errors
    /// When an earlier run is not finished or the file cannot be written.
    pub fn begin(
        report: &Path,
        replaced: bool,
        settings: Settings,
        sources: Vec<PathBuf>,
    ) -> Result<Self, JournalError> {
        let path = &beside(report);
        let io = |error| at(path, error);
        let mut journal = Self::open(path, true)?;
        if !journal.is_own().map_err(io)? {
            return Err(JournalError::Foreign(path.display().to_string()));
        }
        if !replaced && journal.is_unfinished().map_err(io)? {
            return Err(JournalError::Left(path.display().to_string()));
        }
        journal.file.set_len(0).map_err(io)?;
        // It says what the report says, to the same people.
        if let Ok(metadata) = report.metadata() {
            let same = journal.file.set_permissions(metadata.permissions());
            same.map_err(io)?;
        }
        let head = Head {
            journal: VERSION,
            settings,
            sources: sources.iter().map(|source| Name::of(source)).collect(),
        };
        journal.sources = sources;
        journal.line(&head).map_err(io)?;
        journal.sync().map_err(io)?;
        sync_folder(path);
        Ok(journal)
    }

    /// Opens the journal of a run that was not finished, or that had inputs that could not be
    /// read; `None` when none was begun.
    ///
    /// # Errors
    /// When the report is complete, the journal is of a run with other settings, or it cannot be
    /// read.
    pub fn resume(report: &Path, settings: &Settings) -> Result<Option<Self>, JournalError> {
        let path = &beside(report);
        let name = || path.display().to_string();
        let io = |error| at(path, error);
        if !is_begun(path) {
            return match report.exists() {
                true => Err(JournalError::Complete(report.display().to_string())),
                false => Ok(None),
            };
        }
        let mut journal = Self::open(path, false)?;
        if !journal.is_own().map_err(io)? {
            return Err(JournalError::Foreign(name()));
        }
        // Through the locked handle: on some systems the lock shuts out every other.
        let mut reader = BufReader::new(journal.file.try_clone().map_err(io)?);
        reader.seek(SeekFrom::Start(0)).map_err(io)?;
        let mut line = Vec::new();
        let mut end = reader.read_until(b'\n', &mut line).map_err(io)? as u64;
        let Some(head) = checked::<Head>(&line).filter(|head| head.journal == VERSION) else {
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
        let mut place = end;
        loop {
            line.clear();
            let length = reader.read_until(b'\n', &mut line).map_err(io)? as u64;
            if length == 0 {
                break;
            }
            match checked::<Line>(&line) {
                Some(line) => {
                    let key = key(line.source, line.number);
                    match line.passing {
                        true => journal.places.remove(&key),
                        false => journal.places.insert(key, place),
                    };
                    end = place + length;
                }
                None if checked::<Complete>(&line).is_some() => {}
                None => journal.spoiled += 1,
            }
            place += length;
        }
        // What a crash has spoiled at the end goes; what follows is written in its place.
        journal.file.set_len(end).map_err(io)?;
        journal.sources = head.sources.into_iter().map(Name::into_path).collect();
        Ok(Some(journal))
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
            file,
            sources: Vec::new(),
            places: HashMap::new(),
            spoiled: 0,
            written: Vec::new(),
            synced: Instant::now(),
            passing: 0,
        })
    }

    /// Whether it is empty or begins as a journal does, as far as a crash has let it come.
    fn is_own(&self) -> io::Result<bool> {
        let mut file = &self.file;
        file.seek(SeekFrom::Start(0))?;
        let mut start = Vec::new();
        file.take(9 + BEGINNING.len() as u64)
            .read_to_end(&mut start)?;
        let (sum, rest) = start.split_at(start.len().min(9));
        let is_sum = sum.iter().enumerate().all(|(place, byte)| match place {
            8 => *byte == b' ',
            _ => byte.is_ascii_hexdigit(),
        });
        Ok(is_sum && BEGINNING.starts_with(rest))
    }

    /// Whether it is of a run whose report is not complete. A crash may come before the first
    /// line.
    fn is_unfinished(&self) -> io::Result<bool> {
        let mut file = &self.file;
        file.seek(SeekFrom::Start(0))?;
        let mut line = Vec::new();
        BufReader::new(file).read_until(b'\n', &mut line)?;
        if !line.ends_with(b"\n") {
            return Ok(false);
        }
        let length = file.seek(SeekFrom::End(0))?;
        file.seek(SeekFrom::Start(length.saturating_sub(LAST)))?;
        let mut tail = Vec::new();
        BufReader::new(file).read_to_end(&mut tail)?;
        let last = tail.split_inclusive(|byte| *byte == b'\n').next_back();
        Ok(last.and_then(checked::<Complete>).is_none())
    }

    /// The sources of the run, as they were found.
    #[must_use]
    pub fn sources(&self) -> &[PathBuf] {
        &self.sources
    }

    /// How many lines a crash has spoiled.
    #[must_use]
    pub fn spoiled(&self) -> usize {
        self.spoiled
    }

    /// What an earlier run had read and this one, at its end, has not: a table has fewer rows.
    #[must_use]
    pub fn gone(&self) -> Option<String> {
        let (source, number) = self.places.keys().min()?;
        let source = self.sources.get(*source as usize)?;
        Some(format!("{}, row {number}", source.display()))
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
    /// where the input is another now. It is given once.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn of(&mut self, input: &Input) -> io::Result<Option<Result<Kept, Changed>>> {
        let key = key(input.source, input.number.unwrap_or(1));
        let Some(place) = self.places.remove(&key) else {
            return Ok(None);
        };
        let mut file = &self.file;
        file.seek(SeekFrom::Start(place))?;
        let mut line = Vec::new();
        BufReader::new(file).read_until(b'\n', &mut line)?;
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
        let passing = result.as_ref().is_err_and(|failure| failure.passing);
        self.passing += usize::from(passing);
        let result = match result {
            Ok(analysis) => Kept::Done(Box::new(analysis.clone())),
            Err(failure) => Kept::Failed(failure.message.clone()),
        };
        self.line(&Line {
            source: input.source,
            number: input.number.unwrap_or(1),
            print: print(input),
            result,
            passing,
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
        self.file.seek(SeekFrom::End(0))?;
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

    /// Marks that the report is complete; what it keeps is of use where inputs could not be read.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn complete(&mut self) -> io::Result<()> {
        self.line(&Complete { complete: true })?;
        self.sync()
    }

    /// Removes it.
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

/// Sees to it that a name in a folder is on the disk, where the system can.
pub fn sync_folder(path: &Path) {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    if let Ok(folder) = File::open(folder.unwrap_or(Path::new("."))) {
        let _ = folder.sync_all();
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
    add(&serde_json::to_string(&input.columns).unwrap_or_default());
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
