//! What `process` costs the audio thread, at each block size and with several instances in one host.
//!
//! `cost SECONDS [LOOPS [INSTANCES [BLOCK...]]]`: plays so long at realtime pace for each line of the table, all instances on one
//! thread, one after another, as a host with a chain does. LOOPS busy threads take the processors away meanwhile. With INSTANCES and
//! BLOCKs the table has these lines only. How late notes are is told against a render of the same tune: by how much later they left the
//! plugin, each matched to one of the same pitch at most 100 ms before and 1.5 s after. Hops lie otherwise in each instance's tune, so that some
//! 10 ms either way mean nothing, and a note here or there is another: those that match none are counted.

use anyhow::{Context, Result, ensure};
use hosts::{Format, Instance, Midi, Setup, on_audio_thread, open, signal};
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
    println!(
        "| format | instances | block | median µs | p99.9 µs | worst µs | blocks late | events | notes late, ms: median, p99, worst | unmatched |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |");
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
    let rendered = render(format, &tune, block)?;
    // All on one thread, with no change of threads between two of them.
    let mut played = on_audio_thread(|| chain(&mut instances, &tune, block, blocks, true))?;
    let (late, unmatched) = lateness_ms(&rendered, &played.ons, tune.len());
    played.durations.sort_unstable();
    let us = |share: f64| at(&played.durations, share).as_secs_f64() * 1e6;
    let ms = |share: f64| if late.is_empty() { f64::NAN } else { at(&late, share) };
    println!(
        "| {format:?} | {count} | {block} | {:.1} | {:.0} | {:.0} | {} of {blocks} | {} | {:.0}, {:.0}, {:.0} | {unmatched} |",
        us(0.5),
        us(0.999),
        us(1.0),
        played.late,
        played.events,
        ms(0.5),
        ms(0.99),
        ms(1.0),
    );
    Ok(())
}

/// The value of an ordered row that so many are not above.
fn at<T: Copy>(ordered: &[T], share: f64) -> T {
    ordered[((ordered.len() - 1) as f64 * share) as usize]
}

/// When, in samples of the tune that never ends, and at which pitch a note left the plugin.
type On = (usize, u8);

/// The notes of a host that waits for the plugin, in the second round of three.
fn render(format: Format, tune: &[f32], block: usize) -> Result<Vec<On>> {
    let mut instances = vec![open(format)?];
    instances[0].activate(&Setup { rate_hz: RATE_HZ, channels: 2, largest_block: block, offline: true })?;
    let (period, blocks) = (tune.len(), 3 * tune.len() / block);
    let played = on_audio_thread(|| chain(&mut instances, tune, block, blocks, false))?;
    let second = played.ons.concat().into_iter().filter(|on| on.0 / period == 1);
    Ok(second.map(|(at, pitch)| (at - period, pitch)).collect())
}

/// By how much later notes left that were played than those that were rendered, in order, and how many of either match none.
fn lateness_ms(rendered: &[On], played: &[Vec<On>], period: usize) -> (Vec<f64>, usize) {
    const EARLIER: usize = (0.1 * RATE_HZ) as usize;
    const LATER: usize = (1.5 * RATE_HZ) as usize;
    let (mut late, mut unmatched) = (Vec::new(), 0);
    for ons in played {
        let Some(last) = ons.last() else { continue };
        let mut left = ons.clone();
        // The first round is not heard as the others, and of the last not all.
        for round in 1..(last.0 / period).saturating_sub(1) {
            for &(at, pitch) in rendered {
                let due = round * period + at;
                let near = |on: &On| on.1 == pitch && on.0 + EARLIER >= due && on.0 <= due + LATER;
                match left.iter().position(near) {
                    Some(index) => {
                        late.push((left.remove(index).0 as f64 - due as f64) / RATE_HZ * 1e3);
                    }
                    None => unmatched += 1,
                }
            }
        }
        let whole = |on: &&On| (1..(last.0 / period).saturating_sub(1)).contains(&(on.0 / period));
        unmatched += left.iter().filter(whole).count();
    }
    late.sort_by(f64::total_cmp);
    (late, unmatched)
}

/// What came of playing.
struct Played {
    /// What each call took.
    durations: Vec<Duration>,
    events: usize,
    /// Of each instance.
    ons: Vec<Vec<On>>,
    /// Blocks that took longer than they last.
    late: usize,
}

/// Plays so many blocks through all of them, at pace or as fast as it goes.
fn chain(
    instances: &mut [Box<dyn Instance>],
    tune: &[f32],
    block: usize,
    blocks: usize,
    paced: bool,
) -> Result<Played> {
    let period = Duration::from_secs_f64(block as f64 / RATE_HZ);
    let calls = blocks * instances.len();
    let mut played = Played {
        durations: Vec::with_capacity(calls),
        events: 0,
        ons: vec![Vec::with_capacity(blocks); instances.len()],
        late: 0,
    };
    let mut events = Vec::with_capacity(4096);
    let mut channels = vec![vec![0.0f32; block]; 2];
    let start = Instant::now();
    for n in 0..blocks {
        if paced {
            std::thread::sleep((period * n as u32).saturating_sub(start.elapsed()));
        }
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
            played.durations.push(instance.sides().0.process(&mut channels, &mut events)?);
            let passed =
                channels[0].iter().zip(0..).all(|(sample, i)| *sample == tune[(at + i) % tune.len()]);
            ensure!(passed, "the audio was changed");
            played.events += events.len();
            played.ons[k].extend(events.iter().filter_map(|&(sample, midi)| match midi {
                Midi::On { pitch, .. } => Some((at + sample as usize, pitch)),
                _ => None,
            }));
        }
        played.late += usize::from(began.elapsed() > period);
    }
    Ok(played)
}
