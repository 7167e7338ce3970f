//! Input that is meant to hurt: the message is clear, memory is bounded, and
//! other inputs are done.

mod generate;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use generate::PROSE;
use serde_json::Value;
use tempfile::TempDir;

/// Address space that the command may use, in kilobytes. Most of it is stacks
/// that are never touched.
const MAX_MEMORY: &str = "3000000";

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// `classify` with bounded memory, where the system can do that.
fn classify() -> Command {
    if cfg!(target_os = "linux") {
        let mut command = Command::new("sh");
        let bounded = format!("ulimit -v {MAX_MEMORY}; exec \"$0\" \"$@\"");
        command.args(["-c", &bounded, env!("CARGO_BIN_EXE_classify")]);
        return command;
    }
    crate::support::classify()
}

/// What came of each input, in order, and the messages. An article that is
/// known to be good is put at the end and must be done.
fn run(inputs: &[(&str, Vec<u8>)], flags: &[&str]) -> (Vec<Value>, String, Option<i32>) {
    let folder = TempDir::new().unwrap();
    let mut command = classify();
    for (name, bytes) in inputs {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        command.arg(path);
    }
    command.arg(fixtures().join("football.txt"));
    let output = command.args(["-f", "jsonl"]).args(flags).output().unwrap();
    let messages = String::from_utf8(output.stderr).unwrap();
    let mut results: Vec<Value> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let last = results.pop();
    assert!(last.is_some_and(|r| r["error"].is_null()), "{messages}");
    (results, messages, output.status.code())
}

fn error(result: &Value) -> &str {
    result["error"].as_str().unwrap_or("none")
}

/// Runs the command with standard input that is made while it reads.
fn feed(command: &mut Command, write: impl FnOnce(&mut dyn Write) + Send + 'static) -> Output {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || write(&mut stdin));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output
}

/// Writes a gigabyte without a line end, as far as anybody reads it.
fn write_gigabyte(out: &mut dyn Write) {
    let piece = PROSE.repeat(1 << 10);
    let mut left = 1 << 30;
    while left > 0 && out.write_all(piece.as_bytes()).is_ok() {
        left -= piece.len().min(left);
    }
}

#[test]
fn deep_and_endless_pages_are_read_with_a_warning() {
    let (results, messages, code) = run(
        &[
            ("deep.html", generate::nested_page(100_000).into_bytes()),
            ("tags.html", generate::tags(10_000_000).into_bytes()),
        ],
        &["--max-bytes", "3000000"],
    );
    assert_eq!(code, Some(0), "{messages}");
    for result in results {
        assert!(!result["warnings"].as_array().unwrap().is_empty());
        assert!(result["words"].as_u64().unwrap() > 100);
    }
}

#[test]
fn bombs_are_stopped_at_the_limit() {
    let (results, _, code) = run(
        &[
            ("zeros.gz", generate::gzip_bomb(0, 4096)),
            ("spaces.txt.gz", generate::gzip_bomb(b' ', 4096)),
            ("bomb.docx", generate::docx_bomb(512)),
        ],
        &[],
    );
    assert_eq!(code, Some(1));
    for (result, expected) in results.iter().zip([
        "is larger than 32000000 bytes",
        "is larger than 32000000 bytes",
        "unpacks to more than",
    ]) {
        assert!(error(result).contains(expected), "{result}");
    }
}

#[test]
fn entities_are_not_expanded_without_end() {
    let (results, messages, _) = run(
        &[
            ("laughs.rss", generate::billion_laughs().into_bytes()),
            ("laughs.html", generate::billion_laughs().into_bytes()),
        ],
        &["--with-text"],
    );
    for result in results {
        let text = result["text"].as_str().unwrap_or_default();
        assert!(
            text.contains(PROSE.trim()) && text.len() < 10_000,
            "{messages}"
        );
    }
}

#[test]
fn a_gigabyte_in_one_line_is_refused() {
    let output = feed(classify().arg("-"), |out| write_gigabyte(out));
    assert_eq!(output.status.code(), Some(1));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains("--max-bytes"), "{message}");
}

