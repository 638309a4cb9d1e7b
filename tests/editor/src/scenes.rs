//! One view for each state that the editor can be in, made from a small score and a made-up performance of it.

use crate::{Picture, Press, Stage};
use colla_parte::editor::{
    Abilities, EditorState, EngravingSlot, Gravity, HeardNote, Language, Level, Load, Message, PaperKind,
    ScoreSlot, TakeRow, TempoCurve, TrailPoint, Transport, Verdict, View,
};
use colla_parte::performance::{
    Candidate, Coverage, Cue, CueMessage, EditChoices, EditPlan, Fault, FaultKind, FollowState, JoinPlace,
    JoinReason, PlanSegment, PositionReport, Shading, Stretch, Take,
};
use colla_parte::readers::{read_score, source_with_ids};
use colla_parte::score::{
    Choice, Measure, Note, NoteId, Ornament, Part, PathNote, PathStep, PlayingPath, Score, TempoChange,
};
use colla_parte::units::{Beats, Bpm, KEYS, Pitch, Seconds};
use egui::{Vec2, vec2};
use std::sync::Arc;

/// A state of the editor, and the window it is drawn in.
pub struct Scene {
    /// File name of its snapshot.
    pub name: &'static str,
    /// What is shown.
    pub view: View,
    /// The editor's own state.
    pub state: EditorState,
    /// Window in points.
    pub size: Vec2,
    /// Pixels a point.
    pub scale: f32,
    /// MusicXML of the score, with our ids, where it is engraved.
    pub engraved: Option<String>,
    /// So many of its systems are there and more are to come; all of them where this is `None`.
    pub systems: Option<usize>,
}

impl Scene {
    /// Puts it on a stage.
    ///
    /// # Panics
    /// If the editor shows a character that its fonts lack, or the engraver's fonts can't be unpacked.
    pub fn stage(self) -> Stage {
        let mut stage = Stage::new(self.view, self.state, self.size, self.scale);
        if let Some(source) = self.engraved {
            let mut press = Press::new(source).expect("the engraver's fonts can be unpacked");
            stage.engrave(|wish| match (press.slot(wish), self.systems) {
                (EngravingSlot::Ready(printed), Some(systems)) => {
                    let mut printed = (*printed).clone();
                    printed.pages.truncate(systems);
                    printed.complete = false;
                    EngravingSlot::Ready(Arc::new(printed))
                }
                (slot, _) => slot,
            });
        }
        stage
    }

    /// A picture of it.
    ///
    /// # Panics
    /// As [`Scene::stage`].
    pub fn picture(self) -> Picture {
        self.stage().picture()
    }
}

/// Every state there is.
pub fn all() -> Vec<Scene> {
    let usual = vec2(1200.0, 800.0);
    let scene = |name, view| Scene {
        name,
        view,
        state: EditorState::default(),
        size: usual,
        scale: 1.0,
        engraved: None,
        systems: None,
    };
    let mut scenes = vec![
        scene("empty", empty()),
        scene("loading", loading()),
        scene("transcribing", transcribing()),
        scene("waiting", waiting()),
        scene("following", following()),
        scene("unsure", unsure()),
        scene("lost", lost()),
        scene("overload", overload()),
        scene("error", error()),
        scene("takes-500", many_takes()),
        scene("edit-plan", edit_plan()),
        scene("after-a-take", after_a_take()),
        scene("saved", saved()),
    ];
    let mut inspected = scene("inspected", following());
    inspected.state.inspected = Some(6);
    scenes.push(inspected);
    let mut doubted = scene("doubts", doubts());
    doubted.state.inspected = never_clean(&doubted.view);
    scenes.push(doubted);
    let mut settings = scene("settings", following());
    settings.state.settings_open = true;
    scenes.push(settings);
    let mut parts = scene("choice-of-parts", one_part());
    parts.state.settings_open = true;
    scenes.push(parts);
    let mut dark = scene("dark-paper", following());
    dark.state.preferences.paper = PaperKind::Dark;
    scenes.push(dark);
    for (name, language) in [
        ("german", Language::German),
        ("french", Language::French),
        ("spanish", Language::Spanish),
        ("japanese", Language::Japanese),
    ] {
        let mut other = scene(name, overload());
        other.state.preferences.language = language;
        scenes.push(other);
    }
    let song = || Some(source_with_ids(SONG).expect("the demo's score can be read"));
    scenes.push(Scene { engraved: song(), ..scene("engraved", engraved()) });
    scenes.push(Scene { engraved: song(), systems: Some(2), ..scene("engraving-the-rest", just_loaded()) });
    let mut dark = Scene { engraved: song(), ..scene("engraved-dark", engraved()) };
    dark.state.preferences.paper = PaperKind::Dark;
    scenes.push(dark);
    scenes.push(Scene { engraved: song(), ..scene("engraved-lost", engraved_lost()) });
    scenes.push(scene("not-engraved", not_engraved()));
    scenes.push(Scene {
        size: vec2(800.0, 500.0),
        ..scene("tiny", View { plan: edit_plan().plan, ..overload() })
    });
    scenes.push(Scene { size: vec2(800.0, 500.0), scale: 3.0, ..scene("scale-300", following()) });
    let large = Scene { size: vec2(800.0, 500.0), scale: 3.0, ..scene("engraved-300", engraved()) };
    scenes.push(Scene { engraved: song(), ..large });
    scenes
}

