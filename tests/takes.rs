//! The book's reasoning on performances made here, with faults planted where they are known.

use colla_parte::performance::{
    AlignedBeat, DOUBT_BELOW, Decision, EditChoices, Fault, FaultKind, JoinPlace, Mark, PlayedNote,
    PosteriorFrame, Stretch, Take,
};
use colla_parte::score::{NoteId, Ornament, Part, PathNote, PathStep, PlayingPath};
use colla_parte::takes::{
    EvidenceLog, FaultTolerance, Segmentation, Transport, TransportChange, coverage, edit_plan, faults,
    part_coverage, ranking, segment,
};
use colla_parte::units::{Beats, FrameIndex, Pitch, SampleIndex, Seconds};
use proptest::prelude::*;

/// A small generator of even numbers in 0-1, the same every time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as f64 / (1u64 << 31) as f64
    }
}

/// Two voices in 4/4, eighths above and quarters below.
fn path(measures: u32) -> PlayingPath {
    let mut path = PlayingPath::default();
    for measure in 0..measures {
        path.steps.push(PathStep {
            measure,
            number: (measure + 1).to_string(),
            pass: 1,
            start: Beats::whole(4 * measure as i64),
            length: Beats::whole(4),
            meter: (4, 4),
        });
        for eighth in 0..8u32 {
            let scale = [0, 2, 4, 5, 7, 9, 11, 12, 11, 7, 9, 4, 2];
            let n = measure * 8 + eighth;
            let mut add = |pitch: u8, duration: Beats, staff: u8| {
                path.notes.push(PathNote {
                    id: NoteId(path.notes.len() as u32),
                    step: measure,
                    onset: Beats::whole(4 * measure as i64) + Beats::new(eighth as i64, 2).unwrap(),
                    duration,
                    pitch: Pitch(pitch),
                    part: 0,
                    staff,
                    grace: false,
                    fermata: false,
                    ornament: Ornament::Plain,
                });
            };
            if eighth % 2 == 0 {
                add(40 + scale[(n as usize / 2 * 5 + measure as usize) % 13], Beats::whole(1), 2);
            }
            add(67 + scale[(n as usize * 3 + measure as usize) % 13], Beats::new(1, 2).unwrap(), 1);
        }
    }
    path
}

/// A performance with its alignment and the faults planted in it.
#[derive(Default)]
struct Performance {
    notes: Vec<PlayedNote>,
    beats: Vec<AlignedBeat>,
    planted: Vec<(FaultKind, f64, u8)>,
    now: f64,
}

impl Performance {
    fn strike(&mut self, at: f64, pitch: u8, length: f64, velocity: u8) {
        let (onset, offset) = (Seconds(at), Seconds(at + length));
        self.notes.push(PlayedNote { onset, offset, pitch: Pitch(pitch), velocity, emitted: onset });
    }

    /// Plays measures `from..to` (from 0) at a tempo that sways; each note is at fault with probability `rate`.
    fn play(&mut self, path: &PlayingPath, from: u32, to: u32, rate: f64, dice: &mut Dice) {
        let mut last = None;
        for note in path.notes.iter().filter(|note| (from..to).contains(&note.step)) {
            let beat = note.onset.to_f64();
            let pace = 0.5 * (1.0 + 0.12 * (beat / 5.0).sin());
            self.now += last.map_or(0.0, |last: f64| (beat - last) * pace);
            let first = last != Some(beat);
            last = Some(beat);
            if first && rate > 0.0 && dice.roll() < rate / 4.0 && beat > 4.0 * from as f64 + 4.0 {
                self.planted.push((FaultKind::Hesitation, self.now, 0));
                self.now += 0.7;
            }
            if first {
                self.beats.push(AlignedBeat { beat, time: Seconds(self.now), confidence: 0.9 });
            }
            let at = self.now + 0.02 * (dice.roll() - 0.5);
            let length = note.duration.to_f64() * pace * 0.9;
            let fate = if rate > 0.0 { dice.roll() / rate } else { f64::INFINITY };
            if fate < 0.33 {
                self.planted.push((FaultKind::Missed, self.now, note.pitch.0));
            } else if fate < 0.66 {
                self.planted.push((FaultKind::Wrong, at, note.pitch.0 + 1));
                self.strike(at, note.pitch.0 + 1, length, 60);
            } else {
                self.strike(at, note.pitch.0, length, 64);
                if fate < 1.0 {
                    self.planted.push((FaultKind::Extra, at + 0.01, note.pitch.0 - 1));
                    self.strike(at + 0.01, note.pitch.0 - 1, 0.1, 40);
                }
            }
        }
        self.now += 0.5;
    }

