//! Which place is believed: the posterior alone changes its mind faster than a page should turn.

use super::FollowerSettings;
use super::decoder::Decoder;
use super::events::ScoreEvents;
use super::hypotheses::REACH;
use super::observation::Strike;
use crate::performance::{Candidate, FollowState};

/// A rival place takes over after it has moved on to this many further events while it outweighed the rest: one
/// chord alone, however many notes it has, moves nobody away from a place that fits.
const CONFIRMATIONS: u32 = 2;
/// Mass below which the believed place is abandoned, and mass that a rival then needs.
const ABANDONED: f32 = 0.01;
/// See [`ABANDONED`].
const GUESS: f32 = 0.1;
/// How many times a believed place must outweigh one that was only guessed to take over from it at once.
const OUTWEIGHS: f32 = 3.0;
/// For how many hops in a row it must: the first note of a chord may weigh like that before the others are heard.
const OUTWEIGHS_FOR: u32 = 2;
/// How many times any other place must outweigh the one shown, and for more than how many events in a row, to be shown instead: where
/// equal places share the weight, none of them may ever take over otherwise.
const OUTLASTS: (f32, u32) = (5.0, 4);
/// Mass of all places together from which the score is held to be played at all, and after how many onsets the best place is
/// then taken up even if no place is believed.
const PLAYING: f32 = 0.9;
/// See [`PLAYING`].
const GUESSED_AFTER: u32 = 3;
/// Mass that a place needs to take over at once after a pause: then nobody is expected to be where they were.
const AFTER_PAUSE: f32 = 0.6;
/// Likelihood ratio from which a strike counts for the fit.
const CLEAR: f32 = 150.0;
/// Share of the fit that the latest note makes up: about ten notes count.
const FIT_RATE: f32 = 0.1;
/// Fit of a place just taken up: the first, and one after a jump, which is to prove itself before it is followed, since
/// in stray playing some place or other always fits for a few notes.
const FIT_AT_FIRST: (f32, f32) = (0.8, 0.65);
/// A place is followed no more when its fit falls below the first, and again from the second on.
const FITS: (f32, f32) = (0.70, 0.76);
/// The confidence in a place vanishes at the first fit and is all that its mass gives from the second on.
const TRUSTED_FIT: (f32, f32) = (0.15, 0.6);
/// Events that one may go back without it being called a jump.
const BACK: usize = 3;
/// Events that one may go on, at any mass; further or back it takes [`SURE_NEARBY`].
const STEP: usize = 2;
/// See [`STEP`].
const SURE_NEARBY: f32 = 0.6;
/// Playing has paused, whatever rings on, when the next event is this many hops late and so improbable.
const PAUSE: f32 = 50.0;
/// See [`PAUSE`].
const OVERDUE: f32 = 0.02;
/// Mass of a place counts from all events within this many beats.
const SAME_PLACE_BEATS: f64 = 1.0;

/// What the gate says at one hop.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Belief {
    /// The event last heard at the believed place.
    pub event: Option<usize>,
    /// Probability that the player is there: the mass, as far as what is heard is the score at all.
    pub confidence: f32,
    /// The place was taken up anew at this hop: a start or a jump.
    pub jumped: bool,
    /// What to call it.
    pub state: FollowState,
}

/// The believed place and its rivals.
///
/// The posterior weighs places against one another; whether what is heard comes from the score at all it judges badly,
/// for in music some place always fits a little better than nothing. That is told by the *fit*: the share of clear
/// notes that the believed place led to expect before they came.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gate {
    event: Option<usize>,
    rival: usize,
    confirmations: u32,
    following: bool,
    /// Playing paused since the believed event was heard.
    paused: bool,
    /// The place was the best of several, and has not been believed since.
    guessed: bool,
    /// For how many hops another place has outweighed the one that was guessed.
    outweighed: u32,
    /// To how many events another place has moved on while it outweighed the one shown more clearly still.
    ahead: u32,
    fit: f32,
}

impl Gate {
    /// Takes the strikes of a hop before the decoder does: were they to be expected?
    pub fn hear(&mut self, events: &ScoreEvents, strikes: &[Strike]) {
        let Some(event) = self.event else { return };
        let window = event.saturating_sub(1)..=event + 2;
        for strike in strikes.iter().filter(|strike| strike.odds >= CLEAR) {
            if let Some(fits) = events.expects(strike.key, window.clone()) {
                self.fit += FIT_RATE * (f32::from(u8::from(fits)) - self.fit);
            }
        }
    }

