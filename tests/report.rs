//! Reports of `classify batch`: formats, sources, filters, and runs that are cut off.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use serde_json::{Map, Value, json};
use tempfile::TempDir;
use topicwire::records;

use crate::support::classify;

fn batch() -> Command {
    let mut command = classify();
    command.arg("batch");
    command
}

fn run(command: &mut Command) -> Output {
    command.stdin(Stdio::null()).output().unwrap()
}

fn messages(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The rows of a report, whatever its format, with empty cells left out.
fn rows(report: &Path) -> Vec<Map<String, Value>> {
    let table = records::open(report, 1 << 24).unwrap();
    let rows = table.rows.map(|row| {
        let mut fields = row.unwrap_or_else(|(_, e)| panic!("{e}")).fields;
        fields.retain(|_, value| !value.is_null() && value != "");
        fields
    });
    rows.collect()
}

fn fixtures(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name)
}

/// A table with all that reports find hard.
fn awkward(folder: &Path) -> PathBuf {
    let attack = "Hackers locked the computers of the port on Monday and asked for a ransom in \
                  bitcoin. The harbour master said that the malware came by e-mail. Police are \
                  looking for the attackers.";
    let rows = [
        json!({"id": "=1+1", "title": "=HYPERLINK(\"http://x.example\",\"click\")", "text": attack,
               "date": "2024-05-06", "section": "Ports; ships", "price": -5.5}),
        json!({"id": "b,2", "title": "Käse 🧀 “für alle”\nund Brot", "section": null,
               "text": "The cheese shop in Müren reopens next week.\nA wheel costs 80 € 🧀."}),
        json!({"id": "3", "title": "הספינה חוזרת", "text": "The ferry sails again on Monday. \
               “Good news,” said Ruth Byrne; “at last.”", "section": ["a", "b"]}),
        json!({"id": "4", "text": "  "}),
    ];
    let table = folder.join("awkward.jsonl");
    let lines: Vec<String> = rows.iter().map(ToString::to_string).collect();
    fs::write(&table, lines.join("\n")).unwrap();
    table
}

#[test]
fn csv_parquet_and_arrow_say_the_same_and_csv_runs_no_formula() {
    let folder = TempDir::new().unwrap();
    let table = awkward(folder.path());
    let report = |name: &str| {
        let out = folder.path().join(name);
        let mut command = batch();
        command
            .arg(&table)
            .args(["--keep", "section,price", "-o"])
            .arg(&out);
        let output = run(&mut command);
        assert_eq!(output.status.code(), Some(1), "{}", messages(&output));
        assert!(messages(&output).contains("4 articles: 1 failed"));
        out
    };
    let csv = fs::read_to_string(report("out.csv")).unwrap();
    let header = csv.lines().next().unwrap();
    assert_eq!(
        header,
        "path,id,title,labels,cybersecurity_probability,brexit_probability,\
         russia_hybrid_probability,summary,words,sentences,warnings,error,section,price"
    );
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let cells: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(cells.len(), 4);
    assert_eq!(&cells[0][1], "'=1+1");
    assert_eq!(&cells[0][2], "'=HYPERLINK(\"http://x.example\",\"click\")");
    assert_eq!(&cells[0][3], "cybersecurity");
    assert_eq!((&cells[0][12], &cells[0][13]), ("Ports; ships", "-5.5"));
    assert_eq!(&cells[1][2], "Käse 🧀 “für alle”\nund Brot");
    assert_eq!(&cells[2][12], "[\"a\",\"b\"]");
    assert_eq!((&cells[3][7], &cells[3][11]), ("", "has an empty text"));

    let parquet = rows(&report("out.parquet"));
    assert_eq!(parquet, rows(&report("out.arrow")));
    assert_eq!(parquet.len(), 4);
    for (row, cells) in parquet.iter().zip(&cells) {
        for (name, cell) in header.split(',').zip(cells) {
            let of_parquet = match row.get(name) {
                None => String::new(),
                Some(Value::String(text)) => text.clone(),
                Some(Value::Array(texts)) => {
                    let texts: Vec<&str> = texts.iter().filter_map(Value::as_str).collect();
                    texts.join(";")
                }
                Some(other) => other.to_string(),
            };
            if name.ends_with("_probability") && !cell.is_empty() {
                let of_parquet: f32 = of_parquet.parse().unwrap();
                assert_eq!(of_parquet, cell.parse::<f32>().unwrap());
            } else {
                assert_eq!(
                    of_parquet,
                    cell.strip_prefix("'=")
                        .map_or(cell.to_owned(), |c| format!("={c}"))
                );
            }
        }
    }
}

