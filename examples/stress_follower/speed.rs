//! What a hop costs, by the size of the score.

use crate::rehearsal::ear::{self, Ear};
use crate::rehearsal::player::{self, Player};
use crate::rehearsal::{Random, writer};
use colla_parte::performance::PosteriorFrame;
use colla_parte::units::FrameIndex;
use std::sync::Arc;
use std::time::Instant;

/// Seconds of playing that are followed.
const SECONDS: f64 = 30.0;

/// Follows the beginning of a generated score of at least `events` onsets with a network's faults, then knocks in every
/// key at once now and then, and prints what both cost.
pub fn measure(events: usize) {
    let mut random = Random::new(1);
    let (mut phrases, mut path) = (8, writer::piece(&mut random, 8));
    let onsets = |path: &colla_parte::score::PlayingPath| {
        let mut onsets: Vec<_> = path.notes.iter().map(|note| note.onset).collect();
        onsets.dedup();
        onsets.len()
    };
    while onsets(&path) < events {
        phrases = phrases * events.div_ceil(onsets(&path)) + 1;
        path = writer::piece(&mut random, phrases);
    }
    let path = Arc::new(path);
    let session = player::rehearse(&mut random, &path, Player { jumps: 1, ..Player::STEADY }, SECONDS);
    let frames = ear::listen(&mut random, &session.sounds, session.length_s, Ear::NETWORK);
    let (_, spent) = crate::follow(&path, &frames, crate::DELAY);
    let knocks: Vec<_> = (0..1000)
        .map(|hop| {
            let mut frame = PosteriorFrame::silent(FrameIndex(hop));
            if hop % 50 == 40 {
                frame.onset = [0.9; colla_parte::units::KEYS];
            }
            frame
        })
        .collect();
    let (_, knocked) = crate::follow(&path, &knocks, crate::DELAY);
    println!(
        "{} onsets: {:.0} audio-seconds per CPU-second; with all keys struck twice a second {:.0}",
        onsets(&path),
        frames.len() as f64 / 100.0 / spent,
        knocks.len() as f64 / 100.0 / knocked,
    );
}

/// Seconds that this thread has been on a processor where the system tells (Linux), else on the clock since `begun`.
pub fn processor_time(begun: Instant) -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = text.and_then(|text| text.split_whitespace().next()?.parse::<f64>().ok());
    nanoseconds.filter(|&n| n > 0.0).map_or_else(|| begun.elapsed().as_secs_f64(), |n| n * 1e-9)
}
