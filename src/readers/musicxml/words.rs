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

/// Reads instructions as musicians write them: "D.C. al Fine", "Da Capo", "D. S. al Coda", "dal segno", "To Coda",
/// "Fine", "con rep.". A longer sentence that only mentions one is no instruction.
pub(super) fn flow_word(text: &str) -> Option<FlowWord> {
    let letters: String = without_markup(text)
        .to_lowercase()
        .chars()
        .map(|c| if c.is_alphabetic() || "𝄋𝄌\u{e047}\u{e048}".contains(c) { c } else { ' ' })
        .collect();
    let words: Vec<&str> = letters.split_whitespace().collect();
    if words.is_empty() || words.len() > 12 {
        return None;
    }
    let joined = words.join(" ");
    // "d c", "dc", "da capo", "dacapo" at the beginning, or after the name of what is repeated ("Menuetto D.C.").
    let da_capo = ["d c", "dc", "da capo", "dacapo", "d capo"];
    let dal_segno = [
        "d s",
        "ds",
        "dal segno",
        "del segno",
        "dal s",
        "dalsegno",
        "dal segno",
        "dal 𝄋",
        "d 𝄋",
        "dal \u{e047}",
    ];
    let says = |phrase: &str| {
        joined == phrase
            || joined.starts_with(&format!("{phrase} "))
            || (words.len() <= 8 && joined.ends_with(&format!(" {phrase}")))
            || (words.len() <= 8 && joined.contains(&format!(" {phrase} ")))
    };
    let to = if dal_segno.iter().any(|phrase| says(phrase)) {
        Some(JumpTarget::Segno(String::new()))
    } else if da_capo.iter().any(|phrase| says(phrase)) {
        Some(JumpTarget::Start)
    } else {
        None
    };
    let has = |word: &str| words.contains(&word);
    if let Some(to) = to {
        let without = has("senza") || has("without") || has("ohne") || has("sans") || has("no");
        let repeats =
            words.iter().any(|w| w.starts_with("rep") || w.starts_with("rip") || w.starts_with("wiederh"));
        let al_coda = has("coda") || has("𝄌");
        return Some(FlowWord::Jump(Jump {
            to,
            with_repeats: repeats && !without,
            al_fine: has("fine") && !al_coda,
            al_coda,
        }));
    }
    match joined.as_str() {
        "fine" | "il fine" | "fin" | "ende" => Some(FlowWord::Fine),
        "to coda" | "to coda 𝄌" | "to coda \u{e048}" | "al coda" | "alla coda" | "a la coda" | "zur coda"
        | "to 𝄌" | "to the coda" | "da coda" => Some(FlowWord::ToCoda),
        "coda" | "𝄌" | "\u{e048}" | "la coda" => Some(FlowWord::Coda),
        "segno" | "𝄋" | "\u{e047}" => Some(FlowWord::Segno),
        _ => None,
    }
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
        for plain in ["dolce", "Allegro", "fine e leggiero", "d", "con sordino", "", "ad lib."] {
            assert_eq!(flow_word(plain), None, "{plain}");
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
