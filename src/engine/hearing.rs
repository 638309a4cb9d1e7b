//! Spectra to note evidence, by whichever estimator is chosen.

use super::{EngineError, EstimatorKind};
use crate::audio::{BINS, DB_PER_UNIT, FLOOR_DB, LONGEST_WINDOW, SpectralFrame, SpectrumAnalyser};
use crate::follower::FollowerSettings;
use crate::network::{NetworkEstimator, STRIKE_LAGS, Weights};
use crate::notes::{PeakRule, StrikeRule, TrackerConfig};
use crate::performance::{DecisionDelay, PosteriorFrame, Strike};
use crate::salience::{HarmonicEstimator, HarmonicTemplates};
use crate::units::FrameIndex;
use std::sync::{Arc, OnceLock};

/// Which of the front end's time resolutions the harmonic estimator decomposes: windows of 128 ms.
const DECOMPOSED: usize = 1;

/// Partials above this are beyond the front end.
const HIGHEST_PARTIAL_HZ: f64 = 6_600.0;

/// A likelihood that no strike has.
const NEVER: f32 = 1.1;

/// How much later than the attack the harmonic estimator's strikes are, negative: what to add to them.
const ONSET_LATE_S: f64 = -0.026;

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
            estimator.set_look_ahead(delay.evidence_hops());
        }
    }

    /// Whether [`Hearing::set_delay`] would change something.
    pub(super) fn waits_otherwise(&self, delay: DecisionDelay) -> bool {
        matches!(self, Hearing::Network(estimator) if estimator.look_ahead() != delay.evidence_hops())
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
            EstimatorKind::Network => delay.evidence_hops(),
        };
        hops as u64
    }

    /// Thresholds that suit the estimator's probabilities.
    pub(super) fn tracker_config(kind: EstimatorKind, delay: DecisionDelay) -> TrackerConfig {
        match kind {
            EstimatorKind::Harmonic => TrackerConfig {
                strikes: StrikeRule::Peaks(PeakRule {
                    onset: 0.5,
                    restrike: 0.5,
                    restrike_gap_frames: 8,
                    sounding_confirm: 0.5,
                    confirm_frames: 3,
                    ghost: 0.5,
                    ghost_ratio: 1.05,
                    ghost_frames: 3,
                }),
                sounding_end: 0.3,
                end_frames: 3,
                sounding_sure: 0.3,
                end_shift_s: 0.0,
                release: 1.1,
                polyphony: 24,
                // The rise is steepest a little after the attack it comes from.
                onset_shift_s: ONSET_LATE_S,
            },
            EstimatorKind::Network => TrackerConfig {
                strikes: StrikeRule::Judged { likely: likely_enough(delay), gap_frames: 5 },
                sounding_end: 0.25,
                end_frames: 3,
                sounding_sure: 0.65,
                end_shift_s: -0.02,
                release: 1.1,
                polyphony: 48,
                onset_shift_s: 0.0,
            },
        }
    }

    /// What the follower must know of the estimator.
    pub(super) fn follower_settings(kind: EstimatorKind) -> FollowerSettings {
        let usual = FollowerSettings::default();
        match kind {
            EstimatorKind::Harmonic => {
                // What sounds on is taken for keys that begin to sound, and partials for notes, more often than the
                // network does.
                let onset_shift_s = ONSET_LATE_S as f32;
                FollowerSettings { onset_shift_s, soft_onset: 5.0, ghost: 0.05, ..usual }
            }
            EstimatorKind::Network => usual,
        }
    }

    /// What the last step said of later moments already, and of earlier moments once more and surer, if the estimator does
    /// that; the earliest moment last.
    pub(super) fn other_judgements(&self) -> &[PosteriorFrame] {
        match self {
            Hearing::Harmonic { .. } => &[],
            Hearing::Network(estimator) => estimator.other_judgements(),
        }
    }

    /// The strikes judged at the last step, if the estimator judges them.
    pub(super) fn strikes(&self) -> &[Strike] {
        match self {
            Hearing::Harmonic { .. } => &[],
            Hearing::Network(estimator) => estimator.strikes(),
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

/// How likely a strike must be, by how late it is: sooner only if it is surer.
fn likely_enough(delay: DecisionDelay) -> Vec<(usize, f32)> {
    // From lag 2 on; what is beyond the last is as the last.
    let least: &[f32] = match delay {
        // What is not heard within five hops is not told at all.
        DecisionDelay::Short => &[0.85, 0.68, 0.65, 0.9, NEVER],
        DecisionDelay::Standard => &[0.95, 0.88, 0.85, 0.82, 0.8],
        DecisionDelay::Long => &[NEVER, NEVER, 0.97, 0.93, 0.9, 0.85, 0.8],
    };
    let at = |place: usize| least[place.min(least.len() - 1)];
    STRIKE_LAGS.iter().enumerate().map(|(place, &lag)| (lag, at(place))).collect()
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
