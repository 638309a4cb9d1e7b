//! The ways that led to each state, as a tree that grows towards the present.

use super::decoder::Origin;
use super::hypotheses::{CLOCKS, Slot};

/// No way: the beginning of the recording.
const NONE: u32 = u32::MAX;

/// One event heard on some way.
#[derive(Clone, Copy, Debug)]
struct Entry {
    event: u32,
    hop: f32,
    before: u32,
}

/// For each state, the best way to it. Twelve bytes for every entry of an event that was ever the best way to it.
#[derive(Clone, Debug)]
pub(crate) struct History {
    entries: Vec<Entry>,
    to_slot: Vec<[u32; CLOCKS]>,
    to_rest: u32,
    to_stray: u32,
}

impl History {
    /// All ways are empty.
    pub fn new(events: usize) -> History {
        History { entries: Vec::new(), to_slot: vec![[NONE; CLOCKS]; events], to_rest: NONE, to_stray: NONE }
    }

    fn to(&self, state: Origin) -> u32 {
        match state {
            Origin::Event(slot) | Origin::Jump(slot) => self.to_slot[slot.event][slot.clock],
            Origin::Rest => self.to_rest,
            Origin::Stray => self.to_stray,
        }
    }

    /// Events are heard at `hop`, all at once, each coming from where its origin was before.
    pub fn enter(&mut self, entered: impl Iterator<Item = (Slot, Origin)> + Clone, hop: f32) {
        let first = self.entries.len();
        for (slot, origin) in entered.clone() {
            let before = self.to(origin);
            self.entries.push(Entry { event: slot.event as u32, hop, before });
        }
        for (at, (slot, _)) in (first..NONE as usize).zip(entered) {
            self.to_slot[slot.event][slot.clock] = at as u32;
        }
    }

    /// The best way to rest now comes from `origin`.
    pub fn rest(&mut self, origin: Origin) {
        self.to_rest = self.to(origin);
    }

    /// The best way to stray playing now comes from `origin`.
    pub fn stray(&mut self, origin: Origin) {
        self.to_stray = self.to(origin);
    }

    /// The events heard on the best way to `state`, and when, in the order of time.
    pub fn way_to(&self, state: Origin) -> Vec<(usize, f32)> {
        let mut way = Vec::new();
        let mut at = self.to(state);
        while let Some(entry) = self.entries.get(at as usize) {
            way.push((entry.event as usize, entry.hop));
            at = entry.before;
        }
        way.reverse();
        way
    }
}
