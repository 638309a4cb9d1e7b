//! More constructs of scores, and what must hold of every score: short documents written by hand with their expected
//! notes, and properties.

use colla_parte::readers::{read_score, source_with_ids};
use colla_parte::score::{Choice, Flow, Jump, JumpTarget, MarkKind, Measure, Score, Section, playing_order};
use colla_parte::units::Beats;
use colla_parte::writers::{write_score_midi, write_score_musicxml};
use proptest::prelude::*;

const HEAD: &str =
    "<attributes><divisions>4</divisions><time><beats>4</beats><beat-type>4</beat-type></time></attributes>";

fn score(parts: &[&str]) -> Score {
    let list: String = (0..parts.len())
        .map(|i| format!("<score-part id=\"P{i}\"><part-name>part {i}</part-name></score-part>"))
        .collect();
    let bodies: String =
        parts.iter().enumerate().map(|(i, body)| format!("<part id=\"P{i}\">{body}</part>")).collect();
    let text = format!("<score-partwise><part-list>{list}</part-list>{bodies}</score-partwise>");
    read_score(text.as_bytes(), "test").unwrap()
}

/// A note: step with octave, duration in sixteenths, further elements.
fn note(pitch: &str, duration: u32, more: &str) -> String {
    let (step, octave) = pitch.split_at(1);
    let length = if duration == 0 { String::new() } else { format!("<duration>{duration}</duration>") };
    format!("<note>{more}<pitch><step>{step}</step><octave>{octave}</octave></pitch>{length}</note>")
}

fn measure(number: u32, body: &str) -> String {
    format!("<measure number=\"{number}\">{body}</measure>")
}

fn words(text: &str) -> String {
    format!("<direction><direction-type><words>{text}</words></direction-type></direction>")
}

fn shown(beats: Beats) -> String {
    match beats.denominator() {
        1 => beats.numerator().to_string(),
        denominator => format!("{}/{denominator}", beats.numerator()),
    }
}

/// `onset:duration:pitch` of every note played, in beats.
fn played(score: &Score) -> String {
    let one = |onset, duration, pitch: u8| format!("{}:{}:{pitch}", shown(onset), shown(duration));
    let notes = score.path.notes.iter().map(|n| one(n.onset, n.duration, n.pitch.0));
    notes.collect::<Vec<_>>().join(" ")
}

/// The same as it is expected to sound.
fn sounding(score: &Score) -> String {
    let times = score.sounding_times();
    let one = |(note, time): (&colla_parte::score::PathNote, &colla_parte::score::SoundingTime)| {
        format!("{}:{}:{}", shown(time.onset), shown(time.duration), note.pitch.0)
    };
    score.path.notes.iter().zip(&times).map(one).collect::<Vec<_>>().join(" ")
}

const MIDDLE: &str = "<barline location=\"middle\">";

#[test]
fn a_repeat_bar_inside_a_measure_divides_it() {
    let back = format!("{MIDDLE}<repeat direction=\"backward\"/></barline>");
    let forth = format!("{MIDDLE}<repeat direction=\"forward\"/></barline>");
    let end = "<barline location=\"right\"><repeat direction=\"backward\"/></barline>";
    let upper = measure(1, &(HEAD.to_string() + &note("C4", 16, "")))
        + &measure(2, &(note("D4", 12, "") + &back + &forth + &note("E4", 4, "")))
        + &measure(3, &(note("F4", 12, "") + end));
    // The other part does not say it, and holds a note across.
    let lower = measure(1, &(HEAD.to_string() + &note("C3", 16, "")))
        + &measure(2, &note("D3", 16, ""))
        + &measure(3, &note("F3", 12, ""));
    let score = score(&[&upper, &lower]);
    let numbers: Vec<&str> = score.path.steps.iter().map(|step| step.number.as_str()).collect();
    assert_eq!(numbers, ["1", "2", "1", "2", "2", "3", "2", "3"]);
    let upper_only = score.path.for_parts(&[0]);
    let onsets: Vec<(f64, u8)> = upper_only.notes.iter().map(|n| (n.onset.to_f64(), n.pitch.0)).collect();
    let first = [(0.0, 60), (4.0, 62), (7.0, 60), (11.0, 62)];
    assert_eq!(onsets, [&first[..], &[(14.0, 64), (15.0, 65), (18.0, 64), (19.0, 65)]].concat());
    // The page has three measures: the divided one is the second and third of ours.
    assert_eq!(score.measures.len(), 4);
    let source = format!("<score-partwise><part id=\"P\">{upper}</part></score-partwise>");
    let source = source_with_ids(source.as_bytes()).unwrap();
    let ids: Vec<&str> =
        ["m0", "m1", "m2", "m3"].into_iter().filter(|id| source.contains(&format!("id=\"{id}\""))).collect();
    assert_eq!(ids, ["m0", "m1", "m3"]);
}

