//! The plugin's editor in a real window: `show OUT` uses it as a person would, with mouse and keyboard through `xdotool`, while
//! the demo recording plays at its own pace, and leaves pictures in OUT.
//!
//! The score's path is typed into the field, the recording plays 25 s of it, a measure is clicked, and it is still. A second take of
//! its beginning follows, in which something is left out; of the list of what is still to do the first line is clicked, and the take's
//! MIDI is saved. At each time it says which measure the plugin sent and which one is true, and what the threads took of the
//! processor. With the windows of a display that renders in software the window's thread carries what a GPU would do.

use anyhow::{Context, Result, ensure};
use hosts::window::{self, Window};
use hosts::{Format, Instance, Midi, Setup, Transport, open, project, sound};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::iter::Peekable;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::slice::Iter;
use std::time::{Duration, Instant};

/// Controller that carries the measure.
const POSITION_CC: u8 = 20;
/// Samples in a block.
const BLOCK: usize = 512;
/// When pictures are taken, in seconds of the recording.
const PICTURES_S: [f64; 5] = [5.0, 10.0, 15.0, 20.0, 25.0];
/// The second take: its end, and what is left out of it, in seconds of the recording.
const AGAIN_S: f64 = 14.0;
const LEFT_OUT_S: (f64, f64) = (6.0, 8.5);
/// Where the first line of what is still to do stands, and what is clicked to save the MIDI and to copy its folder's path. (Found by looking
/// at the pictures: a window has no names.)
const FIRST_TODO: [&str; 2] = ["1000", "446"];
const SAVE: [&str; 2] = ["439", "783"];
const SAVE_MIDI: [&str; 2] = ["470", "510"];
const COPY_PATH: [&str; 2] = ["1100", "749"];
/// How long nothing is done, to see what that costs.
const STILL: Duration = Duration::from_secs(5);

fn main() -> Result<()> {
    let out = std::env::args_os().nth(1).map(PathBuf::from).context("usage: show OUT")?;
    std::fs::create_dir_all(&out)?;
    let item = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets/demo").canonicalize()?;
    let (mut samples, rate_hz) = sound::decode(&item.join("audio.ogg"))?;
    samples.truncate((PICTURES_S[PICTURES_S.len() - 1] * rate_hz) as usize + BLOCK);
    let window = Window::open()?.context("there is no display")?;
    let mut instance = open(Format::Clap)?;
    ensure!(instance.load(&project::state(json!({ "poscc": { "i32": POSITION_CC } }), &Value::Null)?));
    instance.activate(&Setup { rate_hz, channels: 2, largest_block: BLOCK, offline: false })?;
    instance.open_editor(window.id())?;
    rest(Duration::from_secs(2));
    picture(&window, &out, "empty")?;
    still("nothing loaded, nothing plays")?;

    // The score's field, the path's field below it, the path.
    xdotool(&["mousemove", "188", "30", "click", "1"])?;
    rest(Duration::from_millis(700));
    xdotool(&["mousemove", "150", "107", "click", "1"])?;
    rest(Duration::from_millis(700));
    xdotool(&["type", "--delay", "30", &item.join("score.mxl").display().to_string()])?;
    rest(Duration::from_millis(700));
    picture(&window, &out, "typed")?;
    xdotool(&["key", "Return"])?;
    rest(Duration::from_secs(4));
    picture(&window, &out, "loaded")?;
    still("score loaded, nothing plays")?;

    let truth = truth(&item.join("alignment.tsv"))?;
    let length = Duration::from_secs_f64(samples.len() as f64 / rate_hz);
    told("the recording plays", length, || {
        let mut pictures = PICTURES_S.iter().peekable();
        play(instance.as_mut(), &samples, rate_hz, 0, |at_s, sent| {
            look(at_s, sent, &mut pictures, &truth, &window, &out)
        })
    })?;
    picture(&window, &out, "stopped")?;
    // A click in the second system says where playing goes on.
    xdotool(&["mousemove", "300", "260", "click", "1"])?;
    rest(Duration::from_secs(1));
    picture(&window, &out, "clicked")?;
    still("stopped, score loaded")?;

    // Restart: the beginning once more, with a gap, later on the host's timeline.
    let shift = samples.len() as i64 + rate_hz as i64;
    let mut again = samples[..(AGAIN_S * rate_hz) as usize].to_vec();
    again[(LEFT_OUT_S.0 * rate_hz) as usize..(LEFT_OUT_S.1 * rate_hz) as usize].fill(0.0);
    play(instance.as_mut(), &again, rate_hz, shift, |_, _| Ok(()))?;
    rest(Duration::from_secs(3));
    picture(&window, &out, "again")?;
    click(FIRST_TODO)?;
    picture(&window, &out, "worst")?;
    click(SAVE)?;
    picture(&window, &out, "save")?;
    click(SAVE_MIDI)?;
    rest(Duration::from_secs(1));
    picture(&window, &out, "saved")?;
    click(COPY_PATH)?;
    picture(&window, &out, "copied")?;
    instance.close_editor();
    Ok(())
}

