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
//! take without waiting. A second thread listens to each take once more when it is over, a third engraves the score while
//! somebody looks at it, and exports are written on threads of their own. All threads of the crate are started here.
//! Sockets are opened in `remote` alone, and the worker uses them. Instances that share a book meet in `members`: their
//! workers, second passes and main threads, never an audio thread.

#[cfg(test)]
mod book_tests;
mod bookkeeper;
mod channel;
mod command;
mod cue_track;
mod edit;
#[cfg(feature = "engrave")]
mod engraver;
#[cfg(all(test, feature = "engrave"))]
mod engraver_tests;
#[cfg(feature = "engrave")]
mod engraving_job;
mod export;
#[cfg(test)]
mod export_tests;
mod heard;
mod instance;
mod journal;
mod latency;
mod line;
mod live_take;
mod members;
mod news;
mod pace;
mod passes;
mod places;
mod preferences_file;
#[cfg(feature = "engrave")]
mod press;
mod realtime;
mod remote;
mod schedule;
mod score_source;
mod second_pass;
mod session;
mod settings;
mod shared;
#[cfg(test)]
mod sharing_tests;
mod snapshot;
mod stream;
#[cfg(test)]
mod stress;
#[cfg(test)]
mod tests;
mod transport;
mod watch;
mod worker;

pub use channel::{ReadyEvent, ReadyKind};
#[cfg(feature = "engrave")]
pub use engraver::Engraving;
pub use export::{Export, ExportError};
pub use instance::{Bridge, RECORDING_LATENCY_RANGE_MS};
pub use latency::Latency;
pub use members::Company;
pub use news::News;
pub use pace::Pace;
pub use preferences_file::PreferencesFile;
pub use realtime::RealtimeEnd;
pub use remote::{RemoteError, RemoteSettings};
pub use schedule::{Schedule, Timing};
pub use score_source::{LoadedScore, ScoreLoadError, ScoreSource};
pub use session::BookView;
pub use settings::Settings;
pub use snapshot::{HeardNote, Level, Message, Overload, Place, Severity, Snapshot};
pub use transport::HostTransport;
