//! Note evidence kept for a whole take, small enough for hours of it.

use crate::performance::PosteriorFrame;
use crate::units::{FrameIndex, Pitch, Seconds};

/// Probabilities below this are not kept.
const FLOOR: f32 = 0.01;
/// Steps of log-odds to a unit: 255 of them reach from .002 to .998, fine where keys are hardly heard.
const STEPS: f32 = 20.0;
/// Log-odds 0 in steps.
const EVEN: f32 = 128.0;

/// A probability in steps of log-odds; 0 is none.
fn steps(probability: f32) -> u8 {
    let p = probability.clamp(0.0, 1.0);
    ((p / (1.0 - p)).ln() * STEPS + EVEN).round().clamp(0.0, 255.0) as u8
}

/// The probability of so many steps.
fn probability(steps: u8) -> f32 {
    if steps == 0 { 0.0 } else { 1.0 / (1.0 + ((EVEN - f32::from(steps)) / STEPS).exp()) }
}

/// One key's evidence in one frame, in steps of log-odds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    key: u8,
    onset: u8,
    sounding: u8,
}

/// Onset and sounding probabilities of every frame so far, sparse: 4 bytes a frame and 3 bytes a key that has any.
///
/// Four hours with ten keys sounding, and twenty more of which a little is heard, take 135 MB, a fifteenth of the frames themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EvidenceLog {
    /// Frame number of the first frame kept.
    first: u64,
    /// Where each frame's entries end.
    ends: Vec<u32>,
    entries: Vec<Entry>,
}

impl EvidenceLog {
    /// Adds the next frame. Frames missing before it are taken to be silent; a frame that came before is ignored.
    pub fn push(&mut self, frame: &PosteriorFrame) {
        let number = frame.frame.0;
        if self.ends.is_empty() {
            self.first = number;
        }
        let next = self.first + self.ends.len() as u64;
        // A day of missing frames is a fault of the caller's, not a reason to fill the memory.
        if number < next || number - next > 8_640_000 || self.entries.len() > u32::MAX as usize - 88 {
            return;
        }
        let end = self.entries.len() as u32;
        self.ends.extend(std::iter::repeat_n(end, (number - next) as usize));
        for (key, (&onset, &sounding)) in frame.onset.iter().zip(&frame.sounding).enumerate() {
            if onset >= FLOOR || sounding >= FLOOR {
                let (onset, sounding) = (steps(onset), steps(sounding));
                self.entries.push(Entry { key: key as u8, onset, sounding });
            }
        }
        self.ends.push(self.entries.len() as u32);
    }

    /// Number of frames kept.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// True before the first frame.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The highest onset probability of `pitch` between two times, both inclusive; 0 outside what was kept.
    pub fn onset_peak(&self, pitch: Pitch, from: Seconds, to: Seconds) -> f32 {
        probability(self.fold(pitch, from, to, 0u8, |peak, entry| peak.max(entry.onset)).0)
    }

    /// When that highest probability was, the earliest of equals; `from` where there is none.
    pub fn onset_peak_at(&self, pitch: Pitch, from: Seconds, to: Seconds) -> Seconds {
        let first = from.frame().0;
        let peak = (first..=to.frame().0).map(FrameIndex).fold((0.0, from), |best, frame| {
            let here = self.onset_peak(pitch, frame.seconds(), frame.seconds());
            if here > best.0 { (here, frame.seconds()) } else { best }
        });
        peak.1
    }

    /// The mean sounding probability of `pitch` between two times, both inclusive; 0 outside what was kept.
    pub fn sounding_mean(&self, pitch: Pitch, from: Seconds, to: Seconds) -> f32 {
        let (sum, frames) =
            self.fold(pitch, from, to, 0.0f32, |sum, entry| sum + probability(entry.sounding));
        if frames == 0 { 0.0 } else { sum / frames as f32 }
    }