/// Nothing loaded, nothing heard.
pub fn empty() -> View {
    // The choice of parts would push the rest of the settings out of the picture.
    let abilities = Abilities { choose: false, ..Abilities::all() };
    View { abilities, transport: Transport { armed: true, ..Transport::default() }, ..View::default() }
}

/// A score is being read.
pub fn loading() -> View {
    View { score: ScoreSlot::Loading { name: "rondo.mxl".into(), former: None }, ..empty() }
}

/// No score, and somebody plays.
pub fn transcribing() -> View {
    let played = following();
    View {
        heard: played.heard.iter().map(|note| HeardNote { verdict: Verdict::Open, ..*note }).collect(),
        now: played.now,
        shading: played.shading,
        level: played.level,
        latency: played.latency,
        ..empty()
    }
}

/// A score, and silence.
pub fn waiting() -> View {
    let score = Arc::new(rondo(1));
    View {
        score: ScoreSlot::Ready { name: "rondo.mxl".into(), score: score.clone() },
        position: Some(report(FollowState::Waiting, None, 0.0)),
        coverage: coverage(&[], score.path.steps.len()),
        level: Level { rms_db: -71.0, peak_db: -66.0, clipped: false },
        load: Load { share: 0.03, ..Load::default() },
        ..empty()
    }
}

/// In the middle of a take.
pub fn following() -> View {
    let score = Arc::new(rondo(1));
    let beat = 15.4;
    let takes = takes(&score, 6);
    let (trail, heard, verdicts, now) = performance(&score, beat);
    let steps = score.path.steps.len();
    View {
        position: Some(report(FollowState::Following, Some(beat), 0.93)),
        trail,
        shading: shading(&heard, now),
        heard,
        verdicts: verdicts.into(),
        now,
        level: Level { rms_db: -19.0, peak_db: -11.6, clipped: false },
        latency: Some(Seconds(0.084)),
        transport: Transport { armed: true, ..Transport::default() },
        tempos: tempos(&score, &takes),
        coverage: coverage(&takes, steps),
        takes,
        cues: vec![
            cue(0.0, "A", CueMessage::Control { number: 102, value: 127 }),
            cue(17.0, "B", CueMessage::Note { pitch: 60, velocity: 100 }),
        ],
        load: Load { share: 0.11, ..Load::default() },
        undo: Some("name of take 4".into()),
        elsewhere: 2,
        export_folder: "/home/anna/sessions".into(),
        score: ScoreSlot::Ready { name: "rondo.mxl".into(), score },
        ..empty()
    }
}

fn cue(beat: f64, name: &str, message: CueMessage) -> Cue {
    Cue::at(beat, name.into(), message)
}

