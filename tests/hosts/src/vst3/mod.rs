//! A VST3 host.

mod module;
mod objects;
#[cfg(test)]
mod tests;

use crate::{AudioSide, Instance, Midi, Parameter, Setup, Timed, Transport, WindowSide};
use anyhow::{Context, Result, bail, ensure};
use module::Module;
use objects::{Changes, EventList, Frame, Handler, Stream};
use std::cell::RefCell;
use std::ffi::c_void;
use std::path::Path;
use std::ptr::null_mut;
use std::time::{Duration, Instant};
use vst3::Steinberg::Vst::ControllerNumbers;
use vst3::Steinberg::Vst::ControllerNumbers_::kPitchBend;
use vst3::Steinberg::Vst::Event_::{EventTypes, EventTypes_};
use vst3::Steinberg::Vst::{
    AudioBusBuffers, AudioBusBuffers__type0, BusDirections_, Event, IAudioProcessor, IAudioProcessorTrait,
    IComponent, IComponentHandler, IComponentTrait, IEditController, IEditControllerTrait, IEventList,
    IParameterChanges, MediaTypes_, ParameterInfo, ParameterInfo_::ParameterFlags_, ProcessContext,
    ProcessContext_::StatesAndFlags_, ProcessData, ProcessModes_, ProcessSetup, SpeakerArr,
    SymbolicSampleSizes_, ViewType,
};
#[cfg(windows)]
use vst3::Steinberg::kPlatformTypeHWND as PLATFORM;
#[cfg(not(windows))]
use vst3::Steinberg::kPlatformTypeX11EmbedWindowID as PLATFORM;
use vst3::Steinberg::{
    IBStream, IPlugFrame, IPlugView, IPlugViewTrait, IPluginBaseTrait, IPluginFactoryTrait, PClassInfo,
    ViewRect, int32, kResultOk, kResultTrue, uint32,
};
use vst3::{ComPtr, ComWrapper, Interface};

// Fields drop in order: all objects before the module they came from.
pub(crate) struct Vst3Instance {
    audio: Audio,
    component: ComPtr<IComponent>,
    main: Main,
    active: bool,
    handler: ComWrapper<Handler>,
    _module: Module,
}

struct Audio {
    processor: ComPtr<IAudioProcessor>,
    events: ComWrapper<EventList>,
    changes: ComWrapper<Changes>,
    input: Vec<Vec<f32>>,
    offline: bool,
    rate_hz: f64,
    transport: Option<Transport>,
}

struct Main {
    controller: ComPtr<IEditController>,
    view: Option<ComPtr<IPlugView>>,
    /// A host without one has no run loop either.
    frame: Option<ComWrapper<Frame>>,
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
            let controller = component.cast::<IEditController>().context("no controller in the component")?;
            let event_buses =
                component.getBusCount(MediaTypes_::kEvent as int32, BusDirections_::kOutput as int32);
            ensure!(event_buses == 1, "expected 1 event output, found {event_buses}");
            let audio = Audio {
                processor,
                events: ComWrapper::new(EventList(RefCell::new(Vec::with_capacity(4096)))),
                changes: ComWrapper::new(Changes::default()),
                input: Vec::new(),
                offline: false,
                rate_hz: 0.0,
                transport: None,
            };
            let handler = ComWrapper::new(Handler::default());
            let heard_by = handler.to_com_ptr::<IComponentHandler>().context("no handler")?;
            ensure!(controller.setComponentHandler(heard_by.as_ptr()) == kResultOk, "the handler is refused");
            let main = Main { controller, view: None, frame: Some(ComWrapper::new(Frame::default())) };
            Ok(Vst3Instance { audio, component, main, active: false, handler, _module: module })
        }
    }
}

impl Vst3Instance {
    /// Saves to a stream. What it has then.
    fn save_to(&mut self, stream: Stream) -> Result<Vec<u8>> {
        let stream = ComWrapper::new(stream);
        let pointer = stream.to_com_ptr::<IBStream>().context("no stream")?;
        // SAFETY: the stream lives beyond the call.
        ensure!(unsafe { self.component.getState(pointer.as_ptr()) } == kResultOk, "getState failed");
        Ok(stream.bytes.take())
    }

