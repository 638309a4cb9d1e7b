//! How well a score was followed: when each onset's place was reported, and how soon after a jump.

use super::notes::quantile;
use serde::Serialize;

/// One row of the truth: this path position was played then.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct TruePosition {
    pub(super) beat: f64,
    pub(super) time_s: f64,
    /// Played without a jump from the rows before it while this stays the same.
    pub(super) segment: usize,
}

/// One report of the follower.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Report {
    pub(super) time_s: f64,
    pub(super) beat: Option<f64>,
}

/// One jump of the player.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Jump {
    pub(super) at_s: f64,
    pub(super) from_beat: f64,
    pub(super) to_beat: f64,
    /// Seconds until within one beat and staying there; absent if that never came.
    pub(super) recovered_after_s: Option<f64>,
}

/// All measures of one following.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct PositionScores {
    pub(super) onsets: usize,
    /// Absolute error over onsets not missed; absent if all were.
    pub(super) median_ms: Option<f64>,
    pub(super) mean_signed_ms: Option<f64>,
    /// Share of all onsets, 0-1.
    pub(super) within_50_ms: f64,
    pub(super) within_100_ms: f64,
    pub(super) within_300_ms: f64,
    pub(super) within_1000_ms: f64,
    /// Share of all onsets never reported, or 2 s off.
    pub(super) missed: f64,
    pub(super) jumps: Vec<Jump>,
}

const NEARLY_BEATS: f64 = 1e-3;
const MISSED_S: f64 = 2.0;

/// Judges `reports` (in stream order) by `truth` (any order).
///
/// Every distinct onset is judged by the first report that lies between it and the next onset, or crosses it from
/// less than 8 beats away, not earlier than 2 s before it was played, and made while its segment was played.
pub(super) fn score_positions(truth: &[TruePosition], reports: &[Report]) -> PositionScores {
    let truth = distinct_onsets(truth);
    let segments = truth.last().map_or(0, |row| row.segment + 1);
    let mut errors_ms: Vec<f64> = Vec::with_capacity(truth.len());
    for segment in 0..segments {
        errors_ms.extend(segment_errors_s(&truth, segment, reports).map(|error| error * 1e3));
    }
    let onsets = truth.len();
    let within =
        |ms: f64| errors_ms.iter().filter(|error| error.abs() <= ms).count() as f64 / onsets.max(1) as f64;
    let mut absolute: Vec<f64> = errors_ms.iter().map(|error| error.abs()).collect();
    absolute.sort_by(f64::total_cmp);
    let heard = !absolute.is_empty();
    PositionScores {
        onsets,
        median_ms: heard.then(|| quantile(&absolute, 0.5)),
        mean_signed_ms: heard.then(|| errors_ms.iter().sum::<f64>() / errors_ms.len() as f64),
        within_50_ms: within(50.0),
        within_100_ms: within(100.0),
        within_300_ms: within(300.0),
        within_1000_ms: within(1000.0),
        missed: 1.0 - errors_ms.len() as f64 / onsets.max(1) as f64,
        jumps: (1..segments).filter_map(|segment| jump(&truth, segment, reports)).collect(),
    }
}

/// In time order, segments counted from 0 without holes, each path position once a segment.
fn distinct_onsets(truth: &[TruePosition]) -> Vec<TruePosition> {
    let mut sorted: Vec<&TruePosition> = truth.iter().collect();
    sorted.sort_by(|a, b| a.time_s.total_cmp(&b.time_s));
    let mut seen = std::collections::HashSet::new();
    let mut rows = Vec::with_capacity(sorted.len());
    let (mut label, mut segment) = (sorted.first().map_or(0, |row| row.segment), 0);
    for row in sorted {
        if row.segment != label {
            label = row.segment;
            segment += 1;
        }
        if seen.insert((segment, (row.beat * 1e4).round_ties_even() as i64)) {
            rows.push(TruePosition { segment, ..row.clone() });
        }
    }
    rows
}

/// Errors, report minus truth, of the onsets of one segment that were reported within [`MISSED_S`].
fn segment_errors_s(truth: &[TruePosition], segment: usize, reports: &[Report]) -> impl Iterator<Item = f64> {
    let times = |segment: usize| truth.iter().filter(move |row| row.segment == segment).map(|row| row.time_s);
    let mut from = f64::NEG_INFINITY;
    if segment > 0 {
        from = times(segment).fold(f64::INFINITY, f64::min) - 2.0;
        from = from.max(times(segment - 1).fold(f64::NEG_INFINITY, f64::max));
    }
    let to = times(segment + 1).fold(f64::INFINITY, f64::min);
    let first = reports.partition_point(|report| report.time_s < from);
    let last = reports.partition_point(|report| report.time_s < to);
    let window = &reports[first..last.max(first)];
    let mut onsets: Vec<&TruePosition> = truth.iter().filter(|row| row.segment == segment).collect();
    onsets.sort_by(|a, b| a.beat.total_cmp(&b.beat));
    let mut steps: Vec<f64> = onsets.windows(2).map(|pair| pair[1].beat - pair[0].beat).collect();
    steps.sort_by(f64::total_cmp);
    let usual_step = if steps.is_empty() { 1.0 } else { quantile(&steps, 0.5) };
    let mut errors = Vec::with_capacity(onsets.len());
    for (k, onset) in onsets.iter().enumerate() {
        let next = onsets.get(k + 1).map_or(onset.beat + usual_step + 1.0, |next| next.beat);
        let start = window.partition_point(|report| report.time_s < onset.time_s - MISSED_S);
        let hit = (start..window.len()).find(|&i| {
            let Some(beat) = window[i].beat else { return false };
            let inside = beat >= onset.beat - NEARLY_BEATS && beat < next - NEARLY_BEATS;
            let before = if i > 0 { window[i - 1].beat } else { None };
            let crossed = before.is_some_and(|before| {
                before < onset.beat - NEARLY_BEATS
                    && beat >= onset.beat - NEARLY_BEATS
                    && before > onset.beat - 8.0
                    && beat < onset.beat + 8.0
            });
            inside || crossed
        });
        errors.extend(
            hit.map(|i| window[i].time_s - onset.time_s)
                .filter(|error| (error * 1e3).abs() <= MISSED_S * 1e3),
        );
    }
    errors.into_iter()
}

