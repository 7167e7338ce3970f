//! Which language an article is in.

use whatlang::{Lang, detect};

/// Letters that are enough to tell.
const SAMPLE: usize = 2_000;
/// With fewer letters than this nothing is said.
const MIN_LETTERS: usize = 80;
/// Below this confidence nothing is said, 0 to 1.
const MIN_CONFIDENCE: f64 = 0.9;

/// A recognised language.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Language {
    lang: Lang,
    /// How sure it is, 0 to 1.
    pub confidence: f64,
}

impl Language {
    /// Recognises the language of some sentences; `None` when there are too
    /// few of them or it is not clear.
    pub fn of<'a>(sentences: impl Iterator<Item = &'a str>) -> Option<Self> {
        let mut sample = String::new();
        for sentence in sentences {
            if sample.len() >= SAMPLE {
                break;
            }
            sample.extend(sentence.chars().take(SAMPLE));
            sample.push(' ');
        }
        let letters = sample.chars().filter(|c| c.is_alphabetic()).count();
        // Other alphabets tell sooner, and a letter of Chinese or Korean is a word.
        let foreign = sample
            .chars()
            .filter(|c| *c >= '\u{370}' && c.is_alphabetic());
        let dense = sample.chars().filter(|c| *c >= '\u{2e80}').count();
        if letters + 2 * foreign.count() + 3 * dense < MIN_LETTERS {
            return None;
        }
        let info = detect(&sample).filter(|info| info.confidence() >= MIN_CONFIDENCE)?;
        Some(Self {
            lang: info.lang(),
            confidence: info.confidence(),
        })
    }

    /// Its ISO 639-1 code, or the ISO 639-3 code where there is no shorter one.
    #[must_use]
    pub fn code(self) -> &'static str {
        CODES
            .iter()
            .find(|(lang, _)| *lang == self.lang)
            .map_or(self.lang.code(), |(_, code)| code)
    }

    /// Its name in English.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.lang.eng_name()
    }

    /// Whether it is English.
    #[must_use]
    pub fn is_english(self) -> bool {
        self.lang == Lang::Eng
    }
}

/// ISO 639-1 codes of the languages that can be recognised.
const CODES: &[(Lang, &str)] = &[
    (Lang::Epo, "eo"),
    (Lang::Eng, "en"),
    (Lang::Rus, "ru"),
    (Lang::Cmn, "zh"),
    (Lang::Spa, "es"),
    (Lang::Por, "pt"),
    (Lang::Ita, "it"),
    (Lang::Ben, "bn"),
    (Lang::Fra, "fr"),
    (Lang::Deu, "de"),
    (Lang::Ukr, "uk"),
    (Lang::Kat, "ka"),
    (Lang::Ara, "ar"),
    (Lang::Hin, "hi"),
    (Lang::Jpn, "ja"),
    (Lang::Heb, "he"),
    (Lang::Yid, "yi"),
    (Lang::Pol, "pl"),
    (Lang::Amh, "am"),
    (Lang::Jav, "jv"),
    (Lang::Kor, "ko"),
    (Lang::Nob, "nb"),
    (Lang::Dan, "da"),
    (Lang::Swe, "sv"),
    (Lang::Fin, "fi"),
    (Lang::Tur, "tr"),
    (Lang::Nld, "nl"),
    (Lang::Hun, "hu"),
    (Lang::Ces, "cs"),
    (Lang::Ell, "el"),
    (Lang::Bul, "bg"),
    (Lang::Bel, "be"),
    (Lang::Mar, "mr"),
    (Lang::Kan, "kn"),
    (Lang::Ron, "ro"),
    (Lang::Slv, "sl"),
    (Lang::Hrv, "hr"),
    (Lang::Srp, "sr"),
    (Lang::Mkd, "mk"),
    (Lang::Lit, "lt"),
    (Lang::Lav, "lv"),
    (Lang::Est, "et"),
    (Lang::Tam, "ta"),
    (Lang::Vie, "vi"),
    (Lang::Urd, "ur"),
    (Lang::Tha, "th"),
    (Lang::Guj, "gu"),
    (Lang::Uzb, "uz"),
    (Lang::Pan, "pa"),
    (Lang::Aze, "az"),
    (Lang::Ind, "id"),
    (Lang::Tel, "te"),
    (Lang::Pes, "fa"),
    (Lang::Mal, "ml"),
    (Lang::Ori, "or"),
    (Lang::Mya, "my"),
    (Lang::Nep, "ne"),
    (Lang::Sin, "si"),
    (Lang::Khm, "km"),
    (Lang::Tuk, "tk"),
    (Lang::Aka, "ak"),
    (Lang::Zul, "zu"),
    (Lang::Sna, "sn"),
    (Lang::Afr, "af"),
    (Lang::Lat, "la"),
    (Lang::Slk, "sk"),
    (Lang::Cat, "ca"),
    (Lang::Tgl, "tl"),
    (Lang::Hye, "hy"),
    (Lang::Cym, "cy"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> Option<&'static str> {
        Language::of([text].into_iter()).map(Language::code)
    }

    #[test]
    fn news_in_other_languages_is_recognised() {
        for (text, expected) in [
            (
                "The ferry company said on Monday that the crossing to the island would open \
                 again on the first of June, after seven months in dock.",
                "en",
            ),
            (
                "La compagnie de ferries a annoncé lundi que la liaison avec l'île reprendrait le \
                 premier juin, après sept mois passés en cale sèche.",
                "fr",
            ),
            (
                "Die Reederei teilte am Montag mit, dass die Fähre zur Insel nach sieben Monaten \
                 in der Werft am ersten Juni wieder fahren wird.",
                "de",
            ),
            (
                "Судоходная компания сообщила в понедельник, что паром на остров снова начнёт \
                 ходить первого июня после семи месяцев ремонта.",
                "ru",
            ),
            (
                "Судноплавна компанія повідомила в понеділок, що пором на острів знову почне \
                 ходити першого червня після семи місяців ремонту.",
                "uk",
            ),
            (
                "La compañía anunció el lunes que el transbordador a la isla volverá a navegar el \
                 primero de junio, después de siete meses en el dique.",
                "es",
            ),
            (
                "渡轮公司星期一宣布，前往该岛的航线经过七个月的维修之后，将于六月一日重新开放。",
                "zh",
            ),
        ] {
            assert_eq!(code(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn too_little_text_says_nothing() {
        assert_eq!(code("Bonjour tout le monde."), None);
        assert_eq!(code("12 34 56 78 90 ".repeat(40).as_str()), None);
        assert_eq!(code(""), None);
    }

    #[test]
    fn every_language_has_a_short_code() {
        for lang in Lang::all() {
            assert!(CODES.iter().any(|(known, _)| known == lang), "{lang:?}");
        }
    }
}
