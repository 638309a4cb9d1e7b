//! What velocities can be read from, as a table to fit that to: `weigh_strikes WEIGHTS FOLDER...`
//!
//! WEIGHTS is the network's file; each folder holds `audio.wav` (or `.flac`) and `notes.tsv`. Writes to standard output, tab
//! separated, for each note that the network hears struck, at each delay: folder, delay in hops, velocity over 127, and
//! the inputs as `NetworkEstimator::velocity_inputs` gives them.

use colla_parte::audio::{Conditioner, FrontEnd};
use colla_parte::network::{NetworkEstimator, Weights};
use colla_parte::readers::decode_sound;
use colla_parte::units::{FrameIndex, HOP_S, Pitch};
use std::error::Error;
use std::fs;
use std::path::Path;

/// A note counts where the network first calls it struck, at most so many frames from it.
const NEAR: u64 = 3;
/// It calls it so where the probability is at least this.
const HEARD: f32 = 0.43;

struct Note {
    frame: u64,
    key: usize,
    velocity: f32,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [weights, folders @ ..] = arguments.as_slice() else {
        return Err("expected WEIGHTS FOLDER...".into());
    };
    let weights = Weights::read(&fs::read(weights)?)?;
    for folder in folders {
        let notes = notes(&fs::read_to_string(Path::new(folder).join("notes.tsv"))?)?;
        for delay in weights.delays.clone() {
            weigh(folder, &notes, &weights, delay)?;
        }
    }
    Ok(())
}

fn notes(table: &str) -> Result<Vec<Note>, Box<dyn Error>> {
    let mut lines = table.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    let header = lines.next().ok_or("notes.tsv is empty")?;
    let column = |name| header.iter().position(|&column| column == name).ok_or(format!("no column {name}"));
    let (onset, pitch, velocity) = (column("onset_s")?, column("midi_pitch")?, column("velocity")?);
    let mut notes = Vec::new();
    for row in lines {
        let Some(key) = Pitch(row[pitch].parse()?).key() else { continue };
        let onset_s: f64 = row[onset].parse()?;
        let velocity = row[velocity].parse::<f32>()? / 127.0;
        notes.push(Note { frame: (onset_s / HOP_S).round() as u64, key, velocity });
    }
    notes.sort_by_key(|note| note.frame);
    Ok(notes)
}

fn weigh(folder: &str, notes: &[Note], weights: &Weights, delay: usize) -> Result<(), Box<dyn Error>> {
    let sound = ["audio.wav", "audio.flac"].map(|name| Path::new(folder).join(name));
    let sound = sound.iter().find(|path| path.exists()).ok_or_else(|| format!("{folder}: no audio.wav"))?;
    let mut sound = decode_sound(fs::read(sound)?)?;
    let rate_hz = f64::from(sound.rate_hz);
    Conditioner::new(rate_hz).process(&mut sound.samples);
    let mut estimator = NetworkEstimator::new(weights);
    assert!(estimator.set_look_ahead(delay), "the file has heads for its own delays");
    let mut told = vec![false; notes.len()];
    FrontEnd::new(rate_hz)?.push(&sound.samples, |spectrum| {
        let described = FrameIndex(spectrum.frame.0.saturating_sub(delay as u64));
        let strikes = estimator.step(&spectrum.levels, spectrum.level_db, described).onset;
        let from = notes.partition_point(|note| note.frame + NEAR < described.0);
        for (note, told) in notes.iter().zip(&mut told).skip(from) {
            if note.frame > described.0 + NEAR {
                break;
            }
            if !*told && strikes[note.key] >= HEARD {
                *told = true;
                print!("{folder}\t{delay}\t{:.4}", note.velocity);
                estimator.velocity_inputs(note.key).iter().for_each(|input| print!("\t{input:.4}"));
                println!();
            }
        }
    });
    Ok(())
}
