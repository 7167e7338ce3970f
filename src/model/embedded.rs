//! The default bundle, compiled into the binary.

use bytes::Bytes;

use super::bundle::{Bundle, CONFIG, ENCODER, HEADS, ModelError, TOKENIZER, TOPICS};

macro_rules! default_file {
    ($name:literal) => {
        include_bytes!(concat!("../../models/default/", $name)).as_slice()
    };
}

impl Bundle {
    /// The default model, embedded in the binary.
    ///
    /// Its hashes are not checked here, since whoever can change them can
    /// change the code too; [`Bundle::verify`] does it on request.
    ///
    /// # Errors
    /// When the embedded manifest cannot be read, which a test rules out.
    pub fn embedded() -> Result<Self, ModelError> {
        let manifest = include_str!("../../models/default/bundle.toml");
        let files = [
            (ENCODER, default_file!("encoder.safetensors")),
            (CONFIG, default_file!("config.json")),
            (TOKENIZER, default_file!("tokenizer.json")),
            (HEADS, default_file!("heads.safetensors")),
            (TOPICS, default_file!("topics.toml")),
        ]
        .into_iter()
        .map(|(name, content)| (name.to_owned(), Bytes::from_static(content)))
        .collect();
        Self::unchecked(manifest, files, "embedded")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_bundle_matches_its_hashes() {
        Bundle::embedded().unwrap().verify().unwrap();
    }
}
