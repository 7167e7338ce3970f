//! `classify batch` as a user runs it.

use std::fs;
use std::io::Write;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::classify;

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
    assert!(String::from_utf8_lossy(&output.stderr).contains("42 articles: 0 failed"));
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
        messages.contains("rows.jsonl, row 2: is not a JSON object"),
        "{messages}"
    );
    assert!(
        messages.contains("row 4: has no column \"body\""),
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

/// Runs `batch --with-text` on a table that is written to a file of this name.
fn batch_of(name: &str, table: &[u8], flags: &[&str]) -> (Option<i32>, Vec<Value>, String) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, table).unwrap();
    let output = classify()
        .arg("batch")
        .arg(&path)
        .args(["--with-text", "--table"])
        .args(flags)
        .output()
        .unwrap();
    let messages = String::from_utf8_lossy(&output.stderr).into_owned();
    let mut results = rows(&output.stdout);
    for result in &mut results {
        assert_eq!(result["path"].take(), path.to_str().unwrap());
    }
    (output.status.code(), results, messages)
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(bytes).unwrap();
    gz.finish().unwrap()
}

fn zst(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 3).unwrap()
}

/// Three articles with what tables find hard in them.
const ARTICLES: [[&str; 3]; 3] = [
    [
        "007",
        "Ferry stops",
        "The ferry to Langness was cancelled on Monday.\nRepairs, said \"old hand\" Ruth Byrne; take a week.",
    ],
    [
        "b;2",
        "Käseladen öffnet",
        "The cheese shop in Müren reopens next week. A wheel costs 80 € 🧀.",
    ],
    [
        "c,3",
        "",
        "The council voted to plant two hundred lime trees. Work starts in spring.",
    ],
];

fn assert_articles(results: &[Value], name: &str) {
    assert_eq!(results.len(), ARTICLES.len(), "{name}");
    for (result, [id, title, text]) in results.iter().zip(ARTICLES) {
        assert_eq!(result["id"], id, "{name}");
        assert_eq!(result["text"], text, "{name}");
        if !title.is_empty() {
            assert_eq!(result["title"], title, "{name}");
        }
        assert!(result["error"].is_null(), "{name}: {result}");
    }
}

fn delimited(delimiter: u8, header: [&str; 3], line_end: csv::Terminator) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new()
        .delimiter(delimiter)
        .terminator(line_end)
        .from_writer(Vec::new());
    writer.write_record(header).unwrap();
    for article in ARTICLES {
        writer.write_record(article).unwrap();
    }
    writer.into_inner().unwrap()
}

#[test]
fn csv_and_tsv_give_the_same_articles() {
    let header = ["id", "Title", " text "];
    let comma = delimited(b',', header, csv::Terminator::Any(b'\n'));
    let semicolon = delimited(b';', header, csv::Terminator::CRLF);
    let tab = delimited(b'\t', header, csv::Terminator::CRLF);
    let marked = [b"\xef\xbb\xbf", &semicolon[..]].concat();
    for (name, table) in [
        ("a.csv", comma.clone()),
        ("a.csv.gz", gz(&comma)),
        ("a.csv.zst", zst(&marked)),
        ("a.tsv", tab.clone()),
        ("a.tsv.zst", zst(&tab)),
        ("a.txt", marked),
    ] {
        let (code, results, messages) = batch_of(name, &table, &[]);
        assert_eq!(code, Some(0), "{name}: {messages}");
        assert!(!messages.contains("warning"), "{name}: {messages}");
        assert_articles(&results, name);
    }
    let body = delimited(b',', ["nr", "head", "body"], csv::Terminator::CRLF);
    let columns = [
        "--text-column",
        "body",
        "--id-column",
        "nr",
        "--title-column",
        "head",
    ];
    let (code, results, _) = batch_of("a.csv", &body, &columns);
    assert_eq!(code, Some(0));
    assert_articles(&results, "other columns");
    let (code, _, messages) = batch_of("a.csv", &body, &[]);
    assert_eq!(code, Some(1));
    assert!(
        messages.contains("row 1: has no column \"text\" (columns: body, head, nr)"),
        "{messages}"
    );
}

#[test]
fn windows_1252_is_read_with_a_warning() {
    let table = "id;text\r\n1;Der Käse kostet 5 €. “Schön”, sagte er.\r\n";
    let (bytes, _, _) = encoding_rs::WINDOWS_1252.encode(table);
    let (code, results, messages) = batch_of("a.csv", &bytes, &[]);
    assert_eq!(code, Some(0), "{messages}");
    assert_eq!(
        results[0]["text"],
        "Der Käse kostet 5 €. “Schön”, sagte er."
    );
    assert!(messages.contains("read as windows-1252"), "{messages}");
}

