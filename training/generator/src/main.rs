//! Makes training material: procedural music, played by sound sets and by instruments of our own, in rooms and
//! noise, as the front end's spectra (the very code the engine runs) and the notes as they sound.
//!
//! Writes into a folder: `features.f16` (half floats, little endian, `[frame][resolution][bin]`), `pieces.tsv`
//! (first frame, frames, what it is) and `notes.tsv` (piece, onset and offset in seconds from the piece's first
//! frame, pitch, velocity).

mod models;
mod music;
mod performance;
mod recordings;
mod room;
mod scores;
mod soundfont;

use anyhow::{Context, Result};
use clap::Parser;
use colla_parte::audio::FrontEnd;
use fastrand::Rng;
use half::f16;
use models::{Family, Instrument};
use music::Player;
use performance::{Performance, Sounding};
use scores::{Library, Passage};
use soundfont::SoundSet;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

/// Rate at which sounds are made, Hz.
const RATE_HZ: f64 = 32_000.0;

/// Makes training material.
#[derive(Parser)]
struct Arguments {
    /// Folder to write into.
    #[arg(long)]
    out: PathBuf,
    /// Seed: the same gives the same material.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many pieces.
    #[arg(long, default_value_t = 100)]
    pieces: usize,
    /// Length of each, seconds.
    #[arg(long, default_value_t = 30.0)]
    seconds: f64,
    /// Share of parts played by instruments of our own, 0-1; 1 if there is no sound set.
    #[arg(long, default_value_t = 0.4)]
    models: f64,
    /// Share of pieces that sound as a good studio makes them, 0-1; the others have noise, hum, talk, distortion.
    #[arg(long, default_value_t = 0.5)]
    studio: f64,
    /// Also write each piece's sound (16-bit WAV) beside the features.
    #[arg(long)]
    listen: bool,
    /// Folder of scores (MusicXML, MXL) to take music from, beside the procedural.
    #[arg(long)]
    scores: Option<PathBuf>,
    /// Share of pieces taken from the scores, 0-1.
    #[arg(long, default_value_t = 0.6)]
    written: f64,
    /// Scores to leave out, by file name without suffix: what is kept for judging.
    #[arg(long, value_delimiter = ',')]
    without: Vec<String>,
    /// Instead of making pieces: the recordings of a corpus folder (`audio.flac` and `notes.tsv` in each folder
    /// within), to measure on.
    #[arg(long)]
    corpus: Option<PathBuf>,
    /// SoundFont files (.sf2).
    sounds: Vec<PathBuf>,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let sets = arguments.sounds.iter().map(|path| SoundSet::read(path)).collect::<Result<Vec<_>>>()?;
    let means = Means {
        models: if sets.is_empty() { 1.0 } else { arguments.models },
        sets,
        library: arguments.scores.as_deref().map(|f| Library::open(f, &arguments.without)).transpose()?,
        written: arguments.written,
        studio: arguments.studio,
        seconds: arguments.seconds,
    };
    let recordings = arguments.corpus.as_deref().map(recordings::list).transpose()?;
    let count = recordings.as_ref().map_or(arguments.pieces, Vec::len);
    // Under another name until it is whole: training may be looking for folders already.
    let mut making = arguments.out.clone().into_os_string();
    making.push(".part");
    let making = PathBuf::from(making);
    std::fs::create_dir_all(&making).context("making the folder")?;
    let create = |name: &str| -> Result<BufWriter<std::fs::File>> {
        let path = making.join(name);
        Ok(BufWriter::new(
            std::fs::File::create(&path).with_context(|| format!("writing {}", path.display()))?,
        ))
    };
    let (mut features, mut pieces, mut notes) =
        (create("features.f16")?, create("pieces.tsv")?, create("notes.tsv")?);
    writeln!(pieces, "first_frame\tframes\tsounds")?;
    writeln!(notes, "piece\tonset_s\toffset_s\tmidi_pitch\tvelocity")?;
    let mut first_frame = 0u64;
    for piece in 0..count {
        let mut rng = Rng::with_seed(arguments.seed.wrapping_mul(1_000_003).wrapping_add(piece as u64));
        let made = match &recordings {
            Some(folders) => recordings::read(&folders[piece])?,
            None => Piece::random(&mut rng, &means)?,
        };
        let frames = made.write_features(&mut features)?;
        writeln!(pieces, "{first_frame}\t{frames}\t{}", made.sounds)?;
        for note in &made.notes {
            let Sounding { onset_s, offset_s, pitch, velocity } = note;
            writeln!(notes, "{piece}\t{onset_s:.5}\t{offset_s:.5}\t{pitch}\t{velocity}")?;
        }
        first_frame += frames;
        if arguments.listen {
            made.write_wav(&mut create(&format!("{piece:05}.wav"))?)?;
        }
    }
    for mut file in [features, pieces, notes] {
        file.flush()?;
    }
    std::fs::rename(&making, &arguments.out)
        .with_context(|| format!("naming {}: does it exist already?", arguments.out.display()))
}

