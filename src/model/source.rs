//! `--model`: the embedded bundle, a folder, or a repository of the hub.

use std::path::PathBuf;
use std::str::FromStr;

use super::bundle::{Bundle, CONFIG, MANIFEST, ModelError, TOKENIZER};
use super::hub::{self, HubSpec};
use super::import::{self, HF_WEIGHTS};

/// Where a model is to come from.
#[derive(Debug, Clone, Default)]
pub enum ModelSource {
    /// The default model inside the binary.
    #[default]
    Embedded,
    /// A folder: a bundle, or an encoder in Hugging Face layout.
    Folder(PathBuf),
    /// A repository of the hub. The only source that may open a connection.
    Hub(HubSpec),
}

impl FromStr for ModelSource {
    type Err = super::HubError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.strip_prefix("hf:") {
            Some(spec) => Ok(Self::Hub(spec.parse()?)),
            None => Ok(Self::Folder(PathBuf::from(text))),
        }
    }
}

impl ModelSource {
    /// Loads the model; a download shows its progress on stderr when `progress` is set.
    ///
    /// # Errors
    /// When the model is missing, damaged, of another kind, or the hub fails.
    pub fn load(&self, progress: bool) -> Result<Bundle, ModelError> {
        match self {
            Self::Embedded => Bundle::embedded(),
            Self::Folder(folder) => {
                if !folder.is_dir() {
                    return Err(ModelError::Folder {
                        path: folder.clone(),
                        problem: "no such folder; --model takes a bundle's folder, an encoder's \
                                  folder or hf:ORG/NAME[@REV]"
                            .to_owned(),
                    });
                }
                if folder.join(MANIFEST).exists() {
                    return Bundle::open(folder);
                }
                let name = folder.file_name().unwrap_or(folder.as_os_str());
                import::open_encoder(folder, &name.to_string_lossy(), "local")
            }
            Self::Hub(spec) => {
                let required = [CONFIG, TOKENIZER, HF_WEIGHTS];
                let folder = hub::fetch(spec, &required, &[], progress)?;
                import::open_encoder(&folder, &spec.repo, &spec.revision)
            }
        }
    }
}
