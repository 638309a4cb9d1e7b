//! How long it takes from choosing a score until there is something to see.

use crate::Stage;
use colla_parte::editor::{Action, EditorState, EngravingSlot, START_SIZE};
use colla_parte::plugin::Unseen;
use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What the plugin hears at.
const RATE_HZ: f64 = 48_000.0;
/// Samples heard at a time.
const BLOCK: usize = 512;
/// How often it is looked whether there is something new. (The plugin's window draws 16 ms after its last frame at the earliest.)
const GLANCE: Duration = Duration::from_millis(1);
/// How often the score is loaded, each time into a new instance.
const TIMES: usize = 5;
/// Longest wait.
const PATIENCE: Duration = Duration::from_secs(120);

/// One loading: seconds by the clock since the file was chosen.
struct Loading {
    /// Until a frame shows the score's notes, in roll and light notation.
    notes_s: f64,
    /// Until a frame shows engraved systems over the whole sheet that is on view.
    systems_s: f64,
    /// Until all systems are there.
    all_s: f64,
}

/// Loads `score` as the editor does, several times, and says how long it took by the clock until a frame was drawn with its notes,
/// and with engraved systems.
///
/// # Errors
/// If the score cannot be read or engraved, or the system gives no thread.
pub fn first(score: &Path) -> Result<String, Box<dyn Error>> {
    let loadings = (0..TIMES).map(|_| load(score)).collect::<Result<Vec<_>, _>>()?;
    let told = |of: fn(&Loading) -> f64| {
        let mut times: Vec<f64> = loadings.iter().map(|loading| 1e3 * of(loading)).collect();
        times.sort_by(f64::total_cmp);
        format!("{:.0} ms ({:.0}-{:.0})", times[TIMES / 2], times[0], times[TIMES - 1])
    };
    Ok(format!(
        "{}: by the clock, median and range of {TIMES}: notes in roll and light notation {}; first engraved systems {}; all systems {}",
        score.file_stem().unwrap_or_default().to_string_lossy(),
        told(|loading| loading.notes_s),
        told(|loading| loading.systems_s),
        told(|loading| loading.all_s),
    ))
}

fn load(score: &Path) -> Result<Loading, Box<dyn Error>> {
    let mut instance = Unseen::new(RATE_HZ, BLOCK).ok_or("the system gives no thread")?;
    instance.hear(&[0.0; BLOCK]);
    let mut stage = Stage::new(instance.view(), EditorState::default(), START_SIZE, 1.0);
    let start = Instant::now();
    instance.open_score(score.to_owned());
    let (mut notes_s, mut systems_s) = (None, None);
    let mut shown = None;
    while start.elapsed() < PATIENCE {
        let view = instance.view();
        if let Some(message) = view.messages.last() {
            return Err(message.text.clone().into());
        }
        let newest = match &view.engraving {
            EngravingSlot::Ready(printed) => Arc::as_ptr(printed),
            _ => std::ptr::null(),
        };
        // As in the plugin, nothing is drawn without news.
        if view.score().is_none() || shown == Some(newest) {
            std::thread::sleep(GLANCE);
            continue;
        }
        shown = Some(newest);
        stage.shown().view = view;
        stage.frame();
        notes_s.get_or_insert_with(|| start.elapsed().as_secs_f64());
        for action in std::mem::take(&mut stage.shown().actions) {
            if let Action::Engrave(wish) = action {
                instance.engrave(wish);
            }
        }
        match &stage.shown().view.engraving {
            EngravingSlot::Ready(printed) => {
                if !printed.pictures.is_empty() {
                    systems_s.get_or_insert_with(|| start.elapsed().as_secs_f64());
                }
                if let (true, Some(notes_s), Some(systems_s)) = (printed.complete, notes_s, systems_s) {
                    return Ok(Loading { notes_s, systems_s, all_s: start.elapsed().as_secs_f64() });
                }
            }
            EngravingSlot::Failed(reason) => return Err(reason.clone().into()),
            EngravingSlot::Working | EngravingSlot::Unavailable => {}
        }
    }
    Err("it does not come to an end".into())
}