#[test]
fn a_fine_inside_a_measure_comes_before_the_next_upbeat() {
    let upbeat = measure(0, &(HEAD.to_string() + &note("G4", 4, "")));
    let body = upbeat
        + &measure(1, &(note("C4", 12, "") + &words("Fine") + &note("A4", 4, "")))
        + &measure(2, &(note("D4", 12, "") + &words("D.C. al Fine")));
    assert_eq!(played(&score(&[&body])), "0:1:67 1:3:60 4:1:69 5:3:62 8:1:67 9:3:60");
    // Without an upbeat to come, the word belongs to the whole measure; with a barline there, it does not.
    let plain = |middle: &str| {
        let first = HEAD.to_string() + &note("C4", 8, "") + &words("Fine") + middle + &note("A4", 8, "");
        played(&score(&[&(measure(1, &first) + &measure(2, &(note("D4", 16, "") + &words("D.C."))))]))
    };
    assert_eq!(plain(""), "0:2:60 2:2:69 4:4:62 8:2:60 10:2:69");
    let double = format!("{MIDDLE}<bar-style>light-heavy</bar-style></barline>");
    assert_eq!(plain(&double), "0:2:60 2:2:69 4:4:62 8:2:60");
}

#[test]
fn tuplets_that_were_rounded_are_exact_again() {
    // Four divisions a quarter: a triplet of eighths is 1, 1 and 2 of them.
    let triplet = "<type>eighth</type><time-modification><actual-notes>3</actual-notes><normal-notes>2</normal-notes>\
                   </time-modification>";
    let group = note("C4", 1, triplet) + &note("D4", 1, triplet) + &note("E4", 2, triplet);
    let body = measure(
        1,
        &format!(
            "{HEAD}{group}{}<backup><duration>8</duration></backup>{}",
            note("F4", 4, ""),
            note("C3", 8, "<voice>2</voice>")
        ),
    );
    assert_eq!(played(&score(&[&body])), "0:2:48 0:1/3:60 1/3:1/3:62 2/3:1/3:64 1:1:65");
    // Three each, one short of the quarter: what follows keeps its place.
    let quintuplet = triplet.replace(">3<", ">5<").replace(">2<", ">4<").replace("eighth", "16th");
    let five: String = ["C4", "D4", "E4", "F4", "G4"].map(|pitch| note(pitch, 1, &quintuplet)).concat();
    let body = measure(1, &format!("{HEAD}{five}{}", note("A4", 4, "")));
    assert!(played(&score(&[&body])).ends_with("4/5:1/5:67 1:1:69"));
    // What is a whole number of divisions is meant as it stands.
    let swung = note("C4", 3, "<type>eighth</type>") + &note("D4", 1, "<type>eighth</type>");
    assert_eq!(played(&score(&[&measure(1, &(HEAD.to_string() + &swung))])), "0:3/4:60 3/4:1/4:62");
}

