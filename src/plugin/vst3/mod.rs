//! The VST3 that hosts are given: the framework's, within an object of ours that keeps from it what it does not stand (`nice-plug` 0.4.2).
//!
//! - Of a parameter or a latency that the audio thread changes the framework has another thread tell, on Linux one of its own, which panics where
//!   the window is opened meanwhile; the last instance then took the host along. And it tells that thread by a system call. Here the
//!   parameters are set before the framework sees the block, and editor and host are told when the worker next looks.
//! - It leaves what a host sets while it processes to the next block, so that a project saved in between has the old value.
//! - It takes a block before any setup, and a parameter beyond the last, for faults of its own, and panics.
//! - A panic in it would end the host: here it becomes an error, but in its window, which is another object of its own.
//! - It leaves something of each window with the host, on Linux: [`view`].
//! - It says that a state is saved whatever became of it: [`stream`].

mod component;
mod factory;
mod host;
mod stream;
mod view;

use std::panic::{AssertUnwindSafe, catch_unwind};

/// What `call` gives, or `failed` where it panics: a panic must not reach the host.
fn contained<T>(failed: T, call: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or(failed)
}

/// Functions that are the framework's, with what they give where it panics.
macro_rules! passed_on {
    ($of:ident { $(fn $name:ident($($argument:ident: $type:ty),*) -> $result:ty, or $failed:expr;)* }) => { $(
        unsafe fn $name(&self, $($argument: $type),*) -> $result {
            // SAFETY: what the host promises this function it promises the framework's.
            $crate::plugin::vst3::contained($failed, || unsafe { $of::$name(self.framework(), $($argument),*) })
        }
    )* };
}

use passed_on;
