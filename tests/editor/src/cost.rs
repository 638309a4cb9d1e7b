//! What a frame of the editor costs while it follows.

use crate::{Press, Stage, scenes};
use colla_parte::editor::{EditorState, EngravingSlot, START_SIZE, TrailPoint};
use colla_parte::readers::{read_score, source_with_ids};
use colla_parte::units::Seconds;
use std::error::Error;
use std::path::Path;
use std::sync::Arc;

/// Frames a second.
const RATE: f64 = 60.0;
/// Frames that are drawn, and those before them that are not counted.
const FRAMES: usize = 1_200;
const WARM_UP: usize = 60;
/// What the plugin shows of the past, in seconds.
const SHOWN_S: f64 = 60.0;
/// Quarter notes a second.
const PACE: f64 = 2.0;

/// Follows `score` from its middle for 20 s at 60 frames a second and says what a frame takes of the processor: the editor's own
/// work and the triangles made of it. Not in it: what the GPU does with them, and the engraver's thread.
///
/// # Errors
/// If the score cannot be read or engraved, or the system does not tell the thread's time.
pub fn cost(score: &Path) -> Result<String, Box<dyn Error>> {
    let bytes = std::fs::read(score)?;
    let name = score.file_stem().unwrap_or_default().to_string_lossy();
    let read = Arc::new(read_score(&bytes, &name)?);
    let mut press = Press::new(source_with_ids(&bytes)?)?;
    let (measures, notes) = (read.path.steps.len(), read.path.notes.len());
    let middle = read.path.end().to_f64() / 2.0;
    let mut view = scenes::performed(read, middle);
    let from = view.now.0 - SHOWN_S;
    view.trail.retain(|point| point.at.0 >= from);
    view.heard.retain(|note| note.onset.0 >= from);
    let mut stage = Stage::new(view, EditorState::default(), START_SIZE, 1.0);
    stage.engrave(|wish| press.slot(wish));
    let pages = match &stage.shown().view.engraving {
        EngravingSlot::Ready(printed) => printed.pages.len(),
        other => return Err(format!("{name}: {other:?}").into()),
    };
    // The system counts a thread's time in ticks of some ms, so that only many frames together tell anything.
    let (mut spent, mut seconds) = (0.0, Vec::new());
    for frame in 0..FRAMES + WARM_UP {
        let view = &mut stage.shown().view;
        view.now = view.now + Seconds(1.0 / RATE);
        let beat = middle + frame as f64 / RATE * PACE;
        let from = view.now.0 - SHOWN_S;
        view.trail.push(TrailPoint { at: view.now, beat: Some(beat) });
        view.trail.retain(|point| point.at.0 >= from);
        if let Some(report) = &mut view.position {
            (report.beat, report.at) = (Some(beat), view.now);
        }
        let before = thread_s()?;
        stage.frame();
        spent += thread_s()? - before;
        // Pages that it asks for are made by another thread in the plugin.
        stage.engrave(|wish| press.slot(wish));
        if (frame + 1) % RATE as usize == 0 {
            seconds.push(1e3 * std::mem::take(&mut spent) / RATE);
        }
    }
    seconds.drain(..WARM_UP / RATE as usize);
    let mean = seconds.iter().sum::<f64>() / seconds.len() as f64;
    let worst = seconds.iter().copied().fold(0.0, f64::max);
    let rest = stage.harness().run();
    Ok(format!(
        "{name}: {measures} measures, {notes} notes, {pages} engraved systems; ms of processor a frame: {mean:.2}, in the worst second \
         {worst:.2}; at {RATE:.0} a second {:.1} % of a core; frames asked for with nothing new: {}",
        100.0 * mean * RATE / 1e3,
        rest.saturating_sub(1),
    ))
}

/// Processor time of this thread, in seconds.
fn thread_s() -> Result<f64, Box<dyn Error>> {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let ns: f64 = told.split_whitespace().next().ok_or("no time in schedstat")?.parse()?;
    Ok(ns / 1e9)
}