#[test]
fn grace_notes_sound_before_or_on_the_beat() {
    let tempo = "<sound tempo=\"60\"/>";
    let grace = |pitch: &str, kind: &str| note(pitch, 0, &format!("<grace{kind}/>"));
    // 90 ms are 0.09 beats here; they end on the beat, in written order though the second is lower.
    let run = grace("F4", "") + &grace("D4", "");
    let body = measure(1, &(HEAD.to_string() + tempo + &note("C4", 4, "") + &run + &note("E4", 4, "")));
    let each = Beats::nearest(0.09);
    let two = Beats::whole(1) - each - each;
    let (first, second) = (shown(two), shown(two + each));
    let (last, each) = (shown(Beats::whole(4) - each), shown(each));
    assert_eq!(sounding(&score(&[&body])), format!("0:1:60 {second}:{each}:62 {first}:{each}:65 1:1:64"));
    // Never more than half of what is before.
    let body = measure(1, &(HEAD.to_string() + tempo + &note("C4", 1, "") + &run + &note("E4", 4, "")));
    assert_eq!(sounding(&score(&[&body])), "0:1/4:60 3/16:1/16:62 1/8:1/16:65 1/4:1:64");
    // An appoggiatura takes half, of a dotted note two thirds.
    let lean = grace("D4", "")
        + &note("C4", 4, "")
        + &grace("D4", " steal-time-following=\"50\"")
        + &note("C4", 6, "");
    let body = measure(1, &(HEAD.to_string() + &lean));
    assert_eq!(sounding(&score(&[&body])), "0:1/2:62 1/2:1/2:60 1:1:62 2:1/2:60");
    // Nothing is before the first: it delays its note.
    let body = measure(1, &(HEAD.to_string() + tempo + &grace("D4", " slash=\"yes\"") + &note("C4", 1, "")));
    assert!(sounding(&score(&[&body])).starts_with(&format!("0:{each}:62 {each}:")));
    // After-graces end their note.
    let body = measure(1, &(HEAD.to_string() + tempo + &note("C4", 16, "") + &grace("D4", "")))
        + &measure(2, &note("E4", 16, ""));
    assert_eq!(sounding(&score(&[&body])), format!("0:4:60 {last}:{each}:62 4:4:64"));
}

#[test]
fn a_voice_may_cross_staves_and_a_forward_may_lengthen_a_measure() {
    let staff = |number: u8| format!("<voice>1</voice><staff>{number}</staff>");
    let body = HEAD.to_string()
        + "<attributes><staves>2</staves></attributes>"
        + &note("C5", 4, &staff(1))
        + &note("C3", 4, &staff(2))
        + "<forward><duration>12</duration></forward>";
    let score = score(&[&measure(1, &body)]);
    assert_eq!(played(&score), "0:1:72 1:1:48");
    let places: Vec<(u8, u8)> = score.notes.iter().map(|note| (note.staff, note.voice)).collect();
    assert_eq!((places, score.parts[0].staves), (vec![(1, 1), (2, 1)], 2));
    assert_eq!(score.measures[0].length, Beats::whole(5));
}

#[test]
fn ties_go_to_the_right_note_across_repeats_and_voices() {
    let start = |voice: u8| format!("<tie type=\"start\"/><voice>{voice}</voice>");
    let stop = |voice: u8| format!("<tie type=\"stop\"/><voice>{voice}</voice>");
    // Out of a repeat: only the last time round is it held over.
    let back = "<barline location=\"right\"><repeat direction=\"backward\"/></barline>";
    let body = measure(1, &(HEAD.to_string() + &note("C4", 16, &start(1)) + back))
        + &measure(2, &note("C4", 16, &stop(1)));
    assert_eq!(played(&score(&[&body])), "0:4:60 4:8:60");
    // Two voices hold the same pitch over the barline; each goes on in its own.
    let two = |tie: &dyn Fn(u8) -> String, lengths: [u32; 2]| {
        note("C4", lengths[0], &tie(1))
            + &format!("<backup><duration>{}</duration></backup>", lengths[0])
            + &note("C4", lengths[1], &tie(2))
    };
    let body = measure(1, &(HEAD.to_string() + &two(&start, [16, 16]))) + &measure(2, &two(&stop, [4, 8]));
    assert_eq!(played(&score(&[&body])), "0:5:60 0:6:60");
    // Within a measure.
    let body = measure(1, &(HEAD.to_string() + &note("C4", 4, &start(1)) + &note("C4", 2, &stop(1))));
    assert_eq!(played(&score(&[&body])), "0:3/2:60");
}

