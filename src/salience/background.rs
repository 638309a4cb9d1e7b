//! What is always there: the level of every bin's background, by minimum statistics.

use super::templates::BINS;

/// Frames in one stretch whose minimum is kept: half a second.
const STRETCH_FRAMES: u32 = 50;
/// Stretches remembered: 4 s, longer than notes are usually held.
const STRETCHES: usize = 8;
/// Share of the newest frame in the smoothed magnitude that minima are taken of.
const SMOOTHING: f32 = 0.1;
/// How much of the background is taken off: the mean of noise lies about 1.4 times over the minimum of its smoothed
/// magnitude in 4 s; a little less is gentler on notes held long.
const BIAS: f32 = 1.2;

/// Follows the background of a spectrum: the least that each bin had in the last seconds.
///
/// # Latency
/// None. A background that grows is believed after 4 s, one that falls at once; nothing is believed in the first
/// half second.
///
/// # Reference
/// Martin 2001, "Noise power spectral density estimation based on optimal smoothing and minimum statistics"; here
/// with fixed smoothing and bias.
#[derive(Clone, Debug)]
pub(super) struct Background {
    smoothed: [f32; BINS],
    /// Minima of the whole stretches, oldest overwritten first; `f32::MAX` where there was none yet.
    minima: [[f32; BINS]; STRETCHES],
    current: [f32; BINS],
    floor: [f32; BINS],
    frames: u32,
    stretch: usize,
}

impl Background {
    /// A floor of nothing.
    pub(super) fn new() -> Background {
        Background {
            smoothed: [0.0; BINS],
            minima: [[f32::MAX; BINS]; STRETCHES],
            current: [f32::MAX; BINS],
            floor: [0.0; BINS],
            frames: 0,
            stretch: 0,
        }
    }

    /// Forgets what was heard.
    pub(super) fn reset(&mut self) {
        *self = Background::new();
    }

    /// Takes the magnitudes of the newest frame; gives the magnitude of the background in each bin.
    ///
    /// # Realtime safety
    /// Does not allocate.
    pub(super) fn step(&mut self, magnitudes: &[f32; BINS]) -> &[f32; BINS] {
        for ((smoothed, current), &magnitude) in
            self.smoothed.iter_mut().zip(&mut self.current).zip(magnitudes)
        {
            *smoothed += SMOOTHING * (magnitude - *smoothed);
            *current = current.min(*smoothed);
        }
        self.frames += 1;
        if self.frames == STRETCH_FRAMES {
            self.frames = 0;
            self.minima[self.stretch] = self.current;
            self.stretch = (self.stretch + 1) % STRETCHES;
            // The next stretch begins with what is there now, not with nothing.
            self.current = self.smoothed;
            for (bin, floor) in self.floor.iter_mut().enumerate() {
                let least = self.minima.iter().map(|minima| minima[bin]).fold(f32::MAX, f32::min);
                *floor = BIAS * least;
            }
        }
        &self.floor
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Magnitudes around `level`, fluctuating as noise does in a spectrum.
    fn noise(level: f32, seed: &mut u32) -> [f32; BINS] {
        std::array::from_fn(|_| {
            *seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            level * (0.4 + 1.2 * (*seed >> 8) as f32 / 16_777_216.0)
        })
    }

    #[test]
    fn steady_noise_is_the_floor_and_notes_over_it_are_not() {
        let (mut floor, mut seed) = (Background::new(), 1);
        let mut found = [0.0; BINS];
        for frame in 0..1_000 {
            let mut spectrum = noise(0.01, &mut seed);
            // A note of a second, every second and a half.
            if frame % 150 < 100 {
                spectrum[100] += 0.5;
            }
            found = *floor.step(&spectrum);
        }
        for (bin, &level) in found.iter().enumerate() {
            assert!((0.005..0.02).contains(&level), "bin {bin}: {level} for 0.01");
        }
    }

    #[test]
    fn a_floor_that_rises_is_believed_and_one_that_falls_too() {
        let (mut floor, mut seed) = (Background::new(), 1);
        let mut after = |frames: usize, level: f32| {
            let mut found = 0.0;
            for _ in 0..frames {
                found = floor.step(&noise(level, &mut seed))[50];
            }
            found
        };
        assert!(after(600, 0.001) < 0.002);
        assert!(after(600, 0.1) > 0.05);
        assert!(after(150, 0.001) < 0.01);
    }
}
