//! Plays a score expressively and renders it: how `assets/demo` was made.
//!
//! `cargo run --release --no-default-features --example make_demo -- SCORE SOUNDFONT OUT_DIR [--measures N]`
//!
//! Timing, dynamics and pedal come from a seeded generator, so that the truth is exact and the same every time;
//! `fluidsynth` renders, `sox` adds a small room, `ffmpeg` encodes. Writes the corpus format that `evaluate` reads.

use anyhow::{Context, Result, bail};
use colla_parte::readers::read_score;
use colla_parte::score::{PathNote, PlayingPath, Score};
use midly::num::{u4, u7, u15, u24, u28};
use midly::{Format, Header, MetaMessage, MidiMessage, Smf, Timing, TrackEvent, TrackEventKind};
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;

const SEED: u64 = 1847;
/// Silence before the first note.
const LEAD_IN_S: f64 = 0.8;
/// Sound kept after the last note.
const TAIL_S: f64 = 2.0;
const PHRASE_MEASURES: f64 = 4.0;
/// General MIDI programs: clarinet for a part of one staff (the voice), piano for the others.
const MELODY_PROGRAM: u8 = 71;
const PIANO_PROGRAM: u8 = 0;
const TICKS_PER_SECOND: f64 = 1920.0;

struct Played<'a> {
    written: &'a PathNote,
    onset_s: f64,
    key_off_s: f64,
    offset_s: f64,
    velocity: u8,
    melody: bool,
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [score, sounds, out, rest @ ..] = arguments.as_slice() else {
        bail!("expected SCORE SOUNDFONT OUT_DIR [--measures N]");
    };
    let measures = match rest {
        [flag, count] if flag == "--measures" => count.parse().context("--measures")?,
        _ => usize::MAX,
    };
    let out = Path::new(out);
    fs::create_dir_all(out)?;
    let bytes = fs::read(score).with_context(|| score.clone())?;
    let score = read_score(&bytes, "demo").context("score")?;
    let clock = Clock::new(&score.path, measures);
    let pedal = pedal(&clock, &score.path);
    let notes = perform(&score, &clock, &pedal);
    if notes.is_empty() {
        bail!("no notes in these measures");
    }
    fs::write(out.join("score.mxl"), &bytes)?;
    write_tables(out, &score, &notes)?;
    let midi = out.join("performance.mid");
    write_midi(&midi, &notes, &pedal)?;
    let end_s = notes.iter().map(|note| note.offset_s).fold(0.0, f64::max) + TAIL_S;
    render(out, &midi, sounds, end_s)?;
    fs::remove_file(midi)?;
    println!("{}: {} notes in {end_s:.1} s", score.title, notes.len());
    Ok(())
}

/// When each path position is played.
struct Clock {
    /// Beats a tick of the table, and the time at each.
    times_s: Vec<f64>,
    end_beat: f64,
}

const TICK_BEATS: f64 = 0.125;

impl Clock {
    /// Phrase arcs of four measures, a slow drift, and a ritardando over the last measure and a half.
    fn new(path: &PlayingPath, measures: usize) -> Clock {
        let last = measures.min(path.steps.len());
        let end_beat = path.steps[..last].last().map_or(0.0, |step| (step.start + step.length).to_f64());
        let measure_beats = path.steps[..last].last().map_or(4.0, |step| step.length.to_f64());
        let mut random = Random(SEED);
        let (mut drift, mut time_s) = (0.0, LEAD_IN_S);
        let mut times_s = vec![];
        for tick in 0..=(end_beat / TICK_BEATS).ceil() as usize + 8 {
            times_s.push(time_s);
            let beat = tick as f64 * TICK_BEATS;
            drift = 0.985 * drift + 0.006 * random.normal();
            let phrase = beat / (measure_beats * PHRASE_MEASURES);
            let arc = (std::f64::consts::PI * phrase.fract()).sin() - 0.45;
            let to_go = (end_beat - beat) / (1.5 * measure_beats);
            let slowing = if to_go < 1.0 { 0.55 + 0.45 * to_go.max(0.0).sqrt() } else { 1.0 };
            let speed = (1.0 + 0.13 * arc + drift).clamp(0.6, 1.4) * slowing;
            time_s += TICK_BEATS * path.tempo_at(beat).seconds_per_beat() / speed;
        }
        Clock { times_s, end_beat }
    }

    fn time_s(&self, beat: f64) -> f64 {
        let place = (beat / TICK_BEATS).clamp(0.0, (self.times_s.len() - 1) as f64 - 1e-9);
        let below = place as usize;
        self.times_s[below] + (self.times_s[below + 1] - self.times_s[below]) * (place - below as f64)
    }
}