#[test]
fn transposition_may_change_and_differ_between_staves() {
    let transpose = |number: &str, by: i32| {
        format!("<attributes><transpose{number}><chromatic>{by}</chromatic></transpose></attributes>")
    };
    let body = HEAD.to_string()
        + &transpose("", -2)
        + &note("D4", 4, "")
        + &transpose("", -3)
        + &note("D4", 4, "")
        + &transpose(" number=\"2\"", 12)
        + &note("D4", 4, "<staff>2</staff>")
        + &note("D4", 4, "<staff>1</staff>");
    assert_eq!(played(&score(&[&measure(1, &body)])), "0:1:60 1:1:59 2:1:74 3:1:59");
}

#[test]
fn meters_and_keys_change_and_what_is_printed_is_kept() {
    let change = "<attributes><key><fifths>-3</fifths></key><time><beats>6</beats><beat-type>8</beat-type></time></attributes>";
    let direction = |inner: &str| format!("<direction><direction-type>{inner}</direction-type></direction>");
    let sung = "<lyric><text>la</text></lyric><notations><slur type=\"start\"/></notations>";
    let body =
        measure(1, &(HEAD.to_string() + &direction("<rehearsal>A</rehearsal>") + &note("C4", 16, sung)))
            + &measure(
                2,
                &(change.to_string()
                    + &direction("<dynamics><ff/></dynamics>")
                    + &direction("<pedal type=\"start\"/>")
                    + &words("dolce")
                    + &note("D4", 12, "")),
            );
    let list = "<work><work-title>Song</work-title></work><identification><creator type=\"composer\">N. N.</creator>\
                </identification><part-list><score-part id=\"P\"><part-name>Voice</part-name></score-part></part-list>";
    let text = format!("<score-partwise>{list}<part id=\"P\">{body}</part></score-partwise>");
    let score = read_score(text.as_bytes(), "").unwrap();
    assert_eq!((score.title.as_str(), score.composer.as_str()), ("Song", "N. N."));
    assert_eq!(score.parts[0].name, "Voice");
    assert_eq!(score.measures[0].rehearsal.as_deref(), Some("A"));
    let meters: Vec<_> = score.path.steps.iter().map(|step| (step.meter, shown(step.start))).collect();
    assert_eq!(meters, [((4, 4), "0".to_string()), ((6, 8), "4".to_string())]);
    let kinds: Vec<_> = score.marks.iter().map(|mark| (mark.measure, mark.kind.clone())).collect();
    for expected in [
        (0, MarkKind::Lyric("la".into())),
        (0, MarkKind::Slur(true)),
        (1, MarkKind::Key(-3)),
        (1, MarkKind::Dynamic("ff".into())),
        (1, MarkKind::Pedal(true)),
        (1, MarkKind::Words("dolce".into())),
    ] {
        assert!(kinds.contains(&expected), "{expected:?} not in {kinds:?}");
    }
}

#[test]
fn a_choice_of_parts_and_order_is_all_or_nothing() {
    let body = |pitch: &str| {
        measure(1, &(HEAD.to_string() + &note(pitch, 16, ""))) + &measure(2, &note(pitch, 16, ""))
    };
    let mut score = score(&[&body("C4"), &body("E4")]);
    let choice = |parts: &str, path: &str| Choice { parts: parts.into(), path: path.into() };
    let before = score.path.clone();
    assert!(score.choose(&choice("1", "7")).is_err() && score.choose(&choice("oboe", "1")).is_err());
    assert_eq!(score.path, before);
    assert!(!choice(" ", "").is_made() && choice("1", "").is_made());
    score.choose(&choice("2", "2, 1")).unwrap();
    assert_eq!(played(&score), "0:4:64 4:4:64");
    assert_eq!(score.path_text(&score.path), "2, 1");
}

