//! Procedural music: made to cover pitches, densities and textures, not to please.

use crate::performance::{Key, Performance};
use fastrand::Rng;

/// What a player may do.
#[derive(Clone, Copy, Debug)]
pub struct Player {
    /// Lowest MIDI pitch.
    pub lowest: u8,
    /// Highest MIDI pitch.
    pub highest: u8,
    /// One note at a time.
    pub monophonic: bool,
    /// Has a sustain pedal.
    pub pedal: bool,
}

const SCALES: [&[i32]; 6] = [
    &[0, 2, 4, 5, 7, 9, 11],
    &[0, 2, 3, 5, 7, 8, 11],
    &[0, 2, 3, 5, 7, 8, 10],
    &[0, 2, 4, 6, 8, 10],
    &[0, 2, 4, 7, 9],
    &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
];

/// Writes one part of `seconds`, of sections in changing textures.
pub fn compose(rng: &mut Rng, player: Player, seconds: f64) -> Performance {
    let mut writer = Writer {
        scale: SCALES[rng.usize(..SCALES.len())],
        tonic: rng.i32(0..12),
        player,
        loudness: 30.0 + 75.0 * rng.f64(),
        performance: Performance::default(),
        rng: rng.clone(),
    };
    // The section's writer goes on from here; the caller's generator moves on by one step.
    let _ = rng.u64(..);
    let mut at = 0.1 + writer.rng.f64() * 0.8;
    while at < seconds - 0.5 {
        let length = 2.0 + 8.0 * writer.rng.f64();
        let end = (at + length).min(seconds);
        writer.loudness = (writer.loudness + 30.0 * (writer.rng.f64() - 0.5)).clamp(25.0, 112.0);
        if writer.rng.f64() < 0.2 {
            writer.tonic = writer.rng.i32(0..12);
            writer.scale = SCALES[writer.rng.usize(..SCALES.len())];
        }
        let first = writer.performance.keys.len();
        writer.section(at, end);
        let pedalled = writer.performance.pedals.last().is_some_and(|&(_, up)| up > at + 0.5);
        if player.pedal && !pedalled && writer.rng.f64() < 0.55 {
            writer.pedal(first, at, end);
        }
        at = end;
        if writer.rng.f64() < 0.15 {
            at += 0.3 + 1.5 * writer.rng.f64();
        }
    }
    let mut performance = writer.performance;
    performance.tidy(seconds);
    performance
}

struct Writer {
    rng: Rng,
    player: Player,
    scale: &'static [i32],
    tonic: i32,
    loudness: f64,
    performance: Performance,
}

impl Writer {
    fn section(&mut self, at: f64, end: f64) {
        if self.player.monophonic {
            match self.rng.u32(0..10) {
                0 => self.trill(at, end),
                1 => self.repeated(at, end),
                2 | 3 => self.run(at, end),
                4 => self.scattered(at, end),
                _ => self.line(at, end),
            }
            return;
        }
        // What keyboards with a pedal play besides.
        let keyboard = if self.player.pedal { 10 } else { 0 };
        match self.rng.u32(0..16 + keyboard) {
            16..=18 => self.figuration(at, end),
            19..=21 => self.pulses(at, end),
            22 => self.octaves(at, end),
            23 => self.tremolo(at, end),
            24.. => self.full_chords(at, end),
            0 | 1 => self.chords(at, end),
            2..=4 => self.accompanied(at, end),
            5 => self.run(at, end),
            6 => self.trill(at, end),
            7 => self.repeated(at, end),
            8 => self.scattered(at, end),
            9 => self.clusters(at, end),
            10 | 11 => self.arpeggios(at, end),
            12 => self.held_under_moving(at, end),
            13 => {
                self.chords(at, end);
                self.run(at, end);
            }
            _ => {
                for _ in 0..self.rng.usize(2..5) {
                    self.line(at, end);
                }
            }
        }
    }

