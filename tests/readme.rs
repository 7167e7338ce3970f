//! The README and the model card show what the command prints and what was measured.

use std::fs;
use std::path::Path;

use serde_json::Value;
use topicwire::model::Bundle;

use crate::support::classify;

fn file(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

#[test]
fn the_page_in_the_readme_is_what_the_command_prints() {
    let output = classify()
        .arg("tests/fixtures/hybrid-summit.txt")
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let page = String::from_utf8(output.stdout).unwrap();
    assert!(
        file("README.md").contains(page.trim_end()),
        "the README shows another page than:\n{page}"
    );
}

/// Results that `classify eval -f json` recorded.
fn recorded(name: &str) -> Value {
    serde_json::from_str(&file(&format!("eval/results/{name}.json"))).unwrap()
}

/// The methods of a part: their names and figures, the model first.
fn methods(results: &Value, task: &str) -> Vec<(String, Value)> {
    let parts = results["parts"].as_array().unwrap();
    let part = parts.iter().find(|part| part["task"] == task).unwrap();
    let methods = part["methods"].as_array().unwrap().iter();
    methods
        .map(|m| (m["name"].as_str().unwrap().to_owned(), m["figures"].clone()))
        .collect()
}

fn value(figures: &Value, name: &str, end: &str) -> f64 {
    figures[name][end]
        .as_f64()
        .unwrap_or_else(|| panic!("{name} {end}"))
}

/// 0.974 as .974
fn short(value: f64) -> String {
    format!("{value:.3}").trim_start_matches('0').to_owned()
}

const TOPICS: [&str; 3] = ["cybersecurity", "brexit", "russia_hybrid"];

/// A row of a table of topics for each method.
fn topic_rows(results: &Value) -> Vec<String> {
    let row = |(name, f): (String, Value)| {
        let f1 = TOPICS.map(|t| format!("{:.3}", value(&f, &format!("{t}.f1"), "value")));
        let [all, low, high] = ["value", "low", "high"].map(|end| value(&f, "macro_f1", end));
        let ap = match f.get("brexit.average_precision") {
            Some(_) => TOPICS
                .map(|t| short(value(&f, &format!("{t}.average_precision"), "value")))
                .join(" / "),
            None => "-".to_owned(),
        };
        format!(
            "| {name} | {} | {all:.3} [{low:.2}…{high:.2}] | {ap} |",
            f1.join(" | ")
        )
    };
    methods(results, "topics").into_iter().map(row).collect()
}

/// A row of a table of summaries for each method.
fn summary_rows(results: &Value) -> Vec<String> {
    let row = |(name, f): (String, Value)| {
        let of = |name: &str| value(&f, name, "value");
        let rouge = ["rouge_1", "rouge_2", "rouge_lsum"].map(|r| format!("{:.1}", of(r)));
        let marked = match f.get("best") {
            Some(_) => {
                let [low, high] = ["low", "high"].map(|end| value(&f, "best", end));
                let either = of("best_or_alternate");
                format!("{:.3} [{low:.2}…{high:.2}] | {either:.3} | ", of("best"))
            }
            None => String::new(),
        };
        format!("| {name} | {marked}{} |", rouge.join(" / "))
    };
    methods(results, "summaries").into_iter().map(row).collect()
}

#[test]
fn the_figures_in_the_readme_are_the_recorded_ones() {
    let readme = file("README.md");
    let mut rows = topic_rows(&recorded("fixtures"));
    rows.extend(topic_rows(&recorded("dev")));
    rows.extend(summary_rows(&recorded("fixtures")));
    rows.extend(summary_rows(&recorded("news_dev")));
    for row in rows {
        assert!(
            readme.contains(&row),
            "the README lacks what is recorded:\n{row}"
        );
    }
    for (start, results, task, figure, shown) in [
        (
            "| article bodies",
            "pages",
            "extraction",
            "extraction_f1",
            3,
        ),
        ("| page junk", "news_dev", "junk", "junk_dropped", 3),
        ("| other sentences", "news_dev", "junk", "others_dropped", 4),
        (
            "| hard cases",
            "english_rules",
            "sentences",
            "all.texts_right",
            0,
        ),
        (
            "| sentence ends, F1, edited",
            "ud_dev",
            "sentences",
            "gum.sentence_f1",
            3,
        ),
        (
            "| sentence ends, F1, web",
            "ud_dev",
            "sentences",
            "ewt.sentence_f1",
            3,
        ),
    ] {
        let line = readme.lines().find(|l| l.starts_with(start));
        let line = line.unwrap_or_else(|| panic!("the README has no line {start}"));
        let (_, figures) = &methods(&recorded(results), task)[0];
        let number = format!("{:.shown$}", value(figures, figure, "value"));
        assert!(
            line.contains(&number),
            "{number} is recorded, not what is in\n{line}"
        );
    }
}

#[test]
fn the_figures_in_the_model_card_are_the_recorded_ones() {
    let card = file("models/MODEL_CARD.md");
    for set in ["fixtures", "dev"] {
        let (_, f) = &methods(&recorded(set), "topics")[0];
        for topic in TOPICS {
            let figures = ["precision", "recall", "f1", "average_precision"];
            let cells =
                figures.map(|name| format!("{:.3}", value(f, &format!("{topic}.{name}"), "value")));
            let row = format!("| {topic} | {} |", cells.join(" | "));
            assert!(
                card.contains(&row),
                "the model card lacks what is recorded on {set}:\n{row}"
            );
        }
    }
    for set in ["fixtures", "news_dev"] {
        let row = &summary_rows(&recorded(set))[0];
        assert!(
            card.contains(row),
            "the model card lacks what is recorded on {set}:\n{row}"
        );
    }
}

#[test]
fn the_recorded_results_are_of_the_model_inside() {
    let model = Bundle::embedded().unwrap().manifest;
    let mut models = 0;
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("eval/results")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|e| e != "json") {
            continue;
        }
        let results: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        // Reading alone needs no model.
        let Some(hash) = results["model"]["sha256"].as_str() else {
            continue;
        };
        let remedy = "record it anew, see eval/README.md";
        assert_eq!(
            hash,
            model.digest(),
            "{}: of another model; {remedy}",
            path.display()
        );
        models += 1;
    }
    assert!(models >= 3);
}
