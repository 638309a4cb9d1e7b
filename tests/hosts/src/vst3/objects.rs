//! What a host hands to a plugin: where it writes events and states, where it reads changes of parameters.

use std::cell::{Cell, RefCell};
use std::ffi::c_void;
use std::ptr::null_mut;
use std::sync::{Mutex, PoisonError};
use std::thread::ThreadId;
use vst3::Steinberg::Linux::{
    FileDescriptor, IEventHandler, IEventHandlerTrait, IRunLoop, IRunLoopTrait, ITimerHandler, TimerInterval,
};
use vst3::Steinberg::Vst::{
    Event, IComponentHandler, IComponentHandler2, IComponentHandler2Trait, IComponentHandlerTrait,
    IEventList, IEventListTrait, IParamValueQueue, IParamValueQueueTrait, IParameterChanges,
    IParameterChangesTrait, ParamID,
};
use vst3::Steinberg::{
    FIDString, IBStream, IBStream_::IStreamSeekMode, IBStream_::IStreamSeekMode_, IBStreamTrait, IPlugFrame,
    IPlugFrameTrait, IPlugView, TBool, ViewRect, int32, int64, kInvalidArgument, kNotImplemented,
    kResultFalse, kResultOk, tresult,
};
use vst3::{Class, ComPtr, ComRef, ComWrapper};

/// Takes the events that the plugin sends. Room is made before, so that nothing allocates inside `process`.
pub(super) struct EventList(pub(super) RefCell<Vec<Event>>);

impl Class for EventList {
    type Interfaces = (IEventList,);
}

impl IEventListTrait for EventList {
    unsafe fn getEventCount(&self) -> int32 {
        self.0.borrow().len() as int32
    }

    unsafe fn getEvent(&self, index: int32, event: *mut Event) -> tresult {
        match self.0.borrow().get(index as usize) {
            // SAFETY: the caller gives a place for an event.
            Some(found) => unsafe {
                *event = *found;
                kResultOk
            },
            None => kInvalidArgument,
        }
    }

    unsafe fn addEvent(&self, event: *mut Event) -> tresult {
        // SAFETY: the caller gives an event.
        self.0.borrow_mut().push(unsafe { *event });
        kResultOk
    }
}

/// A state in memory.
#[derive(Default)]
pub(super) struct Stream {
    pub(super) bytes: RefCell<Vec<u8>>,
    pub(super) position: Cell<usize>,
    pub(super) habits: Habits,
}

/// How a host's stream may be.
#[derive(Clone, Copy, Default)]
pub(super) struct Habits {
    /// It reads and writes so many bytes at once, at most.
    pub(super) part: Option<usize>,
    /// It can only be read and written on.
    pub(super) runs_on: bool,
    /// It has room for so many bytes.
    pub(super) room: Option<usize>,
}

impl Class for Stream {
    type Interfaces = (IBStream,);
}

impl IBStreamTrait for Stream {
    unsafe fn read(&self, buffer: *mut c_void, count: int32, done: *mut int32) -> tresult {
        let bytes = self.bytes.borrow();
        let rest = &bytes[self.position.get().min(bytes.len())..];
        let length = rest.len().min(count.max(0) as usize).min(self.habits.part.unwrap_or(usize::MAX));
        // SAFETY: the caller gives room for `count` bytes and, unless null, for the count read.
        unsafe {
            std::ptr::copy_nonoverlapping(rest.as_ptr(), buffer.cast::<u8>(), length);
            if !done.is_null() {
                *done = length as int32;
            }
        }
        self.position.set(self.position.get() + length);
        kResultOk
    }

    unsafe fn write(&self, buffer: *mut c_void, count: int32, done: *mut int32) -> tresult {
        // Nothing need not have a place.
        if count < 0 || count > 0 && buffer.is_null() {
            return kInvalidArgument;
        }
        let room = self.habits.room.map_or(usize::MAX, |room| room.saturating_sub(self.bytes.borrow().len()));
        let count = (count as usize).min(self.habits.part.unwrap_or(usize::MAX)).min(room) as int32;
        // SAFETY: the caller gives `count` bytes and, unless null, room for the count written.
        unsafe {
            if count > 0 {
                let written = std::slice::from_raw_parts(buffer.cast::<u8>(), count as usize);
                self.bytes.borrow_mut().extend_from_slice(written);
            }
            if !done.is_null() {
                *done = count;
            }
        }
        self.position.set(self.bytes.borrow().len());
        kResultOk
    }