    fn takes(&mut self, path: &PlayingPath, transport: &[Transport]) -> Vec<Take> {
        self.notes.sort_by(|a, b| a.onset.0.total_cmp(&b.onset.0));
        let (beats, notes) = (&self.beats, &self.notes);
        let mut takes = segment(&Segmentation { path, beats, notes, transport });
        for take in &mut takes {
            take.faults = faults(path, take, notes, None, FaultTolerance::default());
        }
        takes
    }
}

#[test]
fn planted_faults_are_found_and_nothing_else_is() {
    let path = path(60);
    for seed in 1..=5 {
        let mut performance = Performance { now: 1.0, ..Performance::default() };
        performance.play(&path, 0, 60, 0.06, &mut Dice(seed));
        let takes = performance.takes(&path, &[]);
        assert_eq!(takes.len(), 1);
        let told = &takes[0].faults;
        let hit = |planted: &(FaultKind, f64, u8), fault: &Fault| {
            let pitch = fault.pitch.is_none_or(|pitch| pitch.0.abs_diff(planted.2) <= 1);
            (fault.at.0 - planted.1).abs() < 0.15 && pitch
        };
        let counted = |kinds: &[FaultKind]| {
            let planted: Vec<_> = performance.planted.iter().filter(|p| kinds.contains(&p.0)).collect();
            let told: Vec<_> = told.iter().filter(|fault| kinds.contains(&fault.kind)).collect();
            let found = planted.iter().filter(|p| told.iter().any(|fault| hit(p, fault))).count();
            let false_ones =
                told.iter().filter(|fault| !performance.planted.iter().any(|p| hit(p, fault))).count();
            (found, planted.len(), false_ones)
        };
        let (found, planted, false_ones) = counted(&[FaultKind::Wrong, FaultKind::Missed, FaultKind::Extra]);
        assert!(planted > 20, "only {planted} planted");
        assert!(found as f64 >= 0.95 * planted as f64, "seed {seed}: {found} of {planted} found");
        assert!(false_ones <= 1, "seed {seed}: {false_ones} false faults");
        let (found, planted, false_ones) = counted(&[FaultKind::Hesitation]);
        // An extra note that happens to be one of the chord struck next to a halt makes a stutter of it.
        assert!(found + 1 >= planted, "seed {seed}: {found} of {planted} hesitations");
        assert_eq!(false_ones, 0, "seed {seed}: false hesitations");
    }
}

#[test]
fn a_restart_without_a_pause_has_no_faults_of_its_own() {
    let path = path(20);
    let mut performance = Performance { now: 1.0, ..Performance::default() };
    performance.play(&path, 0, 9, 0.0, &mut Dice(1));
    // Back over what was just played, within a fifth of a second.
    performance.now -= 0.35;
    performance.play(&path, 5, 14, 0.0, &mut Dice(2));
    let takes = performance.takes(&path, &[]);
    assert_eq!(takes.iter().map(|take| take.stretches.len()).sum::<usize>(), 2, "{takes:?}");
    for take in &takes {
        assert!(take.faults.is_empty(), "{:?}", take.faults);
    }
}

