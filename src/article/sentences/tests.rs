use super::split;

/// Asserts that a text splits where the bars stand.
fn check(marked: &str) {
    let text = marked.replace('|', "");
    let got: Vec<&str> = split(&text).into_iter().map(|range| &text[range]).collect();
    let want: Vec<&str> = marked.split('|').map(str::trim).collect();
    assert_eq!(got, want);
}

#[test]
fn plain_sentences() {
    check("Rain fell. |Who knew? |Nobody did! |Then it stopped.");
    check("One heading without a stop");
    assert!(split("").is_empty());
    assert!(split(" \n\t ").is_empty());
}

#[test]
fn abbreviations() {
    check("Sen. Hill, R-Ark., met Dr. Ott and Gov. J.B. Low on Jan. 6. |It rained.");
    check("She moved to St. Petersburg, e.g. Mr. Li did, i.e. Acme Inc. paid. |He did not.");
    check("The U.S. Army left the U.S. |It was late.");
    check("It closed at 5 p.m. Monday and at 6 p.m. |Visitors had left by 5 p.m. on Friday.");
    check("J. K. Marsh lives at No. 10, see pp. 3 and fig. 2 for more. |He said no. |She did too.");
    check("They sell pens, ink, etc. |Prices vary.");
    check("It was Smith vs. The Crown in the end.");
}

#[test]
fn numbers_and_addresses() {
    check("Prices rose 3.5% to $1.20. |In 2019 they fell.");
    check(
        "Read https://www.Example.org/a.b?Q=A.B now. |Mail Ann.Lee@Example.Com or use Node.Js. |Go.",
    );
    check("Pack it as .tar.gz... and send it.");
}

#[test]
fn quotations_and_brackets() {
    check("“That is wrong.” |He left.");
    check("“Stop!” he said. |\"Why?\" Mr. Ott asked. |\"So?\" |The door shut.");
    check("“We do well. We will grow,” she said. |'It is. It was.' |Then it ended.");
    check("He came (I saw him. Really.) and left. |(It was late.) |She stayed.");
    check("\"We never—\" |The line went dead.");
    check("A \"stray mark. |It does no harm.");
}

#[test]
fn ellipses_and_marks_in_a_row() {
    check("Well ... maybe not. |What?! |It ended... |Then we left.");
    check("They work at Yahoo! in sales. |I use Yahoo! Mail daily.");
}

#[test]
fn missing_spaces() {
    check("The talks ended.|The next day 1,000 came.|“Good,” he said.|She left.”|It was over.");
    check("The old tale.[3] |The new one.7 |It ended. [4] |That is all.");
}

#[test]
fn lists() {
    check("1. Read the text |2. Close the book |3. Write");
    check("a) tea |b) milk |c) toast");
    check("• Bread • rolls".replace(" •", " |•").as_str());
}

#[test]
fn line_breaks() {
    check("Heading\n|First line.\n|Second line.\r\n\r\n|Third");
    check("A quiet \nmorning came.");
    check(
        "This line is long enough to have been wrapped by its editor\r\nand so it goes on. |End.",
    );
}

#[test]
fn unspaced_full_width_stops() {
    check("Is it so？|Yes。|Good．");
}

/// Checks order, overlap, trimming and coverage of a result.
fn check_ranges(text: &str) {
    let mut end = 0;
    for range in split(text) {
        let sentence = &text[range.clone()];
        assert!(range.start >= end && !sentence.is_empty(), "{text:?}");
        assert!(text[end..range.start].trim().is_empty(), "{text:?}");
        assert_eq!(sentence, sentence.trim(), "{text:?}");
        end = range.end;
    }
    assert!(text[end..].trim().is_empty(), "{text:?}");
}

#[test]
fn ranges_cover_random_texts() {
    let pieces: Vec<&str> =
        "a|b.|I|Mr|St|U.S|p.m|said|The|word|1|12|999|e.g|www|http://|.|..|. .|…|!|?\
        |。|．|\"|'|“|”|‘|’|`|(|)|[|]|[1]|{|}|•|⁃|—|-|,|;|:|%|@|é|ß|日|👍|\u{301}|\u{a0}|\u{2028}\
        |\u{3000}|\n|\r|\r\n|\t| | | | "
            .split('|')
            .collect();
    let mut state: u64 = 1;
    let mut random = |below: usize| {
        state = state
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (state >> 33) as usize % below
    };
    for _ in 0..20_000 {
        let length = random(40);
        let text: String = (0..length).map(|_| pieces[random(pieces.len())]).collect();
        check_ranges(&text);
    }
    for _ in 0..2_000 {
        let text: String = (0..30)
            .filter_map(|_| char::from_u32(random(0x11_0000) as u32))
            .collect();
        check_ranges(&text);
    }
}

#[test]
fn hostile_texts_take_linear_time() {
    let start = std::time::Instant::now();
    let pieces = [
        ".", "\"", "(", ")", "'", "’", ". ", "A. ", "a.B", ".[1", "? \"", "1. ", "—", "\n",
    ];
    for piece in pieces {
        check_ranges(&piece.repeat(100_000 / piece.len()));
        // A long gap must not be read again for every mark.
        let gap = " ".repeat(100_000);
        check_ranges(&format!(
            "{gap}{}{gap}{}",
            piece.repeat(10_000),
            "x — Y. ".repeat(10_000)
        ));
    }
    assert!(start.elapsed().as_secs() < 30, "{:?}", start.elapsed());
}