    fn key(&mut self, on_s: f64, length_s: f64, pitch: i32, accent: f64) {
        let jitter = 0.008 * (self.rng.f64() + self.rng.f64() - 1.0);
        let velocity = self.loudness + accent + 22.0 * (self.rng.f64() - 0.5);
        let (lowest, highest) = (i32::from(self.player.lowest), i32::from(self.player.highest));
        let mut pitch = pitch;
        while pitch < lowest {
            pitch += 12;
        }
        while pitch > highest {
            pitch -= 12;
        }
        if pitch < lowest {
            return;
        }
        let on_s = on_s + jitter;
        self.performance.keys.push(Key {
            on_s,
            off_s: on_s + length_s,
            pitch: pitch as u8,
            velocity: velocity.clamp(8.0, 127.0) as u8,
        });
    }

    /// The pitch of a step of the scale; step 0 is the tonic nearest above MIDI 21.
    fn step(&self, step: i32) -> i32 {
        let size = self.scale.len() as i32;
        21 + self.tonic + 12 * step.div_euclid(size) + self.scale[step.rem_euclid(size) as usize]
    }

    /// A step of the scale somewhere in the player's range.
    fn somewhere(&mut self) -> i32 {
        let pitch = self.rng.i32(i32::from(self.player.lowest)..=i32::from(self.player.highest));
        (pitch - 21 - self.tonic) * self.scale.len() as i32 / 12
    }

    /// An inter-onset interval, log-uniform.
    fn interval(&mut self, shortest: f64, longest: f64) -> f64 {
        shortest * (longest / shortest).powf(self.rng.f64())
    }

    fn line(&mut self, at: f64, end: f64) {
        let mut step = self.somewhere();
        let beat = self.interval(0.12, 1.2);
        let articulation = [0.35, 0.7, 0.95, 1.0][self.rng.usize(..4)];
        let mut t = at + beat * self.rng.f64();
        while t < end {
            let length = beat * [0.5, 1.0, 1.0, 1.5, 2.0][self.rng.usize(..5)];
            if self.rng.f64() < 0.9 {
                let pitch = self.step(step);
                self.key(t, length * articulation, pitch, 0.0);
            }
            step += self.rng.i32(-3..=3);
            if self.rng.f64() < 0.08 {
                step = self.somewhere();
            }
            t += length * (1.0 + 0.06 * (self.rng.f64() - 0.5));
        }
    }

    fn chords(&mut self, at: f64, end: f64) {
        let beat = self.interval(0.18, 1.6);
        let sustain = 0.3 + 0.75 * self.rng.f64();
        let spread = if self.rng.f64() < 0.25 { 0.05 } else { 0.012 };
        let mut t = at;
        let mut root = self.somewhere();
        while t < end {
            for voice in 0..self.rng.i32(2..=6) {
                let step = root + voice * 2 + self.rng.i32(-1..=1) * i32::from(self.rng.f64() < 0.3);
                let octave = 12 * i32::from(self.rng.f64() < 0.15);
                let pitch = self.step(step) + octave;
                let late = spread * f64::from(voice) * self.rng.f64();
                self.key(t + late, beat * sustain, pitch, 0.0);
            }
            root += self.rng.i32(-3..=3);
            if self.rng.f64() < 0.15 {
                root = self.somewhere();
            }
            t += beat * [1.0, 1.0, 1.0, 0.5, 2.0][self.rng.usize(..5)];
        }
    }