#[test]
fn a_brushed_key_that_was_not_transcribed_is_told_and_one_that_rang_before_is_not() {
    let path = path(12);
    let mut performance = Performance { now: 1.0, ..Performance::default() };
    performance.play(&path, 0, 12, 0.0, &mut Dice(1));
    // A semitone above a note of the upper voice alone, on a key that nothing near is written on.
    let upper = |measure: u32| {
        let apart = |a: &PathNote, b: &PathNote| (a.onset.to_f64() - b.onset.to_f64()).abs();
        let notes = path.notes.iter().enumerate().filter(|(_, note)| note.step == measure && note.staff == 1);
        let free = notes.into_iter().find(|(_, note)| {
            let above = note.pitch.0 + 1;
            let alone = path.notes.iter().filter(|other| apart(note, other) == 0.0).count() == 1;
            alone && !path.notes.iter().any(|other| other.pitch.0 == above && apart(note, other) < 1.5)
        });
        free.unwrap().0
    };
    let place = |measure: u32| {
        let note = &path.notes[upper(measure)];
        let beat = note.onset.to_f64();
        let at = performance.beats.iter().find(|point| point.beat == beat).unwrap().time;
        (at, Pitch(note.pitch.0 + 1))
    };
    let (brushed, rang) = (place(4), place(8));
    let evidence = |onset: f32, sounding: f32| {
        let mut evidence = EvidenceLog::default();
        for n in 0..(performance.now * 100.0) as u64 {
            let mut frame = PosteriorFrame::silent(FrameIndex(n));
            for ((at, pitch), before) in [(brushed, 0.0), (rang, 0.4)] {
                let key = pitch.key().unwrap();
                let after = frame.frame.seconds().0 - at.0;
                frame.onset[key] = if (0.0..0.02).contains(&after) { onset } else { 0.0 };
                frame.sounding[key] = if (-before..0.25).contains(&after) { sounding } else { 0.0 };
            }
            // What was transcribed was heard.
            for note in &performance.notes {
                let key = note.pitch.key().unwrap();
                let now = frame.frame.seconds().0;
                if (now - note.onset.0).abs() < 0.02 {
                    frame.onset[key] = 0.95;
                }
                if (note.onset.0..note.offset.0).contains(&now) {
                    frame.sounding[key] = 0.95;
                }
            }
            evidence.push(&frame);
        }
        evidence
    };
    let (usual, faint) = (evidence(0.1, 0.7), evidence(0.6, 0.1));
    let notes = performance.notes.clone();
    let takes = performance.takes(&path, &[]);
    let told = faults(&path, &takes[0], &notes, Some(&usual), FaultTolerance::default());
    let [fault] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!((fault.kind, fault.pitch), (FaultKind::Extra, Some(brushed.1)));
    assert!((fault.at.0 - brushed.0.0).abs() < 0.05, "{fault:?}");
    assert!(takes[0].faults.is_empty(), "without evidence: {:?}", takes[0].faults);
    // Sounding less, it is more likely none: a doubt, which is told unless only likelier ones are asked for.
    let told = |tolerance| faults(&path, &takes[0], &notes, Some(&faint), tolerance);
    let usual = told(FaultTolerance::default());
    let [doubt] = usual.as_slice() else { panic!("{usual:?}") };
    assert!(doubt.is_doubt() && doubt.pitch == Some(brushed.1), "{doubt:?}");
    assert_eq!(told(FaultTolerance { notes_above: DOUBT_BELOW, ..FaultTolerance::default() }), []);
}

#[test]
fn a_session_falls_into_its_takes() {
    let path = path(40);
    let mut dice = Dice(7);
    let mut performance = Performance { now: 0.6, ..Performance::default() };
    let mut spans = Vec::new();
    for (from, to, pause) in [(0, 12, 0.6), (8, 22, 0.0), (30, 36, 3.0), (18, 40, 0.0)] {
        let start = performance.now;
        performance.play(&path, from, to, 0.0, &mut dice);
        spans.push((start, performance.now, from, to - 1));
        performance.now += pause;
    }
    let takes = performance.takes(&path, &[]);
    // The second and third passages follow without a pause: one take of two stretches.
    assert_eq!(takes.iter().map(|take| take.stretches.len()).collect::<Vec<_>>(), [1, 2, 1]);
    let stretches: Vec<&Stretch> = takes.iter().flat_map(|take| &take.stretches).collect();
    for (stretch, span) in stretches.iter().zip(&spans) {
        assert_eq!((stretch.from_step, stretch.to_step), (span.2, span.3));
        assert!((stretch.start.0 - span.0).abs() < 0.1, "{} {}", stretch.start.0, span.0);
        assert!((stretch.end.0 - span.1).abs() < 0.5, "{} {}", stretch.end.0, span.1);
    }
    assert!(takes.iter().all(|take| take.faults.is_empty()), "{takes:?}");
    let covered = coverage(&path, &takes);
    assert_eq!(covered[9].clean, [0, 1]);
    assert_eq!(covered[25].clean, [2]);
    let plan = edit_plan(&path, &takes, &[], &none(), &performance.notes);
    assert!(plan.uncovered.is_empty());
    assert!(plan.segments.len() >= 2 && plan.segments.iter().all(|piece| piece.faulty.is_empty()));
    assert_eq!(ranking(&path, &takes, &[], 8, 11).len(), 2);
}

