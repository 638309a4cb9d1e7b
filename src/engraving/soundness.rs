//! What is known to make Verovio crash, looked for before it is given a score.

/// The types of notes that MusicXML knows.
const TYPES: [&str; 14] = [
    "1024th", "512th", "256th", "128th", "64th", "32nd", "16th", "eighth", "quarter", "half", "whole",
    "breve", "long", "maxima",
];

/// Why this MusicXML must not be engraved, if anything is against it.
pub(super) fn objection(source: &str) -> Option<String> {
    let beat_type =
        |text: &str| text.split('+').all(|unit| unit.trim().parse::<u16>().is_ok_and(|unit| unit > 0));
    if let Some(found) = contents(source, "beat-type").find(|text| !beat_type(text)) {
        return Some(format!("expected a beat type above 0, found {found:?}"));
    }
    let mut meters = source.split("<time").filter_map(|rest| rest.split_once("</time>"));
    if meters.any(|(meter, _)| lacks_beat_type(meter)) {
        return Some("expected a beat type beside the beats of a meter, found none".into());
    }
    let found = contents(source, "type").find(|text| !TYPES.contains(&text.trim()))?;
    Some(format!("expected a type of note, found {found:?}"))
}

/// Of what stands between `<time` and `</time>`.
fn lacks_beat_type(meter: &str) -> bool {
    let is_it = meter.starts_with('>') || meter.starts_with(char::is_whitespace);
    is_it && meter.contains("<beats") && !meter.contains("<beat-type")
}

/// The texts of all elements of a name.
fn contents<'a>(source: &'a str, name: &'a str) -> impl Iterator<Item = &'a str> {
    source.split('<').filter_map(move |tag| {
        let rest = tag.strip_prefix(name)?;
        let (attributes, text) = rest.split_once('>')?;
        let is_it = attributes.is_empty() || attributes.starts_with(char::is_whitespace);
        (is_it && !attributes.ends_with('/')).then_some(text)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_crashes_is_objected_to_and_what_is_usual_is_not() {
        assert_eq!(
            objection("<time><beats>3+2</beats><beat-type>8</beat-type></time><type>half</type>"),
            None
        );
        assert_eq!(
            objection("<type size=\"cue\">16th</type><beat-type>4+8</beat-type><type-of>x</type-of><type/>"),
            None
        );
        assert_eq!(objection("<time-modification></time-modification><time><senza-misura/></time>"), None);
        for (wrong, word) in [
            ("<time symbol=\"cut\"><beats>2</beats></time><time><beat-type>2</beat-type></time>", "beside"),
            ("<beat-type>0</beat-type>", "\"0\""),
            ("<beat-type></beat-type>", "\"\""),
            ("<type>half</type><type size=\"full\">nonsense</type>", "nonsense"),
        ] {
            assert!(objection(wrong).is_some_and(|reason| reason.contains(word)), "{wrong}");
        }
    }
}
