//! `classify eval` as a user runs it.

use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::classify;

/// Runs `classify eval` with few bootstrap samples.
fn eval(args: &[&str]) -> Output {
    classify()
        .args(["eval", "--resamples", "100"])
        .args(args)
        .output()
        .unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

const ARTICLES: &str = concat!(
    r#"{"id":"a","date":"2024-05-01","text":"Criminals locked the computers of the port with ransomware on Monday and asked for bitcoin. The harbour master called the police. Ships waited outside for two days.","grades":{"cybersecurity":3,"brexit":0},"best":["Criminals locked the computers of the port with ransomware on Monday and asked for bitcoin."],"alternates":["Ships waited outside for two days."]}"#,
    "\n",
    r#"{"id":"b","date":"2019-03-02","text":"Negotiators in Brussels agreed on how customs will work once the United Kingdom has left the European Union. The backstop for Northern Ireland stays. Parliament votes on Brexit next week.","grades":{"cybersecurity":0,"brexit":3},"best":[[0,110]]}"#,
    "\n",
    r#"{"id":"c","text":"The marrow of Ken Allardyce won the county show. It weighed nine stone. Rain fell in the afternoon.","labels":[],"reference":["A heavy marrow won the show."]}"#,
    "\n"
);

fn table(folder: &TempDir, text: &str) -> String {
    let path = folder.path().join("own.jsonl");
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {}", err(output)))
}

#[test]
fn without_data_the_articles_inside_are_measured() {
    let run = eval(&["-f", "json"]);
    assert_eq!(run.status.code(), Some(0), "{}", err(&run));
    let results = json(&run);
    assert_eq!(results["data"]["name"], "fixtures");
    assert!(results["data"]["rows"].as_u64().unwrap() >= 160);
    let parts = results["parts"].as_array().unwrap();
    assert_eq!(
        (&parts[0]["task"], &parts[1]["task"]),
        (&"topics".into(), &"summaries".into())
    );
    for part in parts {
        for method in part["methods"].as_array().unwrap() {
            for (name, figure) in method["figures"].as_object().unwrap() {
                let [value, low, high] =
                    ["value", "low", "high"].map(|k| figure[k].as_f64().unwrap());
                let inside = low - 1e-4 <= value && value <= high + 1e-4;
                assert!(inside && value >= 0.0, "{name}: {figure}");
            }
        }
    }
    // What is recorded, and shown in the README, is what the code finds.
    let recorded: Value =
        serde_json::from_str(include_str!("../eval/results/fixtures.json")).unwrap();
    assert_eq!(
        results["data"]["sha256"], recorded["data"]["sha256"],
        "record it anew"
    );
    for (part, old) in parts.iter().zip(recorded["parts"].as_array().unwrap()) {
        let of = |part: &Value| part["methods"][0]["figures"].as_object().unwrap().clone();
        for (name, figure) in of(part) {
            let [now, then] = [&figure, &of(old)[&name]].map(|f| f["value"].as_f64().unwrap());
            // Kernels differ in their last bits from one processor to another.
            let near = (now - then).abs() <= 0.01 * then.abs().max(1.0);
            assert!(
                near,
                "{name} is {now}, but {then} is recorded; record it anew"
            );
        }
    }
}

#[test]
fn everything_but_the_speed_is_the_same_on_any_number_of_threads() {
    let folder = TempDir::new().unwrap();
    let copy = |i: usize| ARTICLES.replace(r#""id":""#, &format!(r#""id":"{i}"#));
    // More than are analysed together.
    let data = table(&folder, &(0..20).map(copy).collect::<String>());
    let results = ["1", "3"].map(|threads| {
        let mut results = json(&eval(&[
            "--data",
            &data,
            "-f",
            "json",
            "--threads",
            threads,
        ]));
        results["speed"] = Value::Null;
        results
    });
    assert_eq!(results[0], results[1]);
}

#[test]
fn own_tables_are_measured_as_far_as_their_columns_go() {
    let folder = TempDir::new().unwrap();
    let data = table(&folder, ARTICLES);
    let run = eval(&["--data", &data]);
    assert_eq!(run.status.code(), Some(0), "{}", err(&run));
    assert!(
        err(&run).contains("no row names them: russia_hybrid"),
        "{}",
        err(&run)
    );
    let text = out(&run);
    for part in [
        "Topics: topicwire-news",
        "3 articles",
        "keyword counts",
        "majority",
        "What is taken for what",
        "Summaries beside simple methods: 3 articles",
        "greedy oracle",
        "Speed of this run",
    ] {
        assert!(text.contains(part), "{part} is missing in\n{text}");
    }
    let topics = json(&eval(&["--data", &data, "--task", "topics", "-f", "json"]));
    let parts = topics["parts"].as_array().unwrap();
    assert_eq!(parts.len(), 1);
    assert_eq!(parts[0]["methods"][0]["figures"]["brexit.f1"]["value"], 1.0);
    assert_eq!(
        topics["articles"][0]["topics"]["cybersecurity"]["label"],
        true
    );
    let markdown = out(&eval(&[
        "--data",
        &data,
        "-f",
        "markdown",
        "--task",
        "summaries",
    ]));
    assert!(markdown.starts_with("## topicwire-news"), "{markdown}");
    assert!(markdown.contains("| method"), "{markdown}");
}

#[test]
fn pages_junk_and_sentences_need_no_model() {
    let folder = TempDir::new().unwrap();
    let rows = concat!(
        r#"{"html":"<html><body><article><p>The council of the old town met on Monday evening to talk about the pier.</p><p>Nobody came, the mayor said, because it rained hard.</p></article></body></html>","article_body":"The council of the old town met on Monday evening to talk about the pier. Nobody came, the mayor said, because it rained hard."}"#,
        "\n",
        r#"{"text":"The ferry sank on Monday.\n\nSign up for our newsletter\n\nNobody was hurt.","junk":["Sign up for our newsletter"]}"#,
        "\n",
        r#"{"sentences":["It rained.","Nobody came."],"source":"notes"}"#,
        "\n"
    );
    let data = table(&folder, rows);
    let text = out(&eval(&["--data", &data, "--model", "no-such-folder"]));
    let value = |name: &str| {
        let line = text
            .lines()
            .find(|l| l.starts_with(name))
            .unwrap_or_else(|| panic!("{text}"));
        line.split_whitespace().nth(1).unwrap().to_owned()
    };
    assert_eq!(value("extraction_f1"), "1.000");
    assert_eq!(value("junk_dropped "), "1.000");
    assert_eq!(value("others_dropped"), "0.0000");
    assert_eq!(value("notes.texts_right"), "1");
}

#[test]
fn a_missed_gate_is_named_and_ends_with_3() {
    let folder = TempDir::new().unwrap();
    let data = table(&folder, ARTICLES);
    let good = eval(&[
        "--data",
        &data,
        "--min",
        "brexit.f1=0.9",
        "--max",
        "hamming_loss=0.1",
    ]);
    assert_eq!(good.status.code(), Some(0), "{}", err(&good));
    assert!(
        err(&good).contains("all 2 gates are reached"),
        "{}",
        err(&good)
    );

    let suite = folder.path().join("suite.toml");
    fs::write(&suite, "[own.min]\nbest = 1.5\nmacro_f1 = 0.1\n").unwrap();
    let gate = ["--data", &data, "--gate", suite.to_str().unwrap()];
    let missed = eval(&gate);
    assert_eq!(missed.status.code(), Some(3));
    let said = err(&missed);
    assert!(
        said.contains("gate missed: best is") && said.contains("at least 1.5"),
        "{said}"
    );
    assert!(!said.contains("macro_f1"), "{said}");
    assert!(
        out(&missed).contains("Summaries beside simple methods: 3 articles"),
        "the figures are shown all the same"
    );

    // A suite speaks of all tasks; one of them alone is held to its own gates.
    let alone = eval(&[&gate[..], &["--task", "topics"]].concat());
    assert_eq!(alone.status.code(), Some(0), "{}", err(&alone));

    for (args, problem) in [
        (
            vec!["--min", "macro_f1=0.5", "--min", "macro_f1=0.1"],
            "is given twice",
        ),
        (vec!["--min", "macro_f2=0.5"], "no figure \"macro_f2\""),
        (vec!["--gate"], "has no gates for \"own\""),
        (vec!["--slice", "desk"], "no row has a column \"desk\""),
        (vec!["--report", "-"], "--report: name a file"),
        (vec!["--min", "macro_f1"], "FIGURE=VALUE"),
        (vec!["--gate", "none.toml"], "none.toml: cannot be read"),
    ] {
        let args: Vec<&str> = ["--data", &data].into_iter().chain(args).collect();
        let refused = eval(&args);
        assert_eq!(refused.status.code(), Some(2), "{args:?}");
        assert!(err(&refused).contains(problem), "{}", err(&refused));
    }
}

#[test]
fn a_change_is_told_from_chance() {
    let folder = TempDir::new().unwrap();
    let old = folder.path().join("old.json");
    // Enough articles to tell anything from chance.
    let copy = |i: usize| ARTICLES.replace(r#""id":""#, &format!(r#""id":"{i}"#));
    let data = folder.path().join("many.jsonl");
    fs::write(&data, (0..20).map(copy).collect::<String>()).unwrap();
    let data = data.to_str().unwrap();
    // All labels off, so that the default thresholds are better beyond chance.
    let run = eval(&[
        "--data",
        data,
        "--threshold",
        "1",
        "-f",
        "json",
        "-o",
        old.to_str().unwrap(),
    ]);
    assert_eq!(run.status.code(), Some(0), "{}", err(&run));
    let short = out(&eval(&["--data", data, "--against", old.to_str().unwrap()]));
    assert!(
        !short.contains("macro_auroc") && short.contains("changed within chance"),
        "{short}"
    );
    let against = eval(&["--data", data, "-v", "--against", old.to_str().unwrap()]);
    assert_eq!(against.status.code(), Some(0), "{}", err(&against));
    let text = out(&against);
    let row = |name: &str| {
        let table = &text[text.find("Against ").unwrap()..];
        table
            .lines()
            .find(|l| l.starts_with(name))
            .unwrap_or_else(|| panic!("{table}"))
            .to_owned()
    };
    assert!(row("macro_recall").ends_with("better"), "{text}");
    assert!(row("hamming_loss").ends_with("better"), "{text}");
    assert!(row("macro_auroc").trim_end().ends_with("+0.000"), "{text}");

    let against = ["--data", data, "--against", old.to_str().unwrap()];
    let json = json(&eval(&[&against[..], &["-f", "json"]].concat()));
    let change = &json["against"][1]["behind"]["macro_recall"];
    assert!(change["low"].as_f64().unwrap() > 0.0, "{change}");

    let other = table(&folder, ARTICLES);
    let refused = eval(&["--data", &other, "--against", old.to_str().unwrap()]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        err(&refused).contains("was measured on other data"),
        "{}",
        err(&refused)
    );
    let refused = eval(&["--data", data, "--against", &other]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        err(&refused).contains("holds no results"),
        "{}",
        err(&refused)
    );
}

#[test]
fn the_page_stands_alone_and_runs_nothing() {
    let folder = TempDir::new().unwrap();
    let rows = ARTICLES.replace("Ken Allardyce", "Ken <script>alert(1)</script>");
    // A wrong label, so that a mistake is shown.
    let rows = rows.replace(r#""labels":[]"#, r#""labels":["brexit"]"#);
    let data = table(&folder, &rows);
    let page = folder.path().join("report.html");
    let run = eval(&[
        "--data",
        &data,
        "--report",
        page.to_str().unwrap(),
        "--min",
        "brexit.f1=1",
    ]);
    assert_eq!(run.status.code(), Some(3), "{}", err(&run));
    let html = fs::read_to_string(&page).unwrap();
    assert!(html.starts_with("<!doctype html>") && html.trim_end().ends_with("</html>"));
    for outside in ["<script", "src=", "href=", "@import", "url("] {
        assert!(!html.contains(outside), "{outside}");
    }
    for part in [
        "Ken &#60;script&#62;",
        "1 of 1 gates are missed",
        "Missed",
        "greedy oracle",
        "<svg",
    ] {
        assert!(html.contains(part), "{part}");
    }
}

#[test]
fn rows_that_cannot_be_used_are_named_and_the_others_measured() {
    let folder = TempDir::new().unwrap();
    let bad = concat!(
        r#"{"text":"It rained all day long on the pier.","grades":{"brexit":7}}"#,
        "\n",
        r#"{"text":"It rained all day long on the pier.","best":["It snowed."]}"#,
        "\n",
        r#"{"text":"","grades":{"brexit":0}}"#,
        "\nno json\n"
    );
    let data = table(&folder, &format!("{ARTICLES}{bad}"));
    let run = eval(&["--data", &data]);
    assert_eq!(run.status.code(), Some(1));
    let said = err(&run);
    for part in [
        "row 4 has grade 7 for brexit",
        "row 5 marks \"It snowed.\" in \"best\", which is not in its text",
        "row 6 has an empty text",
        "row 7 is not a JSON object",
    ] {
        assert!(said.contains(part), "{part} is missing in\n{said}");
    }
    assert!(out(&run).contains(", 3 articles"));

    // What is wrong with a summary does not cost the topics.
    let half = ARTICLES.replace("[[0,110]]", "[1, 2]");
    let run = eval(&["--data", &table(&folder, &half)]);
    assert_eq!(run.status.code(), Some(1));
    assert!(
        err(&run).contains("row 2 has 1 in \"best\""),
        "{}",
        err(&run)
    );
    assert!(out(&run).contains("0.4.0, 3 articles"), "{}", out(&run));
    assert!(out(&run).contains("methods: 2 articles"), "{}", out(&run));

    let case = ARTICLES.replace("\"brexit\"", "\"Brexit\"");
    let run = eval(&["--data", &table(&folder, &case)]);
    assert_eq!(run.status.code(), Some(2));
    let said = err(&run);
    assert!(
        said.contains("say \"Brexit\"; write the topic \"brexit\""),
        "{said}"
    );

    // Topics that do not fit leave the rest to be measured.
    let unfit = "{\"text\":\"A calm sea lay before the old town all day.\",\"label\":\"sport\",\"junk\":[]}\n";
    let run = eval(&["--data", &table(&folder, unfit)]);
    assert_eq!(run.status.code(), Some(0), "{}", err(&run));
    assert!(
        err(&run).contains("topics are not measured"),
        "{}",
        err(&run)
    );
    assert!(out(&run).contains("Page junk: 1 articles"), "{}", out(&run));

    let unknown = table(&folder, "{\"text\":\"A calm sea.\",\"label\":\"sport\"}\n");
    let run = eval(&["--data", &unknown]);
    assert_eq!(run.status.code(), Some(2));
    assert!(
        err(&run).contains("topics (sport) that this model does not have"),
        "{}",
        err(&run)
    );
    let nothing = table(&folder, "{\"text\":\"A calm sea.\"}\n");
    let run = eval(&["--data", &nothing]);
    assert_eq!(run.status.code(), Some(2));
    assert!(
        err(&run).contains("nothing to compare with"),
        "{}",
        err(&run)
    );
}

#[test]
fn an_output_is_no_input_and_must_be_writable() {
    let folder = TempDir::new().unwrap();
    let data = table(&folder, ARTICLES);
    let run = eval(&["--data", &data, "-o", &data]);
    assert_eq!(run.status.code(), Some(2));
    assert!(err(&run).contains("is an input too"), "{}", err(&run));
    assert_eq!(fs::read_to_string(&data).unwrap(), ARTICLES);
    let other = folder.path().join("train.jsonl");
    fs::write(&other, ARTICLES).unwrap();
    let other = other.to_str().unwrap();
    let run = eval(&["--data", &data, "--baseline", other, "-o", other]);
    assert!(err(&run).contains("is an input too"), "{}", err(&run));
    assert_eq!(fs::read_to_string(other).unwrap(), ARTICLES);
    let page = folder.path().join("page.html");
    let page = page.to_str().unwrap();
    let run = eval(&["--data", &data, "--report", page, "-o", page]);
    assert!(err(&run).contains("name the same file"), "{}", err(&run));
    let run = eval(&["--data", &data, "--report", "/no/such/folder/page.html"]);
    assert_eq!(run.status.code(), Some(1));
    assert!(
        err(&run).contains("/no/such/folder/page.html: cannot be written"),
        "{}",
        err(&run)
    );
    assert!(!Path::new("/no").exists());
}
