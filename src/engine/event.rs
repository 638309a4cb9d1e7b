//! What comes out.

use crate::performance::{NoteEvent, PositionReport, PosteriorFrame};
use crate::units::{Pitch, Seconds};
use std::sync::Arc;

/// One thing the engine has to say, in stream order.
#[derive(Clone, Debug, PartialEq)]
pub enum EngineEvent {
    /// A note or pedal event.
    Note(NoteEvent),
    /// The position at the end of a hop: one each hop while a score is loaded.
    Position(PositionReport),
    /// The evidence of one hop, for views and for the second pass.
    Evidence(Arc<PosteriorFrame>),
    /// The surest evidence of a hop, some hops after that of [`EngineEvent::Evidence`] where the estimator judges again: for what
    /// is not urgent. No releases. Where no other is surer it is that of [`EngineEvent::Evidence`] itself.
    Hindsight(Arc<PosteriorFrame>),
    /// How far the one note that sounded lay from its key: one each hop while there is one, where evidence is wanted.
    Intonation {
        /// Which key.
        pitch: Pitch,
        /// Above the key as tuned, in cents.
        cents: f32,
        /// True time.
        at: Seconds,
    },
    /// Input was lost: this much is missing before `at`.
    Gap {
        /// Stream time where input goes on.
        at: Seconds,
        /// How much is missing.
        missing: Seconds,
    },
}
