//! A score that has no page of its own, such as one read from MIDI, as MusicXML to be engraved.

use super::beams::{Flagged, beams};
use super::note_values::{NoteValue, note_values, printable};
use crate::score::{Mark, MarkKind, Note, Score};
use crate::units::Beats;
use std::io::{self, Write};

/// Divisions of a quarter note: 2⁵·3²·5·7, so that every printed value is a whole number of them.
const DIVISIONS: i64 = 10_080;

/// Middle C: where a part that needs two staves is divided.
const MIDDLE_C: u8 = 60;

/// Voices of one staff at most; what does not fit goes into the last.
const VOICES: usize = 4;

/// One notehead within its measure.
struct Head<'a> {
    note: &'a Note,
    /// What the score's ids call it, and how many heads tied to it stand before.
    id: u32,
    tied: u32,
    onset: Beats,
    duration: Beats,
    from_previous: bool,
    to_next: bool,
}

/// Noteheads that begin and end together, on one stem.
struct Chord<'a> {
    onset: Beats,
    duration: Beats,
    heads: Vec<Head<'a>>,
}

/// Writes the measures, notes, meters, keys and tempi of `score` as MusicXML 4.0, partwise.
///
/// Noteheads carry the ids that [`crate::readers::source_with_ids`] gives: `n` + the note's id, and `n12-1`, `n12-2`, …
/// on the heads tied to it; measures `m` + their index, in further parts `m12p2`. Notes that are no sum of printable
/// values (played in, not notated) are put onto twelfths of a beat; all others keep their time exactly. Repeats and other
/// signs are not written: such a score has none.
///
/// # Errors
/// If `out` fails.
pub fn write_score_musicxml(score: &Score, mut out: impl Write) -> io::Result<()> {
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<score-partwise version=\"4.0\">")?;
    writeln!(out, "<work><work-title>{}</work-title></work>", escaped(&score.title))?;
    writeln!(out, "<part-list>")?;
    for (index, part) in score.parts.iter().enumerate() {
        let name = escaped(&part.name);
        writeln!(out, "<score-part id=\"P{index}\"><part-name>{name}</part-name></score-part>")?;
    }
    writeln!(out, "</part-list>")?;
    for part in 0..score.parts.len() {
        write_part(score, part as u16, &mut out)?;
    }
    writeln!(out, "</score-partwise>")
}

fn write_part(score: &Score, part: u16, out: &mut impl Write) -> io::Result<()> {
    let mut measures = heads_by_measure(score, part);
    let pitches = || score.notes.iter().filter(|note| note.part == part).map(|note| note.pitch.0);
    let two_staves = pitches().any(|pitch| pitch < 53) && pitches().any(|pitch| pitch > 67);
    let low = pitches().map(u32::from).sum::<u32>() < u32::from(MIDDLE_C) * pitches().count() as u32;
    let (mut meter, mut fifths) = ((0, 0), 0);
    writeln!(out, "<part id=\"P{part}\">")?;
    for (index, measure) in score.measures.iter().enumerate() {
        let suffix = if part == 0 { String::new() } else { format!("p{part}") };
        writeln!(out, "<measure number=\"{}\" id=\"m{index}{suffix}\">", escaped(&measure.number))?;
        write!(out, "<attributes>")?;
        if index == 0 {
            write!(out, "<divisions>{DIVISIONS}</divisions>")?;
        }
        for mark in marks_of(score, index as u32) {
            if let MarkKind::Key(key) = mark.kind {
                fifths = key;
                write!(out, "<key><fifths>{key}</fifths></key>")?;
            }
        }
        if measure.meter != meter && measure.meter.1 > 0 {
            meter = measure.meter;
            let (beats, unit) = meter;
            write!(out, "<time><beats>{beats}</beats><beat-type>{unit}</beat-type></time>")?;
        }
        if index == 0 {
            match (two_staves, low) {
                (true, _) => write!(
                    out,
                    "<staves>2</staves><clef number=\"1\"><sign>G</sign><line>2</line></clef>\
                     <clef number=\"2\"><sign>F</sign><line>4</line></clef>"
                )?,
                (false, true) => write!(out, "<clef><sign>F</sign><line>4</line></clef>")?,
                (false, false) => write!(out, "<clef><sign>G</sign><line>2</line></clef>")?,
            }
        }
        writeln!(out, "</attributes>")?;
        if part == 0 {
            write_tempi(score, index as u32, out)?;
        }
        let heads = std::mem::take(&mut measures[index]);
        let (upper, lower): (Vec<_>, Vec<_>) =
            heads.into_iter().partition(|head| !two_staves || head.note.pitch.0 >= MIDDLE_C);
        let mut first = true;
        for (staff, heads) in [(1, upper), (2, lower)] {
            for (voice, chords) in voices(heads).into_iter().enumerate() {
                if !first {
                    writeln!(out, "<backup><duration>{}</duration></backup>", divisions(measure.length))?;
                }
                let voice = voice + 1 + (staff - 1) * VOICES;
                write_voice(&chords, (measure.length, meter), voice, staff, fifths, out)?;
                first = false;
            }
            if !two_staves {
                break;
            }
        }
        writeln!(out, "</measure>")?;
    }
    writeln!(out, "</part>")
}

