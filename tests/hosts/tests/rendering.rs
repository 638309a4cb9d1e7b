//! What a host gets when it renders: the audio, and the same events whatever the blocks.

mod common;

use common::{RATES_HZ, offline, ons, pitches, stereo};
use hosts::signal::{TUNE, awkward_blocks, tune};
use hosts::{Format, Midi, Setup, open, render};
use std::collections::BTreeSet;

#[test]
fn audio_is_bit_exact_and_events_do_not_depend_on_the_blocks() {
    for rate_hz in RATES_HZ {
        let sound = tune(rate_hz);
        let mut first: Option<Vec<_>> = None;
        for format in Format::ALL {
            for seed in [1, 2] {
                let mut instance = open(format).unwrap();
                offline(instance.as_mut(), rate_hz, 2);
                let mut audio = stereo(&sound);
                let events = render(instance.as_mut(), &mut audio, awkward_blocks(seed)).unwrap();
                for channel in &audio {
                    assert!(
                        channel.iter().zip(&sound).all(|(a, b)| a.to_bits() == b.to_bits()),
                        "{format:?} at {rate_hz} Hz changed the audio"
                    );
                }
                let expected = first.get_or_insert_with(|| events.clone());
                assert_eq!(&events, expected, "{format:?} at {rate_hz} Hz, seed {seed}");
            }
        }
        assert!(!first.unwrap().is_empty(), "nothing was heard at {rate_hz} Hz");
    }
}

#[test]
fn an_offline_bounce_is_complete() {
    for format in Format::ALL {
        let mut instance = open(format).unwrap();
        offline(instance.as_mut(), 44_100.0, 2);
        let mut audio = stereo(&tune(44_100.0));
        let events = render(instance.as_mut(), &mut audio, std::iter::repeat(512)).unwrap();
        let heard: BTreeSet<u8> = pitches(&events).into_iter().collect();
        let played: BTreeSet<u8> = TUNE.iter().map(|note| note.1).collect();
        let found = played.intersection(&heard).count();
        assert!(found * 10 >= played.len() * 7, "{format:?}: played {played:?}, heard {heard:?}");
        // The last notes begin a second before the end: they must not be missing.
        assert!(ons(&events).any(|(at, _)| at as f64 / 44_100.0 > 2.4), "{format:?}: the end is missing");
    }
}

#[test]
fn a_host_that_renders_while_it_says_realtime_loses_nothing() {
    for format in Format::ALL {
        let heard = |offline: bool| {
            let mut instance = open(format).unwrap();
            let setup = Setup { rate_hz: 48_000.0, channels: 2, largest_block: 512, offline };
            instance.activate(&setup).unwrap();
            let mut audio = stereo(&tune(48_000.0));
            // A second of silence lets the last events out: without an offline mode they come a block later.
            audio.iter_mut().for_each(|channel| channel.extend([0.0; 48_000]));
            let mut pitches =
                pitches(&render(instance.as_mut(), &mut audio, std::iter::repeat(512)).unwrap());
            pitches.sort_unstable();
            pitches
        };
        let (realtime, offline) = (heard(false), heard(true));
        assert!(!offline.is_empty());
        assert_eq!(realtime, offline, "{format:?}");
    }
}

#[test]
fn mono_hears_what_stereo_hears() {
    for format in Format::ALL {
        let sound = tune(48_000.0);
        let mut events = Vec::new();
        for channels in [1, 2] {
            let mut instance = open(format).unwrap();
            offline(instance.as_mut(), 48_000.0, channels);
            let mut audio = vec![sound.clone(); channels];
            events.push(render(instance.as_mut(), &mut audio, std::iter::repeat(1000)).unwrap());
            assert_eq!(audio[0], sound);
        }
        assert_eq!(events[0], events[1], "{format:?}");
        assert!(!events[0].is_empty());
    }
}

#[test]
fn samples_that_are_no_sound_pass_and_do_no_harm() {
    for format in Format::ALL {
        let mut instance = open(format).unwrap();
        offline(instance.as_mut(), 48_000.0, 2);
        let mut sound = tune(48_000.0);
        for (n, sample) in sound.iter_mut().enumerate().take(9_000) {
            *sample = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1e-42][n % 4];
        }
        let mut audio = stereo(&sound);
        let events = render(instance.as_mut(), &mut audio, std::iter::repeat(333)).unwrap();
        let same = audio[0].iter().zip(&sound).all(|(a, b)| a.to_bits() == b.to_bits());
        assert!(same, "{format:?} changed the audio");
        assert!(!events.is_empty(), "{format:?}: nothing was heard after the bad samples");
    }
}

#[test]
fn nothing_hangs_after_a_reset() {
    for format in Format::ALL {
        let mut instance = open(format).unwrap();
        offline(instance.as_mut(), 48_000.0, 2);
        let sound = tune(48_000.0);
        let mut sounding = BTreeSet::new();
        let mut events = Vec::new();
        let mut restarts = 0;
        for (n, block) in sound.chunks(480).enumerate() {
            // A playhead that jumps while notes sound.
            if n % 97 == 96 && !sounding.is_empty() {
                instance.reset();
                restarts += 1;
                events.clear();
                instance.process(&mut stereo(&[0.0; 16]), &mut events).unwrap();
                for (_, midi) in &events {
                    common::track(&mut sounding, *midi);
                }
                assert!(sounding.is_empty(), "{format:?}: {sounding:?} hang after a reset");
            }
            events.clear();
            instance.process(&mut stereo(block), &mut events).unwrap();
            for (_, midi) in &events {
                common::track(&mut sounding, *midi);
            }
        }
        assert!(restarts > 0, "{format:?}: no note was sounding when the playhead jumped");
    }
}

#[test]
fn every_note_that_begins_ends_once() {
    for format in Format::ALL {
        let mut instance = open(format).unwrap();
        offline(instance.as_mut(), 48_000.0, 2);
        let mut audio = stereo(&tune(48_000.0));
        audio.iter_mut().for_each(|channel| channel.extend([0.0; 96_000]));
        let events = render(instance.as_mut(), &mut audio, std::iter::repeat(256)).unwrap();
        let mut sounding = BTreeSet::new();
        for (at, midi) in events {
            match midi {
                Midi::On { channel, pitch, .. } => {
                    assert!(sounding.insert((channel, pitch)), "{pitch} struck twice at {at}");
                }
                Midi::Off { channel, pitch } => {
                    assert!(sounding.remove(&(channel, pitch)), "{pitch} ended without beginning at {at}");
                }
                Midi::Control { .. } | Midi::Bend { .. } => {}
            }
        }
        assert!(sounding.is_empty(), "{format:?}: {sounding:?} still sound two seconds after the end");
    }
}

#[test]
fn instances_come_and_go_quickly() {
    for format in Format::ALL {
        for _ in 0..25 {
            let mut instance = open(format).unwrap();
            offline(instance.as_mut(), 48_000.0, 2);
            instance.process(&mut stereo(&[0.1; 64]), &mut Vec::new()).unwrap();
            instance.deactivate();
            offline(instance.as_mut(), 44_100.0, 2);
        }
    }
}
