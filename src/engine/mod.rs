//! The engine: joins the rooms into one streaming whole. The same code runs in the plugin and the command.

mod book;
mod command;
mod config;
mod error;
mod event;
mod hearing;
mod offline;
mod pipeline;
mod second_pass;

pub use book::{Book, Heard};
pub use command::FollowCommand;
pub use config::{EngineConfig, EstimatorKind};
pub use error::EngineError;
pub use event::EngineEvent;
pub use offline::OfflineAligner;
pub use pipeline::Engine;
pub use second_pass::{Listened, SecondPass};
