//! A very small BERT in Hugging Face layout: real files, random weights.

use std::fs;
use std::path::Path;

use safetensors::tensor::{Dtype, TensorView};

const VOCABULARY: usize = 30_522;
const WIDTH: usize = 16;
const INNER: usize = 32;
const POSITIONS: usize = 64;

/// Writes config.json, tokenizer.json and model.safetensors. The tokenizer is
/// the default model's.
pub fn write(folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    let tokenizer = concat!(env!("CARGO_MANIFEST_DIR"), "/models/default/tokenizer.json");
    fs::copy(tokenizer, folder.join("tokenizer.json")).unwrap();
    let config = serde_json::json!({
        "model_type": "bert", "vocab_size": VOCABULARY, "hidden_size": WIDTH,
        "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": INNER,
        "hidden_act": "gelu", "hidden_dropout_prob": 0.1, "max_position_embeddings": POSITIONS,
        "type_vocab_size": 2, "initializer_range": 0.02, "layer_norm_eps": 1e-12,
        "pad_token_id": 0,
    });
    fs::write(folder.join("config.json"), config.to_string()).unwrap();

    let mut tensors: Vec<(String, Vec<usize>)> = vec![
        (
            "embeddings.word_embeddings.weight".into(),
            vec![VOCABULARY, WIDTH],
        ),
        (
            "embeddings.position_embeddings.weight".into(),
            vec![POSITIONS, WIDTH],
        ),
        (
            "embeddings.token_type_embeddings.weight".into(),
            vec![2, WIDTH],
        ),
    ];
    let mut norm = |name: String| {
        tensors.push((format!("{name}.weight"), vec![WIDTH]));
        tensors.push((format!("{name}.bias"), vec![WIDTH]));
    };
    norm("embeddings.LayerNorm".into());
    for layer in 0..2 {
        norm(format!("encoder.layer.{layer}.attention.output.LayerNorm"));
        norm(format!("encoder.layer.{layer}.output.LayerNorm"));
    }
    for layer in 0..2 {
        for (name, out, input) in [
            ("attention.self.query", WIDTH, WIDTH),
            ("attention.self.key", WIDTH, WIDTH),
            ("attention.self.value", WIDTH, WIDTH),
            ("attention.output.dense", WIDTH, WIDTH),
            ("intermediate.dense", INNER, WIDTH),
            ("output.dense", WIDTH, INNER),
        ] {
            let name = format!("encoder.layer.{layer}.{name}");
            tensors.push((format!("{name}.weight"), vec![out, input]));
            tensors.push((format!("{name}.bias"), vec![out]));
        }
    }
    let mut state = 1u64;
    let mut random = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 40) as f32 / (1u64 << 24) as f32 - 0.5
    };
    let bytes: Vec<Vec<u8>> = tensors
        .iter()
        .map(|(name, shape)| {
            let norm = name.ends_with("LayerNorm.weight");
            (0..shape.iter().product::<usize>())
                .flat_map(|_| (if norm { 1.0 } else { random() }).to_le_bytes())
                .collect()
        })
        .collect();
    let views = tensors.iter().zip(&bytes).map(|((name, shape), bytes)| {
        let view = TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap();
        (name.as_str(), view)
    });
    let weights = safetensors::serialize(views, None).unwrap();
    fs::write(folder.join("model.safetensors"), weights).unwrap();
}
