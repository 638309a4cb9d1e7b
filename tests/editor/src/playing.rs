//! The editor while a recording plays.

use crate::{Picture, Stage};
use colla_parte::bridge::ScoreSource;
use colla_parte::editor::{EditorState, START_SIZE};
use colla_parte::plugin::Unseen;
use colla_parte::readers::decode_sound;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

/// Samples heard at a time.
const BLOCK: usize = 512;
/// Blocks from one look to the next: the editor keeps the follower's way from what it sees.
const BLOCKS_A_LOOK: usize = 4;

/// Plays the recording of `item` (`audio.flac` or `.ogg`, `score.musicxml` or `.mxl`) to the plugin's worker up to
/// `until_s`, and draws what the plugin's editor then shows.
///
/// # Errors
/// If a file is missing or cannot be read, or the system gives no thread.
pub fn playing(item: &Path, until_s: f64) -> Result<Picture, Box<dyn Error>> {
    let sound = decode_sound(fs::read(first(item, &["audio.flac", "audio.ogg"])?)?)?;
    let score = first(item, &["score.musicxml", "score.mxl"])?;
    let rate_hz = f64::from(sound.rate_hz);
    let mut instance = Unseen::new(rate_hz, BLOCK).ok_or("the system gives no thread")?;
    instance.load_score(ScoreSource::from_file(&score)?);
    let until = sound.samples.len().min((until_s * rate_hz) as usize);
    for (n, block) in sound.samples[..until].chunks(BLOCK).enumerate() {
        instance.hear(block);
        if n % BLOCKS_A_LOOK == 0 {
            instance.view();
        }
    }
    let mut stage = Stage::new(instance.view(), EditorState::default(), START_SIZE, 1.0);
    stage.engrave(|wish| instance.engraved(wish));
    Ok(stage.picture())
}

/// The first of these files that is there.
fn first(folder: &Path, names: &[&str]) -> Result<PathBuf, String> {
    let found = names.iter().map(|name| folder.join(name)).find(|path| path.exists());
    found.ok_or_else(|| format!("{}: none of {}", folder.display(), names.join(", ")))
}
