//! What only shows after a long time, or after very many times.
//!
//! - `soak hours N`: the demo recording with its score, over and over for N hours of audio, through the built CLAP; the
//!   memory, and whether the last round is told as the second one was.
//! - `soak take HOURS`: the demo recording with its score, over and over, as one take that the host never stops; the memory, the
//!   time and the size of the project, and what takes became of it.
//! - `soak activations N`, `soak instances N`: in both formats, with the editor open where there is a display.
//! - `soak starved SECONDS`: at realtime pace beside two busy threads for each processor; then left alone again.

use anyhow::{Result, bail, ensure};
use hosts::window::Window;
use hosts::{Format, Instance, Midi, Setup, Timed, Transport, open, project, signal, sound};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Controller that carries the measure; the next one up carries the beat.
const POSITION_CC: u8 = 20;

/// Silence between two rounds of the recording, in seconds: takes end with it.
const PAUSE_S: f64 = 6.0;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["hours", hours] => play_for(hours.parse()?),
        ["take", hours] => record_for(hours.parse()?),
        ["activations", count] => {
            Format::ALL.into_iter().try_for_each(|format| activate(format, count.parse()?))
        }
        ["instances", count] => {
            // One for both: an X server starts anew when its last client goes, and turns away who comes just then.
            let window = Window::open()?;
            Format::ALL.into_iter().try_for_each(|format| create(format, count.parse()?, window.as_ref()))
        }
        ["starved", seconds] => {
            Format::ALL.into_iter().try_for_each(|format| starve(format, seconds.parse()?))
        }
        _ => bail!("usage: soak hours N | take HOURS | activations N | instances N | starved SECONDS"),
    }
}

/// Resident memory of this process in MB.
#[cfg(not(windows))]
fn resident_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kb = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kb.map_or(f64::NAN, |kb| kb / 1000.0)
}

/// Resident memory of this process in MB.
#[cfg(windows)]
fn resident_mb() -> f64 {
    use windows_sys::Win32::System::ProcessStatus::{GetProcessMemoryInfo, PROCESS_MEMORY_COUNTERS};
    use windows_sys::Win32::System::Threading::GetCurrentProcess;
    let size = size_of::<PROCESS_MEMORY_COUNTERS>() as u32;
    // SAFETY: the counters are numbers, as large as is said; the handle is this process's own.
    let (known, counters) = unsafe {
        let mut counters: PROCESS_MEMORY_COUNTERS = std::mem::zeroed();
        (GetProcessMemoryInfo(GetCurrentProcess(), &mut counters, size) != 0, counters)
    };
    if known { counters.WorkingSetSize as f64 / 1e6 } else { f64::NAN }
}

fn play_for(hours: f64) -> Result<()> {
    let item = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets/demo");
    let (mut round, rate_hz) = sound::decode(&item.join("audio.ogg"))?;
    round.extend(vec![0.0; (PAUSE_S * rate_hz) as usize]);
    let mut instance = open(Format::Clap)?;
    let score = project::score_field("score.mxl", &std::fs::read(item.join("score.mxl"))?)?;
    let state = project::state(json!({ "poscc": { "i32": POSITION_CC } }), &score)?;
    ensure!(instance.load(&state), "the state was refused");
    instance.activate(&Setup { rate_hz, channels: 2, largest_block: 512, offline: true })?;
    let (start, round_s) = (Instant::now(), round.len() as f64 / rate_hz);
    let rounds = (hours * 3600.0 / round_s).ceil() as usize;
    ensure!(rounds >= 3, "expected three rounds of {round_s:.0} s or more");
    let (mut second, mut last) = (Vec::new(), Vec::new());
    println!("| hours heard | resident MB | saved state kB | notes, places in the round |");
    println!("| --- | --- | --- | --- |");
    let every = (rounds / 12).max(1);
    for n in 0..rounds {
        let mut channels = vec![round.clone(); 2];
        last = hosts::render(instance.as_mut(), &mut channels, std::iter::repeat(512))?;
        ensure!(channels[0] == round, "the audio was changed");
        if n == 1 {
            second = last.clone();
        }
        if n % every == 1 || n + 1 == rounds {
            let heard = (n + 1) as f64 * round_s / 3600.0;
            let (kb, (notes, places)) = (instance.save()?.len() as f64 / 1000.0, counted(&last));
            println!("| {heard:.2} | {:.1} | {kb:.0} | {notes}, {places} |", resident_mb());
        }
    }
    let audio_s = rounds as f64 * round_s;
    let speed = audio_s / start.elapsed().as_secs_f64();
    println!("{rounds} rounds, {:.2} h of audio at {speed:.1} times real time", audio_s / 3600.0);
    compare(&second, &last, rate_hz)
}

