//! Runs the built plugin at realtime pace and reports what its audio thread did: how long `process` took and, under
//! the preloaded shim, whether it allocated, locked, slept or called the system.
//!
//! `realtime SECONDS` checks: plain playing for so long, then every case of `cases.rs`; `realtime plant
//! allocation|lock|sleep|call` does the forbidden once, to prove that the shim sees it.

mod cases;

use anyhow::{Context, Result, bail, ensure};
use cases::{CASES, Player, RATE_HZ};
use hosts::{Format, open, probe, signal};
use std::hint::black_box;
use std::io::Write;
use std::time::{Duration, Instant};

/// Samples in a block, where the case does not say otherwise.
const BLOCK: usize = 64;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["plant", kind] => {
            plant(kind)?;
            return no_violations(0);
        }
        [seconds] => {
            for format in Format::ALL {
                play(format, seconds.parse().context("seconds")?)?;
                for case in CASES {
                    check(format, case)?;
                }
            }
        }
        _ => bail!("usage: realtime SECONDS | realtime plant KIND"),
    }
    Ok(())
}

/// Fails if more was counted than `before`.
fn no_violations(before: u64) -> Result<()> {
    let violations = probe::violations().context("the shim is not preloaded")? - before;
    ensure!(violations == 0, "{violations} violations on the audio thread");
    Ok(())
}

/// Plays at realtime pace, and says what `process` took.
fn play(format: Format, seconds: f64) -> Result<()> {
    let before = probe::violations().context("the shim is not preloaded")?;
    let mut instance = open(format)?;
    let mut player = Player::new(instance.as_mut(), signal::tune(RATE_HZ))?;
    player.play(seconds, |_, _| Ok(()))?;
    let (mut durations, notes) = (std::mem::take(&mut player.durations), player.events);
    durations.sort_unstable();
    let at = |share: f64| durations[((durations.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e6;
    println!(
        "{format:?}: process() at {BLOCK} samples, 48 kHz: median {:.1} µs, p99.9 {:.1} µs, worst {:.0} µs ({} blocks, {notes} events)",
        at(0.5),
        at(0.999),
        at(1.0),
        durations.len(),
    );
    ensure!(notes > 0, "{format:?}: nothing was heard, so nothing was checked");
    no_violations(before)
}

/// Plays one case on an instance of its own.
fn check(format: Format, case: &str) -> Result<()> {
    let before = probe::violations().context("the shim is not preloaded")?;
    let waits = probe::waits().context("the shim is not preloaded")?;
    let mut instance = open(format)?;
    let mut player = Player::new(instance.as_mut(), signal::tune(RATE_HZ))?;
    let Some(done) = cases::play(case, &mut player)? else {
        println!("{format:?}: {case}: skipped, there is no display");
        return Ok(());
    };
    ensure!(player.events > 0, "{format:?}: {case}: nothing was heard, so nothing was checked");
    let allowed = if case == "bounce" { probe::waits().unwrap_or(0) - waits } else { 0 };
    no_violations(before + allowed).with_context(|| format!("{format:?}: {case}"))?;
    println!("{format:?}: {case}: {done}");
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
