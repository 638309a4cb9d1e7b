//! Paths to bytes and back; `-` is standard output.

use crate::readers::{Sound, StereoSound, decode_sound, decode_stereo, read_score as parse_score};
use crate::score::Score;
use anyhow::{Context, Result, bail};
use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::Path;

/// Largest file read, in bytes: 6 h of stereo 24 bit at 96 kHz would be twice that.
const MAX_FILE_BYTES: u64 = 6 << 30;

/// Reads a whole file.
pub(super) fn read(path: &Path) -> Result<Vec<u8>> {
    let name = || path.display().to_string();
    let file = File::open(path).map_err(plain).with_context(name)?;
    let meta = file.metadata().map_err(plain).with_context(name)?;
    if meta.is_dir() {
        bail!("{}: is a directory, expected a file", path.display());
    }
    if meta.len() > MAX_FILE_BYTES {
        bail!("{}: {} bytes, expected at most {MAX_FILE_BYTES}", path.display(), meta.len());
    }
    let mut bytes = Vec::with_capacity(meta.len() as usize);
    file.take(MAX_FILE_BYTES).read_to_end(&mut bytes).map_err(plain).with_context(name)?;
    Ok(bytes)
}

/// Shortest sound accepted, in seconds: one hop.
const LEAST_SOUND_S: f64 = 0.01;

/// Reads and decodes a sound file; one in which nothing can be heard whatever it holds is refused.
pub(super) fn read_sound(path: &Path) -> Result<Sound> {
    let sound = decode_sound(read(path)?).with_context(|| path.display().to_string())?;
    let samples = sound.samples.len();
    if (samples as f64) < LEAST_SOUND_S * f64::from(sound.rate_hz) {
        bail!("{}: too short: expected 10 ms of sound or more, found {samples} samples", path.display());
    }
    if sound.repaired > 0 && sound.samples.iter().all(|&sample| sample == 0.0) {
        bail!("{}: expected sound, found samples that are not finite, and silence", path.display());
    }
    Ok(sound)
}

/// The same with two channels.
pub(super) fn read_stereo(path: &Path) -> Result<StereoSound> {
    decode_stereo(read(path)?).with_context(|| path.display().to_string())
}

/// Reads a score file; the file's name stands in for a missing title.
pub(super) fn read_score(path: &Path) -> Result<Score> {
    let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    parse_score(&read(path)?, &name).with_context(|| path.display().to_string())
}

/// Writes a file, or standard output where the path is `-`. A file that could not be written whole is removed.
pub(super) fn write(path: &Path, content: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<()> {
    if path == Path::new("-") {
        let mut out = BufWriter::new(io::stdout().lock());
        content(&mut out)?;
        return Ok(out.flush()?);
    }
    let file = File::create(path).map_err(plain).with_context(|| path.display().to_string())?;
    let mut out = BufWriter::new(file);
    let done = content(&mut out).and_then(|()| Ok(out.flush()?));
    if done.is_err() {
        drop(out);
        let _ = std::fs::remove_file(path);
    }
    done.with_context(|| path.display().to_string())
}

/// The reader of our output went away (`| head`): nothing to complain about.
pub(super) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause.downcast_ref::<io::Error>().is_some_and(|io| io.kind() == io::ErrorKind::BrokenPipe)
    })
}

/// An operating system's error in words, without its number.
fn plain(error: io::Error) -> anyhow::Error {
    match error.kind() {
        io::ErrorKind::NotFound => anyhow::anyhow!("no such file"),
        io::ErrorKind::PermissionDenied => anyhow::anyhow!("permission denied"),
        io::ErrorKind::IsADirectory => anyhow::anyhow!("is a directory, expected a file"),
        _ => anyhow::Error::new(error),
    }
}
