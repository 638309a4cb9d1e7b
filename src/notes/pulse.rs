//! A pulse for playing without a score: beats found in the onsets, and the notes put on them.
//!
//! Beats by dynamic programming over an onset curve (Ellis 2007, "Beat tracking by dynamic programming", eqs. 4-8), here on
//! the onsets of notes, weighted by how loud and how low they are, and with a tempo taken anew around each place, so that
//! free playing is followed further. Common time is assumed; only where the measure begins is chosen.

use crate::performance::{Notated, PlayedNote, WrittenNote};
use crate::score::{Flow, Mark, MarkKind, Measure, Part, TempoChange};
use crate::units::{Beats, Bpm, Seconds};

/// Frames of the onset curve a second.
const RATE_HZ: f64 = 100.0;
/// Onsets spread over so much, in seconds (standard deviation).
const SPREAD_S: f64 = 0.02;
/// Beats that are looked for, in seconds, and the one that is likeliest beforehand.
const BEAT_S: (f64, f64) = (0.25, 1.5);
const USUAL_BEAT_S: f64 = 0.55;
/// Width of that likelihood, in octaves.
const USUAL_OCTAVES: f64 = 0.9;
/// How much of the playing, to each side, gives the tempo at a place, in seconds.
const AROUND_S: f64 = 6.0;
/// What a beat's distance from the tempo costs, against an onset of usual weight.
const TIGHTNESS: f64 = 60.0;
/// Beats a measure, for want of a score.
const MEASURE_BEATS: usize = 4;
/// Longer recordings than this get no pulse, in seconds: the curve is held in memory.
const LONGEST_S: f64 = 4.0 * 3600.0;

/// When the beats of free playing came, in order: at least two, before the first note and after the last. Empty without
/// notes.
pub fn pulse(notes: &[PlayedNote]) -> Vec<Seconds> {
    let finite = |note: &&PlayedNote| note.onset.0.is_finite() && (0.0..LONGEST_S).contains(&note.onset.0);
    let end = notes.iter().filter(finite).map(|note| note.onset.0).fold(f64::NEG_INFINITY, f64::max);
    if end < 0.0 {
        return Vec::new();
    }
    let curve = onset_curve(notes.iter().filter(finite), end);
    let periods = periods(&curve);
    let mut beats = beats(&curve, &periods);
    let first = notes.iter().filter(finite).map(|note| note.onset.0).fold(f64::INFINITY, f64::min);
    let pace = |index: usize| periods[index.min(periods.len() - 1)] / RATE_HZ;
    if beats.is_empty() {
        beats.push(first);
    }
    while beats[0] > first + 0.02 {
        beats.insert(0, beats[0] - pace(0));
    }
    while beats[beats.len() - 1] <= end || beats.len() < 2 {
        beats.push(beats[beats.len() - 1] + pace(periods.len() - 1));
    }
    beats.into_iter().map(Seconds).collect()
}

/// `notes` on their own pulse, as one part in measures of four: what is played, simply written. Each beat is divided in four
/// or in three, whichever leaves its onsets less far off.
pub fn quantised(title: &str, notes: &[PlayedNote]) -> Notated {
    let beats: Vec<f64> = pulse(notes).iter().map(|beat| beat.0).collect();
    if beats.len() < 2 {
        return Notated::default();
    }
    let upbeat = (MEASURE_BEATS - first_downbeat(&beats, notes)) % MEASURE_BEATS;
    let threes = divisions(&beats, notes);
    // In beats from the start of the first measure, on the grid.
    let place = |time: f64| {
        let at = position(&beats, time).max(0.0);
        let (beat, within) = (at.floor() as usize, at.fract());
        let parts = if threes.get(beat).copied().unwrap_or(false) { 3 } else { 4 };
        let part = (within * parts as f64).round() as i64;
        Beats::whole((beat + upbeat) as i64) + Beats::new(part, parts).unwrap_or_default()
    };
    let measure = Beats::whole(MEASURE_BEATS as i64);
    let mut written = Vec::with_capacity(notes.len());
    let mut last = 0;
    for note in notes.iter().filter(|note| note.onset.0.is_finite() && note.onset.0 < LONGEST_S) {
        let onset = place(note.onset.0);
        let index = (onset.to_f64() / MEASURE_BEATS as f64).floor() as i64;
        let end = place(note.offset.0.clamp(note.onset.0, LONGEST_S));
        last = last.max(index);
        written.push(WrittenNote {
            measure: index as u32,
            onset: onset - measure.scaled(index, 1),
            duration: (end - onset).max(Beats::whole(1).scaled(1, 4)),
            pitch: note.pitch,
            part: 0,
            staff: 1,
            velocity: note.velocity,
        });
    }
    let measures = (0..=last).map(|index| Measure {
        number: (index + 1).to_string(),
        length: measure,
        meter: (MEASURE_BEATS as u16, 4),
        rehearsal: None,
        flow: Flow::default(),
    });
    let span = beats[beats.len() - 1] - beats[0];
    let tempo = Bpm((60.0 * (beats.len() - 1) as f64 / span).round().clamp(10.0, 600.0));
    let mark = |kind| Mark { measure: 0, onset: Beats::ZERO, part: 0, staff: 1, kind };
    let marks = vec![mark(MarkKind::Tempo(tempo)), mark(MarkKind::Key(key(notes)))];
    let part = Part { name: String::from("Transcription"), staves: 1 };
    let tempos = vec![TempoChange { at: Beats::ZERO, tempo }];
    Notated::new(title, vec![part], measures.collect(), marks, tempos, written)
}

