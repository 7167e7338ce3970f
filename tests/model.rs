//! `classify model` and `--model` as a user runs them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::support::hub_server::{Fault, HubServer};
use crate::support::tiny_bert;

fn classify() -> Command {
    let mut command = crate::support::classify();
    for name in ["HF_ENDPOINT", "HF_HOME", "HF_HUB_OFFLINE", "HF_TOKEN"] {
        command.env_remove(name);
    }
    command
}

fn article() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/football.txt")
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn import(encoder: &Path, bundle: &Path) -> Output {
    classify()
        .args(["model", "import"])
        .arg(encoder)
        .args(["--name", "acme/tiny-bert", "--licence", "MIT", "-o"])
        .arg(bundle)
        .output()
        .unwrap()
}

#[test]
fn the_embedded_model_verifies_and_says_what_it_is() {
    let verified = classify().args(["model", "verify"]).output().unwrap();
    assert_eq!(verified.status.code(), Some(0));
    let info = out(&classify().args(["model", "info"]).output().unwrap());
    for part in [
        "sentence-transformers/all-MiniLM-L6-v2",
        "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
        "Apache-2.0",
        "russia_hybrid",
        "encoder.safetensors",
    ] {
        assert!(info.contains(part), "{info}");
    }
}

#[test]
fn an_imported_encoder_is_small_verified_and_close_to_the_original() {
    let folder = TempDir::new().unwrap();
    let (encoder, bundle) = (folder.path().join("tiny"), folder.path().join("bundle"));
    tiny_bert::write(&encoder);
    let imported = import(&encoder, &bundle);
    assert_eq!(imported.status.code(), Some(0), "{}", err(&imported));
    let size = |path: &Path| fs::metadata(path).unwrap().len();
    let original = size(&encoder.join("model.safetensors"));
    assert!(size(&bundle.join("encoder.safetensors")) * 3 < original);
    let verify = classify()
        .args(["model", "verify", "-m"])
        .arg(&bundle)
        .output()
        .unwrap();
    assert_eq!(verify.status.code(), Some(0));
    assert_eq!(
        import(&encoder, &bundle).status.code(),
        Some(2),
        "never overwrites"
    );

    // A bare encoder gives a summary, no topics, and says so; int8 and f32 agree.
    let summary = |model: &Path| {
        let run = classify()
            .arg(article())
            .args(["-f", "json", "-m"])
            .arg(model)
            .output()
            .unwrap();
        assert_eq!(run.status.code(), Some(0), "{}", err(&run));
        assert!(err(&run).contains("bare encoder"), "{}", err(&run));
        let result: serde_json::Value = serde_json::from_slice(&run.stdout).unwrap();
        assert_eq!(result["topics"], serde_json::json!([]));
        result["summary"].clone()
    };
    assert_eq!(summary(&bundle).as_array().unwrap().len(), 3);
    let sentences = |summary: serde_json::Value| -> Vec<u64> {
        let sentences = summary.as_array().unwrap().iter();
        sentences.map(|s| s["sentence"].as_u64().unwrap()).collect()
    };
    assert_eq!(sentences(summary(&bundle)), sentences(summary(&encoder)));
}

