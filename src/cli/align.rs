//! `align`: where in the score a whole recording is, at best knowledge.

use super::hear::Listening;
use super::score::ScoreChoice;
use super::session::{self, Density};
use super::{files, follow, progress};
use crate::audio::warp;
use crate::engine::OfflineAligner;
use crate::follower::Alignment;
use crate::performance::{AlignedBeat, FollowState, PositionReport};
use crate::readers::Sound;
use crate::score::PlayingPath;
use crate::units::{Bpm, FrameIndex, Seconds};
use crate::writers::{MapDensity, TempoMap, click_track, rendition, write_wave};
use anyhow::{Context, Result};
use clap::Args;
use std::path::{Path, PathBuf};

/// Samples pushed at a time; the alignment does not depend on it.
const BLOCK: usize = 4096;
/// How far the places that a warp goes by may leave an onset off, in seconds: closer, and the unevenness of every run of
/// notes would be heard as a wavering tempo.
const WARP_TOLERANCE_S: f64 = 0.010;
/// What is kept of the recording before a warped stretch, in seconds, and the beats after its last onset.
const LEAD_IN_S: f64 = 0.1;
const TAIL_BEATS: f64 = 4.0;

#[derive(Args)]
pub(super) struct Align {
    /// Recording: wav, aiff, flac, mp3, ogg, m4a; any rate, any channels
    audio: PathBuf,
    /// Score: .musicxml, .xml, .mxl or .mid
    score: PathBuf,
    /// Write one row for every 10 ms here; `-` is standard output
    #[arg(long, value_name = "OUT.tsv")]
    trace: Option<PathBuf>,
    /// Write tempo and meter of the longest stretch as MIDI, so that a DAW's grid follows the playing
    #[arg(long, value_name = "OUT.mid")]
    tempo_map: Option<PathBuf>,
    /// How often the tempo map changes
    #[arg(long, value_enum, default_value = "beat")]
    density: Density,
    /// Write the longest stretch of the recording in the score's tempo, stretched and squeezed, pitch kept: time 0 is beat 0
    /// of what `score --midi` writes; 32 kHz or more
    #[arg(long, value_name = "OUT.wav")]
    warp: Option<PathBuf>,
    /// Write a click that follows the recording, as long as it is
    #[arg(long, value_name = "OUT.wav")]
    click: Option<PathBuf>,
    /// Write the score's notes as plain tones that follow the recording, as long as it is
    #[arg(long, value_name = "OUT.wav")]
    rendition: Option<PathBuf>,
    #[command(flatten)]
    listening: Listening,
    #[command(flatten)]
    choice: ScoreChoice,
}

impl Align {
    pub(super) fn run(self) -> Result<()> {
        let path = self.choice.read(&self.score)?.path;
        let sound = files::read_sound(&self.audio)?;
        let config = self.listening.config();
        let rate_hz = f64::from(sound.rate_hz);
        let mut aligner =
            OfflineAligner::new(&config, rate_hz, &path).with_context(|| self.audio.display().to_string())?;
        let bar = progress::bar(sound.samples.len() as u64, "aligning");
        let mut events = Vec::new();
        for block in sound.samples.chunks(BLOCK) {
            aligner.push(block, &mut events);
            events.clear();
            bar.inc(block.len() as u64);
        }
        let alignment = aligner.finish(&mut events);
        bar.finish_and_clear();
        if let Some(trace) = &self.trace {
            let length = Seconds(sound.samples.len() as f64 / rate_hz);
            let reports = reports(&alignment, &path, length);
            files::write(trace, |out| follow::write_trace(&reports, &path, out))?;
        }
        self.write_sounds(&alignment, &path, &sound, config.reference_hz)?;
        if let Some(out) = &self.tempo_map {
            session::write_tempo_map(out, &path, &self.longest(&alignment)?, self.density)?;
        }
        let outputs = [&self.trace, &self.tempo_map, &self.warp, &self.click, &self.rendition];
        if !outputs.into_iter().flatten().any(|out| out == Path::new("-")) {
            println!("{}", summary(&self.audio, &alignment));
        }
        Ok(())
    }

    fn longest(&self, alignment: &Alignment) -> Result<Vec<AlignedBeat>> {
        let longest = session::longest_stretch(&alignment.stretches.concat()).filter(|beats| beats.len() > 1);
        longest.with_context(|| format!("{}: nothing of the score was recognised", self.audio.display()))
    }

