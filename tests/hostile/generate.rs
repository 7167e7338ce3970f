//! Makes input that is meant to hurt. Nothing of it is stored.

use std::io::{Cursor, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// A sentence of news.
pub const PROSE: &str = "The ferry company said on Monday that the crossing to the island would \
    open again on the first of June, after seven months in dock. ";

/// A page whose elements are nested `depth` deep, with an article at the bottom.
pub fn nested_page(depth: usize) -> String {
    let (open, close) = ("<div>".repeat(depth), "</div>".repeat(depth));
    format!("<html><body>{open}<p>{}</p>{close}", PROSE.repeat(8))
}

/// A page of `count` tags in turn, with an article before them.
pub fn tags(count: usize) -> String {
    let names = ["<p>", "<b>", "</i>", "<a href=x>", "<td>", "<br>"];
    let tags: String = names.iter().cycle().take(count).copied().collect();
    format!(
        "<html><body><article><p>{}</p></article>{tags}",
        PROSE.repeat(8)
    )
}

/// A gzip stream that unpacks to `megabytes` of `byte`.
pub fn gzip_bomb(byte: u8, megabytes: usize) -> Vec<u8> {
    let mut member = GzEncoder::new(Vec::new(), Compression::best());
    member.write_all(&vec![byte; 16 << 20]).unwrap();
    // Members in a row unpack to their texts in a row.
    member.finish().unwrap().repeat(megabytes / 16)
}

/// A Word document whose text unpacks to `megabytes`.
pub fn docx_bomb(megabytes: usize) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default();
    archive.start_file("word/document.xml", options).unwrap();
    let open = b"<w:document xmlns:w=\"x\"><w:body><w:p><w:r><w:t>";
    archive.write_all(open).unwrap();
    let piece = vec![b'a'; 1 << 20];
    for _ in 0..megabytes {
        archive.write_all(&piece).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// A feed with entities that expand to 10^29 letters.
pub fn billion_laughs() -> String {
    let entities: String = (1..30)
        .map(|n| format!("<!ENTITY a{n} \"{}\">", format!("&a{};", n - 1).repeat(10)))
        .collect();
    format!(
        "<?xml version=\"1.0\"?><!DOCTYPE rss [<!ENTITY a0 \"ha\">{entities}]>\
         <rss version=\"2.0\"><channel><title>x</title><item><title>Ferry</title>\
         <description>&a29; {PROSE}</description></item></channel></rss>"
    )
}

/// The bytes with one that no UTF-8 has after every tenth.
pub fn spoiled(bytes: &[u8]) -> Vec<u8> {
    let pieces: Vec<&[u8]> = bytes.chunks(10).collect();
    pieces.join(&0xff)
}