fn write_tempi(score: &Score, measure: u32, out: &mut impl Write) -> io::Result<()> {
    for mark in marks_of(score, measure) {
        if let MarkKind::Tempo(tempo) = mark.kind {
            let offset = divisions(mark.onset);
            writeln!(
                out,
                "<direction><direction-type><metronome><beat-unit>quarter</beat-unit><per-minute>{}</per-minute>\
                 </metronome></direction-type><offset>{offset}</offset><sound tempo=\"{}\"/></direction>",
                tempo.0, tempo.0
            )?;
        }
    }
    Ok(())
}

/// What is printed in one measure; marks are in the order of the measures.
fn marks_of(score: &Score, measure: u32) -> &[Mark] {
    let first = score.marks.partition_point(|mark| mark.measure < measure);
    let after = score.marks.partition_point(|mark| mark.measure <= measure);
    &score.marks[first..after]
}

/// The noteheads of a part, cut at the barlines.
fn heads_by_measure(score: &Score, part: u16) -> Vec<Vec<Head<'_>>> {
    let mut measures: Vec<Vec<Head>> = score.measures.iter().map(|_| Vec::new()).collect();
    for (id, note) in score.notes.iter().enumerate().filter(|(_, note)| note.part == part) {
        let mut onset = settled(note.onset);
        let mut left = (settled(note.onset + note.duration) - onset).max(Beats::whole(1).scaled(1, 12));
        let (mut measure, mut tied) = (note.measure as usize, 0);
        while let Some(length) = score.measures.get(measure).map(|measure| measure.length) {
            if onset >= length && measure + 1 < score.measures.len() {
                // Put onto the next downbeat.
                onset = onset - length;
                measure += 1;
                continue;
            }
            let here = left.min(length - onset);
            if here <= Beats::ZERO {
                break;
            }
            let to_next = here < left && measure + 1 < score.measures.len();
            let from_previous = tied > 0;
            let id = id as u32;
            measures[measure].push(Head { note, id, tied, onset, duration: here, from_previous, to_next });
            if !to_next {
                break;
            }
            (left, onset, tied, measure) = (left - here, Beats::ZERO, tied + 1, measure + 1);
        }
    }
    measures
}

/// The nearest place that can be printed.
fn settled(at: Beats) -> Beats {
    let whole = Beats::whole(at.to_f64().floor() as i64);
    if printable(at - whole) {
        at
    } else {
        whole + Beats::new(((at - whole).to_f64() * 12.0).round() as i64, 12).unwrap_or_default()
    }
}

/// Shares noteheads out among voices, in each of which one chord follows the other.
fn voices(mut heads: Vec<Head>) -> Vec<Vec<Chord>> {
    heads.sort_by_key(|head| (head.onset, std::cmp::Reverse(head.duration), head.note.pitch));
    let mut chords: Vec<Chord> = Vec::new();
    for head in heads {
        match chords.last_mut() {
            Some(last) if (last.onset, last.duration) == (head.onset, head.duration) => last.heads.push(head),
            _ => chords.push(Chord { onset: head.onset, duration: head.duration, heads: vec![head] }),
        }
    }
    let mut voices: Vec<Vec<Chord>> = vec![Vec::new()];
    for chord in chords {
        let ends_before =
            |voice: &Vec<Chord>| voice.last().is_none_or(|last| last.onset + last.duration <= chord.onset);
        match voices.iter().position(ends_before) {
            Some(index) => voices[index].push(chord),
            None => voices.push(vec![chord]),
        }
    }
    voices
}

fn write_voice(
    chords: &[Chord],
    (length, meter): (Beats, (u16, u16)),
    voice: usize,
    staff: usize,
    fifths: i8,
    out: &mut impl Write,
) -> io::Result<()> {
    let mut at = Beats::ZERO;
    let beams = beams(&flags(chords), meter);
    let mut beams = beams.iter();
    for chord in chords {
        write_rest(chord.onset - at, voice, staff, out)?;
        let values = note_values(chord.duration);
        for (index, value) in values.iter().enumerate() {
            let beam: &[&str] = beams.next().map_or(&[], Vec::as_slice);
            for (place, head) in chord.heads.iter().enumerate() {
                let from_previous = head.from_previous || index > 0;
                let to_next = head.to_next || index + 1 < values.len();
                write_note(
                    head,
                    index,
                    value,
                    (from_previous, to_next),
                    if place == 0 { Some(beam) } else { None },
                    (voice, staff, fifths),
                    out,
                )?;
            }
        }
        at = chord.onset + chord.duration;
    }
    write_rest(length - at, voice, staff, out)
}