#[test]
fn columns_are_chosen_by_name_and_excel_gets_its_mark() {
    let folder = TempDir::new().unwrap();
    let table = awkward(folder.path());
    let mut command = batch();
    command
        .arg(&table)
        .args(["-f", "csv", "--excel", "-q", "--keep", "section"]);
    let output = run(command.args(["--columns", "section,row,date,cybersecurity_evidence"]));
    let text = String::from_utf8(output.stdout).unwrap();
    let mut lines = text.lines();
    assert_eq!(
        lines.next(),
        Some("\u{feff}section,row,date,cybersecurity_evidence")
    );
    assert!(
        lines
            .next()
            .unwrap()
            .starts_with("\"Ports; ships\",1,2024-05-06,")
    );
    let mut command = batch();
    command
        .arg(&table)
        .args(["-f", "csv", "-q", "--columns", "title"]);
    let output = run(&mut command);
    assert!(output.stdout.ends_with(b"\r\n\"\"\r\n"));
    let output = run(batch()
        .arg(&table)
        .args(["-f", "csv", "--columns", "dates"]));
    assert_eq!(output.status.code(), Some(2));
    assert!(messages(&output).contains("no column \"dates\"; there are path, row, id"));
}

#[test]
fn a_format_that_the_suffix_does_not_tell_must_be_named() {
    let folder = TempDir::new().unwrap();
    let out = folder.path().join("out.csv.gz");
    let output = run(batch().arg(awkward(folder.path())).arg("-o").arg(&out));
    assert_eq!(output.status.code(), Some(2));
    assert!(messages(&output).contains("no format has this suffix"));
}

#[test]
fn the_page_holds_every_row() {
    let folder = TempDir::new().unwrap();
    let out = folder.path().join("out.html");
    let output = run(batch()
        .arg(awkward(folder.path()))
        .args(["--cluster", "-o"])
        .arg(&out));
    assert_eq!(output.status.code(), Some(1));
    let page = fs::read_to_string(&out).unwrap();
    let json = |id: &str| -> Value {
        let start = page.split(&format!("id=\"{id}\">")).nth(1).unwrap();
        serde_json::from_str(start.split("</script>").next().unwrap()).unwrap()
    };
    assert_eq!(json("meta")["topics"][2]["id"], "russia_hybrid");
    let rows = json("rows");
    assert_eq!(rows.as_array().unwrap().len(), 4);
    assert_eq!(
        (&rows[2]["row"], &rows[2]["cluster"]),
        (&json!(3), &json!(3))
    );
    assert_eq!(rows[3]["error"], "has an empty text");
    // What is no article is no copy of any.
    assert_eq!(rows[3]["cluster"], Value::Null);
}

/// A table of so many short articles that differ.
fn many(folder: &Path, count: usize) -> PathBuf {
    let stories = [
        "Hackers locked the computers of port number {} on Monday. They asked for 40 bitcoin.",
        "The ferry to island {} was cancelled on Tuesday. Engineers found cracks in its ramp.",
        "Parliament voted on amendment {} to the bill on leaving the European Union. It failed.",
    ];
    let lines = (0..count).map(|i| {
        let text = stories[i % 3].replace("{}", &i.to_string());
        let scan = "0f".repeat(2000 + i);
        json!({"id": i, "text": text, "source": "The Gull", "scan": scan}).to_string()
    });
    let table = folder.join("many.jsonl");
    fs::write(&table, lines.collect::<Vec<_>>().join("\n")).unwrap();
    table
}

#[test]
fn a_report_is_the_same_for_any_number_of_threads() {
    let folder = TempDir::new().unwrap();
    let table = many(folder.path(), 70);
    for name in [
        "out.jsonl",
        "out.csv",
        "out.parquet",
        "out.arrow",
        "out.html",
    ] {
        let out = folder.path().join(name);
        let reports = ["1", "3"].map(|threads| {
            let mut command = batch();
            // Long columns: how many articles are analysed together depends on the threads.
            command
                .arg(&table)
                .args(["--cluster", "--keep", "scan", "--threads", threads, "-o"]);
            assert!(run(command.arg(&out)).status.success());
            fs::read(&out).unwrap()
        });
        assert!(reports[0] == reports[1], "{name}");
    }
}