/// The players have stopped, and what they played was looked through for faults.
pub fn after_a_take() -> View {
    let mut view = following();
    let Some(score) = view.score().cloned() else { return view };
    view.takes = takes(&score, 7);
    view.takes.pop();
    view.coverage = coverage(&view.takes, score.path.steps.len());
    view.judged = view.takes.last().map(|take| take.number);
    view.position = Some(report(FollowState::Waiting, None, 0.0));
    view.level = Level { rms_db: -70.0, peak_db: -64.0, clipped: false };
    view
}

/// The same a take earlier, with doubts.
pub fn doubts() -> View {
    let mut view = after_a_take();
    view.takes.pop();
    view.coverage = coverage(&view.takes, view.coverage.len());
    view.judged = view.takes.last().map(|take| take.number);
    with_doubts(view)
}

/// Adds doubts to the takes of `view`, some of them to a measure that no take has cleanly, and to its notes.
pub fn with_doubts(mut view: View) -> View {
    let Some(score) = view.score().cloned() else { return view };
    let faulty = never_clean(&view);
    for (index, row) in view.takes.iter_mut().enumerate().filter(|(_, row)| row.judged) {
        let mut doubted = TakeRow::clone(row);
        let stretch = &doubted.take.stretches[0];
        let (from, to) = (stretch.from_step as usize, stretch.to_step as usize);
        for step in from..=to {
            let count = match chance(index * 57 + step * 3) {
                _ if Some(step as u32) == faulty => 2,
                dice => usize::from(dice < 0.15),
            };
            for k in 0..count {
                let kind = [FaultKind::Missed, FaultKind::Wrong, FaultKind::Extra][(step + index + k) % 3];
                let confidence = 0.35 + 0.149 * chance(step * 5 + index + k) as f32;
                doubted.take.faults.push(fault(&score, (from, step), kind, confidence));
            }
        }
        doubted.take.faults.sort_by(|a, b| a.at.0.total_cmp(&b.at.0));
        *row = Arc::new(doubted);
    }
    let noted = |(index, verdict): (usize, &Verdict)| match verdict {
        Verdict::Ok if chance(index + 400) < 0.06 => Verdict::Doubt,
        known => *known,
    };
    view.verdicts = view.verdicts.iter().enumerate().map(noted).collect();
    view
}

/// The first measure that was played, and never without a fault.
pub fn never_clean(view: &View) -> Option<u32> {
    let faulty = |row: &Coverage| !row.takes.is_empty() && row.clean.is_empty();
    view.coverage.iter().position(faulty).map(|step| step as u32)
}

/// Files were written.
pub fn saved() -> View {
    let folder = "/home/anna/sessions".to_owned();
    let text = format!("{folder}: wrote Piano Sonata No. 11, III take 6.mid");
    View {
        messages: vec![Message { id: 1, gravity: Gravity::Note, text, folder: Some(folder) }],
        ..after_a_take()
    }
}

/// Of a quartet the first violin alone is followed.
pub fn one_part() -> View {
    let mut score = rondo(1);
    let part = |name: &str| Part { name: name.into(), staves: 1 };
    score.parts = ["Violin I", "Violin II", "Viola", "Violoncello"].map(part).into();
    let mut of_note = Vec::with_capacity(score.notes.len());
    for note in &mut score.notes {
        note.part = match (note.staff, note.pitch.0) {
            (1, 74..) => 0,
            (1, _) => 1,
            (_, 58..) => 2,
            _ => 3,
        };
        note.staff = 1;
        of_note.push(note.part);
    }
    for note in &mut score.path.notes {
        (note.part, note.staff) = (of_note[note.id.0 as usize], 1);
    }
    score.path.notes.retain(|note| note.part == 0);
    let score = Arc::new(score);
    View {
        choice: Choice { parts: "1".into(), ..Choice::default() },
        engraving: EngravingSlot::Unavailable,
        abilities: Abilities::all(),
        ..performed(score, 15.4)
    }
}

/// A score whose first systems are engraved.
pub fn just_loaded() -> View {
    let score = Arc::new(read_score(SONG, "song").expect("the demo's score can be read"));
    View {
        coverage: coverage(&[], score.path.steps.len()),
        engraving: EngravingSlot::Working,
        score: ScoreSlot::Ready { name: "song.mxl".into(), score },
        ..waiting()
    }
}