    unsafe fn seek(&self, to: int64, mode: int32, result: *mut int64) -> tresult {
        if self.habits.runs_on {
            return kNotImplemented;
        }
        let base = match mode as IStreamSeekMode {
            IStreamSeekMode_::kIBSeekSet => 0,
            IStreamSeekMode_::kIBSeekCur => self.position.get() as i64,
            IStreamSeekMode_::kIBSeekEnd => self.bytes.borrow().len() as i64,
            _ => return kInvalidArgument,
        };
        self.position.set((base + to).max(0) as usize);
        // SAFETY: unless null, the caller gives room for the position.
        unsafe { self.tell(result) }
    }

    unsafe fn tell(&self, position: *mut int64) -> tresult {
        if self.habits.runs_on {
            return kNotImplemented;
        }
        if !position.is_null() {
            // SAFETY: as above.
            unsafe { *position = self.position.get() as i64 };
        }
        kResultOk
    }
}

/// One value of one parameter, at one sample of a block.
pub(super) struct Point {
    id: ParamID,
    at: i32,
    value: f64,
}

impl Class for Point {
    type Interfaces = (IParamValueQueue,);
}

impl IParamValueQueueTrait for Point {
    unsafe fn getParameterId(&self) -> ParamID {
        self.id
    }

    unsafe fn getPointCount(&self) -> int32 {
        1
    }

    unsafe fn getPoint(&self, index: int32, at: *mut int32, value: *mut f64) -> tresult {
        if index != 0 {
            return kInvalidArgument;
        }
        // SAFETY: the caller gives a place for each.
        unsafe {
            *at = self.at;
            *value = self.value;
        }
        kResultOk
    }

    unsafe fn addPoint(&self, _at: int32, _value: f64, _index: *mut int32) -> tresult {
        kResultFalse
    }
}

/// The changes of parameters within a block.
#[derive(Default)]
pub(super) struct Changes(RefCell<Vec<ComPtr<IParamValueQueue>>>);

impl Changes {
    /// Adds a change; `value` is 0-1.
    pub(super) fn add(&self, id: u32, at: u32, value: f64) {
        let point = ComWrapper::new(Point { id, at: at as i32, value });
        self.0.borrow_mut().extend(point.to_com_ptr::<IParamValueQueue>());
    }

    pub(super) fn clear(&self) {
        self.0.borrow_mut().clear();
    }
}

impl Class for Changes {
    type Interfaces = (IParameterChanges,);
}

impl IParameterChangesTrait for Changes {
    unsafe fn getParameterCount(&self) -> int32 {
        self.0.borrow().len() as int32
    }

    unsafe fn getParameterData(&self, index: int32) -> *mut IParamValueQueue {
        self.0.borrow().get(index as usize).map_or(null_mut(), |queue| queue.as_ptr())
    }

    unsafe fn addParameterData(&self, _id: *const ParamID, _index: *mut int32) -> *mut IParamValueQueue {
        null_mut()
    }
}

/// What is done when a plugin wants a restart.
type OnRestart = Box<dyn Fn(int32) + Send>;

/// Hears what a plugin changes by itself, from whichever thread tells it.
#[derive(Default)]
pub(super) struct Handler {
    edits: Mutex<Vec<(ParamID, f64, ThreadId)>>,
    dirty: Mutex<Vec<ThreadId>>,
    restart: Mutex<Option<OnRestart>>,
}

