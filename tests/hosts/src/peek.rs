//! The plugin's editor in a real window, on any system: `peek clap|vst3 SECONDS OUT.png` plays so much of the demo recording, with its
//! score loaded, at its own pace, and then takes a picture.

use anyhow::{Context, Result, bail, ensure};
use hosts::window::{self, Window};
use hosts::{Format, Setup, Transport, open, project, sound};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Samples in a block.
const BLOCK: usize = 512;

/// How long the window has to open, and to show the last of what was heard.
const PATIENCE: Duration = Duration::from_secs(3);

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [format, seconds, out] = arguments.as_slice() else { bail!("usage: peek clap|vst3 SECONDS OUT.png") };
    let format = match format.as_str() {
        "clap" => Format::Clap,
        "vst3" => Format::Vst3,
        other => bail!("expected clap or vst3, found {other}"),
    };
    let item = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets/demo");
    let (mut samples, rate_hz) = sound::decode(&item.join("audio.ogg"))?;
    samples.truncate((seconds.parse::<f64>()? * rate_hz) as usize);
    let window = Window::open()?.context("there is no display")?;
    let mut instance = open(format)?;
    let score = project::score_field("score.mxl", &std::fs::read(item.join("score.mxl"))?)?;
    ensure!(instance.load(&project::state(json!({}), &score)?), "the state was refused");
    instance.activate(&Setup { rate_hz, channels: 2, largest_block: BLOCK, offline: false })?;
    instance.open_editor(window.id())?;
    window.settle(PATIENCE);
    let (start, mut events, mut notes) = (Instant::now(), Vec::with_capacity(4096), 0);
    for (n, block) in samples.chunks(BLOCK).enumerate() {
        let position = (n * BLOCK) as i64;
        let due = Duration::from_secs_f64(position as f64 / rate_hz);
        window.settle(due.saturating_sub(start.elapsed()));
        instance.turn();
        instance.set_transport(Some(Transport { playing: true, recording: true, position }));
        events.clear();
        instance.process(&mut vec![block.to_vec(); 2], &mut events)?;
        notes += events.len();
    }
    window.settle(Duration::from_millis(300));
    window::save(&window, &PathBuf::from(out))?;
    println!("{format:?}: {notes} events; wrote {out}");
    instance.close_editor();
    window.settle(Duration::from_millis(300));
    Ok(())
}
