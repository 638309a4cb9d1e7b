//! Places to takes: where a session's takes begin and end, what they cover, what went wrong in them, and the edit
//! that can be made of them. Pure functions on ground types; time is recording time.

mod coverage;
mod doubt;
mod doubt_weights;
mod entry;
mod evidence;
mod faint;
mod faults;
mod intonation;
mod kept_choices;
mod log;
mod matching;
mod notate;
mod plan;
mod saved;
mod segment;
mod stumbles;
mod timeline;
mod voices;

pub use coverage::{coverage, part_coverage, ranking};
pub use doubt::{Doubt, DoubtKind};
pub use entry::{Entry, Recorded, Remarks, measure_grid};
pub use evidence::EvidenceLog;
pub use faults::{FaultTolerance, doubts, faults};
pub use intonation::{IntonationLog, bends, off_tune};
pub use log::{Change, Edit, LogError, MAX_TAKES, SessionLog};
pub use notate::notate;
pub use plan::edit_plan;
pub use saved::{SavedError, SavedTake};
pub use segment::{Segmentation, Transport, TransportChange, runs, segment, takes_of};
pub use voices::{Contribution, merged, parts_of};