/// The alignment goes on through what nobody played, to what fits after it.
#[test]
fn what_was_not_played_is_not_in_a_take() {
    let path = path(8);
    let with = |measures: u32, from: usize, to: usize, struck: Option<u8>, slowness: f64| {
        let mut performance = Performance { now: 1.0, ..Performance::default() };
        performance.play(&path, 0, measures, 0.0, &mut Dice(5));
        performance.beats.iter_mut().for_each(|beat| beat.time.0 *= slowness);
        for note in &mut performance.notes {
            (note.onset.0, note.offset.0) = (note.onset.0 * slowness, note.offset.0 * slowness);
        }
        let before = 0.1 * slowness;
        let silent = performance.beats[from].time.0 - before..performance.beats[to].time.0 - before;
        performance.notes.retain(|note| !silent.contains(&note.onset.0));
        if let Some(pitch) = struck {
            performance.strike((silent.start + silent.end) / 2.0, pitch, 0.2, 64);
        }
        let takes = performance.takes(&path, &[]);
        assert!(takes.iter().all(|take| take.stretches.len() == 1));
        let steps = |take: &Take| (take.stretches[0].from_step, take.stretches[0].to_step);
        let faults: usize = takes.iter().map(|take| take.faults.len()).sum();
        (takes.iter().map(steps).collect::<Vec<_>>(), faults)
    };
    let of = |measures, from, to| with(measures, from, to, None, 1.0);
    // Measure 5 and half of 6 are silent. Four onsets after them fit by chance; two measures and a half do not.
    assert_eq!(of(6, 32, 44), (vec![(0, 3)], 0));
    assert_eq!(of(8, 32, 44), (vec![(0, 3), (5, 7)], 0));
    // Of less than six onsets none is enough if nothing else is struck: who strikes something has not stopped.
    assert_eq!(of(8, 32, 35), (vec![(0, 3), (4, 7)], 0));
    assert_eq!(with(8, 32, 37, Some(100), 1.0), (vec![(0, 7)], 9));
    // Nor where they come so fast that there is hardly a silence.
    assert_eq!(with(8, 32, 35, None, 0.5), (vec![(0, 7)], 5));
    // Two eighths and the quarter below them are missed, and nothing else.
    assert_eq!(of(8, 32, 34), (vec![(0, 7)], 3));
}

#[test]
fn the_transport_makes_takes_of_its_own() {
    let path = path(8);
    let mut performance = Performance { now: 2.0, ..Performance::default() };
    performance.play(&path, 0, 8, 0.0, &mut Dice(3));
    let end = performance.now;
    let change = |at, change, host| Transport { at: Seconds(at), change, host: SampleIndex(host) };
    let transport = [
        change(0.0, TransportChange::Start, 0),
        change(1.0, TransportChange::Jump, 96_000),
        change(end, TransportChange::Stop, 0),
        change(end + 1.0, TransportChange::Stop, 0),
    ];
    let takes = performance.takes(&path, &transport);
    assert_eq!(takes.len(), 2);
    assert_eq!((takes[0].stretches.len(), takes[1].stretches.len()), (0, 1));
    assert_eq!(takes[1].host_start, Some(SampleIndex(96_000)));
}