    /// Restores what a stream has; whether the plugin took it.
    fn load_from(&mut self, stream: Stream) -> bool {
        let Some(pointer) = ComWrapper::new(stream).to_com_ptr::<IBStream>() else { return false };
        // SAFETY: the stream lives beyond the call.
        unsafe { self.component.setState(pointer.as_ptr()) == kResultOk }
    }
}

impl Instance for Vst3Instance {
    fn activate(&mut self, setup: &Setup) -> Result<()> {
        self.audio.offline = setup.offline;
        self.audio.rate_hz = setup.rate_hz;
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
            let arranged = self.audio.processor.setBusArrangements(&mut arrangement, 1, &mut same, 1);
            ensure!(arranged == kResultTrue, "{} channels refused", setup.channels);
            for (media, direction) in [
                (MediaTypes_::kAudio, BusDirections_::kInput),
                (MediaTypes_::kAudio, BusDirections_::kOutput),
                (MediaTypes_::kEvent, BusDirections_::kOutput),
            ] {
                self.component.activateBus(media as int32, direction as int32, 0, 1);
            }
            ensure!(self.audio.processor.setupProcessing(&mut process_setup) == kResultOk, "setup refused");
            ensure!(self.component.setActive(1) == kResultOk, "activation refused");
            self.audio.processor.setProcessing(1);
        }
        self.active = true;
        self.audio.input = vec![vec![0.0; setup.largest_block]; setup.channels];
        Ok(())
    }

    fn deactivate(&mut self) {
        if std::mem::take(&mut self.active) {
            // SAFETY: calls in the order that VST3 asks for.
            unsafe {
                self.audio.processor.setProcessing(0);
                self.component.setActive(0);
            }
        }
    }

    fn latency(&mut self) -> u32 {
        // SAFETY: a call without arguments.
        unsafe { self.audio.processor.getLatencySamples() }
    }

    fn reset(&mut self) {
        // SAFETY: this pair of calls is how VST3 hosts reset.
        unsafe {
            self.audio.processor.setProcessing(0);
            self.audio.processor.setProcessing(1);
        }
    }

    fn set_transport(&mut self, transport: Option<Transport>) {
        self.audio.transport = transport;
    }

    fn save(&mut self) -> Result<Vec<u8>> {
        self.save_to(Stream::default())
    }

    fn load(&mut self, state: &[u8]) -> bool {
        self.load_from(Stream { bytes: RefCell::new(state.to_vec()), ..Stream::default() })
    }

    fn parameters(&mut self) -> Vec<Parameter> {
        // SAFETY: the place for each result is valid; zero is a value of every field.
        let count = unsafe { self.main.controller.getParameterCount() };
        (0..count)
            // SAFETY: as above; the title is an array within `info`.
            .filter_map(|index| unsafe {
                let mut info: ParameterInfo = std::mem::zeroed();
                (self.main.controller.getParameterInfo(index, &mut info) == kResultOk).then(|| Parameter {
                    id: info.id,
                    name: String::from_utf16_lossy(&info.title).trim_end_matches('\0').to_owned(),
                    range: (0.0, 1.0),
                    automatable: info.flags & ParameterFlags_::kCanAutomate != 0,
                    bypass: info.flags & ParameterFlags_::kIsBypass != 0,
                })
            })
            .collect()
    }

    fn is_unsaved(&mut self) -> Result<bool> {
        let threads = self.handler.dirty();
        ensure!(
            threads.iter().all(|thread| *thread == std::thread::current().id()),
            "said on another thread"
        );
        Ok(!threads.is_empty())
    }

    fn sides(&mut self) -> (&mut dyn AudioSide, &mut dyn WindowSide) {
        (&mut self.audio, &mut self.main)
    }
}

