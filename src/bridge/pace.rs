//! Is the host running ahead of the wall clock?

/// How far the audio may run ahead before the host is taken to be rendering, in seconds.
const FREEWHEEL_S: f64 = 0.1;

/// How much of a stall a host may catch up without being taken to be rendering, in seconds.
const CATCH_UP_S: f64 = 0.1;

/// Compares the audio clock with the wall clock, because hosts render offline while saying "realtime".
///
/// # Realtime safety
/// Plain arithmetic on numbers that the caller measured.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pace {
    lead_s: f64,
    last_wall_s: Option<f64>,
    last_block_s: f64,
}

impl Pace {
    /// Notes a `process` call that begins at `wall_s` on any monotonic clock and carries `block_s` of audio.
    /// Returns how far the audio is ahead of the wall clock if that is more than a realtime host would be.
    pub fn ahead(&mut self, wall_s: f64, block_s: f64) -> Option<f64> {
        if let Some(last) = self.last_wall_s {
            self.lead_s = (self.lead_s + self.last_block_s - (wall_s - last)).max(-CATCH_UP_S);
        }
        self.last_wall_s = Some(wall_s);
        self.last_block_s = block_s;
        (self.lead_s > FREEWHEEL_S).then_some(self.lead_s)
    }

    /// Starts anew, as after a reset.
    pub fn restart(&mut self) {
        *self = Pace::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_at_pace_is_never_ahead_even_after_a_stall() {
        let mut pace = Pace::default();
        let block = 0.02;
        for n in 0..500 {
            // A callback that comes 90 ms late, the ones after it at once until the host has caught up.
            let due = n as f64 * block;
            let wall = if (100..105).contains(&n) { 100.0 * block + 0.09 } else { due };
            assert_eq!(pace.ahead(wall, block), None, "block {n}");
        }
    }

    #[test]
    fn a_host_that_renders_is_ahead_once_100_ms_went_by() {
        let mut pace = Pace::default();
        let first = (0..100).find(|&n| pace.ahead(n as f64 * 1e-4, 0.01).is_some());
        assert_eq!(first, Some(11));
        pace.restart();
        assert_eq!(pace.ahead(5.0, 0.01), None);
    }
}