#[test]
fn a_halt_at_a_rest_under_a_fermata_is_no_hesitation() {
    let mut path = path(14);
    let mut performance = Performance { now: 1.0, ..Performance::default() };
    performance.play(&path, 0, 6, 0.0, &mut Dice(1));
    performance.now += 0.7;
    performance.play(&path, 6, 14, 0.0, &mut Dice(2));
    let mut halts = |path: &PlayingPath| {
        let takes = performance.takes(path, &[]);
        let faults = takes.iter().flat_map(|take| &take.faults);
        faults.filter(|fault| fault.kind == FaultKind::Hesitation).count()
    };
    assert_eq!(halts(&path), 1);
    path.held_rests = vec![(Beats::new(95, 4).unwrap(), 0)];
    assert_eq!(halts(&path), 0);
}

#[test]
fn ornaments_are_forgiven() {
    let mut path = path(4);
    let trilled = path.notes.iter().position(|note| note.step == 2 && note.staff == 1).unwrap();
    path.notes[trilled].ornament = Ornament::Trill;
    path.notes[trilled].duration = Beats::whole(1);
    let mut performance = Performance { now: 1.0, ..Performance::default() };
    performance.play(&path, 0, 4, 0.0, &mut Dice(5));
    let at = performance.beats.iter().find(|point| point.beat == 8.0).unwrap().time.0;
    let pitch = path.notes[trilled].pitch.0;
    for n in 1..6u8 {
        performance.strike(at + 0.08 * n as f64, pitch + 2 * (n % 2), 0.07, 60);
    }
    let takes = performance.takes(&path, &[]);
    assert!(takes[0].faults.is_empty(), "{:?}", takes[0].faults);
    path.notes[trilled].ornament = Ornament::Plain;
    let takes = performance.takes(&path, &[]);
    assert!(takes[0].faults.len() >= 3, "{:?}", takes[0].faults);
}

#[test]
fn a_human_outweighs_the_computation() {
    let path = path(10);
    let mut performance = Performance { now: 1.0, ..Performance::default() };
    for _ in 0..3 {
        performance.play(&path, 0, 10, 0.0, &mut Dice(5));
        performance.now += 2.0;
    }
    let takes = performance.takes(&path, &[]);
    assert_eq!(takes.len(), 3);
    let mark = |take, step, decision| Mark { take, step, decision };
    let of = |marks: &[Mark]| -> Vec<u32> {
        edit_plan(&path, &takes, marks, &none(), &[]).segments.iter().map(|piece| piece.take).collect()
    };
    assert_eq!(of(&[]), [2]);
    assert_eq!(of(&[mark(0, None, Decision::Star)]), [0]);
    assert_eq!(of(&[mark(2, None, Decision::Reject)]), [1]);
    assert_eq!(of(&[mark(1, Some(5), Decision::Reject), mark(2, None, Decision::Reject)]), [0]);
}

