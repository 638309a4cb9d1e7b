//! A VST3 host.

use crate::{Instance, Midi, Setup, Timed, Transport};
use anyhow::{Context, Result, bail, ensure};
use libloading::os::unix::Library;
use std::cell::{Cell, RefCell};
use std::ffi::c_void;
use std::path::Path;
use std::ptr::null_mut;
use std::time::{Duration, Instant};
use vst3::Steinberg::Vst::Event_::EventTypes_;
use vst3::Steinberg::Vst::{
    AudioBusBuffers, AudioBusBuffers__type0, BusDirections_, Event, IAudioProcessor, IAudioProcessorTrait,
    IComponent, IComponentTrait, IEventList, IEventListTrait, MediaTypes_, ProcessContext,
    ProcessContext_::StatesAndFlags_, ProcessData, ProcessModes_, ProcessSetup, SpeakerArr,
    SymbolicSampleSizes_,
};
use vst3::Steinberg::{
    IBStream, IBStream_::IStreamSeekMode_, IBStreamTrait, IPluginBaseTrait, IPluginFactory,
    IPluginFactoryTrait, PClassInfo, int32, int64, kInvalidArgument, kResultOk, kResultTrue, tresult,
};
use vst3::{Class, ComPtr, ComWrapper, Interface};

type ModuleEntry = unsafe extern "C" fn(*mut c_void) -> bool;
type ModuleExit = unsafe extern "C" fn() -> bool;
type GetFactory = unsafe extern "system" fn() -> *mut IPluginFactory;

/// A loaded module; dropped after everything that came out of it.
struct Module(Library);

impl Module {
    fn load(bundle: &Path) -> Result<Module> {
        let stem = bundle.file_stem().context("a bundle without name")?;
        let architecture = format!("{}-linux", std::env::consts::ARCH);
        let binary = bundle.join("Contents").join(architecture).join(stem).with_extension("so");
        // SAFETY: the bundle is the one that this project built; the entry is called once, as VST3 asks.
        unsafe {
            let handle = Library::new(&binary).with_context(|| binary.display().to_string())?.into_raw();
            let module = Module(Library::from_raw(handle));
            let entry = *module.0.get::<ModuleEntry>(b"ModuleEntry\0")?;
            ensure!(entry(handle), "{}: ModuleEntry failed", binary.display());
            Ok(module)
        }
    }

    fn factory(&self) -> Result<ComPtr<IPluginFactory>> {
        // SAFETY: the symbol has this type in every VST3 module, and hands out a reference.
        unsafe {
            let factory = *self.0.get::<GetFactory>(b"GetPluginFactory\0")?;
            ComPtr::from_raw(factory()).context("no factory")
        }
    }
}

impl Drop for Module {
    fn drop(&mut self) {
        // SAFETY: the symbol has this type in every VST3 module.
        unsafe {
            if let Ok(exit) = self.0.get::<ModuleExit>(b"ModuleExit\0") {
                exit();
            }
        }
    }
}

/// Takes the events that the plugin sends. Room is made before, so that nothing allocates inside `process`.
struct EventList(RefCell<Vec<Event>>);

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
struct Stream {
    bytes: RefCell<Vec<u8>>,
    position: Cell<usize>,
}

impl Class for Stream {
    type Interfaces = (IBStream,);
}

impl IBStreamTrait for Stream {
    unsafe fn read(&self, buffer: *mut c_void, count: int32, done: *mut int32) -> tresult {
        let bytes = self.bytes.borrow();
        let rest = &bytes[self.position.get().min(bytes.len())..];
        let length = rest.len().min(count.max(0) as usize);
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
        // SAFETY: the caller gives `count` bytes and, unless null, room for the count written.
        unsafe {
            let written = std::slice::from_raw_parts(buffer.cast::<u8>(), count.max(0) as usize);
            self.bytes.borrow_mut().extend_from_slice(written);
            if !done.is_null() {
                *done = count;
            }
        }
        self.position.set(self.bytes.borrow().len());
        kResultOk
    }

