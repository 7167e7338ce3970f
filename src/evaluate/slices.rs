//! Parts of the data, to see where a model is good.

use std::collections::{BTreeMap, BTreeSet};

use super::figures::Figures;
use super::results::Slice;

/// Fewest items of a slice; those with fewer are lumped together.
const FEWEST: usize = 5;
/// Most slices of one kind; the rest, of fewest items, is lumped together.
const MOST: usize = 12;
/// What lumped slices are called.
const OTHERS: &str = "others";
/// What is cut by numbers, which have an order: slices that are too small are left out.
const ORDERED: [&str; 2] = ["length", "year"];

/// Cuts items by each of their traits and measures every slice, given the
/// numbers of its items. Items without a trait are in none of its slices, and
/// what is the same for all is no cut.
pub fn cut(
    traits: &[&BTreeMap<String, String>],
    measure: impl Fn(&[usize]) -> Figures,
) -> Vec<Slice> {
    let kinds: BTreeSet<&String> = traits.iter().flat_map(|t| t.keys()).collect();
    let mut slices = Vec::new();
    for by in kinds {
        let mut members: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (item, traits) in traits.iter().enumerate() {
            if let Some(value) = traits.get(by) {
                members.entry(value).or_default().push(item);
            }
        }
        let mut parts: Vec<(&str, Vec<usize>)> = members.into_iter().collect();
        if ORDERED.contains(&by.as_str()) {
            parts.retain(|(_, items)| items.len() >= FEWEST);
            parts.sort_by_key(|(value, _)| leading_number(value));
        } else {
            parts = lumped(parts);
        }
        if parts.len() < 2 {
            continue;
        }
        for (value, items) in parts {
            slices.push(Slice {
                by: by.clone(),
                value: value.to_owned(),
                items: items.len(),
                figures: measure(&items),
            });
        }
    }
    slices
}

/// The number that a value begins with: 1200 of "1,200 words and more".
fn leading_number(value: &str) -> u32 {
    let digits = value
        .chars()
        .take_while(|c| c.is_ascii_digit() || *c == ',');
    let digits: String = digits.filter(|c| *c != ',').collect();
    digits.parse().unwrap_or(0)
}

/// Slices that are neither too small nor too many; the rest comes last as one.
fn lumped(mut slices: Vec<(&str, Vec<usize>)>) -> Vec<(&str, Vec<usize>)> {
    slices.sort_by_key(|(_, items)| std::cmp::Reverse(items.len()));
    let enough = slices
        .iter()
        .filter(|(_, items)| items.len() >= FEWEST)
        .count();
    let kept = match slices.len() {
        all if enough == all && all <= MOST => all,
        _ => enough.min(MOST - 1),
    };
    let rest: Vec<usize> = slices
        .split_off(kept)
        .into_iter()
        .flat_map(|(_, i)| i)
        .collect();
    slices.sort();
    if rest.len() >= FEWEST {
        slices.push((OTHERS, rest));
    }
    slices
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(&str, String)]) -> BTreeMap<String, String> {
        pairs
            .iter()
            .map(|(k, v)| ((*k).to_owned(), v.clone()))
            .collect()
    }

    #[test]
    fn lengths_are_in_order_and_what_is_the_same_for_all_is_no_cut() {
        let traits: Vec<_> = [
            "300 to 599 words",
            "1,200 words and more",
            "0 to 299 words",
            "600",
        ]
        .into_iter()
        .flat_map(|length| std::iter::repeat_n(length, if length == "600" { 4 } else { 5 }))
        .map(|length| of(&[("length", length.to_owned()), ("kind", "wire".to_owned())]))
        .collect();
        let mut traits: Vec<_> = traits.iter().collect();
        let none = BTreeMap::new();
        traits.push(&none);
        let slices = cut(&traits, |_| Figures::new());
        let named: Vec<_> = slices.iter().map(|s| (s.value.as_str(), s.items)).collect();
        let expected = [
            ("0 to 299 words", 5),
            ("300 to 599 words", 5),
            ("1,200 words and more", 5),
        ];
        assert_eq!(named, expected);
    }

    #[test]
    fn slices_that_are_too_small_are_lumped() {
        let values = ["blog"; 7]
            .iter()
            .chain(&["wire"; 5])
            .chain(&["note"; 4])
            .chain(&["tv"]);
        let traits: Vec<_> = values.map(|v| of(&[("kind", (*v).to_owned())])).collect();
        let traits: Vec<_> = traits.iter().collect();
        let slices = cut(&traits, |_| Figures::new());
        let named: Vec<_> = slices.iter().map(|s| (s.value.as_str(), s.items)).collect();
        assert_eq!(named, [("blog", 7), ("wire", 5), (OTHERS, 5)]);
        assert!(cut(&traits[12..], |_| Figures::new()).is_empty());
    }

    #[test]
    fn many_small_slices_are_lumped() {
        let traits: Vec<_> = (0..140)
            .map(|i: usize| of(&[("source", format!("s{:02}", i / 5))]))
            .chain((0..60).map(|_| of(&[("source", "s40".to_owned())])))
            .collect();
        let traits: Vec<_> = traits.iter().collect();
        let slices = cut(&traits, |_| Figures::new());
        assert_eq!(slices.len(), MOST);
        assert_eq!(slices.iter().map(|s| s.items).sum::<usize>(), 200);
        assert!(slices.iter().any(|s| s.value == "s40" && s.items == 60));
        assert_eq!(slices[MOST - 1].value, OTHERS);
    }
}
