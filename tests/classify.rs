//! `classify FILE…` as a user runs it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::classify;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name)
}

fn run(command: &mut Command) -> Output {
    command.output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn json(file: &Path) -> Value {
    let output = run(classify().arg(file).args(["-f", "json"]));
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Every span must be the sentence: characters of the decoded text.
fn assert_spans(result: &Value, text: &str) {
    let chars: Vec<char> = text.chars().collect();
    let evidence = result["topics"].as_array().unwrap().iter();
    let evidence = evidence.flat_map(|t| t["evidence"].as_array().unwrap());
    let summary = result["summary"].as_array().unwrap();
    for quote in evidence.chain(summary) {
        let at = |key: &str| usize::try_from(quote[key].as_u64().unwrap()).unwrap();
        let by_offsets: String = chars[at("start")..at("end")].iter().collect();
        assert_eq!(quote["text"], by_offsets);
    }
}

#[test]
fn a_messy_article_gets_labels_evidence_and_a_clean_summary() {
    let file = fixture("hybrid-summit.txt");
    let result = json(&file);
    assert_eq!(result["schema"], 1);
    assert_eq!(
        result["labels"],
        serde_json::json!(["cybersecurity", "brexit"])
    );
    for topic in result["topics"].as_array().unwrap() {
        // Evidence goes with a label, and a label with the threshold.
        let label = topic["label"].as_bool().unwrap();
        assert_eq!(topic["evidence"].as_array().unwrap().is_empty(), !label);
        let number = |key: &str| topic[key].as_f64().unwrap();
        assert_eq!(number("probability") >= number("threshold"), label);
        assert!((0.0..=1.0).contains(&number("probability")));
    }
    assert_eq!(result["summary"].as_array().unwrap().len(), 3);
    let summary = result["summary"].to_string();
    for junk in ["mosads", "See all", "Load more", "Most Popular", "Getty"] {
        assert!(!summary.contains(junk), "{summary}");
    }
    assert_spans(&result, &fs::read_to_string(file).unwrap());
}

#[test]
fn articles_on_other_subjects_get_no_label() {
    for name in [
        "football.txt",
        "swiss-talks.txt",
        "palace-tour.txt",
        "letter.txt",
    ] {
        assert_eq!(
            json(&fixture(name))["labels"],
            serde_json::json!([]),
            "{name}"
        );
    }
}

#[test]
fn single_topics_are_told_apart() {
    for (name, label) in [
        ("hospital-ransomware.txt", "cybersecurity"),
        ("border-paperwork.txt", "brexit"),
        ("hard-wrapped.txt", "cybersecurity"),
        ("markets.txt", "brexit"),
    ] {
        assert_eq!(
            json(&fixture(name))["labels"],
            serde_json::json!([label]),
            "{name}"
        );
    }
}

#[test]
fn the_whole_of_a_long_article_is_read() {
    // The topic comes up only at the end, beyond the first windows of the model.
    let dull = fs::read_to_string(fixture("letter.txt")).unwrap();
    let late = fs::read_to_string(fixture("hospital-ransomware.txt")).unwrap();
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("long.txt");
    fs::write(&file, format!("{dull}\n\n{late}")).unwrap();
    let result = json(&file);
    assert_eq!(result["labels"], serde_json::json!(["cybersecurity"]));
    let first = dull.chars().count();
    let evidence = &result["topics"][0]["evidence"][0];
    assert!(usize::try_from(evidence["start"].as_u64().unwrap()).unwrap() > first);
}

#[test]
fn the_same_text_in_other_encodings_gives_the_same_result() {
    let text = fs::read_to_string(fixture("cable-sabotage.txt")).unwrap();
    let folder = TempDir::new().unwrap();
    let expected = json(&fixture("cable-sabotage.txt"));
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let (windows, _, unmappable) = encoding_rs::WINDOWS_1252.encode(&text);
    assert!(!unmappable);
    for (name, bytes) in [
        ("bom.txt", [b"\xef\xbb\xbf", text.as_bytes()].concat()),
        ("utf16.txt", utf16),
        ("windows.txt", windows.into_owned()),
    ] {
        let file = folder.path().join(name);
        fs::write(&file, bytes).unwrap();
        let result = json(&file);
        assert_eq!(result["topics"], expected["topics"], "{name}");
        assert_eq!(result["summary"], expected["summary"], "{name}");
        assert_spans(&result, &text);
    }
}

#[test]
fn bad_inputs_are_named_with_a_remedy_and_the_others_are_done() {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("empty.txt"), "").unwrap();
    fs::write(path("binary.txt"), [0u8, 159, 146, 150, 0, 1, 2, 3]).unwrap();
    fs::write(path("page.html"), "<!doctype html><title>x</title>").unwrap();
    fs::write(path("marks.txt"), "*** 12 34 ... ---").unwrap();
    fs::write(path("huge.txt"), "All is well. ".repeat(200_000)).unwrap();
    let bad = [
        ("missing.txt", "no such file"),
        ("", "is a folder"),
        ("empty.txt", "is empty"),
        ("binary.txt", "is not text"),
        ("page.html", "HTML page"),
        ("marks.txt", "no sentence"),
        ("huge.txt", "--max-bytes"),
    ];
    let mut command = classify();
    command.args(bad.map(|(name, _)| path(name)));
    let output = run(command.arg(fixture("football.txt")).args(["-f", "jsonl"]));
    assert_eq!(output.status.code(), Some(1));
    let messages = stderr(&output);
    for ((name, expected), message) in bad.iter().zip(messages.lines()) {
        assert!(message.starts_with("error: "), "{message}");
        assert!(
            message.contains(name) && message.contains(expected),
            "{message}"
        );
    }
    let lines: Vec<Value> = stdout(&output)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), bad.len() + 1);
    assert!(lines[0]["error"].is_string() && lines[0]["topics"].is_null());
    assert!(lines[bad.len()]["error"].is_null() && lines[bad.len()]["words"].is_u64());
}

