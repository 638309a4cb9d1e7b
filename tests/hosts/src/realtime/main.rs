//! Runs the built plugin at realtime pace in 64-sample blocks at 48 kHz and reports what its audio thread did: how
//! long `process` took and, under the preloaded shim, whether it allocated, locked, slept or called the system.
//!
//! `realtime SECONDS` checks; `realtime plant allocation|lock|sleep|call` does the forbidden once, to prove that
//! the shim sees it.

use anyhow::{Context, Result, bail, ensure};
use hosts::{Format, Setup, open, probe, signal};
use std::hint::black_box;
use std::io::Write;
use std::time::{Duration, Instant};

const RATE_HZ: f64 = 48_000.0;
const BLOCK: usize = 64;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["plant", kind] => plant(kind)?,
        [seconds] => {
            for format in Format::ALL {
                play(format, seconds.parse().context("seconds")?)?;
            }
        }
        _ => bail!("usage: realtime SECONDS | realtime plant KIND"),
    }
    let violations = probe::violations().context("the shim is not preloaded")?;
    ensure!(violations == 0, "{violations} violations on the audio thread");
    Ok(())
}

/// Plays the tune over and over at realtime pace.
fn play(format: Format, seconds: f64) -> Result<()> {
    let mut instance = open(format)?;
    instance.activate(&Setup { rate_hz: RATE_HZ, channels: 2, largest_block: BLOCK, offline: false })?;
    let tune = signal::tune(RATE_HZ);
    let blocks = (seconds * RATE_HZ) as usize / BLOCK;
    let mut durations = Vec::with_capacity(blocks);
    let mut events = Vec::with_capacity(4096);
    let mut channels = vec![vec![0.0f32; BLOCK]; 2];
    let mut notes = 0;
    let start = Instant::now();
    for n in 0..blocks {
        let due = Duration::from_secs_f64((n * BLOCK) as f64 / RATE_HZ);
        std::thread::sleep(due.saturating_sub(start.elapsed()));
        for channel in &mut channels {
            for (k, sample) in channel.iter_mut().enumerate() {
                *sample = tune[(n * BLOCK + k) % tune.len()];
            }
        }
        events.clear();
        durations.push(instance.process(&mut channels, &mut events)?);
        notes += events.len();
    }
    durations.sort_unstable();
    let at = |share: f64| durations[((durations.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e6;
    println!(
        "{format:?}: process() at {BLOCK} samples, 48 kHz: median {:.1} µs, p99.9 {:.1} µs, worst {:.0} µs ({blocks} blocks, {notes} events)",
        at(0.5),
        at(0.999),
        at(1.0),
    );
    ensure!(notes > 0, "{format:?}: nothing was heard, so nothing was checked");
    Ok(())
}

/// Does what the audio thread must not do.
fn plant(kind: &str) -> Result<()> {
    let mutex = std::sync::Mutex::new(0);
    let mut nowhere = std::fs::File::options().write(true).open("/dev/null")?;
    probe::enter();
    match kind {
        "allocation" => drop(black_box(Box::new([0u8; 100]))),
        "lock" => {
            // A contended lock: it is held until the other thread is seen to wait, however long that takes to start.
            let held = mutex.lock();
            std::thread::scope(|scope| {
                probe::leave();
                let waiter = scope.spawn(|| {
                    probe::enter();
                    drop(black_box(mutex.lock()));
                    probe::leave();
                });
                let start = Instant::now();
                while probe::violations() == Some(0) && start.elapsed() < Duration::from_secs(20) {
                    std::thread::sleep(Duration::from_millis(5));
                }
                drop(held);
                let _ = waiter.join();
            });
        }
        "sleep" => std::thread::sleep(Duration::from_millis(1)),
        "call" => nowhere.write_all(&[0])?,
        _ => bail!("unknown: {kind}"),
    }
    probe::leave();
    Ok(())
}
