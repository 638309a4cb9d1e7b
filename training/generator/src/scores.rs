//! Written music, played freely: excerpts of scores with rubato, spread chords, articulation, dynamics, pedal,
//! ornaments and slips.

use crate::music::Player;
use crate::performance::{Key, Performance};
use anyhow::{Context, Result, bail};
use colla_parte::readers::read_score;
use colla_parte::score::{Ornament, PathNote, Score};
use fastrand::Rng;
use std::f64::consts::PI;
use std::path::{Path, PathBuf};

/// Where the clock's table has its points, in beats.
const TICK_BEATS: f64 = 0.125;

/// A folder of scores.
pub struct Library {
    files: Vec<PathBuf>,
}

impl Library {
    /// All MusicXML files in and below `folder`, but those whose stem is in `without`.
    pub fn open(folder: &Path, without: &[String]) -> Result<Library> {
        let mut files = Vec::new();
        let mut folders = vec![folder.to_owned()];
        while let Some(folder) = folders.pop() {
            let entries =
                std::fs::read_dir(&folder).with_context(|| format!("reading {}", folder.display()))?;
            for entry in entries {
                let path = entry?.path();
                let has = |suffix: &str| path.extension().is_some_and(|found| found == suffix);
                if path.is_dir() {
                    folders.push(path);
                } else if (has("mxl") || has("musicxml"))
                    && !without
                        .iter()
                        .any(|stem| path.file_stem().is_some_and(|found| found == stem.as_str()))
                {
                    files.push(path);
                }
            }
        }
        if files.is_empty() {
            bail!("{}: no scores", folder.display());
        }
        // Folders list their entries in any order.
        files.sort();
        Ok(Library { files })
    }

    /// A passage of about `seconds` of some score, ready to be played.
    pub fn passage(&self, rng: &mut Rng, seconds: f64) -> Result<Passage> {
        let path = &self.files[rng.usize(..self.files.len())];
        let read = || -> Result<Score> { Ok(read_score(&std::fs::read(path)?, "")?) };
        let score = read().with_context(|| format!("{}", path.display()))?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Passage::choose(rng, &score, seconds, name))
    }
}

/// A passage with its tempo: what its players have in common.
pub struct Passage {
    /// The score's file, for the log.
    pub name: String,
    /// The notes of each part that has any, in order.
    pub parts: Vec<Line>,
    first_beat: f64,
    measure_beats: f64,
    /// Seconds at each tick from `first_beat`.
    times_s: Vec<f64>,
    seconds: f64,
    transposition: i32,
    loudness: f64,
}

/// One part of a passage.
pub struct Line {
    /// Printed on two staves: a keyboard's.
    pub keyboard: bool,
    notes: Vec<PathNote>,
}

impl Passage {
    fn choose(rng: &mut Rng, score: &Score, seconds: f64, name: String) -> Passage {
        let path = &score.path;
        let first_step = rng.usize(..path.steps.len().saturating_sub(4).max(1));
        let first_beat = path.steps.get(first_step).map_or(0.0, |step| step.start.to_f64());
        let measure_beats = path.steps.get(first_step).map_or(4.0, |step| step.length.to_f64().max(1.0));
        // Freely faster or slower than written.
        let pace = 0.75 * (1.4f64 / 0.75).powf(rng.f64());
        let freedom = 0.02 + 0.2 * rng.f64();
        let arc_beats = measure_beats * [2.0, 4.0, 8.0][rng.usize(..3)];
        let (mut drift, mut time_s, mut times_s) = (0.0, 0.15 + 0.6 * rng.f64(), Vec::new());
        while time_s < seconds {
            times_s.push(time_s);
            let beat = times_s.len() as f64 * TICK_BEATS;
            drift = 0.98 * drift + 0.06 * freedom * normal(rng);
            let arc = (PI * (beat / arc_beats).fract()).sin() - 0.5;
            let speed = pace * (1.0 + freedom * arc + drift).clamp(0.5, 1.6);
            let second_per_beat = path.tempo_at(first_beat + beat).seconds_per_beat().clamp(0.2, 2.0);
            time_s += TICK_BEATS * second_per_beat / speed;
        }
        times_s.push(time_s);
        let last_beat = first_beat + (times_s.len() - 1) as f64 * TICK_BEATS;
        let mut lines: Vec<Line> =
            score.parts.iter().map(|part| Line { keyboard: part.staves > 1, notes: Vec::new() }).collect();
        for note in &path.notes {
            let beat = note.onset.to_f64();
            if (first_beat..last_beat).contains(&beat)
                && let Some(line) = lines.get_mut(usize::from(note.part))
            {
                line.notes.push(note.clone());
            }
        }
        lines.retain(|line| !line.notes.is_empty());
        Passage {
            name,
            parts: lines,
            first_beat,
            measure_beats,
            times_s,
            seconds,
            transposition: rng.i32(-5..=6),
            loudness: 35.0 + 65.0 * rng.f64(),
        }
    }