/// Records without a stop, opens the project again, and says what the book has.
fn record_for(hours: f64) -> Result<()> {
    const BLOCK: usize = 512;
    let item = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets/demo");
    let (round, rate_hz) = sound::decode(&item.join("audio.ogg"))?;
    let mut instance = open(Format::Clap)?;
    let score = project::score_field("score.mxl", &std::fs::read(item.join("score.mxl"))?)?;
    ensure!(instance.load(&project::state(json!({}), &score)?), "the state was refused");
    instance.activate(&Setup { rate_hz, channels: 2, largest_block: BLOCK, offline: true })?;
    let (start, before_mb) = (Instant::now(), resident_mb());
    let (mut most_mb, mut events) = (before_mb, Vec::with_capacity(4096));
    let blocks = (hours * 3600.0 * rate_hz) as usize / BLOCK;
    let mut samples = round.iter().copied().cycle();
    for n in 0..blocks {
        let part: Vec<f32> = samples.by_ref().take(BLOCK).collect();
        let position = (n * BLOCK) as i64;
        instance.set_transport(Some(Transport { playing: true, recording: true, position }));
        events.clear();
        instance.process(&mut vec![part; 2], &mut events)?;
        if n % (blocks / 24).max(1) == 0 {
            most_mb = most_mb.max(resident_mb());
            let heard_h = position as f64 / rate_hz / 3600.0;
            println!(
                "{heard_h:.2} h heard in {:.0} s, {:.0} MB",
                start.elapsed().as_secs_f64(),
                resident_mb()
            );
        }
    }
    let heard_s = start.elapsed().as_secs_f64();
    instance.set_transport(Some(Transport::default()));
    for _ in 0..(2.0 * rate_hz) as usize / BLOCK {
        instance.process(&mut vec![vec![0.0; BLOCK]; 2], &mut events)?;
    }
    let over = Instant::now();
    let (mut saved, mut takes) = (Vec::new(), Vec::new());
    while takes.is_empty() || !takes.iter().all(|take: &Value| take["exact"] == true) {
        ensure!(over.elapsed() < Duration::from_secs(1800), "the second pass never ends");
        std::thread::sleep(Duration::from_millis(500));
        most_mb = most_mb.max(resident_mb());
        saved = instance.save()?;
        takes = project::takes(&project::book(&saved)?)?;
    }
    println!(
        "{hours:.2} h in {heard_s:.0} s, {:.1} times real time; exact {:.1} s after the stop; {before_mb:.0} MB before, {most_mb:.0} MB at most; project {:.2} MB",
        hours * 3600.0 / heard_s,
        over.elapsed().as_secs_f64(),
        saved.len() as f64 / 1e6
    );
    drop(instance);
    let mut again = open(Format::Clap)?;
    let opening = Instant::now();
    ensure!(again.load(&saved), "the project was refused");
    ensure!(project::takes(&project::book(&again.save()?)?)? == takes, "the project opens otherwise");
    println!("opened and saved again in {:.0} ms", opening.elapsed().as_secs_f64() * 1e3);
    for take in &takes {
        let count = |name: &str| take[name].as_array().map_or(0, Vec::len);
        let notes = take["notes"]["pitch"].as_array().map_or(0, Vec::len);
        println!(
            "take {}: from {} s, {:.1} s long, {} stretches, {notes} notes, {} faults",
            take["number"],
            take["host_start_s"],
            take["length"].as_f64().unwrap_or(f64::NAN) * 1e-4,
            count("stretches"),
            count("faults")
        );
    }
    Ok(())
}

