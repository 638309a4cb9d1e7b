//! From "event `e` was heard at hop τ" to where the player is at this very moment.

use super::decoder::Decoder;
use super::events::ScoreEvents;

/// How close before an event's beat the cursor waits for it.
const JUST_BEFORE: f64 = 0.004;

/// The path position at hop `now`, given the hypothesis that `event` was the last one heard, with evidence up to hop
/// `heard`.
///
/// The cursor crosses an event's beat at the moment by which the event has begun with probability one half: that
/// moment's error is the least in the mean (Raphael 2001 predicts rather than reacts, too). Where the tempo is steady
/// this is the true onset, however late the evidence; where it is not, the cursor waits just before the beat. Once
/// an event is overdue the cursor goes no further than one event past the last heard one, so that it
/// does not run ahead of a player who stopped.
pub(crate) fn position(events: &ScoreEvents, decoder: &Decoder, event: usize, heard: f32, now: f32) -> f64 {
    let last = events.len() - 1;
    let mut event = event;
    let lead = decoder.hypotheses.lead(event);
    let mut at = decoder.hypotheses.entered(lead);
    let wait = decoder.hypotheses.wait(lead);
    let mut until = at + wait.median_arrival(heard - at).max(1.0);
    let ratio = decoder.hypotheses.ratio(lead);
    let overdue = until <= heard;
    let mut crossed = 0;
    while event < last && now >= until && !(overdue && crossed == 1) {
        event += 1;
        crossed += 1;
        at = until;
        until = at + (events.interval[event] * ratio).max(1.0);
    }
    let from = events.beat[event];
    let to = events.beat.get(event + 1).copied().unwrap_or(events.end.max(from));
    let passed = f64::from(((now - at) / (until - at)).clamp(0.0, 1.0));
    let waits = if event < last { (to - JUST_BEFORE).max(from) } else { to };
    (from + passed * (to - from)).min(waits)
}
