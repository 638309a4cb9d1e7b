//! Non-negative decomposition of one spectrum on fixed templates.

use super::templates::{BINS, HarmonicTemplates, TEMPLATES};

/// Multiplicative updates a frame; each frame starts from the activations of the last.
const ITERATIONS: usize = 8;

/// Activations are never taken below this, or they could not rise again.
const LEAST_ACTIVATION: f32 = 1e-6;

/// No magnitude is modelled below this, -140 dB.
const LEAST_MAGNITUDE: f32 = 1e-7;

/// Explains spectra as weighted sums of the templates.
///
/// Minimises the β-divergence with β = 0.5 by multiplicative updates, templates fixed, starting from the last
/// frame's activations. The background is a fixed part of the model.
///
/// # Reference
/// Dessein, Cont, Lemaitre 2010, "Real-time polyphonic music transcription with non-negative matrix factorization
/// and beta-divergence", eq. 4; β = 0.5 after Vincent, Bertin, Badeau 2010. Here the templates are computed, not
/// learned from an instrument.
#[derive(Clone, Debug)]
pub(super) struct Decomposition {
    activations: Vec<f32>,
    model: [f32; BINS],
    numerator: [f32; BINS],
    denominator: [f32; BINS],
}

impl Decomposition {
    pub(super) fn new() -> Decomposition {
        Decomposition {
            activations: vec![LEAST_ACTIVATION; TEMPLATES],
            model: [0.0; BINS],
            numerator: [0.0; BINS],
            denominator: [0.0; BINS],
        }
    }

    pub(super) fn reset(&mut self) {
        self.activations.fill(LEAST_ACTIVATION);
    }

    /// Activations, one for each template, that explain what `magnitudes` have over `background`.
    pub(super) fn step(
        &mut self,
        templates: &HarmonicTemplates,
        magnitudes: &[f32; BINS],
        background: &[f32; BINS],
    ) -> &[f32] {
        for activation in &mut self.activations {
            *activation = activation.max(LEAST_ACTIVATION);
        }
        for _ in 0..ITERATIONS {
            for (model, &background) in self.model.iter_mut().zip(background) {
                *model = background.max(LEAST_MAGNITUDE);
            }
            for (template, &activation) in self.activations.iter().enumerate() {
                let (first, last) = templates.spans[template];
                let row = &templates.rows[template * BINS..][first..last];
                for (sum, &weight) in self.model[first..last].iter_mut().zip(row) {
                    *sum += activation * weight;
                }
            }
            let quotients = self.numerator.iter_mut().zip(&mut self.denominator);
            for (((above, below), &model), &magnitude) in quotients.zip(&self.model).zip(magnitudes) {
                // β = 0.5: v m^(β-2) over m^(β-1).
                let root = model.sqrt().recip();
                *below = root;
                *above = magnitude * root * root * root;
            }
            for (template, activation) in self.activations.iter_mut().enumerate() {
                let (first, last) = templates.spans[template];
                let row = &templates.rows[template * BINS..][first..last];
                let (mut above, mut below) = ([0.0f32; 8], [0.0f32; 8]);
                let (weights, rest) = row.as_chunks::<8>();
                let (n, n_rest) = self.numerator[first..last].as_chunks::<8>();
                let (d, d_rest) = self.denominator[first..last].as_chunks::<8>();
                for ((w, n), d) in weights.iter().zip(n).zip(d) {
                    for lane in 0..8 {
                        above[lane] += w[lane] * n[lane];
                        below[lane] += w[lane] * d[lane];
                    }
                }
                let (mut above, mut below) = (above.iter().sum::<f32>(), below.iter().sum::<f32>());
                for ((w, n), d) in rest.iter().zip(n_rest).zip(d_rest) {
                    above += w * n;
                    below += w * d;
                }
                *activation = if below > 0.0 { (*activation * above / below).max(1e-12) } else { 0.0 };
            }
        }
        &self.activations
    }
}
