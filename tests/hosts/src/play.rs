//! Plays a recording through the built CLAP with its score, as a DAW would bounce it, and shows what came out.
//!
//! `play ITEM OUT [BLOCK]`: ITEM is a folder with `audio.flac` or `.ogg`, `score.musicxml` or `.mxl`, the true notes in
//! `notes.tsv` and the true positions in `alignment.tsv`. OUT receives `notes.mid` and `position.tsv`; BLOCK, in samples, is the host's.

mod truth;

use anyhow::{Context, Result, bail};
use hosts::sound::decode;
use hosts::{Format, Midi, Setup, Timed, open, project, render};
use midly::num::{u4, u7, u14, u15, u28};
use midly::{Header, MetaMessage, MidiMessage, PitchBend, Smf, Timing, Track, TrackEvent, TrackEventKind};
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Controller on which the plugin is asked to send the measure; the next one carries the beat.
const POSITION_CC: u8 = 20;

/// Samples in a block as a rule, as a DAW bounces.
const BLOCK: usize = 512;

/// MIDI ticks in a second: 500 a quarter note at 120 to the minute.
const TICKS_PER_S: f64 = 1000.0;

fn main() -> Result<()> {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let (item, out, block) = match arguments.as_slice() {
        [item, out] => (item, out, BLOCK),
        [item, out, block] => (item, out, block.to_string_lossy().parse().context("BLOCK")?),
        _ => bail!("usage: play ITEM OUT [BLOCK]"),
    };
    fs::create_dir_all(out)?;
    let (sound, rate_hz) = decode(&first(item, &["audio.flac", "audio.ogg"])?)?;
    let score = first(item, &["score.musicxml", "score.mxl"])?;

    let mut instance = open(Format::Clap)?;
    let name = score.file_name().unwrap_or_default().to_string_lossy();
    let params = json!({ "poscc": { "i32": POSITION_CC }, "timing": { "string": "aligned" } });
    let state = project::state(params, &project::score_field(&name, &fs::read(&score)?)?)?;
    anyhow::ensure!(instance.load(&state), "the plugin refused its state");
    instance.activate(&Setup { rate_hz, channels: 2, largest_block: block, offline: true })?;
    let latency = u64::from(instance.latency());
    let mut channels = vec![sound; 2];
    let seconds = channels[0].len() as f64 / rate_hz;
    channels.iter_mut().for_each(|channel| channel.extend(vec![0.0; latency as usize]));
    let start = Instant::now();
    let events = render(instance.as_mut(), &mut channels, std::iter::repeat(block))?;
    let taken = start.elapsed().as_secs_f64();
    // A host that compensates the latency lays everything back by it.
    let events: Vec<Timed> =
        events.into_iter().map(|(at, midi)| (at.saturating_sub(latency), midi)).collect();

    let notes = played(&events, rate_hz);
    fs::write(out.join("notes.mid"), midi_file(&events, rate_hz)?)?;
    let places = places(&events, rate_hz);
    fs::write(out.join("position.tsv"), position_table(&places))?;

    println!(
        "played {seconds:.1} s through the CLAP in {taken:.1} s: {:.1} times real time",
        seconds / taken
    );
    println!("Aligned latency: {:.0} ms", latency as f64 / rate_hz * 1000.0);
    let score = truth::notes(&item.join("notes.tsv"))?.f1(&notes);
    println!(
        "notes: {} found of {} played, F1 {:.3} (onset within 50 ms; precision {:.3}, recall {:.3})",
        notes.len(),
        score.truth,
        score.f1,
        score.precision,
        score.recall
    );
    match truth::steps_right(&item.join("alignment.tsv"), &places)? {
        Some((right, onsets)) => println!(
            "follower: {} places sent; in the right measure, or within a second of it, at {right} of {onsets} score onsets",
            places.len()
        ),
        None => println!("follower: {} places sent", places.len()),
    }
    for place in places.iter().step_by((places.len() / 8).max(1)) {
        println!("  {:6.2} s  measure {} beat {}", place.at_s, place.measure, place.beat);
    }
    println!("wrote {}", out.display());
    Ok(())
}

/// The first of these files that is there.
fn first(folder: &Path, names: &[&str]) -> Result<PathBuf> {
    let found = names.iter().map(|name| folder.join(name)).find(|path| path.exists());
    found.with_context(|| format!("{}: none of {}", folder.display(), names.join(", ")))
}

/// A place that the plugin sent.
pub struct Place {
    /// Time in the recording, in seconds.
    pub at_s: f64,
    /// Measure along the playing order, 1 = first, modulo 128.
    pub measure: u8,
    /// Quarter note in it, 1 = first.
    pub beat: u8,
}

/// Onsets, in seconds, and pitches.
fn played(events: &[Timed], rate_hz: f64) -> Vec<(f64, u8)> {
    events
        .iter()
        .filter_map(|(at, midi)| match midi {
            Midi::On { pitch, .. } => Some((*at as f64 / rate_hz, *pitch)),
            _ => None,
        })
        .collect()
}

fn places(events: &[Timed], rate_hz: f64) -> Vec<Place> {
    let mut measure = 0;
    let mut found = Vec::new();
    for (at, midi) in events {
        match *midi {
            Midi::Control { cc: POSITION_CC, value, .. } => measure = value,
            Midi::Control { cc, value, .. } if cc == POSITION_CC + 1 => {
                found.push(Place { at_s: *at as f64 / rate_hz, measure, beat: value });
            }
            _ => {}
        }
    }
    found
}

fn position_table(places: &[Place]) -> String {
    let mut table = String::from("audio_seconds\tmeasure\tbeat\n");
    for place in places {
        table += &format!("{:.4}\t{}\t{}\n", place.at_s, place.measure, place.beat);
    }
    table
}

/// All events as a MIDI file, as a DAW would have recorded them.
fn midi_file(events: &[Timed], rate_hz: f64) -> Result<Vec<u8>> {
    let mut track = Track::new();
    let meta = |message| TrackEvent { delta: u28::new(0), kind: TrackEventKind::Meta(message) };
    track.push(meta(MetaMessage::Tempo(500_000.into())));
    let mut sorted = events.to_vec();
    sorted.sort_by_key(|event| event.0);
    let mut last = 0;
    for (at, midi) in sorted {
        let tick = (at as f64 / rate_hz * TICKS_PER_S).round() as u32;
        let (channel, message) = match midi {
            Midi::On { channel, pitch, velocity } => {
                (channel, MidiMessage::NoteOn { key: u7::new(pitch), vel: u7::new(velocity) })
            }
            Midi::Off { channel, pitch } => {
                (channel, MidiMessage::NoteOff { key: u7::new(pitch), vel: u7::new(0) })
            }
            Midi::Control { channel, cc, value } => {
                (channel, MidiMessage::Controller { controller: u7::new(cc), value: u7::new(value) })
            }
            Midi::Bend { channel, value } => {
                (channel, MidiMessage::PitchBend { bend: PitchBend(u14::new(value)) })
            }
        };
        let kind = TrackEventKind::Midi { channel: u4::new(channel), message };
        track.push(TrackEvent { delta: u28::new(tick - last), kind });
        last = tick;
    }
    track.push(meta(MetaMessage::EndOfTrack));
    let header = Header::new(midly::Format::SingleTrack, Timing::Metrical(u15::new(500)));
    let mut bytes = Vec::new();
    Smf { header, tracks: vec![track] }.write_std(&mut bytes)?;
    Ok(bytes)
}
