//! Spectra to note evidence, by whichever estimator is chosen.

use super::{EngineError, EstimatorKind};
use crate::audio::{BINS, DB_PER_UNIT, FLOOR_DB, LONGEST_WINDOW, SpectralFrame, SpectrumAnalyser};
use crate::follower::FollowerSettings;
use crate::network::{NetworkEstimator, Weights};
use crate::notes::TrackerConfig;
use crate::performance::{DecisionDelay, PosteriorFrame};
use crate::salience::{HarmonicEstimator, HarmonicTemplates};
use crate::units::FrameIndex;
use std::sync::{Arc, OnceLock};

/// Which of the front end's time resolutions the harmonic estimator decomposes: windows of 128 ms.
const DECOMPOSED: usize = 1;

/// Partials above this are beyond the front end.
const HIGHEST_PARTIAL_HZ: f64 = 6_600.0;

/// The network's weights; what they are and how they were made: `assets/MODEL_CARD.md`.
const WEIGHTS: &[u8] = include_bytes!("../../assets/ear.weights");

/// The chosen estimator.
pub(super) enum Hearing {
    /// Signal processing.
    Harmonic { estimator: Box<HarmonicEstimator>, magnitudes: Box<[f32; BINS]> },
    /// The trained network.
    Network(Box<NetworkEstimator>),
}

impl Hearing {
    pub(super) fn new(kind: EstimatorKind, delay: DecisionDelay) -> Result<Hearing, EngineError> {
        let mut hearing = match kind {
            EstimatorKind::Harmonic => Hearing::Harmonic {
                estimator: Box::new(HarmonicEstimator::new(templates())),
                magnitudes: Box::new([0.0; BINS]),
            },
            EstimatorKind::Network => {
                Hearing::Network(Box::new(NetworkEstimator::new(&Weights::read(WEIGHTS)?)))
            }
        };
        hearing.set_delay(delay);
        Ok(hearing)
    }

    /// Decides at another delay from the next step on, if the estimator can. A test sees to it that the shipped network
    /// can.
    pub(super) fn set_delay(&mut self, delay: DecisionDelay) {
        if let Hearing::Network(estimator) = self {
            estimator.set_look_ahead(delay.hops());
        }
    }

    /// Whether [`Hearing::set_delay`] would change something.
    pub(super) fn waits_otherwise(&self, delay: DecisionDelay) -> bool {
        matches!(self, Hearing::Network(estimator) if estimator.look_ahead() != delay.hops())
    }

    pub(super) fn reset(&mut self) {
        match self {
            Hearing::Harmonic { estimator, .. } => estimator.reset(),
            Hearing::Network(estimator) => estimator.reset(),
        }
    }

    /// Hops from the moment described by evidence to the spectrum that completes it.
    pub(super) fn look_ahead(&self) -> u64 {
        let hops = match self {
            Hearing::Harmonic { estimator, .. } => estimator.look_ahead(),
            Hearing::Network(estimator) => estimator.look_ahead(),
        };
        hops as u64
    }

    /// The same of an estimator that is not made yet.
    pub(super) fn look_ahead_of(kind: EstimatorKind, delay: DecisionDelay) -> u64 {
        let hops = match kind {
            EstimatorKind::Harmonic => HarmonicEstimator::LOOK_AHEAD,
            EstimatorKind::Network => delay.hops(),
        };
        hops as u64
    }

