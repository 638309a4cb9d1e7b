//! An instance may go once the framework's thread is done with it.
//!
//! `nice-plug` 0.4.2 has one thread for the VST3 instances of a process do what is to be done on the main thread, on Linux, where no window is open
//! (`event_loop/background_thread.rs`): here that is to tell the host of another latency. If that thread comes to a task of an
//! instance that is gone, it ends, and no task of the others is done any more. So nothing is left for it when an instance is deactivated.

use super::CollaParte;
use crossbeam_channel::bounded;
use nice_plug::prelude::AsyncExecutor;
use std::time::Duration;

/// The longest wait. The thread has microseconds of work, where machine and host let it.
const PATIENCE: Duration = Duration::from_secs(2);

/// What the framework calls that thread.
const ITS_NAME: &str = "bg-worker";

/// Something to be done on another thread of the framework's.
pub struct Task(Box<dyn FnOnce() + Send>);

impl Task {
    /// Has `work` done.
    pub fn new(work: impl FnOnce() + Send + 'static) -> Task {
        Task(Box::new(work))
    }

    /// Does it.
    pub fn run(self) {
        self.0();
    }
}

/// Waits until the framework's thread has come to everything that it was told before. Not for the audio thread.
pub fn settle(executor: &AsyncExecutor<CollaParte>) {
    // A host may deactivate from within what it is told there.
    if std::thread::current().name() == Some(ITS_NAME) {
        return;
    }
    let (sender, reached) = bounded::<()>(1);
    executor.execute_background(Task::new(move || {
        // Whoever waited may have given up.
        let _ = sender.send(());
    }));
    // Where the task was not taken its sender is gone, and this returns at once.
    let _ = reached.recv_timeout(PATIENCE);
}