    fn accompanied(&mut self, at: f64, end: f64) {
        let beat = self.interval(0.09, 0.4);
        let root = self.somewhere().clamp(5, 22);
        let pattern: Vec<i32> = match self.rng.u32(0..4) {
            0 => vec![0, 4, 2, 4],
            1 => vec![0, 2, 4, 7, 4, 2],
            2 => vec![-7, 4, 2, 4],
            _ => vec![0, 4, 7, 9, 11, 9, 7, 4],
        };
        let (mut t, mut i, mut harmony) = (at, 0usize, 0);
        while t < end {
            let pitch = self.step(root + harmony + pattern[i % pattern.len()]);
            self.key(t, beat * 1.1, pitch, -12.0);
            i += 1;
            if i.is_multiple_of(pattern.len() * 2) {
                harmony = self.rng.i32(-3..=4);
            }
            t += beat;
        }
        self.loudness += 8.0;
        self.line(at, end);
        self.loudness -= 8.0;
    }

    fn run(&mut self, at: f64, end: f64) {
        let interval = self.interval(0.05, 0.16);
        let mut step = self.somewhere();
        let mut direction = if self.rng.bool() { 1 } else { -1 };
        let both_hands = !self.player.monophonic && self.rng.f64() < 0.3;
        let mut t = at;
        while t < end {
            let pitch = self.step(step);
            let length = interval * (0.5 + 0.6 * self.rng.f64());
            self.key(t, length, pitch, 0.0);
            if both_hands {
                self.key(t, length, pitch - 12, 0.0);
            }
            step += direction;
            if self.rng.f64() < 0.08 {
                direction = -direction;
            }
            t += interval * (1.0 + 0.08 * (self.rng.f64() - 0.5));
        }
    }

    fn arpeggios(&mut self, at: f64, end: f64) {
        let interval = self.interval(0.05, 0.2);
        let held = if self.rng.bool() { 1.0 } else { 4.0 };
        let mut t = at;
        while t < end {
            let root = self.somewhere();
            let up = self.rng.bool();
            let notes = self.rng.i32(4..12);
            for i in 0..notes {
                let place = if up { i } else { notes - i };
                let pitch = self.step(root + place * 2 + i32::from(place % 3 == 2));
                self.key(t, interval * held, pitch, 0.0);
                t += interval;
            }
        }
    }

    fn trill(&mut self, at: f64, end: f64) {
        let interval = self.interval(0.055, 0.14);
        let step = self.somewhere();
        let (low, high) = (self.step(step), self.step(step + 1));
        let end = end.min(at + 3.0);
        let mut t = at;
        let mut upper = false;
        while t < end {
            self.key(t, interval * 0.95, if upper { high } else { low }, 0.0);
            upper = !upper;
            t += interval * (1.0 + 0.1 * (self.rng.f64() - 0.5));
        }
        if !self.player.monophonic {
            self.line(at, end);
        }
    }

    fn repeated(&mut self, at: f64, end: f64) {
        let interval = self.interval(0.09, 0.5);
        let voices = if self.player.monophonic { 1 } else { self.rng.i32(1..=4) };
        let mut t = at;
        while t < end {
            let root = self.somewhere();
            let sustain = 0.4 + 0.55 * self.rng.f64();
            for _ in 0..self.rng.usize(3..12) {
                for voice in 0..voices {
                    let pitch = self.step(root + 2 * voice);
                    self.key(t, interval * sustain, pitch, 0.0);
                }
                t += interval;
            }
        }
    }

    fn scattered(&mut self, at: f64, end: f64) {
        let mut t = at;
        while t < end {
            let pitch = self.rng.i32(i32::from(self.player.lowest)..=i32::from(self.player.highest));
            let length = self.interval(0.05, 2.5);
            let accent = 60.0 * (self.rng.f64() - 0.5);
            self.key(t, length, pitch, accent);
            t += if self.player.monophonic { length } else { self.interval(0.05, 1.2) };
        }
    }

    fn clusters(&mut self, at: f64, end: f64) {
        let mut t = at;
        while t < end {
            let low = self.rng.i32(i32::from(self.player.lowest)..=i32::from(self.player.highest));
            let length = self.interval(0.1, 1.5);
            for i in 0..self.rng.i32(2..=5) {
                let pitch = low + i * self.rng.i32(1..=2);
                self.key(t, length, pitch, 0.0);
            }
            t += self.interval(0.15, 1.2);
        }
    }

