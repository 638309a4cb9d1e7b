//! What strikes can be judged by, as a table to fit that to: `strike_table WEIGHTS FOLDER...`
//!
//! WEIGHTS is the network's file; each folder holds `audio.wav` (or `.flac`) and `notes.tsv`. Writes to standard output, as little-endian
//! `f32`, for each candidate at each lag 1 if it is a strike, or 0, and the inputs as `StrikeJudge::candidates` gives them. Each recording is
//! gone through twice, the second time with its evidence made more or less sure (log-odds times 0.8 to 1.2): other sounds than these are heard
//! less surely, or more.

use colla_parte::audio::{Conditioner, FrontEnd};
use colla_parte::network::{NetworkEstimator, StrikeJudge, Weights};
use colla_parte::performance::PosteriorFrame;
use colla_parte::readers::decode_sound;
use colla_parte::units::{FrameIndex, HOP_S, Pitch};
use std::error::Error;
use std::fs;
use std::io::{BufWriter, Write};
use std::path::Path;

/// A candidate is a strike if one is so near, in seconds: what scores call the same.
const NEAR_S: f64 = 0.05;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [weights, folders @ ..] = arguments.as_slice() else {
        return Err("expected WEIGHTS FOLDER...".into());
    };
    let weights = Weights::read(&fs::read(weights)?)?;
    let mut table = BufWriter::new(std::io::stdout().lock());
    for (folder, n) in folders.iter().zip(0u64..) {
        // Two scales, onsets' and sounding's, that depend on the folder's place alone.
        let scale = |salt: u64| {
            let mixed = (2 * n + salt + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            0.8 + 0.4 * (mixed >> 40) as f32 / (1u64 << 24) as f32
        };
        let heads = heads(folder, &weights)?;
        let onsets = onsets(&fs::read_to_string(Path::new(folder).join("notes.tsv"))?)?;
        for scales in [(1.0, 1.0), (scale(0), scale(1))] {
            write_candidates(&mut table, &heads, &onsets, &weights, scales)?;
        }
    }
    Ok(table.flush()?)
}

/// Onsets of each key, in seconds, in order.
fn onsets(table: &str) -> Result<Vec<Vec<f64>>, Box<dyn Error>> {
    let mut lines = table.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    let header = lines.next().ok_or("notes.tsv is empty")?;
    let column = |name| header.iter().position(|&column| column == name).ok_or(format!("no column {name}"));
    let (onset, pitch) = (column("onset_s")?, column("midi_pitch")?);
    let mut onsets = vec![Vec::new(); 88];
    for row in lines {
        let Some(key) = Pitch(row[pitch].parse()?).key() else { continue };
        onsets[key].push(row[onset].parse()?);
    }
    onsets.iter_mut().for_each(|key| key.sort_by(f64::total_cmp));
    Ok(onsets)
}

/// What the heads say at each hop, from the shortest delay to the longest.
fn heads(folder: &str, weights: &Weights) -> Result<Vec<[PosteriorFrame; 4]>, Box<dyn Error>> {
    let sound = ["audio.wav", "audio.flac"].map(|name| Path::new(folder).join(name));
    let sound = sound.iter().find(|path| path.exists()).ok_or_else(|| format!("{folder}: no audio.wav"))?;
    let mut sound = decode_sound(fs::read(sound)?)?;
    let rate_hz = f64::from(sound.rate_hz);
    Conditioner::new(rate_hz).process(&mut sound.samples);
    let mut estimator = NetworkEstimator::new(weights);
    assert!(estimator.set_look_ahead(2), "the file has heads for that");
    let mut heads = Vec::new();
    FrontEnd::new(rate_hz)?.push(&sound.samples, |spectrum| {
        let soonest = estimator.step(&spectrum.levels, spectrum.level_db, FrameIndex(0)).clone();
        if let [a, b, c] = estimator.other_judgements() {
            heads.push([soonest, a.clone(), b.clone(), c.clone()]);
        }
    });
    Ok(heads)
}

fn write_candidates(
    table: &mut impl Write,
    heads: &[[PosteriorFrame; 4]],
    onsets: &[Vec<f64>],
    weights: &Weights,
    scales: (f32, f32),
) -> std::io::Result<()> {
    let mut judge = StrikeJudge::new(weights);
    let mut rows = Vec::new();
    for (n, said) in heads.iter().enumerate() {
        let mut said = said.clone();
        for head in &mut said {
            head.onset.iter_mut().for_each(|p| *p = scaled(*p, scales.0));
            head.sounding.iter_mut().for_each(|p| *p = scaled(*p, scales.1));
        }
        judge.candidates(said.each_ref(), |strike, inputs| {
            let at = (n - strike.lag) as f64 * HOP_S;
            let onsets = &onsets[strike.key];
            let after = onsets.partition_point(|&onset| onset < at - NEAR_S);
            let is_strike = onsets.get(after).is_some_and(|&onset| onset <= at + NEAR_S);
            rows.extend(f32::from(u8::from(is_strike)).to_le_bytes());
            rows.extend(inputs.iter().flat_map(|input| input.to_le_bytes()));
        });
        table.write_all(&rows)?;
        rows.clear();
    }
    Ok(())
}

/// A probability with its log-odds multiplied.
fn scaled(probability: f32, by: f32) -> f32 {
    let probability = probability.clamp(1e-6, 1.0 - 1e-6);
    let odds = (probability / (1.0 - probability)).powf(by);
    odds / (1.0 + odds)
}
