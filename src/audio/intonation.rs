//! How far from its key a tone lies, in cents.

use super::spectrum::{BINS, BINS_PER_SEMITONE, DB_PER_UNIT, FLOOR_DB, SpectralFrame, bin_centre_hz};
use crate::units::{LOWEST_KEY, Pitch};

/// The resolution that is read: windows of 128 ms, whose middle of gravity lies some 40 ms before their end.
const READ: usize = 1;

/// Partials looked at.
const PARTIALS: usize = 6;

/// A partial may lie this many bins beside its place, two thirds of a semitone, and is weighed over as many.
const REACH: usize = 2;

/// Partials this much weaker than the strongest, in power, are left out.
const FAINTEST: f32 = 1e-3;

/// A tone weaker than this, as a sine's power, is none: -80 dB.
const SILENCE: f32 = 1e-8;

/// Above this the precision of a partial's place in cents no longer grows with its frequency, Hz.
const SURE_HZ: f64 = 1_500.0;

/// How far the tone at `pitch` lies above (or below) its key as tuned, in cents, within about ±60; `None` where no
/// partial of it stands out.
///
/// Each partial's place is the middle of gravity of its power over five bins: the bins are triangles that add up to
/// one, so for a lone steady partial it is exact. Steady harmonic tones from C3 up are placed to within 1.2 cents (see the
/// test); other notes beside it pull. What is told was so some 40 ms ago.
///
/// # Realtime safety
/// Does not allocate.
pub fn intonation_cents(frame: &SpectralFrame, pitch: Pitch) -> Option<f32> {
    let levels = &frame.levels[READ];
    let power = |bin: usize| 10f32.powf((levels[bin] * DB_PER_UNIT + FLOOR_DB) / 10.0);
    let key_bin = (usize::from(pitch.0.checked_sub(LOWEST_KEY)?) * BINS_PER_SEMITONE + 1) as f64;
    let mut found = [(0.0f32, 0.0f64, 0.0f64); PARTIALS];
    let mut count = 0;
    for partial in 1..=PARTIALS {
        let place = key_bin + (12 * BINS_PER_SEMITONE) as f64 * (partial as f64).log2();
        let nearest = place.round() as usize;
        if nearest < 2 * REACH || nearest + 2 * REACH >= BINS {
            continue;
        }
        let around = nearest - REACH..=nearest + REACH;
        let Some(peak) = around.max_by(|&a, &b| levels[a].total_cmp(&levels[b])) else { continue };
        if levels[peak] < levels[peak - 1] || levels[peak] < levels[peak + 1] {
            continue;
        }
        let (mut whole, mut moment) = (0.0, 0.0);
        for bin in peak - REACH..=peak + REACH {
            whole += f64::from(power(bin));
            moment += f64::from(power(bin)) * bin as f64;
        }
        let cents = (moment / whole - place) * 100.0 / BINS_PER_SEMITONE as f64;
        found[count] = (power(peak), cents, bin_centre_hz(peak as f64));
        count += 1;
    }
    let strongest = found[..count].iter().fold(0.0f32, |strongest, partial| strongest.max(partial.0));
    if strongest < SILENCE {
        return None;
    }
    let (mut weights, mut sum) = (0.0, 0.0);
    for &(power, cents, hz) in found[..count].iter().filter(|partial| partial.0 >= FAINTEST * strongest) {
        // A place in Hz is known alike everywhere, so in cents the better the higher.
        let weight = hz.min(SURE_HZ).powf(1.5) * f64::from(power).powf(0.15);
        weights += weight;
        sum += weight * cents;
    }
    Some((sum / weights) as f32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::{LONGEST_WINDOW, SpectrumAnalyser};
    use crate::units::FrameIndex;
    use std::f64::consts::TAU;

    fn told(pitch: u8, cents: f64, phase: f64) -> Option<f32> {
        let hz = 440.0 * ((f64::from(pitch) - 69.0 + cents / 100.0) / 12.0).exp2();
        let samples: Vec<f32> = (0..LONGEST_WINDOW)
            .map(|n| {
                let t = n as f64 / 16_000.0;
                let partials = (1..9).map(f64::from).filter(|h| h * hz < 7_000.0);
                (0.1 * partials.map(|h| (TAU * hz * h * t + phase * h * h).sin() / h).sum::<f64>()) as f32
            })
            .collect();
        let mut frame = SpectralFrame::silent(FrameIndex(0));
        SpectrumAnalyser::new().analyse(&samples, &mut frame);
        intonation_cents(&frame, Pitch(pitch))
    }

    #[test]
    fn a_tone_is_placed_to_within_a_cent() {
        for pitch in [48, 55, 60, 67, 74, 79, 84, 91, 96] {
            for cents in [-45.0, -31.0, -12.0, -3.0, 0.0, 5.0, 18.0, 27.0, 45.0] {
                for phase in [0.0, 1.0, 2.0] {
                    let found = told(pitch, cents, phase).unwrap();
                    let error = f64::from(found) - cents;
                    assert!(error.abs() < 1.2, "pitch {pitch} at {cents} cents: {found}");
                }
            }
        }
    }

    #[test]
    fn silence_and_what_the_bins_do_not_hold_have_no_intonation() {
        let silence = SpectralFrame::silent(FrameIndex(0));
        for pitch in 0..=127 {
            assert_eq!(intonation_cents(&silence, Pitch(pitch)), None, "{pitch}");
        }
    }
}
