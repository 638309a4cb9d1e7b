//! What the session's exports say, read back.

use colla_parte::performance::{
    AlignedBeat, Coverage, Decision, EditPlan, Fault, FaultKind, JoinPlace, JoinReason, Mark, PartCoverage,
    PlanSegment, Stretch, Take,
};
use colla_parte::score::{PathStep, PlayingPath};
use colla_parte::units::{Beats, Pitch, Seconds};
use colla_parte::writers::{
    MapDensity, MarkerFormat, SessionView, TempoMap, write_coverage_csv, write_edl, write_markers,
    write_reaper_project, write_session_json, write_take_sheet,
};
use midly::{MetaMessage, MidiMessage, Smf, Timing, TrackEvent, TrackEventKind};
use proptest::prelude::*;

fn path() -> PlayingPath {
    let mut path = PlayingPath::default();
    // A pick-up of one quarter, then measures of three and of four quarters.
    for (index, (start, length)) in [(0, 1), (1, 3), (4, 3), (7, 4), (11, 4)].into_iter().enumerate() {
        path.steps.push(PathStep {
            measure: index as u32,
            number: if index == 0 { "X,1".into() } else { index.to_string() },
            pass: if index == 4 { 2 } else { 1 },
            start: Beats::whole(start),
            length: Beats::whole(length),
            meter: if length == 4 { (4, 4) } else { (3, 4) },
        });
    }
    path
}

struct Session {
    path: PlayingPath,
    takes: Vec<Take>,
    coverage: Vec<Coverage>,
    plan: EditPlan,
    marks: Vec<Mark>,
    numbers: Vec<u32>,
}

fn session() -> Session {
    let beats = (0..15).map(|n| {
        let time = Seconds(2.0 + 0.5 * n as f64 + 0.01 * (n * n) as f64);
        AlignedBeat { beat: n as f64, time, confidence: 0.9 }
    });
    let beats: Vec<AlignedBeat> = beats.collect();
    let fault = Fault {
        kind: FaultKind::Wrong,
        at: Seconds(4.25),
        step: 1,
        beat: 3.0,
        pitch: Some(Pitch(61)),
        note: None,
        confidence: 0.8,
        cents: None,
    };
    let end = Seconds(beats[14].time.0 + 0.6);
    let take = Take {
        start: Seconds(2.0),
        end,
        host_start: None,
        stretches: vec![Stretch {
            start: Seconds(2.0),
            end,
            from_step: 0,
            to_step: 4,
            from_beat: 0.0,
            to_beat: 15.0,
        }],
        beats,
        faults: vec![fault],
        voices: vec![],
    };
    let coverage = (0..5)
        .map(|step| Coverage { step, takes: vec![0], clean: if step == 1 { vec![] } else { vec![0] } })
        .collect();
    let segment = PlanSegment {
        take: 0,
        stretch: 0,
        from_step: 0,
        to_step: 4,
        from_beat: 0.0,
        to_beat: 15.0,
        start: Seconds(2.0),
        end,
        faulty: vec![1],
        reason: Some(JoinReason { place: JoinPlace::LongNote, chosen: true, tempo_off: Some(0.08) }),
    };
    Session {
        path: path(),
        takes: vec![take],
        coverage,
        plan: EditPlan { segments: vec![segment], uncovered: vec![] },
        marks: vec![
            Mark { take: 0, step: None, decision: Decision::Star },
            Mark { take: 0, step: Some(2), decision: Decision::Note("<script>alert(1)</script>".into()) },
        ],
        numbers: vec![],
    }
}

impl Session {
    fn view(&self) -> SessionView<'_> {
        SessionView {
            title: "Trio & <Coda>",
            recording: Some("take \"one\".wav"),
            path: &self.path,
            takes: &self.takes,
            numbers: &self.numbers,
            coverage: &self.coverage,
            parts: &[],
            plan: &self.plan,
            marks: &self.marks,
        }
    }
}

