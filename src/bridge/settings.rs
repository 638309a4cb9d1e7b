//! Settings on their way from the audio thread, which knows the host's automation, to the worker.

use crate::engine::{EngineConfig, EstimatorKind};
use crate::performance::DecisionDelay;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, Ordering};

/// The engine's settings as atomics: the audio thread stores them, the worker loads them.
///
/// # Realtime safety
/// Wait-free. The fields are independent of one another, so a half-finished store does no harm.
#[derive(Debug)]
pub struct Settings {
    decision_delay: AtomicU8,
    reference_hz: AtomicU32,
    sensitivity: AtomicU32,
    minimum_note_s: AtomicU32,
    velocity_curve: AtomicU32,
    score_assist: AtomicU32,
    lowest_pitch: AtomicU8,
    highest_pitch: AtomicU8,
    pitch_bend: AtomicBool,
    follow: AtomicBool,
}

impl Default for Settings {
    fn default() -> Self {
        let settings = Settings {
            decision_delay: AtomicU8::new(0),
            reference_hz: AtomicU32::new(0),
            sensitivity: AtomicU32::new(0),
            minimum_note_s: AtomicU32::new(0),
            velocity_curve: AtomicU32::new(0),
            score_assist: AtomicU32::new(0),
            lowest_pitch: AtomicU8::new(0),
            highest_pitch: AtomicU8::new(0),
            pitch_bend: AtomicBool::new(false),
            follow: AtomicBool::new(true),
        };
        settings.store(&EngineConfig::default());
        settings
    }
}

impl Settings {
    /// Stores everything but the estimator, which is chosen when the engine is made.
    pub fn store(&self, config: &EngineConfig) {
        self.decision_delay.store(config.decision_delay as u8, Ordering::Relaxed);
        self.reference_hz.store(config.reference_hz.to_bits(), Ordering::Relaxed);
        self.sensitivity.store(config.sensitivity.to_bits(), Ordering::Relaxed);
        self.minimum_note_s.store(config.minimum_note_s.to_bits(), Ordering::Relaxed);
        self.velocity_curve.store(config.velocity_curve.to_bits(), Ordering::Relaxed);
        self.score_assist.store(config.score_assist.to_bits(), Ordering::Relaxed);
        self.lowest_pitch.store(config.lowest_pitch, Ordering::Relaxed);
        self.highest_pitch.store(config.highest_pitch, Ordering::Relaxed);
        self.pitch_bend.store(config.pitch_bend, Ordering::Relaxed);
        self.follow.store(config.follow, Ordering::Relaxed);
    }

    /// The settings as last stored, with the given estimator.
    pub fn load(&self, estimator: EstimatorKind) -> EngineConfig {
        let float = |bits: &AtomicU32| f32::from_bits(bits.load(Ordering::Relaxed));
        EngineConfig {
            estimator,
            decision_delay: DecisionDelay::ALL[usize::from(self.decision_delay.load(Ordering::Relaxed))],
            reference_hz: float(&self.reference_hz),
            sensitivity: float(&self.sensitivity),
            lowest_pitch: self.lowest_pitch.load(Ordering::Relaxed),
            highest_pitch: self.highest_pitch.load(Ordering::Relaxed),
            minimum_note_s: float(&self.minimum_note_s),
            velocity_curve: float(&self.velocity_curve),
            score_assist: float(&self.score_assist),
            pitch_bend: self.pitch_bend.load(Ordering::Relaxed),
            follow: self.follow.load(Ordering::Relaxed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored_is_loaded() {
        let config = EngineConfig {
            decision_delay: DecisionDelay::Long,
            reference_hz: 415.0,
            sensitivity: 0.3,
            lowest_pitch: 40,
            highest_pitch: 90,
            minimum_note_s: 0.1,
            velocity_curve: 2.0,
            score_assist: 0.7,
            pitch_bend: true,
            follow: false,
            ..EngineConfig::default()
        };
        let settings = Settings::default();
        assert_eq!(settings.load(EstimatorKind::default()), EngineConfig::default());
        settings.store(&config);
        assert_eq!(settings.load(config.estimator), config);
    }
}
