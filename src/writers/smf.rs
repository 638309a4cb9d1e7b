//! Standard MIDI files: events at absolute ticks to tracks.

use super::MidiWriteError;
use midly::num::{u15, u28};
use midly::{Format, Header, MetaMessage, Smf, Timing, Track, TrackEvent, TrackEventKind};
use std::io::Write;

/// Ticks that MIDI can count between two events.
pub(super) const LONGEST_PAUSE: u32 = (1 << 28) - 1;

/// An event at a tick; at one tick the lower order comes first.
pub(super) type Timed<'a> = (u64, u8, TrackEventKind<'a>);

/// A pause of this many ticks, more than [`LONGEST_PAUSE`].
#[derive(Debug)]
pub(super) struct TooLong(pub u64);

impl TooLong {
    /// As an error, where so many ticks pass in a second.
    pub fn at(self, ticks_per_second: f64) -> MidiWriteError {
        MidiWriteError::TooLong {
            expected_s: f64::from(LONGEST_PAUSE) / ticks_per_second,
            actual_s: self.0 as f64 / ticks_per_second,
        }
    }
}

/// A track of `events`, in any order, that ends at tick `end` or with its last event.
pub(super) fn track(mut events: Vec<Timed<'_>>, end: u64) -> Result<Track<'_>, TooLong> {
    events.sort_by_key(|&(tick, order, _)| (tick, order));
    let end = end.max(events.last().map_or(0, |last| last.0));
    events.push((end, u8::MAX, TrackEventKind::Meta(MetaMessage::EndOfTrack)));
    let mut track = Track::with_capacity(events.len());
    let mut now = 0;
    for (tick, _, kind) in events {
        let delta = tick - now;
        if delta > u64::from(LONGEST_PAUSE) {
            return Err(TooLong(delta));
        }
        track.push(TrackEvent { delta: u28::new(delta as u32), kind });
        now = tick;
    }
    Ok(track)
}

/// Writes a file of one track (format 0) or several (format 1).
pub(super) fn write(tracks: Vec<Track<'_>>, ticks_per_quarter: u16, out: impl Write) -> std::io::Result<()> {
    let format = if tracks.len() == 1 { Format::SingleTrack } else { Format::Parallel };
    let header = Header::new(format, Timing::Metrical(u15::new(ticks_per_quarter)));
    Smf { header, tracks }.write_std(out)
}