#[test]
fn folders_patterns_and_lists_give_their_files() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    for name in [
        "a/one.txt",
        "a/deep/two.txt",
        "a/deep/notes.md",
        "a/drafts/three.txt",
        "a/.hidden.txt",
    ] {
        fs::create_dir_all(at(name).parent().unwrap()).unwrap();
        fs::write(
            at(name),
            format!("The council met about {name}. It chose a mayor."),
        )
        .unwrap();
    }
    fs::write(
        at("a/rows.csv"),
        "id,text\n7,The match ended late. Nobody scored.\n",
    )
    .unwrap();
    let named = |command: &mut Command| -> Vec<String> {
        let output = run(command.current_dir(&folder).args(["-q", "--no-summary"]));
        assert_eq!(output.status.code(), Some(0), "{}", messages(&output));
        let text = String::from_utf8(output.stdout).unwrap();
        let rows = text
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap());
        rows.map(|row| row["path"].as_str().unwrap().to_owned())
            .collect()
    };
    let all = [
        "a/deep/notes.md",
        "a/deep/two.txt",
        "a/drafts/three.txt",
        "a/one.txt",
        "a/rows.csv",
    ];
    assert_eq!(named(batch().arg("a")), all);
    let some = named(batch().args(["a", "--include", "*.txt", "--exclude", "drafts/"]));
    assert_eq!(some, [all[1], all[3]]);
    for pattern in ["a/**/t*.txt", "./a//*/t*.txt"] {
        assert_eq!(named(batch().arg(pattern)), [all[1], all[2]]);
    }
    // A folder that a pattern fits stands for what is in it, as when a shell spells it out.
    assert_eq!(named(batch().arg("a/d*")), all[..3]);
    assert_eq!(named(batch().arg("a/*")), all);
    for folder in ["deep", "deep/"] {
        assert_eq!(named(batch().args(["a", "--include", folder])), all[..2]);
    }
    fs::write(at("list"), "a/one.txt\n\na/deep\n").unwrap();
    let listed = named(batch().args(["--files-from", "list", "a/rows.csv"]));
    assert_eq!(listed, [all[4], all[3], all[0], all[1]]);

    // The report stands among the articles, and is none.
    for _ in 0..2 {
        let output = run(batch()
            .current_dir(&folder)
            .args(["a", "-o", "a/report.csv"]));
        assert_eq!(output.status.code(), Some(0), "{}", messages(&output));
        assert_eq!(rows(&at("a/report.csv")).len(), all.len());
    }
    #[cfg(unix)]
    {
        // What is there by its name only is heard of.
        std::os::unix::fs::symlink("nowhere", at("a/link.txt")).unwrap();
        let output = run(batch().current_dir(&folder).args(["a", "-f", "csv"]));
        assert_eq!(output.status.code(), Some(1));
        assert!(messages(&output).contains("error: a/link.txt: no such file"));
    }
    let nothing = run(batch()
        .current_dir(&folder)
        .args(["a", "--include", "*.pdf"]));
    assert_eq!(nothing.status.code(), Some(2));
    assert!(messages(&nothing).contains("a: has no file that is wanted in it"));
    fs::write(at("list"), "\n").unwrap();
    let nothing = run(batch()
        .current_dir(&folder)
        .args(["--files-from", "list", "-o", "out.csv"]));
    assert_eq!(nothing.status.code(), Some(2));
    assert!(messages(&nothing).contains("--files-from list: has no line in it"));
    assert!(!at("out.csv").exists());
}

