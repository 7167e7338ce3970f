//! Topics of the user's own: `classify topics`, `--topics`, and few labelled articles.

use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::Value;
use tempfile::TempDir;

const OWN: &str = r#"
[[topic]]
id = "sailing"
name = "Sailing"
definition = "Yachts and regattas, sailors and their crews, harbours, and storms at sea"

[[topic]]
id = "baking"
name = "Baking"
definition = "Bread, dough, flour and yeast; bakers, ovens and recipes for cakes"
examples = ["The loaves were left to prove overnight."]
threshold = 0.4
"#;

const YACHTS: &str = "Two yachts lost their masts in the night race to the islands. \
    The crew of the Kittiwake, who sailed under a storm jib for nine hours, reached the harbour at dawn. \
    The regatta's organisers said that the wind had risen to 50 knots in the strait.";
const COUNCIL: &str = "The county council put off its vote on parking charges again on Tuesday. \
    Councillors said that residents had not been asked. A consultation will run until May.";

fn classify(arguments: &[&str]) -> Output {
    crate::support::classify().args(arguments).output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn write(folder: &TempDir, name: &str, text: &str) -> String {
    let path = folder.path().join(name);
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

fn json(arguments: &[&str]) -> Value {
    let run = classify(arguments);
    assert_eq!(run.status.code(), Some(0), "{}", err(&run));
    serde_json::from_slice(&run.stdout).unwrap()
}

fn topic<'a>(analysis: &'a Value, id: &str) -> &'a Value {
    let topics = analysis["topics"].as_array().unwrap();
    topics.iter().find(|t| t["id"] == id).unwrap()
}

#[test]
fn a_definition_is_enough_and_stands_beside_the_models_own_topics() {
    let folder = TempDir::new().unwrap();
    let own = write(&folder, "own.toml", OWN);
    let yachts = write(&folder, "yachts.txt", YACHTS);
    let council = write(&folder, "council.txt", COUNCIL);

    let found = json(&[&yachts, "--topics", &own, "-f", "json"]);
    assert_eq!(found["labels"], serde_json::json!(["sailing"]), "{found}");
    assert_eq!(found["topics"].as_array().unwrap().len(), 5);
    let sailing = topic(&found, "sailing");
    let evidence = sailing["evidence"][0]["text"].as_str().unwrap();
    assert!(YACHTS.contains(evidence), "{evidence}");
    assert_eq!(topic(&found, "baking")["threshold"], 0.4);

    // Unrelated text stays low.
    let unrelated = json(&[&council, "--topics", &own, "-f", "json"]);
    for id in ["sailing", "baking"] {
        let p = topic(&unrelated, id)["probability"].as_f64().unwrap();
        assert!(p < 0.3, "{id} {p}");
    }
    // The model's own topics are as without the file.
    let without = json(&[&yachts, "-f", "json"]);
    assert_eq!(topic(&found, "brexit"), topic(&without, "brexit"));

    let alone = write(&folder, "alone.toml", &format!("builtin = false\n{OWN}"));
    let found = json(&[&yachts, "--topics", &alone, "-f", "json"]);
    assert_eq!(found["topics"].as_array().unwrap().len(), 2);
}

#[test]
fn topics_are_listed_and_files_checked() {
    let folder = TempDir::new().unwrap();
    let own = write(&folder, "own.toml", OWN);
    let listed = classify(&["topics"]);
    let text = out(&listed);
    assert!(
        text.contains("russia_hybrid  Russia hybrid threats\n"),
        "{text}"
    );
    assert!(text.contains("trained, holds from probability"), "{text}");
    let text = out(&classify(&["topics", "--topics", &own]));
    assert!(
        text.contains("zero-shot, holds from probability 0.4"),
        "{text}"
    );

    let checked = classify(&["topics", "check", &own]);
    assert_eq!(checked.status.code(), Some(0));
    let text = out(&checked);
    assert!(
        text.contains("    This is news about regattas.\n"),
        "{text}"
    );
    assert!(text.contains("    The loaves were left to prove overnight.\n"));
    assert!(text.contains("2 topics, beside the model's own topics; no mistakes"));
    let taken = OWN.replacen("\"sailing\"", "\"brexit\"", 1);
    let taken = write(&folder, "taken.toml", &taken);
    let checked = classify(&["topics", "check", &taken]);
    let text = err(&checked);
    assert!(text.contains("topic \"brexit\" is one of model"), "{text}");

    let bad = write(
        &folder,
        "bad.toml",
        "[[topic]]\nid = \"My, Topic\"\n[[topic]]\nname = \"x\"\n",
    );
    let checked = classify(&["topics", "check", &bad]);
    assert_eq!(checked.status.code(), Some(2));
    let text = err(&checked);
    assert!(
        text.contains("bad.toml: line 2: id \"My, Topic\" has ',' in it"),
        "{text}"
    );
    assert!(
        text.contains("bad.toml: line 3: the topic has no id"),
        "{text}"
    );
    // The same mistakes stop the main job, all named.
    let article = write(&folder, "a.txt", COUNCIL);
    let run = classify(&[&article, "--topics", &bad]);
    assert_eq!(run.status.code(), Some(2));
    assert!(err(&run).contains("line 2") && err(&run).contains("line 3"));

    let taken = write(&folder, "taken.toml", "[[topic]]\nid = \"brexit\"\n");
    let run = classify(&[&article, "--topics", &taken]);
    assert_eq!(run.status.code(), Some(2));
    assert!(
        err(&run).contains("topic \"brexit\" is one of the model's own"),
        "{}",
        err(&run)
    );
}

