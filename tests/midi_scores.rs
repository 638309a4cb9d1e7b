//! MIDI files as scores: formats, time divisions, grids; and what is written comes back.

use colla_parte::readers::read_score;
use colla_parte::score::{Part, PlayingPath, Score, ScoreSource};
use colla_parte::units::{Beats, Pitch};
use colla_parte::writers::write_score_midi;
use proptest::prelude::*;

fn file(format: u8, division: [u8; 2], tracks: &[&[u8]]) -> Vec<u8> {
    let mut bytes = b"MThd\0\0\0\x06\0".to_vec();
    bytes.extend([format, 0, tracks.len() as u8]);
    bytes.extend(division);
    for track in tracks {
        bytes.extend(b"MTrk");
        bytes.extend((track.len() as u32 + 4).to_be_bytes());
        bytes.extend(*track);
        bytes.extend([0, 0xFF, 0x2F, 0]);
    }
    bytes
}

fn played(score: &Score) -> Vec<(f64, f64, u8)> {
    score.path.notes.iter().map(|n| (n.onset.to_f64(), n.duration.to_f64(), n.pitch.0)).collect()
}

const PPQ_96: [u8; 2] = [0, 96];

#[test]
fn running_status_and_velocity_zero() {
    // C4 for a quarter, then E4 and G4 together for two, on one status byte.
    let track = [0, 0x90, 60, 64, 96, 60, 0, 0, 64, 64, 0, 67, 64, 0x81, 0x40, 64, 0, 0, 67, 0];
    let score = read_score(&file(0, PPQ_96, &[&track]), "name").unwrap();
    assert_eq!(played(&score), [(0.0, 1.0, 60), (1.0, 2.0, 64), (1.0, 2.0, 67)]);
    assert_eq!((score.source, score.title.as_str()), (ScoreSource::QuantisedMidi, "name"));
    assert_eq!(score.measures.len(), 1);
}

/// Not allowed, but written all the same: a tempo between the notes of one status byte.
#[test]
fn running_status_goes_on_past_meta_events() {
    let track = [0, 0x90, 60, 64, 48, 0xFF, 0x51, 3, 0x0F, 0x42, 0x40, 48, 60, 0, 0, 62, 64, 96, 62, 0];
    let score = read_score(&file(0, PPQ_96, &[&track]), "").unwrap();
    assert_eq!(played(&score), [(0.0, 1.0, 60), (1.0, 1.0, 62)]);
}

#[test]
fn a_track_that_breaks_off_or_takes_no_time_is_refused() {
    use colla_parte::readers::ReadError;
    let whole = [0, 0x90, 60, 64, 96, 60, 0, 0, 62, 64, 96, 62, 0];
    let text = |track: &[u8]| {
        read_score(&file(0, PPQ_96, &[&[0, 0x90, 60, 64, 96, 60, 0], track]), "").map_err(|e| e.to_string())
    };
    assert!(text(&whole).is_ok());
    let broken = [&whole[..7], &[0, 0xF8, 1, 2]].concat();
    assert_eq!(
        text(&broken),
        Err("MIDI file: track 2, byte 8: expected an event, found [00, f8, 01, 02]".into())
    );
    // What stands after the end of a track is not read.
    let mut trailing = file(0, PPQ_96, &[&[&whole[..], &[0, 0xFF, 0x2F, 0, 0, 0xF8]].concat()]);
    assert_eq!(read_score(&trailing, "").map(|score| score.path.notes.len()), Ok(2));
    trailing.truncate(30);
    assert!(read_score(&trailing, "").is_err());
    assert_eq!(read_score(&file(0, PPQ_96, &[&[0, 0x90, 60, 64]]), ""), Err(ReadError::Empty));
}

#[test]
fn meters_and_tempi_make_measures_and_a_tempo_map() {
    // 1/4 for a pick-up, then 3/4; 60 per minute from beat 1 on.
    let conductor =
        [0, 0xFF, 0x58, 4, 1, 2, 24, 8, 96, 0xFF, 0x58, 4, 3, 2, 24, 8, 0, 0xFF, 0x51, 3, 0x0F, 0x42, 0x40];
    let notes = [0, 0xFF, 3, 5, b'V', b'i', b'o', b'l', b'a', 0, 0x91, 60, 64, 0x82, 0x20, 60, 0];
    let score = read_score(&file(1, PPQ_96, &[&conductor, &notes]), "").unwrap();
    let starts: Vec<f64> = score.path.steps.iter().map(|step| step.start.to_f64()).collect();
    assert_eq!(starts, [0.0, 1.0]);
    assert_eq!(score.path.steps[1].meter, (3, 4));
    assert_eq!(score.path.tempo_at(2.0).0, 60.0);
    assert_eq!(score.parts, [Part { name: "Viola".into(), staves: 1 }]);
}

