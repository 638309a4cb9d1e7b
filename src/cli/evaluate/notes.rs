//! How well played notes were transcribed: the usual measures of the field.

use super::matching::largest_matching;
use serde::Serialize;

/// A note as the measures see it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Note {
    pub(super) onset_s: f64,
    pub(super) offset_s: f64,
    pub(super) pitch: u8,
    pub(super) velocity: f64,
    /// When the engine told of it; the truth has its onset here.
    pub(super) emitted_s: f64,
}

/// Precision, recall and their harmonic mean, 0-1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(super) struct Agreement {
    pub(super) precision: f64,
    pub(super) recall: f64,
    pub(super) f1: f64,
}

impl Agreement {
    fn new(hits: usize, reference: usize, estimated: usize) -> Agreement {
        if hits == 0 {
            return Agreement::default();
        }
        let (precision, recall) = (hits as f64 / estimated as f64, hits as f64 / reference as f64);
        Agreement { precision, recall, f1: 2.0 * precision * recall / (precision + recall) }
    }
}

/// Median and tail of what passes between an attack and its event, ms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(super) struct Latency {
    pub(super) median_ms: f64,
    pub(super) p95_ms: f64,
    pub(super) p99_ms: f64,
}

/// All measures of one transcription.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(super) struct NoteScores {
    pub(super) reference_notes: usize,
    pub(super) estimated_notes: usize,
    /// Onset within 50 ms.
    pub(super) onset_50: Agreement,
    /// Onset within 25 ms.
    pub(super) onset_25: Agreement,
    /// Onset within 50 ms, offset within 50 ms or a fifth of the note.
    pub(super) onset_offset: Agreement,
    /// The same, and the velocity within a tenth of the range after a linear fit.
    pub(super) onset_offset_velocity: Agreement,
    /// Which pitches sound, in frames of 10 ms.
    pub(super) frame: Agreement,
    /// From true onset to emission, over notes matched within 50 ms.
    pub(super) latency: Latency,
    /// Signed, over the same notes.
    pub(super) onset_error_median_ms: f64,
}

const FRAME_S: f64 = 0.01;

/// Compares `estimated` with `reference`.
///
/// # Reference
/// Raffel et al. 2014, mir_eval, `transcription` and `transcription_velocity` (Hawthorne et al. 2018); distances
/// are rounded to 0.1 ms before they are compared with a tolerance, as there.
pub(super) fn score_notes(reference: &[Note], estimated: &[Note]) -> NoteScores {
    let (reference, estimated) = (cleaned(reference), cleaned(estimated));
    let agreement = |hits| Agreement::new(hits, reference.len(), estimated.len());
    let near = matched(&reference, &estimated, 0.05, false);
    let whole = matched(&reference, &estimated, 0.05, true);
    let (mut errors_ms, mut latencies_ms): (Vec<f64>, Vec<f64>) = near
        .iter()
        .map(|&(r, e)| {
            let (truth, note) = (&reference[r], &estimated[e]);
            ((note.onset_s - truth.onset_s) * 1e3, (note.emitted_s - truth.onset_s) * 1e3)
        })
        .unzip();
    errors_ms.sort_by(f64::total_cmp);
    latencies_ms.sort_by(f64::total_cmp);
    NoteScores {
        reference_notes: reference.len(),
        estimated_notes: estimated.len(),
        onset_50: agreement(near.len()),
        onset_25: agreement(matched(&reference, &estimated, 0.025, false).len()),
        onset_offset: agreement(whole.len()),
        onset_offset_velocity: agreement(velocity_hits(&reference, &estimated, &whole)),
        frame: frame_agreement(&reference, &estimated),
        latency: Latency {
            median_ms: quantile(&latencies_ms, 0.5),
            p95_ms: quantile(&latencies_ms, 0.95),
            p99_ms: quantile(&latencies_ms, 0.99),
        },
        onset_error_median_ms: quantile(&errors_ms, 0.5),
    }
}

/// Ordered by onset, none shorter than a frame.
fn cleaned(notes: &[Note]) -> Vec<Note> {
    let mut notes = notes.to_vec();
    notes.sort_by(|a, b| a.onset_s.total_cmp(&b.onset_s));
    for note in &mut notes {
        note.offset_s = note.offset_s.max(note.onset_s + FRAME_S);
    }
    notes
}

/// Largest set of pairs (reference, estimated) of one pitch whose onsets, and if asked whose offsets, agree.
fn matched(reference: &[Note], estimated: &[Note], onset_s: f64, offsets: bool) -> Vec<(usize, usize)> {
    let edges: Vec<Vec<usize>> = estimated
        .iter()
        .map(|note| {
            let from = reference.partition_point(|truth| truth.onset_s < note.onset_s - onset_s - 1e-3);
            (from..reference.len())
                .take_while(|&r| reference[r].onset_s <= note.onset_s + onset_s + 1e-3)
                .filter(|&r| reference[r].pitch == note.pitch)
                .filter(|&r| rounded(reference[r].onset_s - note.onset_s) <= onset_s)
                .filter(|&r| !offsets || offsets_agree(&reference[r], note))
                .collect()
        })
        .collect();
    let matching = largest_matching(&edges, reference.len());
    let mut pairs: Vec<(usize, usize)> =
        matching.iter().enumerate().filter_map(|(e, r)| Some(((*r)?, e))).collect();
    pairs.sort_unstable();
    pairs
}

fn offsets_agree(truth: &Note, note: &Note) -> bool {
    let tolerance = (0.2 * (truth.offset_s - truth.onset_s)).max(0.05);
    rounded(truth.offset_s - note.offset_s) <= tolerance
}

