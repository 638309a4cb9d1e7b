//! Colla Parte: live polyphonic transcription, score following and a session's take book.
//!
//! A tour, from the ground up; each storey uses only those below it:
//! - [`units`], [`score`], [`performance`]: the words everything else is said in.
//! - the rooms, which do not know each other: samples to spectra, spectra to note evidence, evidence to notes,
//!   evidence to a place in the score, places to takes, bytes to scores, results to bytes.
//! - [`engine`]: joins the rooms into one streaming whole.
//! - the shell: the plugin with its worker thread and editor, and the command.

#[forbid(unsafe_code)]
pub mod audio;
#[forbid(unsafe_code)]
pub mod bridge;
#[forbid(unsafe_code)]
pub mod cli;
#[cfg(feature = "editor")]
#[forbid(unsafe_code)]
pub mod editor;
#[forbid(unsafe_code)]
pub mod engine;
#[cfg(feature = "engrave")]
#[forbid(unsafe_code)]
pub mod engraving;
#[forbid(unsafe_code)]
pub mod follower;
#[forbid(unsafe_code)]
pub mod network;
#[forbid(unsafe_code)]
pub mod notes;
#[forbid(unsafe_code)]
pub mod performance;
#[cfg(feature = "plugin")]
pub mod plugin;
#[forbid(unsafe_code)]
pub mod readers;
#[forbid(unsafe_code)]
pub mod salience;
#[forbid(unsafe_code)]
pub mod score;
#[forbid(unsafe_code)]
pub mod takes;
#[forbid(unsafe_code)]
pub mod units;
#[forbid(unsafe_code)]
pub mod writers;
