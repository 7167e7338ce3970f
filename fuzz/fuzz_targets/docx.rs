#![no_main]

use std::io::{Cursor, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

// Mutations of an archive seldom get past its checks, so every second input is
// the document within one.
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    match bytes.split_first() {
        Some((b'x', document)) => topicwire_fuzz::read(&archive(document), "a.docx"),
        _ => topicwire_fuzz::read(bytes, "a.docx"),
    }
});

fn archive(document: &[u8]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    archive.start_file("word/document.xml", stored).unwrap();
    archive.write_all(document).unwrap();
    archive.finish().unwrap().into_inner()
}
