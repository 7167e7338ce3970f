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

/// Openings of junk lines.
const OPENINGS: &str = "(reporting by | add your comment | all sharing options \
    | already a subscriber | back to top | clarification: | click for | click here | click play \
    | click to | contact us | content created by | contributing: | copyright (c) | copyright 19 \
    | copyright 20 | copyright © | correction: | corrections: | cover: | credit: \
    | do you have a story | donate now | donate today | download our | download the | e-mail: \
    | email the | email us | email: | enlarge this image | facebook twitter pinterest \
    | file photo | follow @ | follow her on | follow him on | follow me on | follow them on \
    | follow us | for more information | for more news | for more on | full coverage: | get our \
    | get the latest news | go here | got a question | got a tip | have a look at the \
    | have a tip | help us | hide caption | illustration by | image caption | image copyright \
    | image credit | image source | interactive: | interested in | join the \
    | join the conversation | join the debate | join us | join us on | just watched \
    | learn more about | learn more at | learn more here | leave a comment | listen here \
    | listen to article | listen to the | listen: | live updates: | load more | log in to \
    | media caption | media playback | more: | must watch | newsletter sign up \
    | newsletter sign-up | next image | now playing | photo credit | photo: | photograph by \
    | photograph: | photographer: | photos: | picture: | pictures: | play facebook | play video \
    | please check your | please consider making | please donate | please enable | please enter \
    | please select | please support | please try | post a comment | prev image \
    | previous image | read more about | read more at | read more from | read more here \
    | read more on | read more: | read or share | read our | read the full \
    | read the transcript | related coverage | related video | related: | scroll down for \
    | see also: | send your | share all | share on | share this | share your thoughts \
    | sign in to | sign up | skip to | slideshow ( | stay in the know | stay tuned \
    | subscribe now | subscribe on | subscribe to | support independent | support our \
    | tap here | thank you for reading | this article is more than | this article tagged \
    | toggle caption | video: | view comments | view gallery | view image | visit our \
    | watch live | watch more | watch the latest video | watch: | we pay for your stories \
    | we regret the error | write to | ©";

/// Openings that are junk before a name or a date, in a line as short as a credit.
const CREDITS: &str = "additional reporting by | author: | compiled by | editing by \
    | first published | image: | last updated | originally published | photo by | posted by \
    | posted on | published on | reporting by | updated at | with assistance by \
    | with assistance from | with inputs from | writing by";

/// Phrases that make their sentence junk.
const PHRASES: &str = "a previous version of this | accept the terms | additional reporting by \
    | agree to receive | all rights reserved | an earlier version of this | ap images \
    | ap photo | are solely those of | as an interest to stay \
    | available without charge to any eligible | by signing up you agree \
    | by signing up, you agree | can be reached at | can be reached on | can't see the video \
    | can’t see the video | click here | click here for reprint | click here to subscribe \
    | click to subscribe | condensed and edited | confirmation email | contributed reporting \
    | contributed to this article | contributed to this report | contributed to this story \
    | copyright © | delivered straight to your inbox | delivered to your inbox \
    | edited and condensed | edited for length | editor's note: | editor’s note: \
    | email her at | email him at | email us at | follow us on | for licensing opportunities \
    | for reprint permission | free daily newsletter | getty images | hide caption \
    | homepage for more | illustration by | invalid email | media playback is unsupported \
    | newsletter here | opinions expressed by columnists | opinions expressed in this \
    | opt out at any | our daily newsletter | our free newsletter | our newsletter \
    | our privacy policy | our terms and | our terms of | photograph by \
    | please check your spam | please click here | please contact us | please enable javascript \
    | please upgrade your browser | posted with permission | privacy policy and terms \
    | protected by recaptcha | read or share this | republished with permission \
    | reuters photos | send a tip to | sign up for our | sign up to our | sign up to receive \
    | sign up today to receive | start your free trial | subscribe here | subscribe to our \
    | support our journalism | tax-deductible | thank you for subscribing \
    | thanks for subscribing | this article appears in | this article first appeared \
    | this article has been amended | this article has been updated | this article is part of \
    | this article originally | this article was amended | this article was originally \
    | this article was updated | this column first appeared | this interview has been edited \
    | this is a rush transcript | this piece originally | this post has been corrected \
    | this post has been updated | this post originally | this post was updated \
    | this report was updated | this story first appeared | this story has been corrected \
    | this story has been updated | this story is part of | this story originally \
    | this story was corrected | this story was first | this story was originally \
    | this story was updated | toggle caption | unsubscribe | unsubscribe at any time \
    | verify you're not a robot | via ap | via reuters | views expressed in this \
    | wire service reports | you can follow her on | you can follow him on \
    | you can follow me on | you can follow them on | you may opt out | you may opt-out \
    | you may unsubscribe | your inbox | your inbox every";

/// A list of phrases by their first two bytes, so that a line is read once for all of them.
pub(super) struct Phrases(Vec<Vec<&'static str>>);

impl Phrases {
    fn new(list: &'static str) -> Self {
        let mut by_start = vec![Vec::new(); 1 << 12];
        for phrase in list.split('|').map(str::trim) {
            by_start[Self::slot(phrase.as_bytes())].push(phrase);
        }
        // "more on this" before "more".
        by_start
            .iter_mut()
            .for_each(|list| list.sort_by_key(|phrase| std::cmp::Reverse(phrase.len())));
        Phrases(by_start)
    }

    fn slot(bytes: &[u8]) -> usize {
        let byte = |at: usize| bytes.get(at).map_or(0, |b| usize::from(b & 63));
        byte(0) << 6 | byte(1)
    }

    /// What follows the phrase that `line` opens with, if a word ends there.
    pub(super) fn rest<'a>(&self, line: &'a str) -> Option<&'a str> {
        let phrases = &self.0[Self::slot(line.as_bytes())];
        phrases.iter().find_map(|phrase| {
            let rest = line.strip_prefix(phrase)?;
            let word = phrase.ends_with(|c: char| c.is_ascii_lowercase());
            let goes_on = rest.starts_with(|c: char| c.is_alphanumeric() || c == '-');
            (!word || !goes_on).then_some(rest)
        })
    }

    /// Whether one of the phrases is in `line`, from the start of a word.
    pub(super) fn within(&self, line: &str) -> bool {
        let bytes = line.as_bytes();
        (0..bytes.len()).any(|at| {
            (at == 0 || !bytes[at - 1].is_ascii_alphanumeric())
                && self.0[Self::slot(&bytes[at..])]
                    .iter()
                    .any(|phrase| bytes[at..].starts_with(phrase.as_bytes()))
        })
    }
}

pub(super) struct Stock {
    pub(super) whole: Phrases,
    pub(super) links: Phrases,
    pub(super) openings: Phrases,
    pub(super) credits: Phrases,
    pub(super) phrases: Phrases,
}

pub(super) static STOCK: LazyLock<Stock> = LazyLock::new(|| Stock {
    whole: Phrases::new(WHOLE),
    links: Phrases::new(LINKS),
    openings: Phrases::new(OPENINGS),
    credits: Phrases::new(CREDITS),
    phrases: Phrases::new(PHRASES),
});
