//! Places to takes: where a session's takes begin and end, what they cover, what went wrong in them, and the edit
//! that can be made of them. Pure functions on ground types; time is recording time.

mod coverage;
mod evidence;
mod faults;
mod matching;
mod plan;
mod segment;
mod stumbles;
mod timeline;

pub use coverage::{CLEAN_BELOW, coverage, ranking};
pub use evidence::EvidenceLog;
pub use faults::{FaultTolerance, faults};
pub use plan::edit_plan;
pub use segment::{Segmentation, Transport, TransportChange, segment};