/// Sound and truth.
struct Piece {
    /// At `rate_hz`.
    signal: Vec<f32>,
    rate_hz: f64,
    notes: Vec<Sounding>,
    /// What played, for the log.
    sounds: String,
}

impl Piece {
    fn random(rng: &mut Rng, means: &Means) -> Result<Piece> {
        let seconds = means.seconds;
        // Sounds are made some keys off their place and played back faster or slower by as much: the same set
        // then has another body size. Cents on top detune the whole.
        let shift_keys = if rng.f64() < 0.5 { 0 } else { rng.i32(-4..=4) };
        let cents = if rng.f64() < 0.3 { 0.0 } else { 100.0 * (rng.f64() - 0.5) };
        let speed = ((f64::from(shift_keys) + cents / 100.0) / 12.0).exp2();
        let samples = (seconds * speed * RATE_HZ) as usize;
        let mut piece = Piece {
            signal: vec![0.0; samples],
            rate_hz: RATE_HZ * speed,
            notes: Vec::new(),
            sounds: String::new(),
        };
        let mut studio = Studio { rng, means, speed, shift_keys };
        match &means.library {
            Some(library) if studio.rng.f64() < means.written => {
                let passage = library.passage(studio.rng, seconds)?;
                studio.arrange(&mut piece, &passage)?;
            }
            _ => studio.improvise(&mut piece)?,
        }
        piece.notes.sort_by(|a, b| a.onset_s.total_cmp(&b.onset_s));
        piece.notes = merged(&piece.notes);
        piece.spoil(rng, means.studio);
        Ok(piece)
    }

    /// Rooms, microphones, noise, level; `studio`: share of pieces that are as a good studio makes them.
    fn spoil(&mut self, rng: &mut Rng, studio: f64) {
        let (signal, rate_hz) = (&mut self.signal, self.rate_hz);
        let empty = self.notes.is_empty();
        let studio = rng.f64() < studio && !empty;
        if rng.f64() < 0.7 {
            room::reverberate(rng, signal, rate_hz);
        }
        if rng.f64() < if studio { 0.3 } else { 0.6 } {
            room::equalise(rng, signal, rate_hz);
        }
        if rng.f64() < 0.15 {
            room::compress(signal, rate_hz, 1.5 + 4.0 * rng.f32());
        }
        if !studio {
            if rng.f64() < 0.1 {
                room::saturate(signal, 0.5 + 3.0 * rng.f32());
            }
            if rng.f64() < if empty { 0.7 } else { 0.2 } {
                room::add_bursts(rng, signal, rate_hz);
            }
            if rng.f64() < if empty { 0.7 } else { 0.08 } {
                room::add_talk(rng, signal, rate_hz);
            }
        }
        if studio || rng.f64() < 0.8 {
            let snr_db = if studio { 38.0 + 30.0 * rng.f32() } else { 8.0 + 40.0 * rng.f32() };
            room::add_noise(rng, signal, rate_hz, snr_db);
        }
        let quietest = if rng.f64() < 0.2 { -45.0 } else { -24.0 };
        room::set_peak(signal, quietest * rng.f32() - 0.5);
        // 16-bit converters.
        for sample in signal.iter_mut() {
            *sample = (*sample * 32_767.0).round() / 32_767.0;
        }
    }