/// Times at which the pedal goes down and up again: with each half measure, lifted as the next one sounds.
fn pedal(clock: &Clock, path: &PlayingPath) -> Vec<(f64, f64)> {
    let mut changes: Vec<f64> = vec![];
    for step in path.steps.iter().take_while(|step| step.start.to_f64() < clock.end_beat) {
        let (start, length) = (step.start.to_f64(), step.length.to_f64());
        changes.push(start);
        if length >= 2.0 {
            changes.push(start + length / 2.0);
        }
    }
    changes.push(clock.end_beat);
    changes.windows(2).map(|pair| (clock.time_s(pair[0]) + 0.09, clock.time_s(pair[1]) + 0.03)).collect()
}

fn perform<'a>(score: &'a Score, clock: &Clock, pedal: &[(f64, f64)]) -> Vec<Played<'a>> {
    let path = &score.path;
    let mut random = Random(SEED ^ 0xA5A5);
    let notes: Vec<&PathNote> =
        path.notes.iter().filter(|note| note.onset.to_f64() < clock.end_beat - 1e-6).collect();
    let mut played: Vec<Played> = vec![];
    for (i, note) in notes.iter().enumerate() {
        let melody = score.parts.get(usize::from(note.part)).is_some_and(|part| part.staves == 1);
        let beat = note.onset.to_f64();
        let step = &path.steps[note.step as usize];
        let in_measure = beat - step.start.to_f64();
        let graces_after = notes[i..]
            .iter()
            .take_while(|other| other.grace && other.onset == note.onset)
            .filter(|other| other.part == note.part)
            .count();
        let grace_lead_s = if note.grace { 0.09 * graces_after.max(1) as f64 } else { 0.0 };
        // The melody leads a little, chords are very slightly rolled from below.
        let below = notes.iter().filter(|other| {
            other.onset == note.onset && other.part == note.part && other.pitch < note.pitch && !other.grace
        });
        let roll_s = if melody { -0.012 } else { 0.004 * below.count() as f64 };
        let onset_s = (clock.time_s(beat) - grace_lead_s + roll_s + 0.006 * random.normal()).max(0.05);
        let length_s = clock.time_s(beat + note.duration.to_f64()) - clock.time_s(beat);
        let held_s = if note.grace { 0.1 } else { length_s * if melody { 0.97 } else { 0.9 } };
        let key_off_s = onset_s + held_s.max(0.06);
        let phrase = (step.start.to_f64() / step.length.to_f64().max(0.5) / PHRASE_MEASURES).fract();
        let swell = 10.0 * (std::f64::consts::PI * phrase).sin();
        let accent = if in_measure < 1e-6 {
            6.0
        } else if in_measure.fract() < 1e-6 {
            2.0
        } else {
            0.0
        };
        let level = if melody { 74.0 } else { 54.0 };
        let velocity = (level + swell + accent + 3.0 * random.normal()).clamp(20.0, 110.0) as u8;
        played.push(Played { written: note, onset_s, key_off_s, offset_s: key_off_s, velocity, melody });
    }
    played.sort_by(|a, b| a.onset_s.total_cmp(&b.onset_s));
    for i in 0..played.len() {
        let (pitch, melody, onset_s) = (played[i].written.pitch, played[i].melody, played[i].onset_s);
        let next_s = played[i + 1..]
            .iter()
            .find(|next| next.written.pitch == pitch && next.melody == melody)
            .map_or(f64::INFINITY, |next| next.onset_s);
        let note = &mut played[i];
        note.key_off_s = note.key_off_s.min(next_s - 0.005).max(onset_s + 0.03);
        note.offset_s = note.key_off_s;
        let under = pedal.iter().find(|(down, up)| (*down..*up).contains(&note.key_off_s));
        if let (false, Some(&(_, up))) = (melody, under) {
            note.offset_s = up.min(next_s).max(note.key_off_s);
        }
    }
    played
}

