//! Tells a page's own words from the same words in the article: "Click here to subscribe" from
//! "The e-mail said: “Click here to confirm your account.”"

use super::{
    phrases::{Force, STOCK},
    quotes::without_quotations,
    words::{any_of, ends_sentence},
};
use std::cell::OnceCell;

/// A line and, once asked for, the same with blanks for what it quotes. A quotation may hold
/// several sentences, so it is looked for in the whole line.
pub(super) struct Unquoted<'a>(&'a str, OnceCell<String>);

impl<'a> Unquoted<'a> {
    pub(super) fn new(line: &'a str) -> Self {
        Self(line, OnceCell::new())
    }

    fn bare(&self) -> &str {
        self.1.get_or_init(|| without_quotations(self.0))
    }
}

/// A part of a line.
#[derive(Clone, Copy)]
pub(super) struct Said<'a> {
    /// It as it stands.
    pub(super) text: &'a str,
    /// It in lower case.
    pub(super) lower: &'a str,
    /// The line and where the part starts in it.
    pub(super) line: &'a Unquoted<'a>,
    pub(super) start: usize,
}

impl<'a> Said<'a> {
    /// It with blanks for what is quoted.
    pub(super) fn bare(self) -> &'a str {
        &self.line.bare()[self.start..self.start + self.text.len()]
    }
}

/// Whether `said` holds a stock phrase of pages that counts.
pub(super) fn holds_phrase(said: Said) -> bool {
    STOCK
        .phrases
        .within(said.lower)
        .any(|(at, rest, force)| !is_blank(said.bare(), at) && counts(force, said, 0, rest))
        || tells_of_itself(said)
}

/// Whether a stock opening of pages that stands before `rest`, the end of `said`, counts.
pub(super) fn counts_before(rest: &str, force: Force, said: Said) -> bool {
    counts(force, said, said.text.len() - rest.len(), rest)
}

/// Whether a phrase before `rest` counts; only what stands from `from` on is asked whom it speaks
/// to.
fn counts(force: Force, said: Said, from: usize, rest: &str) -> bool {
    let rest = said.text[said.text.len() - rest.len()..].trim_start();
    let open = !ends_sentence(said.text);
    let addressed = || speaks_to_reader(&said.bare()[from..]) || is_short(said.text);
    match force {
        Force::Sure => true,
        Force::Label => open || !is_attributed(said.bare()),
        Force::Firm => open || !is_reported(said.bare()),
        Force::Asking => !is_reported(said.bare()) && (open || addressed()),
        Force::Naming => rest.starts_with(char::is_uppercase),
        Force::Bare => open && !is_reported(said.bare()),
    }
}

/// "Sign up here."
fn is_short(sentence: &str) -> bool {
    sentence.split_whitespace().nth(4).is_none()
}

/// Whether someone is said to say something, outside quotation marks.
pub(super) fn is_reported(bare: &str) -> bool {
    const VERBS: &str = "according|added|admitted|announced|argued|argues|asked|asks|begged|\
        believed|boasted|chanted|claimed|claims|complained|conceded|cried|declared|demanded|\
        denied|explained|feared|found|heard|implored|insisted|insists|joked|noted|pleaded|\
        pledged|proclaimed|promised|recalled|replied|reported|ruled|said|says|shouted|showed|\
        stated|suggested|suggests|tells|testified|told|tweeted|urged|urges|vowed|warned|warns|\
        writes|wrote";
    words(bare).any(|word| any_of(VERBS, |verb| verb.eq_ignore_ascii_case(word)))
}

/// Whether a sentence says "you" or "our", or names what only pages offer.
pub(super) fn speaks_to_reader(bare: &str) -> bool {
    const OFFERS: &str = "facebook|instagram|newsletter|newsletters|podcast|twitter|youtube";
    const MARKS: &str = "@|://|www.|.com|.org|.net|.co.uk|, check |, click |, go to |, listen to |\
        , read |, subscribe |, visit ";
    names_reader(bare)
        || words(bare).any(|word| any_of(OFFERS, |offer| offer.eq_ignore_ascii_case(word)))
        || any_of(MARKS, |mark| bare.contains(mark))
        || points_here(bare)
}