    fn time_s(&self, beat: f64) -> f64 {
        let last = self.times_s.len() - 1;
        let place = ((beat - self.first_beat) / TICK_BEATS).max(0.0);
        if place >= last as f64 {
            return self.times_s[last];
        }
        let below = place as usize;
        self.times_s[below] + (self.times_s[below + 1] - self.times_s[below]) * (place - below as f64)
    }

    /// What `player` makes of the parts numbered `parts`, all in one: keys and pedal.
    pub fn play(&self, rng: &mut Rng, parts: &[usize], player: Player) -> Performance {
        let mut performance = Performance::default();
        let notes: Vec<&PathNote> = parts.iter().flat_map(|&part| &self.parts[part].notes).collect();
        let octaves = octaves_into(&notes, self.transposition, player);
        let hand = Hand::random(rng, player);
        for (i, note) in notes.iter().enumerate() {
            if rng.f64() < 0.01 {
                continue;
            }
            let beat = note.onset.to_f64();
            let slip = if rng.f64() < 0.01 { rng.i32(-2..=2) } else { 0 };
            let pitch = i32::from(note.pitch.0) + self.transposition + 12 * octaves + slip;
            let chord = notes.iter().skip(i.saturating_sub(12)).take(25).filter(|other| {
                other.onset == note.onset
                    && other.part == note.part
                    && !other.grace
                    && other.pitch < note.pitch
            });
            let rolled = note.ornament == Ornament::Arpeggio || hand.rolls > 0.0 && (beat * 7.3).sin() > 0.8;
            let spread_s = if rolled { hand.roll_s } else { hand.spread_s };
            let graces =
                notes[i..].iter().take_while(|other| other.grace && other.onset == note.onset).count();
            let lead_s = if note.grace { hand.grace_s * graces.max(1) as f64 } else { 0.0 };
            let jitter_s = hand.jitter_s * normal(rng);
            let on_s = self.time_s(beat) + spread_s * chord.count() as f64 - lead_s + jitter_s;
            let written_s = self.time_s(beat + note.duration.to_f64()) - self.time_s(beat);
            let length_s = if note.grace { 0.09 } else { written_s * hand.articulation };
            let mut near = notes.iter().skip(i.saturating_sub(12)).take(25);
            let above =
                near.any(|other| other.onset == note.onset && !other.grace && other.pitch > note.pitch);
            let velocity = self.velocity(rng, note, &hand, !above);
            let key = Key { on_s, off_s: on_s + length_s.max(0.05), pitch: clamped(pitch), velocity };
            match note.ornament {
                Ornament::Trill | Ornament::Mordent | Ornament::Turn if written_s > 0.25 => {
                    ornament(rng, note.ornament, key, written_s, &mut performance.keys);
                }
                _ => performance.keys.push(key),
            }
            if !player.monophonic && rng.f64() < hand.brushes {
                performance.keys.push(brushed(rng, key));
            }
        }
        if player.pedal && rng.f64() < 0.7 {
            self.pedal(rng, &mut performance);
        }
        performance.tidy(self.seconds);
        performance
    }

    /// `top`: nothing written above it begins with it.
    fn velocity(&self, rng: &mut Rng, note: &PathNote, hand: &Hand, top: bool) -> u8 {
        let in_phrase = (note.onset.to_f64() - self.first_beat) / (4.0 * self.measure_beats);
        let swell = 14.0 * ((PI * in_phrase.fract()).sin() - 0.5);
        let loudness = self.loudness
            + hand.louder
            + swell
            + hand.unevenness * normal(rng)
            + if note.staff > 1 { hand.left } else { 0.0 }
            + if top { hand.melody } else { 0.0 };
        loudness.clamp(12.0, 124.0) as u8
    }

