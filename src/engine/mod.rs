//! The engine: joins the rooms into one streaming whole. The same code runs in the plugin and the command.

mod config;
mod event;

pub use config::{EngineConfig, EstimatorKind};
pub use event::EngineEvent;
