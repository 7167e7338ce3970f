//! `classify model`: look at models, check them, make them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, bail};

use super::files::Output;
use super::{Common, Ended};
use crate::analyzer::definitions;
use crate::article::DEFAULT_MAX_BYTES;
use crate::encoder::{Encoder, EngineOptions, calibrate};
use crate::model::{Bundle, ENCODER, ModelSource, import};
use std::io::Write;

/// What to do with a model.
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// Say what a model is made of, where it comes from and under which licence
    Info,
    /// Check every file of a model against its hash
    Verify,
    /// Turn an encoder in Hugging Face layout into a bundle with int8 weights
    Import(ImportArgs),
}

/// Flags of `model import`.
#[derive(Debug, clap::Args)]
pub struct ImportArgs {
    /// Folder with config.json, tokenizer.json and model.safetensors
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Folder of the new bundle; must not exist
    #[arg(short, long, value_name = "BUNDLE")]
    output: PathBuf,
    /// Name of the public model that this is, kept as its provenance
    #[arg(long, value_name = "ORG/NAME")]
    name: String,
    /// Licence of the weights as an SPDX expression
    #[arg(long, value_name = "SPDX")]
    licence: String,
    /// Text that is like what the encoder will read: weights are rounded so that
    /// its outputs on it stay near; a few thousand words; repeatable
    #[arg(long, value_name = "FILE.txt", num_args = 1..)]
    calibrate: Vec<PathBuf>,
    /// Version of the new bundle
    #[arg(long = "as-version", value_name = "VERSION", default_value = "1.0.0")]
    version: String,
}

pub fn run(verb: &Verb, common: &Common) -> anyhow::Result<Ended> {
    match verb {
        Verb::Info => info(&common.bundle()?, common.engine()?),
        Verb::Verify => verify(&common.bundle()?),
        Verb::Import(args) => import_folder(args),
    }
}

/// `classify --version`.
pub fn version(common: &Common) -> anyhow::Result<Ended> {
    let manifest = common.bundle()?.manifest;
    let mut out = Output::open(None, &[])?;
    writeln!(out, "classify {}", env!("CARGO_PKG_VERSION"))?;
    writeln!(out, "model {} {}", manifest.name, manifest.version)?;
    out.complete()?;
    Ok(Ended::Well)
}

fn info(bundle: &Bundle, engine: EngineOptions) -> anyhow::Result<Ended> {
    let manifest = &bundle.manifest;
    let mut out = Output::open(None, &[])?;
    writeln!(out, "model     {} {}", manifest.name, manifest.version)?;
    writeln!(out, "licence   {}", manifest.licence)?;
    let provenance = &manifest.provenance;
    writeln!(out, "encoder   {}", provenance.encoder)?;
    writeln!(
        out,
        "          from weights with SHA-256 {}",
        provenance.encoder_sha256
    )?;
    writeln!(out, "engine    {}", Encoder::load(bundle, engine)?.engine())?;
    if bundle.has_heads() {
        writeln!(out, "heads     {}", provenance.heads)?;
        writeln!(out, "topics")?;
        for topic in definitions(bundle)?.topics {
            writeln!(
                out,
                "  {} (holds from {:.2}): {}",
                topic.id, topic.threshold, topic.definition
            )?;
        }
    } else {
        writeln!(out, "topics    none: a bare encoder")?;
    }
    writeln!(out, "files")?;
    for (name, size) in bundle.files() {
        let hash = manifest.sha256.get(name).map_or("no hash", String::as_str);
        writeln!(out, "  {name:<20} {size:>9} bytes  {hash}")?;
    }
    out.complete()?;
    Ok(Ended::Well)
}

fn verify(bundle: &Bundle) -> anyhow::Result<Ended> {
    bundle.verify()?;
    let manifest = &bundle.manifest;
    let mut out = Output::open(None, &[])?;
    let (count, name) = (bundle.files().count(), &manifest.name);
    writeln!(
        out,
        "{name} {}: all {count} files match their hashes",
        manifest.version
    )?;
    out.complete()?;
    Ok(Ended::Well)
}

fn import_folder(args: &ImportArgs) -> anyhow::Result<Ended> {
    let target = args.output.display();
    if args.output.exists() {
        bail!("{target}: exists already; name a new folder, or delete this one first");
    }
    let mut hessians = BTreeMap::new();
    if !args.calibrate.is_empty() {
        let read = |path: &PathBuf| {
            let articles = crate::article::read(path, DEFAULT_MAX_BYTES);
            let articles = articles.with_context(|| path.display().to_string())?;
            let texts: Vec<String> = articles
                .into_iter()
                .map(|article| article.map(|a| a.text))
                .collect::<Result<_, _>>()
                .with_context(|| path.display().to_string())?;
            Ok(texts.join("\n\n"))
        };
        let texts: Vec<String> = args
            .calibrate
            .iter()
            .map(read)
            .collect::<anyhow::Result<_>>()?;
        let encoder = ModelSource::Folder(args.folder.clone()).load(false)?;
        hessians = calibrate(&encoder, &texts)?;
    }
    let (name, version, licence) = (&args.name, &args.version, &args.licence);
    let bundle = import(&args.folder, name, version, licence, &hessians)?;
    bundle
        .write(&args.output)
        .with_context(|| format!("{target}: cannot be written"))?;
    let size = bundle.file(ENCODER)?.len();
    let mut out = Output::open(None, &[])?;
    writeln!(
        out,
        "{target}: {} as int8, {size} bytes; no topics yet",
        args.name
    )?;
    writeln!(
        out,
        "next: classify train ARTICLES.jsonl -m {target} -o NEW-BUNDLE"
    )?;
    out.complete()?;
    Ok(Ended::Well)
}