    /// Takes the posterior at hop `now`.
    pub fn update(
        &mut self,
        events: &ScoreEvents,
        decoder: &Decoder,
        settings: &FollowerSettings,
        now: f32,
    ) -> Belief {
        let best = decoder.best;
        let before = self.event;
        let mut jumped = false;
        match self.event {
            Some(event)
                if (event..=event + STEP).contains(&best)
                    || ((event.saturating_sub(BACK)..=event + REACH).contains(&best)
                        && mass_near(events, decoder, best) >= SURE_NEARBY) =>
            {
                self.event = Some(best);
                (self.confirmations, self.outweighed, self.ahead) = (0, 0, 0);
                self.guessed &= mass_near(events, decoder, best) < settings.believed;
            }
            Some(event) => {
                let rival = mass_near(events, decoder, best);
                let own = mass_near(events, decoder, event);
                self.guessed &= own < settings.believed;
                // Where music comes back note for note, no rival may ever outweigh all others; once nothing at all
                // speaks for the old place, the best of them is the better guess. A place that was itself only guessed
                // gives way to the first that is believed and clearly outweighs it, and any to one that has outweighed it for long.
                let outweighs = self.guessed && rival >= settings.believed && rival >= OUTWEIGHS * own;
                self.outweighed = if outweighs { self.outweighed + 1 } else { 0 };
                let gives = self.outweighed >= OUTWEIGHS_FOR;
                // While something else is played than the score, all places are light, and none of them is a guess.
                if rival < GUESS || rival < OUTLASTS.0 * own {
                    self.ahead = 0;
                } else if best != self.rival || self.ahead == 0 {
                    self.ahead += 1;
                }
                let outlasts = self.ahead > OUTLASTS.1;
                let guess = gives || outlasts || own < ABANDONED && rival >= GUESS;
                let takeover = if self.paused { AFTER_PAUSE } else { settings.takeover };
                if rival < takeover && !guess {
                    self.confirmations = 0;
                } else if best != self.rival || self.confirmations == 0 {
                    self.confirmations += 1;
                }
                self.rival = best;
                let needed = if guess || self.paused || self.fit < FITS.0 { 0 } else { CONFIRMATIONS };
                if self.confirmations > needed {
                    (self.event, self.confirmations, jumped) = (Some(best), 0, true);
                    self.guessed = rival < settings.believed;
                    (self.outweighed, self.ahead) = (0, 0);
                } else {
                    // Where another place is as likely, this one goes on all the same.
                    self.event = Some(heaviest(decoder, event, STEP));
                }
            }
            None => {
                let mass = mass_near(events, decoder, best);
                let playing = 1.0 - decoder.rest - decoder.stray;
                if playing < PLAYING || mass < GUESS {
                    self.confirmations = 0;
                } else if best != self.rival {
                    self.confirmations += 1;
                }
                self.rival = best;
                // Music that comes back note for note leaves several places, of which the best is a better guess than none.
                if mass >= settings.believed || self.confirmations > GUESSED_AFTER {
                    (self.event, self.confirmations, jumped) = (Some(best), 0, true);
                    self.guessed = mass < settings.believed;
                }
            }
        }
        if jumped {
            self.fit = if before.is_none() { FIT_AT_FIRST.0 } else { FIT_AT_FIRST.1 };
        }
        let weight = self.event.map_or(0.0, |event| mass_near(events, decoder, event));
        // A little less is enough to stay than to become believed.
        let (mass, fit) =
            if self.following { (0.8 * settings.believed, FITS.0) } else { (settings.believed, FITS.1) };
        let paused = self.event.is_some_and(|event| {
            let lead = decoder.hypotheses.lead(event);
            let (age, wait) = (now - decoder.hypotheses.entered(lead), decoder.hypotheses.wait(lead));
            age > wait.next.centre + PAUSE && wait.unheard(age) < OVERDUE
        });
        self.paused = paused || decoder.rest >= 0.5 || self.paused && self.event == before;
        self.following = self.event.is_some() && !paused && weight >= mass && self.fit >= fit;
        let trust = ((self.fit - TRUSTED_FIT.0) / (TRUSTED_FIT.1 - TRUSTED_FIT.0)).clamp(0.0, 1.0);
        let state = if self.following {
            FollowState::Following
        } else if paused || decoder.rest >= 0.5 || (self.event.is_none() && decoder.rest > decoder.stray) {
            FollowState::Waiting
        } else if decoder.stray >= 0.5 {
            FollowState::Lost
        } else {
            FollowState::Unsure
        };
        Belief { event: self.event, confidence: weight * trust, jumped, state }
    }
}

/// The heaviest of `event` and the `further` events after it.
fn heaviest(decoder: &Decoder, event: usize, further: usize) -> usize {
    let masses = decoder.hypotheses.masses();
    let near = event..(event + further + 1).min(masses.len());
    near.fold(event, |best, event| if masses[event] > masses[best] { event } else { best })
}

/// Probability that the player is within a beat of `event`.
pub(crate) fn mass_near(events: &ScoreEvents, decoder: &Decoder, event: usize) -> f32 {
    let beat = events.beat[event];
    let before = events.beat[..event].iter().rev().take_while(|&&b| b >= beat - SAME_PLACE_BEATS).count();
    let after = events.beat[event..].iter().take_while(|&&b| b <= beat + SAME_PLACE_BEATS).count();
    decoder.hypotheses.masses()[event - before..event + after].iter().sum::<f32>().min(1.0)
}

/// The heaviest places, heaviest first, no two within two beats; empty entries have weight 0.
pub(crate) fn candidates(events: &ScoreEvents, decoder: &Decoder) -> [Candidate; 3] {
    let mut places = [Candidate::default(); 3];
    // Three sweeps over the events in which each takes the heaviest that is far from those before it.
    for rank in 0..places.len() {
        let (taken, free) = places.split_at_mut(rank);
        let mut heaviest = None;
        let mut most = LEAST_CANDIDATE;
        for (event, mass) in decoder.hypotheses.heavier(LEAST_CANDIDATE) {
            let beat = events.beat[event];
            if mass > most && taken.iter().all(|place| (place.beat - beat).abs() > 2.0 * SAME_PLACE_BEATS) {
                (most, heaviest) = (mass, Some(event));
            }
        }
        let Some(event) = heaviest else { break };
        free[0] = Candidate { beat: events.beat[event], weight: mass_near(events, decoder, event) };
    }
    places
}

/// Events lighter than this are no candidates.
const LEAST_CANDIDATE: f32 = 1e-3;

#[cfg(test)]
#[path = "gate_tests.rs"]
mod tests;
