//! Markup without the elements that no reader sees.

use super::tokens::{Token, is_name, tokens};

/// The tokens of `html` without what stands in elements whose names are in `hidden`. Their
/// opening tags stay, to tell that something stood there. One that is never closed holds nothing:
/// its text is more likely the page's than its own.
pub fn shown<'a>(
    html: &'a str,
    hidden: &'static [&'static str],
) -> impl Iterator<Item = Token<'a>> {
    let mut spans = spans(html, hidden).into_iter().peekable();
    let mut tokens = tokens(html).enumerate();
    std::iter::from_fn(move || {
        let (at, token) = tokens.next()?;
        while spans.next_if(|(open, _)| *open < at).is_some() {}
        if let Some((open, close)) = spans.next_if(|(open, _)| *open == at) {
            tokens.nth(close - open - 1);
        }
        Some(token)
    })
}

/// Where hidden elements open and close, in tokens; those within others are left out.
fn spans(html: &str, hidden: &[&str]) -> Vec<(usize, usize)> {
    // Where elements of each name are open.
    let mut open = vec![Vec::new(); hidden.len()];
    let mut spans: Vec<(usize, usize)> = Vec::new();
    let place = |name| hidden.iter().position(|hidden| is_name(name, &[hidden]));
    for (at, token) in tokens(html).enumerate() {
        match token {
            Token::Open(tag) if !tag.is_empty => {
                if let Some(place) = place(tag.name) {
                    open[place].push(at);
                }
            }
            Token::Close(name) => {
                if let Some(start) = place(name).and_then(|place| open[place].pop()) {
                    while spans.pop_if(|(inner, _)| *inner > start).is_some() {}
                    spans.push((start, at));
                }
            }
            _ => {}
        }
    }
    spans
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text that is shown.
    fn text(html: &str) -> String {
        let texts = shown(html, &["svg", "noscript", "template"]).filter_map(|token| match token {
            Token::Text(text) => Some(text),
            _ => None,
        });
        texts.collect()
    }

    #[test]
    fn hidden_elements_go_with_all_they_hold() {
        assert_eq!(text("a<svg>x<SVG>y</svg>z</svg>b"), "ab");
        assert_eq!(
            text("a<svg><noscript></svg>b<noscript>x</noscript>c"),
            "abc"
        );
        assert_eq!(text("a</svg>b<svg></svg><svg>x</svg>c"), "abc");
    }

    #[test]
    fn what_is_closed_at_once_or_never_hides_nothing() {
        assert_eq!(text("a<svg width='1'/>b<svg><svg/>x</svg>c"), "abc");
        assert_eq!(text("a<noscript>b<noscript>x</noscript>c"), "abc");
        assert_eq!(text("<?xml version='1.0'?>a<template/>b"), "ab");
        assert_eq!(text(&"<noscript>a".repeat(100_000)).len(), 100_000);
    }
}