#[test]
fn damaged_and_foreign_models_are_refused_by_name() {
    let folder = TempDir::new().unwrap();
    let (encoder, bundle) = (folder.path().join("tiny"), folder.path().join("bundle"));
    tiny_bert::write(&encoder);
    import(&encoder, &bundle);
    let weights = bundle.join("encoder.safetensors");
    let mut bytes = fs::read(&weights).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(&weights, bytes).unwrap();
    let refused = |model: &Path, expected: &str| {
        let run = classify()
            .arg(article())
            .arg("-m")
            .arg(model)
            .output()
            .unwrap();
        assert_eq!(run.status.code(), Some(2));
        assert!(err(&run).contains(expected), "{}", err(&run));
    };
    refused(&bundle, "encoder.safetensors does not match its hash");

    fs::rename(
        encoder.join("model.safetensors"),
        encoder.join("pytorch_model.bin"),
    )
    .unwrap();
    refused(&encoder, "never pickle");
    fs::remove_file(encoder.join("config.json")).unwrap();
    refused(&encoder, "no config.json");
    fs::write(encoder.join("config.json"), r#"{"model_type":"gpt2"}"#).unwrap();
    fs::write(encoder.join("model.safetensors"), "not weights").unwrap();
    refused(&encoder, "model_type \"gpt2\"");
}

/// The command with a hub and a cache of its own.
fn with_hub(server: &HubServer, home: &Path) -> Command {
    let mut command = classify();
    command
        .arg(article())
        .args(["-m", "hf:acme/tiny-bert", "-q"])
        .env("HF_ENDPOINT", server.url())
        .env("HF_HOME", home);
    command
}

#[test]
fn a_model_of_the_hub_is_fetched_once_and_used_offline() {
    let folder = TempDir::new().unwrap();
    tiny_bert::write(&folder.path().join("tiny"));
    let server = HubServer::serve(&folder.path().join("tiny"), "acme/tiny-bert");
    let home = folder.path().join("home");

    let offline = with_hub(&server, &home)
        .env("HF_HUB_OFFLINE", "1")
        .output()
        .unwrap();
    assert_eq!(offline.status.code(), Some(2));
    assert!(
        err(&offline).contains("HF_HUB_OFFLINE"),
        "{}",
        err(&offline)
    );
    assert!(server.requests().is_empty(), "offline means no request");

    let first = with_hub(&server, &home).output().unwrap();
    assert_eq!(first.status.code(), Some(0), "{}", err(&first));
    assert!(out(&first).contains("Summary"));

    server.clear_requests();
    let again = with_hub(&server, &home)
        .env("HF_HUB_OFFLINE", "1")
        .output()
        .unwrap();
    assert_eq!(out(&again), out(&first));
    assert!(server.requests().is_empty());
}

#[test]
fn interrupted_and_wrong_downloads_are_told_and_mended() {
    let folder = TempDir::new().unwrap();
    tiny_bert::write(&folder.path().join("tiny"));
    let server = HubServer::serve(&folder.path().join("tiny"), "acme/tiny-bert");
    let home = folder.path().join("home");

    server.set_fault("model.safetensors", Some(Fault::DropAfter(100_000)));
    let run = with_hub(&server, &home).output().unwrap();
    assert_eq!(run.status.code(), Some(2));
    assert!(
        err(&run).contains("model.safetensors") && err(&run).contains("resumes"),
        "{}",
        err(&run)
    );

    server.set_fault("model.safetensors", Some(Fault::WrongBytes));
    let run = with_hub(&server, &home).output().unwrap();
    assert_eq!(run.status.code(), Some(2));
    assert!(err(&run).contains("damaged"), "{}", err(&run));

    server.set_fault("model.safetensors", None);
    let run = with_hub(&server, &home).output().unwrap();
    assert_eq!(run.status.code(), Some(0), "{}", err(&run));
}

#[test]
fn without_the_flag_no_connection_is_made() {
    let folder = TempDir::new().unwrap();
    tiny_bert::write(&folder.path().join("tiny"));
    let server = HubServer::serve(&folder.path().join("tiny"), "acme/tiny-bert");
    let run = classify()
        .arg(article())
        .env("HF_ENDPOINT", server.url())
        .output()
        .unwrap();
    assert_eq!(run.status.code(), Some(0));
    assert!(server.requests().is_empty());
}

/// The probabilities of all topics for articles of all sorts.
fn probabilities(command: &mut Command) -> Vec<f64> {
    let table = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/mixed.jsonl");
    let run = command.arg("batch").arg(table).output().unwrap();
    let mut all = Vec::new();
    for line in out(&run).lines() {
        let result: serde_json::Value = serde_json::from_str(line).unwrap();
        let topics = result["topics"].as_array().unwrap().iter();
        all.extend(topics.map(|topic| topic["probability"].as_f64().unwrap()));
    }
    assert!(all.len() > 6, "{}", err(&run));
    all
}

#[test]
fn both_engines_and_all_kernels_agree() {
    let expected = probabilities(&mut classify());
    for other in [
        probabilities(classify().args(["--engine", "candle"])),
        probabilities(classify().env("TOPICWIRE_KERNEL", "portable")),
    ] {
        assert_eq!(other.len(), expected.len());
        for (a, b) in other.iter().zip(&expected) {
            assert!((a - b).abs() < 0.05, "{other:?} {expected:?}");
        }
    }

    let engine = |command: &mut Command| {
        let info = out(&command.args(["model", "info"]).output().unwrap());
        let line = info.lines().find_map(|line| line.strip_prefix("engine"));
        line.unwrap().trim().to_owned()
    };
    assert!(engine(&mut classify()).starts_with("int8, kernel "));
    let portable = engine(classify().env("TOPICWIRE_KERNEL", "portable"));
    assert_eq!(portable, "int8, kernel portable");
    assert_eq!(
        engine(classify().args(["--engine", "candle"])),
        "candle, f32 on the CPU"
    );

    let unknown = classify()
        .arg(article())
        .env("TOPICWIRE_KERNEL", "sse9")
        .output()
        .unwrap();
    assert_eq!(unknown.status.code(), Some(2));
    assert!(err(&unknown).contains("it has") && err(&unknown).contains("portable"));
}

#[test]
fn an_encoder_that_int8_cannot_run_runs_in_candle() {
    let folder = TempDir::new().unwrap();
    let encoder = folder.path().join("tiny");
    tiny_bert::write(&encoder);
    let run = |flags: &[&str]| {
        let mut command = classify();
        command.arg(article()).arg("-m").arg(&encoder).args(flags);
        command.output().unwrap()
    };
    assert_eq!(run(&[]).status.code(), Some(0));
    let refused = run(&["--engine", "int8"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        err(&refused).contains("attention heads of 8"),
        "{}",
        err(&refused)
    );
    assert!(
        err(&refused).contains("--engine candle"),
        "{}",
        err(&refused)
    );
}

#[test]
fn weights_can_be_rounded_to_suit_a_text() {
    let folder = TempDir::new().unwrap();
    let encoder = folder.path().join("tiny");
    tiny_bert::write(&encoder);
    let import = |to: &str, flags: &[&Path]| {
        let mut command = classify();
        command.args(["model", "import", "--name", "acme/tiny", "--licence", "MIT"]);
        command.arg(&encoder).arg("-o").arg(folder.path().join(to));
        command.args(flags).output().unwrap()
    };
    let text = article();
    assert_eq!(import("plain", &[]).status.code(), Some(0));
    let calibrated = import("calibrated", &[Path::new("--calibrate"), &text]);
    assert_eq!(calibrated.status.code(), Some(0), "{}", err(&calibrated));
    let weights = |of: &str| fs::read(folder.path().join(of).join("encoder.safetensors")).unwrap();
    assert_eq!(weights("plain").len(), weights("calibrated").len());
    assert_ne!(weights("plain"), weights("calibrated"));
    import("again", &[Path::new("--calibrate"), &text]);
    assert_eq!(
        weights("again"),
        weights("calibrated"),
        "the same every time"
    );

    let missing = import(
        "missing",
        &[Path::new("--calibrate"), Path::new("no-such.txt")],
    );
    assert_eq!(missing.status.code(), Some(2));
    assert!(err(&missing).contains("no-such.txt"), "{}", err(&missing));
}