/// Onsets as a smooth curve of deviation 1: loud and low ones weigh more, and those of a chord less than single ones would.
fn onset_curve<'a>(notes: impl Iterator<Item = &'a PlayedNote>, end: f64) -> Vec<f64> {
    let length = (end * RATE_HZ) as usize + 50;
    let mut raw = vec![0.0; length];
    for note in notes {
        let low = 1.0 + (60.0 - f64::from(note.pitch.0)).clamp(0.0, 24.0) / 24.0;
        raw[(note.onset.0 * RATE_HZ).round() as usize] += low * f64::from(note.velocity.max(1)) / 64.0;
    }
    let reach = (3.0 * SPREAD_S * RATE_HZ) as isize;
    let bell: Vec<f64> =
        (-reach..=reach).map(|n| (-0.5 * (n as f64 / (SPREAD_S * RATE_HZ)).powi(2)).exp()).collect();
    let mut curve = vec![0.0; length];
    for (frame, &weight) in raw.iter().enumerate().filter(|(_, weight)| **weight > 0.0) {
        for (offset, bell) in (-reach..=reach).zip(&bell) {
            if let Some(value) = curve.get_mut(frame.wrapping_add_signed(offset)) {
                *value += weight.sqrt() * bell;
            }
        }
    }
    let mean = curve.iter().sum::<f64>() / length as f64;
    let spread = (curve.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / length as f64).sqrt();
    curve.iter_mut().for_each(|value| *value /= spread.max(1e-9));
    curve
}

/// The beat's length in frames at every second of the curve: the lag at which the curve around it is most like itself,
/// weighed by how usual it is, and along the whole the way with the fewest changes.
fn periods(curve: &[f64]) -> Vec<f64> {
    let lags: Vec<usize> = ((BEAT_S.0 * RATE_HZ) as usize..=(BEAT_S.1 * RATE_HZ) as usize).collect();
    let seconds = curve.len().div_ceil(RATE_HZ as usize);
    let around = (AROUND_S * RATE_HZ) as usize;
    let strengths: Vec<Vec<f64>> = (0..seconds)
        .map(|second| {
            let middle = second * RATE_HZ as usize;
            let (from, to) = (middle.saturating_sub(around), (middle + around).min(curve.len()));
            let span = &curve[from..to];
            let norm = span.iter().map(|value| value * value).sum::<f64>().max(1e-9);
            let like = |lag: usize| {
                let pairs = span.iter().zip(span.iter().skip(lag));
                let overlap = span.len() as f64 / span.len().saturating_sub(lag).max(1) as f64;
                pairs.map(|(a, b)| a * b).sum::<f64>() / norm * overlap.min(2.0)
            };
            lags.iter()
                .map(|&lag| {
                    let octaves = (lag as f64 / (USUAL_BEAT_S * RATE_HZ)).log2() / USUAL_OCTAVES;
                    // A beat is also half of what repeats.
                    (like(lag) + 0.5 * like(2 * lag)) * (-0.5 * octaves * octaves).exp()
                })
                .collect()
        })
        .collect();
    // Viterbi over seconds; a change costs by its size in octaves.
    let change = |a: usize, b: usize| 8.0 * (lags[a] as f64 / lags[b] as f64).log2().powi(2);
    let mut score = strengths[0].clone();
    let mut from: Vec<Vec<u16>> = Vec::with_capacity(seconds);
    for strength in &strengths[1..] {
        let mut next = Vec::with_capacity(lags.len());
        let mut back = Vec::with_capacity(lags.len());
        for (b, strength) in strength.iter().enumerate() {
            // Tempo does not change by more than a tenth in a second.
            let near = (b.saturating_sub(12)..(b + 13).min(lags.len()))
                .max_by(|&x, &y| (score[x] - change(x, b)).total_cmp(&(score[y] - change(y, b))))
                .unwrap_or(b);
            next.push(score[near] - change(near, b) + strength);
            back.push(near as u16);
        }
        score = next;
        from.push(back);
    }
    let mut at = (0..lags.len()).max_by(|&a, &b| score[a].total_cmp(&score[b])).unwrap_or(0);
    let mut periods = vec![lags[at] as f64];
    for back in from.iter().rev() {
        at = usize::from(back[at]);
        periods.push(lags[at] as f64);
    }
    periods.reverse();
    periods
}

