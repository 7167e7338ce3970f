//! Figures with their intervals on a scale.

use crate::evaluate::report::charts::{self, Whisker};
use crate::evaluate::report::{signed, with_interval};
use crate::evaluate::results::{Part, Slice};

/// Figures with intervals on one scale.
pub(super) struct Plot {
    pub heading: String,
    pub from: String,
    pub to: String,
    pub rows: Vec<Line>,
}

pub(super) struct Line {
    pub name: String,
    pub beside: String,
    pub label: String,
    pub whisker: Whisker,
    pub own: bool,
}

/// Whether a figure's scale goes from 0 to 1, not to 100.
fn is_share(figure: &str) -> bool {
    !figure.starts_with("rouge")
}

pub(super) fn method_plot(heading: &str, figure: &str, part: &Part) -> Plot {
    let to = if is_share(figure) { 1.0 } else { 100.0 };
    let rows = part.methods.iter().enumerate().filter_map(|(i, method)| {
        let f = method.figures.get(figure)?;
        let behind = method.behind.get(figure);
        Some(Line {
            name: method.name.clone(),
            beside: behind.map_or_else(String::new, |d| {
                format!("model's lead {}", signed(figure, d))
            }),
            label: with_interval(figure, *f),
            whisker: charts::whisker((f.value, f.low, f.high), 0.0, to),
            own: i == 0,
        })
    });
    Plot {
        heading: heading.to_owned(),
        from: "0".to_owned(),
        to: format!("{to}"),
        rows: rows.collect(),
    }
}

/// A plot for each kind of slices but the grades.
pub(super) fn slice_plots(slices: &[Slice], figure: &str) -> Vec<Plot> {
    let of_kind = |s: &&Slice| !s.by.ends_with(" grade") && s.figures.contains_key(figure);
    let shown: Vec<&Slice> = slices.iter().filter(of_kind).collect();
    // All on one scale that shows differences.
    let lowest = shown
        .iter()
        .map(|s| s.figures[figure].low)
        .fold(f64::MAX, f64::min);
    let (to, step) = if is_share(figure) {
        (1.0, 0.1)
    } else {
        (100.0, 10.0)
    };
    let from = ((lowest / step).floor() * step).clamp(0.0, to - step);
    shown
        .chunk_by(|a, b| a.by == b.by)
        .map(|group| Plot {
            heading: group[0].by.clone(),
            from: format!("{from:.1}"),
            to: format!("{to:.1}"),
            rows: group
                .iter()
                .map(|slice| {
                    let f = slice.figures[figure];
                    Line {
                        name: slice.value.clone(),
                        beside: format!("{} articles", slice.items),
                        label: with_interval(figure, f),
                        whisker: charts::whisker((f.value, f.low, f.high), from, to),
                        own: true,
                    }
                })
                .collect(),
        })
        .collect()
}