#[test]
fn nothing_that_is_not_of_the_run_is_written_over() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    let story = "It rained all day. The match was called off.\n";
    let refused = |own: &str, flags: &[&str]| {
        fs::write(at(own), story).unwrap();
        let output = run(batch().current_dir(&folder).args(flags));
        assert_eq!(output.status.code(), Some(2), "{}", messages(&output));
        assert_eq!(fs::read_to_string(at(own)).unwrap(), story, "{own}");
        fs::remove_file(at(own)).unwrap();
        messages(&output)
    };
    for own in ["r.csv", "r.csv.part", "r.csv.journal"] {
        let told = refused(own, &[own, "-o", "r.csv"]);
        assert!(told.contains("is an input, and this run would"), "{told}");
    }
    fs::write(at("one.txt"), story).unwrap();
    let told = refused("r.csv", &["--files-from", "r.csv", "-o", "r.csv"]);
    assert!(told.contains("is an input, and this run would"), "{told}");
    for more in ["--restart", "--resume"] {
        let flags = ["one.txt", "-o", "r.csv", more];
        let told = refused("r.csv.part", &flags);
        assert!(
            told.contains("stands where the report is written"),
            "{told}"
        );
        let told = refused("r.csv.journal", &flags);
        assert!(told.contains("is no journal, but stands where"), "{told}");
    }
}

#[test]
fn a_column_that_is_called_like_one_of_the_report_is_passed_on_beside_it() {
    let folder = TempDir::new().unwrap();
    let table = folder.path().join("gold.csv");
    fs::write(&table, "id,text,labels\n7,It rained all day.,weather\n").unwrap();
    let mut command = batch();
    command
        .arg(&table)
        .args(["-q", "-f", "csv", "--keep", "labels"]);
    let output = run(command.args(["--columns", "id, labels, input_labels"]));
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text, "id,labels,input_labels\r\n7,,weather\r\n");
}

#[test]
fn filters_leave_out_what_is_not_asked_for_but_never_a_failure() {
    let folder = TempDir::new().unwrap();
    let table = awkward(folder.path());
    let ids = |flags: &[&str]| -> Vec<String> {
        let output = run(batch().arg(&table).args(flags));
        let text = String::from_utf8(output.stdout).unwrap();
        let rows = text
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap());
        rows.map(|row| row["id"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(ids(&["--labelled"]), ["=1+1", "4"]);
    assert_eq!(
        ids(&["--only", "brexit", "--only", "cybersecurity>=0.5"]),
        ["=1+1", "4"]
    );
    assert_eq!(ids(&["--only", "cybersecurity >= 0"]).len(), 4);
    assert_eq!(ids(&["--only", "brexit", "--labelled"]), ["4"]);
    let output = run(batch().arg(&table).args(["--only", "sport"]));
    assert_eq!(output.status.code(), Some(2));
    assert!(messages(&output).contains("--only: no topic \"sport\""));
    let output = run(batch().arg(&table).args(["--labelled"]));
    assert!(
        messages(&output)
            .contains("4 articles: 1 failed, 0 uncertain, 2 left out; 1 cybersecurity")
    );
}

#[test]
fn copies_are_of_one_cluster_and_exact_ones_are_encoded_once() {
    let folder = TempDir::new().unwrap();
    let story = fs::read_to_string(fixtures("hospital-ransomware.txt")).unwrap();
    let other = fs::read_to_string(fixtures("football.txt")).unwrap();
    let edited = story.replace("the", "this");
    let half: String = story.chars().take(story.chars().count() / 2).collect();
    let texts = [&story, &other, &edited, &story, &half];
    let lines = texts
        .iter()
        .zip(1..)
        .map(|(text, i)| json!({"text": text, "date": format!("2024-05-0{i}")}).to_string());
    let table = folder.path().join("copies.jsonl");
    fs::write(&table, lines.collect::<Vec<_>>().join("\n")).unwrap();
    let output = run(batch().arg(&table).args(["--cluster", "-v"]));
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    let rows: Vec<Value> = text
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    let clusters: Vec<i64> = rows
        .iter()
        .map(|r| r["cluster"].as_i64().unwrap())
        .collect();
    assert_eq!(clusters, [1, 2, 1, 1, 1]);
    assert_eq!(rows[0]["topics"], rows[3]["topics"]);
    assert_eq!(rows[3]["date"], "2024-05-04");
    let messages = messages(&output);
    assert!(
        messages.contains("2 clusters") && messages.contains("1 exact copies were encoded once")
    );
}

/// A run that writes a report, with what is beside it.
struct Report {
    folder: TempDir,
    flags: Vec<String>,
}

impl Report {
    fn new(flags: &[&str]) -> Self {
        let flags = flags.iter().map(|&flag| flag.to_owned()).collect();
        let folder = TempDir::new().unwrap();
        Self { folder, flags }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, out: &str, more: &[&str]) -> Command {
        let mut command = batch();
        command
            .current_dir(&self.folder)
            .args(&self.flags)
            .args(more);
        command.args(["-o", out]);
        command
    }

    /// Starts a run and waits until the journal has results of it.
    fn started(&self, out: &str, more: &[&str]) -> Child {
        let journal = self.at(&format!("{out}.journal"));
        let length = || fs::metadata(&journal).map_or(0, |m| m.len());
        let before = length().max(3000);
        let mut child = self
            .command(out, more)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        while length() <= before {
            assert!(child.try_wait().unwrap().is_none(), "it has ended");
            std::thread::sleep(Duration::from_millis(2));
        }
        child
    }

    fn whole(&self, out: &str, more: &[&str]) -> Vec<u8> {
        let output = run(&mut self.command(out, more));
        assert_eq!(output.status.code(), Some(0), "{}", messages(&output));
        assert!(!self.at(&format!("{out}.journal")).exists());
        assert!(!self.at(&format!("{out}.part")).exists());
        fs::read(self.at(out)).unwrap()
    }
}

#[test]
fn a_killed_run_ends_with_the_same_report() {
    let report = Report::new(&["many.jsonl", "--cluster", "--keep", "source"]);
    many(report.folder.path(), 200);
    for suffix in ["csv", "parquet"] {
        let expected = report.whole(&format!("whole.{suffix}"), &[]);
        let out = format!("killed.{suffix}");
        for attempt in 0..3 {
            let mut child = report.started(&out, if attempt > 0 { &["--resume"] } else { &[] });
            child.kill().unwrap();
            child.wait().unwrap();
            assert!(!report.at(&out).exists());
        }
        // A crash may leave half a line, or bytes that were never written.
        let journal = report.at(&format!("{out}.journal"));
        let mut bytes = fs::read(&journal).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        bytes.truncate(bytes.len() - 7);
        bytes.extend([0; 64]);
        fs::write(&journal, bytes).unwrap();
        let refused = run(&mut report.command(&out, &[]));
        assert_eq!(refused.status.code(), Some(2));
        assert!(messages(&refused).contains("go on with it by --resume"));
        assert!(report.whole(&out, &["--resume"]) == expected, "{suffix}");
    }
}

#[cfg(unix)]
#[test]
fn ctrl_c_finishes_what_is_under_way_and_says_how_to_go_on() {
    let report = Report::new(&["many.jsonl", "-n", "1"]);
    many(report.folder.path(), 300);
    let child = report.started("out.jsonl", &[]);
    let id = child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &id])
            .status()
            .unwrap()
            .success()
    );
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    assert!(messages(&output).contains("out.jsonl.journal; the same command with --resume"));
    assert!(!report.at("out.jsonl").exists());
    let expected = report.whole("whole.jsonl", &[]);
    assert!(report.whole("out.jsonl", &["--resume"]) == expected);
}

