//! The one kernel that all layers share, and the curves between them.

use super::weights::Layer;
use pulp::{Arch, Simd, WithSimd};

/// Outputs computed together; weights are stored in panels of so many.
const PANEL: usize = 4;

/// Positions are computed in multiples of this, whatever the width of the machine's vectors.
pub(super) const POSITION_BLOCK: usize = 32;

/// A layer ready to run over rows of positions (bins or keys): at each position, every output is a bias plus a
/// weighted sum over *taps*; a tap reads a row of positions that begins at a fixed place of the caller's buffer,
/// so that convolutions, shifts and plain matrix products are all the same thing.
pub(super) struct TapLayer {
    /// `[outputs / 4][taps][4]`, outputs padded with zeros.
    panels: Vec<f32>,
    /// Padded like the panels.
    biases: Vec<f32>,
    outputs: usize,
    /// Where each tap's row begins.
    taps: Vec<usize>,
    positions: usize,
}

impl TapLayer {
    /// The layer over `positions`, reading tap `i` from `taps[i]` on.
    ///
    /// # Panics
    /// In debug builds, if there are not as many taps as the layer has inputs, or `positions` is no multiple of
    /// [`POSITION_BLOCK`].
    pub(super) fn new(layer: &Layer, taps: Vec<usize>, positions: usize) -> TapLayer {
        debug_assert_eq!(layer.inputs, taps.len());
        debug_assert_eq!(positions % POSITION_BLOCK, 0);
        let panel_count = layer.outputs.div_ceil(PANEL);
        let mut panels = vec![0.0; panel_count * taps.len() * PANEL];
        for (tap, row) in layer.weights.chunks_exact(layer.outputs).enumerate() {
            for (output, &weight) in row.iter().enumerate() {
                panels[(output / PANEL * taps.len() + tap) * PANEL + output % PANEL] = weight;
            }
        }
        let mut biases = layer.biases.clone();
        biases.resize(panel_count * PANEL, 0.0);
        TapLayer { panels, biases, outputs: layer.outputs, taps, positions }
    }

    /// Fills `rows`, `[outputs][positions]`, from `buffer`.
    ///
    /// # Realtime safety
    /// Does not allocate.
    pub(super) fn apply(&self, arch: Arch, buffer: &[f32], rows: &mut [f32]) {
        arch.dispatch(Apply { layer: self, buffer, rows });
    }
}

struct Apply<'a> {
    layer: &'a TapLayer,
    buffer: &'a [f32],
    rows: &'a mut [f32],
}

impl WithSimd for Apply<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Apply { layer, buffer, rows } = self;
        let block = 2 * S::F32_LANES;
        let panel_weights = layer.taps.len() * PANEL;
        let panels = layer.panels.chunks_exact(panel_weights).zip(layer.biases.chunks_exact(PANEL));
        let outputs = rows[..layer.outputs * layer.positions].chunks_mut(PANEL * layer.positions);
        for ((weights, biases), outputs) in panels.zip(outputs) {
            let (weights, _) = weights.as_chunks::<PANEL>();
            for first in (0..layer.positions).step_by(block) {
                let mut sums = [[simd.splat_f32s(0.0); 2]; PANEL];
                for (sum, &bias) in sums.iter_mut().zip(biases) {
                    *sum = [simd.splat_f32s(bias); 2];
                }
                for (&tap, weights) in layer.taps.iter().zip(weights) {
                    let (input, _) = S::as_simd_f32s(&buffer[tap + first..][..block]);
                    let input = [input[0], input[1]];
                    for (sum, &weight) in sums.iter_mut().zip(weights) {
                        let weight = simd.splat_f32s(weight);
                        sum[0] = simd.mul_add_e_f32s(input[0], weight, sum[0]);
                        sum[1] = simd.mul_add_e_f32s(input[1], weight, sum[1]);
                    }
                }
                for (row, sum) in outputs.chunks_exact_mut(layer.positions).zip(sums) {
                    let (output, _) = S::as_mut_simd_f32s(&mut row[first..first + block]);
                    output[0] = sum[0];
                    output[1] = sum[1];
                }
            }
        }
    }
}