#[test]
fn a_midi_file_gets_a_page_with_ids() {
    // Quarter, a note over the barline, a triplet, two voices: 4/4, 96 ticks a quarter.
    let track: &[u8] = &[
        0, 0x90, 60, 64, 96, 60, 0, 0, 62, 64, 0x83, 0x60, 62, 0, 0, 64, 64, 0, 36, 64, 32, 64, 0, 0, 65, 64,
        32, 65, 0, 0, 67, 64, 32, 67, 0, 0x60, 36, 0, 0, 0xFF, 0x2F, 0,
    ];
    let mut file = b"MThd\0\0\0\x06\0\0\0\x01\0\x60MTrk".to_vec();
    file.extend((track.len() as u32).to_be_bytes());
    file.extend(track);
    let midi = read_score(&file, "a < b & c").unwrap();
    let mut page = Vec::new();
    write_score_musicxml(&midi, &mut page).unwrap();
    let text = String::from_utf8(page).unwrap();
    let back = read_score(text.as_bytes(), "").unwrap();
    assert_eq!(back.title, "a < b & c");
    assert_eq!(played(&back), played(&midi));
    assert_eq!(back.measures.len(), midi.measures.len());
    for id in 0..midi.notes.len() {
        assert_eq!(text.matches(&format!("id=\"n{id}\"")).count(), 1, "n{id}");
    }
    for id in 0..midi.measures.len() {
        assert_eq!(text.matches(&format!("<measure number=\"{}\" id=\"m{id}\"", id + 1)).count(), 1, "m{id}");
    }
}

/// Signs as they may stand anywhere, sensible or not.
fn any_measure() -> impl Strategy<Value = Measure> {
    let passes = prop_oneof![5 => Just(vec![]), 1 => Just(vec![1]), 1 => Just(vec![2]), 1 => Just(vec![1, 2]), 1 => Just(vec![3])];
    let label =
        || prop_oneof![6 => Just(None), 1 => Just(Some(String::new())), 1 => Just(Some("x".to_string()))];
    let jump = prop_oneof![
        6 => Just(None),
        1 => (any::<bool>(), any::<bool>()).prop_map(|(with_repeats, al_fine)| Some((JumpTarget::Start, with_repeats, al_fine))),
        1 => any::<bool>().prop_map(|with_repeats| Some((JumpTarget::Segno("x".into()), with_repeats, false))),
    ];
    let repeats =
        (proptest::bool::weighted(0.2), prop_oneof![4 => Just(None), 1 => (0u32..4).prop_map(Some)]);
    (repeats, passes, jump, label(), label(), label(), proptest::bool::weighted(0.15)).prop_map(
        |((repeat_start, repeat_end), passes, jump, segno, coda, to_coda, fine)| Measure {
            number: String::new(),
            length: Beats::whole(4),
            meter: (4, 4),
            rehearsal: None,
            flow: Flow {
                repeat_start,
                repeat_end,
                volta_start: !passes.is_empty(),
                passes,
                segno,
                coda,
                to_coda,
                fine,
                jump: jump.map(|(to, with_repeats, al_fine)| Jump {
                    to,
                    with_repeats,
                    al_fine,
                    al_coda: false,
                }),
                ..Flow::default()
            },
        },
    )
}

/// Whether the page allows `to` to be played after `from`, both in one section that begins at `start`.
fn allowed(measures: &[Measure], start: usize, from: usize, to: usize) -> bool {
    let flow = &measures[from].flow;
    let under_bracket =
        |range: std::ops::Range<usize>| measures[range].iter().all(|m| !m.flow.passes.is_empty());
    // On, past brackets of other passes.
    let onward = to > from && under_bracket(from + 1..to);
    // Back to where a passage begins: at a sign, at the start, or after another passage.
    let begins = to == start
        || measures[to].flow.repeat_start
        || measures[to - 1].flow.repeat_end.is_some()
        || !measures[to - 1].flow.passes.is_empty()
        || measures[to - 1].flow.fine
        || measures[to - 1].flow.jump.is_some()
        || measures[to].flow.coda.is_some()
        || measures[to].flow.segno.is_some();
    let back = flow.repeat_end.is_some() && to <= from && begins;
    let jump = flow.jump.is_some() && (begins || measures[to].flow.segno.is_some());
    let to_coda = flow.to_coda.is_some() && to > from && measures[to].flow.coda.is_some();
    // After a Fine, what follows the jump that led there.
    let over = flow.fine && to > from && measures[to - 1].flow.jump.is_some() || flow.fine && to == from + 1;
    // What is skipped may begin under a bracket: the first measure that sounds is further on.
    let first_sounding = (start..to).any(|at| allowed_start(measures, from, at) && under_bracket(at..to));
    onward || back || jump || to_coda || over || first_sounding
}

