//! What the exports of a session are made from, and words they share.

use crate::performance::{Coverage, EditPlan, Fault, FaultKind, Mark, PartCoverage, Stretch, Take};
use crate::score::PlayingPath;
use crate::units::Seconds;
use std::borrow::Cow;

/// A session as the writers see it; all times are recording time.
#[derive(Clone, Copy, Debug)]
pub struct SessionView<'a> {
    /// Name of the piece.
    pub title: &'a str,
    /// The recording's file that the times refer to; `None` where they are those of a host's timeline, for no host tells where
    /// its sound is.
    pub recording: Option<&'a str>,
    /// The score as played.
    pub path: &'a PlayingPath,
    /// The takes with their faults.
    pub takes: &'a [Take],
    /// What the takes are called; empty where they are counted from 1 in their order.
    pub numbers: &'a [u32],
    /// Coverage of every path step.
    pub coverage: &'a [Coverage],
    /// The same part by part; empty where there is one part only.
    pub parts: &'a [PartCoverage],
    /// The proposed edit.
    pub plan: &'a EditPlan,
    /// What the human decided.
    pub marks: &'a [Mark],
}

impl SessionView<'_> {
    /// The file that all takes are in; a host's timeline, from its start on, is taken to be in one of the piece's name.
    pub(super) fn file(&self) -> Cow<'_, str> {
        match self.recording {
            Some(recording) => recording.into(),
            None if self.title.trim().is_empty() => "colla parte.wav".into(),
            None => format!("{}.wav", self.title.trim().replace(['/', '\\'], "_")).into(),
        }
    }

    /// What a take is called.
    pub(super) fn number(&self, take: u32) -> u32 {
        self.numbers.get(take as usize).copied().unwrap_or(take + 1)
    }

    /// The printed number of a step, with its pass where it is not the first: `37`, `37 (2nd)`.
    pub(super) fn measure(&self, step: u32) -> String {
        let Some(step) = self.path.steps.get(step as usize) else { return String::from("?") };
        match step.pass {
            0 | 1 => step.number.clone(),
            2 => format!("{} (2nd)", step.number),
            3 => format!("{} (3rd)", step.number),
            pass => format!("{} ({pass}th)", step.number),
        }
    }

    /// `1-12` or `12`.
    pub(super) fn measures(&self, from: u32, to: u32) -> String {
        if from == to { self.measure(from) } else { format!("{}-{}", self.measure(from), self.measure(to)) }
    }

    /// `1-7, 13-18`: what a take covers.
    pub fn covers(&self, take: &Take) -> String {
        let of = |stretch: &Stretch| self.measures(stretch.from_step, stretch.to_step);
        take.stretches.iter().map(of).collect::<Vec<_>>().join(", ")
    }
}

/// The word for a kind of fault.
pub(super) fn kind_name(kind: FaultKind) -> &'static str {
    match kind {
        FaultKind::Wrong => "wrong",
        FaultKind::Missed => "missed",
        FaultKind::Extra => "extra",
        FaultKind::Stutter => "stutter",
        FaultKind::Hesitation => "hesitation",
        FaultKind::Timing => "timing",
        FaultKind::Intonation => "intonation",
    }
}

/// A fault in words: `wrong C#4`, `intonation A4 +31 cents`; of a doubt with a question mark.
pub(super) fn fault_words(fault: &Fault) -> String {
    const NAMES: [&str; 12] = ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"];
    let mut words = String::from(kind_name(fault.kind));
    if let Some(pitch) = fault.pitch {
        let octave = pitch.0 as i32 / 12 - 1;
        let cents = fault.cents.map(|cents| format!(" {cents:+.0} cents")).unwrap_or_default();
        words += &format!(" {}{octave}{cents}", NAMES[pitch.0 as usize % 12]);
    }
    if fault.is_doubt() {
        words.push('?');
    }
    words
}

/// `h:mm:ss.mmm`, for people.
pub(super) fn clock(time: Seconds) -> String {
    let ms = (time.0.max(0.0) * 1000.0).round() as u64;
    format!("{}:{:02}:{:02}.{:03}", ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60, ms % 1000)
}
