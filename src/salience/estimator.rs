//! One spectral frame in, one posterior frame out, some hops late.

use super::decomposition::Decomposition;
use super::templates::{BINS, ENVELOPES, HarmonicTemplates};
use crate::performance::PosteriorFrame;
use crate::units::{FrameIndex, KEYS};
use std::sync::Arc;

/// Hops by which evidence lags the newest spectrum.
const LOOK_AHEAD: usize = 3;
/// Frames of activation kept.
const HISTORY: usize = 12;
/// Frames back to which a rise is measured.
const RISE_FROM: usize = 5;
/// How fast the loudest-note reference falls, per hop.
const REFERENCE_FALL: f32 = 0.995;

/// Tells which keys are struck and sound.
pub struct HarmonicEstimator {
    templates: Arc<HarmonicTemplates>,
    decomposition: Decomposition,
    /// Key activations, newest first.
    history: Vec<[f32; KEYS]>,
    levels: [f32; HISTORY],
    reference: f32,
    frame: PosteriorFrame,
}

impl HarmonicEstimator {
    /// An estimator that has heard nothing.
    pub fn new(templates: Arc<HarmonicTemplates>) -> HarmonicEstimator {
        HarmonicEstimator {
            templates,
            decomposition: Decomposition::new(),
            history: vec![[0.0; KEYS]; HISTORY],
            levels: [-120.0; HISTORY],
            reference: 0.0,
            frame: PosteriorFrame::silent(FrameIndex(0)),
        }
    }

    /// Hops from the moment that a posterior frame describes to the spectrum that completes it.
    pub fn look_ahead(&self) -> usize {
        LOOK_AHEAD
    }

    /// Forgets all that was heard.
    pub fn reset(&mut self) {
        self.decomposition.reset();
        self.history.iter_mut().for_each(|frame| frame.fill(0.0));
        self.levels.fill(-120.0);
        self.reference = 0.0;
    }

    /// Takes the magnitude spectrum of the newest hop; the evidence is that of `frame`, the moment
    /// [`HarmonicEstimator::look_ahead`] hops before it.
    pub fn step(&mut self, magnitudes: &[f32; BINS], level_db: f32, frame: FrameIndex) -> &PosteriorFrame {
        let activations = self.decomposition.step(&self.templates, magnitudes, 1e-6);
        self.history.rotate_right(1);
        for (key, sum) in self.history[0].iter_mut().enumerate() {
            *sum = activations[key * ENVELOPES..][..ENVELOPES].iter().sum();
        }
        self.levels.rotate_right(1);
        self.levels[0] = level_db;
        let loudest = self.history[0].iter().copied().fold(0.0, f32::max);
        self.reference = (self.reference * REFERENCE_FALL).max(loudest);
        let threshold = (self.reference * 0.02).max(1e-4);
        self.frame.frame = frame;
        self.frame.level_db = self.levels[LOOK_AHEAD];
        for key in 0..KEYS {
            let now = self.history[0][key];
            let before = (RISE_FROM..RISE_FROM + 2).map(|n| self.history[n][key]).fold(0.0, f32::max);
            let rise = (now - before).max(0.0);
            let loud = (now / threshold).max(1e-6).ln();
            let sudden = (rise / (0.3 * before + threshold)).max(1e-6).ln();
            self.frame.sounding[key] = logistic(2.0 * loud);
            self.frame.onset[key] = logistic(2.0 * sudden + 0.5 * loud.min(2.0) - 1.0);
            self.frame.velocity[key] = (0.75 + 0.08 * now.max(1e-6).ln()).clamp(0.05, 1.0);
        }
        &self.frame
    }
}

fn logistic(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}
