//! One instance as hosts hold it: component, controller and processor in one.

use super::super::CollaParte;
use super::super::buffers::{Bus, whole};
use super::super::made::Made;
use super::super::settle::Task;
use super::super::values::{Change, Values};
use super::host::Host;
use super::stream::{Memory, read_all, write_all};
use super::view::View;
use super::{contained, passed_on};
use crate::bridge::Bridge;
use nice_plug::prelude::AsyncExecutor;
use nice_plug::wrapper::vst3::Wrapper;
use nice_plug::wrapper::vst3::vst3::Steinberg::Vst::{
    AudioBusBuffers, AudioBusBuffers__type0, BusDirection, BusDirections_, BusInfo,
    ChannelContext::IInfoListener, ChannelContext::IInfoListenerTrait, IAttributeList, IAudioProcessor,
    IAudioProcessorTrait, IComponent, IComponentHandler, IComponentTrait, IEditController,
    IEditControllerTrait, IParamValueQueueTrait, IParameterChanges, IParameterChangesTrait,
    IProcessContextRequirements, IProcessContextRequirementsTrait, IoMode, MediaType, MediaTypes_, ParamID,
    ParamValue, ParameterInfo, ProcessData, ProcessSetup, RoutingInfo, SpeakerArrangement, String128,
    SymbolicSampleSizes_, TChar, kInfiniteTail,
};
use nice_plug::wrapper::vst3::vst3::Steinberg::{
    FIDString, FUnknown, IBStream, IPlugView, IPluginBaseTrait, TBool, TUID, int32, kInternalError,
    kInvalidArgument, kResultFalse, kResultOk, tresult, uint32,
};
use nice_plug::wrapper::vst3::vst3::{Class, ComRef};
use std::mem::ManuallyDrop;
use std::ptr::null_mut;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

#[allow(clippy::unnecessary_cast)] // Its type is another on Windows.
const SAMPLE_SIZE: int32 = SymbolicSampleSizes_::kSample32 as int32;
#[allow(clippy::unnecessary_cast)] // As above.
const AUDIO: MediaType = MediaTypes_::kAudio as MediaType;
#[allow(clippy::unnecessary_cast)] // As above.
const OUTPUT: BusDirection = BusDirections_::kOutput as BusDirection;

/// The framework's object, and what is done around it.
pub struct Component {
    framework: ManuallyDrop<Wrapper<CollaParte>>,
    values: Values,
    bridge: Arc<Bridge>,
    host: Arc<Host>,
    /// The window has the host's run loop.
    has_loop: Arc<AtomicBool>,
    set_up: AtomicBool,
    active: AtomicBool,
    /// In, and as many out, as the host chose before it activated.
    channels: AtomicUsize,
}

impl Class for Component {
    type Interfaces =
        (IComponent, IEditController, IAudioProcessor, IProcessContextRequirements, IInfoListener);
}

impl Component {
    /// A new instance. It is `None` only if the framework makes another plugin than it was told to.
    pub fn new() -> Option<Component> {
        let framework = Wrapper::<CollaParte>::new();
        let made = Made::latest();
        // SAFETY: the place for the result is a local, for whose fields zero is a value.
        let ids = (0..unsafe { framework.getParameterCount() }).map_while(|index| unsafe {
            let mut info: ParameterInfo = std::mem::zeroed();
            (framework.getParameterInfo(index, &mut info) == kResultOk).then_some(info.id)
        });
        let values = Values::new(&made, ids)?;
        let (bridge, host) = (made.bridge.upgrade()?, Arc::<Host>::default());
        let has_loop = Arc::<AtomicBool>::default();
        if let Some(executor) = &made.executor {
            let (to_execute, told) = (executor.clone(), host.clone());
            bridge.latency().news.tell_by(move || {
                let host = told.clone();
                execute(&to_execute, move || host.latency_changed())
            });
            let (to_execute, told, has_loop) = (executor.clone(), host.clone(), has_loop.clone());
            bridge.unsaved().tell_by(move || {
                let host = told.clone();
                // Elsewhere than on Linux there is a way to the main thread without a window.
                let main = !cfg!(target_os = "linux") || has_loop.load(Ordering::Acquire);
                main && execute(&to_execute, move || host.unsaved())
            });
            bridge.unsaved().listens(true);
        }
        let framework = ManuallyDrop::new(framework);
        Some(Component {
            framework,
            values,
            bridge,
            host,
            has_loop,
            set_up: AtomicBool::new(false),
            active: AtomicBool::new(false),
            channels: AtomicUsize::new(0),
        })
    }
}