fn allowed_start(measures: &[Measure], from: usize, at: usize) -> bool {
    let flow = &measures[from].flow;
    flow.repeat_end.is_some() && at <= from || flow.jump.is_some() || flow.to_coda.is_some() || flow.fine
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn unfolding_goes_only_where_the_page_leads(
        measures in proptest::collection::vec(any_measure(), 1..14),
        cut in 0usize..14,
    ) {
        let sections = [Section::default(), Section { first_measure: cut.min(measures.len() - 1) as u32, name: String::new() }];
        let order = playing_order(&measures, &sections).unwrap();
        let start_of = |at: usize| if at >= sections[1].first_measure as usize { sections[1].first_measure as usize } else { 0 };
        for pair in order.windows(2) {
            let (from, to) = (pair[0] as usize, pair[1] as usize);
            if start_of(from) != start_of(to) {
                prop_assert!(start_of(to) > start_of(from), "back into an earlier section: {order:?}");
                continue;
            }
            prop_assert!(allowed(&measures, start_of(from), from, to), "{from} to {to} in {order:?}");
        }
        // Without signs that skip, every measure outside brackets is played.
        if measures.iter().all(|m| m.flow.jump.is_none()) {
            for (at, measure) in measures.iter().enumerate().filter(|(_, m)| m.flow.passes.is_empty()) {
                prop_assert!(order.contains(&(at as u32)), "{at} ({:?}) never in {order:?}", measure.flow);
            }
        }
    }

    #[test]
    fn parts_are_subsets_and_unfolded_scores_survive_midi(
        notes in proptest::collection::vec((0u32..16, 1u32..8, 0u8..7, any::<bool>()), 1..30),
        repeat in any::<bool>(),
    ) {
        // Each note a voice of its own, in two measures of two parts.
        let body = |part: bool| -> String {
            (1..=2).map(|number| {
                let mut text = if number == 1 { HEAD.to_string() } else { String::new() };
                for (at, length, step, of) in notes.iter().filter(|note| note.3 == part) {
                    let (at, length) = (*at, (*length).min(16 - *at));
                    let pitch = format!("{}{}", ["C", "D", "E", "F", "G", "A", "B"][usize::from(*step)], 4 + u8::from(*of));
                    text += &format!("<forward><duration>{at}</duration></forward>{}<backup><duration>{}</duration></backup>", note(&pitch, length, ""), at + length);
                }
                let back = if repeat && number == 2 { "<barline><repeat direction=\"backward\"/></barline>" } else { "" };
                measure(number, &(text + "<forward><duration>16</duration></forward>" + back))
            }).collect()
        };
        let full = score(&[&body(false), &body(true)]);
        prop_assert_eq!(full.path.steps.len(), if repeat { 4 } else { 2 });
        let (upper, lower) = (full.path.for_parts(&[0]), full.path.for_parts(&[1]));
        prop_assert_eq!(upper.notes.len() + lower.notes.len(), full.path.notes.len());
        prop_assert!(upper.notes.iter().chain(&lower.notes).all(|note| full.path.notes.contains(note)));
        prop_assert_eq!(&upper.steps, &full.path.steps);
        // As MIDI: every strike comes back; one key cannot be struck twice at once.
        let mut bytes = Vec::new();
        write_score_midi(&full, &mut bytes).unwrap();
        let back = read_score(&bytes, "").unwrap();
        let strikes = |score: &Score| -> std::collections::BTreeSet<(Beats, u8)> {
            score.path.notes.iter().map(|note| (note.onset, note.pitch.0)).collect()
        };
        prop_assert_eq!(strikes(&back), strikes(&full));
    }
}