#[test]
fn the_plan_keeps_to_what_was_chosen() {
    let path = path(10);
    let mut performance = Performance { now: 1.0, ..Performance::default() };
    for (from, to) in [(0, 10), (0, 10), (4, 10)] {
        performance.play(&path, from, to, 0.0, &mut Dice(5));
        performance.now += 2.0;
    }
    let takes = performance.takes(&path, &[]);
    assert_eq!(takes.len(), 3);
    let of = |choices: &EditChoices| edit_plan(&path, &takes, &[], choices, &performance.notes);
    let pieces = |choices: &EditChoices| -> Vec<(u32, u32)> {
        of(choices).segments.iter().map(|piece| (piece.take, piece.from_step)).collect()
    };
    let free = pieces(&none());
    assert_eq!(free, [(1, 0)], "{free:?}");
    // Another take for a passage: the rest follows it, for a join less, unless that is chosen too.
    let mut choices = none();
    choices.choose(3, 5, Some(0));
    assert_eq!(pieces(&choices), [(0, 0)]);
    choices.choose(0, 2, Some(1));
    choices.choose(6, 9, Some(1));
    assert_eq!(pieces(&choices), [(1, 0), (0, 3), (1, 6)]);
    // A join moved by two measures, then exactly to an onset, then let go.
    let plan = of(&choices);
    choices.move_join(&plan, 2, 8, None);
    assert_eq!(pieces(&choices), [(1, 0), (0, 3), (1, 8)]);
    let plan = of(&choices);
    let within = path.notes.iter().map(|note| note.onset.to_f64()).find(|beat| *beat > 32.5).unwrap();
    choices.move_join(&plan, 2, 8, Some(within));
    let plan = of(&choices);
    let join = &plan.segments[2];
    assert_eq!((join.from_beat, plan.segments[1].to_beat), (within, within));
    assert_eq!(join.reason.unwrap().place, JoinPlace::Chosen);
    assert!(join.start.0 > takes[1].start.0 && join.end.0 <= takes[1].end.0);
    choices.let_go(&plan, 2);
    assert_eq!(pieces(&choices), [(1, 0), (0, 3)]);
    choices.choose(0, 9, None);
    assert!(choices.is_empty());
    // What cannot be kept does no harm: take 2 has no measure 1, and nobody knows take 9.
    choices.choose(0, 3, Some(2));
    choices.choose(8, 9, Some(9));
    assert_eq!(pieces(&choices), free);
}

/// Nothing was chosen.
fn none() -> EditChoices {
    EditChoices::default()
}

/// Takes of random stretches with faults in random steps, every beat half a second.
#[test]
fn a_fault_spoils_the_part_that_it_is_of() {
    let mut path = path(4);
    for note in &mut path.notes {
        note.part = u16::from(note.staff == 2);
    }
    let part = |name: &str| Part { name: name.into(), staves: 1 };
    let parts = [part("upper"), part("lower"), part("silent")];
    let lower = path.notes.iter().find(|note| note.step == 1 && note.part == 1).unwrap();
    let upper = path.notes.iter().rfind(|note| note.step == 2 && note.part == 0).unwrap();
    let fault = |kind, step, note: Option<&PathNote>, pitch: u8, beat: f64| Fault {
        kind,
        at: Seconds(1.0),
        step,
        beat,
        pitch: Some(Pitch(pitch)),
        note: note.map(|note| note.id),
        confidence: 0.9,
        cents: None,
    };
    let take = Take {
        start: Seconds(0.0),
        end: Seconds(8.0),
        host_start: None,
        stretches: vec![Stretch {
            start: Seconds(0.0),
            end: Seconds(8.0),
            from_step: 0,
            to_step: 3,
            from_beat: 0.0,
            to_beat: 16.0,
        }],
        beats: vec![],
        faults: vec![
            fault(FaultKind::Missed, 1, Some(lower), lower.pitch.0, lower.onset.to_f64()),
            // Beside a note of the upper part, and of no written one.
            fault(FaultKind::Extra, 2, None, upper.pitch.0 + 1, upper.onset.to_f64()),
            fault(FaultKind::Hesitation, 3, None, 0, 12.0),
        ],
        voices: vec![],
    };
    let covered = part_coverage(&path, std::slice::from_ref(&take), &parts);
    let clean = |part: usize| -> Vec<bool> {
        covered[part].steps.iter().map(|step| step.takes == [0] && step.clean == [0]).collect()
    };
    assert_eq!(covered.iter().map(|part| part.name.as_str()).collect::<Vec<_>>(), ["upper", "lower"]);
    assert_eq!(clean(0), [true, true, false, false]);
    assert_eq!(clean(1), [true, false, true, false]);
    assert!(part_coverage(&path.for_parts(&[0]), &[take], &parts).is_empty(), "one part needs no list");
}