impl Component {
    fn framework(&self) -> &Wrapper<CollaParte> {
        &self.framework
    }

    /// What `call` gives. If the latency is another with it, the host is told on this thread, and not by the worker: hosts activate anew where
    /// they are told, and this is their main thread.
    fn told_here<T>(&self, call: impl FnOnce() -> T) -> T {
        let latency = &self.bridge.latency().news;
        // Before the framework deactivates: `settle`.
        latency.listens(false);
        let result = call();
        if self.active.load(Ordering::Relaxed) && latency.take() {
            self.host.latency_changed();
        }
        // It may have deactivated by that.
        latency.listens(self.active.load(Ordering::Relaxed));
        result
    }

    /// How many channels it has now, in as out.
    fn outputs(&self) -> usize {
        // SAFETY: the place for the result is a local, for whose fields zero is a value.
        unsafe {
            let mut info: BusInfo = std::mem::zeroed();
            let known = self.framework.getBusInfo(AUDIO, OUTPUT, 0, &mut info) == kResultOk;
            if known { info.channelCount as usize } else { 0 }
        }
    }
}

/// Has the main thread do something, or, on Linux where no window is open, the framework's own. Whether it will be done.
fn execute(executor: &AsyncExecutor<CollaParte>, what: impl FnOnce() + Send + 'static) -> bool {
    // It panics where the window is just going.
    contained(false, || {
        executor.execute_gui(Task::new(what));
        true
    })
}

/// The first of some buses.
///
/// # Safety
/// `buses` is null or there are so many.
unsafe fn first(buses: *const AudioBusBuffers, count: int32) -> Bus {
    if count < 1 {
        return Bus::NONE;
    }
    // SAFETY: the caller's promise; blocks that are no floats were refused.
    unsafe {
        buses.as_ref().map_or(Bus::NONE, |bus| Bus {
            channels: bus.__field0.channelBuffers32,
            count: bus.numChannels.max(0) as usize,
        })
    }
}

fn buffers(bus: Bus) -> AudioBusBuffers {
    AudioBusBuffers {
        numChannels: bus.count as int32,
        silenceFlags: 0,
        __field0: AudioBusBuffers__type0 { channelBuffers32: bus.channels },
    }
}

impl Drop for Component {
    fn drop(&mut self) {
        self.host.forget();
        if self.active.load(Ordering::Relaxed) {
            // Of a host that did not: what another thread has yet to do for this is done then.
            // SAFETY: a call without demands.
            unsafe { self.setActive(0) };
        }
        self.bridge.latency().news.listens(false);
        self.bridge.unsaved().listens(false);
        // SAFETY: it is not used again.
        let framework = unsafe { ManuallyDrop::take(&mut self.framework) };
        // The last instance panics here where the framework's thread has ended.
        contained((), || drop(framework));
    }
}

/// The last value of each parameter that a block changes.
fn last_points(changes: ComRef<'_, IParameterChanges>) -> impl Iterator<Item = (ParamID, Change)> {
    // SAFETY, for both: calls without demands, on a list that the host keeps for the length of its own call.
    let queues = unsafe { changes.getParameterCount() };
    (0..queues).filter_map(move |queue| unsafe {
        // What it lends is null or lives as long as the list; the places for results are locals.
        let queue = ComRef::from_raw(changes.getParameterData(queue))?;
        let (last, mut at, mut value) = (queue.getPointCount() - 1, 0, 0.0);
        let told = last >= 0 && queue.getPoint(last, &mut at, &mut value) == kResultOk;
        told.then(|| (queue.getParameterId(), Change::Normalized(value)))
    })
}

impl IPluginBaseTrait for Component {
    passed_on! { IPluginBaseTrait {
        fn initialize(context: *mut FUnknown) -> tresult, or kInternalError;
        fn terminate() -> tresult, or kInternalError;
    } }
}

