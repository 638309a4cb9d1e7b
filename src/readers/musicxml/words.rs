//! What the words of a score mean: jumps, and tempi.

use crate::score::{Flow, Jump, JumpTarget};
use crate::units::Bpm;

/// What a text says about the order of playing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum FlowWord {
    Jump(Jump),
    Fine,
    ToCoda,
    Coda,
    Segno,
}

/// From the beginning; at the start of a text, or in a short one after the name of what is repeated ("Menuetto D.C.").
const DA_CAPO: [&str; 5] = ["d c", "dc", "da capo", "dacapo", "d capo"];
const DAL_SEGNO: [&str; 8] = ["d s", "ds", "dal segno", "del segno", "dal s", "dalsegno", "dal 𝄋", "d 𝄋"];

/// The same in words that elsewhere in a text may be about something else ("Tempo wie am Anfang").
const FROM_START: [&str; 8] = [
    "von vorn",
    "von vorne",
    "von anfang",
    "vom anfang",
    "noch einmal von vorn",
    "depuis le début",
    "reprendre au début",
    "from the beginning",
];
const FROM_SEGNO: [&str; 16] = [
    "al segno",
    "dal signo",
    "vom zeichen",
    "ab zeichen",
    "ab dem zeichen",
    "vom segno",
    "ab segno",
    "vom 𝄋",
    "ab 𝄋",
    "from the sign",
    "from sign",
    "from 𝄋",
    "depuis le signe",
    "reprendre au signe",
    "retour au signe",
    "du signe",
];

/// Reads instructions as musicians write them: "D.C. al Fine", "Da Capo", "D. S. al Coda", "dal segno", "To Coda",
/// "Fine", "con rep.", and in German, French and English: "vom Zeichen bis Fine", "zur Coda", "from the sign". A
/// longer sentence that only mentions one is no instruction.
pub(super) fn flow_word(text: &str) -> Option<FlowWord> {
    let letters: String = without_markup(text)
        .to_lowercase()
        .chars()
        .map(|c| match c {
            '\u{e047}' | '\u{e04a}' | '\u{e04b}' => '𝄋',
            '\u{e048}' | '\u{e049}' | '⊕' => '𝄌',
            c if c.is_alphabetic() || "𝄋𝄌".contains(c) => c,
            _ => ' ',
        })
        .collect();
    let words: Vec<&str> = letters.split_whitespace().collect();
    if words.is_empty() || words.len() > 12 {
        return None;
    }
    let joined = words.join(" ");
    let begins = |phrase: &&str| joined == **phrase || joined.starts_with(&format!("{phrase} "));
    let says = |phrase: &&str| {
        begins(phrase)
            || (words.len() <= 8
                && (joined.ends_with(&format!(" {phrase}")) || joined.contains(&format!(" {phrase} "))))
    };
    let to = if DAL_SEGNO.iter().any(says) || FROM_SEGNO.iter().any(begins) {
        Some(JumpTarget::Segno(String::new()))
    } else if DA_CAPO.iter().any(says) || FROM_START.iter().any(begins) {
        Some(JumpTarget::Start)
    } else {
        None
    };
    let has = |word: &str| words.contains(&word);
    if let Some(to) = to {
        let without = ["senza", "without", "ohne", "sans", "no"].iter().any(|word| has(word));
        let again = ["rep", "rip", "wiederh", "wdh"];
        let repeats = words.iter().any(|word| again.iter().any(|start| word.starts_with(start)));
        let repeats = repeats && !joined.starts_with("reprendre");
        let al_coda = ["coda", "kopf", "𝄌"].iter().any(|word| has(word));
        return Some(FlowWord::Jump(Jump {
            to,
            with_repeats: repeats && !without,
            al_fine: ENDS.iter().any(|word| has(word)) && !al_coda,
            al_coda,
        }));
    }
    match joined.as_str() {
        "il fine" => Some(FlowWord::Fine),
        "coda" | "𝄌" | "la coda" | "𝄌 coda" | "coda 𝄌" | "kopf" => Some(FlowWord::Coda),
        "segno" | "𝄋" | "𝄋 segno" | "segno 𝄋" => Some(FlowWord::Segno),
        end if ENDS.contains(&end) => Some(FlowWord::Fine),
        way if goes_to_coda(way) => Some(FlowWord::ToCoda),
        _ => None,
    }
}

/// Where the piece ends, in Italian, French and German.
const ENDS: [&str; 5] = ["fine", "fin", "ende", "schluss", "schluß"];

