//! What several host tests share.
#![allow(dead_code, reason = "each test file uses a part of it")]

use hosts::{Instance, Midi, Setup, Timed};
use std::collections::BTreeSet;

/// The sample rates that everything is tested at.
pub const RATES_HZ: [f64; 5] = [8_000.0, 44_100.0, 48_000.0, 96_000.0, 192_000.0];

/// The largest block of any test.
pub const LARGEST_BLOCK: usize = 8192;

/// Activates for an offline render, twice, because the framework tells VST3 plugins of a mode one activation late.
pub fn offline(instance: &mut dyn Instance, rate_hz: f64, channels: usize) {
    let setup = Setup { rate_hz, channels, largest_block: LARGEST_BLOCK, offline: true };
    instance.activate(&setup).unwrap();
    instance.deactivate();
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
