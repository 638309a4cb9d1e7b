//! What a harmonic tone of every key looks like to the front end.

use crate::units::{KEYS, Pitch};

/// Log-frequency bins of a spectrum that the templates describe.
pub const BINS: usize = 288;

/// Spectral envelopes a key has: from dark to bright.
pub(super) const ENVELOPES: usize = 3;

/// Bands of the templates for what has no pitch: hammer and bow noise, breath, the room.
pub(super) const NOISE_BANDS: usize = 8;

/// All templates: `KEYS × ENVELOPES` harmonic ones, then the noise bands.
pub(super) const TEMPLATES: usize = KEYS * ENVELOPES + NOISE_BANDS;

/// Partials of a template at most.
const PARTIALS: usize = 24;

/// Fall of the partials' amplitudes with their number, exponents of the three envelopes.
const SLOPES: [f64; ENVELOPES] = [2.0, 1.0, 0.5];

/// Stiffness of a string of key 0 and its growth per key: partial `h` lies at `h f0 sqrt(1 + B h²)`. The fitted
/// curve of a medium piano (Rauhala, Lehtonen, Välimäki 2007 give such values) at half strength, so that
/// instruments without stiffness stay within the partial's width.
const STIFFNESS_LOW: f64 = 4.0e-5;
const STIFFNESS_PER_KEY: f64 = 0.045;

/// Below this frequency no instrument's body radiates well, so low keys have weak fundamentals.
const BODY_HZ: f64 = 110.0;

/// One magnitude spectrum for each template, each summing to one.
#[derive(Clone, Debug)]
pub struct HarmonicTemplates {
    /// `[template][bin]`, row after row.
    pub(super) rows: Vec<f32>,
    /// First and one-past-last bin of each row that is not zero.
    pub(super) spans: Vec<(usize, usize)>,
}

impl HarmonicTemplates {
    /// Templates for a front end that shows a steady sine of the given frequency in Hz and unit amplitude as the
    /// power spectrum `response(hz)`. It is asked about a thousand times.
    ///
    /// `highest_hz`: partials above are left out.
    pub fn new(mut response: impl FnMut(f64) -> [f32; BINS], highest_hz: f64) -> HarmonicTemplates {
        let mut rows = vec![0.0f32; TEMPLATES * BINS];
        for key in 0..KEYS {
            let f0 = Pitch::from_key(key).frequency_hz(440.0);
            let stiffness = STIFFNESS_LOW * (STIFFNESS_PER_KEY * key as f64).exp();
            for partial in 1..=PARTIALS {
                let h = partial as f64;
                let hz = h * f0 * (1.0 + stiffness * h * h).sqrt();
                if hz > highest_hz {
                    break;
                }
                let body = 1.0 / (1.0 + (BODY_HZ / hz).powi(2));
                let spectrum = response(hz);
                for (envelope, slope) in SLOPES.iter().enumerate() {
                    let power = (body * h.powf(-slope)).powi(2) as f32;
                    let row = &mut rows[(key * ENVELOPES + envelope) * BINS..][..BINS];
                    row.iter_mut().zip(&spectrum).for_each(|(sum, &p)| *sum += power * p);
                }
            }
        }
        // Partials add in power; the decomposition works on magnitudes.
        rows.iter_mut().for_each(|value| *value = value.sqrt());
        for band in 0..NOISE_BANDS {
            let row = &mut rows[(KEYS * ENVELOPES + band) * BINS..][..BINS];
            let centre = (band as f32 + 0.5) * BINS as f32 / NOISE_BANDS as f32;
            let width = BINS as f32 / NOISE_BANDS as f32;
            for (bin, value) in row.iter_mut().enumerate() {
                *value = (1.0 - (bin as f32 - centre).abs() / width).max(0.0);
            }
        }
        let spans = rows.chunks_exact_mut(BINS).map(normalise).collect();
        HarmonicTemplates { rows, spans }
    }
}

/// Scales a row to sum one and cuts its skirts 60 dB below its peak.
fn normalise(row: &mut [f32]) -> (usize, usize) {
    let peak = row.iter().copied().fold(0.0, f32::max);
    row.iter_mut().filter(|value| **value < 1e-3 * peak).for_each(|value| *value = 0.0);
    let sum: f32 = row.iter().sum();
    if sum > 0.0 {
        row.iter_mut().for_each(|value| *value /= sum);
    }
    let first = row.iter().position(|&value| value > 0.0).unwrap_or(0);
    let last = row.iter().rposition(|&value| value > 0.0).map_or(0, |bin| bin + 1);
    (first, last.max(first))
}
