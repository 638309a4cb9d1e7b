//! What hosts may ask of a VST3 beside what a host should.

use super::*;
use crate::window::Window;
use crate::{bundles, parameter, saved};
use objects::Habits;
use serde_json::json;
use std::cell::Cell;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};
use vst3::Steinberg::Vst::{ProcessModes_, RestartFlags_::kLatencyChanged};
use vst3::Steinberg::{IPluginFactory2, IPluginFactory2Trait, PClassInfo2, kInvalidArgument};

/// Of one library in one process all instances share the framework's thread: who ends it does so alone.
static THREAD: RwLock<()> = RwLock::new(());

fn among_others() -> RwLockReadGuard<'static, ()> {
    THREAD.read().unwrap_or_else(PoisonError::into_inner)
}

fn open() -> Vst3Instance {
    Vst3Instance::open(&bundles().join("Colla Parte.vst3")).unwrap()
}

/// Has the timing be another with a block.
fn time(instance: &mut Vst3Instance, aligned: bool) {
    let timing = parameter(instance, "Timing");
    instance.automate(&timing, 0, f64::from(aligned));
    instance.process(&mut [vec![0.0; 64], vec![0.0; 64]], &mut Vec::new()).unwrap();
}

const SETUP: Setup = Setup { rate_hz: 48_000.0, channels: 2, largest_block: 64, offline: false };

/// Longer than anything takes that comes at all.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn a_host_is_told_of_another_latency_by_another_thread_than_the_audio_thread() {
    let _among = among_others();
    let window = Window::open().unwrap();
    let mut instance = open();
    let (tell, told) = std::sync::mpsc::channel();
    instance.handler.on_restart(move |flags| tell.send((flags, std::thread::current().id())).unwrap());
    instance.activate(&SETUP).unwrap();
    assert_eq!((instance.latency(), told.try_iter().count()), (0, 0));
    let audio = crate::on_audio_thread(|| std::thread::current().id());
    for aligned in [true, false, true] {
        time(&mut instance, aligned);
        // Where the main thread is to tell it, on Windows, it takes its messages meanwhile.
        let start = Instant::now();
        let news = loop {
            match (told.try_recv(), &window) {
                (Ok(news), _) => break news,
                (Err(_), Some(window)) => window.settle(Duration::from_millis(10)),
                (Err(_), None) => std::thread::sleep(Duration::from_millis(10)),
            }
            assert!(start.elapsed() < PATIENCE, "never told");
        };
        assert_eq!(news.0, kLatencyChanged as int32);
        assert_ne!(news.1, audio);
        assert_eq!(instance.latency() > 0, aligned);
    }
    // What it knows it is not told again; what is new with an activation or a project, within it.
    instance.deactivate();
    instance.activate(&SETUP).unwrap();
    assert_eq!(told.try_iter().count(), 0);
    instance.deactivate();
    let (timing, aligned) = (parameter(&mut instance, "Timing"), instance.save().unwrap());
    // SAFETY: a call without demands.
    unsafe { instance.main.controller.setParamNormalized(timing.id, 0.0) };
    instance.activate(&SETUP).unwrap();
    let here = (kLatencyChanged as int32, std::thread::current().id());
    assert_eq!((told.try_iter().collect::<Vec<_>>(), instance.latency()), (vec![here], 0));
    assert!(instance.load(&aligned));
    assert_eq!(told.try_iter().collect::<Vec<_>>(), [here]);
    assert!(instance.latency() > 0);
}

/// Where the host has a run loop, that is where it is told while the window is open.
#[cfg(target_os = "linux")]
#[test]
fn with_its_window_open_the_host_is_told_of_another_latency_by_its_main_thread() {
    let _among = among_others();
    let Some(window) = Window::open().unwrap() else {
        return eprintln!(
            "not looked at for want of a display: who tells the latency while the window is open"
        );
    };
    let mut instance = open();
    let (tell, told) = std::sync::mpsc::channel();
    instance.handler.on_restart(move |flags| tell.send((flags, std::thread::current().id())).unwrap());
    instance.activate(&SETUP).unwrap();
    for aligned in [true, false] {
        instance.open_editor(window.id()).unwrap();
        time(&mut instance, aligned);
        let start = Instant::now();
        let news = loop {
            instance.turn();
            match told.try_recv() {
                Ok(news) => break news,
                Err(_) => window.settle(Duration::from_millis(10)),
            }
            assert!(start.elapsed() < PATIENCE, "never told");
        };
        assert_eq!(news, (kLatencyChanged as int32, std::thread::current().id()));
        assert_eq!(instance.latency() > 0, aligned);
        instance.close_editor();
    }
    // What the loop has yet to call for when the window goes is not lost.
    instance.open_editor(window.id()).unwrap();
    time(&mut instance, true);
    std::thread::sleep(Duration::from_millis(100));
    instance.close_editor();
    assert_eq!(told.recv_timeout(PATIENCE).unwrap().0, kLatencyChanged as int32);
}

