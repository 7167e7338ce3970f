//! The bundle's files, its manifest and its integrity.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Version of the bundle's format that this build reads and writes.
pub const FORMAT: u32 = 3;
/// The manifest: [`Manifest`] as TOML.
pub const MANIFEST: &str = "bundle.toml";
/// The encoder's weights.
pub const ENCODER: &str = "encoder.safetensors";
/// The encoder's shape, as Hugging Face's `config.json`.
pub const CONFIG: &str = "config.json";
/// The tokenizer, as Hugging Face's `tokenizer.json`.
pub const TOKENIZER: &str = "tokenizer.json";
/// The topic heads and the summary scorer. Absent in a bare encoder.
pub const HEADS: &str = "heads.safetensors";
/// The topic definitions. Absent in a bare encoder.
pub const TOPICS: &str = "topics.toml";

const REQUIRED: [&str; 3] = [ENCODER, CONFIG, TOKENIZER];
const OPTIONAL: [&str; 2] = [HEADS, TOPICS];

/// Why a model could not be used.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// A file could not be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The folder holds neither a bundle nor an encoder in Hugging Face layout.
    #[error("{}: {problem}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What is missing and what to do.
        problem: String,
    },
    /// A file's content is not what the manifest says.
    #[error(
        "model {model}: {file} does not match its hash (expected {expected}, found {found}): \
         the file is damaged or was changed; restore the bundle or make it again"
    )]
    Hash {
        /// The bundle's name.
        model: String,
        /// The damaged file.
        file: String,
        /// SHA-256 in the manifest, in hex.
        expected: String,
        /// SHA-256 of the content, in hex.
        found: String,
    },
    /// A file cannot be understood.
    #[error("model {model}: {file}: {problem}")]
    Content {
        /// The bundle's name.
        model: String,
        /// The file.
        file: String,
        /// What is wrong and what to do.
        problem: String,
    },
    /// The hub did not give the model.
    #[error(transparent)]
    Hub(#[from] super::HubError),
}

/// `bundle.toml`: what the bundle is, where it comes from, what it must hash to.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Version of the bundle's format, see [`FORMAT`].
    pub format: u32,
    /// The model's name.
    pub name: String,
    /// The model's version.
    pub version: String,
    /// SPDX expression of the weights' licence.
    pub licence: String,
    /// Where the encoder's weights come from.
    pub provenance: Provenance,
    /// SHA-256 of every other file, in hex.
    pub sha256: BTreeMap<String, String>,
}

impl Manifest {
    /// SHA-256, in hex, over the names and hashes of all files: what tells two
    /// models apart whatever they are called.
    #[must_use]
    pub fn digest(&self) -> String {
        let lines = self
            .sha256
            .iter()
            .map(|(name, hash)| format!("{hash}  {name}\n"));
        sha256_hex(lines.collect::<String>().as_bytes())
    }
}

/// Where the encoder's weights come from.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// The public model that the encoder was made from.
    pub encoder: String,
    /// SHA-256 of the weights file it was made from, in hex.
    pub encoder_sha256: String,
    /// How the heads were made; empty in a bare encoder.
    #[serde(default)]
    pub heads: String,
}

/// A model in memory: manifest and files.
#[derive(Debug, Clone)]
pub struct Bundle {
    /// What the bundle says of itself.
    pub manifest: Manifest,
    files: BTreeMap<String, Bytes>,
}

impl Bundle {
    /// Puts files together and computes their hashes into the manifest.
    #[must_use]
    pub fn new(
        name: &str,
        version: &str,
        licence: &str,
        provenance: Provenance,
        files: BTreeMap<String, Bytes>,
    ) -> Self {
        let sha256 = files
            .iter()
            .map(|(name, content)| (name.clone(), sha256_hex(content)))
            .collect();
        let manifest = Manifest {
            format: FORMAT,
            name: name.to_owned(),
            version: version.to_owned(),
            licence: licence.to_owned(),
            provenance,
            sha256,
        };
        Self { manifest, files }
    }