#[test]
fn another_run_is_not_gone_on_with() {
    let report = Report::new(&["many.jsonl"]);
    let table = many(report.folder.path(), 200);
    let refused = |more: &[&str]| {
        let output = run(&mut report.command("out.csv", more));
        assert_eq!(output.status.code(), Some(2), "{}", messages(&output));
        messages(&output)
    };
    fs::write(report.at("out.csv"), "").unwrap();
    assert!(refused(&["--resume"]).contains("out.csv: is complete"));
    fs::remove_file(report.at("out.csv")).unwrap();
    // A crash may come before anything is done.
    fs::write(report.at("out.csv.journal"), "0000").unwrap();
    let mut child = report.started("out.csv", &["--resume"]);
    assert!(refused(&["--resume"]).contains("another run is writing this report"));
    child.kill().unwrap();
    child.wait().unwrap();
    let elsewhere = refused(&["awkward.jsonl", "--resume"]);
    assert!(
        elsewhere.contains("the sources: was many.jsonl, is many.jsonl, awkward.jsonl"),
        "{elsewhere}"
    );
    let other = refused(&["--resume", "--threshold", "brexit=0.9"]);
    assert!(
        other.contains("--threshold: was not set, is brexit=0.9"),
        "{other}"
    );
    let text = fs::read_to_string(&table).unwrap();
    fs::write(
        &table,
        text.replacen("ransom", "sum", 1)
            .replacen("40 bitcoin", "50 bitcoin", 1),
    )
    .unwrap();
    assert!(refused(&["--resume"]).contains("many.jsonl, row 1 is gone or has changed"));
    let first: Vec<&str> = text.lines().take(20).collect();
    fs::write(&table, first.join("\n")).unwrap();
    assert!(refused(&["--resume"]).contains("many.jsonl, row 21 is gone or has changed"));
    fs::remove_file(&table).unwrap();
    assert!(refused(&["--resume"]).contains("many.jsonl is gone or has changed"));
    fs::write(&table, text).unwrap();
    report.whole("out.csv", &["--restart"]);
}