/// A handler with the host's run loop, and two sockets, for each that was ever opened.
#[cfg(target_os = "linux")]
#[test]
fn a_window_leaves_nothing_with_the_host() {
    let _alone = THREAD.write().unwrap_or_else(PoisonError::into_inner);
    let Some(window) = Window::open().unwrap() else {
        return eprintln!("not looked at for want of a display: what windows leave with the host");
    };
    let sockets = || {
        let files = std::fs::read_dir("/proc/self/fd").unwrap();
        let kinds = files.filter_map(|file| std::fs::read_link(file.unwrap().path()).ok());
        kinds.filter(|kind| kind.to_string_lossy().starts_with("socket:")).count()
    };
    let mut instance = open();
    let frame = instance.main.frame.clone().unwrap();
    let before = sockets();
    for takes_its_frame_back in [true, false, true, false] {
        instance.open_editor(window.id()).unwrap();
        assert_eq!(frame.handlers(), 1);
        assert!(sockets() > before);
        if !takes_its_frame_back {
            let view = instance.main.view.take().unwrap();
            // SAFETY: it was attached.
            unsafe { view.removed() };
        }
        instance.close_editor();
        assert_eq!(frame.handlers(), 0, "{takes_its_frame_back}");
        // The window's own thread lets go of the display in its own time.
        let start = Instant::now();
        while sockets() > before {
            assert!(start.elapsed() < PATIENCE, "{} sockets more than before", sockets() - before);
            window.settle(Duration::from_millis(10));
        }
    }
}

/// The framework's thread ends where it comes to a task of an instance that is gone.
#[cfg(target_os = "linux")]
#[test]
fn an_instance_goes_and_the_others_are_still_told_of_their_latency() {
    for deactivates in [true, false] {
        goes_while_others_stay(deactivates);
    }
}

#[cfg(target_os = "linux")]
fn goes_while_others_stay(deactivates: bool) {
    let _among = among_others();
    let (mut stays, mut goes) = (open(), open());
    let (tell, told) = std::sync::mpsc::sync_channel(0);
    // That thread goes on when it is listened to.
    stays.handler.on_restart(move |flags| tell.send(flags).unwrap());
    for instance in [&mut stays, &mut goes] {
        instance.activate(&SETUP).unwrap();
        time(instance, true);
        std::thread::sleep(Duration::from_millis(100));
    }
    let listens = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(300));
        (told.recv_timeout(PATIENCE), told)
    });
    // It waits until that thread has come to what it was told of this one.
    goes.active &= deactivates;
    drop(goes);
    let (first, told) = listens.join().unwrap();
    assert_eq!(first, Ok(kLatencyChanged as int32));
    time(&mut stays, false);
    assert_eq!(told.recv_timeout(PATIENCE), Ok(kLatencyChanged as int32));
}

#[test]
fn what_a_host_sets_while_it_processes_is_saved_before_the_next_block() {
    let _among = among_others();
    let mut instance = open();
    let sensitivity = parameter(&mut instance, "Sensitivity");
    instance.activate(&SETUP).unwrap();
    let controller = &instance.main.controller;
    // SAFETY: calls without demands.
    let told = unsafe {
        assert_eq!(controller.setParamNormalized(sensitivity.id, 0.25), kResultOk);
        controller.getParamNormalized(sensitivity.id)
    };
    assert_eq!(told, 0.25);
    assert_eq!(saved(&mut instance)["params"]["sens"], json!({ "f32": 0.25 }));
    // A block's own value comes after it, the last of several.
    instance.automate(&sensitivity, 0, 1.0);
    instance.automate(&sensitivity, 9, 0.75);
    instance.process(&mut [vec![0.0; 64], vec![0.0; 64]], &mut Vec::new()).unwrap();
    assert_eq!(saved(&mut instance)["params"]["sens"], json!({ "f32": 0.75 }));
}