impl AudioSide for Audio {
    fn process(&mut self, channels: &mut [Vec<f32>], events: &mut Vec<Timed>) -> Result<Duration> {
        let length = channels[0].len();
        // The plugin is given as many pointers as it is told of, each to as many samples.
        ensure!(channels.len() == self.input.len(), "activated for {} channels", self.input.len());
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
        let changes = self.changes.to_com_ptr::<IParameterChanges>().context("no parameter changes")?;
        let mode = if self.offline { ProcessModes_::kOffline } else { ProcessModes_::kRealtime };
        // SAFETY: a struct of numbers, for which zero means that nothing is known.
        let mut context: ProcessContext = unsafe { std::mem::zeroed() };
        if let Some(transport) = self.transport {
            let flag = |on: bool, flag| if on { flag } else { 0 };
            context.state = (flag(transport.playing, StatesAndFlags_::kPlaying)
                | flag(transport.recording, StatesAndFlags_::kRecording))
                as uint32;
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
            inputParameterChanges: changes.as_ptr(),
            outputParameterChanges: null_mut(),
            inputEvents: null_mut(),
            outputEvents: sink.as_ptr(),
            processContext: if self.transport.is_some() { &mut context } else { null_mut() },
        };
        let start = Instant::now();
        crate::probe::enter();
        // SAFETY: every pointer in `data` is null or valid during the call: inputs and outputs as many as `numChannels`, each of
        // `length` samples (`copy_from_slice` above has seen to it), the rest locals of this function and fields of `self`.
        let result = unsafe { self.processor.process(&mut data) };
        crate::probe::leave();
        let duration = start.elapsed();
        self.changes.clear();
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

    fn automate(&mut self, parameter: &Parameter, at: u32, value: f64) {
        self.changes.add(parameter.id, at, value);
    }
}

impl WindowSide for Main {
    fn open_editor(&mut self, parent: usize) -> Result<()> {
        // SAFETY: the view is released before the controller; the window outlives it, as the caller promises.
        unsafe {
            let view =
                ComPtr::from_raw(self.controller.createView(ViewType::kEditor)).context("no editor")?;
            if let Some(frame) = &self.frame {
                let frame = frame.to_com_ptr::<IPlugFrame>().context("no frame")?;
                ensure!(view.setFrame(frame.as_ptr()) == kResultOk, "the frame is refused");
            }
            let attached = view.attached(parent as *mut c_void, PLATFORM);
            ensure!(attached == kResultOk, "the editor does not open: {attached}");
            self.view = Some(view);
        }
        Ok(())
    }

    fn close_editor(&mut self) {
        if let Some(view) = self.view.take() {
            // SAFETY: it was attached.
            unsafe {
                view.removed();
                view.setFrame(null_mut());
            }
        }
    }

    fn turn(&mut self) {
        if let Some(frame) = &self.frame {
            frame.turn();
        }
    }

    fn resize_editor(&mut self, (width, height): (u32, u32)) -> Result<()> {
        let view = self.view.as_ref().context("no window is open")?;
        let mut size = ViewRect { left: 0, top: 0, right: width as int32, bottom: height as int32 };
        // SAFETY: calls in the order that VST3 asks for; the size is a local.
        unsafe {
            ensure!(view.canResize() == kResultTrue, "the window has one size");
            ensure!(view.checkSizeConstraint(&mut size) == kResultTrue, "no size is near");
            ensure!(view.onSize(&mut size) == kResultOk, "the size is refused");
        }
        Ok(())
    }

    fn editor_size(&mut self) -> Result<(u32, u32)> {
        let view = self.view.as_ref().context("no window is open")?;
        let mut size = ViewRect { left: 0, top: 0, right: 0, bottom: 0 };
        // SAFETY: the place for the result is a local.
        ensure!(unsafe { view.getSize(&mut size) } == kResultOk, "no size");
        Ok(((size.right - size.left) as u32, (size.bottom - size.top) as u32))
    }
}

impl Drop for Vst3Instance {
    fn drop(&mut self) {
        self.close_editor();
        self.deactivate();
        // SAFETY: the last call before the component is released.
        unsafe { self.component.terminate() };
    }
}

fn midi(event: &Event) -> Option<Midi> {
    // SAFETY: the type says which field is set.
    unsafe {
        match event.r#type as EventTypes {
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
                if control.controlNumber as ControllerNumbers == kPitchBend {
                    let value = (control.value2 as u16) << 7 | control.value as u16;
                    return Some(Midi::Bend { channel: control.channel as u8, value });
                }
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