/// The beats in seconds: the way through the curve that meets most onsets at steps near the period.
fn beats(curve: &[f64], periods: &[f64]) -> Vec<f64> {
    let mut best = vec![0.0f64; curve.len()];
    let mut before: Vec<Option<u32>> = vec![None; curve.len()];
    for frame in 0..curve.len() {
        let period = periods[(frame / RATE_HZ as usize).min(periods.len() - 1)];
        let (nearest, farthest) = ((period / 2.0) as usize, (2.0 * period) as usize);
        let mut found = (0.0, None);
        for step in nearest.max(1)..=farthest.min(frame) {
            let off = (step as f64 / period).ln();
            let value = best[frame - step] - TIGHTNESS * off * off;
            if value > found.0 {
                found = (value, Some((frame - step) as u32));
            }
        }
        best[frame] = curve[frame] + found.0;
        before[frame] = found.1;
    }
    // The last beat is the best of the last period and a half.
    let tail = (1.5 * periods[periods.len() - 1]) as usize;
    let from = curve.len().saturating_sub(tail);
    let Some(mut frame) = (from..curve.len()).max_by(|&a, &b| best[a].total_cmp(&best[b])) else {
        return Vec::new();
    };
    let mut beats = vec![frame as f64 / RATE_HZ];
    while let Some(earlier) = before[frame] {
        frame = earlier as usize;
        beats.push(frame as f64 / RATE_HZ);
    }
    beats.reverse();
    beats
}

/// Position of `time` in beats from the first; even beyond the ends.
fn position(beats: &[f64], time: f64) -> f64 {
    let after = beats.partition_point(|&beat| beat <= time).clamp(1, beats.len() - 1);
    let (a, b) = (beats[after - 1], beats[after]);
    (after - 1) as f64 + (time - a) / (b - a).max(1e-6)
}

/// For each beat, whether three divide it better than four. Three must be clearly better.
fn divisions(beats: &[f64], notes: &[PlayedNote]) -> Vec<bool> {
    let mut off = vec![(0.0f64, 0.0f64); beats.len()];
    for note in notes {
        let at = position(beats, note.onset.0);
        let Some(sums) = off.get_mut(at.max(0.0) as usize) else { continue };
        let from = |parts: f64| ((at * parts).round() / parts - at).powi(2);
        sums.0 += from(4.0);
        sums.1 += from(3.0);
    }
    off.iter().map(|&(four, three)| 1.5 * three + 1e-3 < four).collect()
}

/// Which beat, 0-3, the first downbeat is: where most weight of low notes lies.
fn first_downbeat(beats: &[f64], notes: &[PlayedNote]) -> usize {
    let mut weights = [0.0; MEASURE_BEATS];
    for note in notes {
        let at = position(beats, note.onset.0);
        let beat = at.round();
        if (at - beat).abs() < 0.1 && beat >= 0.0 {
            let low = (72.0 - f64::from(note.pitch.0)).clamp(0.0, 36.0);
            weights[beat as usize % MEASURE_BEATS] += low * f64::from(note.velocity);
        }
    }
    (0..MEASURE_BEATS).rev().max_by(|&a, &b| weights[a].total_cmp(&weights[b])).unwrap_or(0)
}