    unsafe fn seek(&self, to: int64, mode: int32, result: *mut int64) -> tresult {
        let base = match mode as u32 {
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
        if !position.is_null() {
            // SAFETY: as above.
            unsafe { *position = self.position.get() as i64 };
        }
        kResultOk
    }
}

// Fields drop in order: all objects before the module they came from.
pub(crate) struct Vst3Instance {
    processor: ComPtr<IAudioProcessor>,
    component: ComPtr<IComponent>,
    events: ComWrapper<EventList>,
    input: Vec<Vec<f32>>,
    offline: bool,
    active: bool,
    rate_hz: f64,
    transport: Option<Transport>,
    _module: Module,
}

impl Vst3Instance {
    pub fn open(bundle: &Path) -> Result<Vst3Instance> {
        let module = Module::load(bundle)?;
        let factory = module.factory()?;
        // SAFETY: calls as the VST3 interfaces describe them, with valid places for every result.
        unsafe {
            let mut found: Option<ComPtr<IComponent>> = None;
            for index in 0..factory.countClasses() {
                let mut info: PClassInfo = std::mem::zeroed();
                ensure!(factory.getClassInfo(index, &mut info) == kResultOk, "a class without description");
                let mut object = null_mut();
                let iid = IComponent::IID;
                if factory.createInstance(info.cid.as_ptr(), iid.as_ptr().cast(), &mut object) == kResultOk {
                    found = ComPtr::from_raw(object.cast());
                    break;
                }
            }
            let component = found.context("the factory makes no component")?;
            ensure!(component.initialize(null_mut()) == kResultOk, "initialize failed");
            let processor = component.cast::<IAudioProcessor>().context("no audio processor")?;
            let event_buses =
                component.getBusCount(MediaTypes_::kEvent as int32, BusDirections_::kOutput as int32);
            ensure!(event_buses == 1, "expected 1 event output, found {event_buses}");
            Ok(Vst3Instance {
                processor,
                component,
                events: ComWrapper::new(EventList(RefCell::new(Vec::with_capacity(4096)))),
                input: Vec::new(),
                offline: false,
                active: false,
                rate_hz: 0.0,
                transport: None,
                _module: module,
            })
        }
    }
}

impl Instance for Vst3Instance {
    fn activate(&mut self, setup: &Setup) -> Result<()> {
        self.offline = setup.offline;
        self.rate_hz = setup.rate_hz;
        let mut arrangement = match setup.channels {
            1 => SpeakerArr::kMono,
            2 => SpeakerArr::kStereo,
            other => bail!("no layout with {other} channels"),
        };
        let mut same = arrangement;
        let mode = if setup.offline { ProcessModes_::kOffline } else { ProcessModes_::kRealtime };
        let mut process_setup = ProcessSetup {
            processMode: mode as int32,
            symbolicSampleSize: SymbolicSampleSizes_::kSample32 as int32,
            maxSamplesPerBlock: setup.largest_block as int32,
            sampleRate: setup.rate_hz,
        };
        // SAFETY: calls in the order that VST3 asks for.
        unsafe {
            let arranged = self.processor.setBusArrangements(&mut arrangement, 1, &mut same, 1);
            ensure!(arranged == kResultTrue, "{} channels refused", setup.channels);
            for (media, direction) in [
                (MediaTypes_::kAudio, BusDirections_::kInput),
                (MediaTypes_::kAudio, BusDirections_::kOutput),
                (MediaTypes_::kEvent, BusDirections_::kOutput),
            ] {
                self.component.activateBus(media as int32, direction as int32, 0, 1);
            }
            ensure!(self.processor.setupProcessing(&mut process_setup) == kResultOk, "setup refused");
            ensure!(self.component.setActive(1) == kResultOk, "activation refused");
            self.processor.setProcessing(1);
        }
        self.active = true;
        self.input = vec![vec![0.0; setup.largest_block]; setup.channels];
        Ok(())
    }

    fn deactivate(&mut self) {
        if std::mem::take(&mut self.active) {
            // SAFETY: calls in the order that VST3 asks for.
            unsafe {
                self.processor.setProcessing(0);
                self.component.setActive(0);
            }
        }
    }

    fn latency(&mut self) -> u32 {
        // SAFETY: a call without arguments.
        unsafe { self.processor.getLatencySamples() }
    }

    fn reset(&mut self) {
        // SAFETY: this pair of calls is how VST3 hosts reset.
        unsafe {
            self.processor.setProcessing(0);
            self.processor.setProcessing(1);
        }
    }

    fn set_transport(&mut self, transport: Option<Transport>) {
        self.transport = transport;
    }

