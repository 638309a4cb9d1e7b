//! The window, and what it asks of the host's main thread.
//!
//! On Linux the framework (`nice-plug` 0.4.2, `wrapper/vst3/view.rs`) has the host's run loop call a handler of its own, one for each frame that it
//! is given, and keeps a reference to it that it never gives back: each window that was ever opened left its handler with the host, and two sockets
//! open, of the thousand files that a process may have. Here it is given a frame of ours, which knows of its handlers and lets go of them.

use super::{contained, passed_on};
use nice_plug::wrapper::vst3::vst3::Steinberg::Linux::{
    FileDescriptor, IEventHandler, IEventHandlerTrait, IRunLoop, IRunLoopTrait, ITimerHandler, TimerInterval,
};
use nice_plug::wrapper::vst3::vst3::Steinberg::{
    FIDString, IPlugFrame, IPlugFrameTrait, IPlugView, IPlugViewContentScaleSupport,
    IPlugViewContentScaleSupport_::ScaleFactor, IPlugViewContentScaleSupportTrait, IPlugViewTrait, TBool,
    ViewRect, char16, int16, kInternalError, kNotImplemented, kResultOk, tresult,
};
use nice_plug::wrapper::vst3::vst3::{Class, ComPtr, ComRef, ComWrapper};
use std::ffi::c_void;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The framework's window. All of it is called by the host's main thread.
pub struct View {
    framework: ComPtr<IPlugView>,
    scale: Option<ComPtr<IPlugViewContentScaleSupport>>,
    /// What the framework has with the host's run loop, where the host's frame has one.
    registered: Mutex<Option<Arc<Registered>>>,
    /// This, as the host has it.
    own: AtomicPtr<IPlugView>,
    is_open: AtomicBool,
    /// It is open, and has a run loop.
    has_loop: Arc<AtomicBool>,
}

impl Class for View {
    type Interfaces = (IPlugView, IPlugViewContentScaleSupport);
}

impl View {
    /// What a host is given in the place of a window of the framework's: null in that of none. `has_loop` says from then on whether the window
    /// is open and has the host's run loop.
    ///
    /// # Safety
    /// `framework` is null, or a reference that is the caller's to give away.
    pub unsafe fn in_place_of(framework: *mut IPlugView, has_loop: Arc<AtomicBool>) -> *mut IPlugView {
        // SAFETY: the caller's promise.
        let Some(framework) = (unsafe { ComPtr::from_raw(framework) }) else { return null_mut() };
        let scale = framework.cast();
        let (registered, own) = (Mutex::default(), AtomicPtr::default());
        let is_open = AtomicBool::new(false);
        let view = ComWrapper::new(View { framework, scale, registered, own, is_open, has_loop });
        let own = view.to_com_ptr::<IPlugView>().map_or(null_mut(), ComPtr::into_raw);
        view.own.store(own, Ordering::Relaxed);
        own
    }

    fn framework(&self) -> &ComPtr<IPlugView> {
        &self.framework
    }

    /// Gives the framework another frame, or none, and has the host of the one before let go of everything.
    fn set(&self, host: Option<ComRef<'_, IPlugFrame>>) -> tresult {
        let before = self.registered().take();
        self.has_loop.store(false, Ordering::Release);
        if let Some(registered) = &before {
            registered.call();
        }
        let frame = host.and_then(|host| {
            let frame = Frame { host: host.to_com_ptr(), view: self.own.load(Ordering::Relaxed) };
            match host.cast::<IRunLoop>() {
                Some(run_loop) => {
                    let registered = Arc::new(Registered { run_loop, handlers: Mutex::default() });
                    *self.registered() = Some(registered.clone());
                    ComWrapper::new(FrameWithLoop { frame, registered }).to_com_ptr::<IPlugFrame>()
                }
                None => ComWrapper::new(frame).to_com_ptr::<IPlugFrame>(),
            }
        });
        // SAFETY: null, or a frame, to which the framework takes a reference of its own.
        let result =
            unsafe { self.framework.setFrame(frame.as_ref().map_or(null_mut(), |frame| frame.as_ptr())) };
        if let Some(registered) = before {
            registered.let_go();
        }
        self.look();
        result
    }

    /// Says what is so now.
    fn look(&self) {
        let has_loop = self.is_open.load(Ordering::Relaxed) && self.registered().is_some();
        self.has_loop.store(has_loop, Ordering::Release);
    }

    fn registered(&self) -> MutexGuard<'_, Option<Arc<Registered>>> {
        self.registered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for View {
    fn drop(&mut self) {
        // The framework keeps its window until the next one.
        contained(kInternalError, || self.set(None));
    }
}

impl IPlugViewTrait for View {
    passed_on! { IPlugViewTrait {
        fn isPlatformTypeSupported(kind: FIDString) -> tresult, or kInternalError;
        fn onWheel(distance: f32) -> tresult, or kInternalError;
        fn onKeyDown(key: char16, code: int16, modifiers: int16) -> tresult, or kInternalError;
        fn onKeyUp(key: char16, code: int16, modifiers: int16) -> tresult, or kInternalError;
        fn getSize(size: *mut ViewRect) -> tresult, or kInternalError;
        fn onSize(size: *mut ViewRect) -> tresult, or kInternalError;
        fn onFocus(state: TBool) -> tresult, or kInternalError;
        fn canResize() -> tresult, or kInternalError;
        fn checkSizeConstraint(size: *mut ViewRect) -> tresult, or kInternalError;
    } }