/// Two places compete.
pub fn unsure() -> View {
    let mut view = following();
    let mut report = report(FollowState::Unsure, Some(15.4), 0.41);
    report.candidates[0] = Candidate { beat: 15.4, weight: 0.41 };
    report.candidates[1] = Candidate { beat: 31.4, weight: 0.37 };
    view.position = Some(report);
    view
}

/// What is heard fits no place.
pub fn lost() -> View {
    let mut view = following();
    let mut report = report(FollowState::Lost, None, 0.06);
    report.beat = Some(15.4);
    report.candidates = [
        Candidate { beat: 11.0, weight: 0.22 },
        Candidate { beat: 27.0, weight: 0.17 },
        Candidate { beat: 46.0, weight: 0.08 },
    ];
    view.position = Some(report);
    view
}

/// The computer does not keep up, and the input clips.
pub fn overload() -> View {
    let mut view = following();
    view.load = Load { share: 1.34, overloaded: true, dropped: Seconds(1.7) };
    view.level = Level { rms_db: -4.0, peak_db: 0.0, clipped: true };
    view.transport.range = Some((9.0, 25.0));
    view
}

/// Something failed.
pub fn error() -> View {
    let mut view = following();
    view.transport.held = true;
    view.messages = vec![
        Message {
            id: 1,
            gravity: Gravity::Warning,
            text: "The host changed its sample rate; takes go on.".into(),
            folder: None,
        },
        Message {
            id: 2,
            gravity: Gravity::Error,
            text:
                "sonata.mxl: line 812: expected a <pitch> or <rest>, found <pitsch>; the score in use stays."
                    .into(),
            folder: None,
        },
    ];
    view
}

/// The song that comes with the project.
const SONG: &[u8] = include_bytes!("../../../assets/demo/score.mxl");

/// An edit is proposed, a passage of it chosen, one of its joins pinned.
pub fn edit_plan() -> View {
    let mut view = following();
    let Some(score) = view.score().cloned() else { return view };
    let mut choices = EditChoices::default();
    choices.choose(21, 26, Some(4));
    view.plan = Arc::new(plan(&view, &score, &choices));
    choices.pin(&view.plan, 1);
    view.choices = choices;
    view
}

/// The longest runs of clean measures, and of faulty ones where there are no clean ones.
fn plan(view: &View, score: &Score, choices: &EditChoices) -> EditPlan {
    let steps = &score.path.steps;
    let last_of = |row: &TakeRow, from: u32| {
        let holds = |step: u32| {
            let covered = &view.coverage[step as usize];
            let index = row.number - 1;
            let free = choices.wanted(step).is_none_or(|wanted| wanted == row.number);
            free && !row.rejected
                && !row.recording
                && covered.takes.contains(&index)
                && (covered.clean.is_empty()
                    || covered.clean.contains(&index)
                    || choices.wanted(step).is_some())
        };
        (from..steps.len() as u32).take_while(|step| holds(*step)).last()
    };
    let mut plan = EditPlan::default();
    let mut from = 0;
    while (from as usize) < steps.len() {
        let best =
            view.takes.iter().filter_map(|row| Some((last_of(row, from)?, row))).max_by_key(|(to, _)| *to);
        let Some((to, row)) = best else {
            plan.uncovered.push(from);
            from += 1;
            continue;
        };
        let index = row.number - 1;
        let end = &steps[to as usize];
        plan.segments.push(PlanSegment {
            take: row.number,
            stretch: 0,
            from_step: from,
            to_step: to,
            from_beat: steps[from as usize].start.to_f64(),
            to_beat: (end.start + end.length).to_f64(),
            start: Seconds(0.0),
            end: Seconds(1.0),
            faulty: (from..=to)
                .filter(|step| !view.coverage[*step as usize].clean.contains(&index))
                .collect(),
            reason: Some(JoinReason { place: JoinPlace::LongNote, chosen: false, tempo_off: Some(0.01) }),
        });
        from = to + 1;
    }
    plan
}

