//! Every doubt of the fault finder about recordings, as a table to fit its weights to: `weigh_faults FOLDER...`
//!
//! Each folder holds `audio.wav` (or `.flac`) and `score.musicxml` (or `.mxl`). Writes to standard output, tab separated:
//! folder, `missing`, `extra` or `faint`, seconds, MIDI pitch, and the features.

use colla_parte::engine::{Engine, EngineConfig, SecondPass};
use colla_parte::readers::{decode_sound, read_score};
use colla_parte::takes::{DoubtKind, FaultTolerance, doubts};
use std::error::Error;
use std::fs;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    for folder in std::env::args().skip(1) {
        weigh(&folder)?;
    }
    Ok(())
}

fn weigh(folder: &str) -> Result<(), Box<dyn Error>> {
    let read = |names: [&str; 2]| {
        let paths = names.map(|name| Path::new(folder).join(name));
        let path =
            paths.iter().find(|path| path.exists()).ok_or_else(|| format!("{folder}: no {}", names[0]))?;
        Ok::<_, Box<dyn Error>>(fs::read(path)?)
    };
    let sound = decode_sound(read(["audio.wav", "audio.flac"])?)?;
    let path = read_score(&read(["score.musicxml", "score.mxl"])?, folder)?.path;
    let config = EngineConfig::default();
    let mut engine = Engine::new(&config, f64::from(sound.rate_hz))?;
    engine.set_evidence(true);
    let mut pass = SecondPass::new(Some(&path), config.estimator);
    let mut events = Vec::new();
    for block in sound.samples.chunks(4096) {
        engine.push(block, &mut events);
        events.drain(..).for_each(|event| pass.hear(&event));
    }
    engine.finish(&mut events);
    events.drain(..).for_each(|event| pass.hear(&event));
    let listened = pass.finish(engine.consumed());
    for take in listened.heard(&[], false).takes(&path, FaultTolerance::default()) {
        for doubt in doubts(&path, &take, &listened.notes, &listened.evidence) {
            let kind = match doubt.kind {
                DoubtKind::Missing => "missing",
                DoubtKind::Extra => "extra",
                DoubtKind::Faint => "faint",
            };
            print!("{folder}\t{kind}\t{:.4}\t{}", doubt.at.0, doubt.pitch.0);
            doubt.features.iter().for_each(|feature| print!("\t{feature:.4}"));
            println!();
        }
    }
    Ok(())
}
