//! One summary of many articles.

use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::classify;

fn fixture(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    fs::read_to_string(folder.join(name)).unwrap()
}

fn digest(folder: &Path, flags: &[&str]) -> Output {
    classify()
        .arg("digest")
        .args(flags)
        .current_dir(folder)
        .output()
        .unwrap()
}

fn json(run: &Output) -> Value {
    serde_json::from_slice(&run.stdout).unwrap()
}

fn err(run: &Output) -> String {
    String::from_utf8_lossy(&run.stderr).into_owned()
}

/// Two articles about Brexit, one that is not, a table with a copy of one of the two.
fn archive() -> TempDir {
    let folder = TempDir::new().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    let paperwork = fixture("border-paperwork.txt");
    write("news/2/border.txt", &paperwork);
    write("news/1/football.txt", &fixture("football.txt"));
    write("news/.hidden.txt", &fixture("letter.txt"));
    let cut: String = paperwork.chars().take(1500).collect();
    let copy = format!("(Agencies) {}", cut.to_uppercase());
    let rows = [
        serde_json::json!({"id": "copy", "date": "2021-03-04", "text": copy}),
        serde_json::json!({"id": "blog", "date": "2021-03-01", "text": fixture("live-blog.txt")}),
    ];
    let table: String = rows.iter().map(|row| format!("{row}\n")).collect();
    write("news/3/table.jsonl", &table);
    folder
}

#[test]
fn a_folder_gives_one_digest_with_sources_and_without_copies() {
    let folder = archive();
    let run = digest(folder.path(), &["news", "--topic", "brexit", "-f", "json"]);
    assert_eq!(run.status.code(), Some(0), "{}", err(&run));
    let found = json(&run);
    assert_eq!(found["topic"], "brexit");
    assert_eq!(found["read"], 4, "{found}");
    assert_eq!(found["copies"], 1, "{found}");
    let sentences = found["sentences"].as_array().unwrap();
    assert!(!sentences.is_empty());
    for sentence in sentences {
        let path = sentence["path"].as_str().unwrap();
        assert!(!path.contains("football"), "{sentence}");
        assert_ne!(sentence["id"], "copy");
        if path.ends_with("border.txt") {
            assert_eq!(sentence["copies"], 1);
            let text = fs::read_to_string(folder.path().join(path)).unwrap();
            let place = |key| sentence[key].as_u64().unwrap() as usize;
            let cut: String = (text.chars().skip(place("start")))
                .take(place("end") - place("start"))
                .collect();
            assert_eq!(sentence["text"], cut);
        }
    }
    let again = digest(
        folder.path(),
        &["news", "--topic", "brexit", "-f", "json", "--threads", "1"],
    );
    assert_eq!(run.stdout, again.stdout);
}

#[test]
fn bounds_hold_and_dates_or_rank_decide_the_order() {
    let folder = archive();
    let count = |found: &Value| found["sentences"].as_array().unwrap().len();
    let of = |flags: &[&str]| json(&digest(folder.path(), flags));
    let table = "news/3/table.jsonl";
    assert_eq!(count(&of(&[table, "-n", "4", "-f", "json"])), 4);
    let words = of(&[table, "--words", "60", "-f", "json"]);
    let all: usize = (words["sentences"].as_array().unwrap().iter())
        .map(|s| s["text"].as_str().unwrap().split_whitespace().count())
        .sum();
    assert!((20..=60).contains(&all), "{words}");
    let by_date = of(&[table, "-n", "6", "-f", "json"]);
    let dates: Vec<&str> = (by_date["sentences"].as_array().unwrap().iter())
        .map(|s| s["date"].as_str().unwrap())
        .collect();
    assert!(dates.is_sorted() && dates[0] < dates[5], "{dates:?}");
    let by_rank = of(&[table, "-n", "6", "-f", "json", "--order", "rank"]);
    let one = of(&[table, "-n", "1", "-f", "json"]);
    assert_eq!(by_rank["sentences"][0], one["sentences"][0]);
}

#[test]
fn a_page_names_topic_and_sources_and_one_bad_file_costs_only_itself() {
    let folder = archive();
    let files = ["news/2/border.txt", "missing.txt", "news/1/football.txt"];
    let run = digest(
        folder.path(),
        &[&files[..], &["--topic", "brexit", "-n", "2"]].concat(),
    );
    assert_eq!(run.status.code(), Some(1));
    assert!(err(&run).contains("missing.txt: "), "{}", err(&run));
    let page = String::from_utf8_lossy(&run.stdout).into_owned();
    assert!(
        page.starts_with("Digest: Brexit\n2 sentences from 1 of 2 articles\n\n• "),
        "{page}"
    );
    assert!(page.contains("news/2/border.txt"), "{page}");

    let none = digest(folder.path(), &["news/1", "--topic", "brexit"]);
    assert_eq!(none.status.code(), Some(0));
    assert!(
        err(&none).contains("of 1 articles none has the topic brexit"),
        "{}",
        err(&none)
    );
    let unknown = digest(folder.path(), &["news", "--topic", "sport"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(err(&unknown).contains("no topic \"sport\""));
}