/// Whether a sentence says "you" or "our".
pub(super) fn names_reader(bare: &str) -> bool {
    const PERSONS: &str = "me|my|our|ours|us|we|you|your|yours";
    // "US" is a country.
    words(bare)
        .any(|word| word != "US" && any_of(PERSONS, |person| person.eq_ignore_ascii_case(word)))
}

/// "Read the answer here." and not "Nobody was here."
pub(super) fn points_here(sentence: &str) -> bool {
    const PLACES: &str = " are| be| been| born| down| in| is| live| lived| made| not| out\
        | stay| up| was| welcome| were| work";
    sentence
        .trim_end()
        .trim_end_matches('.')
        .strip_suffix(" here")
        .is_some_and(|before| !any_of(PLACES, |word| before.ends_with(word)))
}

fn words(s: &str) -> impl Iterator<Item = &str> {
    s.split(|c: char| !c.is_alphanumeric())
}

fn is_blank(bare: &str, at: usize) -> bool {
    bare.as_bytes()[at] == b' '
}

/// What an article calls itself.
const ITSELF: &str = "article|blog|column|commentary|conversation|essay|headline|interview|op-ed|\
    piece|post|report|section|story|transcript|version|video";

/// "This story was updated at noon.", "An earlier version of this article …", "Jane Doe contributed
/// to this report."
fn tells_of_itself(said: Said) -> bool {
    const BEFORE: &str = "version of |expressed in |opinions in |views in ";
    const AFTER: &str = " appears in| first appeared| has been amended| has been condensed\
        | has been corrected| has been edited| has been updated| is based in part on\
        | originally appeared| originally misstated\
        | originally published| originally ran| originally said| originally stated\
        | was amended| was corrected| was first published| was originally published\
        | was produced| was updated| originally identified| was originally posted";
    const WHOLES: &str = "collaboration|edition|partnership|project|series|special report";
    const ENDS: &str = ".|)|,|;| from| in | along";
    let lower = said.lower;
    lower.match_indices("this ").any(|(at, this)| {
        let (before, after) = (&lower[..at], &lower[at + this.len()..]);
        let Some(rest) = ITSELF.split('|').find_map(|noun| after.strip_prefix(noun)) else {
            return false;
        };
        let credit = before.ends_with(" contributed to ")
            && !before.ends_with(" who contributed to ")
            && (rest.is_empty() || any_of(ENDS, |end| rest.starts_with(end)));
        let part = rest.starts_with(" is part of") && any_of(WHOLES, |whole| rest.contains(whole));
        let told = any_of(BEFORE, |open| before.ends_with(open))
            || (is_opening(before) && (part || any_of(AFTER, |verb| rest.starts_with(verb))));
        !is_blank(said.bare(), at)
            && (credit || (told && !is_reported(&said.bare()[..at])))
            && !is_attributed(said.bare())
    })
}

/// Whether nothing but marks and a label stands before.
fn is_opening(before: &str) -> bool {
    before.trim_end().is_empty() || before.trim_end().ends_with(|c: char| !c.is_alphanumeric())
}

/// "…, the judge said."
fn is_attributed(bare: &str) -> bool {
    bare.rsplit_once(", ")
        .is_some_and(|(_, last)| last.split(' ').count() <= 5 && is_reported(last))
}

#[cfg(test)]
mod tests {
    use crate::article::junk::find;

    const PROSE: &str = "The harbour council agreed on Tuesday to rebuild the northern pier before \
        the ferries return in the spring.";

    /// The junk in `line` when it stands between two paragraphs.
    fn junk_amid(line: &str) -> String {
        let text = format!("{PROSE}\n\n{line}\n\n{PROSE}");
        let pieces: Vec<&str> = find(&text, None).into_iter().map(|at| &text[at]).collect();
        pieces.join("¶")
    }