/// Every note that a voice is written with.
fn flags(chords: &[Chord]) -> Vec<Flagged> {
    let mut written = Vec::new();
    for chord in chords {
        let mut onset = chord.onset;
        for value in note_values(chord.duration) {
            written.push(Flagged { onset, length: value.length(), flags: value.flags() });
            onset = onset + value.length();
        }
    }
    written
}

fn write_rest(length: Beats, voice: usize, staff: usize, out: &mut impl Write) -> io::Result<()> {
    if length <= Beats::ZERO {
        return Ok(());
    }
    for value in note_values(length) {
        let duration = divisions(value.length());
        write!(out, "<note><rest/><duration>{duration}</duration><voice>{voice}</voice>")?;
        writeln!(out, "{}<staff>{staff}</staff></note>", value_elements(&value))?;
    }
    Ok(())
}

#[allow(clippy::too_many_arguments)] // Everything that one `<note>` consists of.
fn write_note(
    head: &Head,
    index: usize,
    value: &NoteValue,
    (from_previous, to_next): (bool, bool),
    // Of the first head of a chord; the others have none.
    beams: Option<&[&str]>,
    (voice, staff, fifths): (usize, usize, i8),
    out: &mut impl Write,
) -> io::Result<()> {
    let place = if index > 0 { format!("-{}.{index}", head.tied) } else { format!("-{}", head.tied) };
    let suffix = if index == 0 && head.tied == 0 { String::new() } else { place };
    write!(out, "<note id=\"n{}{suffix}\">{}", head.id, if beams.is_none() { "<chord/>" } else { "" })?;
    let (step, alter, octave) = spelled(head.note.pitch.0, fifths);
    if head.note.unpitched {
        write!(
            out,
            "<unpitched><display-step>{step}</display-step><display-octave>{octave}</display-octave></unpitched>"
        )?;
    } else {
        let alter = if alter == 0 { String::new() } else { format!("<alter>{alter}</alter>") };
        write!(out, "<pitch><step>{step}</step>{alter}<octave>{octave}</octave></pitch>")?;
    }
    write!(out, "<duration>{}</duration>", divisions(value.length()))?;
    let ties = [(from_previous, "stop"), (to_next, "start")];
    let named = |element: &str| -> String {
        ties.iter().filter(|tie| tie.0).map(|tie| format!("<{element} type=\"{}\"/>", tie.1)).collect()
    };
    write!(out, "{}<voice>{voice}</voice>{}<staff>{staff}</staff>", named("tie"), value_elements(value))?;
    for (beam, number) in beams.unwrap_or_default().iter().zip(1..) {
        write!(out, "<beam number=\"{number}\">{beam}</beam>")?;
    }
    if from_previous || to_next {
        write!(out, "<notations>{}</notations>", named("tied"))?;
    }
    writeln!(out, "</note>")
}

fn value_elements(value: &NoteValue) -> String {
    let mut text = format!("<type>{}</type>{}", value.name, if value.dotted { "<dot/>" } else { "" });
    if let Some((actual, normal)) = value.tuplet {
        text += &format!(
            "<time-modification><actual-notes>{actual}</actual-notes><normal-notes>{normal}</normal-notes>\
             </time-modification>"
        );
    }
    text
}

/// A key number as step, alteration and octave: sharps in sharp keys, flats in flat ones.
fn spelled(key: u8, fifths: i8) -> (&'static str, i8, i16) {
    const SHARPS: [(&str, i8); 12] = [
        ("C", 0),
        ("C", 1),
        ("D", 0),
        ("D", 1),
        ("E", 0),
        ("F", 0),
        ("F", 1),
        ("G", 0),
        ("G", 1),
        ("A", 0),
        ("A", 1),
        ("B", 0),
    ];
    const FLATS: [(&str, i8); 12] = [
        ("C", 0),
        ("D", -1),
        ("D", 0),
        ("E", -1),
        ("E", 0),
        ("F", 0),
        ("G", -1),
        ("G", 0),
        ("A", -1),
        ("A", 0),
        ("B", -1),
        ("B", 0),
    ];
    let (step, alter) = (if fifths < 0 { FLATS } else { SHARPS })[usize::from(key % 12)];
    (step, alter, i16::from(key / 12) - 1)
}

fn divisions(beats: Beats) -> i64 {
    (beats.to_f64() * DIVISIONS as f64).round() as i64
}

/// Text as it may stand in XML: markup escaped, control characters left out.
fn escaped(text: &str) -> String {
    let kept = text.chars().filter(|c| !c.is_control() && !matches!(c, '\u{FFFE}' | '\u{FFFF}'));
    kept.fold(String::new(), |mut out, c| {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
        out
    })
}
