//! When each place of the score came, within one stretch.

use crate::performance::AlignedBeat;
use crate::units::Seconds;

/// Strictly rising pairs of path position and recording time; linear between, the local tempo beyond.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Timeline {
    beats: Vec<f64>,
    times: Vec<f64>,
}

impl Timeline {
    /// The map through `points`. Points that do not rise in both coordinates are left out.
    pub fn new(points: impl IntoIterator<Item = (f64, f64)>) -> Timeline {
        let mut line = Timeline::default();
        for (beat, time) in points {
            let rises = match (line.beats.last(), line.times.last()) {
                (Some(&b), Some(&t)) => beat > b + 1e-6 && time > t + 1e-4,
                _ => true,
            };
            if rises && beat.is_finite() && time.is_finite() {
                line.beats.push(beat);
                line.times.push(time);
            }
        }
        line
    }

    /// The map through aligned beats.
    pub fn through(beats: &[AlignedBeat]) -> Timeline {
        Timeline::new(beats.iter().map(|aligned| (aligned.beat, aligned.time.0)))
    }

    /// Number of points.
    pub fn len(&self) -> usize {
        self.beats.len()
    }

    /// When `beat` came.
    pub fn time_at(&self, beat: f64) -> Seconds {
        Seconds(interpolate(&self.beats, &self.times, beat))
    }

    /// The place reached at `time`, in seconds.
    pub fn beat_at(&self, time: f64) -> f64 {
        interpolate(&self.times, &self.beats, time)
    }

    /// Seconds a beat takes around `beat`: the median over the points within `span` beats each side, and at least
    /// over the nearest four intervals.
    pub fn seconds_per_beat(&self, beat: f64, span: f64) -> f64 {
        if self.beats.len() < 2 {
            return 0.5;
        }
        let intervals = self.beats.len() - 1;
        let mut from = self.beats.partition_point(|&b| b < beat - span);
        let mut to = self.beats.partition_point(|&b| b <= beat + span).saturating_sub(1).min(intervals);
        if to < from + 4 {
            let middle = self.beats.partition_point(|&b| b <= beat);
            from = middle.saturating_sub(3).min(intervals.saturating_sub(4));
            to = (from + 4).min(intervals);
        }
        // Weighted by the beats an interval spans: sixteenths do not outvote the quarters between them.
        let mut slopes: Vec<(f64, f64)> = (from..to)
            .map(|i| {
                let beats = self.beats[i + 1] - self.beats[i];
                ((self.times[i + 1] - self.times[i]) / beats, beats)
            })
            .collect();
        slopes.sort_by(|a, b| a.0.total_cmp(&b.0));
        let half = slopes.iter().map(|slope| slope.1).sum::<f64>() / 2.0;
        let mut passed = 0.0;
        for &(slope, weight) in &slopes {
            passed += weight;
            if passed >= half {
                return slope;
            }
        }
        0.5
    }
}

/// The value of the line through (`xs`, `ys`) at `x`; beyond its ends the slope over the last four points goes on.
fn interpolate(xs: &[f64], ys: &[f64], x: f64) -> f64 {
    let n = xs.len();
    if n == 0 {
        return 0.0;
    }
    if n == 1 {
        // One beat, one time: half a second a beat is all that can be said.
        return ys[0] + (x - xs[0]) * 0.5;
    }
    let after = xs.partition_point(|&point| point <= x);
    let (a, b) = if after == 0 {
        (0, 4.min(n - 1))
    } else if after == n {
        (n - 1 - 4.min(n - 1), n - 1)
    } else {
        (after - 1, after)
    };
    let slope = (ys[b] - ys[a]) / (xs[b] - xs[a]);
    if after == n { ys[b] + (x - xs[b]) * slope } else { ys[a] + (x - xs[a]) * slope }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn time_rises_with_the_beat_and_goes_through_the_points(
            steps in prop::collection::vec((0.05f64..2.0, 0.02f64..2.0), 2..40),
            at in 0.0f64..1.0,
        ) {
            let mut point = (0.0, 0.0);
            let points: Vec<(f64, f64)> = steps
                .iter()
                .map(|&(beat, time)| {
                    point = (point.0 + beat, point.1 + time);
                    point
                })
                .collect();
            let line = Timeline::new(points.iter().copied());
            prop_assert_eq!(line.len(), points.len());
            let beat = points[0].0 + at * (point.0 - points[0].0);
            prop_assert!(line.time_at(beat + 1e-3) > line.time_at(beat));
            prop_assert!(points.iter().all(|&(beat, time)| (line.time_at(beat).0 - time).abs() < 1e-9));
        }
    }

    #[test]
    fn points_that_go_back_are_left_out_and_the_tempo_goes_on() {
        let line = Timeline::new([(0.0, 1.0), (1.0, 1.5), (0.5, 1.6), (2.0, 2.0), (3.0, f64::NAN)]);
        assert_eq!(line.len(), 3);
        assert!((line.time_at(4.0).0 - 3.0).abs() < 1e-9);
        assert!((line.time_at(-1.0).0 - 0.5).abs() < 1e-9);
        assert!((line.seconds_per_beat(1.0, 1.0) - 0.5).abs() < 1e-9);
    }
}
