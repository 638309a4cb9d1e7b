//! Paths to bytes and back; `-` is standard output.

use crate::readers::{Sound, StereoSound, decode_sound, decode_stereo, read_score as parse_score};
use crate::score::Score;
use anyhow::{Context, Result, bail};
use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::Path;

/// Largest file read, in bytes: 6 h of stereo 24 bit at 96 kHz would be twice that.
const MAX_FILE_BYTES: u64 = 6 << 30;

/// Reads a whole file.
pub(super) fn read(path: &Path) -> Result<Vec<u8>> {
    let name = || path.display().to_string();
    // Windows does not even open one.
    if path.is_dir() {
        bail!("{}: is a directory, expected a file", path.display());
    }
    let file = File::open(path).map_err(plain).with_context(name)?;
    let meta = file.metadata().map_err(plain).with_context(name)?;
    if meta.len() > MAX_FILE_BYTES {
        bail!("{}: {} bytes, expected at most {MAX_FILE_BYTES}", path.display(), meta.len());
    }
    let mut bytes = Vec::new();
    let room = usize::try_from(meta.len()).map(|length| bytes.try_reserve_exact(length));
    if !matches!(room, Ok(Ok(()))) {
        bail!("{}: there is no memory for its {} bytes", path.display(), meta.len());
    }
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

/// Writes a file, or standard output where the path is `-`. A file that is there stays as it is until the new one is whole;
/// of one that could not be written whole nothing is left.
pub(super) fn write(path: &Path, content: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<()> {
    if path == Path::new("-") {
        let mut out = BufWriter::new(io::stdout().lock());
        content(&mut out)?;
        return Ok(out.flush()?);
    }
    write_file(path, content).map_err(plainly).with_context(|| path.display().to_string())
}

fn write_file(path: &Path, content: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<()> {
    let found = fs::metadata(path);
    // A pipe or a device takes what comes, and is nobody's to replace.
    if found.as_ref().is_ok_and(|found| !found.is_file()) {
        return fill(File::create(path)?, content);
    }
    if found.is_ok_and(|found| found.permissions().readonly()) {
        return Err(io::Error::from(io::ErrorKind::PermissionDenied).into());
    }
    // What a link means, not the link.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let part = target.with_file_name(format!(".colla-parte.{}.part", std::process::id()));
    let written = fill(File::create(&part)?, content).and_then(|()| Ok(fs::rename(&part, &target)?));
    if written.is_err() {
        let _ = fs::remove_file(&part);
    }
    written
}

fn fill(file: File, content: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<()> {
    let mut out = BufWriter::new(file);
    content(&mut out)?;
    Ok(out.flush()?)
}

/// An operating system's error in words, wherever it lies among the causes.
fn plainly(error: anyhow::Error) -> anyhow::Error {
    let system = error.chain().find_map(|cause| cause.downcast_ref::<io::Error>().map(io::Error::kind));
    system.and_then(in_words).map_or(error, |words| anyhow::anyhow!(words))
}

/// The reader of our output went away (`| head`): nothing to complain about.
pub(super) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause.downcast_ref::<io::Error>().is_some_and(|io| io.kind() == io::ErrorKind::BrokenPipe)
    })
}

/// An operating system's error in words, without its number.
fn plain(error: io::Error) -> anyhow::Error {
    in_words(error.kind()).map_or_else(|| anyhow::Error::new(error), |words| anyhow::anyhow!(words))
}

fn in_words(kind: io::ErrorKind) -> Option<&'static str> {
    match kind {
        io::ErrorKind::NotFound => Some("no such file"),
        io::ErrorKind::PermissionDenied => Some("permission denied"),
        io::ErrorKind::IsADirectory => Some("is a directory, expected a file"),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Some("the disk is full"),
        io::ErrorKind::FileTooLarge => Some("larger than files may be here"),
        _ => None,
    }
}
