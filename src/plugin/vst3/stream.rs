//! States on their way between a host and the framework.
//!
//! The framework (`nice-plug` 0.4.2, `wrapper/vst3/wrapper.rs`) asks a host's stream how long it is, which not each can say, takes what one call
//! reads for all there is, and says that a state was saved whatever the host took of it. So it is given streams of ours, and what goes to or
//! comes from the host's goes as far as it goes.

use nice_plug::wrapper::vst3::vst3::Steinberg::{
    IBStream, IBStream_::IStreamSeekMode_, IBStreamTrait, int32, int64, kInvalidArgument, kResultOk, tresult,
};
use nice_plug::wrapper::vst3::vst3::{Class, ComRef, ComWrapper};
use std::ffi::c_void;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Longer than any state, in bytes. The framework's limit in CLAP.
const MOST_BYTES: usize = 256 << 20;

/// What a host is asked for at once, in bytes.
const PART_BYTES: usize = 64 << 10;

/// Everything from where a host's stream stands to its end. `None` if that does not come.
pub fn read_all(host: ComRef<'_, IBStream>) -> Option<Vec<u8>> {
    let (mut bytes, mut part) = (Vec::new(), vec![0; PART_BYTES]);
    loop {
        let mut count = 0;
        // SAFETY: there is room for so many bytes, and for how many it were. At the end some hosts give none, and others an error.
        unsafe { host.read(part.as_mut_ptr().cast(), PART_BYTES as int32, &mut count) };
        let read = part.get(..usize::try_from(count).ok()?)?;
        if read.is_empty() {
            return Some(bytes);
        }
        if bytes.len() + read.len() > MOST_BYTES || bytes.try_reserve(read.len()).is_err() {
            return None;
        }
        bytes.extend_from_slice(read);
    }
}

/// Writes everything. Whether the host took it.
pub fn write_all(host: ComRef<'_, IBStream>, mut bytes: &[u8]) -> bool {
    while !bytes.is_empty() {
        // A host that says nothing of how many it took has taken all.
        let most = bytes.len().min(int32::MAX as usize) as int32;
        let mut count = most;
        // SAFETY: so many bytes are there, and room for how many it took.
        let result = unsafe { host.write(bytes.as_ptr().cast_mut().cast(), most, &mut count) };
        match usize::try_from(count).ok().and_then(|count| bytes.get(count..)) {
            Some(rest) if result == kResultOk && count > 0 => bytes = rest,
            _ => return false,
        }
    }
    true
}

/// A stream in memory.
#[derive(Default)]
pub struct Memory(Mutex<Content>);

#[derive(Default)]
struct Content {
    bytes: Vec<u8>,
    position: usize,
}

impl Memory {
    /// One that has these bytes, and stands before them.
    pub fn new(bytes: Vec<u8>) -> ComWrapper<Memory> {
        ComWrapper::new(Memory(Mutex::new(Content { bytes, position: 0 })))
    }

    /// Its bytes, of which it has none any more.
    pub fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.content()).bytes
    }

    fn content(&self) -> MutexGuard<'_, Content> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Class for Memory {
    type Interfaces = (IBStream,);
}

impl IBStreamTrait for Memory {
    unsafe fn read(&self, to: *mut c_void, most: int32, count: *mut int32) -> tresult {
        let mut content = self.content();
        let Content { bytes, position } = &mut *content;
        let part = bytes.get(*position..).unwrap_or_default();
        let part = &part[..part.len().min(most.max(0) as usize)];
        // SAFETY: the framework gives room for so many bytes, and for how many it were.
        unsafe {
            std::ptr::copy_nonoverlapping(part.as_ptr(), to.cast(), part.len());
            if let Some(count) = count.as_mut() {
                *count = part.len() as int32;
            }
        }
        *position += part.len();
        kResultOk
    }

    unsafe fn write(&self, from: *mut c_void, length: int32, count: *mut int32) -> tresult {
        // SAFETY: the framework gives so many bytes, and room for how many it were. It only ever writes at the end.
        unsafe {
            let bytes = std::slice::from_raw_parts(from.cast::<u8>(), length.max(0) as usize);
            self.content().bytes.extend_from_slice(bytes);
            if let Some(count) = count.as_mut() {
                *count = length;
            }
        }
        kResultOk
    }

    unsafe fn seek(&self, by: int64, from: int32, to: *mut int64) -> tresult {
        let mut content = self.content();
        #[allow(clippy::unnecessary_cast)] // Its type is another on Windows.
        let base = match from as _ {
            IStreamSeekMode_::kIBSeekSet => 0,
            IStreamSeekMode_::kIBSeekCur => content.position,
            IStreamSeekMode_::kIBSeekEnd => content.bytes.len(),
            _ => return kInvalidArgument,
        };
        let Some(position) = base.checked_add_signed(by as isize) else { return kInvalidArgument };
        content.position = position;
        drop(content);
        // SAFETY: null, or room for the position.
        unsafe { self.tell(to) }
    }

    unsafe fn tell(&self, position: *mut int64) -> tresult {
        // SAFETY: as above.
        if let Some(position) = unsafe { position.as_mut() } {
            *position = self.content().position as int64;
        }
        kResultOk
    }
}