#[test]
fn values_that_are_none_change_nothing() {
    let _among = among_others();
    let mut instance = open();
    let sensitivity = parameter(&mut instance, "Sensitivity");
    let before = saved(&mut instance);
    instance.activate(&SETUP).unwrap();
    let nobodys = Parameter { id: 1, ..sensitivity.clone() };
    // SAFETY: calls without demands.
    unsafe {
        let controller = &instance.main.controller;
        assert_eq!(controller.setParamNormalized(sensitivity.id, f64::NAN), kInvalidArgument);
        assert_eq!(controller.setParamNormalized(nobodys.id, 0.5), kInvalidArgument);
    }
    for (parameter, value) in [(&sensitivity, f64::NAN), (&sensitivity, f64::INFINITY), (&nobodys, 0.5)] {
        instance.automate(parameter, 0, value);
    }
    instance.process(&mut [vec![0.0; 64], vec![0.0; 64]], &mut Vec::new()).unwrap();
    assert_eq!(saved(&mut instance)["params"], before["params"]);
    // Beyond the range is its end.
    instance.automate(&sensitivity, 0, 7.0);
    instance.process(&mut [vec![0.0; 64], vec![0.0; 64]], &mut Vec::new()).unwrap();
    assert_eq!(saved(&mut instance)["params"]["sens"], json!({ "f32": 1.0 }));
}

#[test]
fn what_no_host_should_ask_is_refused() {
    let _among = among_others();
    let instance = open();
    let mut info: ParameterInfo = zeros();
    // SAFETY: places for results are locals or null, which every one of these functions must stand.
    unsafe {
        let count = instance.main.controller.getParameterCount();
        assert!(count > 5);
        for (index, place) in
            [(count, &mut info as *mut _), (-1, &mut info), (i32::MAX, &mut info), (0, null_mut())]
        {
            assert_eq!(instance.main.controller.getParameterInfo(index, place), kInvalidArgument, "{index}");
        }
        assert_eq!(instance.audio.processor.getTailSamples(), u32::MAX, "before any block, too");
        // A block before any setup.
        let mut block: ProcessData = std::mem::zeroed();
        assert_ne!(instance.audio.processor.process(&mut block), kResultOk);
        assert_eq!(instance.audio.processor.process(null_mut()), kInvalidArgument);
        assert_ne!(instance.component.setActive(1), kResultOk);
        assert_eq!(instance.audio.processor.setupProcessing(null_mut()), kInvalidArgument);
        let possible = ProcessSetup {
            processMode: ProcessModes_::kRealtime as int32,
            symbolicSampleSize: SymbolicSampleSizes_::kSample32 as int32,
            maxSamplesPerBlock: 512,
            sampleRate: 48_000.0,
        };
        let impossible = [
            ProcessSetup { sampleRate: f64::NAN, ..possible },
            ProcessSetup { sampleRate: 0.0, ..possible },
            ProcessSetup { maxSamplesPerBlock: -1, ..possible },
            ProcessSetup { symbolicSampleSize: SymbolicSampleSizes_::kSample64 as int32, ..possible },
        ];
        for mut setup in impossible {
            assert_ne!(instance.audio.processor.setupProcessing(&mut setup), kResultOk);
        }
        assert_ne!(instance.component.setActive(1), kResultOk);
        let mut setup = possible;
        assert_eq!(instance.audio.processor.setupProcessing(&mut setup), kResultOk);
        assert_eq!(instance.component.setActive(1), kResultOk);
        block.symbolicSampleSize = SymbolicSampleSizes_::kSample64 as int32;
        assert_ne!(instance.audio.processor.process(&mut block), kResultOk);
        block.symbolicSampleSize = SymbolicSampleSizes_::kSample32 as int32;
        block.numSamples = -1;
        assert_ne!(instance.audio.processor.process(&mut block), kResultOk);
        instance.component.setActive(0);
    }
}

