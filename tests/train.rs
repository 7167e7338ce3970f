//! `classify train` and `classify eval` as a user runs them.

use std::fs;
use std::path::Path;
use std::process::Output;

use tempfile::TempDir;

use crate::support::{classify, tiny_bert};

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Articles about two topics that share no words.
fn write_articles(path: &Path) {
    let sailing = "The yacht left the harbour at dawn with a fresh wind. The crew set the sails and steered for the island.";
    let baking = "Knead the dough until it is smooth and let it rise. The bread needs an hour in a hot oven.";
    let mut rows = String::new();
    // More than a hundred of each, so that heads are fitted.
    for i in 0..220 {
        let (text, label) = if i % 2 == 0 {
            (sailing, "sailing")
        } else {
            (baking, "baking")
        };
        let row = serde_json::json!({
            "id": i, "text": format!("{text} This is report number {i} of the year."), "labels": [label],
            "best": [[0, 50]],
        });
        rows.push_str(&format!("{row}\n"));
    }
    fs::write(path, rows).unwrap();
}

fn train(encoder: Option<&Path>, articles: &Path, summaries: &Path, bundle: &Path) -> Output {
    classify()
        .arg("train")
        .arg(articles)
        .arg("--summaries")
        .arg(summaries)
        .args(encoder.map(|e| format!("-m{}", e.display())))
        .arg("-o")
        .arg(bundle)
        .arg("--cache")
        .arg(articles.with_file_name("cache"))
        .args(["--seed", "1", "--name", "hobbies"])
        .output()
        .unwrap()
}

#[test]
fn a_trained_bundle_labels_articles_and_wrong_rows_cost_only_themselves() {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name);
    let articles = path("articles.jsonl");
    write_articles(&articles);
    let good = fs::read_to_string(&articles).unwrap();
    let first = good.lines().next().unwrap();
    let wrong = "{\"text\":\"All is well here.\",\"grades\":{\"sailing\":9}}";
    fs::write(path("mixed.jsonl"), format!("{good}{first}\n{wrong}\n")).unwrap();
    let trained = train(None, &path("mixed.jsonl"), &articles, &path("first"));
    let said = err(&trained);
    assert_eq!(trained.status.code(), Some(1), "{said}");
    for expected in [
        "has grade 9 for sailing; grades are 0, 1, 2 or 3; it is left out",
        "1 rows repeat the text of another",
    ] {
        assert!(said.contains(expected), "{said}");
    }
    let figures = String::from_utf8_lossy(&trained.stdout).into_owned();
    assert!(
        figures.contains("| baking | 110 |") && figures.contains("features alone"),
        "{figures}"
    );

    // Summaries alone leave the topics as they are; marks may lie apart from the texts.
    let rows = good.lines().take(40).map(|line| {
        let mut row: serde_json::Value = serde_json::from_str(line).unwrap();
        row.as_object_mut().unwrap().remove("best");
        format!("{row}\n")
    });
    fs::write(path("unmarked.jsonl"), rows.collect::<String>()).unwrap();
    let marks = (0..30).map(|id| format!("{{\"id\":{id},\"best\":[[0,50]]}}\n"));
    fs::write(path("marks.jsonl"), marks.collect::<String>()).unwrap();
    let written = "{\"text\":\"The ferry sank on Monday. Nobody was hurt.\",\"references\":[\"The ferry sank.\"]}";
    fs::write(path("written.jsonl"), written).unwrap();
    let again = classify()
        .args(["train", "--name", "summaries"])
        .args(["--summaries".as_ref(), path("unmarked.jsonl").as_os_str()])
        .args(["--summaries".as_ref(), path("written.jsonl").as_os_str()])
        .args(["--summary-marks".as_ref(), path("marks.jsonl").as_os_str()])
        .args(["-m".as_ref(), path("first").as_os_str()])
        .args(["-o".as_ref(), path("second").as_os_str()])
        .output()
        .unwrap();
    assert_eq!(again.status.code(), Some(0), "{}", err(&again));
    let read = |bundle: &str, file: &str| fs::read(path(bundle).join(file)).unwrap();
    assert_eq!(read("first", "topics.toml"), read("second", "topics.toml"));
    let heads = |bundle| read(bundle, "heads.safetensors");
    assert_ne!(heads("first"), heads("second"));

    let note = path("note.txt");
    fs::write(
        &note,
        "The crew of the yacht set the sails at dawn and left the harbour with a fresh wind.",
    )
    .unwrap();
    let run = classify()
        .arg(&note)
        .args(["-f", "json", "-m"])
        .arg(path("second"))
        .output()
        .unwrap();
    let result: serde_json::Value = serde_json::from_slice(&run.stdout).unwrap();
    assert_eq!(result["labels"], serde_json::json!(["sailing"]));
    assert_eq!(result["model"]["name"], "summaries");

    let eval = classify()
        .args(["eval", "--data"])
        .arg(path("articles.jsonl"))
        .arg("--baseline")
        .arg(path("articles.jsonl"))
        .arg("-m")
        .arg(path("first"))
        .output()
        .unwrap();
    let table = String::from_utf8_lossy(&eval.stdout).into_owned();
    assert!(
        table.contains("Topics: hobbies 1.0.0, 220 articles"),
        "{table}"
    );
    let line = |start: &str| {
        table
            .lines()
            .find(|l| l.starts_with(start))
            .unwrap()
            .to_owned()
    };
    let sailing = line("sailing ");
    let figures: Vec<&str> = sailing.split_whitespace().collect();
    assert_eq!(
        figures[..5],
        ["sailing", "110", "1.000", "1.000", "1.000"],
        "{table}"
    );
    // All training articles are measured ones, so there is nothing to fit a baseline on.
    assert!(
        !table.contains("TF-IDF") && err(&eval).contains("TF-IDF"),
        "{table}"
    );
    assert!(table.contains("first sentences"), "{table}");
}

#[test]
fn wrong_training_data_is_named() {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name);
    tiny_bert::write(&path("tiny"));
    write_articles(&path("articles.jsonl"));
    let refused = |table: &str, expected: &str| {
        fs::write(path("bad.jsonl"), table).unwrap();
        let bad = path("bad.jsonl");
        let run = train(Some(&path("tiny")), &bad, &bad, &path("out"));
        assert_eq!(run.status.code(), Some(2));
        assert!(err(&run).contains(expected), "{}", err(&run));
        assert!(!path("out").exists());
    };
    refused("{\"text\":\"All is well here.\"}\n", "no row names a topic");
    refused(
        "{\"text\":\"All is well here.\",\"labels\":[\"a\"],\"best\":[[0,17]]}\n",
        "too few",
    );
    refused("", "no row gives an article");
    let bad_grade = "{\"text\":\"All is well here.\",\"grades\":{\"a\":9}}\n";
    refused(bad_grade, "row 1 has grade 9 for a");
}
