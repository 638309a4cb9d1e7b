//! What a host lets itself be told.

use nice_plug::wrapper::vst3::vst3::Steinberg::Vst::{
    IComponentHandler, IComponentHandler2, IComponentHandler2Trait, IComponentHandlerTrait,
    RestartFlags_::kLatencyChanged,
};
use nice_plug::wrapper::vst3::vst3::Steinberg::int32;
use nice_plug::wrapper::vst3::vst3::{ComPtr, ComRef};
use std::sync::{Mutex, PoisonError};

/// The handler of one instance, while there is one.
#[derive(Default)]
pub struct Host(Mutex<Option<Handler>>);

#[derive(Clone)]
struct Handler(ComPtr<IComponentHandler>);

// SAFETY: hosts count references with atomics, as VST3 says. It wants calls from the main thread alone; on Linux there is none to be had
// where no window is open, and the framework calls from another.
unsafe impl Send for Handler {}

impl Host {
    /// From now on it is this one.
    ///
    /// # Safety
    /// `handler` is null or one that the host has a reference to.
    pub unsafe fn set(&self, handler: *mut IComponentHandler) {
        // SAFETY: the caller's promise.
        let handler = unsafe { ComRef::from_raw(handler) }.map(|handler| Handler(handler.to_com_ptr()));
        self.replace(handler);
    }

    /// Nobody is told anything any more.
    pub fn forget(&self) {
        self.replace(None);
    }

    fn handler(&self) -> Option<Handler> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn replace(&self, handler: Option<Handler>) {
        let old = std::mem::replace(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner), handler);
        // A host may do anything when its last reference goes: not while this is locked.
        drop(old);
    }

    /// The project has yet to be saved.
    pub fn unsaved(&self) {
        let handler = self.handler().and_then(|Handler(handler)| handler.cast::<IComponentHandler2>());
        if let Some(handler) = handler {
            // SAFETY: a call without demands on an object that is held here.
            unsafe { handler.setDirty(1) };
        }
    }

    /// The latency is another.
    pub fn latency_changed(&self) {
        if let Some(Handler(handler)) = self.handler() {
            #[allow(clippy::unnecessary_cast)] // Its type is another on Windows.
            // SAFETY: a call without demands on an object that is held here.
            unsafe {
                handler.restartComponent(kLatencyChanged as int32)
            };
        }
    }
}
