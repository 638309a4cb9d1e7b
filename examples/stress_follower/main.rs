//! Stress for the follower: generated sessions with restarts, skips, wrong notes, stray playing.
//!
//! `cargo run --release --no-default-features --example stress_follower -- [--sessions N] [--seed S] [--ear perfect|good|poor|network]
//! [--music varied|repeating] [--verbose] [--look SESSION]` prints one table; `--look` shows one session's course as well.
//!
//! Instead of generated sessions, `-- --notes ITEM --trace OUT [--offline] [--ear …]` follows the true notes of a corpus
//! item (`score_notes.tsv`, `notes.tsv`), and `-- --evidence KEPT --score SCORE --trace OUT [--offline]` what
//! `examples/keep_evidence` kept; both write the trace that `tools/score_position.py` reads. `--events N` measures the
//! speed on a score of N onsets. `--set NAME=VALUE` changes one of the follower's settings.

#[path = "../../tests/rehearsal/mod.rs"]
mod rehearsal;

mod corpus;
mod measure;
mod speed;

use colla_parte::follower::{Follower, FollowerSettings};
use colla_parte::performance::{PositionReport, PosteriorFrame};
use colla_parte::score::PlayingPath;
use colla_parte::units::Seconds;
use rehearsal::ear::{self, Ear};
use rehearsal::player::{self, Player};
use rehearsal::writer::Music;
use rehearsal::{Random, writer};
use std::sync::Arc;
use std::time::Instant;

/// What an estimator with three frames of look-ahead brings.
const DELAY: Seconds = Seconds(0.03);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let value = |name: &str| arguments.iter().position(|a| a == name).and_then(|at| arguments.get(at + 1));
    let number = |name: &str, default: u64| value(name).and_then(|v| v.parse().ok()).unwrap_or(default);
    let ear = match value("--ear").map(String::as_str) {
        None | Some("perfect") => Ear::PERFECT,
        Some("good") => Ear::GOOD,
        Some("poor") => Ear::POOR,
        Some("network") => Ear::NETWORK,
        Some(other) => return Err(format!("--ear {other}: expected perfect, good, poor or network").into()),
    };
    let heard = match (value("--notes"), value("--evidence")) {
        (Some(item), _) => Some(corpus::true_notes(item, ear)?),
        (None, Some(kept)) => {
            Some(corpus::kept(kept, value("--score").ok_or("--evidence needs --score SCORE")?)?)
        }
        (None, None) => None,
    };
    if let Some(heard) = heard {
        let trace = value("--trace").ok_or("--notes and --evidence need --trace OUT")?;
        let offline = arguments.iter().any(|a| a == "--offline");
        return corpus::follow(&heard, trace, offline);
    }
    if let Some(events) = value("--events") {
        speed::measure(events.parse()?);
        return Ok(());
    }
    let music = match value("--music").map(String::as_str) {
        None | Some("varied") => Music::Varied,
        Some("repeating") => Music::Repeating,
        Some(other) => return Err(format!("--music {other}: expected varied or repeating").into()),
    };
    let seed = number("--seed", 1);
    let sessions = number("--sessions", 200);
    let verbose = arguments.iter().any(|a| a == "--verbose");
    let mut tally = measure::Tally::default();
    for n in 0..sessions {
        let mut random = Random::new(seed.wrapping_mul(1_000_003).wrapping_add(n));
        let phrases = 4 + random.below(30);
        let (path, form) = writer::piece_and_form(&mut random, phrases, music);
        let path = Arc::new(path);
        let plain = n % 4 == 0;
        let player = Player {
            tempo: random.between(0.6, 1.4),
            rubato: random.between(0.03, 0.12),
            jitter_s: random.between(0.004, 0.018),
            wrong: random.between(0.01, 0.10),
            jumps: if plain { 0 } else { 1 + random.below(4) },
            pauses: random.between(0.3, 1.0),
            noodles: if plain { 0 } else { random.below(2) },
            fermatas: random.below(3),
        };
        let seconds = random.between(60.0, 120.0);
        let session = player::rehearse(&mut random, &path, player, seconds);
        let frames = ear::listen(&mut random, &session.sounds, session.length_s, ear);
        let (reports, spent) = follow(&path, &frames, DELAY);
        if value("--look").is_some_and(|v| v.parse() == Ok(n)) {
            print!("{}", measure::timeline(&session, &reports));
        }
        let result = measure::session(&session, &form, &reports, spent);
        if verbose {
            println!("{n}\t{}\t{result}", if plain { "plain" } else { "jumps" });
        }
        tally.add(n, plain, result);
    }
    println!("{tally}");
    Ok(())
}

/// All reports, and the CPU time they took in seconds.
fn follow(path: &Arc<PlayingPath>, frames: &[PosteriorFrame], delay: Seconds) -> (Vec<PositionReport>, f64) {
    let mut follower = Follower::new(Arc::clone(path), settings());
    let begun = Instant::now();
    let before = speed::processor_time(begun);
    let reports = frames.iter().map(|frame| follower.step(frame, delay)).collect();
    (reports, speed::processor_time(begun) - before)
}

/// The defaults, with `--set NAME=VALUE` applied: for trying out one rate at a time.
fn settings() -> FollowerSettings {
    let mut settings = FollowerSettings::default();
    let arguments: Vec<String> = std::env::args().collect();
    for pair in arguments.windows(2).filter(|pair| pair[0] == "--set") {
        let (name, value) = pair[1].split_once('=').unwrap_or((&pair[1], ""));
        let value: f32 = value.parse().unwrap_or_else(|_| panic!("--set {}: expected NAME=NUMBER", pair[1]));
        let field = match name {
            "neutral_onset" => &mut settings.neutral_onset,
            "sharpness" => &mut settings.sharpness,
            "mute" => &mut settings.mute,
            "strongest_onset" => &mut settings.strongest_onset,
            "soft_onset" => &mut settings.soft_onset,
            "miss" => &mut settings.miss,
            "extra" => &mut settings.extra,
            "ghost" => &mut settings.ghost,
            "slip" => &mut settings.slip,
            "stutter" => &mut settings.stutter,
            "jump" => &mut settings.jump,
            "stop" => &mut settings.stop.0,
            "start" => &mut settings.start,
            "stray" => &mut settings.stray.0,
            "unstray" => &mut settings.stray.1,
            "stray_notes" => &mut settings.stray_notes,
            "interval" => &mut settings.interval.0,
            "jitter" => &mut settings.interval.1,
            "drift" => &mut settings.tempo_variance.2,
            "believed" => &mut settings.believed,
            "takeover" => &mut settings.takeover,
            _ => panic!("--set {name}: no such setting"),
        };
        *field = value;
    }
    settings
}
