//! Stock phrases of news pages.

use std::sync::LazyLock;

/// Lines that are junk when they hold nothing else; punctuation around them does not count.
const WHOLE: &str = "ad | add interest | advertisement | also see | click here | close | comment \
    | comments | continue reading | continue reading below | email | facebook \
    | file photo | follow us | full coverage | link copied | listen | load more \
    | loading | more | more on this | newsletter | newsletter sign up \
    | newsletter sign-up | opinion columnist | opinion contributor \
    | other opinions below | photo | photos | pinterest | play | pocket | post | print \
    | published in | pullquote | replay | reprints | see more | share | show more \
    | sign up | story continues | subscribe | top stories | tweet | usa today | video \
    | videos | view comments | watch | what to read next | whatsapp | with agencies \
    | with post wires";

/// Openings of lines that announce links.
const LINKS: &str = "also on | more about | more from | more in | more on | most popular | most read \
    | most viewed | read also | read more | read next | recommended | related | see all \
    | see also | trending | what to read next | you may also like | you might also like";

/// Openings of junk lines.
const OPENINGS: &str = "(reporting by | add your comment | already a subscriber | back to top | click for \
    | click here | click to | contact us | content created by | contributing: \
    | copyright (c) | copyright 19 | copyright 20 | copyright © | credit: \
    | do you have a story | donate now | donate today | download our | e-mail: \
    | email us | email: | enlarge this image | facebook twitter pinterest | file photo \
    | follow @ | follow her on | follow him on | follow me on | follow them on \
    | follow us | full coverage: | get our | get the latest news | got a tip \
    | have a tip | hide caption | image caption | image copyright | image credit \
    | image source | interactive: | join the conversation | join the debate | join us on \
    | just watched | leave a comment | listen to article | listen: | live updates: \
    | load more | log in to | media caption | media playback | more: | must watch \
    | newsletter sign up | newsletter sign-up | next image | now playing | photo credit \
    | photo: | photograph: | photographer: | photos: | picture: | pictures: \
    | play facebook | play video | please enable | post a comment | prev image \
    | previous image | read more: | read or share | related: | scroll down for \
    | see also: | share on | share this | share your thoughts | sign in to | sign up \
    | skip to | slideshow ( | subscribe now | subscribe on | subscribe to | tap here \
    | thank you for reading | this article is more than | this article tagged \
    | toggle caption | video: | view comments | view gallery | view image | visit our \
    | watch live | watch more | watch the latest video | watch: \
    | we pay for your stories | we regret the error | ©";

/// Openings that are junk before a name or a date, in a line as short as a credit.
const CREDITS: &str = "additional reporting by | author: | compiled by | editing by | first published \
    | image: | last updated | originally published | photo by | posted by | posted on \
    | published on | reporting by | updated at | with assistance by \
    | with assistance from | with inputs from | writing by";

/// Phrases that make their sentence junk.
const PHRASES: &str = "all rights reserved | as an interest to stay \
    | available without charge to any eligible | by signing up you agree \
    | by signing up, you agree | can't see the video | can’t see the video \
    | click here for reprint | click here to subscribe | click to subscribe \
    | contributed reporting | contributed to this article | contributed to this report \
    | contributed to this story | copyright © | delivered straight to your inbox \
    | delivered to your inbox \
    | editor's note: | editor’s note: | email her at | email him at | email us at \
    | follow us on | for licensing opportunities | for reprint permission \
    | free daily newsletter | homepage for more | media playback is unsupported \
    | newsletter here | opinions expressed by columnists | opinions expressed in this \
    | our daily newsletter | our free newsletter | our newsletter | please contact us \
    | posted with permission | privacy policy and terms | protected by recaptcha \
    | read or share this | republished with permission | send a tip to | sign up for our \
    | sign up to our | sign up to receive | sign up today to receive \
    | start your free trial | subscribe here | subscribe to our | support our journalism \
    | this article has been amended | this article has been updated \
    | this article was amended | this is a rush transcript \
    | this post has been corrected | this post has been updated \
    | this story has been updated | toggle caption | unsubscribe at any time \
    | verify you're not a robot | views expressed in this \
    | wire service reports | you can follow her on | you can follow him on \
    | you can follow me on | you can follow them on | you may unsubscribe \
    | your inbox every";

/// A list of phrases by first byte, so that a line is read once for all of them.
pub(super) struct Phrases([Vec<&'static str>; 256]);

impl Phrases {
    fn new(list: &'static str) -> Self {
        let mut by_byte = [const { Vec::new() }; 256];
        for phrase in list.split('|').map(str::trim) {
            by_byte[usize::from(phrase.as_bytes()[0])].push(phrase);
        }
        // "more on this" before "more".
        by_byte
            .iter_mut()
            .for_each(|list| list.sort_by_key(|phrase| std::cmp::Reverse(phrase.len())));
        Phrases(by_byte)
    }

    /// What follows the phrase that `line` opens with, if a word ends there.
    pub(super) fn rest<'a>(&self, line: &'a str) -> Option<&'a str> {
        let phrases = &self.0[usize::from(*line.as_bytes().first()?)];
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
                && self.0[usize::from(bytes[at])]
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
