//! Notes of a single line that were sustained off the tuning of their take.
//!
//! What counts is where a note lay on the whole, so that vibrato is forgiven, and against the take's own median, so that a
//! player who tuned higher is not out of tune. Keyed, fretted and plucked instruments and pitched percussion are left alone: their
//! player has no say in it; and so are parts without a name, which may be a piano's.

use super::faults::{FaultTolerance, for_each_stretch};
use super::voices::parts_of;
use crate::performance::{Fault, FaultKind, PlayedNote, Take};
use crate::score::{Part, PathNote, PlayingPath};
use crate::units::{HOP_S, Pitch, Seconds};
use std::collections::HashSet;

/// What is left out of a note after its onset and before its end, in seconds: attack, and what the next note's window holds.
const ATTACK_S: f64 = 0.10;
const RELEASE_S: f64 = 0.05;
/// Least length of what is left, in seconds: a vibrato and a half.
const SUSTAINED_S: f64 = 0.30;
/// Share of it that must have been measured.
const MEASURED_SHARE: f64 = 0.6;
/// Longest pause after which the same key goes on sounding, where nothing written begins there: a slow attack is heard as two, in
/// seconds.
const GOES_ON_S: f64 = 0.03;
/// Fewest sustained notes that a take has a tuning by.
const FEWEST_NOTES: usize = 5;
/// Beyond the tolerance by so many cents, what speaks against a fault falls to a third.
const DOUBT_CENTS: f32 = 12.0;
/// Share of a line's notes that may sound with another and it is still a single line.
const DOUBLE_STOPS: f64 = 0.05;

/// Words in the names of parts whose players do not make their pitch.
const FIXED_PITCH: [&str; 36] = [
    "piano", "klavier", "clavier", "keyboard", "cembalo", "harpsi", "clavecin", "clave", "clavi", "celest",
    "organ", "orgel", "orgue", "xylo", "marimb", "vibraph", "glock", "bells", "chime", "cloche", "campan",
    "crotal", "kalimba", "drum", "percus", "schlag", "timpan", "pauk", "harp", "arpa", "harfe", "guitar",
    "gitarre", "laute", "mandol", "accord",
];

/// One hop in which one note alone sounded.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Point {
    /// Time in hops.
    hop: u32,
    pitch: u8,
    /// Above the key, in cents.
    cents: i8,
}

/// Where the lone notes of a take lay, hop by hop: 8 bytes each.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct IntonationLog {
    points: Vec<Point>,
}

impl IntonationLog {
    /// Adds the next hop: `pitch` alone sounded at `at`, so many cents above its key. What is not in order is passed over.
    pub fn push(&mut self, pitch: Pitch, cents: f32, at: Seconds) {
        let hop = (at.0 / HOP_S).round();
        let next = self.points.last().map_or(0, |last| last.hop + 1);
        if cents.is_finite() && hop >= f64::from(next) && hop < f64::from(u32::MAX) {
            let cents = cents.round().clamp(-127.0, 127.0) as i8;
            self.points.push(Point { hop: hop as u32, pitch: pitch.0, cents });
        }
    }

    /// The mean place of a note between two times, and the share of the hops that it is of.
    fn mean(&self, pitch: Pitch, from_s: f64, to_s: f64) -> Option<(f32, f64)> {
        let first = self.points.partition_point(|point| f64::from(point.hop) * HOP_S < from_s);
        let within = self.points[first..].iter().take_while(|point| f64::from(point.hop) * HOP_S <= to_s);
        let (mut sum, mut count) = (0.0, 0u32);
        for point in within.filter(|point| point.pitch == pitch.0) {
            sum += f32::from(point.cents);
            count += 1;
        }
        (count > 0).then(|| (sum / count as f32, f64::from(count) / ((to_s - from_s) / HOP_S).max(1.0)))
    }
}

/// Whether a path is one line of one part, for something whose player makes the pitch: voices, strings, winds.
pub fn bends(parts: &[Part], path: &PlayingPath) -> bool {
    let [part] = parts_of(path)[..] else { return false };
    let Some(part) = parts.get(usize::from(part)) else { return false };
    let name = part.name.trim().to_lowercase();
    let fixed = FIXED_PITCH.iter().any(|word| name.contains(word));
    part.staves == 1 && !name.is_empty() && !fixed && is_single_line(path)
}

/// Next to no note sounds with another.
fn is_single_line(path: &PlayingPath) -> bool {
    let notes: Vec<&PathNote> = path.notes.iter().filter(|note| !note.grace).collect();
    let together = notes.windows(2).filter(|pair| pair[1].onset < pair[0].onset + pair[0].duration).count();
    !notes.is_empty() && together as f64 <= DOUBLE_STOPS * notes.len() as f64
}