    #[test]
    fn prose_is_spared() {
        for line in [
            "The email said: “Click here to confirm your account,” and it took her to a copy of the bank’s page.",
            "His email was one of the emails that landed in your inbox every day told why.",
            "The leaked memo said that all rights reserved to Parliament would pass to ministers at once.",
            "Support our troops, the senator told the crowd in the square on Friday.",
            "Help us build a better country, the prime minister told his party's members.",
            "Join the army, the poster said; nobody did.",
            "Interested in joining the club of rich nations, Brazil sent a delegation to Paris.",
            "Copyright 2017 rules would have ended linking, the court found.",
            "The message read “Sign up for our newsletter”, but the link led to a server in Minsk.",
            "'Subscribe to our channel,' the hacked account wrote to its two million followers.",
            "Victims were asked to click here and there until the malware was on their phones.",
            "Click here scams cost British savers a billion pounds last year.",
            "Click to pay, the fraud's makers promised, and the parcel would come.",
            "Hackers sent a confirmation email to every customer of the bank.",
            "The bank said that a confirmation email in your inbox was no proof of a payment.",
            "Please click here, the fake page urged, and thousands of pensioners did.",
            "The attackers gained access when an aide agreed to receive a file from a stranger.",
            "Users can unsubscribe at any time under the law that takes effect in May.",
            "Verify you're not a robot, the page demanded, while it stole the passwords.",
            "The privacy policy and terms that the firm published in March broke the law.",
            "Regulators told the firm that “our privacy policy” was no excuse.",
            "Greece must accept the terms of the bailout by Sunday or leave the euro.",
            "Lawmakers may opt out at any stage of the talks, the treaty's authors insisted.",
            "“We will leave on our terms and at a time of our choosing,” she told Parliament.",
            "A deal on the Irish border can be reached at the summit in October.",
            "A compromise can be reached on Friday if both sides give way on fish.",
            "An earlier version of this bill was rejected by the Lords in the spring.",
            "This story is part of a wider tale of decline in the party's old strongholds.",
            "Economists who contributed to this report had warned of a fall in exports.",
            "The donations were not tax-deductible, and the charity knew it.",
            "Getty Images sued the maker of the program in London for copying its pictures.",
            "The photographer has sold his archive to Getty Images for an unknown sum.",
            "AP images of the wreck were seen around the world within the hour.",
            "The money is sent via app, which the central bank wants to forbid.",
            "A photograph by the minister's son showed the two men at dinner.",
            "An illustration by a local artist hangs in the committee's room.",
            "The opinions expressed in this poll are hardening on both sides of the border.",
            "The mistakes are solely those of the minister, the inquiry ruled.",
            "The tape had been edited for length before the committee saw it, the broadcaster admitted.",
            "The letters were republished with permission of the family.",
            "Their photos were posted with permission from nobody at all.",
            "Wire service reports put the number of dead at forty.",
            "Back to top form, the striker scored twice before the break.",
            "Already a subscriber base of two million had been lost, the publisher said.",
            "Content created by machines will flood the web before the election.",
            "Contact us or face the consequences, the hackers wrote in their note.",
            "Copyright 2001 was the last directive of its kind that Brussels passed.",
            "Correction: that is the word that markets used for a fall of a tenth, he said.",
            "Donate now, the campaign's texts begged, and the pensioners did.",
            "Download the report and the ministry's whole network went down with it.",
            "Download our app, the fraudsters told shoppers at the gates.",
            "Email the council, the mayor said, and nobody will answer.",
            "Email us, the gang wrote, or the files will be sold.",
            "File photo archives were wiped in the attack on the newspaper.",
            "Follow us, the guide shouted, and the hostages ran.",
            "For more information on the attack the police turned to the phone companies.",
            "For more on the budget the chancellor must wait until autumn.",
            "Get our country back was what the voters were promised in June.",
            "Get the latest news from the front was the order that reached the embassy.",
            "Go here and there in the valley and the same flags hang from every window.",
            "Got a question for the minister, one reporter said, but no answer.",
            "Help us, the crew pleaded over the radio.",
            "Image copyright law was rewritten by the ministers in Brussels last year.",
            "Image source codes were stolen from the maker of the cameras.",
            "Join the debate or lose it, the chairman warned the shadow cabinet.",
            "Join us, the rebels told the soldiers on the bridge.",
            "Join the conversation, the party's leader urged the unions.",
            "Just watched by a few hundred people in the hall, the debate changed the race.",
            "Learn more about the voters, the pollster told both campaigns.",
            "Listen: there is no other way, the minister told the house.",
            "Listen to the people, the protesters chanted outside the Commons.",
            "Load more debt on the firm and it will fail, the auditors warned.",
            "Log in to a bank from a café and the password is gone, the agency warned.",
            "Must watch lists of suspects were handed to the border guards.",
            "Next image problems will be the least of the party's worries.",
            "Photo credit disputes have reached the highest court before.",
            "Please support the government tonight, the whips begged the rebels.",
            "Please try to leave the building, the police told the staff.",
            "Previous image problems had cost the carmaker a fifth of its sales.",
            "Read our lips, the voters told the president's party.",
            "Read the full text of the treaty and the promise is nowhere to be found.",
            "Read more about the past, the historian urged the young ministers.",
            "Related coverage of the trial was banned by the judge.",
            "Send your children home, the headmaster told parents by loudspeaker.",
            "Share all intelligence with the allies was the order from Washington.",
            "Share this burden, the chancellor asked her partners in the union.",
            "Sign in to the system was impossible for three days after the attack.",
            "Sign up for an open border, however, and the checks at the ports go.",
            "Sign up now, the recruiters said, and the army will pay for college.",
            "Skip to the end of the accord and there are no dates at all.",
            "Stay tuned was all that the president would say on tariffs.",
            "Subscribe to the theory that markets know best and the crash makes no sense.",
            "Support independent judges or lose them, the chief justice warned.",
            "Tap here and the payment is made, the inventors promised.",
            "To read more into the vote than anger would be wrong.",
            "To respond to this threat the alliance sent four ships to the strait.",
            "View image data from the satellites and the camps are plain to see.",
            "Visit our shops before they close, the owner pleaded.",
            "Watch: that is all the navy was told to do in the strait.",
            "Watch live animals cross the border and the absurdity of the customs rules is plain.",
            "Watch more closely, the regulator told the banks.",
            "We regret the error of judgment that led to the loss, the bank's chairman said.",
            "Write to the ministry and no reply comes for a year, farmers complained.",
            "Additional reporting by the banks will be required from January.",
            "Reporting by Banks to the regulator fell last year.",
            "Compiled by Amnesty, the list names forty prisoners.",
            "Emails to press@example.com were read by spies for a year.",
            "Read the ministry's answer: nobody was here.",
            "Readers of the paper are not welcome here.",
            "Follow the money, she wrote on Twitter.",
            "The thieves could not be reached, but their tips about @harbour on Twitter were read by millions.",
        ] {
            assert_eq!(junk_amid(line), "", "{line:?}");
        }
    }

