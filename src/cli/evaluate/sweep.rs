
use super::notes::{Note, score_notes};
use crate::engine::{EngineConfig, TAPE, network_tracker};
use crate::notes::{NoteLedger, NoteTracker};
use std::io::Write;
pub(super) fn sweep(name: &str, group: &str, truth: &[Note], c: &EngineConfig) {
    let Ok(path) = std::env::var("SWEEP") else { return };
    let text = std::fs::read_to_string(path).unwrap();
    let mut out = std::fs::OpenOptions::new().append(true).create(true).open(std::env::var("SWEEP_OUT").unwrap()).unwrap();
    for line in text.lines() {
        let mut config = network_tracker();
        for pair in line.split_whitespace() {
            let (k, v) = pair.split_once('=').unwrap();
            let f = || v.parse::<f32>().unwrap();
            let u = || v.parse::<u32>().unwrap();
            match k {
                "onset" => config.onset = f(),
                "restrike" => config.restrike = f(),
                "sure_early" => config.sure_early = f(),
                "gap" => config.restrike_gap_frames = u(),
                "sure" => config.sure = f(),
                "confirm" => config.sounding_confirm = f(),
                "confirm_frames" => config.confirm_frames = u(),
                "soft" => config.soft = f(),
                "soft_frames" => config.soft_frames = u(),
                "soft_onset" => config.soft_onset = f(),
                "end" => config.sounding_end = f(),
                "end_frames" => config.end_frames = u(),
                "end_sure" => config.sounding_sure = f(),
                "end_shift" => config.end_shift_s = f() as f64,
                "ghost" => config.ghost = f(),
                "ghost_ratio" => config.ghost_ratio = f(),
                "ghost_frames" => config.ghost_frames = u(),
                "latest" => config.latest = u(),
                "shift" => config.onset_shift_s = f() as f64,
                _ => panic!("{k}"),
            }
        }
        let mut tracker = NoteTracker::new(config);
        tracker.set_live(c.sensitivity, c.lowest_pitch, c.highest_pitch, c.minimum_note_s, c.velocity_curve);
        let mut ledger = NoteLedger::default();
        let mut events = Vec::new();
        TAPE.with_borrow(|tape| {
            let mut last = crate::units::Seconds(0.0);
            for (frame, judged, emitted) in tape {
                tracker.step(frame, judged, *emitted, &mut events);
                events.drain(..).for_each(|e| ledger.enter(&e));
                last = *emitted;
            }
            tracker.release_all(last, last, &mut events);
            events.drain(..).for_each(|e| ledger.enter(&e));
        });
        let played = ledger.into_notes();
        let est: Vec<Note> = played.iter().map(super::as_note).collect();
        let s = score_notes(truth, &est);
        writeln!(out, "{name}\t{group}\t{line}\t{:.4}\t{:.4}\t{:.4}\t{:.4}\t{:.4}\t{:.4}\t{:.1}\t{:.1}\t{:.1}", s.onset_50.f1, s.onset_50.precision, s.onset_50.recall, s.onset_offset.f1, s.onset_offset_velocity.f1, s.frame.f1, s.latency.median_ms, s.latency.p95_ms, s.latency.p99_ms).unwrap();
    }
}
