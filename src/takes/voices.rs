//! One take out of what several listeners heard of it, each its own parts of the score.
//!
//! The first listener's word counts where two contradict each other; otherwise what each heard is added: stretches are joined,
//! notes and faults brought together. A fault in a part that several followed counts only if all heard it that were there; if one of
//! them doubts it, it is a doubt.

use super::coverage::owner;
use super::entry::Recorded;
use crate::performance::{AlignedBeat, Fault, FaultKind, PlayedNote, Stretch, Voice};
use crate::score::PlayingPath;

/// Farthest apart in time that two listeners hear one thing, in seconds.
const SAME_S: f64 = 0.15;
/// Farthest apart that their onsets of one note lie, in seconds.
const SAME_ONSET_S: f64 = 0.05;
/// Farthest apart that two stretches lie which are one passage, in seconds and in beats.
const NEAR_S: f64 = 0.5;
const NEAR_BEATS: f64 = 1.0;

/// The parts that have notes in a path, by their indices in the score, in order.
pub fn parts_of(path: &PlayingPath) -> Vec<u16> {
    let mut parts: Vec<u16> = path.notes.iter().map(|note| note.part).collect();
    parts.sort_unstable();
    parts.dedup();
    parts
}

/// What one listener heard of a take, whose own start is time 0.
#[derive(Clone, Debug, PartialEq)]
pub struct Contribution {
    /// What it would be as a take of its own.
    pub recorded: Recorded,
    /// The parts that the listener followed, by their indices in the score, in order.
    pub parts: Vec<u16>,
    /// Whose each fault is; `None` is everybody's.
    owners: Vec<Option<u16>>,
}

impl Contribution {
    /// What was heard of the parts that `path` has; without a path, of none.
    pub fn new(recorded: Recorded, path: Option<&PlayingPath>) -> Contribution {
        let parts = path.map(parts_of).unwrap_or_default();
        let faults = &recorded.take.faults;
        let owners = faults.iter().map(|fault| path.and_then(|path| owner(path, fault, None))).collect();
        Contribution { recorded, parts, owners }
    }

    /// Something was heard.
    fn is_heard(&self) -> bool {
        !self.recorded.notes.is_empty() || !self.recorded.take.stretches.is_empty()
    }

    /// The same later by so many seconds.
    fn shifted(&self, by_s: f64) -> Contribution {
        let mut shifted = self.clone();
        shifted.recorded.shift(by_s);
        shifted
    }

    /// It followed this part; of what is everybody's, something that `other` followed as well.
    fn follows(&self, part: Option<u16>, other: &Contribution) -> bool {
        match part {
            Some(part) => self.parts.contains(&part),
            None => self.parts.iter().any(|part| other.parts.contains(part)),
        }
    }

    fn was_at(&self, fault: &Fault) -> bool {
        self.recorded.take.stretches.iter().any(|stretch| {
            (stretch.from_beat..=stretch.to_beat).contains(&fault.beat)
                && (stretch.start.0 - SAME_S..=stretch.end.0 + SAME_S).contains(&fault.at.0)
        })
    }
}

