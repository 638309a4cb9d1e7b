//! Note evidence to notes: which strikes are believed, when they end, how loud they are.

mod ledger;
mod pedal;
mod prior;
mod tracker;

pub use ledger::NoteLedger;
pub use pedal::PedalTracker;
pub use prior::ScorePrior;
pub use tracker::{NoteTracker, TrackerConfig};