    fn write_features(&self, features: &mut impl Write) -> Result<u64> {
        let mut front_end = FrontEnd::new(self.rate_hz)?;
        let mut frames = 0;
        let mut bytes = Vec::new();
        front_end.push(&self.signal, |frame| {
            bytes.extend(frame.levels.iter().flatten().flat_map(|&level| f16::from_f32(level).to_le_bytes()));
            frames += 1;
        });
        features.write_all(&bytes)?;
        Ok(frames)
    }

    fn write_wav(&self, file: &mut impl Write) -> Result<()> {
        let (length, rate) = (2 * self.signal.len() as u32, self.rate_hz.round() as u32);
        file.write_all(b"RIFF")?;
        file.write_all(&(36 + length).to_le_bytes())?;
        file.write_all(b"WAVEfmt \x10\0\0\0\x01\0\x01\0")?;
        file.write_all(&rate.to_le_bytes())?;
        file.write_all(&(2 * rate).to_le_bytes())?;
        file.write_all(b"\x02\0\x10\0data")?;
        file.write_all(&length.to_le_bytes())?;
        for sample in &self.signal {
            file.write_all(&((sample * 32_767.0) as i16).to_le_bytes())?;
        }
        Ok(())
    }
}

/// What pieces are made of.
struct Means {
    sets: Vec<SoundSet>,
    /// Share of parts played by instruments of our own.
    models: f64,
    library: Option<Library>,
    /// Share of pieces taken from the library.
    written: f64,
    /// Share of pieces recorded in a studio.
    studio: f64,
    seconds: f64,
}

#[derive(Clone, Copy)]
enum Role {
    Piano,
    Strings,
    Melody,
    Any,
}

/// Where a part's notes come from.
#[derive(Clone, Copy)]
enum Music<'a> {
    Improvised,
    Written(&'a Passage, &'a [usize]),
}

/// Where a piece's parts are played.
struct Studio<'a> {
    rng: &'a mut Rng,
    means: &'a Means,
    speed: f64,
    shift_keys: i32,
}

