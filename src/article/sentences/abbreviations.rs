//! Word lists of the sentence splitter. All entries are in lower case, without the final full stop.

/// What a full stop after an abbreviation can mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Abbreviation {
    /// Stands before a name ("Dr."): never ends a sentence.
    Title,
    /// Stands before a number ("No."): an abbreviation only if a digit follows.
    Number,
    /// Any other ("Inc."): ends a sentence only before a word that often starts one.
    Other,
}

/// Looks up a word, in any case, without its final full stop. Of a word with full stops within
/// ("H.J.Res"), the last part counts.
pub(super) fn lookup(word: &str) -> Option<Abbreviation> {
    let word = word.rsplit('.').next().unwrap_or(word);
    let mut buffer = [0; 10];
    let lower = lowercase(word, &mut buffer)?;
    if TITLES.binary_search(&lower).is_ok() {
        Some(Abbreviation::Title)
    } else if OTHERS.binary_search(&lower).is_ok()
        || (word.starts_with(|c: char| c.is_uppercase())
            && CAPITALISED.binary_search(&lower).is_ok())
    {
        Some(Abbreviation::Other)
    } else if NUMBERS.binary_search(&lower).is_ok() {
        Some(Abbreviation::Number)
    } else {
        None
    }
}

/// Whether a capitalised word often starts a sentence and is seldom part of a name.
pub(super) fn is_starter(word: &str) -> bool {
    contains(STARTERS, word)
}

/// Whether a word reports speech ("said").
pub(super) fn is_speech_verb(word: &str) -> bool {
    contains(SPEECH_VERBS, word)
}

/// Whether a name is written with a final exclamation mark ("Yahoo!").
pub(super) fn is_exclaimed_name(word: &str) -> bool {
    contains(EXCLAIMED_NAMES, word)
}

/// Whether a word after a full stop makes a file or domain name ("Node.js", "Booking.com").
pub(super) fn is_suffix(word: &str) -> bool {
    contains(SUFFIXES, word)
}

/// Whether an abbreviation always introduces something ("e.g.").
pub(super) fn is_never_last(word: &str) -> bool {
    contains(NEVER_LAST, word)
}

/// Whether a word is a personal pronoun that can come with a speech verb ("he said").
pub(super) fn is_pronoun(word: &str) -> bool {
    contains(PRONOUNS, word)
}

/// Whether a capitalised word often follows a time of day ("p.m. Monday", "a.m. Eastern").
pub(super) fn is_after_time(word: &str) -> bool {
    contains(AFTER_TIMES, word)
}

fn contains(list: &[&str], word: &str) -> bool {
    lowercase(word, &mut [0; 10]).is_some_and(|lower| list.binary_search(&lower).is_ok())
}

/// The word in lower case, or nothing if it is longer than every list entry.
fn lowercase<'a>(word: &str, buffer: &'a mut [u8; 10]) -> Option<&'a str> {
    let target = buffer.get_mut(..word.len())?;
    target.copy_from_slice(word.as_bytes());
    target.make_ascii_lowercase();
    std::str::from_utf8(target).ok()
}

const TITLES: &[&str] = &[
    "adm", "amb", "asst", "atty", "brig", "capt", "cmdr", "col", "cpl", "cpt", "det", "dr", "drs",
    "ens", "ft", "gen", "gov", "govs", "hon", "insp", "lt", "maj", "messrs", "mlle", "mme", "mr",
    "mrs", "ms", "mt", "pfc", "pres", "prof", "profs", "pte", "pvt", "rep", "reps", "rev", "sen",
    "sens", "sgt", "sra", "st", "ste", "supt",
];

const NUMBERS: &[&str] = &[
    "art", "ca", "cap", "ch", "chap", "circa", "cl", "eq", "fig", "figs", "fn", "no", "nos", "nr",
    "n°", "para", "pg", "pp", "pt", "res", "sect", "tel", "vol", "vols",
];

const OTHERS: &[&str] = &[
    "abbr", "acad", "amer", "apt", "assn", "assoc", "ave", "avg", "bldg", "blvd", "bros", "btw",
    "cf", "cit", "co", "comm", "corp", "dept", "dist", "div", "ed", "eds", "eg", "esp", "esq",
    "etc", "ext", "fwd", "gmbh", "govt", "hr", "hrs", "hwy", "ibid", "ie", "inc", "incl", "inst",
    "intl", "jr", "km", "lb", "lbs", "ltd", "ltda", "med", "mfg", "mgr", "min", "mins", "misc",
    "mktg", "mph", "natl", "op", "oz", "plc", "pty", "rd", "resp", "secs", "sp", "spp", "sq", "sr",
    "tbsp", "trans", "tsp", "univ", "viz", "voc", "vs", "yr", "yrs",
];

