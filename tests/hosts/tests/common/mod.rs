//! What several host tests share.
#![allow(dead_code, reason = "each test file uses a part of it")]

use hosts::signal::Sustained;
use hosts::{Instance, Midi, Setup, Timed};
use std::collections::BTreeSet;

/// The sample rates that everything is tested at.
pub const RATES_HZ: [f64; 5] = [8_000.0, 44_100.0, 48_000.0, 96_000.0, 192_000.0];

/// The largest block of any test.
pub const LARGEST_BLOCK: usize = 8192;

/// Activates for an offline render.
pub fn offline(instance: &mut dyn Instance, rate_hz: f64, channels: usize) {
    let setup = Setup { rate_hz, channels, largest_block: LARGEST_BLOCK, offline: true };
    instance.activate(&setup).unwrap();
}

/// The same sound on both channels.
pub fn stereo(sound: &[f32]) -> Vec<Vec<f32>> {
    vec![sound.to_vec(); 2]
}

/// The note-ons: sample and pitch.
pub fn ons(events: &[Timed]) -> impl Iterator<Item = (u64, u8)> + '_ {
    events.iter().filter_map(|(at, midi)| match midi {
        Midi::On { pitch, .. } => Some((*at, *pitch)),
        _ => None,
    })
}

/// The pitches struck.
pub fn pitches(events: &[Timed]) -> Vec<u8> {
    ons(events).map(|(_, pitch)| pitch).collect()
}

/// Keeps the set of sounding pitches.
pub fn track(sounding: &mut BTreeSet<u8>, midi: Midi) {
    match midi {
        Midi::On { pitch, .. } => {
            sounding.insert(pitch);
        }
        Midi::Off { pitch, .. } => {
            sounding.remove(&pitch);
        }
        Midi::Control { .. } | Midi::Bend { .. } => {}
    }
}

/// A score in common time at 60 to the minute: of each part its name and its quarter notes, as MIDI pitches of white keys.
pub fn score(parts: &[(&str, &[u8])]) -> String {
    let ids = || parts.iter().zip(1..);
    let list = ids().map(|((name, _), id)| {
        format!("<score-part id=\"P{id}\"><part-name>{name}</part-name></score-part>")
    });
    let measure = |(index, pitches): (usize, &[u8])| {
        let attributes = "<attributes><divisions>1</divisions><time><beats>4</beats><beat-type>4</beat-type></time>\
            </attributes><sound tempo=\"60\"/>";
        let notes = pitches.iter().map(|pitch| {
            let step = char::from(b"C-D-EF-G-A-B"[usize::from(pitch % 12)]);
            format!(
                "<note><pitch><step>{step}</step><octave>{}</octave></pitch><duration>1</duration></note>",
                pitch / 12 - 1
            )
        });
        let notes: String = notes.collect();
        format!(
            "<measure number=\"{}\">{}{notes}</measure>",
            index + 1,
            if index == 0 { attributes } else { "" }
        )
    };
    let bodies = ids().map(|((_, pitches), id)| {
        let measures: String = pitches.chunks(4).enumerate().map(measure).collect();
        format!("<part id=\"P{id}\">{measures}</part>")
    });
    let (list, bodies): (String, String) = (list.collect(), bodies.collect());
    format!("<score-partwise version=\"4.0\"><part-list>{list}</part-list>{bodies}</score-partwise>")
}

/// The quarter notes of such a score as they are played: `cents(n)` off, `length_s` long, one a second from half a second on.
pub fn played(pitches: &[u8], length_s: f64, cents: impl Fn(usize) -> f64) -> Vec<Sustained> {
    let note =
        |(n, &pitch): (usize, &u8)| Sustained { onset_s: 0.5 + n as f64, length_s, pitch, cents: cents(n) };
    pitches.iter().enumerate().map(note).collect()
}