/// In the middle of a take of a score that can be engraved.
pub fn engraved() -> View {
    let score = Arc::new(read_score(SONG, "song").expect("the demo's score can be read"));
    View {
        cues: vec![cue(39.0, "A", CueMessage::Control { number: 102, value: 127 })],
        ..performed(score, 34.2)
    }
}

/// In the middle of a take of `score`, at path position `beat`.
pub fn performed(score: Arc<Score>, beat: f64) -> View {
    let takes = takes(&score, 6);
    let (trail, heard, verdicts, now) = performance(&score, beat);
    View {
        position: Some(report(FollowState::Following, Some(beat), 0.93)),
        trail,
        shading: shading(&heard, now),
        heard,
        verdicts: verdicts.into(),
        now,
        tempos: tempos(&score, &takes),
        coverage: coverage(&takes, score.path.steps.len()),
        takes,
        cues: vec![],
        engraving: EngravingSlot::Working,
        score: ScoreSlot::Ready { name: "song.mxl".into(), score },
        ..following()
    }
}

/// The same, lost.
pub fn engraved_lost() -> View {
    let mut report = report(FollowState::Lost, None, 0.06);
    report.beat = Some(34.2);
    report.candidates[0] = Candidate { beat: 36.0, weight: 0.22 };
    report.candidates[1] = Candidate { beat: 51.0, weight: 0.17 };
    View { position: Some(report), ..engraved() }
}

/// The engraver can't.
pub fn not_engraved() -> View {
    let reason = "the engraver cannot read this score";
    View { engraving: EngravingSlot::Failed(reason.into()), ..following() }
}

/// A long session on a long score.
pub fn many_takes() -> View {
    let score = Arc::new(rondo(14));
    let takes = takes(&score, 500);
    let steps = score.path.steps.len();
    let mut view = following();
    view.verdicts = Arc::default();
    view.tempos = tempos(&score, &takes[480..]);
    view.coverage = coverage(&takes, steps);
    view.takes = takes;
    view.plan = Arc::new(plan(&view, &score, &EditChoices::default()));
    view.score = ScoreSlot::Ready { name: "suite.mxl".into(), score };
    view
}

fn report(state: FollowState, beat: Option<f64>, confidence: f32) -> PositionReport {
    PositionReport {
        at: Seconds(0.0),
        beat,
        confidence,
        tempo: Bpm(126.0),
        state,
        candidates: [Candidate::default(); 3],
    }
}

/// One staff's notes of a measure: lengths in sixteenths, and the pitches struck.
type Staff = &'static [(i64, &'static [u8])];

