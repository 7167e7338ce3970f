use std::fs;
use std::path::Path;

use super::*;

const MAX_TEXT: usize = 100_000;

fn fixture(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/formats");
    fs::read(folder.join(name)).unwrap()
}

fn text(name: &str) -> String {
    String::from_utf8(fixture(name))
        .unwrap()
        .trim_end()
        .to_owned()
}

fn article(name: &str) -> Article {
    read(&fixture(name), MAX_TEXT).unwrap()
}

/// A document of one page; its objects are numbered from 1, and the page, its
/// content and its font are the third to fifth of them.
fn document(content: &str, resources: &str, more: &[String]) -> Vec<u8> {
    let mut objects = vec![
        "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
        "<</Type/Pages/Kids[3 0 R 2 0 R 3 0 R]/Count 1>>".into(),
        format!(
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R/Resources<<{resources}>>>>"
        ),
        stream("", content),
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>".into(),
    ];
    objects.extend_from_slice(more);
    let mut file = String::from("%PDF-1.7\n");
    for (n, object) in objects.iter().enumerate() {
        file.push_str(&format!("{} 0 obj\n{object}\nendobj\n", n + 1));
    }
    file.push_str("trailer <</Root 1 0 R>>\n%%EOF");
    file.into_bytes()
}

fn stream(entries: &str, content: &str) -> String {
    format!(
        "<<{entries}/Length {}>>stream\n{content}\nendstream",
        content.len()
    )
}

const FONT: &str = "/Font<</F 5 0 R>>";
const SENTENCE: &str = "BT /F 12 Tf 50 700 Td (The ferry sails again.) Tj ET ";

fn read_text(bytes: &[u8]) -> Result<String, String> {
    read(bytes, MAX_TEXT).map(|article| article.text)
}

#[test]
fn documents_of_several_programs_give_the_true_text() {
    for (name, truth) in [
        ("ferry-chromium.pdf", "ferry.txt"),
        ("bakery-pages-reportlab.pdf", "bakery.txt"),
        ("bakery-encrypted-open.pdf", "bakery.txt"),
        ("glacier-twocolumn-weasyprint.pdf", "glacier.txt"),
    ] {
        assert_eq!(article(name).text, text(truth), "{name}");
    }
    let truth = text("ferry.txt").replacen("\n\n", "\n\nAnn Field\n\n", 1);
    assert_eq!(article("ferry-twocolumn-tex.pdf").text, truth);
}

#[test]
fn properties() {
    let glacier = article("glacier-twocolumn-weasyprint.pdf");
    assert_eq!(glacier.meta.language.as_deref(), Some("de"));
    assert_eq!(glacier.title.as_deref(), text("glacier.txt").lines().next());
    assert!(glacier.title_span.is_some());
    assert!(glacier.warnings.is_empty());
}

#[test]
fn each_bad_document_has_its_own_message() {
    let message = |bytes: &[u8]| read(bytes, MAX_TEXT).unwrap_err();
    assert!(message(&fixture("bakery-encrypted-locked.pdf")).contains("without a password"));
    assert!(message(&fixture("scanned.pdf")).contains("OCR"));
    assert!(message(b"%PDF-1.7\n").contains("damaged"));
    let short = read(&document(SENTENCE, FONT, &[]), 10).unwrap_err();
    assert!(short.contains("--max-bytes"));
    let glyphs = "/Font<</F<</Subtype/Type0/Encoding/Identity-H>>>>";
    assert!(message(&document(SENTENCE, glyphs, &[])).contains("which letters"));
}

#[test]
fn marked_content_replaces_and_hides() {
    let content = "BT /F 12 Tf 50 700 Td /Artifact BMC (Page 1) Tj EMC (The o) Tj \
                   /Span <</ActualText(ffi)>> BDC (xyz) Tj EMC (ce) Tj ET";
    assert_eq!(
        read_text(&document(content, FONT, &[])).unwrap(),
        "The office"
    );
}

#[test]
fn turned_pages_are_read() {
    let turned = SENTENCE.replace("50 700 Td", "0 1 -1 0 300 50 Tm");
    assert_eq!(
        read_text(&document(&turned, FONT, &[])).unwrap(),
        "The ferry sails again."
    );
}

#[test]
fn cycles_and_nesting_end() {
    let again = |n: usize| SENTENCE.to_owned() + &"/X Do ".repeat(n);
    let resources = format!("{FONT}/XObject<</X 6 0 R>>");
    let form = stream(
        &format!("/Subtype/Form/Resources<<{resources}>>"),
        &again(1),
    );
    assert!(read_text(&document(&again(1), &resources, &[form])).is_ok());
    // Each form shows the next one fifty times.
    let form = |n: usize| {
        let own = format!("{FONT}/XObject<</X {} 0 R>>", n + 1);
        stream(&format!("/Subtype/Form/Resources<<{own}>>"), &again(50))
    };
    let forms: Vec<String> = (6..16).map(form).collect();
    let error = read(&document(&again(50), &resources, &forms), 2_000).unwrap_err();
    assert!(error.contains("--max-bytes"));

    let deep = "[".repeat(5_000) + &"]".repeat(5_000);
    let dicts = "<</A ".repeat(5_000) + &">>".repeat(5_000);
    assert!(read_text(&document(SENTENCE, FONT, &[deep.clone(), dicts])).is_ok());
    assert!(read_text(&document(&(deep + SENTENCE), FONT, &[])).is_err());

    let circle = ["7 0 R".into(), "6 0 R".into()];
    assert!(read_text(&document(SENTENCE, "/Font<</F 6 0 R>>", &circle)).is_err());
}

#[test]
fn torn_and_changed_documents_do_no_harm() {
    for name in [
        "bakery-pages-reportlab.pdf",
        "bakery-encrypted-open.pdf",
        "glacier-twocolumn-weasyprint.pdf",
    ] {
        let whole = fixture(name);
        for tenth in 0..10 {
            let _ = read(&whole[..whole.len() * tenth / 10], MAX_TEXT);
        }
        let mut random = 1u32;
        for _ in 0..15 {
            let mut changed = whole.clone();
            for _ in 0..8 {
                random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let at = random as usize % changed.len();
                changed[at] = (random >> 24) as u8;
            }
            let read = read(&changed, MAX_TEXT);
            assert!(
                !read.is_err_and(|e| e.contains("do not fit")),
                "{name} made the parser panic"
            );
        }
    }
}
