//! Ways of showing results: tables, JSON, an HTML page.

mod charts;
mod html;
mod tables;

pub use html::{Beside, html};
pub use tables::{Block, Style, against, blocks, write};

use super::figures::{Difference, Figure};
use super::results::Results;

/// The results as JSON, to be recorded and compared with.
///
/// # Errors
/// When writing fails.
pub fn json(out: &mut impl std::io::Write, results: &Results) -> std::io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, results)?;
    writeln!(out)
}

/// How many decimals a figure needs: those in percent, numbers of sentences and
/// shares of 1 differ.
fn decimals(name: &str) -> usize {
    let name = name.rsplit('.').next().unwrap_or(name);
    match name {
        "rouge_1" | "rouge_2" | "rouge_lsum" => 1,
        "best_dropped" | "alternates_dropped" | "texts_right" => 0,
        "others_dropped" | "sentence_f1" => 4,
        _ => 3,
    }
}

/// A number with the decimals of its figure.
fn number(name: &str, value: f64) -> String {
    format!("{value:.*}", decimals(name))
}

/// A figure and its interval.
fn with_interval(name: &str, figure: Figure) -> String {
    format!(
        "{} {}",
        number(name, figure.value),
        interval(name, figure.low, figure.high)
    )
}

/// An interval, a decimal shorter than the figure: its ends are not known better.
fn interval(name: &str, low: f64, high: f64) -> String {
    let decimals = decimals(name);
    let decimals = decimals.saturating_sub(1).max(usize::from(decimals > 0));
    format!("[{low:.decimals$}…{high:.decimals$}]")
}

/// A difference with its sign, a star when it is beyond chance, and its interval.
fn signed(name: &str, d: &Difference) -> String {
    let star = if d.is_significant() { "*" } else { "" };
    let decimals = decimals(name);
    format!(
        "{:+.decimals$}{star} [{:+.decimals$}…{:+.decimals$}]",
        d.value, d.low, d.high
    )
}