/// "To Coda", "zur Coda 𝄌", "al 𝄌".
fn goes_to_coda(joined: &str) -> bool {
    const WAYS: [&str; 14] = [
        "to",
        "to the",
        "al",
        "alla",
        "a la",
        "à la",
        "da",
        "zur",
        "zum",
        "weiter zur",
        "nach",
        "go to",
        "skip to",
        "va alla",
    ];
    const CODAS: [&str; 5] = [" coda", " kopf", " 𝄌", " coda 𝄌", " 𝄌 coda"];
    let joined = joined.trim_start_matches("𝄌 ");
    CODAS.iter().any(|coda| joined.strip_suffix(coda).is_some_and(|way| WAYS.contains(&way)))
}

/// "D.C. al Segno": from the beginning, up to the sign.
pub(super) fn says_until_segno(text: &str) -> bool {
    let to_start = matches!(flow_word(text), Some(FlowWord::Jump(Jump { to: JumpTarget::Start, .. })));
    let lower = text.to_lowercase();
    let until = ["al segno", "zum zeichen", "au signe", "to the sign", "al 𝄋", "bis 𝄋", "zum 𝄋"];
    to_start && until.iter().any(|phrase| lower.contains(phrase))
}

/// How often a passage is played by a text that says nothing else: "3x", "Play 4 times", "(3 volte)".
pub(super) fn times_word(text: &str) -> Option<u32> {
    const UNITS: [&str; 7] = ["x", "times", "volte", "mal", "fois", "veces", "×"];
    let lower = text.to_lowercase();
    let text = lower.trim_matches(|c: char| !c.is_alphanumeric() && c != '×');
    let starts = ["play", "repeat", "jouer", "suonare", "spielen", "tocar"];
    let text = starts.iter().find_map(|start| text.strip_prefix(start)).unwrap_or(text).trim_start();
    let text = text.strip_prefix('x').map_or(text.to_string(), |number| format!("{number}x"));
    let number: String = text.chars().take_while(char::is_ascii_digit).collect();
    let unit = text[number.len()..].trim();
    let times = number.parse().ok().filter(|times| (2..=64).contains(times));
    times.filter(|_| UNITS.contains(&unit))
}

/// Some exporters leave their own markup in the text: `<font size="15"/>D.C.`
fn without_markup(text: &str) -> String {
    let mut inside = false;
    text.chars()
        .filter(|&c| {
            let keep = !inside && c != '<';
            inside = if inside { c != '>' } else { c == '<' };
            keep
        })
        .collect()
}

impl FlowWord {
    /// Writes the instruction into `flow`, unless a sign there says it already.
    pub(super) fn apply(self, flow: &mut Flow) {
        match self {
            FlowWord::Jump(jump) => match &mut flow.jump {
                Some(there) => {
                    there.al_fine |= jump.al_fine;
                    there.al_coda |= jump.al_coda;
                    there.with_repeats |= jump.with_repeats;
                }
                none => *none = Some(jump),
            },
            FlowWord::Fine => flow.fine = true,
            FlowWord::ToCoda => drop(flow.to_coda.get_or_insert_default()),
            FlowWord::Coda => drop(flow.coda.get_or_insert_default()),
            FlowWord::Segno => drop(flow.segno.get_or_insert_default()),
        }
    }
}

/// Tempo words and the quarter notes per minute they are usually taken to mean; longer words before those they
/// contain.
const TEMPO_WORDS: [(&str, f64); 34] = [
    ("larghissimo", 24.0),
    ("larghetto", 63.0),
    ("prestissimo", 200.0),
    ("allegrissimo", 172.0),
    ("adagietto", 70.0),
    ("adagissimo", 40.0),
    ("andantino", 84.0),
    ("allegretto", 112.0),
    ("moderato", 112.0),
    ("vivacissimo", 176.0),
    ("allegro", 132.0),
    ("andante", 76.0),
    ("adagio", 60.0),
    ("vivace", 160.0),
    ("presto", 180.0),
    ("grave", 44.0),
    ("largo", 50.0),
    ("lento", 54.0),
    ("maestoso", 88.0),
    ("tempo di marcia", 112.0),
    ("tempo di valse", 150.0),
    ("langsam", 56.0),
    ("mäßig", 96.0),
    ("mässig", 96.0),
    ("bewegt", 120.0),
    ("lebhaft", 138.0),
    ("schnell", 152.0),
    ("rasch", 144.0),
    ("lentement", 54.0),
    ("modéré", 96.0),
    ("animé", 132.0),
    ("vif", 152.0),
    ("slow", 60.0),
    ("fast", 144.0),
];

