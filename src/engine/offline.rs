//! The second pass: a whole recording against a score, with both directions of time.

use super::hearing::Hearing;
use super::{Engine, EngineConfig, EngineError, EngineEvent};
use crate::follower::{Alignment, Smoother};
use crate::score::PlayingPath;

/// Aligns one recording with one playing path.
pub struct OfflineAligner {
    engine: Engine,
    smoother: Smoother,
    events: Vec<EngineEvent>,
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
        Ok(OfflineAligner { engine, smoother, events: Vec::new() })
    }

    /// Takes the next samples of the recording.
    pub fn push(&mut self, samples: &[f32]) {
        self.engine.push(samples, &mut self.events);
        self.enter();
    }

    /// The alignment of the whole.
    pub fn finish(mut self) -> Alignment {
        self.engine.finish(&mut self.events);
        self.enter();
        self.smoother.finish()
    }

    fn enter(&mut self) {
        for event in self.events.drain(..) {
            if let EngineEvent::Evidence(frame) = event {
                self.smoother.push(&frame);
            }
        }
    }
}
