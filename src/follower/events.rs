//! The playing path as the follower sees it: one event for each distinct onset, with the keys it strikes.

use crate::score::{Ornament, PlayingPath};
use crate::units::{FRAME_RATE_HZ, KEYS, LOWEST_KEY, Pitch};
use std::ops::RangeInclusive;

/// What an onset of some key means to an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Relation {
    /// The event strikes this key.
    Struck,
    /// A neighbouring key, or the octave: hit by mistake for one that the event strikes.
    Slip,
    /// An octave or partial of a struck key, which the estimator may take for a note.
    Ghost,
    /// A trill, turn, tremolo or grace note may strike it any number of times.
    Ornament,
}

/// One event's interest in a key, see [`ScoreEvents::interested`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Interest {
    /// Index of the event.
    pub event: u32,
    /// What the key is to it.
    pub relation: Relation,
}

/// The events in path order, as columns.
#[derive(Clone, Debug, Default)]
pub(crate) struct ScoreEvents {
    /// Path position of each event in beats; strictly rising.
    pub beat: Vec<f64>,
    /// Notated time from each event to the next, in hops; the last one's is its measure's rest.
    pub interval: Vec<f32>,
    /// Keys that each event strikes, bit 0 = A0.
    pub keys: Vec<u128>,
    /// How many keys those are, at least 1.
    pub count: Vec<u8>,
    /// The chord is rolled.
    pub rolled: Vec<bool>,
    /// Some note stands under a fermata, or a rest between here and the next event.
    pub fermata: Vec<bool>,
    /// Index of the path step each event falls in.
    pub step: Vec<u32>,
    /// First event of its measure.
    pub leads_measure: Vec<bool>,
    /// First event at or after a place where something begins: a rehearsal mark, a phrase, a tempo.
    pub begins: Vec<bool>,
    /// Steps after which an event of another step than the next may follow, and the first such event.
    pub turns: Vec<(u32, u32)>,
    /// Where the path ends, in beats.
    pub end: f64,
    /// Share of each key among all struck keys, mixed with an even share: what "any other music" plays.
    pub key_share: Vec<f32>,
    interests: Vec<Interest>,
    key_start: Vec<u32>,
}

/// Where estimators hear a note that is only a partial of another.
const PARTIALS: [i32; 4] = [12, 19, 24, 28];

/// A note this many times as long as the one before it may end a phrase.
const LONG_BEFORE: f32 = 1.9;

/// The longest notated interval taken at its word, in hops: ten minutes.
const LONGEST_INTERVAL: f64 = 60_000.0;

impl ScoreEvents {
    /// The events of those parts of `path` that `plays` accepts.
    pub fn new(path: &PlayingPath, plays: impl Fn(u16) -> bool) -> ScoreEvents {
        let mut events = ScoreEvents { end: path.end().to_f64(), ..ScoreEvents::default() };
        let mut ornaments: Vec<u128> = Vec::new();
        let mut notes: Vec<_> = path
            .notes
            .iter()
            .filter(|note| plays(note.part))
            .filter_map(|note| Some((note.onset.to_f64(), note.pitch.key()?, note)))
            .collect();
        notes.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut at = 0;
        while at < notes.len() {
            let beat = notes[at].0;
            let group = &notes[at..at + notes[at..].partition_point(|note| note.0 <= beat + 1e-6)];
            at += group.len();
            let only_grace = group.iter().all(|(_, _, note)| note.grace);
            let (mut keys, mut ornament, mut rolled, mut fermata) = (0u128, 0u128, false, false);
            for (_, key, note) in group {
                if note.grace && !only_grace {
                    ornament |= 1 << key;
                    continue;
                }
                keys |= 1 << key;
                rolled |= note.ornament == Ornament::Arpeggio;
                fermata |= note.fermata;
                match note.ornament {
                    Ornament::Trill | Ornament::Mordent | Ornament::Turn => {
                        ornament |= around(*key, &[0, -2, -1, 1, 2])
                    }
                    Ornament::Tremolo => ornament |= 1 << key,
                    Ornament::Plain | Ornament::Arpeggio => {}
                }
            }
            let step = group[0].2.step;
            // Grace notes sound before the beat: they belong to the wait for their event as well.
            if let (Some(before), true) = (ornaments.last_mut(), group.iter().any(|(_, _, note)| note.grace))
            {
                *before |= ornament;
            }
            events.leads_measure.push(events.step.last() != Some(&step));
            events.beat.push(beat);
            events.keys.push(keys);
            events.count.push(keys.count_ones() as u8);
            events.rolled.push(rolled);
            events.fermata.push(fermata);
            events.step.push(step);
            ornaments.push(ornament);
        }
        events.interval = (0..events.len())
            .map(|event| {
                let until =
                    events.beat.get(event + 1).copied().unwrap_or(events.end.max(events.beat[event] + 1.0));
                let notated = path.notated_time(until).0 - path.notated_time(events.beat[event]).0;
                (notated * FRAME_RATE_HZ).clamp(0.5, LONGEST_INTERVAL) as f32
            })
            .collect();
        for &(rest, _) in path.held_rests.iter().filter(|(_, part)| plays(*part)) {
            events.hold_before(rest.to_f64(), path);
        }
        events.index(&ornaments);
        events.mark(path);
        events
    }

    /// What is prolonged by a fermata over a rest is the wait after the event before it, unless that is long over.
    fn hold_before(&mut self, rest: f64, path: &PlayingPath) {
        let Some(event) = self.beat.partition_point(|&beat| beat < rest + 1e-6).checked_sub(1) else {
            return;
        };
        let step = path.step_at(rest).unwrap_or(0) as u32;
        self.fermata[event] |= self.step[event] + 1 >= step;
    }