#[test]
fn format_2_tracks_are_pieces_one_after_the_other() {
    let track = |key: u8| [0, 0x90, key, 64, 96, key, 0];
    let score = read_score(&file(2, PPQ_96, &[&track(60), &track(62)]), "").unwrap();
    assert_eq!(played(&score), [(0.0, 1.0, 60), (4.0, 1.0, 62)]);
    assert_eq!(score.sections.len(), 2);
}

#[test]
fn smpte_time_counts_half_seconds() {
    // 25 frames of 40 ticks: a millisecond a tick. 500 ms is a beat.
    let track = [0, 0x90, 60, 64, 0x83, 0x74, 60, 0];
    let score = read_score(&file(0, [0xE7, 40], &[&track]), "").unwrap();
    assert_eq!(played(&score), [(0.0, 1.0, 60)]);
    assert_eq!(score.source, ScoreSource::PerformedMidi);
}

#[test]
fn tracks_and_channels_are_parts_and_drums_are_not_played() {
    let track =
        [0, 0x90, 60, 64, 0, 0x91, 62, 64, 0, 0x99, 36, 64, 96, 36, 0, 0, 0x81, 62, 0, 0, 0x80, 60, 0];
    let score = read_score(&file(0, PPQ_96, &[&track]), "").unwrap();
    assert_eq!(score.parts.len(), 3);
    assert_eq!(played(&score), [(0.0, 1.0, 60), (0.0, 1.0, 62)]);
    assert!(score.notes.iter().any(|note| note.unpitched));
}

#[test]
fn played_files_are_told_apart_and_their_chords_gathered() {
    // At 480 a quarter: three chords of two notes, each struck some ticks apart, none near the grid.
    let mut track = Vec::new();
    for (wait, key) in [(37u8, 60u8), (0x5F, 62), (0x47, 64)] {
        track.extend([wait, 0x90, key, 64, 9, key + 12, 64, 100, key, 0, 3, key + 12, 0]);
    }
    let score = read_score(&file(0, [1, 0xE0], &[&track]), "").unwrap();
    assert_eq!(score.source, ScoreSource::PerformedMidi);
    let onsets: Vec<f64> = score.path.notes.iter().map(|note| note.onset.to_f64()).collect();
    assert_eq!(onsets.chunks(2).filter(|pair| pair[0] == pair[1]).count(), 3);
}

#[test]
fn rounded_triplets_become_thirds() {
    // 100 ticks a quarter cannot divide by three.
    let track = [0, 0x90, 60, 64, 33, 60, 0, 0, 62, 64, 34, 62, 0, 0, 64, 64, 33, 64, 0];
    let score = read_score(&file(0, [0, 100], &[&track]), "").unwrap();
    assert_eq!(score.path.notes[1].onset, Beats::new(1, 3).unwrap());
    assert_eq!(score.path.notes[2].onset, Beats::new(2, 3).unwrap());
}

proptest! {
    #[test]
    fn what_is_written_comes_back(
        notes in proptest::collection::btree_map((0i64..200, 21u8..109), 1i64..24, 1..60),
    ) {
        // A key is not struck while it sounds, so lengths are cut at the next strike.
        let list: Vec<(Beats, Beats, Pitch)> = notes
            .iter()
            .map(|(&(start, key), &length)| {
                let next = notes.keys().filter(|(other, k)| *k == key && *other > start).map(|(other, _)| *other).min();
                let length = next.map_or(length, |next| length.min(next - start));
                (Beats::new(start, 12).unwrap(), Beats::new(length, 12).unwrap(), Pitch(key))
            })
            .collect();
        let path = PlayingPath::from_notes((4, 4), &list);
        let mut score = Score { parts: vec![Part { name: "P".into(), staves: 1 }], path, ..Score::default() };
        let mut bytes = Vec::new();
        write_score_midi(&score, &mut bytes).unwrap();
        let back = read_score(&bytes, "").unwrap();
        prop_assert_eq!(back.source, ScoreSource::QuantisedMidi);
        let exact = |path: &PlayingPath| -> Vec<_> { path.notes.iter().map(|n| (n.onset, n.duration, n.pitch)).collect() };
        prop_assert_eq!(exact(&back.path), exact(&score.path));
        // The measures come back as far as there are notes.
        score.path.steps.truncate(back.path.steps.len());
        let starts = |path: &PlayingPath| -> Vec<_> { path.steps.iter().map(|s| (s.start, s.length)).collect() };
        prop_assert_eq!(starts(&back.path), starts(&score.path));
    }
}
