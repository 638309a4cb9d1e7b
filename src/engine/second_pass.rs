//! The second pass of a take: fed with what the engine said while it was played, it knows more once it is over.

use super::EstimatorKind;
use super::hearing::Hearing;
use super::{EngineEvent, Heard};
use crate::follower::Smoother;
use crate::notes::NoteLedger;
use crate::performance::{AlignedBeat, NoteEvent, PlayedNote};
use crate::score::PlayingPath;
use crate::takes::{EvidenceLog, IntonationLog, Transport};
use crate::units::Seconds;

/// Collects the events of one passage and aligns it as a whole when it is over.
///
/// Memory: some 10 kB a second of ten keys sounding, evidence and the smoother's history together; see BENCHMARKS.md.
#[derive(Debug)]
pub struct SecondPass {
    smoother: Option<Box<Smoother>>,
    ledger: NoteLedger,
    evidence: EvidenceLog,
    intonation: IntonationLog,
}

/// What a second pass found; times are those of the events it was fed with.
#[derive(Clone, Debug, Default)]
pub struct Listened {
    /// The notes, ordered by onset.
    pub notes: Vec<PlayedNote>,
    /// Where the playing was, in recording order.
    pub beats: Vec<AlignedBeat>,
    /// Where in `beats` each stretch of continuous playing begins.
    pub begins: Vec<usize>,
    /// The note evidence.
    pub evidence: EvidenceLog,
    /// Where lone notes lay.
    pub intonation: IntonationLog,
}

impl SecondPass {
    /// A second pass along `path`, or for the notes alone. `estimator`: where the evidence comes from.
    pub fn new(path: Option<&PlayingPath>, estimator: EstimatorKind) -> SecondPass {
        let smoother = path.map(|path| Box::new(Smoother::new(path, Hearing::follower_settings(estimator))));
        SecondPass {
            smoother,
            ledger: NoteLedger::default(),
            evidence: EvidenceLog::default(),
            intonation: IntonationLog::default(),
        }
    }

    /// Takes an event: notes, evidence and intonation count, anything else is passed over. An end of a note that began before
    /// the first event is passed over as well.
    pub fn hear(&mut self, event: &EngineEvent) {
        match event {
            EngineEvent::Note(NoteEvent::Off { pitch, .. })
                if !self.ledger.sounding().any(|note| note.pitch == *pitch) => {}
            EngineEvent::Note(note) => self.ledger.enter(note),
            EngineEvent::Evidence(frame) => {
                if let Some(smoother) = &mut self.smoother {
                    smoother.push(frame);
                }
            }
            EngineEvent::Hindsight(frame) => self.evidence.push(frame),
            EngineEvent::Intonation { pitch, cents, at } => self.intonation.push(*pitch, *cents, *at),
            EngineEvent::Position(_) | EngineEvent::Gap { .. } => {}
        }
    }

    /// Everything that was found. Notes that still sound end at `end`.
    pub fn finish(mut self, end: Seconds) -> Listened {
        let open: Vec<PlayedNote> = self.ledger.sounding().copied().collect();
        for note in open {
            let at = Seconds(end.0.max(note.onset.0 + 1e-3));
            self.ledger.enter(&NoteEvent::Off { pitch: note.pitch, at, emitted: at });
        }
        let (mut beats, mut begins) = (Vec::new(), Vec::new());
        for stretch in self.smoother.map(|smoother| smoother.finish().stretches).unwrap_or_default() {
            begins.push(beats.len());
            beats.extend(stretch);
        }
        let (notes, evidence, intonation) = (self.ledger.into_notes(), self.evidence, self.intonation);
        Listened { notes, beats, begins, evidence, intonation }
    }
}

impl Listened {
    /// The stretches of continuous playing, none of them empty.
    pub fn stretches(&self) -> impl Iterator<Item = &[AlignedBeat]> {
        let ends = self.begins.iter().skip(1).copied().chain([self.beats.len()]);
        self.begins.iter().zip(ends).map(|(&begin, end)| &self.beats[begin..end])
    }

    /// What the book is made from. `bends`: one line was played, by what can be out of tune; see
    /// [`bends`](crate::takes::bends).
    pub fn heard<'a>(&'a self, transport: &'a [Transport], bends: bool) -> Heard<'a> {
        let Listened { notes, beats, evidence, intonation, .. } = self;
        Heard { notes, beats, evidence: Some(evidence), intonation: bends.then_some(intonation), transport }
    }
}