    /// Finds where something begins, and where playing may turn.
    fn mark(&mut self, path: &PlayingPath) {
        self.begins = (0..self.len())
            .map(|event| {
                let Some(before) = event.checked_sub(1) else { return true };
                // A new phrase, as far as the notes tell: a measure's first note after one that was held.
                let held = self.fermata[before]
                    || before > 0 && self.interval[before] >= LONG_BEFORE * self.interval[before - 1];
                self.leads_measure[event] && held
            })
            .collect();
        let tempos = path.tempos.iter().map(|change| change.at);
        let starts = path.waymarks.starts.iter().copied().chain(tempos);
        for beat in starts.map(|at| at.to_f64()) {
            let event = self.at_or_after(beat);
            if let Some(begins) = self.begins.get_mut(event) {
                *begins = true;
            }
        }
        let turns = path.waymarks.turns.iter().filter_map(|&(from, to)| {
            let start = path.steps.get(to as usize)?.start.to_f64();
            let event = self.beat.partition_point(|&beat| beat < start - 1e-6);
            (self.step.get(event) == Some(&to)).then_some((from, event as u32))
        });
        self.turns = turns.collect();
    }

    /// Number of events.
    pub fn len(&self) -> usize {
        self.beat.len()
    }

    /// True if the path has no note that can be heard.
    pub fn is_empty(&self) -> bool {
        self.beat.is_empty()
    }

    /// The events to which an onset of `key` means something, in path order.
    pub fn interested(&self, key: usize) -> &[Interest] {
        &self.interests[self.key_start[key] as usize..self.key_start[key + 1] as usize]
    }

    /// Whether some event of `range` strikes `key`, or ornaments a note with it; `None` if it may be heard as a partial
    /// of one that it strikes, which says neither.
    pub fn expects(&self, key: usize, range: RangeInclusive<usize>) -> Option<bool> {
        let interests = self.interested(key);
        let from = interests.partition_point(|interest| (interest.event as usize) < *range.start());
        let mut ghost = false;
        for interest in &interests[from..] {
            match interest.relation {
                _ if interest.event as usize > *range.end() => break,
                Relation::Struck | Relation::Ornament => return Some(true),
                Relation::Ghost => ghost = true,
                Relation::Slip => {}
            }
        }
        (!ghost).then_some(false)
    }

    /// The first event at or after `beat`; the last one if there is none.
    pub fn at_or_after(&self, beat: f64) -> usize {
        self.beat.partition_point(|&b| b < beat - 1e-6).min(self.len().saturating_sub(1))
    }

    fn index(&mut self, ornaments: &[u128]) {
        let mut struck = [0u32; KEYS];
        let mut by_key: Vec<Vec<Interest>> = vec![Vec::new(); KEYS];
        for (event, (&keys, &ornament)) in self.keys.iter().zip(ornaments).enumerate() {
            let (mut slips, mut ghosts) = (0u128, 0u128);
            for key in (0..KEYS).filter(|key| keys >> key & 1 == 1) {
                struck[key] += 1;
                slips |= around(key, &[-12, -2, -1, 1, 2, 12]);
                ghosts |= around(key, &PARTIALS);
            }
            for (key, interests) in by_key.iter_mut().enumerate() {
                let has = |mask: u128| mask >> key & 1 == 1;
                let relation = if has(keys) {
                    Relation::Struck
                } else if has(ornament) {
                    Relation::Ornament
                } else if has(ghosts) {
                    Relation::Ghost
                } else if has(slips) {
                    Relation::Slip
                } else {
                    continue;
                };
                interests.push(Interest { event: event as u32, relation });
            }
        }
        let total = struck.iter().sum::<u32>().max(1) as f32;
        self.key_share = struck.iter().map(|&n| 0.5 / KEYS as f32 + 0.5 * n as f32 / total).collect();
        self.key_start = vec![0];
        for interests in by_key {
            self.interests.extend(interests);
            self.key_start.push(self.interests.len() as u32);
        }
    }
}

/// The keys that lie `steps` semitones from `key`, as bits.
fn around(key: usize, steps: &[i32]) -> u128 {
    let midi = |step: i32| u8::try_from(key as i32 + i32::from(LOWEST_KEY) + step).ok();
    steps.iter().filter_map(|&step| Pitch(midi(step)?).key()).fold(0, |mask, key| mask | 1 << key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Beats;

    #[test]
    fn a_held_rest_prolongs_the_wait_of_the_event_before_it() {
        let notes: Vec<_> =
            [0, 1, 2, 4, 20].iter().map(|&at| (Beats::whole(at), Beats::whole(1), Pitch(60))).collect();
        let mut path = PlayingPath::from_notes((4, 4), &notes);
        let fermatas = |path: &PlayingPath, part| ScoreEvents::new(path, |there| there == part).fermata;
        assert_eq!(fermatas(&path, 0), [false; 5]);
        path.held_rests = vec![(Beats::whole(3), 0)];
        assert_eq!(fermatas(&path, 0), [false, false, true, false, false]);
        // Where another voice strikes with the rest, it is that one's wait; far from any event, nobody's.
        path.held_rests = vec![(Beats::whole(1), 0), (Beats::whole(16), 0)];
        assert_eq!(fermatas(&path, 0), [false, true, false, false, false]);
        // Another part's rest.
        path.held_rests = vec![(Beats::whole(3), 1)];
        assert_eq!(fermatas(&path, 0), [false; 5]);
    }
}
