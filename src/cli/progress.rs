//! How far a long run is: a bar on a terminal, a line every few seconds elsewhere.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{console_is_terminal, say};

/// Time between two lines in a log.
const PAUSE: Duration = Duration::from_secs(5);
/// Steps of the bar.
const STEPS: u64 = 1000;

/// Shows how far a run is.
pub struct Meter {
    bar: Option<ProgressBar>,
    quiet: bool,
    start: Instant,
    told: Instant,
    /// The share of all that had been done when the first work of this run was.
    first: Option<f64>,
}

impl Meter {
    /// Shows nothing when `quiet`.
    pub fn new(quiet: bool) -> Self {
        let bar = (!quiet && console_is_terminal()).then(|| {
            let bar = ProgressBar::with_draw_target(Some(STEPS), ProgressDrawTarget::stderr());
            let style = ProgressStyle::with_template("{bar:24} {msg}");
            bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        Self {
            bar,
            quiet,
            start: Instant::now(),
            told: Instant::now(),
            first: None,
        }
    }

    /// So many articles are done, `fresh` of them in this run, and this share of all.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "for display"
    )]
    pub fn update(&mut self, done: usize, fresh: usize, share: Option<f64>) {
        if self.quiet {
            return;
        }
        if fresh == 0 {
            (self.first, self.start) = (share, Instant::now());
        }
        if self.bar.is_none() && self.told.elapsed() < PAUSE {
            return;
        }
        let seconds = self.start.elapsed().as_secs_f64();
        let mut line = format!("{done} articles");
        if fresh > 0 && seconds > 0.5 {
            line += &format!(", {} a second", rate(fresh as f64 / seconds));
        }
        let first = self.first.unwrap_or(0.0);
        // A small table is read at once, long before its articles are done.
        let share = share.filter(|share| *share < 0.999);
        if let Some(share) = share
            && share > first
            && fresh > 0
        {
            let left = (1.0 - share) / (share - first) * seconds;
            line = format!("{:.0} %, {line}, {} left", share * 100.0, time(left));
        }
        match &self.bar {
            Some(bar) => {
                if let Some(share) = share {
                    bar.set_position((share * STEPS as f64) as u64);
                }
                bar.set_message(line);
            }
            None => {
                self.told = Instant::now();
                say("progress", line);
            }
        }
    }

    /// Says something without leaving a torn bar behind.
    pub fn say(&self, kind: &str, message: impl std::fmt::Display) {
        match &self.bar {
            Some(bar) => bar.suspend(|| say(kind, message)),
            None => say(kind, message),
        }
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn rate(rate: f64) -> String {
    match rate < 10.0 {
        true => format!("{rate:.1}"),
        false => format!("{rate:.0}"),
    }
}

/// A time as people say it.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a time to come"
)]
fn time(seconds: f64) -> String {
    let seconds = seconds.max(0.0) as u64;
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_rates_are_short() {
        let shown = [0.4, 59.9, 75.0, 7322.0].map(time);
        assert_eq!(shown, ["0 s", "59 s", "1 min 15 s", "2 h 2 min"]);
        assert_eq!([0.26, 9.96, 31.4].map(rate), ["0.3", "10.0", "31"]);
    }
}
