//! Whether notes lie on a grid; onto it if they do, into chords if they do not.

use super::tracks::{RawTrack, Span, TimeBase};
use crate::score::ScoreSource;
use crate::units::Beats;

/// Divisions of a quarter note that notation uses: 64th notes and triplets of 32nds (48), quintuplets, septuplets.
const DIVISIONS: [i64; 3] = [48, 20, 28];

/// The coarse ones among them, by which the kind of file is told: chance seldom falls on these.
const COMMON_DIVISIONS: [i64; 2] = [16, 12];

/// How far off the grid, in beats, a note may be that was put onto it, besides the rounding to ticks.
const TOLERANCE_BEATS: f64 = 1.0 / 960.0;

/// The share of onsets that lie on the grid in a file that was not played in. Written ornaments may fall beside it.
const QUANTISED_SHARE: f64 = 0.75;

/// What is struck within so many beats is one chord, in a file that was played in (30 ms at 120 a minute).
const CHORD_BEATS: f64 = 0.06;

/// Tells what kind of file it is, and tidies the onsets up accordingly.
pub(super) fn settle(tracks: &mut [RawTrack], base: TimeBase) -> ScoreSource {
    let tolerance = TOLERANCE_BEATS.max(0.51 * base.beats(1).to_f64()).min(0.02);
    let count: usize = tracks.iter().map(|track| track.spans.len()).sum();
    let on_grid =
        spans(tracks).filter(|span| nearest(span.onset, &COMMON_DIVISIONS, tolerance).is_some()).count();
    if base.metrical && on_grid as f64 >= QUANTISED_SHARE * count as f64 {
        for span in spans(tracks) {
            let end = span.end();
            let onset = nearest(span.onset, &DIVISIONS, tolerance).unwrap_or(span.onset);
            let end =
                nearest(end, &DIVISIONS, tolerance).filter(|end| *end > onset).unwrap_or(end.max(onset));
            span.onset = onset;
            span.duration = end - onset;
        }
        ScoreSource::QuantisedMidi
    } else {
        gather_chords(spans(tracks).collect());
        ScoreSource::PerformedMidi
    }
}

fn spans(tracks: &mut [RawTrack]) -> impl Iterator<Item = &mut Span> {
    tracks.iter_mut().flat_map(|track| track.spans.iter_mut())
}

/// The point of a grid within `tolerance` beats of `at`, if there is one.
fn nearest(at: Beats, divisions: &[i64], tolerance: f64) -> Option<Beats> {
    let value = at.to_f64();
    divisions
        .iter()
        .filter_map(|&division| Beats::new((value * division as f64).round() as i64, division))
        .map(|point| ((point.to_f64() - value).abs(), point))
        .filter(|(distance, _)| *distance <= tolerance)
        .min_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, point)| point)
}

/// Gives all notes of a chord the onset of its first.
fn gather_chords(mut spans: Vec<&mut Span>) {
    spans.sort_by_key(|span| span.onset);
    let mut first = Beats::ZERO;
    for (index, span) in spans.into_iter().enumerate() {
        if index > 0 && (span.onset - first).to_f64() <= CHORD_BEATS {
            span.duration = span.end() - first;
            span.onset = first;
        } else {
            first = span.onset;
        }
    }
}