/// Right hand and left hand of each measure: lengths in sixteenths and MIDI pitches, 0 for a rest. The theme of
/// W. A. Mozart's rondo KV 331, third movement.
const RONDO: &[(&str, Staff, Staff)] = &[
    ("0", &[(1, &[71]), (1, &[69]), (1, &[68]), (1, &[69])], &[(4, &[])]),
    ("1", &[(2, &[72]), (2, &[]), (1, &[74]), (1, &[72]), (1, &[71]), (1, &[72])], A),
    ("2", &[(2, &[76]), (2, &[]), (1, &[77]), (1, &[76]), (1, &[75]), (1, &[76])], A),
    (
        "3",
        &[(1, &[83]), (1, &[81]), (1, &[80]), (1, &[81]), (1, &[83]), (1, &[81]), (1, &[80]), (1, &[81])],
        &[(2, &[57]), (2, &[60, 64]), (2, &[57]), (2, &[60, 64])],
    ),
    ("4", &[(4, &[84]), (2, &[81]), (2, &[84])], A),
    ("5", &[(2, &[83]), (2, &[78, 81]), (2, &[76, 79]), (2, &[78, 81])], E),
    ("6", &[(2, &[83]), (2, &[78, 81]), (2, &[76, 79]), (2, &[78, 81])], E),
    (
        "7",
        &[(2, &[83]), (2, &[78, 81]), (2, &[76, 79]), (2, &[75, 78])],
        &[(2, &[52]), (2, &[59, 64]), (2, &[47]), (2, &[59])],
    ),
    ("8", &[(4, &[76])], &[(4, &[52])]),
    ("8", &[(2, &[72, 76]), (2, &[74, 77])], &[(4, &[])]),
    ("9", G, &[(2, &[48]), (2, &[60]), (2, &[52]), (2, &[64])]),
    ("10", &[(4, &[71, 74]), (2, &[72, 76]), (2, &[74, 77])], &[(4, &[55]), (4, &[])]),
    ("11", G, &[(2, &[48]), (2, &[60]), (2, &[52]), (2, &[64])]),
    ("12", &[(4, &[71, 74]), (2, &[69, 72]), (2, &[71, 74])], &[(4, &[55]), (4, &[])]),
    ("13", C, &[(2, &[45]), (2, &[57]), (2, &[48]), (2, &[60])]),
    ("14", &[(4, &[68, 71]), (2, &[69, 72]), (2, &[71, 74])], &[(4, &[52]), (4, &[])]),
    ("15", C, &[(2, &[45]), (2, &[57]), (2, &[48]), (2, &[60])]),
    ("16", &[(4, &[68, 71]), (1, &[71]), (1, &[69]), (1, &[68]), (1, &[69])], &[(4, &[52]), (4, &[])]),
];
const A: &[(i64, &[u8])] = &[(2, &[57]), (2, &[60, 64]), (2, &[60, 64]), (2, &[60, 64])];
const E: &[(i64, &[u8])] = &[(2, &[52]), (2, &[59, 64]), (2, &[59, 64]), (2, &[59, 64])];
const G: &[(i64, &[u8])] = &[(2, &[76, 79]), (2, &[76, 79]), (1, &[81]), (1, &[79]), (1, &[77]), (1, &[76])];
const C: &[(i64, &[u8])] = &[(2, &[72, 76]), (2, &[72, 76]), (1, &[77]), (1, &[76]), (1, &[74]), (1, &[72])];

/// The theme with its first repeat, `times` over.
fn rondo(times: u32) -> Score {
    let mut score = Score {
        title: "Piano Sonata No. 11, III".into(),
        composer: "Wolfgang Amadeus Mozart".into(),
        parts: vec![Part { name: "Piano".into(), staves: 2 }],
        ..Score::default()
    };
    for (index, (number, right, left)) in RONDO.iter().enumerate() {
        let mut length = 0;
        for (staff, hand) in [(1u8, right), (2, left)] {
            let mut at = 0;
            for (sixteenths, pitches) in *hand {
                for pitch in *pitches {
                    let length = quarter_of(*sixteenths);
                    score.notes.push(Note {
                        staff,
                        voice: staff,
                        ..Note::plain(index as u32, quarter_of(at), length, Pitch(*pitch))
                    });
                }
                at += sixteenths;
            }
            length = at;
        }
        score.measures.push(Measure {
            number: (*number).into(),
            length: quarter_of(length),
            meter: (2, 4),
            rehearsal: None,
            flow: Default::default(),
        });
    }
    let mut path = PlayingPath {
        tempos: vec![TempoChange { at: Beats::ZERO, tempo: Bpm(120.0) }],
        ..Default::default()
    };
    let mut start = Beats::ZERO;
    for time in 0..times {
        for (measures, pass) in [(0..9, 1), (0..9, 2), (9..18, 1), (1..9, 3)] {
            for measure in measures {
                append(&mut path, &score, measure, pass + 3 * time, &mut start);
            }
        }
    }
    path.notes.sort_by(|a, b| a.onset.cmp(&b.onset).then(a.pitch.cmp(&b.pitch)));
    score.path = path;
    score
}

fn append(path: &mut PlayingPath, score: &Score, index: usize, pass: u32, start: &mut Beats) {
    let measure = &score.measures[index];
    let step = path.steps.len() as u32;
    path.steps.push(PathStep {
        measure: index as u32,
        number: measure.number.clone(),
        pass,
        start: *start,
        length: measure.length,
        meter: measure.meter,
    });
    for (id, note) in score.notes.iter().enumerate().filter(|(_, note)| note.measure == index as u32) {
        path.notes.push(PathNote {
            id: NoteId(id as u32),
            step,
            onset: *start + note.onset,
            duration: note.duration,
            pitch: note.pitch,
            part: 0,
            staff: note.staff,
            grace: false,
            fermata: false,
            ornament: Ornament::Plain,
        });
    }
    *start = *start + measure.length;
}

