//! An instance may go once the framework's thread is done with it.
//!
//! `nice-plug` 0.4.2 tells hosts of another latency, that the audio thread found to be due, on one thread for all VST3 instances of a process, on Linux
//! (`event_loop/background_thread.rs`; elsewhere, and for CLAP, it has the host's main thread do that). If that thread comes to a message of an
//! instance that is gone, it ends, and no latency of the others is told any more. So nothing is left for it when an instance is deactivated.

use super::CollaParte;
use crossbeam_channel::{Sender, bounded};
use nice_plug::prelude::AsyncExecutor;
use std::time::Duration;

/// The longest wait. The thread has microseconds of work, where the machine lets it.
const PATIENCE: Duration = Duration::from_secs(2);

/// What the framework calls that thread.
const ITS_NAME: &str = "bg-worker";

/// A task that tells whoever waits that the thread has come to it.
#[derive(Debug)]
pub struct Reached(Sender<()>);

impl Reached {
    /// Tells it.
    pub fn tell(self) {
        // Whoever waited may have given up.
        let _ = self.0.send(());
    }
}

/// Waits until the framework's thread has come to everything that it was told before. Not for the audio thread.
pub fn settle(executor: &AsyncExecutor<CollaParte>) {
    // A host may deactivate from within what it is told there.
    if std::thread::current().name() == Some(ITS_NAME) {
        return;
    }
    let (sender, reached) = bounded(1);
    executor.execute_background(Reached(sender));
    // Where the task was not taken its sender is gone, and this returns at once.
    let _ = reached.recv_timeout(PATIENCE);
}
