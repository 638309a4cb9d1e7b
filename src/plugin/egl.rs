//! The system's EGL stays loaded once a window has drawn with it.
//!
//! The window library (`baseview` 0.4.2) lets go of it with each window that closes. A thread of another window that is just ending calls a
//! destructor of EGL's own at its very end, which is gone by then: windows opened and closed fast enough ended the host.

use libloading::os::unix::{Library, RTLD_LAZY};
use std::sync::Once;

/// `RTLD_NODELETE` of the system's `bits/dlfcn.h`: not unloaded when it is let go of.
const RTLD_NODELETE: i32 = 0x1000;

/// Keeps it until the process ends.
pub fn keep() {
    static KEPT: Once = Once::new();
    KEPT.call_once(|| {
        // SAFETY: a window of ours draws with it, so it is loaded already, and nothing of it is run by this.
        let found = unsafe { Library::open(Some("libEGL.so.1"), RTLD_LAZY | RTLD_NODELETE) };
        // Where it goes by another name the window has found it, and it is not kept.
        found.map(std::mem::forget).ok();
    });
}
