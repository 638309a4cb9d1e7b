//! Hosts that misbehave, transports that jump, disks that fill, states that are damaged.

mod common;

use common::{offline, ons, stereo, track};
use hosts::signal::{Random, tune};
use hosts::window::Window;
use hosts::{AudioSide, Format, Instance, Parameter, Setup, Transport, at_once, open, project, render};
use serde_json::json;
use std::collections::BTreeSet;
use std::iter::repeat;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

const RATE_HZ: f64 = 48_000.0;

#[test]
fn calls_out_of_order_are_survived() {
    for format in Format::ALL {
        let setup = Setup { rate_hz: RATE_HZ, channels: 2, largest_block: 512, offline: false };
        let mut instance = open(format).unwrap();
        // Before any activation.
        instance.deactivate();
        instance.reset();
        let _ = instance.latency();
        let saved = instance.save().unwrap();
        assert!(instance.load(&saved));
        instance.close_editor();
        // Twice the same, and states while it plays.
        instance.activate(&setup).unwrap();
        instance.reset();
        instance.reset();
        assert!(instance.load(&saved));
        let mut audio = stereo(&tune(RATE_HZ)[..4800]);
        render(instance.as_mut(), &mut audio, repeat(512)).unwrap();
        instance.deactivate();
        instance.deactivate();
        // And it still does what it is for.
        offline(instance.as_mut(), RATE_HZ, 2);
        let mut audio = stereo(&tune(RATE_HZ));
        let events = render(instance.as_mut(), &mut audio, repeat(512)).unwrap();
        assert!(ons(&events).count() > 0, "{format:?}: nothing is heard any more");
        drop(instance);
    }
}

/// Every parameter that a host may automate, from one end to the other and back with every block, without stopping for long; for as long as
/// `goes_on`.
fn automate(audio: &mut dyn AudioSide, automated: &[Parameter], mut goes_on: impl FnMut(usize) -> bool) {
    for block in (0..).take_while(|&block| goes_on(block)) {
        for parameter in automated {
            audio.automate(parameter, 0, (block % 2) as f64);
        }
        audio.process(&mut [vec![0.0; 64], vec![0.0; 64]], &mut Vec::new()).unwrap();
    }
}

fn automatable(instance: &mut dyn Instance) -> Vec<Parameter> {
    let automated: Vec<_> =
        instance.parameters().into_iter().filter(|one| one.automatable && !one.bypass).collect();
    assert!(automated.len() > 5);
    automated
}

const AUTOMATED: Setup = Setup { rate_hz: RATE_HZ, channels: 2, largest_block: 64, offline: false };

/// The framework's own thread was told of every parameter that the audio thread changed. What it had not come to when an instance went
/// ended it, and with it the host.
#[test]
fn an_instance_goes_while_its_parameters_change() {
    for format in Format::ALL {
        let mut stays = open(format).unwrap();
        for _ in 0..50 {
            let mut instance = open(format).unwrap();
            let automated = automatable(instance.as_mut());
            instance.activate(&AUTOMATED).unwrap();
            at_once(instance.as_mut(), |audio| automate(audio, &automated, |block| block < 20), |_| ());
            instance.deactivate();
        }
        // That thread serves all instances.
        assert!(stays.save().is_ok(), "{format:?}");
    }
}

/// It looked at the window, too, which the host's main thread may be opening: that ended it, and the host with the last instance.
#[test]
fn a_window_opens_and_closes_while_parameters_change() {
    let Some(window) = Window::open().unwrap() else {
        return eprintln!("not looked at for want of a display: windows while parameters change");
    };
    for format in Format::ALL {
        let mut instance = open(format).unwrap();
        let automated = automatable(instance.as_mut());
        instance.activate(&AUTOMATED).unwrap();
        let (over, blocks) = (AtomicBool::new(false), AtomicUsize::new(0));
        at_once(
            instance.as_mut(),
            |audio| {
                automate(audio, &automated, |block| {
                    blocks.store(block, Ordering::Relaxed);
                    // Hosts leave a processor time between blocks.
                    std::thread::sleep(Duration::from_micros(200));
                    !over.load(Ordering::Relaxed)
                });
            },
            |main| {
                for _ in 0..10 {
                    main.open_editor(window.id()).unwrap();
                    main.turn();
                    main.close_editor();
                }
                over.store(true, Ordering::Relaxed);
            },
        );
        assert!(blocks.load(Ordering::Relaxed) > 10, "{format:?}: nothing was automated");
        instance.deactivate();
        // The last one of all goes here.
        drop(instance);
        let mut another = open(format).unwrap();
        offline(another.as_mut(), RATE_HZ, 2);
        let events = render(another.as_mut(), &mut stereo(&tune(RATE_HZ)), repeat(512)).unwrap();
        assert!(ons(&events).count() > 0, "{format:?}: nothing is heard any more");
    }
}

/// A thread of a closed window calls into it at its very end, and hosts crashed where it was gone by then.
#[cfg(target_os = "linux")]
#[test]
fn egl_stays_loaded_when_a_window_has_closed() {
    let loaded = || std::fs::read_to_string("/proc/self/maps").unwrap().contains("libEGL");
    let Some(window) = Window::open().unwrap() else {
        return eprintln!("not looked at for want of a display: what windows draw with");
    };
    let mut instance = open(Format::Clap).unwrap();
    instance.open_editor(window.id()).unwrap();
    for _ in 0..20 {
        window.settle(Duration::from_millis(100));
    }
    if !loaded() {
        return eprintln!("not looked at for want of EGL: what windows draw with");
    }
    instance.close_editor();
    window.settle(Duration::from_millis(500));
    assert!(loaded());
}