/// Notes and places among the events.
fn counted(events: &[Timed]) -> (usize, usize) {
    let notes = events.iter().filter(|event| matches!(event.1, Midi::On { .. })).count();
    (notes, places(events).len())
}

/// Places that were sent: sample, measure, beat.
fn places(events: &[Timed]) -> Vec<(u64, u8, u8)> {
    let mut measure = 0;
    let mut found = Vec::new();
    for &(at, midi) in events {
        match midi {
            Midi::Control { cc: POSITION_CC, value, .. } => measure = value,
            Midi::Control { cc, value, .. } if cc == POSITION_CC + 1 => found.push((at, measure, value)),
            _ => {}
        }
    }
    found
}

/// Says how far the last round's notes and places lie from the second round's.
fn compare(second: &[Timed], last: &[Timed], rate_hz: f64) -> Result<()> {
    let onsets = |events: &[Timed]| -> Vec<(u64, u8)> {
        let on = |&(at, midi): &Timed| match midi {
            Midi::On { pitch, .. } => Some((at, pitch)),
            _ => None,
        };
        events.iter().filter_map(on).collect()
    };
    let (before, after) = (onsets(second), onsets(last));
    // Rounds do not begin on a hop, so onsets may lie a hop apart.
    let near = 0.02 * rate_hz;
    let same = |&(at, pitch): &(u64, u8)| {
        after.iter().any(|&(then, other)| other == pitch && (then as f64 - at as f64).abs() <= near)
    };
    let kept = before.iter().filter(|&onset| same(onset)).count();
    let (before_places, after_places) = (places(second), places(last));
    let mut apart: Vec<f64> = before_places
        .iter()
        .filter_map(|&(at, measure, beat)| {
            let times = after_places.iter().filter(|place| (place.1, place.2) == (measure, beat));
            times.map(|place| (place.0 as f64 - at as f64).abs() / rate_hz).min_by(f64::total_cmp)
        })
        .collect();
    apart.sort_by(f64::total_cmp);
    let at = |share: f64| {
        apart.get(((apart.len().max(1) - 1) as f64 * share) as usize).copied().unwrap_or(f64::NAN)
    };
    println!(
        "last round against the second: {kept} of {} notes within 20 ms, {} of {} places come again, {:.0} ms apart at the median, {:.0} ms at the 95th percentile",
        before.len(),
        apart.len(),
        before_places.len(),
        at(0.5) * 1e3,
        at(0.95) * 1e3,
    );
    ensure!(kept * 100 >= before.len() * 95, "what is heard changes with time");
    ensure!(apart.len() * 100 >= before_places.len() * 90 && at(0.95) < 1.0, "the position drifts");
    Ok(())
}

fn activate(format: Format, count: usize) -> Result<()> {
    let mut instance = open(format)?;
    let (start, mut warm) = (Instant::now(), f64::NAN);
    for n in 0..count {
        let setup = Setup { rate_hz: 48_000.0, channels: 1 + n % 2, largest_block: 512, offline: false };
        instance.activate(&setup)?;
        instance.process(&mut vec![vec![0.01; 64]; setup.channels], &mut Vec::new())?;
        instance.deactivate();
        if n == count / 10 {
            warm = resident_mb();
        }
    }
    let s = start.elapsed().as_secs_f64();
    // What the worker has not yet got round to is no leak.
    std::thread::sleep(Duration::from_secs(1));
    let now = resident_mb();
    println!(
        "{format:?}: activated {count} times in {s:.1} s; {warm:.1} MB after a tenth of it, {now:.1} MB at the end"
    );
    ensure!(now < warm + 20.0, "memory grows with every activation");
    Ok(())
}