    unsafe fn attached(&self, parent: *mut c_void, kind: FIDString) -> tresult {
        // SAFETY: what the host promises this function it promises the framework's.
        let result = contained(kInternalError, || unsafe { self.framework.attached(parent, kind) });
        self.is_open.fetch_or(result == kResultOk, Ordering::Relaxed);
        self.look();
        result
    }

    unsafe fn removed(&self) -> tresult {
        self.is_open.store(false, Ordering::Relaxed);
        self.look();
        // SAFETY: as above.
        contained(kInternalError, || unsafe { self.framework.removed() })
    }

    unsafe fn setFrame(&self, frame: *mut IPlugFrame) -> tresult {
        // SAFETY: null, or the host's for this call.
        contained(kInternalError, || self.set(unsafe { ComRef::from_raw(frame) }))
    }
}

impl IPlugViewContentScaleSupportTrait for View {
    unsafe fn setContentScaleFactor(&self, factor: ScaleFactor) -> tresult {
        contained(kInternalError, || match &self.scale {
            // SAFETY: a call without demands.
            Some(scale) => unsafe { scale.setContentScaleFactor(factor) },
            None => kNotImplemented,
        })
    }
}

/// What the framework has with a host's run loop.
struct Registered {
    run_loop: ComPtr<IRunLoop>,
    /// Each with what it waits for, and with the reference that the framework keeps.
    handlers: Mutex<Vec<(AtomicPtr<IEventHandler>, FileDescriptor)>>,
}

impl Registered {
    /// Does what the run loop has yet to call for. What is left the framework does when the handler goes; of an instance that another thread made,
    /// on one of its own, which ends where the instance has gone.
    fn call(&self) {
        let handlers: Vec<_> =
            self.handlers().iter().map(|(handler, fd)| (handler.load(Ordering::Relaxed), *fd)).collect();
        for (handler, fd) in handlers {
            // SAFETY: it lives until it is let go of; this is the main thread, as it would be in the loop.
            if let Some(handler) = unsafe { ComRef::from_raw(handler) } {
                unsafe { handler.onFDIsSet(fd) };
            }
        }
    }

    /// Has host and framework let go of what is still registered.
    fn let_go(&self) {
        let handlers = std::mem::take(&mut *self.handlers());
        for (handler, _) in handlers {
            let handler = handler.into_inner();
            // SAFETY: the framework has forgotten the frame, and with it this handler, but for the reference that it gives nobody, and that
            // is given back here. Were it to unregister what it forgets, as it means to, it would not be in the list.
            unsafe {
                self.run_loop.unregisterEventHandler(handler);
                drop(ComPtr::from_raw(handler));
            }
        }
    }

    fn handlers(&self) -> MutexGuard<'_, Vec<(AtomicPtr<IEventHandler>, FileDescriptor)>> {
        self.handlers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The host's frame, as the framework is given it.
struct Frame {
    host: ComPtr<IPlugFrame>,
    /// What the host takes for the window; it goes after this.
    view: *mut IPlugView,
}

impl Class for Frame {
    type Interfaces = (IPlugFrame,);
}

impl IPlugFrameTrait for Frame {
    unsafe fn resizeView(&self, _view: *mut IPlugView, size: *mut ViewRect) -> tresult {
        // SAFETY: what the framework promises this function it promises the host's.
        unsafe { self.host.resizeView(self.view, size) }
    }
}

/// The same of a host's that has a run loop.
struct FrameWithLoop {
    frame: Frame,
    registered: Arc<Registered>,
}

impl Class for FrameWithLoop {
    type Interfaces = (IPlugFrame, IRunLoop);
}

impl IPlugFrameTrait for FrameWithLoop {
    unsafe fn resizeView(&self, view: *mut IPlugView, size: *mut ViewRect) -> tresult {
        // SAFETY: the same function.
        unsafe { self.frame.resizeView(view, size) }
    }
}

impl IRunLoopTrait for FrameWithLoop {
    unsafe fn registerEventHandler(&self, handler: *mut IEventHandler, fd: FileDescriptor) -> tresult {
        // SAFETY: what the framework promises this function it promises the host's.
        let result = unsafe { self.registered.run_loop.registerEventHandler(handler, fd) };
        if result == kResultOk {
            self.registered.handlers().push((AtomicPtr::new(handler), fd));
        }
        result
    }

    unsafe fn unregisterEventHandler(&self, handler: *mut IEventHandler) -> tresult {
        let mut handlers = self.registered.handlers();
        let known = handlers.len();
        handlers.retain(|(other, _)| other.load(Ordering::Relaxed) != handler);
        let is_known = handlers.len() < known;
        drop(handlers);
        match is_known {
            // SAFETY: as above.
            true => unsafe { self.registered.run_loop.unregisterEventHandler(handler) },
            // It has been.
            false => kResultOk,
        }
    }

    unsafe fn registerTimer(&self, handler: *mut ITimerHandler, interval: TimerInterval) -> tresult {
        // SAFETY: as above.
        unsafe { self.registered.run_loop.registerTimer(handler, interval) }
    }

    unsafe fn unregisterTimer(&self, handler: *mut ITimerHandler) -> tresult {
        // SAFETY: as above.
        unsafe { self.registered.run_loop.unregisterTimer(handler) }
    }
}
