//! What `process` costs the audio thread, at each block size and with several instances in one host.
//!
//! `cost SECONDS [LOOPS [INSTANCES [BLOCK...]]]`: plays so long at realtime pace for each line of the table, all instances on one
//! thread, one after another, as a host with a chain does. LOOPS busy threads take the processors away meanwhile. With INSTANCES and
//! BLOCKs the table has these lines only.

use anyhow::{Context, Result, ensure};
use hosts::{Format, Instance, Setup, on_audio_thread, open, signal};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const RATE_HZ: f64 = 48_000.0;
const BLOCKS: [usize; 8] = [32, 64, 128, 256, 512, 1024, 2048, 4096];
const INSTANCES: [usize; 3] = [1, 8, 32];

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let seconds: f64 = arguments.next().context("usage: cost SECONDS [LOOPS]")?.parse()?;
    let loops: usize = arguments.next().map_or(Ok(0), |loops| loops.parse())?;
    let instances: Option<usize> = arguments.next().map(|count| count.parse()).transpose()?;
    let instances = instances.map_or(INSTANCES.to_vec(), |count| vec![count]);
    let blocks: Vec<usize> = arguments.map(|block| block.parse()).collect::<Result<_, _>>()?;
    let blocks = if blocks.is_empty() { BLOCKS.to_vec() } else { blocks };
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..loops {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            });
        }
        let done = table(seconds, &instances, &blocks);
        over.store(true, Ordering::Relaxed);
        done
    })
}

fn table(seconds: f64, instances: &[usize], blocks: &[usize]) -> Result<()> {
    println!("| format | instances | block | median µs | p99.9 µs | worst µs | blocks late | notes |");
    println!("| --- | --- | --- | --- | --- | --- | --- | --- |");
    for format in Format::ALL {
        for &count in instances {
            for &block in blocks {
                row(format, count, block, seconds)?;
            }
        }
    }
    Ok(())
}

fn row(format: Format, count: usize, block: usize, seconds: f64) -> Result<()> {
    let tune = signal::tune(RATE_HZ);
    let setup = Setup { rate_hz: RATE_HZ, channels: 2, largest_block: block, offline: false };
    let mut instances: Vec<Box<dyn Instance>> = (0..count).map(|_| open(format)).collect::<Result<_>>()?;
    for instance in &mut instances {
        instance.activate(&setup)?;
    }
    let blocks = (seconds * RATE_HZ) as usize / block;
    // All on one thread, with no change of threads between two of them.
    let (mut durations, notes, late) = on_audio_thread(|| chain(&mut instances, &tune, block, blocks))?;
    durations.sort_unstable();
    let us = |share: f64| durations[((durations.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e6;
    let (median, high, worst) = (us(0.5), us(0.999), us(1.0));
    println!(
        "| {format:?} | {count} | {block} | {median:.1} | {high:.0} | {worst:.0} | {late} of {blocks} | {notes} |"
    );
    Ok(())
}

/// Plays so many blocks through all of them at pace. What each call took, the notes, and how many blocks took longer than they last.
fn chain(
    instances: &mut [Box<dyn Instance>],
    tune: &[f32],
    block: usize,
    blocks: usize,
) -> Result<(Vec<Duration>, usize, usize)> {
    let period = Duration::from_secs_f64(block as f64 / RATE_HZ);
    let mut durations = Vec::with_capacity(blocks * instances.len());
    let (mut events, mut notes, mut late) = (Vec::with_capacity(4096), 0, 0);
    let mut channels = vec![vec![0.0f32; block]; 2];
    let start = Instant::now();
    for n in 0..blocks {
        std::thread::sleep((period * n as u32).saturating_sub(start.elapsed()));
        let began = Instant::now();
        for (k, instance) in instances.iter_mut().enumerate() {
            // Each hears the tune elsewhere: notes of all of them at once would flatter nobody.
            let at = n * block + k * 7919;
            for channel in &mut channels {
                for (i, sample) in channel.iter_mut().enumerate() {
                    *sample = tune[(at + i) % tune.len()];
                }
            }
            events.clear();
            durations.push(instance.sides().0.process(&mut channels, &mut events)?);
            let passed =
                channels[0].iter().zip(0..).all(|(sample, i)| *sample == tune[(at + i) % tune.len()]);
            ensure!(passed, "the audio was changed");
            notes += events.len();
        }
        late += usize::from(began.elapsed() > period);
    }
    Ok((durations, notes, late))
}