impl IComponentTrait for Component {
    passed_on! { IComponentTrait {
        fn getControllerClassId(class: *mut TUID) -> tresult, or kInternalError;
        fn setIoMode(mode: IoMode) -> tresult, or kInternalError;
        fn getBusCount(media: MediaType, direction: BusDirection) -> int32, or 0;
        fn getBusInfo(media: MediaType, direction: BusDirection, index: int32, bus: *mut BusInfo) -> tresult, or kInternalError;
        fn getRoutingInfo(input: *mut RoutingInfo, output: *mut RoutingInfo) -> tresult, or kInternalError;
        fn activateBus(media: MediaType, direction: BusDirection, index: int32, state: TBool) -> tresult, or kInternalError;
    } }

    unsafe fn setActive(&self, state: TBool) -> tresult {
        contained(kInternalError, || {
            self.told_here(|| {
                // SAFETY: what the host promises this function it promises the framework's.
                let result = unsafe { self.framework.setActive(state) };
                let active = state != 0 && result == kResultOk;
                if active {
                    self.channels.store(self.outputs(), Ordering::Relaxed);
                }
                self.active.store(active, Ordering::Relaxed);
                result
            })
        })
    }

    unsafe fn getState(&self, state: *mut IBStream) -> tresult {
        contained(kInternalError, || {
            // SAFETY: null, or the host's for this call.
            let Some(host) = (unsafe { ComRef::from_raw(state) }) else { return kInvalidArgument };
            let memory = Memory::new(Vec::new());
            let Some(stream) = memory.to_com_ptr::<IBStream>() else { return kInternalError };
            // SAFETY: the stream is ours.
            let result = unsafe { IComponentTrait::getState(&*self.framework, stream.as_ptr()) };
            let saved = result != kResultOk || write_all(host, &memory.take());
            if saved { result } else { kResultFalse }
        })
    }

    unsafe fn setState(&self, state: *mut IBStream) -> tresult {
        contained(kInternalError, || {
            // SAFETY: null, or the host's for this call.
            let Some(host) = (unsafe { ComRef::from_raw(state) }) else { return kInvalidArgument };
            let Some(bytes) = read_all(host) else { return kResultFalse };
            let Some(stream) = Memory::new(bytes).to_com_ptr::<IBStream>() else { return kInternalError };
            self.told_here(|| {
                // SAFETY: the stream is ours.
                let result = unsafe { IComponentTrait::setState(&*self.framework, stream.as_ptr()) };
                // A host that opens a project has yet to process.
                self.bridge.latency().reckon();
                result
            })
        })
    }
}

impl IEditControllerTrait for Component {
    passed_on! { IEditControllerTrait {
        fn setComponentState(state: *mut IBStream) -> tresult, or kInternalError;
        fn setState(state: *mut IBStream) -> tresult, or kInternalError;
        fn getState(state: *mut IBStream) -> tresult, or kInternalError;
        fn getParameterCount() -> int32, or 0;
        fn getParamStringByValue(id: ParamID, value: ParamValue, text: *mut String128) -> tresult, or kInternalError;
        fn getParamValueByString(id: ParamID, text: *mut TChar, value: *mut ParamValue) -> tresult, or kInternalError;
        fn normalizedParamToPlain(id: ParamID, value: ParamValue) -> ParamValue, or value;
        fn plainParamToNormalized(id: ParamID, value: ParamValue) -> ParamValue, or value;
        fn getParamNormalized(id: ParamID) -> ParamValue, or 0.0;
    } }

    unsafe fn createView(&self, name: FIDString) -> *mut IPlugView {
        // SAFETY: what the host promises this function it promises the framework's, which gives a reference or null.
        contained(null_mut(), || unsafe {
            View::in_place_of(self.framework.createView(name), self.has_loop.clone())
        })
    }

    unsafe fn getParameterInfo(&self, index: int32, info: *mut ParameterInfo) -> tresult {
        contained(kInternalError, || {
            // SAFETY: what the host promises this function it promises the framework's, which takes the number of parameters for
            // one of them.
            unsafe {
                match index < self.framework.getParameterCount() {
                    true => self.framework.getParameterInfo(index, info),
                    false => kInvalidArgument,
                }
            }
        })
    }

    unsafe fn setParamNormalized(&self, id: ParamID, value: ParamValue) -> tresult {
        contained(kInternalError, || match self.values.set(id, Change::Normalized(value)) {
            true => kResultOk,
            false => kInvalidArgument,
        })
    }