/// When each measure's onsets truly come: seconds, measure.
fn truth(path: &Path) -> Result<Vec<(f64, u8)>> {
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let row = |line: &str| {
        let mut fields = line.split('\t').skip(1);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    let rows =
        text.lines().skip(1).filter_map(|line| row(line).map(|(measure, at_s): (u8, f64)| (at_s, measure)));
    Ok(rows.collect())
}

/// Takes the next picture when it is due; `sent`: the measure that was sent last.
fn look(
    at_s: f64,
    sent: u8,
    pictures: &mut Peekable<Iter<'_, f64>>,
    truth: &[(f64, u8)],
    window: &Window,
    out: &Path,
) -> Result<()> {
    let Some(due) = pictures.next_if(|due| at_s >= **due) else { return Ok(()) };
    let expected = truth.iter().rev().find(|place| place.0 <= at_s).map_or(0, |place| place.1);
    println!("at {due} s: measure {sent} was sent, {expected} is true");
    picture(window, out, &format!("{due:02}s"))
}

/// Plays at realtime pace as a host that records from `shift` of its timeline on, and stops; `look` is told the time and the measure
/// sent last.
fn play(
    instance: &mut dyn Instance,
    samples: &[f32],
    rate_hz: f64,
    shift: i64,
    mut look: impl FnMut(f64, u8) -> Result<()>,
) -> Result<()> {
    let (mut events, mut measure) = (Vec::with_capacity(4096), 0);
    let start = Instant::now();
    for (n, block) in samples.chunks(BLOCK).enumerate() {
        let position = (n * BLOCK) as i64;
        rest(Duration::from_secs_f64(position as f64 / rate_hz).saturating_sub(start.elapsed()));
        let host = position + shift;
        instance.set_transport(Some(Transport { playing: true, recording: true, position: host }));
        events.clear();
        instance.process(&mut vec![block.to_vec(); 2], &mut events)?;
        for (_, midi) in &events {
            if let Midi::Control { cc: POSITION_CC, value, .. } = midi {
                measure = *value;
            }
        }
        look(position as f64 / rate_hz, measure)?;
    }
    instance.set_transport(Some(Transport::default()));
    for _ in 0..(2.0 * rate_hz) as usize / BLOCK {
        instance.process(&mut vec![vec![0.0; BLOCK]; 2], &mut events)?;
    }
    rest(Duration::from_secs(2));
    Ok(())
}

fn click(at: [&str; 2]) -> Result<()> {
    xdotool(&["mousemove", at[0], at[1], "click", "1"])?;
    rest(Duration::from_millis(900));
    Ok(())
}

fn rest(time: Duration) {
    std::thread::sleep(time);
}

fn xdotool(arguments: &[&str]) -> Result<()> {
    let status = Command::new("xdotool").args(arguments).status().context("xdotool is needed")?;
    ensure!(status.success(), "xdotool {}: {status}", arguments.join(" "));
    Ok(())
}

fn picture(window: &Window, out: &Path, name: &str) -> Result<()> {
    window::save(window, &out.join(name).with_extension("png"))
}

/// Nothing is done for a while.
fn still(what: &str) -> Result<()> {
    told(what, STILL, || {
        rest(STILL);
        Ok(())
    })
}

/// Says what each kind of thread took of the processor meanwhile.
fn told(what: &str, time: Duration, act: impl FnOnce() -> Result<()>) -> Result<()> {
    let before = threads_ms();
    act()?;
    let spent = threads_ms().into_iter().map(|(name, ms)| {
        let share = (ms - before.get(&name).copied().unwrap_or(0.0)) / (10.0 * time.as_secs_f64());
        format!("{name} {share:.1} %")
    });
    println!("{what}: {}", spent.collect::<Vec<_>>().join(", "));
    Ok(())
}

/// Processor time of this process's threads by their names, in ms.
fn threads_ms() -> BTreeMap<String, f64> {
    let mut found = BTreeMap::new();
    for task in std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten() {
        let read = |name: &str| std::fs::read_to_string(task.path().join(name)).unwrap_or_default();
        let ns: f64 =
            read("schedstat").split_whitespace().next().and_then(|ns| ns.parse().ok()).unwrap_or(0.0);
        *found.entry(read("comm").trim().to_owned()).or_default() += ns / 1e6;
    }
    found
}
