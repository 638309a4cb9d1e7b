//! The tempo map: a MIDI file whose tempo and meter track makes a DAW's grid follow the player.

use super::MidiWriteError;
use super::smf;
use crate::performance::AlignedBeat;
use crate::score::{PathStep, PlayingPath};
use crate::units::Seconds;
use midly::num::{u4, u7, u24};
use midly::{MetaMessage, MidiMessage, TrackEventKind};
use std::io::Write;

/// Ticks a quarter note: fine enough that a tempo's rounding to whole microseconds is the larger error.
const TICKS_PER_QUARTER: u16 = 960;
/// Tempos a MIDI file can hold, in microseconds a quarter note.
const TEMPO_RANGE: (f64, f64) = (1.0, 16_777_215.0);

/// How often the tempo changes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MapDensity {
    /// At every quarter note.
    Beat,
    /// At every measure line.
    Measure,
    /// Where the tempo truly changes: the fewest changes that leave no aligned beat off by more than 50 ms.
    Phrase,
    /// The same, with so many seconds for the 50 ms.
    Within(f64),
}

/// A tempo map: rising (path position, recording time) pairs with a steady tempo between two.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TempoMap {
    points: Vec<(f64, f64)>,
}

impl TempoMap {
    /// The map of one passage without a jump.
    ///
    /// Points of `beats` that do not rise are left out.
    pub fn new(path: &PlayingPath, beats: &[AlignedBeat], density: MapDensity) -> TempoMap {
        let mut known: Vec<(f64, f64)> = Vec::with_capacity(beats.len());
        for point in beats {
            if known.last().is_none_or(|last| point.beat > last.0 + 1e-6 && point.time.0 > last.1 + 1e-4) {
                known.push((point.beat, point.time.0));
            }
        }
        let (Some(&first), Some(&last)) = (known.first(), known.last()) else { return TempoMap::default() };
        let mut points = match density {
            MapDensity::Phrase => simplified(&known, 0.05),
            MapDensity::Within(tolerance_s) => simplified(&known, tolerance_s),
            MapDensity::Beat | MapDensity::Measure => {
                let grid: Vec<f64> = match density {
                    MapDensity::Measure => path.steps.iter().map(|step| step.start.to_f64()).collect(),
                    _ => quarters(path),
                };
                let inside = grid.into_iter().filter(|&beat| beat > first.0 + 1e-6 && beat < last.0 - 1e-6);
                let mut points = vec![first];
                points.extend(inside.map(|beat| (beat, time_at(&known, beat))));
                if last.0 > first.0 {
                    points.push(last);
                }
                points
            }
        };
        points.dedup_by(|b, a| b.0 - a.0 < 1e-6 || b.1 - a.1 < 1e-4);
        TempoMap { points }
    }

    /// When `beat` comes by this map; beyond its ends the nearest tempo goes on.
    pub fn time_at(&self, beat: f64) -> Seconds {
        Seconds(time_at(&self.points, beat))
    }

    /// Rising pairs of path position in beats and recording time in seconds, with a steady tempo between two.
    pub fn points(&self) -> &[(f64, f64)] {
        &self.points
    }

    /// Number of tempo changes.
    pub fn len(&self) -> usize {
        self.points.len()
    }

    /// True if there was nothing to map.
    pub fn is_empty(&self) -> bool {
        self.points.len() < 2
    }

    /// Distance of each aligned beat from the grid, in seconds.
    pub fn errors(&self, beats: &[AlignedBeat]) -> Vec<f64> {
        beats.iter().map(|point| (self.time_at(point.beat).0 - point.time.0).abs()).collect()
    }

