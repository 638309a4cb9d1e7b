//! Keeps what an estimator hears in a recording, so that followers can be tried on it without hearing it again.
//!
//! `cargo run --release --no-default-features --example keep_evidence -- AUDIO SCORE OUT [harmonic|network]`
//!
//! OUT, read by `examples/stress_follower` (`--evidence`): little-endian 32-bit floats, for each hop the 88 onset
//! probabilities, the 88 sounding probabilities, and how late the frame comes, in seconds.

use colla_parte::engine::{Engine, EngineConfig, EngineEvent, EstimatorKind};
use colla_parte::readers::{decode_sound, read_score};
use std::error::Error;
use std::io::{BufWriter, Write};
use std::sync::Arc;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [audio, score, out, rest @ ..] = arguments.as_slice() else {
        return Err("expected AUDIO SCORE OUT [harmonic|network]".into());
    };
    let estimator = match rest.first().map(String::as_str) {
        Some("harmonic") => EstimatorKind::Harmonic,
        None | Some("network") => EstimatorKind::Network,
        Some(other) => return Err(format!("{other}: expected harmonic or network").into()),
    };
    let sound = decode_sound(std::fs::read(audio)?)?;
    let config = EngineConfig { estimator, ..EngineConfig::default() };
    let mut engine = Engine::new(&config, f64::from(sound.rate_hz))?;
    engine.set_evidence(true);
    // A place is reported right after each frame: that tells when the frame was known.
    engine.set_score(Some(Arc::new(read_score(&std::fs::read(score)?, "score")?.path)));
    let mut out = BufWriter::new(std::fs::File::create(out)?);
    let mut events = Vec::new();
    for block in sound.samples.chunks(4096) {
        engine.push(block, &mut events);
        write(&mut out, &mut events)?;
    }
    engine.finish(&mut events);
    write(&mut out, &mut events)?;
    Ok(out.flush()?)
}

fn write(out: &mut impl Write, events: &mut Vec<EngineEvent>) -> std::io::Result<()> {
    let mut described = 0.0;
    for event in events.drain(..) {
        match event {
            EngineEvent::Evidence(frame) => {
                described = frame.frame.seconds().0;
                for value in frame.onset.iter().chain(&frame.sounding) {
                    out.write_all(&value.to_le_bytes())?;
                }
            }
            EngineEvent::Position(report) => {
                out.write_all(&((report.at.0 - described) as f32).to_le_bytes())?
            }
            EngineEvent::Hindsight(_)
            | EngineEvent::Note(_)
            | EngineEvent::Intonation { .. }
            | EngineEvent::Gap { .. } => {}
        }
    }
    Ok(())
}
