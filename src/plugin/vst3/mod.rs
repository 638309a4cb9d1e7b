//! The VST3 that hosts are given: the framework's, within an object of ours that keeps from it what it does not stand (`nice-plug` 0.4.2).
//!
//! - Of a parameter that the audio thread changes the framework tells the editor, on Linux on a thread of its own, which panics where
//!   the window is opened meanwhile; the last instance then took the host along. And it tells that thread by a system call. Here the
//!   parameters are set before the framework sees the block, and the editor looks when the worker next does.
//! - It leaves what a host sets while it processes to the next block, so that a project saved in between has the old value.
//! - It takes a block before any setup, and a parameter beyond the last, for faults of its own, and panics.
//! - A panic in it would end the host: here it becomes an error, for all but its window.

mod component;
mod factory;
mod values;

use super::params::Parameters;
use crate::bridge::Bridge;
use std::cell::RefCell;
use std::sync::{Arc, Weak};

/// What an instance has that both the framework and the object around it use.
#[derive(Clone, Default)]
struct Insides {
    params: Weak<Parameters>,
    bridge: Weak<Bridge>,
}

thread_local! {
    static MADE: RefCell<Insides> = RefCell::default();
}

/// Remembers what this thread made last. The framework makes a plugin by its `Default`, and lets nobody look into it.
pub(super) fn made(params: &Arc<Parameters>, bridge: &Arc<Bridge>) {
    let insides = Insides { params: Arc::downgrade(params), bridge: Arc::downgrade(bridge) };
    MADE.with(|made| made.replace(insides));
}
