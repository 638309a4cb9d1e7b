//! The second pass: a whole recording against a score, with both directions of time.

use super::hearing::Hearing;
use super::{Engine, EngineConfig, EngineError, EngineEvent};
use crate::follower::{Alignment, Smoother};
use crate::score::PlayingPath;

/// Aligns one recording with one playing path.
pub struct OfflineAligner {
    engine: Engine,
    smoother: Smoother,
}

impl OfflineAligner {
    /// An aligner for a recording of `rate_hz`, 8-192 kHz.
    ///
    /// # Errors
    /// [`EngineError::Audio`] if the rate is out of range.
    pub fn new(
        config: &EngineConfig,
        rate_hz: f64,
        path: &PlayingPath,
    ) -> Result<OfflineAligner, EngineError> {
        let mut engine = Engine::new(config, rate_hz)?;
        engine.set_evidence(true);
        let smoother = Smoother::new(path, Hearing::follower_settings(config.estimator));
        Ok(OfflineAligner { engine, smoother })
    }

    /// Takes the next samples of the recording and appends what the engine says of them to `events`: notes and
    /// evidence, no positions.
    pub fn push(&mut self, samples: &[f32], events: &mut Vec<EngineEvent>) {
        let said = events.len();
        self.engine.push(samples, events);
        self.smooth(&events[said..]);
    }

    /// The alignment of the whole; the last notes and evidence are appended to `events`.
    pub fn finish(mut self, events: &mut Vec<EngineEvent>) -> Alignment {
        let said = events.len();
        self.engine.finish(events);
        self.smooth(&events[said..]);
        self.smoother.finish()
    }

    fn smooth(&mut self, events: &[EngineEvent]) {
        for event in events {
            if let EngineEvent::Evidence(frame) = event {
                self.smoother.push(frame);
            }
        }
    }
}
