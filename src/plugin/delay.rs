//! The audio delay of *Aligned* timing.

/// Delays some channels by one whole number of samples.
///
/// # Realtime safety
/// Allocates only in [`Delay::new`].
#[derive(Debug, Default)]
pub struct Delay {
    /// One ring for each channel, of the longest delay.
    rings: Vec<Vec<f32>>,
    position: usize,
    length: usize,
}

impl Delay {
    /// Room for a delay of up to `longest` samples.
    pub fn new(channels: usize, longest: usize) -> Delay {
        Delay { rings: vec![vec![0.0; longest.max(1)]; channels], position: 0, length: 0 }
    }

    /// Sets the delay, at most the longest, and forgets what was in it.
    pub fn set(&mut self, length: usize) {
        self.length = length.min(self.rings.first().map_or(0, Vec::len));
        self.clear();
    }

    /// Forgets what is in it.
    pub fn clear(&mut self) {
        self.position = 0;
        for ring in &mut self.rings {
            ring[..self.length].fill(0.0);
        }
    }

    /// Replaces the samples by those of the delay's length before.
    pub fn process(&mut self, channels: &mut [&mut [f32]]) {
        let mut end = self.position;
        for (ring, samples) in self.rings.iter_mut().zip(channels) {
            end = self.position;
            let mut rest = &mut samples[..];
            while !rest.is_empty() && self.length > 0 {
                let step = rest.len().min(self.length - end);
                let (now, later) = rest.split_at_mut(step);
                now.swap_with_slice(&mut ring[end..end + step]);
                end = (end + step) % self.length;
                rest = later;
            }
        }
        self.position = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_sample_comes_out_once_and_late_by_the_delay(
            length in 0usize..300,
            blocks in proptest::collection::vec(1usize..200, 1..12),
        ) {
            let mut delay = Delay::new(2, 300);
            delay.set(length);
            let mut sent = 0usize;
            for block in blocks {
                let mut left: Vec<f32> = (sent..sent + block).map(|n| n as f32 + 1.0).collect();
                let mut right: Vec<f32> = left.iter().map(|sample| -sample).collect();
                delay.process(&mut [&mut left, &mut right]);
                for (n, (l, r)) in left.iter().zip(&right).enumerate() {
                    let expected = (sent + n + 1).saturating_sub(length) as f32;
                    prop_assert_eq!((*l, *r), (expected, -expected));
                }
                sent += block;
            }
        }
    }
}