    #[test]
    fn pitches_are_found() {
        for line in [
            "Click here to get our weekly letter.",
            "Join us for the harbour debate at www.example.com.",
            "Sign up for the Harbour Letter and never miss your ferry.",
            "Support our journalism today.",
            "Interested in the harbour? Write to us.",
            "For more information, go to example.com.",
            "Learn more about the harbour.",
            "Download our app.",
            "Email the harbour editor at jane.doe@example.com.",
            "Help us tell the story of the harbour with your pictures.",
            "Jane Doe contributed to this report.",
            "This story is part of a series on the northern harbours.",
            "All the news of the harbour — weekday mornings, in your inbox.",
            "This account of the vote draws in part on wire service reports.",
        ] {
            assert_eq!(junk_amid(line), line);
        }
    }

    #[test]
    fn the_last_lines_may_be_prose() {
        for line in [
            "Contact between the two sides has been broken off.",
            "Opinions differ on what the treaty means for the ports.",
            "Follow the money, the investigators were told.",
            "Email headers show that the sender's domain, example.com, was registered abroad.",
            "Mr Doe is the founder of a party that wants to leave the union.",
            "Watch factories once lined the whole of the street.",
        ] {
            let text = format!("{PROSE}\n\n{PROSE}\n\n{line}");
            assert!(find(&text, None).is_empty(), "{line:?}");
        }
    }
}