/// The take that these contributions are of, the first of them the one that decides; its own start is time 0. `None` if
/// there are none. `alone`: nobody else might have heard it, so that a single contribution is all there is to know.
pub fn merged(contributions: &[&Contribution], alone: bool) -> Option<Recorded> {
    let first = *contributions.first()?;
    if alone && contributions.len() == 1 {
        return Some(first.recorded.clone());
    }
    let starts: Option<Vec<f64>> = contributions.iter().map(|each| each.recorded.host_start_s).collect();
    let earliest = starts.iter().flatten().copied().fold(f64::INFINITY, f64::min);
    let later = |n: usize| starts.as_ref().map_or(0.0, |starts| starts[n] - earliest);
    let shifted: Vec<Contribution> =
        contributions.iter().enumerate().map(|(n, each)| each.shifted(later(n))).collect();
    let heard: Vec<&Contribution> = shifted.iter().filter(|each| each.is_heard()).collect();
    let mut whole = heard.first().map_or(first, |first| *first).recorded.clone();
    whole.take.start.0 = 0.0;
    whole.take.end.0 = shifted.iter().map(|each| each.recorded.take.end.0).fold(0.0, f64::max);
    whole.host_start_s = starts.is_some().then_some(earliest).or(first.recorded.host_start_s);
    let same_start = |each: &&Contribution| each.recorded.host_start_s == whole.host_start_s;
    whole.take.host_start =
        contributions.iter().copied().find(same_start).and_then(|each| each.recorded.take.host_start);
    let began = contributions.iter().map(|each| each.recorded.began_unix_s);
    whole.began_unix_s = began.min().unwrap_or(whole.began_unix_s);
    whole.exact = contributions.iter().all(|each| each.recorded.exact);
    for other in heard.iter().skip(1) {
        let take = &other.recorded.take;
        whole.take.beats = with_beats(&whole.take.beats, &whole.take.stretches, &take.beats);
        whole.take.stretches = joined(&whole.take.stretches, &take.stretches);
        add_notes(&mut whole.notes, &other.recorded.notes);
    }
    whole.take.voices = (0..heard.len())
        .map(|n| Voice {
            parts: heard[n].parts.clone(),
            stretches: heard[n].recorded.take.stretches.clone(),
            faults: agreed(&heard, n),
        })
        .collect();
    let mut faults: Vec<Fault> = Vec::new();
    for fault in whole.take.voices.iter().flat_map(|voice| &voice.faults) {
        match faults.iter_mut().find(|known| same(known, fault)) {
            Some(known) => known.confidence = known.confidence.max(fault.confidence),
            None => faults.push(fault.clone()),
        }
    }
    faults.sort_by(|a, b| a.at.0.total_cmp(&b.at.0));
    whole.take.faults = faults;
    Some(whole)
}

/// The faults of one listener that no other contradicts who followed the same part and was there; no likelier than a doubt of
/// such another.
fn agreed(heard: &[&Contribution], n: usize) -> Vec<Fault> {
    let own = heard[n];
    let others = || heard.iter().enumerate().filter(move |(other, _)| *other != n).map(|(_, each)| *each);
    let standing = |(fault, part): (&Fault, &Option<u16>)| {
        let mut confidence = fault.confidence;
        for witness in others().filter(|other| other.follows(*part, own) && other.was_at(fault)) {
            let told = witness.recorded.take.faults.iter().find(|told| same(told, fault))?;
            if told.is_doubt() {
                confidence = confidence.min(told.confidence);
            }
        }
        Some(Fault { confidence, ..fault.clone() })
    };
    let faults = own.recorded.take.faults.iter().zip(&own.owners);
    faults.filter_map(standing).collect()
}

/// Two listeners tell of the same fault.
fn same(a: &Fault, b: &Fault) -> bool {
    let slack_s = match a.kind {
        FaultKind::Stutter | FaultKind::Hesitation => NEAR_S,
        _ => SAME_S,
    };
    let meant = match (a.note, b.note) {
        (Some(a), Some(b)) => a == b,
        _ => a.pitch == b.pitch,
    };
    a.kind == b.kind && meant && (a.at.0 - b.at.0).abs() <= slack_s
}

/// The stretches of both, those that overlap as one; where the two contradict each other, the first's.
fn joined(first: &[Stretch], other: &[Stretch]) -> Vec<Stretch> {
    let mut all = first.to_vec();
    for stretch in other {
        let together = |known: &&mut Stretch| {
            known.start.0 < stretch.end.0 + NEAR_S && stretch.start.0 < known.end.0 + NEAR_S
        };
        let overlapping: Vec<&mut Stretch> = all.iter_mut().filter(together).collect();
        if overlapping.is_empty() {
            all.push(stretch.clone());
        } else if let Some(known) = overlapping.into_iter().find(|known| is_one_passage(known, stretch)) {
            widen(known, stretch);
        }
    }
    all.sort_by(|a, b| a.start.0.total_cmp(&b.start.0));
    let mut joined: Vec<Stretch> = Vec::with_capacity(all.len());
    for stretch in all {
        match joined.last_mut() {
            Some(last) if stretch.start.0 < last.end.0 => {
                if is_one_passage(last, &stretch) {
                    widen(last, &stretch);
                }
            }
            _ => joined.push(stretch),
        }
    }
    joined
}