/// The usual tempo of a tempo word, such as "Allegro ma non troppo".
pub(super) fn tempo_word(text: &str) -> Option<Bpm> {
    let lower = text.to_lowercase();
    let first_word = lower.split(|c: char| !c.is_alphabetic()).find(|word| !word.is_empty())?;
    // "poco più lento", "meno mosso" and the like change a tempo by an unknown amount.
    if ["poco", "più", "piu", "meno", "un", "plus", "etwas", "ein", "noch", "immer", "nicht", "très"]
        .contains(&first_word)
    {
        return None;
    }
    TEMPO_WORDS.iter().find(|(word, _)| lower.contains(word)).map(|&(_, bpm)| Bpm(bpm))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jumps_in_words() {
        let jump = |to, al_fine, al_coda, with_repeats| {
            Some(FlowWord::Jump(Jump { to, al_fine, al_coda, with_repeats }))
        };
        let segno = || JumpTarget::Segno(String::new());
        assert_eq!(flow_word("D.C. al Fine"), jump(JumpTarget::Start, true, false, false));
        assert_eq!(flow_word("Da Capo al Fine senza replica"), jump(JumpTarget::Start, true, false, false));
        assert_eq!(flow_word("Menuetto D. C."), jump(JumpTarget::Start, false, false, false));
        assert_eq!(flow_word("D.S. al Coda"), jump(segno(), false, true, false));
        assert_eq!(flow_word("dal segno al fine, con rep."), jump(segno(), true, false, true));
        assert_eq!(flow_word("<b>Da Capo\nal Fine.</b>"), jump(JumpTarget::Start, true, false, false));
        assert_eq!(flow_word(" Fine "), Some(FlowWord::Fine));
        assert_eq!(flow_word("To Coda"), Some(FlowWord::ToCoda));
        assert_eq!(flow_word("CODA"), Some(FlowWord::Coda));
        assert_eq!(flow_word("Vom Zeichen bis zum Kopf"), jump(segno(), false, true, false));
        assert_eq!(
            flow_word("Von Anfang bis Fine, ohne Wiederholungen"),
            jump(JumpTarget::Start, true, false, false)
        );
        assert_eq!(flow_word("Dal 𝄋 al 𝄌"), jump(segno(), false, true, false));
        assert_eq!(flow_word("Reprendre au signe"), jump(segno(), false, false, false));
        assert_eq!(flow_word("Al Segno"), jump(segno(), false, false, false));
        for (text, word) in [
            ("⊕ Coda", FlowWord::Coda),
            ("Zur Coda", FlowWord::ToCoda),
            ("alla Coda", FlowWord::ToCoda),
            ("To ⊕", FlowWord::ToCoda),
            ("\u{e048}\n(to Coda)", FlowWord::ToCoda),
            ("Schluß", FlowWord::Fine),
            ("<sym>segno</sym>", FlowWord::Segno),
        ] {
            assert_eq!(flow_word(text), Some(word), "{text}");
        }
        for plain in [
            "dolce",
            "Allegro",
            "fine e leggiero",
            "d",
            "con sordino",
            "",
            "ad lib.",
            "Tempo wie am Anfang",
            "al fine",
        ] {
            assert_eq!(flow_word(plain), None, "{plain}");
        }
    }

    #[test]
    fn until_the_sign_and_so_many_times() {
        assert!(
            says_until_segno("D.C. al Segno e poi la Coda") && says_until_segno("Da capo bis zum Zeichen")
        );
        assert!(!says_until_segno("Dal Segno al Fine") && !says_until_segno("D.C. al Fine"));
        for text in ["3x", "x3", "Play 3 times", "(3 volte)", "3 mal", "3×", "3 fois"] {
            assert_eq!(times_word(text), Some(3), "{text}");
        }
        for text in ["1x", "3", "x", "2nd x", "3 x only", "3rd time", "times", "", "play", "99999999999x"] {
            assert_eq!(times_word(text), None, "{text}");
        }
    }

    #[test]
    fn tempo_words() {
        assert_eq!(tempo_word("Allegro ma non troppo"), Some(Bpm(132.0)));
        assert_eq!(tempo_word("Larghetto"), Some(Bpm(63.0)));
        assert_eq!(tempo_word("Ziemlich langsam."), Some(Bpm(56.0)));
        assert_eq!(tempo_word("poco più lento"), None);
        assert_eq!(tempo_word("dolce"), None);
    }
}