    /// The highest sounding probability of `pitch` between two times, both inclusive; 0 outside what was kept.
    pub fn sounding_peak(&self, pitch: Pitch, from: Seconds, to: Seconds) -> f32 {
        probability(self.fold(pitch, from, to, 0u8, |peak, entry| peak.max(entry.sounding)).0)
    }

    /// Folds the entries of `pitch`, and counts the frames looked at.
    fn fold<T>(
        &self,
        pitch: Pitch,
        from: Seconds,
        to: Seconds,
        start: T,
        step: impl Fn(T, Entry) -> T,
    ) -> (T, usize) {
        let Some(key) = pitch.key() else { return (start, 0) };
        let last = self.first + self.ends.len() as u64;
        let from = from.frame().0.clamp(self.first, last);
        let to = to.frame().0.saturating_add(1).clamp(self.first, last);
        let mut folded = start;
        for frame in from..to {
            let index = (frame - self.first) as usize;
            let begin = if index == 0 { 0 } else { self.ends[index - 1] as usize };
            for &entry in &self.entries[begin..self.ends[index] as usize] {
                if entry.key as usize == key {
                    folded = step(folded, entry);
                }
            }
        }
        (folded, to.saturating_sub(from) as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// The sparse log answers as the frames themselves would, to the precision kept.
        #[test]
        fn the_log_answers_like_the_frames(
            values in prop::collection::vec((0usize..88, 0.0f32..1.0, 0.0f32..1.0), 1..60),
            from in 0u64..60,
            length in 0u64..20,
        ) {
            let frames: Vec<PosteriorFrame> = values
                .iter()
                .enumerate()
                .map(|(n, &(key, onset, sounding))| {
                    let mut frame = PosteriorFrame::silent(FrameIndex(n as u64));
                    frame.onset[key] = onset;
                    frame.sounding[key] = sounding;
                    frame
                })
                .collect();
            let mut log = EvidenceLog::default();
            frames.iter().for_each(|frame| log.push(frame));
            prop_assert_eq!(log.len(), frames.len());
            let span = || frames.iter().skip(from as usize).take(length as usize + 1);
            for key in [values[0].0, 40] {
                let (a, b) = (FrameIndex(from).seconds(), FrameIndex(from + length).seconds());
                let pitch = Pitch::from_key(key);
                let peak = span().map(|frame| frame.onset[key]).fold(0.0, f32::max);
                prop_assert!((log.onset_peak(pitch, a, b) - peak).abs() < FLOOR);
                let at = log.onset_peak_at(pitch, a, b);
                prop_assert!(a <= at && at <= b && log.onset_peak(pitch, at, at) == log.onset_peak(pitch, a, b));
                let peak = span().map(|frame| frame.sounding[key]).fold(0.0, f32::max);
                prop_assert!((log.sounding_peak(pitch, a, b) - peak).abs() < FLOOR);
                let count = span().count().max(1) as f32;
                let mean = span().map(|frame| frame.sounding[key]).sum::<f32>() / count;
                prop_assert!((log.sounding_mean(pitch, a, b) - mean).abs() < FLOOR);
            }
        }
    }

    #[test]
    fn missing_frames_are_silent_and_old_ones_ignored() {
        let mut log = EvidenceLog::default();
        let mut frame = PosteriorFrame::silent(FrameIndex(100));
        frame.onset[39] = 0.9;
        log.push(&frame);
        frame.frame = FrameIndex(105);
        log.push(&frame);
        frame.frame = FrameIndex(50);
        log.push(&frame);
        assert_eq!(log.len(), 6);
        assert!(log.onset_peak(Pitch(60), Seconds(1.02), Seconds(1.04)) < 0.01);
        assert!(log.onset_peak(Pitch(60), Seconds(0.0), Seconds(9.0)) > 0.89);
        assert_eq!(log.onset_peak(Pitch(5), Seconds(0.0), Seconds(9.0)), 0.0);
    }
}