/// One bus of a block: its channels, some of which may not be there.
fn bus(channels: &mut [*mut f32]) -> AudioBusBuffers {
    AudioBusBuffers {
        numChannels: channels.len() as int32,
        silenceFlags: u64::MAX,
        __field0: AudioBusBuffers__type0 { channelBuffers32: channels.as_mut_ptr() },
    }
}

#[test]
fn blocks_may_be_longer_and_have_other_channels_than_was_said() {
    let _among = among_others();
    const LONG: usize = 4 * SETUP.largest_block;
    let mut instance = open();
    instance.activate(&SETUP).unwrap();
    for (ins, outs, heard) in crate::ODD_BUSES {
        let (mut input, mut output) = ([[0.5f32; LONG]; 3], [[0.25f32; LONG]; 3]);
        let (mut in_channels, mut out_channels) =
            (crate::pointers(&mut input, ins), crate::pointers(&mut output, outs));
        let (mut in_bus, mut out_bus) = (bus(&mut in_channels), bus(&mut out_channels));
        // SAFETY: a struct of numbers and pointers; each channel is null or one of so many samples; nothing else processes meanwhile.
        unsafe {
            let mut block = ProcessData {
                symbolicSampleSize: SymbolicSampleSizes_::kSample32 as int32,
                numSamples: LONG as int32,
                numInputs: int32::from(!ins.is_empty()),
                numOutputs: int32::from(!outs.is_empty()),
                inputs: &mut in_bus,
                outputs: &mut out_bus,
                ..std::mem::zeroed()
            };
            assert_eq!(instance.audio.processor.process(&mut block), kResultOk, "{ins:?}, {outs:?}");
        }
        assert_eq!(crate::constants(output), heard.map(Some), "{ins:?}, {outs:?}");
        assert!(outs.is_empty() || out_bus.silenceFlags == 0, "what comes out is not said to be silent");
    }
}

/// Where the window has its settings, and among them the switch of *Pedal out*. (Found by looking at the pictures: a window has no names.)
const SETTINGS: (i16, i16) = (1174, 22);
const PEDAL_OUT: (i16, i16) = (848, 567);

#[test]
fn what_is_changed_in_the_window_counts_at_once_in_a_host_that_does_not_play() {
    let _among = among_others();
    let Some(window) = Window::open().unwrap() else {
        return eprintln!("not looked at for want of a display: parameters in the window");
    };
    let mut instance = open();
    let pedal = parameter(&mut instance, "Pedal out");
    assert_eq!(saved(&mut instance)["params"]["pedal"], json!({ "bool": false }));
    instance.open_editor(window.id()).unwrap();
    // A window that is slow to open misses a click.
    let switched = (0..20).any(|_| {
        for (x, y) in [SETTINGS, PEDAL_OUT] {
            window.settle(Duration::from_secs(2));
            window.click(x, y).unwrap();
        }
        window.settle(Duration::from_secs(1));
        saved(&mut instance)["params"]["pedal"] == json!({ "bool": true })
    });
    assert!(switched);
    // On Linux the window is another thread's.
    instance.turn();
    let here = std::thread::current().id();
    assert_eq!(instance.handler.edits(), [(pedal.id, 1.0, here)], "the host is told");
    instance.close_editor();
    drop(instance);
    open();
}

/// The framework's thread then touches a window that is another's, and ends; the last instance finds it gone.
#[cfg(target_os = "linux")]
#[test]
fn the_last_instance_goes_in_peace_where_the_frameworks_thread_has_ended() {
    let _alone = THREAD.write().unwrap_or_else(PoisonError::into_inner);
    struct Lent(ComPtr<IComponent>);
    // SAFETY: what it points to is counted with atomics; that VST3 wants this thread to leave it alone is what is tried.
    unsafe impl Send for Lent {}
    let Some(window) = Window::open().unwrap() else {
        return eprintln!("not looked at for want of a display: the framework's thread ends");
    };
    let threads = || {
        let names = std::fs::read_dir("/proc/self/task").unwrap();
        names.filter_map(|thread| std::fs::read_to_string(thread.unwrap().path().join("comm")).ok())
    };
    let goes_on = || threads().any(|name| name.trim_end() == "bg-worker");
    let mut instance = open();
    // With a run loop the host's own thread does all that.
    instance.main.frame = None;
    // It takes its name when it first runs.
    while !goes_on() {
        window.settle(Duration::from_millis(10));
    }
    let state = instance.save().unwrap();
    instance.open_editor(window.id()).unwrap();
    let lent = Lent(instance.component.clone());
    std::thread::spawn(move || {
        let Lent(component) = { lent };
        let stream = ComWrapper::new(Stream { bytes: RefCell::new(state), ..Stream::default() });
        let pointer = stream.to_com_ptr::<IBStream>().unwrap();
        // SAFETY: the stream lives beyond the call.
        assert_eq!(unsafe { component.setState(pointer.as_ptr()) }, kResultOk);
    })
    .join()
    .unwrap();
    while goes_on() {
        window.settle(Duration::from_millis(10));
    }
    drop(instance);
    assert!(open().save().is_ok());
}