fn some_takes() -> impl Strategy<Value = Vec<Take>> {
    let stretch = (0u32..12, 1u32..10, prop::collection::vec(0u32..16, 0..4));
    prop::collection::vec(stretch, 1..6).prop_map(|stretches| {
        let mut now = 0.0;
        let mut takes = Vec::new();
        for (from, length, faulty) in stretches {
            let to = (from + length).min(16);
            let (from_beat, to_beat) = (4.0 * from as f64, 4.0 * to as f64);
            let time = |beat: f64| Seconds(now + (beat - from_beat) * 0.5);
            let beats = (from * 4..to * 4).map(|beat| AlignedBeat {
                beat: beat as f64,
                time: time(beat as f64),
                confidence: 1.0,
            });
            let fault = |step: u32| Fault {
                kind: FaultKind::Extra,
                at: time(4.0 * step as f64 + 1.0),
                step,
                beat: 4.0 * step as f64 + 1.0,
                pitch: Some(Pitch(60)),
                note: None,
                confidence: 0.8,
                cents: None,
            };
            takes.push(Take {
                start: time(from_beat),
                end: time(to_beat),
                host_start: None,
                stretches: vec![Stretch {
                    start: time(from_beat),
                    end: time(to_beat),
                    from_step: from,
                    to_step: to - 1,
                    from_beat,
                    to_beat,
                }],
                beats: beats.collect(),
                faults: faulty.iter().copied().filter(|step| (from..to).contains(step)).map(fault).collect(),
                voices: vec![],
            });
            now += 60.0;
        }
        takes
    })
}

proptest! {
    #[test]
    fn coverage_says_what_the_stretches_say(takes in some_takes()) {
        let path = path(16);
        for coverage in coverage(&path, &takes) {
            let holds = |take: &Take| {
                take.stretches.iter().any(|s| s.from_step <= coverage.step && s.to_step >= coverage.step)
            };
            let faulty = |take: &Take| take.faults.iter().any(|fault| fault.step == coverage.step);
            let covering: Vec<u32> = (0..takes.len() as u32).filter(|&t| holds(&takes[t as usize])).collect();
            prop_assert_eq!(&coverage.takes, &covering);
            let clean: Vec<u32> = covering.into_iter().filter(|&t| !faulty(&takes[t as usize])).collect();
            prop_assert_eq!(&coverage.clean, &clean);
        }
    }

    #[test]
    fn the_plan_is_clean_wherever_a_take_is(takes in some_takes()) {
        let path = path(16);
        let covered = coverage(&path, &takes);
        let plan = edit_plan(&path, &takes, &[], &none(), &[]);
        let uncovered: Vec<u32> =
            covered.iter().filter(|coverage| coverage.takes.is_empty()).map(|coverage| coverage.step).collect();
        prop_assert_eq!(&plan.uncovered, &uncovered);
        let mut next = 0;
        for piece in &plan.segments {
            prop_assert!(piece.from_step >= next && piece.to_step >= piece.from_step);
            prop_assert!((next..piece.from_step).all(|step| uncovered.contains(&step)));
            prop_assert!(piece.end.0 > piece.start.0 && piece.to_beat > piece.from_beat);
            next = piece.to_step + 1;
            for step in piece.from_step..=piece.to_step {
                let coverage = &covered[step as usize];
                prop_assert!(coverage.takes.contains(&piece.take));
                prop_assert_eq!(piece.faulty.contains(&step), !coverage.clean.contains(&piece.take));
                prop_assert!(coverage.clean.is_empty() || coverage.clean.contains(&piece.take));
            }
        }
        prop_assert!((next..16).all(|step| uncovered.contains(&step)));
    }

    /// Hostile alignments and notes give no panic and no endless work.
    #[test]
    fn nonsense_is_survived(
        beats in prop::collection::vec((-50.0f64..200.0, -5.0f64..60.0), 0..80),
        notes in prop::collection::vec((0.0f64..60.0, 0u8..128), 0..200),
    ) {
        let path = path(10);
        let mut performance = Performance::default();
        for (beat, time) in beats {
            performance.beats.push(AlignedBeat { beat, time: Seconds(time), confidence: f32::NAN });
        }
        for (at, pitch) in notes {
            performance.strike(at, pitch, 0.2, 64);
        }
        let takes = performance.takes(&path, &[]);
        let covered = coverage(&path, &takes);
        prop_assert_eq!(covered.len(), 10);
        edit_plan(&path, &takes, &[], &none(), &performance.notes);
    }
}
