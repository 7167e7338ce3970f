//! The README shows what the command prints.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::path::Path;
use std::process::Command;

#[test]
fn the_page_in_the_readme_is_what_the_command_prints() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_classify"))
        .arg("tests/fixtures/hybrid-summit.txt")
        .current_dir(root)
        .output()
        .unwrap();
    let page = String::from_utf8(output.stdout).unwrap();
    assert!(
        readme.contains(page.trim_end()),
        "the README shows another page than:\n{page}"
    );
}
