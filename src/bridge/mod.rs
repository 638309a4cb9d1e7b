//! Between the audio thread, the thread that thinks, and the editor.
//!
//! ```text
//! audio thread           rings             worker thread          editor, host's main thread
//! RealtimeEnd ─ samples, marks ─► WorkerEnd ─► Engine ─► Snapshot ─────────► Bridge::snapshot
//!      ▲                              │          ▲
//!      └────────── ready events ◄─────┘          └──────── Command ◄──────── Bridge::…
//! ```
//! The audio thread copies samples into a wait-free ring and takes ready events out of another. One worker
//! thread for each plugin instance owns the engine; whatever it says to people goes into a snapshot that readers
//! take without waiting. All threads of the crate are started here.

mod channel;
mod command;
mod heard;
mod instance;
mod pace;
mod realtime;
mod schedule;
mod score_source;
mod settings;
mod snapshot;
mod stream;
#[cfg(test)]
mod tests;
mod worker;

pub use channel::{ReadyEvent, ReadyKind};
pub use instance::Bridge;
pub use pace::Pace;
pub use realtime::RealtimeEnd;
pub use schedule::{Schedule, Timing};
pub use score_source::{LoadedScore, ScoreLoadError, ScoreSource};
pub use settings::Settings;
pub use snapshot::{HeardNote, Level, Message, Overload, Place, Severity, Snapshot};