#[test]
fn one_endless_line_is_read_with_a_warning() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("line.txt");
    fs::write(
        &file,
        "the port and the yard and the ships and ".repeat(300),
    )
    .unwrap();
    let output = run(classify().arg(&file));
    assert_eq!(output.status.code(), Some(0));
    assert!(stderr(&output).contains("without a sentence end"));
}

#[test]
fn wrong_command_lines_and_models_end_with_code_2() {
    let article = fixture("football.txt");
    let article = article.to_str().unwrap();
    for (args, expected) in [
        (vec![], "no article given"),
        (vec!["--no-such-flag"], "unexpected argument"),
        (
            vec![article, "--threshold", "sport=0.5"],
            "no topic \"sport\"",
        ),
        (vec![article, "--threshold", "1.5"], "between 0 and 1"),
        (vec![article, "-m", "/no/such/model"], "no such folder"),
        (vec![article, "-m", "hf:nonsense"], "hf:ORG/NAME"),
        (vec!["-", "-"], "once only"),
    ] {
        let output = run(classify().args(&args));
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(stderr(&output).contains(expected), "{}", stderr(&output));
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn thresholds_and_length_follow_the_flags() {
    let file = fixture("football.txt");
    let args = [
        "-f",
        "json",
        "--threshold",
        "1",
        "--threshold",
        "brexit=0",
        "-n",
        "1",
    ];
    let output = run(classify().arg(file).args(args));
    let result: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(result["labels"], serde_json::json!(["brexit"]));
    assert_eq!(result["summary"].as_array().unwrap().len(), 1);
}

#[test]
fn json_is_an_object_for_one_input_and_an_array_for_several() {
    let (a, b) = (fixture("football.txt"), fixture("letter.txt"));
    assert!(json(&a).is_object());
    let output = run(classify().args([&a, &b]).args(["-f", "json"]));
    let result: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(result.as_array().unwrap().len(), 2);
    assert_eq!(result[1]["path"], b.to_str().unwrap());
}

#[test]
fn standard_input_and_output_file_work() {
    let folder = TempDir::new().unwrap();
    let out = folder.path().join("page.md");
    let output = run(classify()
        .args(["-", "-f", "markdown", "-o"])
        .arg(&out)
        .stdin(fs::File::open(fixture("letter.txt")).unwrap()));
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stdout.is_empty());
    let page = fs::read_to_string(&out).unwrap();
    assert!(page.starts_with("## ") && page.contains("**Summary**"));
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        1,
        "nothing left beside"
    );

    let text = fs::read(fixture("letter.txt")).unwrap();
    fs::write(&out, &text).unwrap();
    let output = run(classify().arg(&out).arg("-o").arg(&out));
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        fs::read(&out).unwrap(),
        text,
        "an input is never overwritten"
    );
}

#[test]
fn colours_only_where_they_are_wanted() {
    let file = fixture("letter.txt");
    assert!(!stdout(&run(classify().arg(&file))).contains('\u{1b}'));
    let coloured = run(classify().arg(&file).args(["--color", "always"]));
    assert!(stdout(&coloured).contains('\u{1b}'));
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let files = [fixture("hybrid-summit.txt"), fixture("live-blog.txt")];
    let outputs: Vec<String> = ["1", "2", "5"]
        .map(|threads| {
            let args = ["-f", "jsonl", "--threads", threads];
            stdout(&run(classify().args(&files).args(args)))
        })
        .to_vec();
    assert_eq!(outputs[0], outputs[1]);
    assert_eq!(outputs[0], outputs[2]);
}