/// Absolute value, to the nearest 0.1 ms.
fn rounded(distance_s: f64) -> f64 {
    (distance_s.abs() * 1e4).round_ties_even() / 1e4
}

/// How many of the matched `pairs` agree in velocity after the line that fits estimated to reference best.
fn velocity_hits(reference: &[Note], estimated: &[Note], pairs: &[(usize, usize)]) -> usize {
    if pairs.is_empty() {
        return 0;
    }
    let velocities = reference.iter().map(|note| note.velocity);
    let lowest = velocities.clone().fold(f64::INFINITY, f64::min);
    let range = (velocities.fold(f64::NEG_INFINITY, f64::max) - lowest).max(1.0);
    let points: Vec<(f64, f64)> = pairs
        .iter()
        .map(|&(r, e)| (estimated[e].velocity, (reference[r].velocity - lowest) / range))
        .collect();
    let n = points.len() as f64;
    let mean_x = points.iter().map(|p| p.0).sum::<f64>() / n;
    let mean_y = points.iter().map(|p| p.1).sum::<f64>() / n;
    let variance: f64 = points.iter().map(|p| (p.0 - mean_x).powi(2)).sum();
    let covariance: f64 = points.iter().map(|p| (p.0 - mean_x) * (p.1 - mean_y)).sum();
    let (slope, intercept) = if variance > 1e-12 {
        (covariance / variance, mean_y - covariance / variance * mean_x)
    } else {
        // One velocity only: the least-norm line through its mean, as least squares by SVD gives.
        let scale = mean_y / (mean_x * mean_x + 1.0);
        (scale * mean_x, scale)
    };
    points.iter().filter(|(x, y)| (slope * x + intercept - y).abs() <= 0.1).count()
}

fn frame_agreement(reference: &[Note], estimated: &[Note]) -> Agreement {
    let last = reference.iter().chain(estimated).map(|note| note.offset_s).fold(0.0, f64::max);
    let frames = (last / FRAME_S) as usize + 2;
    let (truth, found) = (roll(reference, frames), roll(estimated, frames));
    let count = |roll: &[u128]| roll.iter().map(|keys| keys.count_ones() as usize).sum::<usize>();
    let both: Vec<u128> = truth.iter().zip(&found).map(|(a, b)| a & b).collect();
    Agreement::new(count(&both), count(&truth), count(&found))
}

/// One bit a pitch, one word a frame.
fn roll(notes: &[Note], frames: usize) -> Vec<u128> {
    let mut roll = vec![0u128; frames];
    for note in notes {
        let first = (note.onset_s / FRAME_S).round_ties_even().max(0.0) as usize;
        let last = ((note.offset_s / FRAME_S).round_ties_even().max(0.0) as usize).max(first + 1);
        for keys in roll.iter_mut().take(last).skip(first) {
            *keys |= 1 << note.pitch.min(127);
        }
    }
    roll
}

/// Quantile of sorted values, linear between neighbours; 0 of none.
pub(super) fn quantile(sorted: &[f64], q: f64) -> f64 {
    if sorted.is_empty() {
        return 0.0;
    }
    let place = q * (sorted.len() - 1) as f64;
    let below = place.floor() as usize;
    let above = place.ceil() as usize;
    sorted[below] + (sorted[above] - sorted[below]) * (place - below as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(onset_s: f64, offset_s: f64, pitch: u8, velocity: f64) -> Note {
        Note { onset_s, offset_s, pitch, velocity, emitted_s: onset_s + 0.03 }
    }

    #[test]
    fn the_truth_agrees_with_itself() {
        let notes = [note(0.5, 1.0, 60, 40.0), note(0.5, 0.7, 64, 90.0), note(1.0, 2.0, 60, 64.0)];
        let scores = score_notes(&notes, &notes);
        for agreement in [scores.onset_25, scores.onset_offset_velocity, scores.frame] {
            assert_eq!(agreement, Agreement { precision: 1.0, recall: 1.0, f1: 1.0 });
        }
        assert!((scores.latency.median_ms - 30.0).abs() < 1e-9);
    }

    #[test]
    fn tolerances_are_what_they_say() {
        let truth = [note(1.0, 2.0, 60, 64.0)];
        let f1 = |onset: f64, offset: f64, pitch: u8| {
            let scores = score_notes(&truth, &[note(onset, offset, pitch, 64.0)]);
            (scores.onset_50.f1, scores.onset_25.f1, scores.onset_offset.f1)
        };
        assert_eq!(f1(1.050_04, 2.0, 60), (1.0, 0.0, 1.0));
        assert_eq!(f1(1.050_06, 2.0, 60), (0.0, 0.0, 0.0));
        assert_eq!(f1(1.025, 2.2, 60), (1.0, 1.0, 1.0));
        assert_eq!(f1(1.0, 2.21, 60), (1.0, 1.0, 0.0));
        assert_eq!(f1(1.0, 2.0, 61), (0.0, 0.0, 0.0));
    }

    #[test]
    fn one_note_answers_for_one_note_only() {
        let truth = [note(1.0, 1.02, 60, 64.0), note(1.04, 1.5, 60, 64.0)];
        let scores = score_notes(&truth, &[note(1.02, 1.5, 60, 64.0)]);
        assert_eq!((scores.onset_50.precision, scores.onset_50.recall), (1.0, 0.5));
    }

    #[test]
    fn nothing_scores_nothing() {
        let truth = [note(1.0, 1.5, 60, 64.0)];
        assert_eq!(score_notes(&truth, &[]).onset_50.f1, 0.0);
        assert_eq!(score_notes(&[], &truth).frame.f1, 0.0);
        assert_eq!(score_notes(&[], &[]).onset_offset_velocity.f1, 0.0);
    }
}
