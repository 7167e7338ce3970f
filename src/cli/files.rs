//! Where results go.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anstream::AutoStream;

/// The output could not be written: no fault of the command line.
#[derive(Debug, thiserror::Error)]
#[error("{}: cannot be written", .0.display())]
pub struct OutputError(pub PathBuf);

/// Standard output, or a file that takes its name when it is complete.
pub enum Output {
    /// Standard output.
    Stdout(BufWriter<AutoStream<io::Stdout>>),
    /// A file, written beside its place first.
    File {
        /// What is written to.
        part: BufWriter<AutoStream<std::fs::File>>,
        /// Its name for the time being.
        part_path: PathBuf,
        /// Its name in the end.
        path: PathBuf,
    },
}

/// The error of results that cannot be written; `path` is `None` for standard output.
pub fn unwritable(error: io::Error, path: Option<&Path>) -> anyhow::Error {
    let path = path.unwrap_or(Path::new("standard output")).to_owned();
    anyhow::Error::new(error).context(OutputError(path))
}

impl Output {
    /// Opens the output; `None` or `-` is standard output.
    pub fn open(path: Option<&Path>) -> anyhow::Result<Self> {
        match path {
            None => Ok(Self::stdout()),
            Some(path) if path == Path::new("-") => Ok(Self::stdout()),
            Some(path) => {
                // A device or a pipe cannot be renamed onto.
                let special = path.metadata().is_ok_and(|m| !m.is_file());
                let mut part_path = path.as_os_str().to_owned();
                part_path.push(if special { "" } else { ".part" });
                let part_path = PathBuf::from(part_path);
                let file =
                    std::fs::File::create(&part_path).map_err(|e| unwritable(e, Some(path)))?;
                Ok(Self::File {
                    part: BufWriter::new(AutoStream::never(file)),
                    part_path,
                    path: path.to_owned(),
                })
            }
        }
    }

    fn stdout() -> Self {
        let stdout = io::stdout();
        let choice = AutoStream::choice(&stdout);
        Self::Stdout(BufWriter::new(AutoStream::new(stdout, choice)))
    }

    /// Completes the output: a file gets its name.
    pub fn complete(mut self) -> anyhow::Result<()> {
        self.flush()?;
        if let Self::File {
            part,
            part_path,
            path,
        } = self
        {
            drop(part);
            if part_path != path {
                std::fs::rename(part_path, &path).map_err(|e| unwritable(e, Some(&path)))?;
            }
        }
        Ok(())
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stdout(out) => out.write(bytes),
            Self::File { part, .. } => part.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stdout(out) => out.flush(),
            Self::File { part, .. } => part.flush(),
        }
    }
}
