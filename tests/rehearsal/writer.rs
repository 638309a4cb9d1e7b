//! Scores out of a seed: tonal, in phrases that come back, in the textures that followers find hard.

use super::Random;
use colla_parte::score::{NoteId, Ornament, PathNote, PathStep, PlayingPath, TempoChange};
use colla_parte::units::{Beats, Bpm, Pitch};

const MAJOR: [i32; 7] = [0, 2, 4, 5, 7, 9, 11];

/// How a phrase is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Texture {
    /// Broken chords under a melody.
    Alberti,
    /// Four-part chords.
    Chorale,
    /// One line in sixteenths.
    Run,
    /// Two lines in eighths.
    Counterpoint,
    /// One slow line.
    Song,
    /// One chord struck again and again under a slow melody, until a single voice of it moves.
    Pulse,
    /// A figure of half a measure that goes on whatever the bass and a slow melody do.
    Ostinato,
}

/// What kind of music a piece is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Music {
    /// Each phrase in another texture.
    Varied,
    /// Chords and figures that are repeated so often that only counting tells one time from the next; phrases also
    /// come back with another melody over the same accompaniment.
    Repeating,
}

impl Music {
    fn textures(self) -> &'static [Texture] {
        match self {
            Music::Varied => {
                &[Texture::Alberti, Texture::Chorale, Texture::Run, Texture::Counterpoint, Texture::Song]
            }
            Music::Repeating => &[Texture::Pulse, Texture::Pulse, Texture::Ostinato, Texture::Alberti],
        }
    }
}

/// A note as (quarter-of-a-beat position in the phrase, length, MIDI pitch).
type Sketch = Vec<(i64, i64, i32)>;

/// Length of a phrase in beats.
pub const PHRASE_BEATS: f64 = 16.0;

/// A piece of `phrases` phrases of four 4/4 measures; about every third phrase is one that was there before.
pub fn piece(random: &mut Random, phrases: usize) -> PlayingPath {
    piece_and_form(random, phrases, Music::Varied).0
}

/// A piece as [`piece`] writes it, of that kind of music, and its form: phrases with the same number are the same note
/// for note.
pub fn piece_and_form(random: &mut Random, phrases: usize, music: Music) -> (PlayingPath, Vec<usize>) {
    let key = random.below(12) as i32;
    let mut drawn: Vec<Sketch> = Vec::new();
    let mut form = Vec::new();
    let mut notes = Vec::new();
    for phrase in 0..phrases {
        let again = phrase > 0 && random.chance(0.35);
        if again {
            form.push(form[random.below(form.len())]);
        } else if music == Music::Repeating && phrase > 0 && random.chance(0.3) {
            let theme: usize = form[random.below(form.len())];
            let mut sketch = drawn[theme].clone();
            form.push(drawn.len());
            sing_otherwise(random, &mut sketch, key);
            drawn.push(sketch);
        } else {
            let texture = random.pick(music.textures());
            form.push(drawn.len());
            drawn.push(self::phrase(random, key, texture));
        }
        let sketch = &drawn[form[phrase]];
        for &(at, length, midi) in sketch {
            let onset = Beats::new(at, 4).unwrap() + Beats::whole(16 * phrase as i64);
            notes.push((onset, Beats::new(length, 4).unwrap(), midi.clamp(30, 96) as u8));
        }
    }
    (path(notes, Bpm(random.between(60.0, 140.0).round())), form)
}

/// A path in 4/4 out of (onset, duration, MIDI pitch).
pub fn path(mut notes: Vec<(Beats, Beats, u8)>, tempo: Bpm) -> PlayingPath {
    notes.sort_by(|a, b| a.0.cmp(&b.0).then(a.2.cmp(&b.2)));
    notes.dedup_by_key(|note| (note.0, note.2));
    let end = notes.iter().map(|note| (note.0 + note.1).to_f64()).fold(0.0, f64::max);
    let steps = (0..(end / 4.0).ceil() as u32)
        .map(|measure| PathStep {
            measure,
            number: (measure + 1).to_string(),
            pass: 1,
            start: Beats::whole(4 * i64::from(measure)),
            length: Beats::whole(4),
            meter: (4, 4),
        })
        .collect();
    let notes = notes
        .into_iter()
        .enumerate()
        .map(|(id, (onset, duration, midi))| PathNote {
            id: NoteId(id as u32),
            step: (onset.to_f64() / 4.0) as u32,
            onset,
            duration,
            pitch: Pitch(midi),
            part: 0,
            staff: 1,
            grace: false,
            fermata: false,
            ornament: Ornament::Plain,
        })
        .collect();
    PlayingPath {
        steps,
        notes,
        tempos: vec![TempoChange { at: Beats::ZERO, tempo }],
        ..PlayingPath::default()
    }
}