impl Studio<'_> {
    /// Procedural music for some ensemble, or for nobody.
    fn improvise(&mut self, piece: &mut Piece) -> Result<()> {
        let free = Music::Improvised;
        match self.rng.u32(0..100) {
            0..48 => self.add_part(piece, Role::Piano, free),
            48..64 => self.add_part(piece, Role::Any, free),
            64..76 => {
                self.add_part(piece, Role::Piano, free)?;
                self.add_part(piece, Role::Melody, free)
            }
            76..95 => {
                for part in 0..self.rng.usize(2..6) {
                    self.add_part(piece, if part == 0 { Role::Any } else { Role::Melody }, free)?;
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// A passage as written, or in another arrangement.
    fn arrange(&mut self, piece: &mut Piece, passage: &Passage) -> Result<()> {
        piece.sounds.clone_from(&passage.name);
        let all: Vec<usize> = (0..passage.parts.len()).collect();
        let (keyboards, lines): (Vec<usize>, Vec<usize>) =
            all.iter().partition(|&&part| passage.parts[part].keyboard);
        let way = self.rng.u32(0..100);
        if all.is_empty() {
            return Ok(());
        }
        if way < 30 {
            // A piano arrangement.
            return self.add_part(piece, Role::Piano, Music::Written(passage, &all));
        }
        if way < 42 && !keyboards.is_empty() {
            return self.add_part(piece, Role::Piano, Music::Written(passage, &keyboards));
        }
        if way < 58 && !lines.is_empty() {
            let one = [lines[self.rng.usize(..lines.len())]];
            let role = if way < 50 { Role::Melody } else { Role::Any };
            return self.add_part(piece, role, Music::Written(passage, &one));
        }
        if !keyboards.is_empty() {
            let role = if way < 92 { Role::Piano } else { Role::Any };
            self.add_part(piece, role, Music::Written(passage, &keyboards))?;
        }
        let role = if keyboards.is_empty() && way < 84 { Role::Strings } else { Role::Melody };
        for &part in lines.iter().take(6) {
            self.add_part(piece, role, Music::Written(passage, &[part]))?;
        }
        Ok(())
    }

    fn add_part(&mut self, piece: &mut Piece, role: Role, music: Music) -> Result<()> {
        let samples = piece.signal.len();
        let sets = &self.means.sets;
        let program = match role {
            Role::Piano => soundfont::piano(self.rng, sets),
            Role::Strings => soundfont::bowed(self.rng, sets),
            Role::Melody => soundfont::melodic(self.rng, sets),
            Role::Any => soundfont::any(self.rng, sets),
        };
        let program = program.filter(|_| self.rng.f64() >= self.means.models);
        let (performance, mut sound, name) = if let Some((set, program)) = program {
            let performance = self.performance(music, program.player);
            let played = self.in_synthesizer_time(&performance);
            let sound = set.render(program, &played, self.shift_keys, RATE_HZ as i32, samples)?;
            (performance, sound, format!("{}:{program}", set.name))
        } else {
            let family = match role {
                Role::Piano => Family::Struck,
                Role::Strings => Family::Bowed,
                Role::Melody => [Family::Bowed, Family::Blown, Family::Voice][self.rng.usize(..3)],
                Role::Any => Family::ALL[self.rng.usize(..Family::ALL.len())],
            };
            let player = model_player(self.rng, family);
            let performance = self.performance(music, player);
            let played = self.in_synthesizer_time(&performance);
            let instrument = Instrument::random(self.rng, family, RATE_HZ);
            let sound = instrument.render(self.rng, &played, self.shift_keys, samples);
            (performance, sound, format!("{family:?}"))
        };
        // A key that a program lacks is silent, and silence has no notes.
        if sound.iter().all(|x| x.abs() < 1e-6) {
            return Ok(());
        }
        room::set_loudness(&mut sound);
        let gain = 10f32.powf(10.0 * (self.rng.f32() - 0.5) / 20.0);
        piece.signal.iter_mut().zip(&sound).for_each(|(x, y)| *x += gain * y);
        piece.notes.extend(performance.soundings());
        piece.sounds = format!("{} {name}", piece.sounds).trim_start().to_owned();
        Ok(())
    }

    fn performance(&mut self, music: Music, player: Player) -> Performance {
        match music {
            Music::Improvised => music::compose(self.rng, player, self.means.seconds),
            Music::Written(passage, parts) => passage.play(self.rng, parts, player),
        }
    }

    fn in_synthesizer_time(&self, performance: &Performance) -> Performance {
        let mut played = performance.clone();
        for key in &mut played.keys {
            key.on_s *= self.speed;
            key.off_s *= self.speed;
        }
        for (down, up) in &mut played.pedals {
            *down *= self.speed;
            *up *= self.speed;
        }
        played
    }
}

fn model_player(rng: &mut Rng, family: Family) -> Player {
    let (lowest, highest, monophonic, pedal) = match family {
        Family::Struck => (21, 108, false, true),
        Family::Plucked => (30, 100, false, rng.bool()),
        Family::Bowed => {
            [(55, 100, true, false), (36, 80, true, false), (28, 96, false, false)][rng.usize(..3)]
        }
        Family::Blown => {
            [(60, 100, true, false), (46, 92, true, false), (30, 76, true, false)][rng.usize(..3)]
        }
        Family::Organ => (28, 104, false, false),
        Family::Voice => [(55, 86, true, false), (38, 68, true, false)][rng.usize(..2)],
    };
    Player { lowest, highest, monophonic, pedal }
}

/// Unisons of several parts count once: two strikes of a pitch within 50 ms are one note, and a note ends where
/// the next of its pitch begins.
fn merged(notes: &[Sounding]) -> Vec<Sounding> {
    let mut merged: Vec<Sounding> = Vec::with_capacity(notes.len());
    let mut newest: [Option<usize>; 128] = [None; 128];
    for note in notes {
        let slot = &mut newest[usize::from(note.pitch)];
        if let Some(before) = *slot {
            let earlier = &mut merged[before];
            if note.onset_s - earlier.onset_s < 0.05 {
                earlier.offset_s = earlier.offset_s.max(note.offset_s);
                earlier.velocity = earlier.velocity.max(note.velocity);
                continue;
            }
            earlier.offset_s = earlier.offset_s.min(note.onset_s);
        }
        *slot = Some(merged.len());
        merged.push(*note);
    }
    merged
}