    unsafe fn setComponentHandler(&self, handler: *mut IComponentHandler) -> tresult {
        contained(kInternalError, || {
            // SAFETY: what the host promises this function it promises both.
            unsafe {
                self.host.set(handler);
                self.framework.setComponentHandler(handler)
            }
        })
    }
}

impl IAudioProcessorTrait for Component {
    passed_on! { IAudioProcessorTrait {
        fn setBusArrangements(inputs: *mut SpeakerArrangement, ins: int32, outputs: *mut SpeakerArrangement, outs: int32)
            -> tresult, or kInternalError;
        fn getBusArrangement(direction: BusDirection, index: int32, arrangement: *mut SpeakerArrangement)
            -> tresult, or kInternalError;
        fn canProcessSampleSize(size: int32) -> tresult, or kInternalError;
        fn setProcessing(state: TBool) -> tresult, or kInternalError;
    } }

    /// Notes may still be on their way, and may still sound, when the input has fallen silent. (The framework says so after the first block
    /// alone.)
    unsafe fn getTailSamples(&self) -> uint32 {
        kInfiniteTail as uint32
    }

    unsafe fn getLatencySamples(&self) -> uint32 {
        self.bridge.latency().samples()
    }

    unsafe fn setupProcessing(&self, setup: *mut ProcessSetup) -> tresult {
        contained(kInternalError, || {
            // SAFETY: null, or the host's for this call.
            let Some(wanted) = (unsafe { setup.as_ref() }) else { return kInvalidArgument };
            let possible =
                wanted.sampleRate.is_finite() && wanted.sampleRate > 0.0 && wanted.maxSamplesPerBlock > 0;
            if !possible {
                return kInvalidArgument;
            }
            if wanted.symbolicSampleSize != SAMPLE_SIZE {
                return kResultFalse;
            }
            // It takes the mode, realtime or offline, for that of the setup before: so that one is the same.
            // SAFETY: as above.
            let result = unsafe {
                self.framework.setupProcessing(setup);
                self.framework.setupProcessing(setup)
            };
            self.set_up.store(result == kResultOk, Ordering::Release);
            result
        })
    }

    /// # Realtime safety
    /// The framework's, and wait-free beside it.
    unsafe fn process(&self, data: *mut ProcessData) -> tresult {
        contained(kInternalError, || {
            // SAFETY: null, or the host's for this call.
            let Some(data) = (unsafe { data.as_ref() }) else { return kInvalidArgument };
            if data.symbolicSampleSize != SAMPLE_SIZE || data.numSamples < 0 {
                return kInvalidArgument;
            }
            // SAFETY: null, or the host's for this call.
            if let Some(changes) = unsafe { ComRef::from_raw(data.inputParameterChanges) } {
                self.values.follow(last_points(changes));
            }
            if !self.set_up.load(Ordering::Acquire) {
                return kResultFalse;
            }
            // SAFETY: what the host promises of its block holds for what is left of it.
            unsafe {
                if let Some(output) = data.outputs.as_mut().filter(|_| data.numOutputs > 0) {
                    output.silenceFlags = 0;
                }
                let (input, output) =
                    (first(data.inputs, data.numInputs), first(data.outputs, data.numOutputs));
                let channels = self.channels.load(Ordering::Relaxed);
                let used = whole(input, output, channels, data.numSamples as usize);
                let count = int32::from(used.is_some());
                let (mut input, mut output) =
                    used.map(|(input, output)| (buffers(input), buffers(output))).unzip();
                let mut rest = ProcessData {
                    inputParameterChanges: null_mut(),
                    inputs: input.as_mut().map_or(null_mut(), std::ptr::from_mut),
                    numInputs: count,
                    outputs: output.as_mut().map_or(null_mut(), std::ptr::from_mut),
                    numOutputs: count,
                    ..*data
                };
                self.framework.process(&mut rest)
            }
        })
    }
}

impl IProcessContextRequirementsTrait for Component {
    passed_on! { IProcessContextRequirementsTrait {
        fn getProcessContextRequirements() -> uint32, or 0;
    } }
}

impl IInfoListenerTrait for Component {
    passed_on! { IInfoListenerTrait {
        fn setChannelContextInfos(list: *mut IAttributeList) -> tresult, or kInternalError;
    } }
}