#[test]
fn a_closed_pipe_ends_quietly() {
    let mut child = classify()
        .arg(fixture("letter.txt"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(stderr(&output), "");
}

#[test]
fn the_version_names_tool_and_model() {
    let shown = stdout(&run(classify().arg("--version")));
    assert!(
        shown.starts_with("classify ") && shown.contains("\nmodel topicwire-news "),
        "{shown}"
    );
}

#[test]
#[cfg(target_os = "linux")]
fn results_that_cannot_be_written_are_an_error() {
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let output = run(classify().arg(fixture("letter.txt")).stdout(full));
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("standard output: cannot be written"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn windows_line_ends_change_nothing() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("crlf.txt");
    let text = fs::read_to_string(fixture("hard-wrapped.txt")).unwrap();
    fs::write(&file, text.replace('\n', "\r\n")).unwrap();
    let (unix, windows) = (json(&fixture("hard-wrapped.txt")), json(&file));
    assert_eq!(unix["sentences"], windows["sentences"]);
    assert_eq!(
        unix["topics"][0]["probability"],
        windows["topics"][0]["probability"]
    );
}

/// One and the same article in every format that is read.
#[test]
fn every_format_gives_the_article() {
    let folder = TempDir::new().unwrap();
    let text = fs::read_to_string(fixture("hospital-ransomware.txt")).unwrap();
    let paragraphs: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
    let html: String = paragraphs.iter().map(|p| format!("<p>{p}</p>\n")).collect();
    let page = format!(
        "<!DOCTYPE html><html lang=en><head><title>x</title></head><body><nav><a href=/>Home</a>\
         <a href=/sport>Sport</a></nav><article><h1>{}</h1>{html}</article></body></html>",
        paragraphs[0]
    );
    let mail = format!(
        "From: Desk <desk@harbour.example>\nTo: all@harbour.example\nSubject: {}\n\
         Date: Mon, 6 May 2024 09:30:00 +0200\nContent-Type: text/plain; charset=utf-8\n\n{text}",
        paragraphs[0]
    );
    let feed = format!(
        "<?xml version=\"1.0\"?><rss version=\"2.0\" \
         xmlns:content=\"http://purl.org/rss/1.0/modules/content/\"><channel><title>Harbour</title>\
         <item><title>{}</title><content:encoded><![CDATA[{html}]]></content:encoded></item>\
         </channel></rss>",
        paragraphs[0]
    );
    let gzipped = {
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut gz, page.as_bytes()).unwrap();
        gz.finish().unwrap()
    };
    let zstd = zstd::encode_all(text.as_bytes(), 1).unwrap();
    for (name, bytes) in [
        ("a.html", page.clone().into_bytes()),
        ("page", page.into_bytes()),
        ("a.html.gz", gzipped),
        ("a.txt.zst", zstd),
        ("a.md", format!("# {text}").into_bytes()),
        ("a.eml", mail.into_bytes()),
        ("a.rss", feed.into_bytes()),
    ] {
        let file = folder.path().join(name);
        fs::write(&file, bytes).unwrap();
        let output = run(classify().arg(&file).args(["-f", "json", "--with-text"]));
        assert_eq!(stderr(&output), "", "{name}");
        let result: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(
            result["labels"],
            serde_json::json!(["cybersecurity"]),
            "{name}"
        );
        assert_eq!(result["language"], "en", "{name}");
        assert_spans(&result, result["text"].as_str().unwrap());
    }
    for name in ["ferry-chromium.pdf", "ferry-libreoffice.docx"] {
        let result = json(&fixture("formats").join(name));
        assert!(
            result["title"]
                .as_str()
                .unwrap()
                .to_lowercase()
                .contains("ferry"),
            "{name}"
        );
        assert_eq!(result["labels"], serde_json::json!([]), "{name}");
    }
}

#[test]
fn a_feed_gives_a_result_for_each_entry() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("feed.xml");
    let text = fs::read_to_string(fixture("football.txt")).unwrap();
    let item = |id: u32, text: &str| {
        format!("<item><guid>{id}</guid><description><![CDATA[{text}]]></description></item>")
    };
    let items = item(1, &text) + &item(2, "") + &item(3, &text);
    fs::write(
        &file,
        format!("<rss version=\"2.0\"><channel>{items}</channel></rss>"),
    )
    .unwrap();
    let output = run(classify().arg(&file).args(["-f", "json"]));
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("feed.xml, article 2: has no sentence"));
    let results: Value = serde_json::from_slice(&output.stdout).unwrap();
    let ids: Vec<&Value> = results
        .as_array()
        .unwrap()
        .iter()
        .map(|r| &r["id"])
        .collect();
    assert_eq!(ids, ["1", "2", "3"]);
    assert!(results[1]["error"].is_string() && results[2]["error"].is_null());
}

#[test]
fn other_languages_are_read_with_a_warning() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("a.txt");
    let text = "La compagnie de ferries a annoncé lundi que la liaison avec l’île reprendrait le \
                premier juin, après sept mois passés en cale sèche. Les billets seront en vente \
                dès la semaine prochaine, a précisé la capitaine.";
    fs::write(&file, text).unwrap();
    let output = run(classify().arg(&file).args(["-f", "json"]));
    assert_eq!(output.status.code(), Some(0));
    assert!(stderr(&output).contains("language looks like French"));
    let result: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(result["language"], "fr");
}
