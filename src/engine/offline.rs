//! The second pass: a whole recording against a score, with both directions of time.

use super::{Engine, EngineConfig, EngineError, EngineEvent, SecondPass};
use crate::follower::Alignment;
use crate::performance::{AlignedBeat, Take};
use crate::score::PlayingPath;
use crate::takes::{Segmentation, segment};

/// Aligns one recording with one playing path.
///
/// What the second pass finds is held against the notes, as for the book: each onset's time is that of the notes that
/// were matched with it, a jump that they do not bear out is none, and what fits no place is no stretch.
pub struct OfflineAligner<'a> {
    engine: Engine,
    pass: SecondPass,
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
        Ok(OfflineAligner { engine, pass: SecondPass::new(Some(path), config.estimator), path })
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
        let takes = segment(&Segmentation {
            path: self.path,
            beats: &listened.beats,
            notes: &listened.notes,
            transport: &[],
        });
        Alignment { stretches: takes.iter().flat_map(stretches_of).collect() }
    }
}

/// A take's beats, cut where a stretch of it begins.
fn stretches_of(take: &Take) -> impl Iterator<Item = Vec<AlignedBeat>> {
    let begins = |from: &AlignedBeat, to: &AlignedBeat| {
        take.stretches.iter().any(|stretch| from.time < stretch.start && stretch.start <= to.time)
    };
    let goes_on = move |a: &AlignedBeat, b: &AlignedBeat| b.beat > a.beat && b.time > a.time && !begins(a, b);
    take.beats.chunk_by(goes_on).map(<[AlignedBeat]>::to_vec)
}
