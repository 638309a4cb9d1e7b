//! Tells a preloaded shim, if there is one, when the thread is inside the plugin's `process`.

use std::sync::OnceLock;

type Hook = unsafe extern "C" fn();

/// The shim's hooks, looked up in the process once.
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

/// What the shim counted since the process began; `None` if there is no shim. Prints each kind.
pub fn violations() -> Option<u64> {
    let process = libloading::os::unix::Library::this();
    // SAFETY: the shim defines the symbol as this function.
    unsafe {
        let count =
            process.get::<unsafe extern "C" fn() -> std::ffi::c_ulong>(b"realtime_violations\0").ok()?;
        Some(count())
    }
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