/// The beats of two stretches meet, so that one player may have rested where the other played.
fn is_one_passage(a: &Stretch, b: &Stretch) -> bool {
    a.from_beat < b.to_beat + NEAR_BEATS && b.from_beat < a.to_beat + NEAR_BEATS
}

fn widen(stretch: &mut Stretch, by: &Stretch) {
    if by.from_beat < stretch.from_beat {
        (stretch.from_beat, stretch.from_step) = (by.from_beat, by.from_step);
    }
    if by.to_beat > stretch.to_beat {
        (stretch.to_beat, stretch.to_step) = (by.to_beat, by.to_step);
    }
    stretch.start.0 = stretch.start.0.min(by.start.0);
    stretch.end.0 = stretch.end.0.max(by.end.0);
}

/// `beats` with those of another that lie where it has no stretch.
fn with_beats(beats: &[AlignedBeat], stretches: &[Stretch], other: &[AlignedBeat]) -> Vec<AlignedBeat> {
    let known = |point: &&AlignedBeat| {
        stretches
            .iter()
            .any(|stretch| (stretch.start.0 - SAME_S..=stretch.end.0 + SAME_S).contains(&point.time.0))
    };
    let mut all = beats.to_vec();
    all.extend(other.iter().filter(|point| !known(point)));
    all.sort_by(|a, b| a.time.0.total_cmp(&b.time.0));
    all
}

/// Adds the notes that are not there yet: microphones hear each other's players.
fn add_notes(notes: &mut Vec<PlayedNote>, others: &[PlayedNote]) {
    let first = notes.clone();
    let known = |note: &&PlayedNote| {
        let from = first.partition_point(|other| other.onset.0 < note.onset.0 - SAME_ONSET_S);
        let near = first[from..].iter().take_while(|other| other.onset.0 <= note.onset.0 + SAME_ONSET_S);
        near.into_iter().any(|other| other.pitch == note.pitch)
    };
    notes.extend(others.iter().filter(|note| !known(note)));
    notes.sort_by(|a, b| a.onset.0.total_cmp(&b.onset.0).then(a.pitch.cmp(&b.pitch)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{Beats, Pitch, Seconds};

    #[test]
    fn what_one_of_two_doubts_is_a_doubt_and_what_one_did_not_hear_is_none() {
        let path = PlayingPath::from_notes((4, 4), &[(Beats::whole(0), Beats::whole(4), Pitch(60))]);
        let heard = |faults: &[(f64, f32)]| {
            let mut recorded = crate::takes::entry::tests::recorded(10.0);
            recorded.take.stretches = vec![Stretch {
                start: Seconds(0.0),
                end: Seconds(9.0),
                from_step: 0,
                to_step: 0,
                from_beat: 0.0,
                to_beat: 4.0,
            }];
            let fault = |&(at, confidence): &(f64, f32)| Fault {
                kind: FaultKind::Extra,
                at: Seconds(at),
                step: 0,
                beat: 1.0,
                pitch: Some(Pitch(61)),
                note: None,
                confidence,
                cents: None,
            };
            recorded.take.faults = faults.iter().map(fault).collect();
            Contribution::new(recorded, Some(&path))
        };
        let one = heard(&[(1.0, 0.9), (2.0, 0.9), (3.0, 0.4), (4.0, 0.9)]);
        let other = heard(&[(1.0, 0.4), (2.0, 0.7), (3.0, 0.45)]);
        let whole = merged(&[&one, &other], false).unwrap().take;
        let told = |faults: &[Fault]| faults.iter().map(|f| (f.at.0, f.confidence)).collect::<Vec<_>>();
        assert_eq!(told(&whole.faults), [(1.0, 0.4), (2.0, 0.9), (3.0, 0.4)]);
        assert_eq!(told(&whole.voices[0].faults), [(1.0, 0.4), (2.0, 0.9), (3.0, 0.4)]);
    }
}