fn write_tables(out: &Path, score: &Score, notes: &[Played]) -> Result<()> {
    let id = |note: &PathNote| format!("n{}-{}", note.id.0, score.path.steps[note.step as usize].pass);
    let mut table = fs::File::create(out.join("notes.tsv"))?;
    writeln!(table, "onset_s\toffset_s\tmidi_pitch\tvelocity\tscore_note_id\tkey_off_s\tpart\tsegment")?;
    for note in notes {
        let (pitch, part) = (note.written.pitch.0, note.written.part);
        let (on, off, key_off) = (note.onset_s, note.offset_s, note.key_off_s);
        let id = id(note.written);
        writeln!(table, "{on:.4}\t{off:.4}\t{pitch}\t{}\t{id}\t{key_off:.4}\t{part}\t0", note.velocity)?;
    }
    let mut plain: Vec<&Played> = notes.iter().filter(|note| !note.written.grace).collect();
    plain.sort_by_key(|note| note.written.onset);
    let mut table = fs::File::create(out.join("alignment.tsv"))?;
    writeln!(table, "score_beat\tmeasure\taudio_seconds\tsegment\tn_notes\tspread_s")?;
    for chord in plain.chunk_by(|a, b| a.written.onset == b.written.onset) {
        let mut onsets: Vec<f64> = chord.iter().map(|note| note.onset_s).collect();
        onsets.sort_by(f64::total_cmp);
        let middle = (onsets[(onsets.len() - 1) / 2] + onsets[onsets.len() / 2]) / 2.0;
        let spread = onsets[onsets.len() - 1] - onsets[0];
        let step = &score.path.steps[chord[0].written.step as usize];
        let beat = chord[0].written.onset;
        writeln!(table, "{beat}\t{}\t{middle:.4}\t0\t{}\t{spread:.4}", step.number, onsets.len())?;
    }
    let mut table = fs::File::create(out.join("score_notes.tsv"))?;
    writeln!(table, "score_note_id\tscore_beat\tduration_beats\tmidi_pitch\tpart\tstaff\tmeasure\tgrace")?;
    for note in &score.path.notes {
        let number = &score.path.steps[note.step as usize].number;
        let (pitch, part, staff, grace) = (note.pitch.0, note.part, note.staff, u8::from(note.grace));
        let (id, beat, length) = (id(note), note.onset, note.duration);
        writeln!(table, "{id}\t{beat}\t{length}\t{pitch}\t{part}\t{staff}\t{number}\t{grace}")?;
    }
    Ok(())
}

fn write_midi(path: &Path, notes: &[Played], pedal: &[(f64, f64)]) -> Result<()> {
    let mut events: Vec<(u64, u8, u8, MidiMessage)> = vec![];
    let tick = |time_s: f64| (time_s * TICKS_PER_SECOND).round() as u64;
    for (channel, program) in [(0, PIANO_PROGRAM), (1, MELODY_PROGRAM)] {
        events.push((0, 0, channel, MidiMessage::ProgramChange { program: u7::new(program) }));
    }
    for note in notes {
        let (channel, key) = (u8::from(note.melody), u7::new(note.written.pitch.0));
        let vel = u7::new(note.velocity);
        events.push((tick(note.onset_s), 3, channel, MidiMessage::NoteOn { key, vel }));
        events.push((tick(note.key_off_s), 1, channel, MidiMessage::NoteOff { key, vel: u7::new(64) }));
    }
    for &(down, up) in pedal {
        for (time_s, value) in [(down, 127), (up, 0)] {
            let message = MidiMessage::Controller { controller: u7::new(64), value: u7::new(value) };
            events.push((tick(time_s), 2, 0, message));
        }
    }
    events.sort_by_key(|&(tick, order, ..)| (tick, order));
    let mut now = 0;
    let mut track = vec![TrackEvent {
        delta: u28::new(0),
        kind: TrackEventKind::Meta(MetaMessage::Tempo(u24::new(500_000))),
    }];
    for (tick, _, channel, message) in events {
        let kind = TrackEventKind::Midi { channel: u4::new(channel), message };
        track.push(TrackEvent { delta: u28::new((tick - now) as u32), kind });
        now = tick;
    }
    track.push(TrackEvent { delta: u28::new(0), kind: TrackEventKind::Meta(MetaMessage::EndOfTrack) });
    let mut file = Smf::new(Header::new(Format::SingleTrack, Timing::Metrical(u15::new(960))));
    file.tracks.push(track);
    Ok(file.save(path)?)
}

fn render(out: &Path, midi: &Path, sounds: &str, end_s: f64) -> Result<()> {
    let dry = out.join("dry.wav");
    let wet = out.join("wet.wav");
    let text = |path: &Path| path.display().to_string();
    let end = format!("{end_s:.2}");
    run(
        "fluidsynth",
        &["-niq", "-R", "0", "-C", "0", "-g", "0.8", "-r", "44100", "-F", &text(&dry), sounds, &text(midi)],
    )?;
    let room = ["reverb", "30", "60", "35", "60", "0", "0", "trim", "0", &end, "fade", "0", &end, "0.5"];
    run("sox", &[&[text(&dry).as_str(), "-R", &text(&wet)], &room[..], &["gain", "-n", "-3"]].concat())?;
    let (from, to) = (text(&wet), text(&out.join("audio.ogg")));
    run("ffmpeg", &["-v", "error", "-y", "-i", &from, "-c:a", "libvorbis", "-q:a", "5", "-bitexact", &to])?;
    fs::remove_file(dry)?;
    Ok(fs::remove_file(wet)?)
}

fn run(program: &str, arguments: &[&str]) -> Result<()> {
    let status = Command::new(program).args(arguments).status().with_context(|| program.to_owned())?;
    if !status.success() {
        bail!("{program}: {status}");
    }
    Ok(())
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((x ^ (x >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Standard normal: the sum of twelve uniform numbers, less six.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }
}