fn quarter_of(sixteenths: i64) -> Beats {
    Beats::whole(1).scaled(sixteenths, 4)
}

/// A number in 0..1 that depends on `seed` alone.
fn chance(seed: usize) -> f64 {
    let mixed = (seed as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    ((mixed ^ (mixed >> 32)) >> 11) as f64 / (1u64 << 53) as f64
}

/// A tempo that breathes, in quarter notes a minute.
fn tempo_at(beat: f64, take: usize) -> f64 {
    122.0 + 7.0 * (beat / 5.0 + take as f64).sin() + 3.0 * (beat / 1.7 + 2.0 * take as f64).sin()
        - (take % 4) as f64 * 2.5
}

/// The start of a take up to path position `until`: trail, heard notes, verdicts, and the time it is.
fn performance(score: &Score, until: f64) -> (Vec<TrailPoint>, Vec<HeardNote>, Vec<Verdict>, Seconds) {
    let start = 3.0;
    let mut times = vec![(0.0, start)];
    while let Some((beat, time)) = times.last().copied().filter(|(beat, _)| *beat < until) {
        times.push((beat + 0.02, time + 0.02 * 60.0 / tempo_at(beat, 0)));
    }
    let time_of = |beat: f64| {
        let index = ((beat / 0.02) as usize).min(times.len() - 1);
        times[index].1 + (beat - times[index].0) * 0.48
    };
    let trail =
        times.iter().map(|(beat, time)| TrailPoint { at: Seconds(*time), beat: Some(*beat) }).collect();
    let mut heard = Vec::new();
    let mut verdicts = vec![Verdict::Open; score.path.notes.len()];
    for (index, note) in
        score.path.notes.iter().enumerate().filter(|(_, note)| note.onset.to_f64() < until - 0.2)
    {
        let verdict = match (chance(index) * 30.0) as u32 {
            0 => Verdict::Wrong,
            1 => Verdict::Missed,
            2 | 3 => Verdict::Timing,
            _ => Verdict::Ok,
        };
        verdicts[index] = verdict;
        if verdict == Verdict::Missed {
            continue;
        }
        let late = if verdict == Verdict::Timing { 0.09 } else { 0.012 * (chance(index + 7) - 0.5) };
        let onset = time_of(note.onset.to_f64()) + late;
        let end = onset + note.duration.to_f64() * 0.42;
        heard.push(HeardNote {
            onset: Seconds(onset),
            offset: (end < time_of(until)).then_some(Seconds(end)),
            pitch: Pitch(if verdict == Verdict::Wrong { note.pitch.0 + 1 } else { note.pitch.0 }),
            velocity: (60.0 + 50.0 * chance(index + 3)) as u8,
            verdict,
        });
    }
    (trail, heard, verdicts, Seconds(time_of(until)))
}

/// What such notes are made of: each decays, with something of its octave and twelfth.
fn shading(heard: &[HeardNote], now: Seconds) -> Shading {
    const COLUMNS: usize = 320;
    let from = now.0 - COLUMNS as f64 * Shading::COLUMN.0;
    let mut columns = vec![[0u8; KEYS]; COLUMNS];
    for note in heard {
        let end = note.offset.unwrap_or(now).0 + 0.25;
        for (above, strength) in [(0, 0.95), (12, 0.35), (19, 0.2)] {
            let Some(key) = Pitch(note.pitch.0 + above).key() else { continue };
            for (column, keys) in columns.iter_mut().enumerate() {
                let at = from + column as f64 * Shading::COLUMN.0;
                if (note.onset.0..end).contains(&at) {
                    let left = (-(at - note.onset.0) * 2.5).exp();
                    keys[key] = keys[key].max((255.0 * strength * left) as u8);
                }
            }
        }
    }
    Shading { from: Seconds(from), columns: columns.into() }
}

/// `count` takes, each of some stretch of the score, the last being recorded.
fn takes(score: &Score, count: usize) -> Vec<Arc<TakeRow>> {
    let steps = &score.path.steps;
    (0..count)
        .map(|index| {
            let recording = index + 1 == count;
            let from =
                if index == 0 || recording { 0 } else { (chance(index) * 0.7 * steps.len() as f64) as usize };
            let longest = (steps.len() - from) as f64;
            let length = if recording { 8.0 } else { 2.0 + chance(index + 50) * longest.min(40.0) };
            let to = (from + length as usize).min(steps.len() - 1);
            let kinds = [
                FaultKind::Wrong,
                FaultKind::Missed,
                FaultKind::Timing,
                FaultKind::Extra,
                FaultKind::Hesitation,
            ];
            let faults = (from..=to)
                .filter(|step| !recording && chance(index * 131 + step) < 0.16)
                .map(|step| {
                    let kind = kinds[(chance(index + step * 7) * 5.0) as usize];
                    fault(score, (from, step), kind, 0.8)
                })
                .collect();
            let (start, end) = (steps[from].start.to_f64(), (steps[to].start + steps[to].length).to_f64());
            let at = 40.0 * index as f64;
            let stretch = Stretch {
                start: Seconds(at),
                end: Seconds(at + (end - start) * 0.48),
                from_step: from as u32,
                to_step: to as u32,
                from_beat: start,
                to_beat: if recording { end - 0.6 } else { end },
            };
            let take = Take {
                start: stretch.start,
                end: stretch.end,
                host_start: None,
                stretches: vec![stretch],
                beats: Vec::new(),
                faults,
                voices: Vec::new(),
            };
            let (name, comment) = match index {
                0 => ("Warm-up", "take the repeat slower"),
                3 => ("", "lovely trill, noise at the end"),
                _ => ("", ""),
            };
            let stars = if recording { 0 } else { (chance(index + 9) * 3.6) as u8 };
            Arc::new(TakeRow {
                number: index as u32 + 1,
                take,
                name: name.into(),
                comment: comment.into(),
                stars,
                rejected: index == 1,
                recording,
                judged: !recording,
                host_start: Some(Seconds(at + 60.0)),
            })
        })
        .collect()
}

/// A fault in `step` of a take that begins in `from`.
fn fault(score: &Score, (from, step): (usize, usize), kind: FaultKind, confidence: f32) -> Fault {
    Fault {
        kind,
        at: Seconds(3.0 + (step - from) as f64 * 0.97),
        step: step as u32,
        beat: score.path.steps[step].start.to_f64(),
        pitch: Some(Pitch(60 + (chance(step) * 20.0) as u8)),
        note: None,
        confidence,
        cents: None,
    }
}

fn coverage(takes: &[Arc<TakeRow>], steps: usize) -> Arc<[Coverage]> {
    (0..steps as u32)
        .map(|step| {
            let covers = |row: &TakeRow| {
                row.take.stretches.iter().any(|stretch| {
                    (stretch.from_step..=stretch.to_step).contains(&step)
                        && !(row.recording && step == stretch.to_step)
                })
            };
            let covering: Vec<u32> =
                (0..takes.len() as u32).filter(|take| covers(&takes[*take as usize])).collect();
            let judged = |take: &u32| takes[*take as usize].judged;
            let faulty = |take: &u32| takes[*take as usize].faults().any(|fault| fault.step == step);
            Coverage {
                step,
                clean: covering.iter().copied().filter(|take| judged(take) && !faulty(take)).collect(),
                takes: covering,
            }
        })
        .collect()
}

fn tempos(score: &Score, takes: &[Arc<TakeRow>]) -> Vec<Arc<TempoCurve>> {
    let curve = |(index, row): (usize, &Arc<TakeRow>)| {
        let stretch = &row.take.stretches[0];
        let beats = (stretch.to_beat.min(score.path.end().to_f64()) - stretch.from_beat) * 4.0;
        let points = (0..beats as usize).map(|k| {
            let beat = stretch.from_beat + 0.25 * k as f64;
            (beat, Bpm(tempo_at(beat, takes.len() - 1 - index)))
        });
        Arc::new(TempoCurve { points: points.collect() })
    };
    takes.iter().enumerate().map(curve).collect()
}