    fn write_sounds(
        &self,
        alignment: &Alignment,
        path: &PlayingPath,
        sound: &Sound,
        a4_hz: f32,
    ) -> Result<()> {
        let (rate_hz, length) = (f64::from(sound.rate_hz), sound.samples.len());
        let write = |out: &Path, channels: &[&[f32]]| {
            files::write(out, |out| Ok(write_wave(channels, sound.rate_hz, out)?))
        };
        let time_of = |beat: f64| times_of(alignment, beat);
        if let Some(out) = &self.click {
            write(out, &[&click_track(path, time_of, rate_hz, length)])?;
        }
        if let Some(out) = &self.rendition {
            write(out, &[&rendition(path, time_of, f64::from(a4_hz), rate_hz, length)])?;
        }
        if let Some(out) = &self.warp {
            let places = places(path, &self.longest(alignment)?);
            let sound = files::read_stereo(&self.audio)?;
            let (mut left, mut right) = warp(&sound.left, &sound.right, sound.rate_hz, &places)
                .with_context(|| self.audio.display().to_string())?;
            // What was recorded before the stretch is not of it.
            let silent = ((places[0].1 - LEAD_IN_S).max(0.0) * rate_hz) as usize;
            for samples in [&mut left, &mut right] {
                let end = silent.min(samples.len());
                samples[..end].fill(0.0);
            }
            write(out, &[&left, &right])?;
        }
        Ok(())
    }
}

/// Recording and score time, in seconds, of the places that a warp goes by: as few as leave no onset off by more than
/// [`WARP_TOLERANCE_S`], and some beats for the last notes to end in.
fn places(path: &PlayingPath, beats: &[AlignedBeat]) -> Vec<(f64, f64)> {
    let map = TempoMap::new(path, beats, MapDensity::Within(WARP_TOLERANCE_S));
    let mut points = map.points().to_vec();
    if let (Some(&last), Some(before)) = (
        points.last(),
        points.iter().rfind(|point| points.last().is_some_and(|last| point.0 <= last.0 - 2.0)),
    ) {
        let pace = (last.1 - before.1) / (last.0 - before.0);
        points.push((last.0 + TAIL_BEATS, last.1 + TAIL_BEATS * pace));
    }
    points.into_iter().map(|(beat, time)| (time, path.notated_time(beat).0)).collect()
}

/// When `beat` came, once for each stretch that has it.
fn times_of(alignment: &Alignment, beat: f64) -> Vec<Seconds> {
    let inside = |stretch: &&Vec<AlignedBeat>| {
        let (first, last) = (stretch.first(), stretch.last());
        first.is_some_and(|point| point.beat <= beat + 1e-6)
            && last.is_some_and(|point| beat <= point.beat + 1e-6)
    };
    let time = |stretch: &Vec<AlignedBeat>| {
        let after = stretch.partition_point(|point| point.beat <= beat + 1e-9);
        let (Some(a), b) = (after.checked_sub(1).and_then(|n| stretch.get(n)), stretch.get(after)) else {
            return stretch[0].time;
        };
        b.map_or(a.time, |b| Seconds(a.time.0 + (beat - a.beat) / (b.beat - a.beat) * (b.time.0 - a.time.0)))
    };
    alignment.stretches.iter().filter(inside).map(time).collect()
}

/// One report for every 10 ms of a recording of `length`, in the form that the live follower has.
fn reports(alignment: &Alignment, path: &PlayingPath, length: Seconds) -> Vec<PositionReport> {
    let mut tempo = path.tempo_at(0.0);
    (0..=length.frame().0)
        .map(|frame| {
            let at = FrameIndex(frame).seconds();
            let place = alignment.position_at(at);
            if let Some(seconds) = alignment.seconds_per_beat_at(at).filter(|&seconds| seconds > 0.0) {
                tempo = Bpm(60.0 / seconds);
            }
            PositionReport {
                at,
                beat: place.map(|place| place.beat),
                confidence: place.map_or(0.0, |place| place.confidence),
                tempo,
                state: if place.is_some() { FollowState::Following } else { FollowState::Waiting },
                candidates: Default::default(),
            }
        })
        .collect()
}

fn summary(audio: &Path, alignment: &Alignment) -> String {
    let events: usize = alignment.stretches.iter().map(Vec::len).sum();
    let stretches = alignment.stretches.len();
    let plural = if stretches == 1 { "" } else { "es" };
    format!("{}: {events} score onsets placed, in {stretches} stretch{plural} of playing", audio.display())
}