/// One sustained note of a take.
struct Sustained {
    at: Seconds,
    step: u32,
    beat: f64,
    note: PathNote,
    cents: f32,
}

/// The notes of a take that were sustained further off its own tuning than is tolerated, in recording order.
///
/// `notes`: the recording's, ordered by onset. Only where [`bends`].
pub fn off_tune(
    path: &PlayingPath,
    take: &Take,
    notes: &[PlayedNote],
    log: &IntonationLog,
    tolerance: FaultTolerance,
) -> Vec<Fault> {
    let mut sustained: Vec<Sustained> = Vec::new();
    for_each_stretch(path, take, notes, |stretch, _| {
        let written: HashSet<usize> = stretch.matching.strikes.iter().flatten().flatten().copied().collect();
        for (group, strikes) in stretch.matching.strikes.iter().enumerate() {
            // A double stop has no intonation of its own.
            let ([note], [Some(strike)]) = (stretch.notes(group), strikes.as_slice()) else { continue };
            let played = &stretch.played[*strike];
            let end_s = sounding_until_s(stretch.played, *strike, &written);
            let (from_s, to_s) = (played.onset.0 + ATTACK_S, end_s - RELEASE_S);
            if to_s - from_s < SUSTAINED_S || played.pitch != note.pitch {
                continue;
            }
            let Some((cents, share)) = log.mean(played.pitch, from_s, to_s) else { continue };
            if share >= MEASURED_SHARE {
                let (at, beat) = (played.onset, stretch.beat(group));
                sustained.push(Sustained { at, step: note.step, beat, note: note.clone(), cents });
            }
        }
    });
    if sustained.len() < FEWEST_NOTES {
        return Vec::new();
    }
    let mut places: Vec<f32> = sustained.iter().map(|note| note.cents).collect();
    places.sort_by(f32::total_cmp);
    let tuning = (places[(places.len() - 1) / 2] + places[places.len() / 2]) / 2.0;
    let fault = |note: &Sustained| {
        let cents = note.cents - tuning;
        let beyond = cents.abs() - tolerance.off_tune_cents;
        (beyond > 0.0).then(|| Fault {
            kind: FaultKind::Intonation,
            at: note.at,
            step: note.step,
            beat: note.beat,
            pitch: Some(note.note.pitch),
            note: Some(note.note.id),
            confidence: 1.0 - 0.5 * (-beyond / DOUBT_CENTS).exp(),
            cents: Some(cents),
        })
    };
    let mut faults: Vec<Fault> = sustained.iter().filter_map(fault).collect();
    faults.retain(|fault| fault.confidence >= tolerance.report_above);
    faults.sort_by(|a, b| a.at.0.total_cmp(&b.at.0));
    faults
}

