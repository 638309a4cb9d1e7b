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

/// What it took since the file was chosen, in ms.
#[derive(Clone, Copy, Debug)]
struct Spent {
    by_the_clock: f64,
    /// On a core, all threads together: what else the machine does is not in it.
    on_a_core: f64,
}

/// One loading.
struct Loading {
    /// Until a frame shows the score's notes, in roll and light notation.
    notes: Spent,
    /// Until a frame shows engraved systems.
    systems: Spent,
    /// Until all systems are there.
    all: Spent,
}

/// Loads `score` as the editor does, several times, and says how long it took until a frame was drawn with its notes, and with engraved
/// systems.
///
/// # Errors
/// If the score cannot be read or engraved, or the system gives no thread.
pub fn first(score: &Path) -> Result<String, Box<dyn Error>> {
    let loadings = (0..TIMES).map(|_| load(score)).collect::<Result<Vec<_>, _>>()?;
    let median = |times: &mut Vec<f64>| {
        times.sort_by(f64::total_cmp);
        times[TIMES / 2]
    };
    let told = |of: fn(&Loading) -> Spent| {
        let mut clock: Vec<f64> = loadings.iter().map(|loading| of(loading).by_the_clock).collect();
        let mut core: Vec<f64> = loadings.iter().map(|loading| of(loading).on_a_core).collect();
        let (middle, core) = (median(&mut clock), median(&mut core));
        format!("{middle:.0} ms ({:.0}-{:.0}; on a core {core:.0})", clock[0], clock[TIMES - 1])
    };
    Ok(format!(
        "{}, median and range of {TIMES} by the clock: notes in roll and light notation {}; first engraved systems {}; all {}",
        score.file_stem().unwrap_or_default().to_string_lossy(),
        told(|loading| loading.notes),
        told(|loading| loading.systems),
        told(|loading| loading.all),
    ))
}

/// Time that all threads of this process have had on a core, in ms.
fn busy_ms() -> f64 {
    let threads = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let times = threads.filter_map(|thread| {
        let text = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse::<f64>().ok()
    });
    times.sum::<f64>() / 1e6
}

fn load(score: &Path) -> Result<Loading, Box<dyn Error>> {
    let mut instance = Unseen::new(RATE_HZ, BLOCK).ok_or("the system gives no thread")?;
    instance.hear(&[0.0; BLOCK]);
    let mut stage = Stage::new(instance.view(), EditorState::default(), START_SIZE, 1.0);
    let (start, busy) = (Instant::now(), busy_ms());
    let spent = || Spent { by_the_clock: 1e3 * start.elapsed().as_secs_f64(), on_a_core: busy_ms() - busy };
    instance.open_score(score.to_owned());
    let (mut notes, mut systems) = (None, None);
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
        notes.get_or_insert_with(spent);
        for action in std::mem::take(&mut stage.shown().actions) {
            if let Action::Engrave(wish) = action {
                instance.engrave(wish);
            }
        }
        match &stage.shown().view.engraving {
            EngravingSlot::Ready(printed) => {
                if !printed.pictures.is_empty() {
                    systems.get_or_insert_with(spent);
                }
                if let (true, Some(notes), Some(systems)) = (printed.complete, notes, systems) {
                    return Ok(Loading { notes, systems, all: spent() });
                }
            }
            EngravingSlot::Failed(reason) => return Err(reason.clone().into()),
            EngravingSlot::Working | EngravingSlot::Unavailable => {}
        }
    }
    Err("it does not come to an end".into())
}