/// The key signature, in fifths, that needs the fewest accidentals; of equal ones the one with fewer signs.
fn key(notes: &[PlayedNote]) -> i8 {
    const C_MAJOR: [bool; 12] = [true, false, true, false, true, true, false, true, false, true, false, true];
    let foreign = |fifths: i8| {
        let tonic = (i32::from(fifths) * 7).rem_euclid(12);
        let outside =
            |note: &&PlayedNote| !C_MAJOR[(i32::from(note.pitch.0) - tonic).rem_euclid(12) as usize];
        notes.iter().filter(outside).count()
    };
    let mut keys: Vec<i8> = (-6..=6).collect();
    keys.sort_by_key(|fifths| fifths.abs());
    keys.into_iter().min_by_key(|&fifths| foreign(fifths)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Pitch;
    use proptest::prelude::*;

    fn note(onset: f64, length: f64, pitch: u8) -> PlayedNote {
        let (onset, offset) = (Seconds(onset), Seconds(onset + length));
        PlayedNote { onset, offset, pitch: Pitch(pitch), velocity: 70, emitted: onset }
    }

    /// Eighths of an accompaniment with a bass on every first of four, the tempo swaying by a tenth.
    fn swaying(beat_s: f64, beats: usize) -> (Vec<PlayedNote>, Vec<f64>) {
        let mut notes = Vec::new();
        let mut lines = Vec::new();
        let mut now = 1.0;
        for beat in 0..beats {
            let length = beat_s * (1.0 + 0.1 * (beat as f64 / 7.0).sin());
            lines.push(now);
            notes.push(note(now, length, if beat % 4 == 0 { 40 } else { 60 }));
            notes.push(note(now + length / 2.0, length / 2.0, 64 + (beat % 3) as u8));
            now += length;
        }
        (notes, lines)
    }

    #[test]
    fn the_pulse_follows_a_swaying_tempo() {
        for beat_s in [0.45, 0.55, 0.65] {
            let (notes, lines) = swaying(beat_s, 64);
            let beats = pulse(&notes);
            let met =
                lines.iter().filter(|&&line| beats.iter().any(|beat| (beat.0 - line).abs() < 0.03)).count();
            assert!(met >= 60, "{beat_s} s: {met} of 64");
            assert!((62..=68).contains(&beats.len()), "{beat_s} s: {} beats", beats.len());
        }
    }

    #[test]
    fn a_simple_piece_is_written_as_it_is() {
        let (notes, _) = swaying(0.6, 32);
        let notated = quantised("piece", &notes);
        assert_eq!(notated.score.notes.len(), notes.len());
        let basses: Vec<_> = notated.score.notes.iter().filter(|note| note.pitch.0 == 40).collect();
        assert!(basses.iter().all(|note| note.onset == Beats::ZERO), "every bass on a downbeat: {basses:?}");
        let half = Beats::whole(1).scaled(1, 2);
        assert!(
            notated
                .score
                .notes
                .iter()
                .filter(|note| note.pitch.0 >= 64)
                .all(|note| { note.onset.denominator() == 2 && note.duration == half })
        );
    }

    #[test]
    fn signatures_have_as_few_accidentals_as_can_be() {
        let scale = |tonic: u8| [0, 2, 4, 5, 7, 9, 11].map(|step| note(1.0, 0.5, tonic + step));
        assert_eq!((key(&scale(60)), key(&scale(62)), key(&scale(58))), (0, 2, -2));
    }

    proptest! {
        /// Whatever is played, every note is written, in a measure that is there.
        #[test]
        fn anything_is_written(raw in prop::collection::vec((0.0f64..40.0, 0.01f64..8.0, 0u8..128), 0..40)) {
            let notes: Vec<PlayedNote> = raw.iter().map(|&(at, length, pitch)| note(at, length, pitch)).collect();
            let notated = quantised("", &notes);
            prop_assert!(notated.score.notes.len() <= notes.len());
            prop_assert_eq!(notated.score.notes.is_empty(), notes.is_empty());
            for written in &notated.score.notes {
                let measure = &notated.score.measures[written.measure as usize];
                prop_assert!(!written.onset.is_negative() && written.onset < measure.length);
                prop_assert!(written.duration > Beats::ZERO);
            }
        }
    }
}