/// Eight articles about each of two things.
fn write_few(path: &Path) {
    let sailing = [
        "gale", "race", "keel", "crew", "mast", "tide", "buoy", "sail",
    ];
    let baking = [
        "loaf", "oven", "rye", "crust", "yeast", "cake", "flour", "pie",
    ];
    let mut rows = String::new();
    for (a, b) in sailing.iter().zip(baking) {
        for (text, label) in [
            (
                format!(
                    "The skipper spoke of the {a} after the regatta. The yacht is back in harbour."
                ),
                "sailing",
            ),
            (
                format!("The baker spoke of the {b} at the fair. The bread was sold by noon."),
                "baking",
            ),
        ] {
            rows.push_str(&serde_json::json!({"text": text, "label": label}).to_string());
            rows.push('\n');
        }
    }
    fs::write(path, rows).unwrap();
}

#[test]
fn eight_articles_a_topic_make_a_bundle_with_definitions_or_without() {
    let folder = TempDir::new().unwrap();
    let few = folder.path().join("few.jsonl");
    write_few(&few);
    let few = few.to_str().unwrap();
    let own = write(&folder, "own.toml", OWN);
    let yachts = write(&folder, "yachts.txt", YACHTS);
    let council = write(&folder, "council.txt", COUNCIL);
    for (bundle, flags) in [
        ("with", vec!["--topics", own.as_str()]),
        ("without", vec![]),
    ] {
        let bundle = folder.path().join(bundle);
        let bundle = bundle.to_str().unwrap();
        let mut arguments = vec!["train", few, "-o", bundle];
        arguments.extend(flags);
        let trained = classify(&arguments);
        assert_eq!(trained.status.code(), Some(0), "{}", err(&trained));
        assert!(
            out(&trained).contains("| sailing | 8 |"),
            "{}",
            out(&trained)
        );

        let found = json(&[&yachts, "-m", bundle, "-f", "json"]);
        assert_eq!(found["labels"], serde_json::json!(["sailing"]), "{found}");
        assert!(
            !found["topics"][0]["evidence"]
                .as_array()
                .unwrap()
                .is_empty()
                || !found["topics"][1]["evidence"]
                    .as_array()
                    .unwrap()
                    .is_empty()
        );
        let unrelated = json(&[&council, "-m", bundle, "-f", "json"]);
        assert_eq!(unrelated["labels"], serde_json::json!([]), "{unrelated}");
        let listed = out(&classify(&["topics", "-m", bundle]));
        assert!(
            listed.contains("few-shot, holds from probability"),
            "{listed}"
        );
    }
}

#[test]
fn what_would_go_wrong_without_a_word_is_refused() {
    let folder = TempDir::new().unwrap();
    let topics = write(&folder, "topics.toml", OWN);
    let note = write(&folder, "note.txt", YACHTS);
    let over = classify(&[&note, "--topics", &topics, "-o", &topics]);
    assert_eq!(over.status.code(), Some(2));
    assert!(err(&over).contains("is an input too"), "{}", err(&over));
    assert_eq!(fs::read_to_string(&topics).unwrap(), OWN);

    let rows = ["Sailing", "sailing", "baking"]
        .map(|label| serde_json::json!({"text": COUNCIL, "labels": [label]}).to_string());
    let labelled = write(&folder, "labelled.jsonl", &rows.join("\n"));
    let model = folder.path().join("model");
    let model = model.to_str().unwrap();
    let trained = classify(&["train", &labelled, "--topics", &topics, "-o", model]);
    assert_eq!(trained.status.code(), Some(2));
    let told = err(&trained);
    assert!(
        told.contains("\"Sailing\"; write the topic \"sailing\""),
        "{told}"
    );

    let bad = OWN.replace("\"Baking\"", "\"Ba\\u0007king\"");
    let bad = write(&folder, "bad.toml", &bad);
    let checked = classify(&["topics", "check", &bad]);
    assert_eq!(checked.status.code(), Some(2));
    assert!(err(&checked).contains("line 9"), "{}", err(&checked));
}
