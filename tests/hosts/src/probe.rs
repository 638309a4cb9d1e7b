//! Tells a preloaded shim, if there is one, when the thread is inside the plugin's `process`.

#[cfg(not(windows))]
use std::sync::OnceLock;

type Hook = unsafe extern "C" fn();

/// The shim's hooks, looked up in the process once.
#[cfg(not(windows))]
fn hooks() -> Option<&'static (Hook, Hook)> {
    static HOOKS: OnceLock<Option<(Hook, Hook)>> = OnceLock::new();
    HOOKS
        .get_or_init(|| {
            let process = libloading::os::unix::Library::this();
            // SAFETY: the shim defines both symbols as functions without arguments.
            unsafe {
                let enter = process.get::<Hook>(b"realtime_enter\0").ok()?;
                let leave = process.get::<Hook>(b"realtime_leave\0").ok()?;
                Some((*enter, *leave))
            }
        })
        .as_ref()
}

#[cfg(not(windows))]
fn count(symbol: &[u8]) -> Option<u64> {
    let process = libloading::os::unix::Library::this();
    // SAFETY: the shim defines each symbol as this function.
    unsafe { Some(process.get::<unsafe extern "C" fn() -> std::ffi::c_ulong>(symbol).ok()?()) }
}

/// Nothing is preloaded on Windows.
#[cfg(windows)]
fn hooks() -> Option<&'static (Hook, Hook)> {
    None
}

#[cfg(windows)]
fn count(_symbol: &[u8]) -> Option<u64> {
    None
}

/// What the shim counted since the process began; `None` if there is no shim. Prints each kind that is new.
pub fn violations() -> Option<u64> {
    count(b"realtime_violations\0")
}

/// How many of them were sleeps, and system calls such as waking another thread.
pub fn waits() -> Option<u64> {
    count(b"realtime_waits\0")
}

/// The thread enters `process`.
pub fn enter() {
    if let Some((enter, _)) = hooks() {
        // SAFETY: see `hooks`.
        unsafe { enter() }
    }
}

/// The thread has left `process`.
pub fn leave() {
    if let Some((_, leave)) = hooks() {
        // SAFETY: see `hooks`.
        unsafe { leave() }
    }
}