/// When the key that strike `index` began is silent, in seconds: it goes on through strikes that are not `written`.
fn sounding_until_s(played: &[PlayedNote], index: usize, written: &HashSet<usize>) -> f64 {
    let first = &played[index];
    let mut end_s = first.offset.0;
    for (index, next) in played.iter().enumerate().skip(index + 1) {
        if next.onset.0 > end_s + GOES_ON_S {
            break;
        }
        if next.pitch == first.pitch {
            if written.contains(&index) {
                break;
            }
            end_s = end_s.max(next.offset.0);
        }
    }
    end_s
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::performance::{AlignedBeat, Stretch};
    use crate::units::Beats;
    use proptest::prelude::*;

    const NOTES: i64 = 16;
    /// Seconds between two onsets.
    const APART_S: f64 = 0.6;

    fn path(overlap: bool) -> PlayingPath {
        let length = if overlap { 2 } else { 1 };
        let note = |n: i64| (Beats::whole(n), Beats::whole(length), Pitch(60 + (n * 5 % 12) as u8));
        PlayingPath::from_notes((4, 4), &(0..NOTES).map(note).collect::<Vec<_>>())
    }

    /// The notes of the path, each so long.
    fn played(path: &PlayingPath, length_s: f64) -> Vec<PlayedNote> {
        let note = |(n, note): (usize, &PathNote)| {
            let onset = Seconds(1.0 + APART_S * n as f64);
            let (pitch, offset) = (note.pitch, Seconds(onset.0 + length_s));
            PlayedNote { onset, offset, pitch, velocity: 80, emitted: onset }
        };
        path.notes.iter().enumerate().map(note).collect()
    }

    /// A take of the whole path in which note `n` lies `cents(n)` above its key, with a vibrato of so many cents either way.
    fn found(cents: impl Fn(usize) -> f32, vibrato: f32, length_s: f64, limit: f32) -> Vec<Fault> {
        heard(cents, vibrato, length_s, limit, |_| ())
    }

    /// The same, with what the ear makes of the notes.
    fn heard(
        cents: impl Fn(usize) -> f32,
        vibrato: f32,
        length_s: f64,
        limit: f32,
        ear: impl Fn(&mut Vec<PlayedNote>),
    ) -> Vec<Fault> {
        let path = path(false);
        let mut played = played(&path, length_s);
        let mut log = IntonationLog::default();
        for (n, note) in played.iter().enumerate() {
            for hop in 5..(length_s / HOP_S) as usize {
                let at = note.onset.0 + hop as f64 * HOP_S;
                let wave = (std::f64::consts::TAU * 5.5 * at).sin() as f32;
                log.push(note.pitch, cents(n) + vibrato * wave, Seconds(at));
            }
        }
        let (start, end) = (played[0].onset, played[played.len() - 1].offset);
        let beats = played.iter().enumerate().map(|(n, note)| AlignedBeat {
            beat: n as f64,
            time: note.onset,
            confidence: 1.0,
        });
        let take = Take {
            stretches: vec![Stretch {
                start,
                end,
                from_step: 0,
                to_step: 3,
                from_beat: 0.0,
                to_beat: NOTES as f64,
            }],
            beats: beats.collect(),
            ..Take::plain(start, end)
        };
        let tolerance = FaultTolerance { off_tune_cents: limit, ..FaultTolerance::default() };
        ear(&mut played);
        off_tune(&path, &take, &played, &log, tolerance)
    }

    #[test]
    fn notes_off_the_takes_own_tuning_are_told_and_vibrato_is_forgiven() {
        let played = |n: usize| match n {
            3 => 12.0 + 34.0,
            9 => 12.0 - 40.0,
            n => 12.0 + (n % 3) as f32,
        };
        let faults = found(played, 30.0, 0.55, 25.0);
        let told: Vec<(u32, i32)> =
            faults.iter().map(|fault| (fault.note.unwrap().0, fault.cents.unwrap().round() as i32)).collect();
        assert_eq!(told.iter().map(|fault| fault.0).collect::<Vec<_>>(), [3, 9]);
        assert!((told[0].1 - 33).abs() <= 8 && (told[1].1 + 41).abs() <= 8, "{told:?}");
        assert!(faults.iter().all(|fault| (0.5..1.0).contains(&fault.confidence)));
        assert!(found(played, 30.0, 0.55, 50.0).is_empty(), "the tolerance counts");
        assert!(found(played, 30.0, 0.35, 25.0).is_empty(), "short notes have no intonation");
    }

    #[test]
    fn an_attack_that_is_heard_as_two_is_one_note() {
        let split = |played: &mut Vec<PlayedNote>| {
            let (first, end) = (played[3], played[3].offset);
            let again = Seconds(first.onset.0 + 0.02);
            played[3].offset = Seconds(first.onset.0 + 0.01);
            played.insert(4, PlayedNote { onset: again, offset: end, ..first });
        };
        let cents = |n: usize| if n == 3 { 40.0 } else { 0.0 };
        assert_eq!(heard(cents, 15.0, 0.55, 25.0, split), found(cents, 15.0, 0.55, 25.0));
        assert_eq!(found(cents, 15.0, 0.55, 25.0).len(), 1);
    }

    #[test]
    fn only_a_single_line_of_what_makes_its_pitch_has_an_intonation() {
        let part = |name: &str, staves| vec![Part { name: name.into(), staves }];
        for name in ["Flute", "Violine", "Sopran", "Voix", "Viola da gamba", "Clarinet in B♭", "Flügelhorn"]
        {
            assert!(bends(&part(name, 1), &path(false)), "{name}");
            assert!(!bends(&part(name, 1), &path(true)), "{name} with another");
        }
        for name in ["Piano", "Klavier", "Harp", "", "Marimba", "Glockenspiel", "Orgel", "Timpani"] {
            assert!(!bends(&part(name, 1), &path(false)), "{name}");
        }
        assert!(!bends(&part("Flute", 2), &path(false)));
        assert!(!bends(&[], &path(false)));
    }

    proptest! {
        #[test]
        fn a_take_that_is_tuned_otherwise_as_a_whole_is_in_tune(
            cents in -60.0f32..60.0,
            spread in prop::collection::vec(-8.0f32..8.0, NOTES as usize),
        ) {
            prop_assert!(found(|n| cents + spread[n], 20.0, 0.55, 25.0).is_empty());
        }
    }
}