fn create(format: Format, count: usize, window: Option<&Window>) -> Result<()> {
    let (start, mut warm) = (Instant::now(), f64::NAN);
    for n in 0..count {
        let mut instance = open(format)?;
        instance.activate(&Setup { rate_hz: 48_000.0, channels: 2, largest_block: 512, offline: false })?;
        if let Some(window) = window {
            instance.open_editor(window.id())?;
        }
        instance.process(&mut vec![vec![0.01; 64]; 2], &mut Vec::new())?;
        if let Some(window) = window {
            window.settle(Duration::ZERO);
            instance.turn();
        }
        instance.close_editor();
        if n == count / 10 {
            warm = resident_mb();
        }
    }
    let (now, s) = (resident_mb(), start.elapsed().as_secs_f64());
    let editor = if window.is_some() { "with its window" } else { "without a window, there is no display" };
    println!(
        "{format:?}: created {count} times, {editor}, in {s:.1} s; {warm:.1} MB after a tenth of it, {now:.1} MB at the end"
    );
    // Threads of windows that were closed leave arenas, and the driver keeps something of its own.
    let allowed = if window.is_some() { 20.0 + 0.25 * count as f64 } else { 20.0 };
    ensure!(now < warm + allowed, "memory grows with every instance");
    Ok(())
}

fn starve(format: Format, seconds: f64) -> Result<()> {
    let mut instance = open(format)?;
    instance.activate(&Setup { rate_hz: 48_000.0, channels: 2, largest_block: 64, offline: false })?;
    let over = AtomicBool::new(false);
    let mut sounding = BTreeSet::new();
    let loops = 2 * std::thread::available_parallelism()?.get();
    let worst = std::thread::scope(|scope| {
        for _ in 0..loops {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            });
        }
        let worst = play(instance.as_mut(), seconds, false, &mut sounding);
        over.store(true, Ordering::Relaxed);
        worst
    })?;
    let (after, notes) = (sounding.len(), worst.1);
    let calm = play(instance.as_mut(), 8.0, true, &mut sounding)?;
    println!(
        "{format:?}: {seconds:.0} s beside {loops} busy threads: audio bit for bit, process() at worst {:.0} µs, {notes} events, {after} notes sounding; after 8 s of quiet {}, process() at worst {:.0} µs",
        worst.0.as_secs_f64() * 1e6,
        sounding.len(),
        calm.0.as_secs_f64() * 1e6,
    );
    ensure!(sounding.is_empty(), "{sounding:?} hang");
    ensure!(notes > 0, "nothing was heard");
    Ok(())
}

/// Plays the tune, or silence, at realtime pace. Returns the longest `process`, and how many events came.
fn play(
    instance: &mut dyn Instance,
    seconds: f64,
    silent: bool,
    sounding: &mut BTreeSet<u8>,
) -> Result<(Duration, usize)> {
    let (rate_hz, block) = (48_000.0, 64);
    let tune = signal::tune(rate_hz);
    let (mut events, mut longest, mut count) = (Vec::with_capacity(4096), Duration::ZERO, 0);
    let start = Instant::now();
    for n in 0..(seconds * rate_hz) as usize / block {
        let due = Duration::from_secs_f64((n * block) as f64 / rate_hz);
        std::thread::sleep(due.saturating_sub(start.elapsed()));
        let part: Vec<f32> =
            (0..block).map(|k| if silent { 0.0 } else { tune[(n * block + k) % tune.len()] }).collect();
        let mut channels = vec![part.clone(); 2];
        events.clear();
        longest = longest.max(instance.process(&mut channels, &mut events)?);
        ensure!(channels[0] == part && channels[1] == part, "the audio was changed");
        count += events.len();
        for (_, midi) in &events {
            match midi {
                Midi::On { pitch, .. } => drop(sounding.insert(*pitch)),
                Midi::Off { pitch, .. } => drop(sounding.remove(pitch)),
                Midi::Control { .. } | Midi::Bend { .. } => {}
            }
        }
    }
    Ok((longest, count))
}