    /// Thresholds that suit the estimator's probabilities.
    pub(super) fn tracker_config(kind: EstimatorKind) -> TrackerConfig {
        match kind {
            EstimatorKind::Harmonic => TrackerConfig {
                onset: 0.5,
                restrike: 0.5,
                sure_early: 1.1,
                at_rise: false,
                restrike_gap_frames: 8,
                sure: 1.1,
                sounding_confirm: 0.5,
                confirm_frames: 3,
                // Rises of what is already in the window make activations creep up softly: strikes only.
                soft: 1.0,
                soft_frames: 0,
                soft_onset: 0.0,
                sounding_end: 0.3,
                end_frames: 3,
                sounding_sure: 0.3,
                end_shift_s: 0.0,
                release: 1.1,
                ghost: 0.5,
                ghost_ratio: 1.05,
                ghost_frames: 3,
                polyphony: 24,
                // The rise is steepest a little after the attack it comes from.
                onset_shift_s: -0.026,
            },
            EstimatorKind::Network => TrackerConfig {
                onset: 0.43,
                restrike: 0.43,
                sure_early: 0.65,
                at_rise: true,
                restrike_gap_frames: 4,
                sure: 0.57,
                sounding_confirm: 0.7,
                confirm_frames: 10,
                // Of slow attacks it is sure that they sound before it is sure when they began.
                soft: 0.6,
                soft_frames: 2,
                soft_onset: 0.05,
                sounding_end: 0.25,
                end_frames: 3,
                sounding_sure: 0.65,
                end_shift_s: -0.02,
                release: 1.1,
                ghost: 0.0,
                ghost_ratio: 1.0,
                ghost_frames: 0,
                polyphony: 48,
                onset_shift_s: 0.0,
            },
        }
    }

    /// What the follower must know of the estimator.
    pub(super) fn follower_settings(kind: EstimatorKind) -> FollowerSettings {
        let onset_shift_s = Hearing::tracker_config(kind).onset_shift_s as f32;
        let usual = FollowerSettings::default();
        match kind {
            EstimatorKind::Harmonic => {
                // What sounds on is taken for keys that begin to sound, and partials for notes, more often than the
                // network does.
                FollowerSettings { onset_shift_s, soft_onset: 5.0, ghost: 0.05, ..usual }
            }
            EstimatorKind::Network => FollowerSettings { onset_shift_s, ..usual },
        }
    }

    /// What the last step said of a later moment already, and of earlier moments once more and surer, if the estimator does
    /// that and the delay chosen leaves room for it; the earliest moment last.
    pub(super) fn other_judgements(&self) -> &[PosteriorFrame] {
        match self {
            Hearing::Harmonic { .. } => &[],
            Hearing::Network(estimator) => estimator.other_judgements(),
        }
    }

    /// Takes the newest spectrum, which completes the evidence of the moment [`Hearing::look_ahead`] hops earlier.
    pub(super) fn step(&mut self, spectrum: &SpectralFrame, described: FrameIndex) -> &PosteriorFrame {
        match self {
            Hearing::Harmonic { estimator, magnitudes } => {
                for (magnitude, &level) in magnitudes.iter_mut().zip(&spectrum.levels[DECOMPOSED]) {
                    *magnitude = magnitude_of(level);
                }
                estimator.step(magnitudes, spectrum.level_db, described)
            }
            Hearing::Network(estimator) => estimator.step(&spectrum.levels, spectrum.level_db, described),
        }
    }
}

/// Amplitude, 1 at a full-scale sine, of a level of the front end.
fn magnitude_of(level: f32) -> f32 {
    const PER_UNIT: f32 = DB_PER_UNIT / 20.0 * std::f32::consts::LOG2_10;
    const AT_ZERO: f32 = FLOOR_DB / 20.0 * std::f32::consts::LOG2_10;
    (level * PER_UNIT + AT_ZERO).exp2()
}

/// The harmonic templates as this front end shows them; made once a process.
fn templates() -> Arc<HarmonicTemplates> {
    static TEMPLATES: OnceLock<Arc<HarmonicTemplates>> = OnceLock::new();
    TEMPLATES
        .get_or_init(|| {
            let mut analyser = SpectrumAnalyser::new();
            let mut frame = SpectralFrame::silent(FrameIndex(0));
            let mut sine = vec![0.0f32; LONGEST_WINDOW];
            let response = |hz: f64| {
                let step = std::f64::consts::TAU * hz / f64::from(crate::audio::ANALYSIS_RATE_HZ);
                sine.iter_mut().enumerate().for_each(|(n, s)| *s = (step * n as f64).sin() as f32);
                analyser.analyse(&sine, &mut frame);
                frame.levels[DECOMPOSED].map(|level| magnitude_of(level).powi(2))
            };
            Arc::new(HarmonicTemplates::new(response, HIGHEST_PARTIAL_HZ))
        })
        .clone()
}
