//! `classify batch` as a user runs it.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

fn classify() -> Command {
    Command::new(env!("CARGO_BIN_EXE_classify"))
}

fn rows(bytes: &[u8]) -> Vec<Value> {
    let text = std::str::from_utf8(bytes).unwrap();
    text.lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect()
}

fn mixed() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/mixed.jsonl");
    fs::read_to_string(path).unwrap()
}

#[test]
fn every_row_comes_out_in_order_with_its_id() {
    let folder = TempDir::new().unwrap();
    let table = folder.path().join("rows.jsonl.gz");
    let mut gz = flate2::write::GzEncoder::new(
        fs::File::create(&table).unwrap(),
        flate2::Compression::fast(),
    );
    gz.write_all(mixed().repeat(7).as_bytes()).unwrap();
    gz.finish().unwrap();
    let out = folder.path().join("out.jsonl");
    let output = classify()
        .arg("batch")
        .arg(&table)
        .args(["-f", "jsonl", "-o"])
        .arg(&out)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&output.stderr).contains("42 rows, 0 failed"));
    let results = rows(&fs::read(&out).unwrap());
    assert_eq!(results.len(), 42);
    let inputs = rows(mixed().as_bytes());
    for (i, result) in results.iter().enumerate() {
        let input = &inputs[i % inputs.len()];
        assert_eq!(result["id"], input["id"]);
        assert_eq!(result["title"], input["title"]);
        // A row's result does not depend on its neighbours.
        assert_eq!(result["topics"], results[i % inputs.len()]["topics"]);
    }
}

#[test]
fn broken_rows_are_errors_in_their_place() {
    let folder = TempDir::new().unwrap();
    let table = folder.path().join("rows.jsonl");
    let good =
        r#"{"nr":7,"body":"The council met on Monday. It chose a new mayor after a long debate."}"#;
    let broken = "{\"nr\":8,\"body\":";
    let empty = r#"{"nr":9,"body":"  "}"#;
    let other = r#"{"nr":10,"text":"The column has another name."}"#;
    fs::write(&table, [good, broken, empty, other, good].join("\n")).unwrap();
    let output = classify()
        .arg("batch")
        .arg(&table)
        .args(["--text-column", "body", "--id-column", "nr", "-q"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let results = rows(&output.stdout);
    let errors: Vec<bool> = results.iter().map(|r| r["error"].is_string()).collect();
    assert_eq!(errors, [false, true, true, true, false]);
    assert_eq!(results[0]["id"], "7");
    assert_eq!(results[0]["topics"], results[4]["topics"]);
    let messages = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        messages.contains("row 2 is not a JSON object"),
        "{messages}"
    );
    assert!(
        messages.contains("row 4 has no column \"body\""),
        "{messages}"
    );
}

#[test]
fn a_missing_table_is_an_input_error() {
    let output = classify()
        .args(["batch", "nowhere.jsonl"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("nowhere.jsonl"));
}

#[test]
fn flags_may_stand_before_the_verb() {
    let table = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/mixed.jsonl");
    let output = classify()
        .args(["-q", "batch"])
        .arg(&table)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(rows(&output.stdout).len(), 6);
}

#[test]
fn a_text_over_the_limit_is_an_error_row() {
    let folder = TempDir::new().unwrap();
    let table = folder.path().join("rows.jsonl");
    let long = format!("{{\"text\":\"{}\"}}\n", "All is well. ".repeat(30));
    fs::write(&table, long + "{\"text\":\"All is well.\"}\n").unwrap();
    let output = classify()
        .arg("batch")
        .arg(&table)
        .args(["--max-bytes", "100", "--with-text"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let results = rows(&output.stdout);
    assert!(
        results[0]["error"]
            .as_str()
            .unwrap()
            .contains("longer than 100 bytes")
    );
    assert_eq!(results[1]["text"], "All is well.");
}
