//! Summaries about one thing.

/// Least share of what the most telling sentence says that a sentence of the summary must say.
const LEAST: f32 = 0.1;

/// Scores of sentences, as a summary has them, made those of a summary about one thing:
/// `contributions` are how much each sentence says about it. A sentence that says too little
/// gets 0, and is not chosen.
///
/// Both count alike: a sentence must speak of the thing, and be worth saying.
pub fn focus(scores: &mut [f32], contributions: &[f32]) {
    let most = contributions.iter().copied().fold(0.0, f32::max);
    for (score, contribution) in scores.iter_mut().zip(contributions) {
        let share = contribution / most.max(f32::MIN_POSITIVE);
        *score = match share >= LEAST && *contribution > 0.0 {
            true => (share * *score).sqrt(),
            false => 0.0,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_says_nothing_about_it_is_never_chosen_and_the_most_telling_comes_first() {
        let mut scores = [0.9, 0.3, 0.2, 0.5];
        focus(&mut scores, &[0.0, 0.8, 2.0, 0.1]);
        assert_eq!((scores[0], scores[3]), (0.0, 0.0));
        assert!(scores[2] > scores[1] && scores[1] > 0.0, "{scores:?}");
        focus(&mut scores, &[-1.0, 0.0, -0.5, 0.0]);
        assert_eq!(scores, [0.0; 4]);
    }
}
