//! What the built bundles' `process` costs the audio thread, as a host calls it; after `cargo xtask bundle`.

use criterion::{Criterion, criterion_group, criterion_main};
use hosts::{Format, Setup, open, signal};
use std::time::Duration;

const RATE_HZ: f64 = 48_000.0;

fn process(criterion: &mut Criterion) {
    let tune = signal::tune(RATE_HZ);
    for format in Format::ALL {
        for block in [64, 512] {
            let mut instance = open(format).expect("the built bundle");
            let setup = Setup { rate_hz: RATE_HZ, channels: 2, largest_block: block, offline: false };
            instance.activate(&setup).expect("activated");
            let (mut events, mut channels) = (Vec::with_capacity(4096), vec![vec![0.0f32; block]; 2]);
            let mut at = 0;
            criterion.bench_function(&format!("process, {format:?}, {block} samples"), |bencher| {
                bencher.iter_custom(|blocks| {
                    let mut taken = Duration::ZERO;
                    for _ in 0..blocks {
                        for channel in &mut channels {
                            channel.copy_from_slice(&tune[at..at + block]);
                        }
                        at = (at + block) % (tune.len() - block);
                        events.clear();
                        taken += instance.process(&mut channels, &mut events).expect("processed");
                        // At a host's pace, or the plugin takes it for a bounce and waits for its worker.
                        std::thread::sleep(Duration::from_secs_f64(block as f64 / RATE_HZ));
                    }
                    taken
                });
            });
        }
    }
}

/// Blocks come at a host's pace, so that few are enough.
fn brief() -> Criterion {
    Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(1))
}

criterion_group! { name = bundles; config = brief(); targets = process }
criterion_main!(bundles);