    /// Takes a manifest as TOML and files whose hashes are not looked at.
    ///
    /// # Errors
    /// When the manifest cannot be read or has another format version.
    pub(super) fn unchecked(
        manifest: &str,
        files: BTreeMap<String, Bytes>,
        origin: &str,
    ) -> Result<Self, ModelError> {
        let content = |problem: String| ModelError::Content {
            model: origin.to_owned(),
            file: MANIFEST.to_owned(),
            problem,
        };
        // The version is looked at first: a later format may have other fields.
        #[derive(Deserialize)]
        struct FormatOnly {
            format: u32,
        }
        let FormatOnly { format } = toml::from_str(manifest).map_err(|e| content(e.to_string()))?;
        if format != FORMAT {
            return Err(content(format!(
                "bundle format {format}, but this build reads format {FORMAT}: \
                 use the classify that made the bundle, or make it again"
            )));
        }
        let manifest = toml::from_str(manifest).map_err(|e| content(e.to_string()))?;
        Ok(Self { manifest, files })
    }

    /// Opens a bundle folder and checks every hash.
    ///
    /// # Errors
    /// When a file is missing, unreadable or does not match its hash.
    pub fn open(folder: &Path) -> Result<Self, ModelError> {
        let path = folder.join(MANIFEST);
        let manifest =
            std::fs::read_to_string(&path).map_err(|source| ModelError::Io { path, source })?;
        let mut files = BTreeMap::new();
        for name in REQUIRED {
            files.insert(name.to_owned(), read(&folder.join(name))?);
        }
        for name in OPTIONAL {
            let path = folder.join(name);
            if path.exists() {
                files.insert(name.to_owned(), read(&path)?);
            }
        }
        let bundle = Self::unchecked(&manifest, files, &folder.display().to_string())?;
        bundle.verify()?;
        Ok(bundle)
    }

    /// Checks every file against the manifest's hash.
    ///
    /// # Errors
    /// Names the first file that is missing, unlisted or different.
    pub fn verify(&self) -> Result<(), ModelError> {
        let content = |file: &str, problem: &str| ModelError::Content {
            model: self.manifest.name.clone(),
            file: file.to_owned(),
            problem: problem.to_owned(),
        };
        for file in self.manifest.sha256.keys() {
            if !self.files.contains_key(file) {
                return Err(content(file, "listed in bundle.toml but missing"));
            }
        }
        for (file, bytes) in &self.files {
            let Some(expected) = self.manifest.sha256.get(file) else {
                return Err(content(file, "present but bundle.toml has no hash of it"));
            };
            let found = sha256_hex(bytes);
            if *expected != found {
                return Err(ModelError::Hash {
                    model: self.manifest.name.clone(),
                    file: file.clone(),
                    expected: expected.clone(),
                    found,
                });
            }
        }
        Ok(())
    }