/// Recovery after the jump into `segment`: the first moment from which nine tenths of the next 2 s (or of what is
/// left) are within one beat. Segments shorter than 0.1 s are not judged.
fn jump(truth: &[TruePosition], segment: usize, reports: &[Report]) -> Option<Jump> {
    const STEP_S: f64 = 0.02;
    const STAYING: usize = 100;
    let rows: Vec<&TruePosition> = truth.iter().filter(|row| row.segment == segment).collect();
    let (first, last) = (rows.first()?, rows.last()?);
    let before = truth.iter().rev().find(|row| row.segment + 1 == segment)?;
    let count = ((last.time_s - first.time_s) / STEP_S).ceil() as usize;
    if count < 5 {
        return None;
    }
    let close: Vec<bool> = (0..count)
        .map(|i| {
            let time = first.time_s + i as f64 * STEP_S;
            let at = reports.partition_point(|report| report.time_s <= time);
            let told = if at > 0 { reports[at - 1].beat } else { None };
            told.is_some_and(|beat| (beat - true_beat(&rows, time)).abs() <= 1.0)
        })
        .collect();
    let recovered = (0..count).filter(|&i| close[i]).find(|&i| {
        let stretch = &close[i..(i + STAYING).min(count)];
        let share = stretch.iter().filter(|&&ok| ok).count() as f64 / stretch.len() as f64;
        share >= 0.9 && stretch.len() >= 50.min(count - i)
    });
    Some(Jump {
        at_s: first.time_s,
        from_beat: before.beat,
        to_beat: first.beat,
        recovered_after_s: recovered.map(|i| i as f64 * STEP_S),
    })
}

/// Linear between rows (in time order), never falling.
fn true_beat(rows: &[&TruePosition], time_s: f64) -> f64 {
    let after = rows.partition_point(|row| row.time_s <= time_s);
    let highest = |n: usize| rows[..n].iter().map(|row| row.beat).fold(f64::NEG_INFINITY, f64::max);
    if after == 0 {
        return rows[0].beat;
    }
    if after == rows.len() {
        return highest(after);
    }
    let (a, b) = (highest(after), highest(after + 1));
    let (from, to) = (rows[after - 1].time_s, rows[after].time_s);
    if to > from { a + (b - a) * (time_s - from) / (to - from) } else { b }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One onset a beat, half a second each.
    fn steady(beats: std::ops::Range<usize>, start_s: f64, segment: usize) -> Vec<TruePosition> {
        let first = beats.start;
        beats
            .map(|beat| TruePosition {
                beat: beat as f64,
                time_s: start_s + 0.5 * (beat - first) as f64,
                segment,
            })
            .collect()
    }

    fn reports(end_s: f64, beat_at: impl Fn(f64) -> Option<f64>) -> Vec<Report> {
        (0..(end_s * 100.0) as usize)
            .map(|n| Report { time_s: n as f64 / 100.0, beat: beat_at(n as f64 / 100.0) })
            .collect()
    }

    #[test]
    fn a_follower_that_lags_is_late_by_its_lag() {
        let truth = steady(0..20, 1.0, 0);
        let scores = score_positions(&truth, &reports(12.0, |t| Some((t - 1.08) * 2.0)));
        assert!((scores.median_ms.unwrap() - 80.0).abs() < 1.0, "{scores:?}");
        assert_eq!((scores.within_50_ms, scores.within_100_ms, scores.missed), (0.0, 1.0, 0.0));
    }

    #[test]
    fn a_follower_that_says_nothing_misses_all() {
        let scores = score_positions(&steady(0..10, 0.0, 0), &reports(6.0, |_| None));
        assert_eq!((scores.missed, scores.median_ms), (1.0, None));
    }

    #[test]
    fn recovery_counts_from_the_jump() {
        let mut truth = steady(0..10, 0.0, 0);
        truth.extend(steady(40..60, 5.0, 1));
        // Stays at the old place for 1.5 s.
        let told = |t: f64| if t < 6.5 { Some(2.0 * t) } else { Some(40.0 + 2.0 * (t - 5.0)) };
        let scores = score_positions(&truth, &reports(15.0, told));
        assert_eq!(scores.jumps.len(), 1);
        let jump = &scores.jumps[0];
        assert_eq!((jump.from_beat, jump.to_beat), (9.0, 40.0));
        assert!((jump.recovered_after_s.unwrap() - 1.5).abs() < 0.21, "{jump:?}");
    }
}