    fn process(&mut self, channels: &mut [Vec<f32>], events: &mut Vec<Timed>) -> Result<Duration> {
        let length = channels[0].len();
        for (kept, samples) in self.input.iter_mut().zip(channels.iter()) {
            kept[..length].copy_from_slice(samples);
        }
        let mut inputs: [*mut f32; 2] = [null_mut(); 2];
        let mut outputs: [*mut f32; 2] = [null_mut(); 2];
        for (n, (kept, samples)) in self.input.iter_mut().zip(channels.iter_mut()).enumerate() {
            inputs[n] = kept.as_mut_ptr();
            outputs[n] = samples.as_mut_ptr();
        }
        let bus = |pointers: &mut [*mut f32; 2]| AudioBusBuffers {
            numChannels: channels.len() as int32,
            silenceFlags: 0,
            __field0: AudioBusBuffers__type0 { channelBuffers32: pointers.as_mut_ptr() },
        };
        let (mut input, mut output) = (bus(&mut inputs), bus(&mut outputs));
        self.events.0.borrow_mut().clear();
        let sink = self.events.to_com_ptr::<IEventList>().context("no event list")?;
        let mode = if self.offline { ProcessModes_::kOffline } else { ProcessModes_::kRealtime };
        // SAFETY: a struct of numbers, for which zero means that nothing is known.
        let mut context: ProcessContext = unsafe { std::mem::zeroed() };
        if let Some(transport) = self.transport {
            let flag = |on: bool, flag| if on { flag } else { 0 };
            context.state = flag(transport.playing, StatesAndFlags_::kPlaying)
                | flag(transport.recording, StatesAndFlags_::kRecording);
            context.sampleRate = self.rate_hz;
            context.projectTimeSamples = transport.position;
        }
        let mut data = ProcessData {
            processMode: mode as int32,
            symbolicSampleSize: SymbolicSampleSizes_::kSample32 as int32,
            numSamples: length as int32,
            numInputs: 1,
            numOutputs: 1,
            inputs: &mut input,
            outputs: &mut output,
            inputParameterChanges: null_mut(),
            outputParameterChanges: null_mut(),
            inputEvents: null_mut(),
            outputEvents: sink.as_ptr(),
            processContext: if self.transport.is_some() { &mut context } else { null_mut() },
        };
        let start = Instant::now();
        crate::probe::enter();
        // SAFETY: every pointer in `data` is null or valid during the call.
        let result = unsafe { self.processor.process(&mut data) };
        crate::probe::leave();
        let duration = start.elapsed();
        ensure!(result == kResultOk, "process failed: {result}");
        let mut last = 0;
        for event in self.events.0.borrow().iter() {
            let at = event.sampleOffset;
            ensure!(at >= last && (at as usize) < length, "event at {at} of {length} after {last}");
            last = at;
            events.extend(midi(event).map(|midi| (at as u64, midi)));
        }
        Ok(duration)
    }

    fn save(&mut self) -> Result<Vec<u8>> {
        let stream = ComWrapper::new(Stream::default());
        let pointer = stream.to_com_ptr::<IBStream>().context("no stream")?;
        // SAFETY: the stream lives beyond the call.
        ensure!(unsafe { self.component.getState(pointer.as_ptr()) } == kResultOk, "getState failed");
        Ok(stream.bytes.take())
    }

    fn load(&mut self, state: &[u8]) -> bool {
        let stream = ComWrapper::new(Stream { bytes: RefCell::new(state.to_vec()), position: Cell::new(0) });
        let Some(pointer) = stream.to_com_ptr::<IBStream>() else { return false };
        // SAFETY: the stream lives beyond the call.
        unsafe { self.component.setState(pointer.as_ptr()) == kResultOk }
    }
}

impl Drop for Vst3Instance {
    fn drop(&mut self) {
        self.deactivate();
        // SAFETY: the last call before the component is released.
        unsafe { self.component.terminate() };
    }
}

fn midi(event: &Event) -> Option<Midi> {
    // SAFETY: the type says which field is set.
    unsafe {
        match u32::from(event.r#type) {
            EventTypes_::kNoteOnEvent => {
                let note = event.__field0.noteOn;
                let velocity = (note.velocity * 127.0).round() as u8;
                Some(Midi::On { channel: note.channel as u8, pitch: note.pitch as u8, velocity })
            }
            EventTypes_::kNoteOffEvent => {
                let note = event.__field0.noteOff;
                Some(Midi::Off { channel: note.channel as u8, pitch: note.pitch as u8 })
            }
            EventTypes_::kLegacyMIDICCOutEvent => {
                let control = event.__field0.midiCCOut;
                Some(Midi::Control {
                    channel: control.channel as u8,
                    cc: control.controlNumber,
                    value: control.value as u8,
                })
            }
            _ => None,
        }
    }
}