    /// Pedal with each measure or half measure, lifted just after the beat, or now and then.
    fn pedal(&self, rng: &mut Rng, performance: &mut Performance) {
        let every = self.measure_beats * [0.5, 1.0, 1.0, 2.0][rng.usize(..4)];
        let (late_s, lift_s) = (0.05 + 0.15 * rng.f64(), 0.06 * rng.f64());
        let used = [0.5, 1.0, 1.0][rng.usize(..3)];
        let mut beat = self.first_beat;
        let mut free_s = 0.0f64;
        while self.time_s(beat) < self.seconds - 0.5 {
            let down = (self.time_s(beat) + late_s).max(free_s);
            let up = self.time_s(beat + every) + lift_s;
            if rng.f64() < used && up > down + 0.1 {
                performance.pedals.push((down, up));
                free_s = up + 0.02;
            }
            beat += every;
        }
    }
}

/// How a player plays, for one passage.
struct Hand {
    articulation: f64,
    spread_s: f64,
    rolls: f64,
    roll_s: f64,
    grace_s: f64,
    jitter_s: f64,
    unevenness: f64,
    louder: f64,
    left: f64,
    /// By how much the uppermost note of a chord is louder, in velocity.
    melody: f64,
    /// Share of keys beside which a neighbour is brushed.
    brushes: f64,
}

impl Hand {
    fn random(rng: &mut Rng, player: Player) -> Hand {
        Hand {
            articulation: [0.45, 0.75, 0.92, 0.98, 1.04][rng.usize(..5)],
            spread_s: 0.006 * rng.f64(),
            rolls: if !player.monophonic && rng.f64() < 0.2 { 1.0 } else { 0.0 },
            roll_s: 0.015 + 0.05 * rng.f64(),
            grace_s: 0.06 + 0.06 * rng.f64(),
            jitter_s: 0.004 + 0.012 * rng.f64(),
            unevenness: 2.0 + 6.0 * rng.f64(),
            louder: 12.0 * (rng.f64() - 0.5),
            left: -16.0 * rng.f64(),
            melody: if rng.f64() < 0.6 { 28.0 * rng.f64() } else { 0.0 },
            brushes: if rng.f64() < 0.3 { 0.06 * rng.f64() } else { 0.0 },
        }
    }
}

/// A neighbour of `key` that the finger touches too: softer, and let go soon.
fn brushed(rng: &mut Rng, key: Key) -> Key {
    let pitch = i32::from(key.pitch) + [-2, -1, -1, 1, 1, 2][rng.usize(..6)];
    let on_s = key.on_s + 0.02 * normal(rng);
    let softer = 0.35 + 0.5 * rng.f64();
    Key {
        on_s,
        off_s: on_s + 0.05 + 0.15 * rng.f64(),
        pitch: clamped(pitch),
        velocity: (f64::from(key.velocity) * softer).max(10.0) as u8,
    }
}

fn ornament(rng: &mut Rng, kind: Ornament, key: Key, written_s: f64, keys: &mut Vec<Key>) {
    let interval_s = 0.06 + 0.06 * rng.f64();
    let neighbour = key.pitch + 1 + u8::from(rng.bool());
    let below = key.pitch - 1 - u8::from(rng.bool());
    let turns: Vec<u8> = match kind {
        Ornament::Trill => {
            let strikes = (written_s / interval_s).clamp(4.0, 40.0) as usize;
            (0..strikes).map(|i| if i % 2 == 0 { key.pitch } else { neighbour }).collect()
        }
        Ornament::Mordent => vec![key.pitch, if rng.bool() { neighbour } else { below }, key.pitch],
        _ => vec![neighbour, key.pitch, below, key.pitch],
    };
    let mut on_s = key.on_s;
    for (i, &pitch) in turns.iter().enumerate() {
        let last = i + 1 == turns.len();
        let off_s = if last { key.off_s.max(on_s + interval_s) } else { on_s + 0.95 * interval_s };
        keys.push(Key { on_s, off_s, pitch: clamped(i32::from(pitch)), velocity: key.velocity });
        on_s += interval_s;
    }
}

/// By how many octaves to move the notes so that they lie best in the player's range.
fn octaves_into(notes: &[&PathNote], transposition: i32, player: Player) -> i32 {
    let outside = |octaves: i32| {
        let pitches = notes.iter().map(|note| i32::from(note.pitch.0) + transposition + 12 * octaves);
        pitches.filter(|&p| p < i32::from(player.lowest) || p > i32::from(player.highest)).count()
    };
    (-3..=3).min_by_key(|&octaves: &i32| (outside(octaves), octaves.abs())).unwrap_or(0)
}

fn clamped(pitch: i32) -> u8 {
    pitch.clamp(21, 108) as u8
}

/// Close to normally distributed, variance 1.
fn normal(rng: &mut Rng) -> f64 {
    (0..3).map(|_| rng.f64() - 0.5).sum::<f64>() * 2.0
}