fn phrase(random: &mut Random, key: i32, texture: Texture) -> Sketch {
    let mut sketch = Sketch::new();
    let mut degree = random.below(7) as i32;
    let mut chord = [0, 2, 4].map(|step| step + degree);
    let figure = match texture {
        Texture::Ostinato => random.pick(&[[0, 2, 4, 2], [0, 4, 2, 4], [4, 2, 0, 2], [0, 0, 4, 4]]),
        _ => [0; 4],
    };
    for measure in 0..4i64 {
        let harmony = if measure == 3 { 0 } else { random.pick(&[0, 3, 4, 5, 1]) };
        let at = 16 * measure;
        match texture {
            Texture::Alberti => {
                for (eighth, step) in [0, 4, 2, 4, 0, 4, 2, 4].into_iter().enumerate() {
                    sketch.push((at + 2 * eighth as i64, 2, tone(key, harmony + step, 48)));
                }
                melody(random, &mut sketch, key, &mut degree, at, &[2, 4, 4, 6]);
            }
            Texture::Chorale => {
                for beat in [0, 4, 8, 12] {
                    let root = if beat == 0 { harmony } else { random.below(7) as i32 };
                    for (step, base) in [(0, 36), (0, 48), (2, 55), (4, 60)] {
                        sketch.push((at + beat, 4, tone(key, root + step, base)));
                    }
                }
            }
            Texture::Run => melody(random, &mut sketch, key, &mut degree, at, &[1]),
            Texture::Counterpoint => {
                melody(random, &mut sketch, key, &mut degree, at, &[2, 2, 4]);
                let mut bass = harmony - 7;
                melody(random, &mut sketch, key, &mut bass, at, &[2, 4]);
            }
            Texture::Song => melody(random, &mut sketch, key, &mut degree, at, &[4, 8, 6, 2]),
            Texture::Pulse => {
                for half in [0, 8] {
                    if random.chance(0.8) {
                        chord[random.below(3)] += random.pick(&[-1, 1]);
                    }
                    let bass = chord[0] + random.pick(&[0, -2, -4]);
                    sketch.extend([24, 36].map(|base| (at + half, 8, tone(key, bass, base))));
                    for eighth in 0..4 {
                        sketch.extend(chord.map(|step| (at + half + 2 * eighth, 2, tone(key, step, 60))));
                    }
                }
                sing(random, &mut sketch, key, &chord, at);
            }
            Texture::Ostinato => {
                for eighth in 0..8 {
                    let step = figure[eighth as usize % 4];
                    sketch.push((at + 2 * eighth, 2, tone(key, step, 55)));
                }
                sketch.push((at, 16, tone(key, harmony, 36)));
                sing(random, &mut sketch, key, &[0, 2, 4], at);
            }
        }
    }
    sketch
}

fn melody(random: &mut Random, sketch: &mut Sketch, key: i32, degree: &mut i32, at: i64, lengths: &[i64]) {
    let mut passed = 0;
    while passed < 16 {
        let length = random.pick(lengths).min(16 - passed);
        *degree = (*degree + random.pick(&[-2, -1, -1, 1, 1, 2, 4, -3])).clamp(-9, 12);
        sketch.push((at + passed, length, tone(key, *degree, 67)));
        passed += length;
    }
}

/// A slow melody of one measure, mostly on notes that `chord` has as well.
fn sing(random: &mut Random, sketch: &mut Sketch, key: i32, chord: &[i32; 3], at: i64) {
    let mut passed = 0;
    while passed < 16 {
        let length = random.pick(&[2, 4, 4, 6, 8, 12]).min(16 - passed);
        let step = random.pick(chord) + random.pick(&[0, 0, 0, 1, 7]);
        sketch.push((at + passed, length, tone(key, step, 60)));
        passed += length;
    }
}

/// The last two measures get another melody.
fn sing_otherwise(random: &mut Random, sketch: &mut Sketch, key: i32) {
    let mut degree = random.below(7) as i32;
    for at in [32, 48] {
        melody(random, sketch, key, &mut degree, at, &[4, 6, 8]);
    }
}

fn tone(key: i32, degree: i32, base: i32) -> i32 {
    base + key % 12 - 6 + MAJOR[degree.rem_euclid(7) as usize] + 12 * degree.div_euclid(7)
}
