//! What is played: keys, pedal, and from them the notes as they sound.

/// A key pressed and released.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Press, seconds.
    pub on_s: f64,
    /// Release, seconds.
    pub off_s: f64,
    /// MIDI 21-108.
    pub pitch: u8,
    /// 1-127.
    pub velocity: u8,
}

/// One player's keys and sustain pedal.
#[derive(Clone, Debug, Default)]
pub struct Performance {
    /// In any order; [`Performance::tidy`] sorts them.
    pub keys: Vec<Key>,
    /// Spans with the pedal down, in order, not touching.
    pub pedals: Vec<(f64, f64)>,
}

/// A note as it sounds: the truth that a transcriber is to find.
#[derive(Clone, Copy, Debug)]
pub struct Sounding {
    /// Start, seconds.
    pub onset_s: f64,
    /// End: the key's release, or the pedal's if it was down then, or the next strike of that pitch.
    pub offset_s: f64,
    /// MIDI 21-108.
    pub pitch: u8,
    /// 1-127.
    pub velocity: u8,
}

/// A key is released at least this long before it is struck again, seconds.
const REPEAT_GAP_S: f64 = 0.015;

impl Performance {
    /// Sorts the keys, drops those out of range or struck twice within 40 ms, and releases each before it is
    /// struck again.
    pub fn tidy(&mut self, end_s: f64) {
        self.keys.retain(|key| (21..=108).contains(&key.pitch) && key.on_s >= 0.05 && key.on_s < end_s - 0.1);
        self.keys.sort_by(|a, b| a.on_s.total_cmp(&b.on_s));
        let mut newest: [Option<usize>; 128] = [None; 128];
        let mut kept: Vec<Key> = Vec::with_capacity(self.keys.len());
        for key in &self.keys {
            let slot = &mut newest[usize::from(key.pitch)];
            if let Some(before) = *slot {
                if key.on_s - kept[before].on_s < 0.04 {
                    continue;
                }
                kept[before].off_s = kept[before].off_s.min(key.on_s - REPEAT_GAP_S);
            }
            *slot = Some(kept.len());
            kept.push(Key { off_s: key.off_s.max(key.on_s + 0.03), ..*key });
        }
        self.keys = kept;
    }

    /// When a key released at `off_s` falls silent, the pedal being what it is.
    pub fn damped_s(&self, off_s: f64) -> f64 {
        self.pedals.iter().find(|&&(down, up)| down <= off_s && off_s < up).map_or(off_s, |&(_, up)| up)
    }

    /// The notes as they sound, in order of onset.
    pub fn soundings(&self) -> Vec<Sounding> {
        let mut next_strike = [f64::INFINITY; 128];
        let mut soundings: Vec<Sounding> = self
            .keys
            .iter()
            .rev()
            .map(|key| {
                let next = std::mem::replace(&mut next_strike[usize::from(key.pitch)], key.on_s);
                Sounding {
                    onset_s: key.on_s,
                    offset_s: self.damped_s(key.off_s).min(next),
                    pitch: key.pitch,
                    velocity: key.velocity,
                }
            })
            .collect();
        soundings.reverse();
        soundings
    }
}