impl Handler {
    /// The threads that said since this was last asked that there is something to save.
    pub(super) fn dirty(&self) -> Vec<ThreadId> {
        std::mem::take(&mut self.dirty.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
impl Handler {
    /// The changes since this was last asked.
    pub(super) fn edits(&self) -> Vec<(ParamID, f64, ThreadId)> {
        std::mem::take(&mut self.edits.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What is done when the plugin wants a restart, on its thread.
    pub(super) fn on_restart(&self, what: impl Fn(int32) + Send + 'static) {
        *self.restart.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(what));
    }
}

impl Class for Handler {
    type Interfaces = (IComponentHandler, IComponentHandler2);
}

impl IComponentHandlerTrait for Handler {
    unsafe fn beginEdit(&self, _id: ParamID) -> tresult {
        kResultOk
    }

    unsafe fn performEdit(&self, id: ParamID, value: f64) -> tresult {
        let thread = std::thread::current().id();
        self.edits.lock().unwrap_or_else(PoisonError::into_inner).push((id, value, thread));
        kResultOk
    }

    unsafe fn endEdit(&self, _id: ParamID) -> tresult {
        kResultOk
    }

    unsafe fn restartComponent(&self, flags: int32) -> tresult {
        if let Some(what) = &*self.restart.lock().unwrap_or_else(PoisonError::into_inner) {
            what(flags);
        }
        kResultOk
    }
}

impl IComponentHandler2Trait for Handler {
    unsafe fn setDirty(&self, state: TBool) -> tresult {
        if state != 0 {
            let thread = std::thread::current().id();
            self.dirty.lock().unwrap_or_else(PoisonError::into_inner).push(thread);
        }
        kResultOk
    }

    unsafe fn requestOpenEditor(&self, _name: FIDString) -> tresult {
        kNotImplemented
    }

    unsafe fn startGroupEdit(&self) -> tresult {
        kNotImplemented
    }

    unsafe fn finishGroupEdit(&self) -> tresult {
        kNotImplemented
    }
}

/// The frame of a plugin's window, which has one size, and what a plugin has on the main thread meanwhile, as hosts on Linux offer it.
#[derive(Default)]
pub(super) struct Frame(RefCell<Vec<(ComPtr<IEventHandler>, FileDescriptor)>>);

impl Frame {
    /// Calls whoever waits for something to read that is there. For the main thread.
    pub(super) fn turn(&self) {
        let handlers = self.0.borrow().clone();
        for (handler, fd) in handlers {
            if is_readable(fd) {
                // SAFETY: the handler lives; this is the main thread.
                unsafe { handler.onFDIsSet(fd) };
            }
        }
    }

    /// How many wait.
    #[cfg(all(test, target_os = "linux"))]
    pub(super) fn handlers(&self) -> usize {
        self.0.borrow().len()
    }
}

/// Whether something can be read there, now.
#[cfg(not(windows))]
fn is_readable(fd: FileDescriptor) -> bool {
    let mut asked = libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
    // SAFETY: one such struct, for the length of the call, which does not wait.
    unsafe { libc::poll(&mut asked, 1, 0) > 0 && asked.revents & libc::POLLIN != 0 }
}

/// Plugins wait for nothing in this way there.
#[cfg(windows)]
fn is_readable(_fd: FileDescriptor) -> bool {
    false
}

impl Class for Frame {
    type Interfaces = (IPlugFrame, IRunLoop);
}

impl IPlugFrameTrait for Frame {
    unsafe fn resizeView(&self, _view: *mut IPlugView, _size: *mut ViewRect) -> tresult {
        kResultFalse
    }
}

impl IRunLoopTrait for Frame {
    unsafe fn registerEventHandler(&self, handler: *mut IEventHandler, fd: FileDescriptor) -> tresult {
        // SAFETY: null, or the plugin's for this call.
        let Some(handler) = (unsafe { ComRef::from_raw(handler) }) else { return kInvalidArgument };
        self.0.borrow_mut().push((handler.to_com_ptr(), fd));
        kResultOk
    }

    unsafe fn unregisterEventHandler(&self, handler: *mut IEventHandler) -> tresult {
        let mut handlers = self.0.borrow_mut();
        let Some(at) = handlers.iter().position(|(known, _)| known.as_ptr() == handler) else {
            return kInvalidArgument;
        };
        let gone = handlers.remove(at);
        // It may unregister another with its end.
        drop(handlers);
        drop(gone);
        kResultOk
    }

    unsafe fn registerTimer(&self, _handler: *mut ITimerHandler, _interval: TimerInterval) -> tresult {
        kNotImplemented
    }

    unsafe fn unregisterTimer(&self, _handler: *mut ITimerHandler) -> tresult {
        kNotImplemented
    }
}
