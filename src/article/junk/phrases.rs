//! Stock phrases of news pages.

use std::sync::LazyLock;

/// Lines that are junk when they hold nothing else; punctuation around them does not count.
const WHOLE: &str = "ad | add interest | advertisement | also see | click here | close \
    | comment | comments | continue reading | continue reading below | email | facebook \
    | file photo | follow us | full coverage | link copied | listen | load more | loading \
    | more | more on this | newsletter | newsletter sign up | newsletter sign-up \
    | opinion columnist | opinion contributor | other opinions below | photo | photos \
    | pinterest | play | pocket | post | print | published in | pullquote | replay | reprints \
    | see more | share | show more | sign up | story continues | subscribe | top stories \
    | tweet | usa today | video | videos | view comments | watch | what to read next | whatsapp \
    | with agencies | with post wires";

/// Openings of lines that announce links.
const LINKS: &str = "also on | more about | more from | more in | more on | most popular \
    | most read | most viewed | read also | read more | read next | recommended | related \
    | see all | see also | trending | what to read next | you may also like \
    | you might also like";

/// Openings that only junk lines have.
const OPENINGS: &str = "(reporting by | add your comment | all sharing options | contributing: \
    | copyright (c) | copyright © | enlarge this image | facebook twitter pinterest | follow @ \
    | hide caption | image credit: | media caption | media playback is \
    | news, comment and analysis on | newsletter sign up \
    | newsletter sign-up | republished with permission | share all sharing options | slideshow ( \
    | this article tagged | toggle caption | view comments | view gallery \
    | we pay for your stories | ©";

/// Openings that are junk unless the line ends by naming who said it: "Listen: there is no other
/// way, she told the house."
const LABELS: &str = "clarification: | correction: | corrections: | cover: | credit: | e-mail: \
    | email: | full coverage: | interactive: | live updates: | more: | now playing: | photo: \
    | photograph: | photographer: | picture: | pictures: | read more: | related: | video: \
    | we regret the error";

/// Openings that are junk unless the line is a sentence that reports what someone said.
const REQUESTS: &str = "already a subscriber | click for | click here for | click here to \
    | click play | click to | contact us | do you have a story | donate now | donate today \
    | download our | email us | follow us | get our | got a question | got a tip | have a tip \
    | join the conversation | join us on | learn more about | learn more at | learn more here \
    | leave a comment | listen: | please donate | please enable | post a comment \
    | read more about | read more at | read more from | read more here | read more on \
    | read or share | send your | share this | share your thoughts | sign up to receive \
    | stay in the know | subscribe now | subscribe on | support independent journalism \
    | thank you for reading | visit our | watch:";

/// Openings that are junk where the line has no end or speaks to the reader. "Join the army, said
/// the poster." is article.
const INVITATIONS: &str = "back to top | click here | content created by | copyright 19 \
    | copyright 20 | download the | email the | file photo | follow her on | follow him on \
    | follow me on | follow them on | for more information | for more news | for more on \
    | get the latest news | go here | have a look at the | help us | image caption \
    | image copyright | image credit | image source | interested in | join the | join the debate \
    | join us | just watched | listen here | listen to article | listen to the | load more \
    | log in to | media playback | must watch | next image | now playing | photo credit \
    | play facebook | play video | please check your | please consider making | please enter \
    | please select | please support | please try | prev image | previous image | read our \
    | read the full | read the transcript | related coverage | related video | scroll down for \
    | see also | share all | share on | sign in to | sign up | skip to | stay tuned \
    | subscribe to | support independent | support our | tap here | this article is more than \
    | to read more | to respond to this | view image | watch live | watch more \
    | watch the latest video | write to";

/// Openings that are junk before a name or a date, in a line as short as a credit.
const CREDITS: &str = "additional reporting by | author: | compiled by | editing by \
    | first published | illustration by | image: | last updated | originally published \
    | photo by | photograph by | posted by | posted on | published on | reporting by \
    | updated at | with assistance by | with assistance from | with inputs from | writing by";

/// Phrases that only junk sentences have.
const PHRASES: &str = "(ap images | (ap photo | (getty images | / ap images | / ap photo \
    | / getty images | /ap images | /ap photo | /getty images | /pool via ap \
    | and wire service reports | as an interest to stay \
    | available without charge to any eligible | copyright © | editor's note: | editor’s note: \
    | for licensing opportunities | for reprint permission | hide caption \
    | media playback is unsupported | opinions expressed by columnists \
    | part on wire service reports | please enable javascript | please upgrade your browser \
    | privacy policy and terms of service apply | protected by recaptcha | read or share this \
    | this is a rush transcript | toggle caption | via getty images";

/// Phrases that make their sentence junk unless it reports what someone said.
const FIRM: &str = "(click here | , click here | , in your inbox | all rights reserved. \
    | can't see the video | can’t see the video | condensed and edited | contributed reporting \
    | daily to your inbox | delivered straight to your inbox | delivered to your inbox \
    | direct to your inbox | directly to your inbox | edited and condensed | edited for length \
    | expressed are solely those of | herein are solely those of | homepage for more \
    | in your inbox every | opinions are solely those of | please click here | please contact us \
    | right to your inbox | send a tip to | sign up for our | sign up to our \
    | solely those of each individual author | solely those of the author \
    | solely those of the authors | start your free trial | straight to your inbox \
    | subscribe to our | support our journalism | thank you for subscribing \
    | thanks for subscribing | views are solely those of | with additional reporting by \
    | you can follow her on | you can follow him on | you can follow me on \
    | you can follow them on | – in your inbox | — in your inbox";

