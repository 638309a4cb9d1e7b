//! The VST3 that hosts are given: the framework's, within an object of ours that keeps from it what it does not stand (`nice-plug` 0.4.2).
//!
//! - Of a parameter or a latency that the audio thread changes the framework has another thread tell, on Linux one of its own, which panics where
//!   the window is opened meanwhile; the last instance then took the host along. And it tells that thread by a system call. Here the
//!   parameters are set before the framework sees the block, and editor and host are told when the worker next looks.
//! - It leaves what a host sets while it processes to the next block, so that a project saved in between has the old value.
//! - It takes a block before any setup, and a parameter beyond the last, for faults of its own, and panics.
//! - A panic in it would end the host: here it becomes an error, for all but its window.

mod component;
mod factory;
mod host;