fn text(write: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>) -> String {
    let mut bytes = Vec::new();
    write(&mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn the_json_keeps_its_contract() {
    let session = session();
    let json = text(|out| write_session_json(&session.view(), out));
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let take = &json["takes"][0];
    assert_eq!(take["start_s"], 2.0);
    assert_eq!(take["stretches"][0]["from_measure"], "X,1");
    assert_eq!(take["stretches"][0]["to_beat"], 15.0);
    assert_eq!(take["faults"][0]["kind"], "wrong");
    assert_eq!(take["faults"][0]["midi_pitch"], 61);
    assert_eq!(take["faults"][0]["measure"], "1");
    assert_eq!(json["coverage"][1]["clean"].as_array().unwrap().len(), 0);
    assert_eq!(json["plan"][0]["faulty_measures"][0], "1");
}

#[test]
fn markers_say_the_same_in_every_format() {
    let session = session();
    let bytes = |format| {
        let mut bytes = Vec::new();
        write_markers(&session.view(), format, &mut bytes).unwrap();
        bytes
    };
    let of = |format| String::from_utf8(bytes(format)).unwrap();
    let csv = of(MarkerFormat::Csv);
    let rows: Vec<&str> = csv.split("\r\n").collect();
    assert_eq!(rows[0], "name,start_s,end_s,kind");
    // The measure's number holds a comma: the field is quoted.
    assert!(rows[1].starts_with("\"take 1 m. X,1-4 (2nd)\",2.0000,"), "{}", rows[1]);
    assert_eq!(rows[2], "m. 1 wrong C#4,4.2500,,wrong");
    let mut doubtful = session.takes.clone();
    doubtful[0].faults[0].confidence = 0.4;
    let view = SessionView { takes: &doubtful, ..session.view() };
    let mut doubted = Vec::new();
    write_markers(&view, MarkerFormat::Csv, &mut doubted).unwrap();
    assert!(String::from_utf8(doubted).unwrap().contains("m. 1 wrong C#4?,4.2500,,wrong"));
    let sheet = text(|out| write_take_sheet(&view, out));
    assert!(sheet.contains("<td>wrong C#4?</td><td class=\"num\">40 %</td>"), "{sheet}");
    let reaper = of(MarkerFormat::Reaper);
    assert!(reaper.contains("\r\nR1,\"take 1 m. X,1-4 (2nd)\",2.000000,11.560000,9.560000\r\n"), "{reaper}");
    assert!(reaper.contains("\r\nM1,m. 1 wrong C#4,4.250000,,\r\n"), "{reaper}");
    for line in of(MarkerFormat::Audacity).lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        assert_eq!(fields.len(), 3);
        assert!(fields[0].parse::<f64>().unwrap() <= fields[1].parse::<f64>().unwrap());
    }
    let cue = of(MarkerFormat::Cue);
    assert!(cue.contains("FILE \"take 'one'.wav\" WAVE"));
    assert!(cue.contains("    INDEX 01 00:02:00"), "{cue}");
    let midi = bytes(MarkerFormat::Midi);
    let (mut tick, mut found) = (0, Vec::new());
    let events = Smf::parse(&midi).unwrap().tracks.remove(0);
    let sounds = |event: &TrackEvent| {
        matches!(event.kind, TrackEventKind::Midi { message: MidiMessage::NoteOn { .. }, .. })
    };
    assert!(!events.iter().any(sounds));
    let of_a_channel = events.iter().any(|event| matches!(event.kind, TrackEventKind::Midi { .. }));
    assert!(of_a_channel, "Ardour leaves out the markers of a track that has no event of a channel");
    for event in &events {
        tick += event.delta.as_int();
        if let TrackEventKind::Meta(MetaMessage::Marker(name)) = event.kind {
            // 1,920 ticks a second.
            found.push((f64::from(tick) / 1920.0, String::from_utf8(name.to_vec()).unwrap()));
        }
    }
    let names: Vec<&str> = found.iter().map(|(_, name)| name.as_str()).collect();
    assert_eq!(names, ["take 1 m. X,1-4 (2nd)", "m. 1 wrong C#4", "end of take 1 m. X,1-4 (2nd)"]);
    for ((at, _), expected) in found.iter().zip([2.0, 4.25, 11.56]) {
        assert!((at - expected).abs() < 0.001, "{at}, expected {expected}");
    }
}

#[test]
fn the_edit_decision_list_counts_frames_without_gaps() {
    let mut session = session();
    let mut second = session.plan.segments[0].clone();
    second.start = Seconds(100.016);
    second.end = Seconds(103.05);
    session.plan.segments.push(second);
    let edl = text(|out| write_edl(&session.view(), out));
    let events: Vec<Vec<&str>> = edl
        .lines()
        .filter(|line| line.starts_with(|c: char| c.is_ascii_digit()))
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(events.len(), 2);
    assert_eq!(events[0][4..], ["00:00:02:00", "00:00:11:17", "01:00:00:00", "01:00:09:17"]);
    assert_eq!(events[1][6], events[0][7]);
    assert!(edl.contains("* EXACT SOURCE 100.016000 103.050000"));
    assert_eq!(edl.matches("* FROM CLIP NAME: take \"one\".wav\n").count(), 2, "{edl}");
    let project = text(|out| write_reaper_project(&session.view(), 0.015, out));
    assert_eq!(
        project.matches('<').count() - project.matches("<Coda>").count(),
        project.matches("\n  >").count()
            + project.matches("\n>").count()
            + project.matches("\n    >").count()
            + project.matches("\n      >").count()
    );
    assert!(project.contains("SOFFS 100.001000"), "{project}");
}

#[test]
fn where_the_sound_is_a_hosts_clips_are_named_after_takes_and_the_file_after_the_piece() {
    let session = Session { numbers: vec![7], ..session() };
    let view = SessionView { recording: None, title: "Trio/2", ..session.view() };
    let edl = text(|out| write_edl(&view, out));
    assert!(edl.contains("* FROM CLIP NAME: take 7\n"), "{edl}");
    let project = text(|out| write_reaper_project(&view, 0.015, out));
    assert!(project.contains("FILE \"Trio_2.wav\""), "{project}");
    let cue = text(|out| write_markers(&view, MarkerFormat::Cue, out).map_err(std::io::Error::other));
    assert!(cue.contains("FILE \"Trio_2.wav\" WAVE"), "{cue}");
    assert!(!text(|out| write_take_sheet(&view, out)).contains(".wav"));
}

#[test]
fn the_take_sheet_is_well_formed_and_harmless() {
    let session = session();
    let sheet = text(|out| write_take_sheet(&session.view(), out));
    assert!(!sheet.contains("<script"));
    assert!(sheet.contains("&lt;script&gt;") && sheet.contains("Trio &amp; &lt;Coda&gt;"));
    let xml = sheet.replacen("<!DOCTYPE html>", "", 1).replacen("<meta charset=\"utf-8\">", "", 1);
    let document = roxmltree::Document::parse(xml.trim()).unwrap();
    let cells = |class: &str| {
        document
            .descendants()
            .filter(|node| node.has_tag_name("td") && node.attribute("class") == Some(class))
            .count()
    };
    // One faulty measure, in the take's row and in the sum's.
    assert_eq!((cells("fault"), cells("clean")), (2, 8));
    let table = text(|out| write_coverage_csv(&session.view(), out));
    assert_eq!(table.lines().nth(2), Some("1,1,1,"));
}

#[test]
fn takes_keep_their_numbers_where_others_were_deleted() {
    let session = Session { numbers: vec![7], ..session() };
    let view = session.view();
    let markers = |format| text(|out| write_markers(&view, format, out).map_err(std::io::Error::other));
    for format in [MarkerFormat::Csv, MarkerFormat::Reaper, MarkerFormat::Audacity, MarkerFormat::Cue] {
        let markers = markers(format);
        assert!(markers.contains("take 7 m.") && !markers.contains("take 1 m."), "{markers}");
    }
    let sheet = text(|out| write_take_sheet(&view, out));
    assert!(sheet.contains(">take 7 ★</th>") && !sheet.contains("take 1"), "{sheet}");
    assert!(text(|out| write_edl(&view, out)).contains("* TAKE 7 MEASURES"));
    assert!(text(|out| write_reaper_project(&view, 0.015, out)).contains("NAME \"take 7\""));
    assert_eq!(text(|out| write_coverage_csv(&view, out)).lines().nth(2), Some("1,1,7,"));
    let json: serde_json::Value = serde_json::from_str(&text(|out| write_session_json(&view, out))).unwrap();
    assert_eq!((&json["takes"][0]["number"], &json["plan"][0]["take"]), (&7.into(), &0.into()));
}

#[test]
fn two_markers_at_one_place_are_two_in_a_midi_file() {
    let mut session = session();
    session.takes[0].faults[0].at = session.takes[0].start;
    let mut bytes = Vec::new();
    write_markers(&session.view(), MarkerFormat::Midi, &mut bytes).unwrap();
    let track = Smf::parse(&bytes).unwrap().tracks.remove(0);
    let is_marker = |event: &&TrackEvent| matches!(event.kind, TrackEventKind::Meta(MetaMessage::Marker(_)));
    let deltas: Vec<u32> = track.iter().filter(is_marker).map(|event| event.delta.as_int()).collect();
    assert_eq!(deltas[..2], [2 * 1920, 1], "one tick apart: Ardour keeps one marker at a place");
}

#[test]
fn the_take_sheet_has_a_row_for_each_part() {
    let session = session();
    let of_part = |name: &str, faulty: Option<u32>| PartCoverage {
        name: name.into(),
        steps: (0..5)
            .map(|step| Coverage {
                step,
                takes: vec![0],
                clean: if Some(step) == faulty { vec![] } else { vec![0] },
            })
            .collect(),
    };
    let parts = [of_part("Violin <1>", None), of_part("Cello", Some(1))];
    let sheet = text(|out| write_take_sheet(&SessionView { parts: &parts, ..session.view() }, out));
    assert!(sheet.contains("clean part by part: Violin &lt;1&gt; 5, Cello 4"), "{sheet}");
    let row = |name: &str| {
        let after =
            &sheet[sheet.find(&format!("<th class=\"take\" title=\"{name}\">{name}</th>")).unwrap()..];
        after[..after.find("</tr>").unwrap()].matches("✗").count()
    };
    assert_eq!((row("covered"), row("Violin &lt;1&gt;"), row("Cello")), (1, 0, 1));
}

/// When each quarter of a tempo map comes, as a sequencer would compute it, and its meter changes.
fn grid(bytes: &[u8]) -> (impl Fn(f64) -> f64, Vec<(u64, u8, u8)>) {
    let smf = Smf::parse(bytes).unwrap();
    let Timing::Metrical(division) = smf.header.timing else { panic!("no metrical timing") };
    let division = f64::from(division.as_int());
    let (mut tempos, mut meters, mut tick) = (Vec::new(), Vec::new(), 0u64);
    for event in &smf.tracks[0] {
        tick += u64::from(event.delta.as_int());
        match event.kind {
            TrackEventKind::Meta(MetaMessage::Tempo(tempo)) => tempos.push((tick, f64::from(tempo.as_int()))),
            TrackEventKind::Meta(MetaMessage::TimeSignature(n, d, _, _)) => meters.push((tick, n, d)),
            _ => {}
        }
    }
    let seconds = move |quarter: f64| {
        let target = quarter * division;
        let mut time = 0.0;
        for (index, &(from, tempo)) in tempos.iter().enumerate() {
            let until = tempos.get(index + 1).map_or(f64::INFINITY, |next| next.0 as f64).min(target);
            time += (until - from as f64).max(0.0) / division * tempo / 1e6;
        }
        time
    };
    (seconds, meters)
}

#[test]
fn the_tempo_map_carries_the_meters() {
    let session = session();
    let map = TempoMap::new(&session.path, &session.takes[0].beats, MapDensity::Beat);
    let mut bytes = Vec::new();
    let lead_in = map.write(&session.path, &mut bytes).unwrap();
    let (seconds, meters) = grid(&bytes);
    assert_eq!(lead_in % 3.0, 0.0);
    assert!((seconds(lead_in) - 2.0).abs() < 1e-4);
    // The pick-up is a measure of its own.
    let tick = |beat: f64| (960.0 * (lead_in + beat)) as u64;
    assert_eq!(meters, [(0, 3, 2), (tick(0.0), 1, 2), (tick(1.0), 3, 2), (tick(7.0), 4, 2)]);
}

proptest! {
    /// A sequencer that reads the map back puts every beat where it was played, however free the playing.
    #[test]
    fn every_beat_lies_on_the_grid(paces in prop::collection::vec(0.05f64..3.0, 15), start in 0.0f64..30.0) {
        let path = path();
        let mut time = start;
        let beats: Vec<AlignedBeat> = paces.iter().enumerate().map(|(n, pace)| {
            let point = AlignedBeat { beat: n as f64, time: Seconds(time), confidence: 1.0 };
            time += pace;
            point
        }).collect();
        let map = TempoMap::new(&path, &beats, MapDensity::Beat);
        let mut bytes = Vec::new();
        let lead_in = map.write(&path, &mut bytes).unwrap();
        let (seconds, _) = grid(&bytes);
        for point in &beats {
            prop_assert!((seconds(lead_in + point.beat) - point.time.0).abs() < 1e-3);
        }
        let phrase = TempoMap::new(&path, &beats, MapDensity::Phrase);
        prop_assert!(phrase.len() <= beats.len());
        prop_assert!(phrase.errors(&beats).iter().all(|&error| error <= 0.05 + 1e-9));
    }
}
