//! The second pass: a whole recording against a score, with both directions of time.

use super::{Engine, EngineConfig, EngineError, EngineEvent, EstimatorKind, Listened, SecondPass};
use crate::follower::Alignment;
use crate::performance::{AlignedBeat, Take};
use crate::score::PlayingPath;
use crate::takes::{Segmentation, runs, takes_of};
use crate::units::Seconds;

/// How far apart the second pass and the notes may have one onset, in seconds.
const SAME_ONSET_S: f64 = 0.3;

/// Aligns one recording with one playing path.
///
/// What the second pass finds in the network's evidence is held against the notes, as for the book: each onset's time is
/// that of the notes that were matched with it, a jump that they do not bear out is none, and what fits no place is no
/// stretch. At a stretch's ends it stands as it is where too few of the notes were heard to match. The harmonic estimator's
/// notes are dated less exactly than its evidence: there what the second pass finds is the alignment.
pub struct OfflineAligner<'a> {
    engine: Engine,
    pass: SecondPass,
    estimator: EstimatorKind,
    path: &'a PlayingPath,
}

impl<'a> OfflineAligner<'a> {
    /// An aligner for a recording of `rate_hz`, 8-192 kHz.
    ///
    /// # Errors
    /// [`EngineError::Audio`] if the rate is out of range.
    pub fn new(
        config: &EngineConfig,
        rate_hz: f64,
        path: &'a PlayingPath,
    ) -> Result<OfflineAligner<'a>, EngineError> {
        let mut engine = Engine::new(config, rate_hz)?;
        engine.set_evidence(true);
        let estimator = config.estimator;
        Ok(OfflineAligner { engine, pass: SecondPass::new(Some(path), estimator), estimator, path })
    }

    /// Takes the next samples of the recording and appends what the engine says of them to `events`: notes and
    /// evidence, no positions.
    pub fn push(&mut self, samples: &[f32], events: &mut Vec<EngineEvent>) {
        let said = events.len();
        self.engine.push(samples, events);
        events[said..].iter().for_each(|event| self.pass.hear(event));
    }

    /// The alignment of the whole; the last notes and evidence are appended to `events`.
    pub fn finish(mut self, events: &mut Vec<EngineEvent>) -> Alignment {
        let said = events.len();
        self.engine.finish(events);
        events[said..].iter().for_each(|event| self.pass.hear(event));
        let listened = self.pass.finish(self.engine.consumed());
        if self.estimator == EstimatorKind::Harmonic {
            return Alignment { stretches: listened.stretches().map(<[AlignedBeat]>::to_vec).collect() };
        }
        held_against_notes(&listened, self.path)
    }
}

/// What the second pass found along `path`, as far as its notes bear it out.
fn held_against_notes(listened: &Listened, path: &PlayingPath) -> Alignment {
    let input = Segmentation { path, beats: &listened.beats, notes: &listened.notes, transport: &[] };
    let runs = runs(&input);
    let mut stretches: Vec<_> = takes_of(&input, &runs).iter().flat_map(stretches_of).collect();
    win_back_ends(&mut stretches, &runs);
    Alignment { stretches }
}

/// Gives each stretch back what of its run lies before its first and after its last beat, up to the stretches beside it.
fn win_back_ends(stretches: &mut [Vec<AlignedBeat>], runs: &[Vec<AlignedBeat>]) {
    let mut free_from = Seconds(f64::NEG_INFINITY);
    for index in 0..stretches.len() {
        let free_to = stretches.get(index + 1).map_or(Seconds(f64::INFINITY), |next| next[0].time);
        let (first, last) = (stretches[index][0], stretches[index][stretches[index].len() - 1]);
        let before = |point: &&AlignedBeat| {
            free_from < point.time && point.time < first.time && point.beat < first.beat
        };
        let after =
            |point: &&AlignedBeat| last.time < point.time && point.time < free_to && last.beat < point.beat;
        let begins = run_around(runs, &first).iter().filter(before);
        let ends = run_around(runs, &last).iter().filter(after);
        let whole = begins.chain(&stretches[index]).chain(ends).copied().collect();
        stretches[index] = whole;
        free_from = stretches[index][stretches[index].len() - 1].time;
    }
}

/// The run that has `end` at about the same time; empty if none has.
fn run_around<'a>(runs: &'a [Vec<AlignedBeat>], end: &AlignedBeat) -> &'a [AlignedBeat] {
    let same = |point: &AlignedBeat| {
        (point.beat - end.beat).abs() < 1e-6 && (point.time.0 - end.time.0).abs() < SAME_ONSET_S
    };
    runs.iter().find(|run| run.iter().any(same)).map_or(&[], Vec::as_slice)
}

/// A take's beats, cut where a stretch of it begins.
fn stretches_of(take: &Take) -> impl Iterator<Item = Vec<AlignedBeat>> {
    let begins = |from: &AlignedBeat, to: &AlignedBeat| {
        take.stretches.iter().any(|stretch| from.time < stretch.start && stretch.start <= to.time)
    };
    let goes_on = move |a: &AlignedBeat, b: &AlignedBeat| b.beat > a.beat && b.time > a.time && !begins(a, b);
    take.beats.chunk_by(goes_on).map(<[AlignedBeat]>::to_vec)
}

#[cfg(test)]
mod tests {
    use super::super::hearing::Hearing;
    use super::*;
    use crate::follower::Smoother;
    use crate::performance::PlayedNote;
    use crate::units::{Beats, Pitch};

    /// Half a second a beat, from `from_s` on.
    fn beats(beats: std::ops::Range<u32>, from_s: f64) -> Vec<AlignedBeat> {
        let first = beats.start;
        let at = |beat| Seconds(from_s + 0.5 * f64::from(beat - first));
        beats.map(|beat| AlignedBeat { beat: beat.into(), time: at(beat), confidence: 0.5 }).collect()
    }

