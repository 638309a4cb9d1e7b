//! The host's transport on its way from the audio thread to the book.

/// Distance, in seconds, between where the host's position should be and where it is that is a jump. Hosts that count
/// in beats or in fractions of a second round.
const JUMP_S: f64 = 0.02;

/// What the host says of its transport at a block's first sample.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HostTransport {
    /// The host says anything at all.
    pub known: bool,
    /// It runs.
    pub playing: bool,
    /// The host says that it records.
    pub recording: bool,
    /// Position on the host's timeline in samples, where it is told; negative in a pre-roll.
    pub position: Option<i64>,
}

/// A change of the transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TransportMark {
    /// What it is now.
    pub host: HostTransport,
    /// The position leapt while it ran.
    pub jumped: bool,
}

/// Finds the changes, block by block.
///
/// # Realtime safety
/// Plain arithmetic.
#[derive(Debug)]
pub(super) struct TransportWatch {
    slack: u64,
    last: Option<HostTransport>,
    /// Where the host's next block begins if nothing leaps.
    expected: Option<i64>,
    pending: Option<TransportMark>,
}

impl TransportWatch {
    pub fn new(rate_hz: f64) -> TransportWatch {
        TransportWatch { slack: (rate_hz * JUMP_S) as u64, last: None, expected: None, pending: None }
    }

    /// Takes what the host says of a block of `length` samples.
    pub fn see(&mut self, host: HostTransport, length: usize) {
        let leapt = match (host.playing, self.expected, host.position) {
            (true, Some(expected), Some(position)) => position.abs_diff(expected) > self.slack,
            _ => false,
        };
        let state = |host: HostTransport| (host.known, host.playing, host.recording);
        let changed = self.last.is_none_or(|last| state(last) != state(host));
        if changed || leapt {
            // A change that found no room yet goes with this one.
            let jumped = leapt || self.pending.is_some_and(|pending| pending.jumped);
            self.pending = Some(TransportMark { host, jumped });
        }
        self.last = Some(host);
        self.expected = match host.position {
            Some(position) if host.playing => position.checked_add(length as i64),
            _ => None,
        };
    }

    /// The change that is to be told before the next sample.
    pub fn pending(&self) -> Option<TransportMark> {
        self.pending
    }

    /// It was told.
    pub fn told(&mut self) {
        self.pending = None;
    }

    /// Whatever comes next is news, as after a restart of the stream.
    pub fn forget(&mut self) {
        (self.last, self.expected, self.pending) = (None, None, None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The changes that a row of blocks of 480 samples brings.
    fn changes(blocks: &[HostTransport]) -> Vec<(usize, bool)> {
        let mut watch = TransportWatch::new(48_000.0);
        let mut found = Vec::new();
        for (index, host) in blocks.iter().enumerate() {
            watch.see(*host, 480);
            if let Some(mark) = watch.pending() {
                found.push((index, mark.jumped));
                watch.told();
            }
        }
        found
    }

    fn at(playing: bool, position: i64) -> HostTransport {
        HostTransport { known: true, playing, recording: false, position: Some(position) }
    }

    #[test]
    fn steady_playing_brings_nothing_and_a_loop_one_jump() {
        let blocks: Vec<_> = (0..10).map(|n| at(true, 480 * n + n % 3)).collect();
        assert_eq!(changes(&blocks), [(0, false)]);
        let looped: Vec<_> = (0..10).map(|n| at(true, 480 * (n % 5))).collect();
        assert_eq!(changes(&looped), [(0, false), (5, true)]);
    }

    #[test]
    fn a_position_that_moves_while_it_stands_is_no_jump() {
        let blocks = [at(true, 0), at(false, 480), at(false, 9_000), at(true, 50_000), at(true, 50_480)];
        assert_eq!(changes(&blocks), [(0, false), (1, false), (3, false)]);
    }

    #[test]
    fn what_found_no_room_is_told_later_with_its_jump() {
        let mut watch = TransportWatch::new(48_000.0);
        watch.see(at(true, 0), 480);
        watch.told();
        watch.see(at(true, 96_000), 480);
        watch.see(HostTransport { recording: true, ..at(true, 96_480) }, 480);
        let mark = watch.pending().unwrap();
        assert!(mark.jumped && mark.host.recording);
    }
}