#[test]
fn blocks_of_no_samples_are_survived_and_change_nothing() {
    for format in Format::ALL {
        let sound = tune(RATE_HZ);
        let mut heard = Vec::new();
        for empty in [false, true] {
            let mut instance = open(format).unwrap();
            offline(instance.as_mut(), RATE_HZ, 2);
            let mut audio = stereo(&sound);
            let mut events = Vec::new();
            let mut at = 0;
            while at < sound.len() {
                if empty {
                    instance.process(&mut [Vec::new(), Vec::new()], &mut Vec::new()).unwrap();
                }
                let end = sound.len().min(at + 500);
                let mut part: Vec<Vec<f32>> = audio.iter_mut().map(|one| one[at..end].to_vec()).collect();
                let mut block = Vec::new();
                instance.process(&mut part, &mut block).unwrap();
                events.extend(block.into_iter().map(|(n, midi)| (n + at as u64, midi)));
                at = end;
            }
            heard.push(events);
        }
        assert!(!heard[0].is_empty());
        assert_eq!(heard[0], heard[1], "{format:?}");
    }
}

#[test]
fn a_transport_that_goes_backward_hangs_no_note_and_stops_nothing() {
    for format in Format::ALL {
        let mut instance = open(format).unwrap();
        offline(instance.as_mut(), RATE_HZ, 2);
        let (sound, mut random) = (tune(RATE_HZ), Random::new(3));
        let (mut sounding, mut notes) = (BTreeSet::new(), 0);
        let silence = vec![0.0; 3 * RATE_HZ as usize];
        for (n, block) in sound.repeat(3).chunks(480).chain(silence.chunks(480)).enumerate() {
            let position = match n % 7 {
                0 => random.below(1 << 40) as i64 - (1 << 39),
                1 => i64::MIN,
                2 => i64::MAX,
                _ => 1_000_000 - n as i64 * 480,
            };
            let transport = Transport { playing: n % 5 > 0, recording: n % 11 > 4, position };
            instance.set_transport((n % 13 > 0).then_some(transport));
            let mut events = Vec::new();
            let mut audio = stereo(block);
            instance.process(&mut audio, &mut events).unwrap();
            assert_eq!(audio[0], block, "{format:?} changed the audio");
            for (_, midi) in events {
                track(&mut sounding, midi);
                notes += 1;
            }
        }
        assert!(notes > 0, "{format:?}: nothing was heard");
        assert!(sounding.is_empty(), "{format:?}: {sounding:?} hang");
    }
}

#[test]
fn instances_go_while_others_play() {
    for format in Format::ALL {
        let sound = tune(RATE_HZ);
        let mut alone = Vec::new();
        for others in [0, 3] {
            let mut instances: Vec<_> = (0..=others).map(|_| open(format).unwrap()).collect();
            for instance in &mut instances {
                offline(instance.as_mut(), RATE_HZ, 2);
            }
            let mut events = Vec::new();
            for (n, block) in sound.chunks(512).enumerate() {
                // One of the others is removed in the midst of playing, now and then.
                if n % 60 == 59 && instances.len() > 1 {
                    instances.pop();
                }
                for (k, instance) in instances.iter_mut().enumerate() {
                    let mut block_events = Vec::new();
                    instance.process(&mut stereo(block), &mut block_events).unwrap();
                    if k == 0 {
                        events.extend(block_events.into_iter().map(|(at, midi)| (at + n as u64 * 512, midi)));
                    }
                }
            }
            assert_eq!(instances.len(), 1, "the others were not removed");
            if others == 0 {
                alone = events;
            } else {
                assert_eq!(events, alone, "{format:?}: another instance was heard");
            }
        }
        assert!(!alone.is_empty());
    }
}

/// A state with a score, a book and parameters, to be damaged.
fn full_state() -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets/demo/score.mxl");
    let score = project::score_field("score.mxl", &std::fs::read(folder).unwrap()).unwrap();
    let take = json!({ "number": 1, "rate_hz": 48000.0, "began_unix_s": 0, "grid": 0, "exact": true, "start": 0, "length": 9 });
    let book = json!({ "format": 1, "takes": [project::packed_take(&take).unwrap()] });
    project::with_book(&project::state(json!({ "sens": { "f32": 0.6 } }), &score).unwrap(), &book).unwrap()
}

#[test]
fn states_damaged_at_random_do_no_harm() {
    let good = full_state();
    for format in Format::ALL {
        let mut random = Random::new(11);
        let mut instance = open(format).unwrap();
        offline(instance.as_mut(), RATE_HZ, 2);
        for n in 0..300 {
            let mut state = good.clone();
            match n % 4 {
                0 => state.truncate(random.below(state.len() as u64) as usize),
                1 => {
                    for _ in 0..=random.below(8) {
                        let at = random.below(state.len() as u64) as usize;
                        state[at] = random.below(256) as u8;
                    }
                }
                2 => {
                    let (from, to) = (random.below(state.len() as u64), random.below(state.len() as u64));
                    state.drain(from.min(to) as usize..from.max(to) as usize);
                }
                _ => {
                    let at = random.below(state.len() as u64) as usize;
                    let copied = state[at..(at + 40).min(state.len())].to_vec();
                    let to = random.below(state.len() as u64) as usize;
                    state.splice(to..to, copied);
                }
            }
            instance.load(&state);
            instance.process(&mut stereo(&[0.1; 64]), &mut Vec::new()).unwrap();
        }
        assert!(instance.load(&good), "{format:?}: the good state is no longer taken");
        let mut audio = stereo(&tune(RATE_HZ));
        let events = render(instance.as_mut(), &mut audio, repeat(512)).unwrap();
        assert!(ons(&events).count() > 0, "{format:?}: nothing is heard any more");
    }
}
