use std::io::Write;

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::*;

fn document(text: &str) -> String {
    format!("<w:document><w:body><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:body></w:document>")
}

fn zipped(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, content) in parts {
        zip.start_file(*name, options).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

#[test]
fn the_relations_name_the_main_part() {
    let rels = b"<Relationships><Relationship Type=\"http://x/officeDocument\" Target=\"/text/main.xml\"/></Relationships>";
    let text = document("Ferry sails");
    let bytes = zipped(&[("_rels/.rels", rels), ("text/main.xml", text.as_bytes())]);
    assert_eq!(read(&bytes, 1000).unwrap().text, "Ferry sails");
}

#[test]
fn properties() {
    let core = b"<cp:coreProperties><dc:title>Ferry &amp; crew sail</dc:title><dc:creator>Ann Field</dc:creator>\
                 <dcterms:created>2026-11-14T10:00:00Z</dcterms:created><dc:language>en-GB</dc:language></cp:coreProperties>";
    let text = document("Body");
    let bytes = zipped(&[
        ("word/document.xml", text.as_bytes()),
        ("docProps/core.xml", core),
    ]);
    let article = read(&bytes, 1000).unwrap();
    assert_eq!(article.title.as_deref(), Some("Ferry & crew sail"));
    assert_eq!(article.meta.author.as_deref(), Some("Ann Field"));
    assert_eq!(article.meta.date.as_deref(), Some("2026-11-14T10:00:00Z"));
    assert_eq!(article.meta.language.as_deref(), Some("en"));
    assert_eq!(date(TEMPLATE_DATE), None);
    assert_eq!(date("yesterday"), None);
}

#[test]
fn each_bad_document_has_its_own_message() {
    let message = |bytes: &[u8]| read(bytes, 1000).unwrap_err();
    assert!(message(b"PK\x03\x04 nothing").contains("damaged"));
    assert!(message(&zipped(&[("a.txt", b"a")])).contains("not of a Word document"));
    assert!(message(&zipped(&[("word/document.xml", b"<w:p/>")])).contains("no text"));
    assert!(
        message(&zipped(&[(
            "word/document.xml",
            document(&"word ".repeat(300)).as_bytes()
        )]))
        .contains("--max-bytes")
    );
}

#[test]
fn a_bomb_is_defused() {
    // Inflates to more than is read of a part.
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file(
        "word/document.xml",
        SimpleFileOptions::default().compression_method(CompressionMethod::Deflated),
    )
    .unwrap();
    zip.write_all(b"<w:document>").unwrap();
    for _ in 0..17 {
        zip.write_all(&vec![b' '; 1 << 20]).unwrap();
    }
    let bytes = zip.finish().unwrap().into_inner();
    assert!(bytes.len() < 1 << 20);
    assert!(read(&bytes, 1000).unwrap_err().contains("unpacks to more"));
}

#[test]
fn torn_and_changed_documents_are_errors_or_read() {
    let text = document("Ferry sails again after nine weeks");
    let whole = zipped(&[("word/document.xml", text.as_bytes())]);
    for tenth in 0..10 {
        assert!(read(&whole[..whole.len() * tenth / 10], 1000).is_err());
    }
    // A byte of the stored check sum.
    let mut changed = whole.clone();
    let at = changed.windows(4).position(|w| w == b"PK\x01\x02").unwrap() + 16;
    changed[at] ^= 1;
    assert!(read(&changed, 1000).unwrap_err().contains("damaged"));
}

fn fixture(name: &str) -> Vec<u8> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/formats");
    std::fs::read(folder.join(name)).unwrap()
}

#[test]
fn documents_of_two_programs() {
    let article = read(&fixture("ferry-libreoffice.docx"), 100_000).unwrap();
    let truth = String::from_utf8(fixture("ferry.txt")).unwrap();
    assert_eq!(article.text, truth.trim_end());
    let changes = read(&fixture("ferry-changes-python.docx"), 100_000).unwrap();
    assert_eq!(
        changes.text,
        "Ferry to Skarvø sails again after nine weeks in dock\n\n\
         The first sailing leaves at 6:40 a.m., as the harbour authority said on Thursday.\n\n\
         Ticket\tNow\tJanuary\n\n\
         Car and driver\t172\t188\n\n\
         Fares stay the same until the end of the year."
    );
    assert_eq!(changes.title.as_deref(), truth.lines().next());
    assert_eq!(changes.meta.date.as_deref(), Some("2026-11-14T09:30:00Z"));
}
