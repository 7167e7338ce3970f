//! Trims what stands around the article: its title above the text, headings below.

use super::blocks::{Block, Kind};
use crate::article::title;

/// Fewest bytes of a paragraph that is surely prose.
const PROSE: usize = 80;

/// Drops headings and repetitions of the title above the first paragraph, and headings that
/// nothing follows.
pub fn trim(mut blocks: Vec<Block>, titles: &[String]) -> Vec<Block> {
    let letters = |text: &str| -> String { title::letters(text).collect() };
    let titles: Vec<String> = titles.iter().map(|title| letters(title)).collect();
    let is_title = |block: &Block| titles.contains(&letters(&block.text));
    let is_prose =
        |block: &Block| block.kind == Kind::Text && block.text.len() >= PROSE && !is_title(block);
    if let Some(first) = blocks.iter().position(is_prose) {
        let body = blocks.split_off(first);
        blocks.retain(|block| block.kind != Kind::Heading && !is_title(block));
        blocks.extend(body);
        while blocks.last().is_some_and(|last| last.kind == Kind::Heading) {
            blocks.pop();
        }
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::super::blocks::blocks;
    use super::*;

    const PROSE: &str = "<p>The harbour council agreed on Tuesday to rebuild the northern pier \
        before the ferries return.</p>";

    fn trimmed(html: &str) -> String {
        let blocks = trim(blocks(html), &["Pier: to be rebuilt".to_owned()]);
        let texts: Vec<&str> = blocks
            .iter()
            .map(|b| &b.text[..b.text.len().min(9)])
            .collect();
        texts.join("|")
    }

    #[test]
    fn the_title_above_and_headings_below_go() {
        let html = format!(
            "<h1>New pier</h1><div>PIER TO BE REBUILT</div><p>Lead.</p>{PROSE}<h2>Cost</h2>{PROSE}\
             <div>Pier to be rebuilt</div><h3>More news</h3><h3>Sport</h3>"
        );
        assert_eq!(trimmed(&html), "Lead.|The harbo|Cost|The harbo|Pier to b");
    }

    #[test]
    fn without_prose_all_stays() {
        assert_eq!(
            trimmed("<h1>Pier to be rebuilt</h1><p>Soon.</p>"),
            "Pier to b|Soon."
        );
    }
}