#[test]
fn rows_of_another_width_are_errors_in_their_place() {
    let table =
        "id,text\n1,The council met.\n2,It rained, and the match, was off.\n3,All is well.\n";
    let (code, results, messages) = batch_of("a.csv", table.as_bytes(), &[]);
    assert_eq!(code, Some(1));
    assert!(
        messages.contains("row 2: has 4 cells where the header has 2; check its quotes"),
        "{messages}"
    );
    assert!(results[1]["error"].is_string());
    assert_eq!(results[2]["id"], "3");
}

#[test]
fn a_json_array_gives_its_articles_and_names_a_broken_one() {
    let object =
        |[id, title, text]: [&str; 3]| serde_json::json!({"id": id, "title": title, "text": text});
    let array = ARTICLES.map(object);
    let flat = serde_json::to_vec(&array).unwrap();
    let pretty = serde_json::to_vec_pretty(&array).unwrap();
    for (name, table) in [
        ("a.json", flat.clone()),
        ("a.json", pretty.clone()),
        ("a.json.gz", gz(&pretty)),
        ("a.json.zst", zst(&flat)),
    ] {
        let (code, results, messages) = batch_of(name, &table, &[]);
        assert_eq!(code, Some(0), "{name}: {messages}");
        assert_articles(&results, name);
    }
    let table = r#"[{"id":1,"text":"The council met."},{"id":2,},{"id":3,"text":"All is well."}]"#;
    let (code, results, messages) = batch_of("a.json", table.as_bytes(), &[]);
    assert_eq!(code, Some(1));
    assert!(
        messages.contains("row 2: is not a JSON object"),
        "{messages}"
    );
    assert_eq!(results[2]["id"], "3");
    let one = serde_json::to_vec_pretty(&object(ARTICLES[0])).unwrap();
    let (code, results, _) = batch_of("a.json", &one, &[]);
    assert_eq!((code, results.len()), (Some(0), 1));
}

#[test]
fn parquet_is_read_plain_and_compressed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tables");
    let read = |name: &str| fs::read(folder.join(name)).unwrap();
    let plain = read("articles.parquet");
    let (code, expected, messages) = batch_of("a.parquet", &plain, &[]);
    assert_eq!(code, Some(0), "{messages}");
    assert_eq!(expected.len(), 5);
    assert_eq!(expected[0]["id"], "007");
    assert!(
        expected[1]["text"]
            .as_str()
            .unwrap()
            .starts_with("Käse für 5 €")
    );
    for (name, table) in [
        ("a.parquet.gz", gz(&plain)),
        ("a.parquet.zst", zst(&read("articles-gzip.parquet"))),
        ("a.parquet", read("articles-zstd.parquet")),
        ("a", read("articles-delta.parquet")),
    ] {
        let (code, results, messages) = batch_of(name, &table, &[]);
        assert_eq!(code, Some(0), "{name}: {messages}");
        assert_eq!(results, expected, "{name}");
    }
    let (code, _, messages) = batch_of("a.parquet", &plain[..plain.len() - 9], &[]);
    assert_eq!(code, Some(1));
    assert!(messages.contains("cut or damaged"), "{messages}");
}

#[test]
fn a_suffix_that_disagrees_with_the_content_is_a_warning() {
    let table = b"{\"id\":1,\"text\":\"The council met.\"}\n";
    let (code, results, messages) = batch_of("a.csv", table, &[]);
    assert_eq!((code, results.len()), (Some(0), 1));
    assert!(
        messages.contains("a.csv: is named .csv but holds JSON Lines; read as that"),
        "{messages}"
    );
}

#[test]
fn a_workbook_is_refused_with_a_hint() {
    let (code, results, messages) = batch_of("a.csv", b"PK\x03\x04\x14\0\x06\0", &[]);
    assert_eq!((code, results.len()), (Some(1), 1));
    assert!(messages.contains("save the sheet as CSV"), "{messages}");
}

#[test]
fn a_table_may_come_from_a_pipe() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("table");
    let fixture = "tests/fixtures/tables/articles-zstd.parquet";
    let parquet = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(fixture)).unwrap();
    let comma = delimited(b',', ["id", "title", "text"], csv::Terminator::CRLF);
    for (table, count) in [(parquet, 5), (comma, 3)] {
        fs::write(&path, table).unwrap();
        let output = classify()
            .args(["batch", "-", "-q"])
            .stdin(fs::File::open(&path).unwrap())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0));
        assert_eq!(rows(&output.stdout).len(), count);
    }
}