    fn held_under_moving(&mut self, at: f64, end: f64) {
        for _ in 0..self.rng.usize(1..4) {
            let step = self.somewhere();
            let pitch = self.step(step);
            let length = (end - at) * (0.7 + 0.3 * self.rng.f64());
            self.key(at, length, pitch, 6.0);
        }
        self.run(at + 0.3, end);
        if self.rng.bool() {
            self.line(at + 0.2, end);
        }
    }

    /// Broken chords, the same keys struck again and again under one pedal, a melody on their tops.
    fn figuration(&mut self, at: f64, end: f64) {
        let interval = self.interval(0.055, 0.17);
        let size = self.rng.usize(3..9);
        let mut pattern: Vec<i32> = (0..size as i32).map(|place| 2 * place).collect();
        match self.rng.u32(0..4) {
            0 => self.rng.shuffle(&mut pattern),
            1 => pattern.extend((1..size as i32 - 1).rev().map(|place| 2 * place)),
            2 => pattern.reverse(),
            _ => {}
        }
        let (both_hands, pedalled) = (self.rng.bool(), self.rng.f64() < 0.75);
        let (held, softer) = ([1.0, 2.0][self.rng.usize(..2)], -18.0 * self.rng.f64());
        let mut root = self.somewhere().clamp(8, 32);
        let mut t = at;
        let mut pedal_free = self.performance.pedals.last().map_or(0.0, |&(_, up)| up + 0.03);
        while t < end {
            let began = t;
            let melody = self.rng.i32(0..4);
            for _ in 0..self.rng.usize(1..6) {
                for (i, &place) in pattern.iter().enumerate() {
                    let pitch = self.step(root + place);
                    self.key(t, held * interval, pitch, softer);
                    if both_hands {
                        let mirrored = self.step(root - 9 + pattern[pattern.len() - 1 - i]);
                        self.key(t, held * interval, mirrored, softer - 4.0);
                    }
                    if i == 0 {
                        let top = self.step(root + 14 + melody);
                        self.key(t, interval * size as f64, top, 14.0);
                    }
                    t += interval * (1.0 + 0.06 * (self.rng.f64() - 0.5));
                }
            }
            let down = (began + 0.03 + 0.1 * self.rng.f64()).max(pedal_free);
            let up = t + 0.05 * self.rng.f64();
            if pedalled && up > down + 0.1 {
                self.performance.pedals.push((down, up));
                pedal_free = up + 0.03;
            }
            root = (root + self.rng.i32(-3..=3)).clamp(4, 36);
        }
    }

    /// Chords repeated in quick pulses, changing by a note now and then, a slow line above or below.
    fn pulses(&mut self, at: f64, end: f64) {
        let interval = self.interval(0.1, 0.4);
        let sustain = [0.5, 0.9, 1.0][self.rng.usize(..3)];
        let root = self.somewhere().clamp(2, 30);
        let mut chord: Vec<i32> = (0..self.rng.i32(2..=5)).map(|voice| root + 2 * voice).collect();
        if self.rng.bool() {
            // Close low chords, as in the first measures of many a sonata.
            chord.truncate(4);
        }
        let softer = -14.0 * self.rng.f64();
        let mut t = at;
        while t < end {
            for _ in 0..self.rng.usize(2..9) {
                for place in 0..chord.len() {
                    let pitch = self.step(chord[place]);
                    self.key(t, interval * sustain, pitch, softer);
                }
                t += interval * (1.0 + 0.05 * (self.rng.f64() - 0.5));
            }
            let voice = self.rng.usize(..chord.len());
            chord[voice] += [-1, 1][self.rng.usize(..2)];
        }
        if self.rng.f64() < 0.8 {
            self.line(at, end);
        }
    }