    #[test]
    fn ends_of_which_few_notes_were_heard_stand_as_the_second_pass_has_them() {
        let own = [beats(0..16, 1.0), beats(4..12, 12.0)];
        let matched = [beats(4..13, 3.01), beats(6..10, 13.01)];
        let mut stretches = matched.to_vec();
        win_back_ends(&mut stretches, &own);
        let whole = |own: &[AlignedBeat], matched: &[AlignedBeat], from: usize| {
            [&own[..from], matched, &own[from + matched.len()..]].concat()
        };
        assert_eq!(stretches, [whole(&own[0], &matched[0], 4), whole(&own[1], &matched[1], 2)]);
    }

    /// When beat `beat` was played: 20 ms after the second pass has it.
    fn played(beat: u32) -> f64 {
        1.02 + 0.5 * f64::from(beat)
    }

    /// The alignment of `written` quarters of which only those in `heard` were heard, though the second pass has them all.
    fn aligned(written: u32, heard: std::ops::Range<u32>) -> Alignment {
        let pitch = |beat: u32| Pitch(60 + (beat * 5 % 12) as u8);
        let notes: Vec<_> =
            (0..written).map(|n| (Beats::whole(n.into()), Beats::whole(1), pitch(n))).collect();
        let path = PlayingPath::from_notes((4, 4), &notes);
        let note = |beat: u32| PlayedNote {
            pitch: pitch(beat),
            onset: Seconds(played(beat)),
            offset: Seconds(played(beat) + 0.4),
            velocity: 64,
            emitted: Seconds(played(beat) + 0.03),
        };
        let listened = Listened {
            notes: heard.map(note).collect(),
            beats: beats(0..written, 1.0),
            begins: vec![0],
            ..Listened::default()
        };
        held_against_notes(&listened, &path)
    }

    #[test]
    fn where_notes_are_missing_at_the_ends_the_rest_goes_by_its_notes_still() {
        // Those of the first and the last measure were not heard.
        let alignment = aligned(24, 4..20);
        assert_eq!(alignment.stretches.len(), 1);
        for (beat, point) in (0..).zip(&alignment.stretches[0]) {
            let due = if (4..20).contains(&beat) { played(beat) } else { 1.0 + 0.5 * f64::from(beat) };
            assert_eq!(point.beat, f64::from(beat));
            assert!((point.time.0 - due).abs() < 1e-6, "beat {beat} at {:?}, not {due}", point.time);
        }
        assert_eq!(alignment.stretches[0].len(), 24);
    }

    #[test]
    fn what_nobody_played_is_not_won_back() {
        // The second pass went on for two and a half measures before the playing began and after it ended.
        let alignment = aligned(40, 10..30);
        let beats: Vec<f64> = alignment.stretches.concat().iter().map(|point| point.beat).collect();
        assert_eq!(beats, (10..30).map(f64::from).collect::<Vec<_>>());
    }

    #[test]
    fn nothing_is_won_back_across_a_jump_or_from_the_stretch_beside() {
        // The second pass went on where the notes have a jump from beat 15 to beat 8.
        let own = beats(0..24, 1.0);
        let matched = [beats(2..16, 2.0), beats(8..12, 9.2)];
        let mut stretches = matched.to_vec();
        win_back_ends(&mut stretches, std::slice::from_ref(&own));
        // Beat 16 came at 9.0 by it, before the second stretch; all others of its own are beyond that or elsewhere.
        assert_eq!(stretches[0], [&own[..2], &matched[0], &own[16..17]].concat());
        assert_eq!(stretches[1], matched[1]);
        // Where it knows of no stretch, nothing changes.
        let mut stretches = matched.to_vec();
        win_back_ends(&mut stretches, &[]);
        assert_eq!(stretches, matched);
    }

    #[test]
    fn of_the_harmonic_estimators_evidence_the_second_pass_is_the_alignment() {
        const RATE_HZ: f64 = 44_100.0;
        let pitches = [60u8, 64, 67, 62, 65, 69, 59, 72];
        let notes: Vec<_> =
            (0..).zip(pitches).map(|(n, p)| (Beats::whole(n), Beats::whole(1), Pitch(p))).collect();
        let path = PlayingPath::from_notes((4, 4), &notes);
        let sample = |n: usize| {
            let t = n as f64 / RATE_HZ - 0.5;
            let (note, since) = ((t / 0.5).floor(), t.rem_euclid(0.5));
            let pitch = pitches.get(note as usize).filter(|_| t >= 0.0)?;
            let hz = 440.0 * ((f64::from(*pitch) - 69.0) / 12.0).exp2();
            let partial =
                |k: i32| (std::f64::consts::TAU * hz * f64::from(k) * since).sin() / f64::from(k * k);
            Some((0.2 * (-3.0 * since).exp() * (1..=6).map(partial).sum::<f64>()) as f32)
        };
        let samples: Vec<f32> = (0..5 * RATE_HZ as usize).map(|n| sample(n).unwrap_or(0.0)).collect();
        let config = EngineConfig { estimator: EstimatorKind::Harmonic, ..EngineConfig::default() };
        let mut aligner = OfflineAligner::new(&config, RATE_HZ, &path).unwrap();
        let mut events = Vec::new();
        aligner.push(&samples, &mut events);
        let alignment = aligner.finish(&mut events);
        let mut smoother = Smoother::new(&path, Hearing::follower_settings(EstimatorKind::Harmonic));
        for event in &events {
            if let EngineEvent::Evidence(frame) = event {
                smoother.push(frame);
            }
        }
        assert_eq!(alignment, smoother.finish());
        assert_eq!(alignment.stretches.concat().len(), pitches.len());
    }
}
