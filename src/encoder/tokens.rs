//! Text to token numbers.

use tokenizers::Tokenizer;

/// A tokenizer with what goes before and after a window's text.
pub struct Tokens {
    tokenizer: Tokenizer,
    prefix: Vec<u32>,
    suffix: Vec<u32>,
}

impl Tokens {
    /// Reads a `tokenizer.json`. Its truncation and padding are switched off:
    /// windows are this crate's own matter, and nothing is cut in silence.
    pub fn load(json: &[u8]) -> Result<Self, String> {
        let mut tokenizer = Tokenizer::from_bytes(json).map_err(|e| e.to_string())?;
        tokenizer
            .with_truncation(None)
            .map_err(|e| e.to_string())?
            .with_padding(None);
        // What the tokenizer puts around an empty text, [CLS] and [SEP] for BERT.
        let around = tokenizer.encode_fast("", true).map_err(|e| e.to_string())?;
        let (prefix, suffix) = around.get_ids().split_at(around.get_ids().len() / 2);
        Ok(Self {
            prefix: prefix.to_vec(),
            suffix: suffix.to_vec(),
            tokenizer,
        })
    }

    /// The tokens of one text, without special tokens.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>, String> {
        let encoding = self
            .tokenizer
            .encode_fast(text, false)
            .map_err(|e| e.to_string())?;
        Ok(encoding.get_ids().to_vec())
    }

    /// Special tokens before a window's text.
    pub fn prefix(&self) -> &[u32] {
        &self.prefix
    }

    /// Special tokens after a window's text.
    pub fn suffix(&self) -> &[u32] {
        &self.suffix
    }

    /// How many special tokens a window has.
    pub fn specials(&self) -> usize {
        self.prefix.len() + self.suffix.len()
    }

    /// How many tokens the tokenizer knows.
    pub fn vocabulary(&self) -> usize {
        self.tokenizer.get_vocab_size(true)
    }
}