#[test]
fn a_gigabyte_in_one_row_costs_that_row_alone() {
    let output = feed(classify().args(["batch", "-"]), |out| {
        out.write_all(b"{\"id\":1,\"text\":\"").unwrap();
        write_gigabyte(out);
        let good = format!("\"}}\n{{\"id\":2,\"text\":\"{PROSE}\"}}\n");
        out.write_all(good.as_bytes()).unwrap();
    });
    assert_eq!(output.status.code(), Some(1));
    let rows: Vec<Value> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(rows.len(), 2);
    assert!(error(&rows[0]).contains("longer than"));
    assert_eq!((&rows[1]["id"], error(&rows[1])), (&"2".into(), "none"));
}

#[test]
fn spoiled_bytes_nuls_and_bidi_marks_are_no_danger() {
    let texts = [
        ("a.txt", PROSE.repeat(4)),
        ("a.html", generate::nested_page(3)),
        ("a.rss", generate::billion_laughs()),
        ("a.eml", format!("From: a\nTo: b\nSubject: c\n\n{PROSE}")),
        ("a.md", format!("# Ferry\n\n{PROSE}")),
    ];
    let mut inputs = Vec::new();
    let marks = "\u{202e}\u{2066}\u{200f}\u{feff}";
    for (name, text) in &texts {
        let with = |mark: &str| text.replace(" the ", mark).into_bytes();
        inputs.push((*name, generate::spoiled(text.as_bytes())));
        inputs.push((*name, with("\0")));
        inputs.push((*name, with(marks)));
    }
    // Names come up in messages.
    let names: Vec<String> = (0..inputs.len())
        .map(|n| format!("{n}-\u{202e}\u{1b}[31m{}", inputs[n].0))
        .collect();
    let named: Vec<(&str, Vec<u8>)> = names
        .iter()
        .map(String::as_str)
        .zip(inputs.into_iter().map(|(_, bytes)| bytes))
        .collect();
    let (results, messages, _) = run(&named, &[]);
    assert_eq!(results.len(), named.len());
    // The marks may turn a terminal's text around, so no message shows them.
    assert!(messages.contains("31m"), "some input is remarked");
    let marks = ['\0', '\u{1b}', '\u{202e}', '\u{2066}'];
    assert!(!messages.contains(marks), "{messages}");
}

#[test]
fn torn_files_are_named_and_the_others_are_done() {
    let whole = [
        ("a.txt.gz", {
            let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            gz.write_all(PROSE.repeat(20).as_bytes()).unwrap();
            gz.finish().unwrap()
        }),
        (
            "a.docx",
            fs::read(fixtures().join("formats/ferry-libreoffice.docx")).unwrap(),
        ),
        (
            "a.pdf",
            fs::read(fixtures().join("formats/ferry-chromium.pdf")).unwrap(),
        ),
    ];
    for (name, bytes) in whole {
        for tenth in 1..10 {
            let torn = bytes[..bytes.len() * tenth / 10].to_vec();
            let (results, messages, _) = run(&[(name, torn)], &[]);
            // A reader may save what it can, but not in silence.
            let result = &results[0];
            let saved = result["error"].is_null();
            let warned = result["warnings"].as_array().is_some_and(|w| !w.is_empty());
            assert!(!saved || warned, "{name} cut at {tenth}0 %: {messages}");
            assert!(
                messages.contains(name) && !messages.contains("panicked"),
                "{messages}"
            );
        }
    }
}

#[test]
fn torn_tables_keep_the_rows_before_the_tear() {
    let rows: String = (0..2_000)
        .map(|id| format!("{{\"id\":{id},\"text\":\"{PROSE}\"}}\n"))
        .collect();
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(rows.as_bytes()).unwrap();
    let mut bytes = gz.finish().unwrap();
    bytes.truncate(bytes.len() / 4);
    let parquet = fs::read(fixtures().join("tables/articles.parquet")).unwrap();
    let folder = TempDir::new().unwrap();
    for (name, bytes) in [
        ("rows.jsonl.gz", bytes),
        ("rows.parquet", parquet[..parquet.len() / 2].to_vec()),
    ] {
        let file = folder.path().join(name);
        fs::write(&file, bytes).unwrap();
        let output = classify().arg("batch").arg(&file).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{name}");
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(
            message.contains(name) && message.contains("error"),
            "{message}"
        );
        assert!(!message.contains("panicked"), "{message}");
    }
}