const NEVER_LAST: &[&str] = &["c.f", "e.g", "f.e", "i.e", "vs"];

/// Months, days and states, most of which are plain words in lower case.
const CAPITALISED: &[&str] = &[
    "ala", "alt", "apr", "ariz", "ark", "aug", "calif", "colo", "conn", "dec", "del", "est", "feb",
    "fla", "fri", "ga", "ill", "ind", "jan", "jul", "jun", "kan", "ky", "mar", "mass", "md",
    "mich", "minn", "miss", "mo", "mon", "mont", "neb", "nev", "nov", "oct", "okla", "ore", "org",
    "penn", "sat", "sec", "sep", "sept", "sta", "sun", "tenn", "tex", "thu", "thur", "thurs",
    "tue", "tues", "va", "wash", "wed", "wis",
];

const AFTER_TIMES: &[&str] = &[
    "central",
    "eastern",
    "friday",
    "gmt",
    "hong",
    "local",
    "london",
    "monday",
    "moscow",
    "mountain",
    "pacific",
    "paris",
    "saturday",
    "sunday",
    "thursday",
    "tuesday",
    "utc",
    "wednesday",
];

const STARTERS: &[&str] = &[
    "a",
    "according",
    "after",
    "all",
    "also",
    "although",
    "an",
    "and",
    "another",
    "are",
    "as",
    "at",
    "because",
    "before",
    "both",
    "but",
    "by",
    "can",
    "could",
    "despite",
    "did",
    "do",
    "does",
    "dozens",
    "during",
    "each",
    "earlier",
    "even",
    "every",
    "few",
    "finally",
    "for",
    "from",
    "had",
    "has",
    "have",
    "he",
    "her",
    "here",
    "hey",
    "his",
    "how",
    "however",
    "hundreds",
    "i",
    "if",
    "in",
    "indeed",
    "instead",
    "is",
    "it",
    "its",
    "just",
    "last",
    "later",
    "let",
    "like",
    "many",
    "maybe",
    "meanwhile",
    "millions",
    "more",
    "moreover",
    "most",
    "mr",
    "mrs",
    "ms",
    "my",
    "nearly",
    "no",
    "none",
    "nor",
    "not",
    "now",
    "oh",
    "okay",
    "on",
    "once",
    "only",
    "or",
    "other",
    "others",
    "our",
    "over",
    "people",
    "perhaps",
    "please",
    "see",
    "several",
    "she",
    "should",
    "since",
    "so",
    "some",
    "soon",
    "still",
    "such",
    "thanks",
    "that",
    "the",
    "their",
    "then",
    "there",
    "therefore",
    "these",
    "they",
    "this",
    "those",
    "though",
    "thousands",
    "through",
    "thus",
    "to",
    "today",
    "under",
    "unlike",
    "until",
    "was",
    "we",
    "well",
    "were",
    "what",
    "when",
    "where",
    "whether",
    "which",
    "while",
    "who",
    "why",
    "will",
    "with",
    "without",
    "would",
    "wow",
    "yes",
    "yet",
    "you",
    "your",
];

const SPEECH_VERBS: &[&str] = &[
    "added", "answered", "asked", "asks", "began", "called", "cried", "cries", "laughed",
    "muttered", "quipped", "replied", "reply", "roared", "said", "says", "screamed", "shouted",
    "shouts", "sighed", "snapped", "thought", "told", "ventured", "wondered", "writes", "wrote",
    "yelled", "yells",
];

const PRONOUNS: &[&str] = &[
    "he", "her", "him", "i", "it", "me", "she", "them", "they", "us", "we", "you",
];

const EXCLAIMED_NAMES: &[&str] = &["e", "jeopardy", "oklahoma", "yahoo", "yum"];

const SUFFIXES: &[&str] = &[
    "ai", "app", "au", "biz", "ca", "co", "com", "de", "doc", "edu", "eu", "fm", "fr", "gov",
    "html", "io", "jpg", "js", "me", "net", "org", "pdf", "py", "rs", "ru", "tv", "txt", "uk",
    "us",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_sorted_for_binary_search() {
        let lists = [
            TITLES,
            NEVER_LAST,
            NUMBERS,
            OTHERS,
            CAPITALISED,
            AFTER_TIMES,
            STARTERS,
            SPEECH_VERBS,
            PRONOUNS,
            EXCLAIMED_NAMES,
            SUFFIXES,
        ];
        for list in lists {
            assert!(list.is_sorted(), "{list:?}");
        }
    }

    #[test]
    fn lookup_ignores_case_and_length() {
        assert_eq!(lookup("Sen"), Some(Abbreviation::Title));
        assert_eq!(lookup("INC"), Some(Abbreviation::Other));
        assert_eq!(lookup("incomprehensible"), None);
        assert_eq!(lookup(""), None);
    }
}
