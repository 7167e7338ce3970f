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
    File(BufWriter<AutoStream<std::fs::File>>, Part),
}

/// A file that is being written under a name of its own; removed when it is
/// dropped before it is complete.
pub struct Part {
    /// Its name for the time being; `None` once it has its place, or when it is
    /// written in place (a device, a pipe).
    beside: Option<PathBuf>,
    /// Its name in the end.
    path: PathBuf,
}

impl Drop for Part {
    fn drop(&mut self) {
        if let Some(beside) = &self.beside {
            let _ = std::fs::remove_file(beside);
        }
    }
}

/// The error of results that cannot be written; `path` is `None` for standard output.
pub fn unwritable(error: io::Error, path: Option<&Path>) -> anyhow::Error {
    let path = path.unwrap_or(Path::new("standard output")).to_owned();
    anyhow::Error::new(error).context(OutputError(path))
}

impl Output {
    /// Opens the output; `None` or `-` is standard output. `inputs` must not be
    /// overwritten.
    pub fn open(path: Option<&Path>, inputs: &[PathBuf]) -> anyhow::Result<Self> {
        let Some(path) = path.filter(|p| *p != Path::new("-")) else {
            let stdout = io::stdout();
            let choice = AutoStream::choice(&stdout);
            return Ok(Self::Stdout(BufWriter::new(AutoStream::new(
                stdout, choice,
            ))));
        };
        // Behind a link, so that the link stays one.
        let place = path.canonicalize().unwrap_or_else(|_| path.to_owned());
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
            let mut beside = place.clone().into_os_string();
            beside.push(format!(".{}.part", std::process::id()));
            let beside = PathBuf::from(beside);
            let file = std::fs::File::create_new(&beside)?;
            if let Some(existing) = existing {
                file.set_permissions(existing.permissions())?;
            }
            Ok((file, Some(beside)))
        };
        let (file, beside) = open().map_err(|e| unwritable(e, Some(path)))?;
        let part = Part {
            beside,
            path: place,
        };
        let file = BufWriter::new(AutoStream::never(file));
        Ok(Self::File(file, part))
    }

    /// Completes the output: a file gets its name.
    pub fn complete(mut self) -> anyhow::Result<()> {
        let flushed = self.flush();
        match self {
            Self::Stdout(_) => flushed.map_err(|e| unwritable(e, None)),
            Self::File(file, mut part) => {
                drop(file);
                let renamed = flushed.and_then(|()| match &part.beside {
                    Some(beside) => std::fs::rename(beside, &part.path),
                    None => Ok(()),
                });
                renamed.map_err(|e| unwritable(e, Some(&part.path)))?;
                part.beside = None;
                Ok(())
            }
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stdout(out) => out.write(bytes),
            Self::File(file, _) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stdout(out) => out.flush(),
            Self::File(file, _) => file.flush(),
        }
    }
}