    /// A line doubled in octaves, in one hand or in both.
    fn octaves(&mut self, at: f64, end: f64) {
        let interval = self.interval(0.09, 0.6);
        let below = if self.rng.bool() { vec![12] } else { vec![12, 24, 36] };
        let articulation = [0.5, 0.95][self.rng.usize(..2)];
        let mut step = self.somewhere();
        let mut t = at;
        while t < end {
            let length = interval * [1.0, 1.0, 1.0, 2.0][self.rng.usize(..4)];
            let pitch = self.step(step);
            self.key(t, length * articulation, pitch, 4.0);
            for &octave in &below {
                self.key(t, length * articulation, pitch - octave, -3.0);
            }
            step += self.rng.i32(-3..=3);
            t += length;
        }
    }

    /// Two keys or chords in quick alternation, a line with them.
    fn tremolo(&mut self, at: f64, end: f64) {
        let interval = self.interval(0.05, 0.11);
        let root = self.somewhere();
        let sides = [[0, 7].as_slice(), [0, 2, 4].as_slice()];
        let (low, high) = (sides[self.rng.usize(..2)], sides[self.rng.usize(..2)]);
        let softer = -16.0 * self.rng.f64();
        let mut t = at;
        let mut upper = false;
        while t < end {
            for &place in if upper { high } else { low } {
                let pitch = self.step(root + place) + if upper { 12 } else { 0 };
                self.key(t, 0.95 * interval, pitch, softer);
            }
            upper = !upper;
            t += interval * (1.0 + 0.08 * (self.rng.f64() - 0.5));
        }
        self.line(at, end);
    }

    /// Chords of both hands: a bass, often in octaves, inner voices, the uppermost loudest.
    fn full_chords(&mut self, at: f64, end: f64) {
        let beat = self.interval(0.3, 1.6);
        let spread = [0.006, 0.02, 0.06][self.rng.usize(..3)];
        let mut root = self.somewhere().clamp(2, 16);
        let mut t = at;
        while t < end {
            let mut steps = vec![root];
            if self.rng.bool() {
                steps.push(root + 7);
            }
            let hand = root + 7 * self.rng.i32(1..=3) + 2 * self.rng.i32(0..=2);
            steps.extend((0..self.rng.i32(2..=4)).map(|voice| hand + 2 * voice));
            let length = beat * [0.5, 1.0, 1.0, 1.5, 2.0][self.rng.usize(..5)];
            let top = steps.len() - 1;
            for (voice, &step) in steps.iter().enumerate() {
                let late = spread * self.rng.f64() * voice as f64 / 2.0;
                let pitch = self.step(step);
                let accent = if voice == top { 10.0 } else { -12.0 * self.rng.f64() };
                self.key(t + late, length * 0.97, pitch, accent);
            }
            root = (root + self.rng.i32(-4..=4)).clamp(0, 18);
            t += length;
        }
    }

    /// Pedals a section: changed with the harmony, or now and then, or held through.
    fn pedal(&mut self, first: usize, at: f64, end: f64) {
        let mut onsets: Vec<f64> = self.performance.keys[first..].iter().map(|key| key.on_s).collect();
        onsets.sort_by(f64::total_cmp);
        let (shortest, longest) = [(0.4, 1.2), (0.8, 2.5), (2.0, 6.0)][self.rng.usize(..3)];
        let mut down = at + 0.05;
        let last = self.performance.pedals.last().map_or(0.0, |&(_, up)| up + 0.02);
        down = down.max(last);
        while down < end - 0.2 {
            let wanted = down + self.interval(shortest, longest);
            // Lifted just after a strike, as pianists do.
            let up = onsets.iter().copied().find(|&onset| onset >= wanted).unwrap_or(wanted).min(end)
                + 0.06 * self.rng.f64();
            self.performance.pedals.push((down, up));
            down = up + 0.04 + 0.12 * self.rng.f64();
        }
    }
}