    /// Writes the map as a format 1 MIDI file: tempo and meter in the first track, a click note on every beat in the
    /// second. Tick 0 is recording time 0: the grid gets an even lead-in of whole measures before the first beat.
    /// Returns the lead-in's length in beats: path position `b` lies at quarter `lead_in + b - first beat`.
    ///
    /// # Errors
    /// [`MidiWriteError`].
    pub fn write(&self, path: &PlayingPath, out: impl Write) -> Result<f64, MidiWriteError> {
        let Some(&(first_beat, first_time)) = self.points.first() else {
            return write_smf(vec![vec![]], out).map(|()| 0.0);
        };
        let step = path.step_at(first_beat).map(|step| &path.steps[step]);
        let measure = step.map_or(4.0, |step| meter_beats(step.meter));
        let into = step.map_or(0.0, |step| first_beat - step.start.to_f64());
        // The lead-in ends where the passage begins, so that measure lines fall where the score has them.
        let pace = self.points.get(1).map_or(0.5, |next| (next.1 - first_time) / (next.0 - first_beat));
        let whole = ((first_time / pace - into) / measure).round().max(if into > 0.0 { 0.0 } else { 1.0 });
        let lead_in = if first_time > 1e-3 { whole * measure + into } else { 0.0 };
        let tick = |beat: f64| {
            ((lead_in + beat - first_beat) * f64::from(TICKS_PER_QUARTER)).round().max(0.0) as u64
        };

        let mut conductor: Vec<(u64, MetaMessage<'static>)> = Vec::new();
        let mut written = 0.0;
        let mut tempo_change = |conductor: &mut Vec<_>, from: u64, to: u64, until: f64| {
            // Each tempo aims at the time the next point has, so that rounding never adds up.
            let quarters = (to - from) as f64 / f64::from(TICKS_PER_QUARTER);
            let exact = (until - written) * 1e6 / quarters;
            let tempo = exact.round().clamp(TEMPO_RANGE.0, TEMPO_RANGE.1);
            written += tempo * quarters / 1e6;
            conductor.push((from, MetaMessage::Tempo(u24::new(tempo as u32))));
        };
        if tick(first_beat) > 0 {
            tempo_change(&mut conductor, 0, tick(first_beat), first_time);
        }
        for pair in self.points.windows(2) {
            let (from, to) = (tick(pair[0].0), tick(pair[1].0));
            if to > from {
                tempo_change(&mut conductor, from, to, pair[1].1);
            }
        }
        let mut meter = step.map(|step| step.meter);
        conductor.extend(meter.map(|meter| (0, time_signature(meter))));
        let last_beat = self.points[self.points.len() - 1].0;
        for step in &path.steps {
            let (start, real) = (step.start.to_f64(), real_meter(step));
            if start >= first_beat - 1e-6 && start <= last_beat && meter != Some(real) {
                conductor.push((tick(start), time_signature(real)));
                meter = Some(real);
            }
        }
        let conductor =
            conductor.into_iter().map(|(tick, meta)| (tick, TrackEventKind::Meta(meta))).collect();
        let mut clicks = Vec::new();
        for beat in quarters(path) {
            if beat < first_beat - 1e-6 || beat > last_beat + 1e-6 {
                continue;
            }
            let downbeat = path.steps.iter().any(|step| step.start.to_f64() == beat);
            let key = u7::new(if downbeat { 76 } else { 77 });
            let at = tick(beat);
            let channel = u4::new(9);
            let on = MidiMessage::NoteOn { key, vel: u7::new(if downbeat { 112 } else { 80 }) };
            clicks.push((at, TrackEventKind::Midi { channel, message: on }));
            let off = MidiMessage::NoteOff { key, vel: u7::new(0) };
            clicks.push((at + 60, TrackEventKind::Midi { channel, message: off }));
        }
        write_smf(vec![conductor, clicks], out)?;
        Ok(lead_in)
    }
}

/// Every quarter of every step, from its start.
fn quarters(path: &PlayingPath) -> Vec<f64> {
    let mut beats = Vec::new();
    for step in &path.steps {
        let (start, length) = (step.start.to_f64(), step.length.to_f64());
        let mut beat = 0.0;
        while beat < length - 1e-6 {
            beats.push(start + beat);
            beat += 1.0;
        }
    }
    beats
}

fn meter_beats(meter: (u16, u16)) -> f64 {
    (4.0 * f64::from(meter.0) / f64::from(meter.1.max(1))).max(0.25)
}

/// The meter that gives a measure its real length (a pick-up of one quarter is a measure of 1/4), so that the next
/// measure line falls where the score has it.
fn real_meter(step: &PathStep) -> (u16, u16) {
    let length = step.length.to_f64();
    if (length - meter_beats(step.meter)).abs() < 1e-6 {
        return step.meter;
    }
    [step.meter.1.max(1), 8, 16, 32, 64]
        .into_iter()
        .map(|unit| (length * f64::from(unit) / 4.0, unit))
        .find(|(count, _)| (1.0..256.0).contains(count) && (count - count.round()).abs() < 1e-6)
        .map_or(step.meter, |(count, unit)| (count.round() as u16, unit))
}

fn time_signature(meter: (u16, u16)) -> MetaMessage<'static> {
    // The unit is written as a power of two; no score has another.
    let unit = meter.1.max(1).ilog2() as u8;
    MetaMessage::TimeSignature(meter.0.clamp(1, 255) as u8, unit, 24, 8)
}

/// The time of `beat` on the line through `points`.
fn time_at(points: &[(f64, f64)], beat: f64) -> f64 {
    let n = points.len();
    if n < 2 {
        return points.first().map_or(0.0, |point| point.1);
    }
    let after = points.partition_point(|point| point.0 <= beat).clamp(1, n - 1);
    let (a, b) = (points[after - 1], points[after]);
    a.1 + (beat - a.0) * (b.1 - a.1) / (b.0 - a.0)
}

/// The fewest points, found by halving (Ramer 1972, Douglas and Peucker 1973; here the distance is in time alone),
/// that leave none of `points` off by more than `tolerance_s`.
fn simplified(points: &[(f64, f64)], tolerance_s: f64) -> Vec<(f64, f64)> {
    let mut keep = vec![false; points.len()];
    let mut open = vec![(0, points.len() - 1)];
    while let Some((a, b)) = open.pop() {
        (keep[a], keep[b]) = (true, true);
        let ends = [points[a], points[b]];
        let off = |&i: &usize| (time_at(&ends, points[i].0) - points[i].1).abs();
        if let Some(worst) = (a + 1..b).max_by(|i, j| off(i).total_cmp(&off(j)))
            && off(&worst) > tolerance_s
        {
            open.extend([(a, worst), (worst, b)]);
        }
    }
    points.iter().zip(&keep).filter(|(_, keep)| **keep).map(|(point, _)| *point).collect()
}

fn write_smf(
    tracks: Vec<Vec<(u64, TrackEventKind<'static>)>>,
    out: impl Write,
) -> Result<(), MidiWriteError> {
    let timed = tracks.into_iter().map(|events| {
        let events = events.into_iter().map(|(tick, kind)| (tick, 0, kind)).collect();
        // At a tempo of 120: what a pause in seconds would be cannot be said of beats.
        smf::track(events, 0).map_err(|pause| pause.at(2.0 * f64::from(TICKS_PER_QUARTER)))
    });
    let tracks = timed.collect::<Result<Vec<_>, _>>()?;
    Ok(smf::write(tracks, TICKS_PER_QUARTER, out)?)
}
