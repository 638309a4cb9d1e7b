//! What the editor can see.

use super::{BookView, Company, LoadedScore};
use crate::performance::{PositionReport, Shading};
use crate::score::PlayingPath;
use crate::takes::Entry;
use crate::units::{Pitch, Seconds};
use std::path::Path;
use std::sync::Arc;

/// How long a heard note stays in the snapshot after it ended, in seconds.
pub(super) const HEARD_S: f64 = 16.0;

/// Heard notes kept at most.
pub(super) const HEARD_NOTES: usize = 2048;

/// Messages kept at most.
pub(super) const MESSAGES: usize = 8;

/// A note that was heard lately.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HeardNote {
    /// Which pitch.
    pub pitch: Pitch,
    /// 1-127.
    pub velocity: u8,
    /// Stream time of its onset.
    pub onset: Seconds,
    /// Stream time of its end, once known.
    pub offset: Option<Seconds>,
    /// Path position at the onset, in beats, while the follower had one.
    pub beat: Option<f64>,
}

/// Level of the input over the last 100 ms or so, dB relative to full scale, -120 or above.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Level {
    /// Highest sample.
    pub peak_db: f32,
    /// Root mean square.
    pub rms_db: f32,
}

impl Default for Level {
    fn default() -> Self {
        Level { peak_db: -120.0, rms_db: -120.0 }
    }
}

/// What went wrong with the stream since activation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Overload {
    /// Samples dropped because the worker did not keep up.
    pub dropped_samples: u64,
    /// Samples that were NaN, infinite or denormal, and were taken as silence.
    pub invalid_samples: u64,
    /// Times that the engine failed and was started anew.
    pub restarts: u32,
}

/// A path position in the reader's words.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// Index into the path's steps.
    pub step: u32,
    /// Printed measure number.
    pub number: String,
    /// Which time the measure passes, 1 = first.
    pub pass: u32,
    /// Quarter notes from the start of the measure.
    pub beat_in_measure: f64,
}

impl Place {
    /// Where `beat` lies on `path`; `None` if the path is empty.
    pub fn on(path: &PlayingPath, beat: f64) -> Option<Place> {
        let index = path.step_at(beat)?;
        let step = &path.steps[index];
        Some(Place {
            step: index as u32,
            number: step.number.clone(),
            pass: step.pass,
            beat_in_measure: (beat - step.start.to_f64()).max(0.0),
        })
    }
}

/// How serious a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Good to know.
    Note,
    /// Something did not work.
    Error,
}

/// Something to tell the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Counts the messages of this instance from 1.
    pub id: u64,
    /// How serious it is.
    pub severity: Severity,
    /// One line.
    pub text: String,
    /// The folder that files were written to, where it says that.
    pub folder: Option<Arc<Path>>,
}

/// What the worker last knew. Taken without waiting; never older than a few tens of milliseconds while audio runs.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// Samples per second of the host; 0 until the plugin was activated.
    pub rate_hz: f64,
    /// Stream time: input consumed since the last restart.
    pub now: Seconds,
    /// Path position at which the stream time above is, and how sure that is.
    pub position: Option<PositionReport>,
    /// The same in the reader's words.
    pub place: Option<Place>,
    /// Notes heard lately, by onset.
    pub notes: Vec<HeardNote>,
    /// What notes were made of lately.
    pub shading: Shading,
    /// Median time from attack to event of the last notes.
    pub latency: Option<Seconds>,
    /// Input level.
    pub level: Level,
    /// What went wrong with the stream.
    pub overload: Overload,
    /// Share of the time that the worker needs for the audio it gets, 0-1 and above.
    pub load: f32,
    /// Latest last.
    pub messages: Vec<Message>,
    /// The score that is followed.
    pub score: Option<Arc<LoadedScore>>,
    /// The session's book.
    pub book: Arc<BookView>,
    /// How many share it.
    pub company: Company,
    /// The take that runs, as far as it is known.
    pub live: Option<Arc<Entry>>,
    /// Takes are logged.
    pub armed: bool,
    /// The position is held where it is.
    pub held: bool,
    /// The follower looks only between these path positions, in beats.
    pub range: Option<(f64, f64)>,
}
