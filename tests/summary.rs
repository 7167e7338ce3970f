//! What users set of a summary.

use std::process::Output;

use serde_json::Value;

use crate::support::classify;

const ARTICLE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/fixtures/hybrid-summit.txt"
);

fn run(flags: &[&str]) -> Output {
    classify()
        .args([ARTICLE, "-f", "json"])
        .args(flags)
        .output()
        .unwrap()
}

fn analysis(flags: &[&str]) -> Value {
    let run = run(flags);
    let error = String::from_utf8_lossy(&run.stderr);
    assert_eq!(run.status.code(), Some(0), "{error}");
    serde_json::from_slice(&run.stdout).unwrap()
}

fn summary(flags: &[&str]) -> Vec<(u64, String)> {
    let sentences = analysis(flags)["summary"].as_array().unwrap().clone();
    let of = |s: &Value| {
        (
            s["start"].as_u64().unwrap(),
            s["text"].as_str().unwrap().to_owned(),
        )
    };
    sentences.iter().map(of).collect()
}

fn text(summary: &[(u64, String)]) -> String {
    let texts: Vec<&str> = summary.iter().map(|s| s.1.as_str()).collect();
    texts.join(" ")
}

fn words(text: &str) -> usize {
    text.split_whitespace().count()
}

#[test]
fn lengths_are_upper_bounds_and_hold_together() {
    assert_eq!(summary(&[]).len(), 3);
    let by_words = text(&summary(&["--words", "90"]));
    assert!((45..=90).contains(&words(&by_words)), "{by_words}");
    let by_chars = text(&summary(&["--chars", "400"]));
    assert!(
        (200..=400).contains(&by_chars.chars().count()),
        "{by_chars}"
    );
    let whole = analysis(&[])["words"].as_f64().unwrap();
    let tenth = words(&text(&summary(&["--ratio", "0.2"])));
    assert!(
        tenth > 0 && tenth as f64 <= whole * 0.2,
        "{tenth} of {whole}"
    );
    // Room that is left is not filled with a quip.
    let short = summary(&["--words", "60"]);
    assert!(short.iter().all(|s| words(&s.1) > 5), "{short:?}");
    let both = summary(&["--words", "90", "-n", "1"]);
    assert_eq!(both.len(), 1);
    // More words, more sentences: no other bound is in the way.
    assert!(summary(&["--words", "250"]).len() > 3);
}

#[test]
fn what_fits_no_sentence_says_so() {
    let analysis = analysis(&["--chars", "5"]);
    assert_eq!(analysis["summary"], serde_json::json!([]));
    let warnings = analysis["warnings"].to_string();
    assert!(
        warnings.contains("no sentence is short enough"),
        "{warnings}"
    );
}

#[test]
fn the_order_is_the_articles_or_the_best_first() {
    let in_article = summary(&["-n", "4"]);
    assert!(in_article.is_sorted());
    let by_rank = summary(&["-n", "4", "--order", "rank"]);
    assert_eq!(by_rank[0], summary(&["-n", "1"])[0]);
    let mut sorted = by_rank.clone();
    sorted.sort();
    assert_eq!(sorted, in_article);
}

#[test]
fn no_summary_leaves_the_topics_alone() {
    let without = analysis(&["--no-summary"]);
    assert_eq!(without["summary"], serde_json::json!([]));
    assert_eq!(without["topics"], analysis(&[])["topics"]);
    for flags in [["--no-summary", "-n", "2"], ["--ratio", "1.5", "-q"]] {
        assert_eq!(run(&flags).status.code(), Some(2), "{flags:?}");
    }
}

#[test]
fn a_summary_can_be_about_one_topic_or_a_question() {
    let plain = summary(&[]);
    let of_topic = summary(&["--summary-for", "brexit", "-n", "2"]);
    assert_eq!(of_topic.len(), 2);
    for (_, sentence) in &of_topic {
        let about = ["Brexit", "Union", "union", "EU"]
            .iter()
            .any(|w| sentence.contains(w));
        assert!(about, "{sentence}");
    }
    assert_ne!(of_topic, plain[..2]);
    let asked = summary(&["--query", "computers broken into by criminals", "-n", "1"]);
    assert_eq!(asked.len(), 1);
    let nothing = analysis(&["--query", "how to bake sourdough bread with rye"]);
    assert_eq!(nothing["summary"], serde_json::json!([]));
    let warnings = nothing["warnings"].to_string();
    assert!(warnings.contains("says too little about"), "{warnings}");
    for (flags, problem) in [
        (["--summary-for", "sport"], "no topic \"sport\""),
        (["--query", "?!"], "no word"),
    ] {
        let wrong = run(&flags);
        assert_eq!(wrong.status.code(), Some(2));
        let error = String::from_utf8_lossy(&wrong.stderr).into_owned();
        assert!(error.contains(problem), "{error}");
    }
}