#[test]
fn a_state_comes_through_whatever_stream_the_host_has() {
    let _among = among_others();
    let mut instance = open();
    let sensitivity = parameter(&mut instance, "Sensitivity");
    // SAFETY: a call without demands.
    unsafe { instance.main.controller.setParamNormalized(sensitivity.id, 0.25) };
    let state = instance.save().unwrap();
    for (part, runs_on) in [(None, false), (Some(100), false), (None, true), (Some(7), true)] {
        let habits = Habits { part, runs_on, room: None };
        let (mut other, bytes) = (open(), RefCell::new([b"before", &state[..]].concat()));
        assert!(other.load_from(Stream { bytes, position: Cell::new(6), habits }), "{part:?}, {runs_on}");
        assert_eq!(saved(&mut other)["params"]["sens"], json!({ "f32": 0.25 }));
        let written = other.save_to(Stream { habits, ..Stream::default() }).unwrap();
        assert!(other.load(&written) && saved(&mut other)["params"]["sens"] == json!({ "f32": 0.25 }));
    }
    // What the host has no room for is not said to be saved.
    let habits = Habits { room: Some(state.len() - 1), ..Habits::default() };
    assert!(instance.save_to(Stream { habits, ..Stream::default() }).is_err());
    // SAFETY: as above.
    unsafe {
        assert_eq!(instance.component.setState(null_mut()), kInvalidArgument);
        assert_eq!(instance.component.getState(null_mut()), kInvalidArgument);
    }
    // Nothing at all is no state, and changes nothing.
    assert!(!instance.load(&[]));
    assert_eq!(saved(&mut instance)["params"]["sens"], json!({ "f32": 0.25 }));
}

#[test]
fn the_factory_has_one_class_and_makes_no_other() {
    let _among = among_others();
    let module = Module::load(&bundles().join("Colla Parte.vst3")).unwrap();
    let factory = module.factory().unwrap().cast::<IPluginFactory2>().unwrap();
    let mut info: PClassInfo2 = zeros();
    // SAFETY: places for results are locals or null, which every one of these functions must stand.
    unsafe {
        assert_eq!(factory.countClasses(), 1);
        for (index, place) in [(1, &mut info as *mut _), (-1, &mut info), (0, null_mut())] {
            assert_eq!(factory.getClassInfo2(index, place), kInvalidArgument);
        }
        assert_eq!(factory.getClassInfo2(0, &mut info), kResultOk);
        let (mut object, iid) = (null_mut(), IComponent::IID);
        let nobodys = [1; 16];
        for (cid, iid, place) in [
            (nobodys.as_ptr(), iid.as_ptr(), &mut object as *mut _),
            (std::ptr::null(), iid.as_ptr(), &mut object),
            (info.cid.as_ptr(), std::ptr::null(), &mut object),
            (info.cid.as_ptr(), iid.as_ptr(), null_mut()),
            // A class, and no interface of it.
            (info.cid.as_ptr(), nobodys.as_ptr().cast(), &mut object),
        ] {
            assert_ne!(factory.createInstance(cid, iid.cast(), place), kResultOk);
            assert!(object.is_null());
        }
    }
}

fn zeros<T>() -> T {
    // SAFETY: for VST3's structs of numbers and arrays, the only ones that this is asked for.
    unsafe { std::mem::zeroed() }
}
