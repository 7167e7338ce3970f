//! Where results go.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anstream::AutoStream;

use crate::batch::journal::sync_folder;

/// The output could not be written: no fault of the command line.
#[derive(Debug, thiserror::Error)]
#[error("{}: cannot be written", .0.display())]
pub struct OutputError(pub PathBuf);

/// Standard output, or a file that takes its name when it is complete.
pub struct Output {
    out: BufWriter<Box<dyn Write + Send>>,
    /// `None` for standard output.
    part: Option<Part>,
}

/// A file that is being written under a name of its own; removed when it is
/// dropped before it is complete.
struct Part {
    /// To wait until it is on the disk.
    file: std::fs::File,
    /// Its name for the time being; `None` once it has its place, or when it is
    /// written in place (a device, a pipe).
    beside: Option<PathBuf>,
    /// Its name in the end.
    path: PathBuf,
}

/// What is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// Pages, whose colours are for terminals only.
    Page,
    /// What is to come out as it is.
    Plain,
    /// The same, by the only process that writes this file: what a process that was killed has
    /// left is written over.
    Alone,
}

impl Drop for Part {
    fn drop(&mut self) {
        if let Some(beside) = &self.beside {
            let _ = std::fs::remove_file(beside);
        }
    }
}

/// What a file is called until it is complete, when only one process writes it.
pub fn part_of(place: &Path) -> PathBuf {
    let mut name = place.as_os_str().to_owned();
    name.push(".part");
    name.into()
}

/// The error of results that cannot be written; `path` is `None` for standard output.
pub fn unwritable(error: io::Error, path: Option<&Path>) -> anyhow::Error {
    let path = path.unwrap_or(Path::new("standard output")).to_owned();
    anyhow::Error::new(error).context(OutputError(path))
}

/// Where a file is in truth, also one that is not there yet: behind a link, so that the link
/// stays one.
pub fn place(path: &Path) -> PathBuf {
    if let Ok(place) = path.canonicalize() {
        return place;
    }
    // A link to a file that is not there yet.
    let target = path.read_link().map(|to| path.with_file_name(to));
    let path = target.as_deref().unwrap_or(path);
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new(".")).canonicalize();
    match (folder, path.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => path.to_owned(),
    }
}

impl Output {
    /// Opens the output of pages; see [`Self::of`].
    pub fn open(path: Option<&Path>, inputs: &[PathBuf]) -> anyhow::Result<Self> {
        Self::of(Content::Page, path, inputs)
    }

    /// Opens the output; `None` or `-` is standard output. `inputs` must not be
    /// overwritten.
    pub fn of(content: Content, path: Option<&Path>, inputs: &[PathBuf]) -> anyhow::Result<Self> {
        let Some(path) = path.filter(|p| *p != Path::new("-")) else {
            let stdout = io::stdout();
            let out: Box<dyn Write + Send> = match content {
                Content::Page => {
                    let choice = AutoStream::choice(&stdout);
                    Box::new(AutoStream::new(stdout, choice))
                }
                Content::Plain | Content::Alone => Box::new(stdout),
            };
            let out = BufWriter::new(out);
            return Ok(Self { out, part: None });
        };
        let place = place(path);
        if inputs
            .iter()
            .any(|i| i.canonicalize().is_ok_and(|i| i == place))
        {
            anyhow::bail!("{}: is an input too; write to another file", path.display());
        }
        let open = || -> io::Result<(std::fs::File, Option<PathBuf>)> {
            let existing = place.metadata().ok();
            // A device or a pipe cannot be renamed onto.
            if existing.as_ref().is_some_and(|m| !m.is_file()) {
                return Ok((std::fs::File::create(&place)?, None));
            }
            let (beside, file) = match content {
                Content::Alone => {
                    let beside = part_of(&place);
                    let file = std::fs::File::create(&beside)?;
                    (beside, file)
                }
                Content::Page | Content::Plain => {
                    let mut beside = place.clone().into_os_string();
                    beside.push(format!(".{}.part", std::process::id()));
                    let file = std::fs::File::create_new(&beside)?;
                    (beside.into(), file)
                }
            };
            if let Some(existing) = existing {
                file.set_permissions(existing.permissions())?;
            }
            Ok((file, Some(beside)))
        };
        let (file, beside) = open().map_err(|e| unwritable(e, Some(path)))?;
        let copy = file.try_clone().map_err(|e| unwritable(e, Some(path)))?;
        let out: Box<dyn Write + Send> = match content {
            Content::Page => Box::new(AutoStream::never(file)),
            Content::Plain | Content::Alone => Box::new(file),
        };
        Ok(Self {
            out: BufWriter::new(out),
            part: Some(Part {
                file: copy,
                beside,
                path: place,
            }),
        })
    }

    /// Completes the output: a file gets its name, once it is on the disk.
    pub fn complete(mut self) -> anyhow::Result<()> {
        let flushed = self.out.flush();
        let Some(mut part) = self.part else {
            return flushed.map_err(|e| unwritable(e, None));
        };
        let renamed = flushed.and_then(|()| match &part.beside {
            Some(beside) => {
                part.file.sync_all()?;
                std::fs::rename(beside, &part.path)?;
                sync_folder(&part.path);
                Ok(())
            }
            None => Ok(()),
        });
        renamed.map_err(|e| unwritable(e, Some(&part.path)))?;
        part.beside = None;
        Ok(())
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