#[test]
fn waymarks_are_where_players_begin_and_turn() {
    let forth = "<barline location=\"left\"><repeat direction=\"forward\"/></barline>";
    let back = "<barline location=\"right\"><repeat direction=\"backward\"/></barline>";
    let mark = "<direction><direction-type><rehearsal>A</rehearsal></direction-type></direction>";
    let part = measure(1, &(HEAD.to_string() + &note("C4", 16, "")))
        + &measure(2, &(forth.to_string() + &note("D4", 16, "")))
        + &measure(3, &(note("E4", 16, "") + back))
        + &measure(4, &(mark.to_string() + &note("F4", 16, "")));
    let score = score(&[&part]);
    // Played 1 2 3 2 3 4: after the first 3 one may go on to 4, after the second back to 2 once more.
    let starts: Vec<i64> = score.path.waymarks.starts.iter().map(|at| at.numerator()).collect();
    assert_eq!(starts, [0, 4, 12, 20]);
    assert_eq!(score.path.waymarks.turns, [(2, 5), (4, 3)]);
    // A path without the repeat may turn back.
    let once = score.path_by_numbers("1-4").unwrap();
    assert_eq!(once.waymarks.turns, [(2, 1)]);
}

#[test]
fn an_instrument_that_sounds_in_octaves() {
    let transpose = |more: &str| format!("<transpose>{more}</transpose>");
    let head =
        HEAD.replace("</time>", &("</time>".to_string() + &transpose("<chromatic>0</chromatic><double/>")));
    let above = transpose("<chromatic>-2</chromatic><double above=\"yes\"/>");
    let plain = format!("<attributes>{}</attributes>", transpose("<chromatic>0</chromatic>"));
    let body = measure(
        1,
        &(head + &note("C3", 8, "<tie type=\"start\"/>") + &note("C3", 8, "<tie type=\"stop\"/>")),
    ) + &measure(
        2,
        &format!("<attributes>{above}</attributes>{}{plain}{}", note("D4", 8, ""), note("E4", 8, "")),
    );
    let score = score(&[&body]);
    assert_eq!(played(&score), "0:4:36 0:4:48 4:2:60 4:2:72 6:2:64");
    // Four heads are printed, and an octave has its head's id.
    let ids: Vec<u32> = score.path.notes.iter().map(|note| note.id.0).collect();
    assert_eq!((score.notes.len(), ids), (4, vec![0, 0, 2, 2, 3]));
    let text = format!("<score-partwise><part-list/><part id=\"P0\">{body}</part></score-partwise>");
    let text = source_with_ids(text.as_bytes()).unwrap();
    for id in 0..4 {
        assert_eq!(text.matches(&format!("<note id=\"n{id}\">")).count(), 1);
    }
}

#[test]
fn notes_for_some_passes_only() {
    let only = |passes: &str, pitch: &str, duration: u32| {
        note(pitch, duration, "").replace("<note>", &format!("<note time-only=\"{passes}\">"))
    };
    let back = "<backup><duration>8</duration></backup>";
    let repeat = "<barline location=\"right\"><repeat direction=\"backward\" times=\"3\"/></barline>";
    let first = HEAD.to_string() + &only("1", "C4", 8) + back + &only("2", "E4", 8) + &only("1, 3", "G4", 8);
    let second = note("A4", 16, "") + &words("D.C.");
    // After the D.C. as the last time.
    let body = measure(1, &(first + repeat)) + &measure(2, &second);
    let thrice = "0:2:60 2:2:67 4:2:64 10:2:67";
    assert_eq!(played(&score(&[&body])), format!("{thrice} 12:4:69 18:2:67 20:4:69"));
    // What only the D.C. repeats has a second pass there.
    let back = back.replace('8', "16");
    let body = HEAD.to_string() + &only("1", "C4", 16) + &back + &only("2", "E4", 16) + &words("D.C.");
    assert_eq!(played(&score(&[&measure(1, &body)])), "0:4:60 4:4:64");
}

#[test]
fn rests_under_a_fermata_along_the_path() {
    let rest = "<note><rest/><duration>8</duration><notations><fermata/></notations></note>";
    let repeat = "<barline location=\"right\"><repeat direction=\"backward\"/></barline>";
    let upper = measure(1, &(HEAD.to_string() + &note("C4", 8, "") + rest + repeat));
    let lower = measure(1, &(HEAD.to_string() + &note("C3", 8, "") + &rest.replace("<fermata/>", "")));
    let path = score(&[&upper, &lower]).path;
    assert_eq!(path.held_rests, [(Beats::whole(2), 0), (Beats::whole(6), 0)]);
    assert!(path.notes.iter().all(|note| !note.fermata) && path.for_parts(&[1]).held_rests.is_empty());
}