/// One step of a long short-term memory over rows of cells.
///
/// `gates`: `[4][cells]`, input, forget, candidate, output, before their curves. `state` and `output` (the
/// hidden state): `[cells]`.
///
/// # Reference
/// Hochreiter and Schmidhuber 1997, with forget gates (Gers et al. 2000).
pub(super) fn remember(arch: Arch, gates: &[f32], state: &mut [f32], output: &mut [f32]) {
    arch.dispatch(
        #[inline(always)]
        || {
            let cells = state.len();
            let (input, rest) = gates.split_at(cells);
            let (forget, rest) = rest.split_at(cells);
            let (candidate, out) = rest.split_at(cells);
            for i in 0..cells {
                state[i] = sigmoid(forget[i]) * state[i] + sigmoid(input[i]) * tanh(candidate[i]);
                output[i] = sigmoid(out[i]) * tanh(state[i]);
            }
        },
    );
}

/// The logistic curve, to within 3e-7.
#[inline(always)]
pub(super) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exponential(-x))
}

/// The hyperbolic tangent, to within 6e-7.
#[inline(always)]
fn tanh(x: f32) -> f32 {
    2.0 / (1.0 + exponential(-2.0 * x)) - 1.0
}

/// e to the power of x, relative error below 3e-7, without branches so that it vectorises; the argument is
/// clamped to ±80. (Cody and Waite 1980: reduction by multiples of ln 2, then a polynomial.)
#[inline(always)]
fn exponential(x: f32) -> f32 {
    const ROUNDER: f32 = 12_582_912.0;
    let x = x.clamp(-80.0, 80.0);
    let shifted = x * std::f32::consts::LOG2_E + ROUNDER;
    let whole = shifted - ROUNDER;
    let rest = x - whole * 0.693_359_4 + whole * 2.121_944_4e-4;
    let mut power = 1.987_569_1e-4;
    for coefficient in [1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 0.166_666_65, 0.5] {
        power = power * rest + coefficient;
    }
    let power = power * rest * rest + rest + 1.0;
    power * f32::from_bits((shifted.to_bits() << 23).wrapping_add(0x3f80_0000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_are_those_of_the_standard_library() {
        for n in -20_000..=20_000 {
            let x = n as f32 * 0.002;
            let exact = f64::from(x).exp();
            assert!((f64::from(exponential(x)) / exact - 1.0).abs() < 3e-7, "exp {x}");
            assert!((f64::from(sigmoid(x)) - 1.0 / (1.0 + 1.0 / exact)).abs() < 3e-7, "sigmoid {x}");
            assert!((f64::from(tanh(x)) - f64::from(x).tanh()).abs() < 6e-7, "tanh {x}");
        }
        assert!(sigmoid(f32::MAX) == 1.0 && sigmoid(f32::MIN) < 1e-30);
    }

    #[test]
    fn a_layer_is_its_plain_sums() {
        let layer = Layer {
            inputs: 3,
            outputs: 6,
            weights: (0..18).map(|n| (n as f32 * 0.7).sin()).collect(),
            biases: (0..6).map(|n| n as f32 * 0.1).collect(),
        };
        let (taps, positions) = (vec![5, 0, 40], 64);
        let buffer: Vec<f32> = (0..110).map(|n| (n as f32 * 0.31).cos()).collect();
        let mut rows = vec![f32::NAN; 6 * positions];
        TapLayer::new(&layer, taps.clone(), positions).apply(Arch::new(), &buffer, &mut rows);
        for output in 0..6 {
            for position in 0..positions {
                let sum: f32 =
                    (0..3).map(|tap| buffer[taps[tap] + position] * layer.weights[tap * 6 + output]).sum();
                let expected = sum + layer.biases[output];
                let found = rows[output * positions + position];
                assert!((found - expected).abs() < 1e-5, "{output} {position}: {found} {expected}");
            }
        }
    }
}