#[test]
fn a_file_that_vanishes_is_a_row_and_is_tried_again() {
    let report = Report::new(&["--files-from", "list"]);
    let names = ["a.txt", "b.jsonl", "c.txt"];
    fs::write(report.at("list"), names.join("\n")).unwrap();
    let stories = |name: &str| match name {
        "b.jsonl" => "{\"text\":\"It rained.\"}\n{\"text\":\"It snowed.\"}\n".to_owned(),
        _ => format!("The council met about {name}. It chose a mayor."),
    };
    for name in names {
        fs::write(report.at(name), stories(name)).unwrap();
    }
    let expected = report.whole("whole.csv", &[]);
    fs::remove_file(report.at("b.jsonl")).unwrap();
    let output = run(&mut report.command("out.csv", &[]));
    assert_eq!(output.status.code(), Some(1));
    let told = messages(&output);
    assert!(told.contains("error: b.jsonl: no such file"), "{told}");
    assert!(told.contains("1 input could not be read for now"), "{told}");
    assert_eq!(rows(&report.at("out.csv")).len(), 3);
    // The report is complete: it may be written anew without more ado.
    let output = run(&mut report.command("out.csv", &[]));
    assert_eq!(output.status.code(), Some(1));
    fs::write(report.at("b.jsonl"), stories("b.jsonl")).unwrap();
    assert!(report.whole("out.csv", &["--resume"]) == expected);
}

#[test]
fn arrow_goes_in_and_out_of_pipes() {
    let folder = TempDir::new().unwrap();
    let table = many(folder.path(), 50);
    let out = folder.path().join("out.arrow");
    let mut command = batch();
    command
        .arg(&table)
        .args(["-q", "--with-text", "-f", "arrow"]);
    fs::write(&out, run(&mut command).stdout).unwrap();
    let first = rows(&out);
    assert_eq!(first.len(), 50);
    let again = folder.path().join("again.arrow");
    let output = batch()
        .args(["-", "-q", "--with-text", "-f", "arrow"])
        .stdin(fs::File::open(&out).unwrap())
        .output()
        .unwrap();
    fs::write(&again, output.stdout).unwrap();
    for (first, again) in first.iter().zip(&rows(&again)) {
        assert_eq!(
            (&first["id"], &first["labels"]),
            (&again["id"], &again["labels"])
        );
        assert_eq!(again.get("path"), None);
    }
}

#[test]
fn what_is_not_there_is_told() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("empty.csv"), "id,text\n").unwrap();
    fs::write(folder.path().join("one.csv"), "id,text\n7,It rained.\n").unwrap();
    let told = |flags: &[&str]| {
        let output = run(batch().current_dir(&folder).args(flags).args(["-f", "csv"]));
        (output.status.code(), messages(&output))
    };
    let (code, empty) = told(&["empty.csv"]);
    assert_eq!(code, Some(0));
    assert!(empty.contains("warning: empty.csv: has no row"), "{empty}");
    let (_, named) = told(&["one.csv", "--id-column", "nr", "--keep", "desk"]);
    for name in ["nr", "desk"] {
        let remark = format!("warning: one.csv: row 1 has no column \"{name}\"");
        assert!(named.contains(&remark), "{named}");
    }
    let (code, left) = told(&["one.csv", "--keep", "desk", "--columns", "id"]);
    assert_eq!(code, Some(2));
    assert!(
        left.contains("desk is asked for, but not among them"),
        "{left}"
    );
    let (code, gone) = told(&["gone [1].txt", "one.csv"]);
    assert_eq!(code, Some(1));
    assert!(gone.contains("gone [1].txt: no such file"), "{gone}");
}