/// Phrases that make their sentence junk where it has no end or speaks to the reader.
const ASKING: &str = "accept the terms and | agree to receive | all rights reserved \
    | also subscribe to | by signing up you agree | by signing up, you agree | can be reached at \
    | can be reached on | check your inbox | click here | click to subscribe \
    | confirmation email | email her at | email him at | email us at | follow us on \
    | free daily newsletter | newsletter here | opt out at any | opt out at anytime \
    | our daily newsletter | our free newsletter | our newsletter | our privacy policy \
    | our terms and | our terms of | please check your spam | privacy policy and terms \
    | sign up to receive | sign up today to receive | subscribe here | tax-deductible \
    | unsubscribe | verify you're not a robot | verify you’re not a robot | you may opt out \
    | you may opt-out | you may unsubscribe";

/// Phrases that make their sentence junk before a name.
const NAMING: &str = "additional reporting by";

/// Phrases that make their sentence junk where it has no end.
const BARE: &str = "ap images | ap photo | getty images | illustration by | invalid email \
    | photograph by | posted with permission | reuters photos | via ap | via reuters \
    | wire service reports | your inbox";

/// How surely a phrase tells junk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Force {
    /// Always.
    Sure,
    /// Unless the sentence ends by naming who said it.
    Label,
    /// Unless the sentence reports what someone said.
    Firm,
    /// Where the sentence has no end or speaks to the reader.
    Asking,
    /// Before a name.
    Naming,
    /// Where the sentence has no end.
    Bare,
}

/// Lists of phrases by their first two bytes, so that a line is read once for all of them.
pub(super) struct Phrases(Vec<Vec<(&'static str, Force)>>);

impl Phrases {
    fn new(lists: &[(Force, &'static str)]) -> Self {
        let mut by_start = vec![Vec::new(); 1 << 12];
        for (force, list) in lists {
            for phrase in list.split('|').map(str::trim) {
                by_start[Self::slot(phrase.as_bytes())].push((phrase, *force));
            }
        }
        // "more on this" before "more".
        by_start
            .iter_mut()
            .for_each(|list| list.sort_by_key(|(phrase, _)| std::cmp::Reverse(phrase.len())));
        Phrases(by_start)
    }

    fn slot(bytes: &[u8]) -> usize {
        let byte = |at: usize| bytes.get(at).map_or(0, |b| usize::from(b & 63));
        byte(0) << 6 | byte(1)
    }

    /// What follows the phrase that `line` opens with, if a word ends there.
    pub(super) fn rest<'a>(&self, line: &'a str) -> Option<&'a str> {
        self.opening(line).map(|(rest, _)| rest)
    }

    /// The same and the phrase's force.
    pub(super) fn opening<'a>(&self, line: &'a str) -> Option<(&'a str, Force)> {
        let phrases = &self.0[Self::slot(line.as_bytes())];
        phrases.iter().find_map(|(phrase, force)| {
            let rest = line.strip_prefix(phrase)?;
            (!goes_on(phrase, rest)).then_some((rest, *force))
        })
    }

    /// The phrases that stand in `line` as whole words: where, what follows and their force.
    pub(super) fn within<'a>(
        &'a self,
        line: &'a str,
    ) -> impl Iterator<Item = (usize, &'a str, Force)> {
        let bytes = line.as_bytes();
        (0..bytes.len()).flat_map(move |at| {
            let inside = at > 0 && bytes[at - 1].is_ascii_alphanumeric();
            let starts = !inside || !bytes[at].is_ascii_alphanumeric();
            let phrases = self.0[Self::slot(&bytes[at..])].iter();
            phrases
                .filter(move |(phrase, _)| starts && bytes[at..].starts_with(phrase.as_bytes()))
                .filter(move |(phrase, _)| !goes_on(phrase, &line[at + phrase.len()..]))
                .map(move |(phrase, force)| (at, &line[at + phrase.len()..], *force))
        })
    }
}

/// Whether the last word of `phrase` goes on in what follows it.
fn goes_on(phrase: &str, rest: &str) -> bool {
    phrase.ends_with(|c: char| c.is_ascii_lowercase())
        && rest.starts_with(|c: char| c.is_alphanumeric() || c == '-')
}

pub(super) struct Stock {
    pub(super) whole: Phrases,
    pub(super) links: Phrases,
    pub(super) openings: Phrases,
    pub(super) credits: Phrases,
    pub(super) phrases: Phrases,
}

pub(super) static STOCK: LazyLock<Stock> = LazyLock::new(|| Stock {
    whole: Phrases::new(&[(Force::Sure, WHOLE)]),
    links: Phrases::new(&[(Force::Sure, LINKS)]),
    openings: Phrases::new(&[
        (Force::Sure, OPENINGS),
        (Force::Label, LABELS),
        (Force::Firm, REQUESTS),
        (Force::Asking, INVITATIONS),
    ]),
    credits: Phrases::new(&[(Force::Sure, CREDITS)]),
    phrases: Phrases::new(&[
        (Force::Sure, PHRASES),
        (Force::Firm, FIRM),
        (Force::Asking, ASKING),
        (Force::Naming, NAMING),
        (Force::Bare, BARE),
    ]),
});