    /// Writes the bundle into a folder, which is made when it is missing.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn write(&self, folder: &Path) -> Result<(), ModelError> {
        let io = |path: &Path| {
            let path = path.to_owned();
            move |source| ModelError::Io { path, source }
        };
        std::fs::create_dir_all(folder).map_err(io(folder))?;
        for (name, content) in &self.files {
            let path = folder.join(name);
            std::fs::write(&path, content).map_err(io(&path))?;
        }
        let path = folder.join(MANIFEST);
        let manifest = toml::to_string(&self.manifest).map_err(|e| ModelError::Content {
            model: self.manifest.name.clone(),
            file: MANIFEST.to_owned(),
            problem: e.to_string(),
        })?;
        std::fs::write(&path, manifest).map_err(io(&path))
    }

    /// A copy of this bundle with other heads, under another name.
    #[must_use]
    pub fn with_heads(
        &self,
        name: &str,
        version: &str,
        heads: Vec<u8>,
        topics: String,
        made_by: &str,
    ) -> Self {
        let mut files = self.files.clone();
        files.insert(HEADS.to_owned(), Bytes::from(heads));
        files.insert(TOPICS.to_owned(), Bytes::from(topics));
        let provenance = Provenance {
            heads: made_by.to_owned(),
            ..self.manifest.provenance.clone()
        };
        Self::new(name, version, &self.manifest.licence, provenance, files)
    }

    /// A copy of this bundle with an encoder that was made from its own, and
    /// without heads, which belong to the encoder that they were fitted on.
    #[must_use]
    pub fn with_encoder(&self, weights: Vec<u8>, made_by: &str) -> Self {
        let mut files = self.files.clone();
        files.insert(ENCODER.to_owned(), Bytes::from(weights));
        files.remove(HEADS);
        files.remove(TOPICS);
        let Manifest {
            name,
            version,
            licence,
            provenance,
            ..
        } = &self.manifest;
        let provenance = Provenance {
            encoder: format!("{}, {made_by}", provenance.encoder),
            encoder_sha256: provenance.encoder_sha256.clone(),
            heads: String::new(),
        };
        Self::new(name, version, licence, provenance, files)
    }

    /// One file's content.
    ///
    /// # Errors
    /// When the bundle does not have it.
    pub fn file(&self, name: &str) -> Result<&Bytes, ModelError> {
        self.files.get(name).ok_or_else(|| ModelError::Content {
            model: self.manifest.name.clone(),
            file: name.to_owned(),
            problem: "missing in this model".to_owned(),
        })
    }

    /// Whether the model has topic heads; a bare encoder has none.
    #[must_use]
    pub fn has_heads(&self) -> bool {
        self.files.contains_key(HEADS) && self.files.contains_key(TOPICS)
    }

    /// Names and sizes in bytes of the files.
    pub fn files(&self) -> impl Iterator<Item = (&str, usize)> {
        self.files
            .iter()
            .map(|(name, content)| (name.as_str(), content.len()))
    }

    /// An error about one of the bundle's files.
    #[must_use]
    pub fn problem(&self, file: &str, problem: impl std::fmt::Display) -> ModelError {
        ModelError::Content {
            model: self.manifest.name.clone(),
            file: file.to_owned(),
            problem: problem.to_string(),
        }
    }
}

pub(super) fn read(path: &Path) -> Result<Bytes, ModelError> {
    std::fs::read(path)
        .map(Bytes::from)
        .map_err(|source| ModelError::Io {
            path: path.to_owned(),
            source,
        })
}

/// SHA-256 of some bytes, in lower-case hex.
#[must_use]
pub fn sha256_hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    Sha256::digest(bytes)
        .iter()
        .fold(String::with_capacity(64), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small() -> Bundle {
        let files = [ENCODER, CONFIG, TOKENIZER]
            .into_iter()
            .map(|n| (n.to_owned(), Bytes::from(n)))
            .collect();
        let provenance = Provenance {
            encoder: "someone/small".into(),
            encoder_sha256: sha256_hex(b"x"),
            heads: String::new(),
        };
        Bundle::new("small", "1.0.0", "MIT", provenance, files)
    }

    #[test]
    fn a_bundle_survives_the_way_to_disk_and_back() {
        let dir = tempfile::tempdir().unwrap();
        small().write(dir.path()).unwrap();
        let back = Bundle::open(dir.path()).unwrap();
        assert_eq!(back.file(CONFIG).unwrap().as_ref(), CONFIG.as_bytes());
        assert!(!back.has_heads());
    }

    #[test]
    fn one_changed_byte_is_found_and_named() {
        let dir = tempfile::tempdir().unwrap();
        small().write(dir.path()).unwrap();
        std::fs::write(dir.path().join(ENCODER), "encoder.safetensorz").unwrap();
        let error = Bundle::open(dir.path()).unwrap_err().to_string();
        assert!(
            error.contains("encoder.safetensors does not match its hash"),
            "{error}"
        );
    }

    #[test]
    fn another_format_version_says_what_to_do() {
        let dir = tempfile::tempdir().unwrap();
        small().write(dir.path()).unwrap();
        let path = dir.path().join(MANIFEST);
        let manifest = std::fs::read_to_string(&path).unwrap();
        std::fs::write(
            &path,
            manifest.replace(&format!("format = {FORMAT}"), "format = 9\nnew = true"),
        )
        .unwrap();
        let error = Bundle::open(dir.path()).unwrap_err().to_string();
        assert!(error.contains("bundle format 9"), "{error}");
    }
}
