//! `classify train --finetune` as a user runs it, on a very small encoder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;
use tempfile::TempDir;

use crate::support::{classify, tiny_bert};

const TOPICS: &str = r#"
[[topic]]
id = "sailing"
name = "Sailing"
definition = "Yachts, sailors and their crews"

[[topic]]
id = "baking"
name = "Baking"
definition = "Bread, dough and ovens"
"#;

const SAILING: [&str; 4] = [
    "The yacht left the harbour at dawn with a fresh wind.",
    "Her crew set the sails and steered for the island.",
    "The regatta was called off when the wind rose in the strait.",
    "Two sailors were taken off the boat by the lifeboat.",
];
const BAKING: [&str; 4] = [
    "Knead the dough until it is smooth and let it rise.",
    "The bread needs an hour in a hot oven.",
    "Rye flour wants more water and a longer rest.",
    "The baker sells out of loaves before nine.",
];
const GENERAL: [&str; 6] = [
    "The county council put off its vote on parking charges.",
    "Shares in the mining company fell after a weak report.",
    "Two men were arrested after the break-in at the museum.",
    "The school's new wing will open in the autumn.",
    "Heavy rain closed the railway line for a day.",
    "The striker signed for a club in the second division.",
];

struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let place = Self { folder };
        tiny_bert::write(&place.path("tiny"));
        fs::write(place.path("topics.toml"), TOPICS).unwrap();
        let mut labelled = String::new();
        for i in 0..24 {
            let (sentences, label) = match i % 2 {
                0 => (SAILING, "sailing"),
                _ => (BAKING, "baking"),
            };
            let (first, second) = (sentences[i / 2 % 4], sentences[(i / 2 + 1) % 4]);
            let text = format!("{first} {second} It was report number {i}.");
            labelled += &format!("{}\n", json!({"id": i, "text": text, "labels": [label]}));
        }
        fs::write(place.path("labelled.jsonl"), labelled).unwrap();
        let mut general = String::new();
        for i in 0..60 {
            let text = format!("{} {}", GENERAL[i % 6], GENERAL[(i + 1 + i / 6) % 6]);
            general += &format!("{}\n", json!({"text": text}));
        }
        fs::write(place.path("general.jsonl"), general).unwrap();
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn train(&self, bundle: &str, more: &[&str]) -> Command {
        let mut command = classify();
        command
            .current_dir(self.folder.path())
            .args(["train", "labelled.jsonl", "--topics", "topics.toml"])
            .args(["-m", "tiny", "--finetune", "-o", bundle])
            .args(more);
        command
    }

    fn files(&self, bundle: &str) -> [Vec<u8>; 2] {
        let file = |name: &str| fs::read(self.path(bundle).join(name)).unwrap();
        [file("encoder.safetensors"), file("heads.safetensors")]
    }
}

fn well(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{error}");
    output
}

fn has_checkpoint(folder: &Path) -> bool {
    let Ok(files) = fs::read_dir(folder) else {
        return false;
    };
    let name = |file: std::io::Result<fs::DirEntry>| file.unwrap().file_name();
    files.map(name).any(|name| {
        name.to_string_lossy().starts_with("finetune-")
            && !name.to_string_lossy().ends_with(".part")
    })
}

const GENERAL_NEWS: [&str; 2] = ["--background", "general.jsonl"];

#[test]
fn a_tuned_model_is_the_same_on_any_threads_and_after_an_interruption() {
    let place = Place::new();
    let trained = well(&mut place.train("first", &GENERAL_NEWS));
    let figures = String::from_utf8_lossy(&trained.stdout).into_owned();
    assert!(figures.contains("| sailing | 12 |"), "{figures}");
    assert!(!place.path("first.part").exists());
    let card = fs::read_to_string(place.path("first/MODEL_CARD.md")).unwrap();
    for part in ["| sailing | 12 |", "fine-tuned", "Bread, dough and ovens"] {
        assert!(card.contains(part), "{part}: {card}");
    }

    let one = [&GENERAL_NEWS[..], &["--threads", "1"]].concat();
    well(&mut place.train("alone", &one));
    assert_eq!(place.files("first"), place.files("alone"));

    let mut child = place
        .train("broken", &GENERAL_NEWS)
        .stderr(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let start = Instant::now();
    while !has_checkpoint(&place.path("broken.part")) {
        assert!(start.elapsed() < Duration::from_secs(300), "no checkpoint");
        if child.try_wait().unwrap().is_some() {
            break;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    let _ = child.kill();
    child.wait().unwrap();
    if !place.path("broken").exists() {
        let resumed = well(&mut place.train("broken", &GENERAL_NEWS));
        let told = String::from_utf8_lossy(&resumed.stderr).into_owned();
        assert!(told.contains("goes on from broken.part"), "{told}");
    }
    assert_eq!(place.files("first"), place.files("broken"));

    let label = |text: &str| {
        fs::write(place.path("note.txt"), text).unwrap();
        let mut command = classify();
        command
            .current_dir(place.folder.path())
            .args(["note.txt", "-m", "first", "-f", "json"]);
        let analysis: serde_json::Value =
            serde_json::from_slice(&well(&mut command).stdout).unwrap();
        let of = |i: usize| analysis["topics"][i]["probability"].as_f64().unwrap();
        of(0) - of(1)
    };
    let (sailing, baking) = (label(SAILING[1]), label(BAKING[1]));
    assert!(sailing > baking, "{sailing} {baking}");
}

#[test]
fn few_articles_need_general_news() {
    let place = Place::new();
    let run = place.train("out", &[]).output().unwrap();
    assert_eq!(run.status.code(), Some(2));
    let error = String::from_utf8_lossy(&run.stderr).into_owned();
    assert!(error.contains("--background"), "{error}");
    assert!(!place.path("out").exists());
}
