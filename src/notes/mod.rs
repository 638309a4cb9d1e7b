//! Note evidence to notes: which strikes are believed, when they end, how loud they are.

mod bend;
mod config;
mod dynamics;
mod ledger;
mod pedal;
mod prior;
mod pulse;
mod tracker;

pub use bend::{BendTracker, pitch_bend_value};
pub use config::{PeakRule, StrikeRule, TrackerConfig};
pub use ledger::NoteLedger;
pub use pedal::PedalTracker;
pub use prior::ScorePrior;
pub use pulse::{pulse, quantised};
pub use tracker::NoteTracker;
