//! A host that looks by whom it is called, and when.

use crate::{bundles, on_audio_thread, signal};
use clack_host::prelude::PluginEntry;
use clap_sys::audio_buffer::clap_audio_buffer;
use clap_sys::events::{
    CLAP_CORE_EVENT_SPACE_ID, CLAP_EVENT_MIDI, CLAP_EVENT_PARAM_MOD, CLAP_EVENT_PARAM_VALUE,
    clap_event_header, clap_event_midi, clap_event_param_value, clap_input_events, clap_output_events,
};
use clap_sys::ext::gui::CLAP_EXT_GUI;
use clap_sys::ext::latency::{CLAP_EXT_LATENCY, clap_host_latency, clap_plugin_latency};
use clap_sys::ext::params::{
    CLAP_EXT_PARAMS, CLAP_PARAM_IS_MODULATABLE, CLAP_PARAM_IS_STEPPED, clap_host_params, clap_param_info,
    clap_param_rescan_flags, clap_plugin_params,
};
use clap_sys::ext::state::{CLAP_EXT_STATE, clap_plugin_state};
use clap_sys::ext::tail::{CLAP_EXT_TAIL, clap_plugin_tail};
use clap_sys::ext::thread_check::{CLAP_EXT_THREAD_CHECK, clap_host_thread_check};
use clap_sys::factory::plugin_factory::{CLAP_PLUGIN_FACTORY_ID, clap_plugin_factory};
use clap_sys::host::clap_host;
use clap_sys::plugin::clap_plugin;
use clap_sys::process::{CLAP_PROCESS_ERROR, clap_process};
use clap_sys::stream::{clap_istream, clap_ostream};
use clap_sys::version::CLAP_VERSION;
use std::ffi::{CStr, c_char, c_void};
use std::ptr::{null, null_mut};
use std::sync::Mutex;
use std::thread::{ThreadId, current};

/// What a plugin told or asked its host, and whether that came from the host's main thread.
type Call = (&'static str, bool);

struct Host {
    raw: clap_host,
    main: ThreadId,
    audio: ThreadId,
    /// It offers to say which thread is which.
    tells_threads: bool,
    calls: Mutex<Vec<Call>>,
}

impl Host {
    fn new(tells_threads: bool) -> Box<Host> {
        let mut host = Box::new(Host {
            raw: clap_host {
                clap_version: CLAP_VERSION,
                host_data: null_mut(),
                name: c"Colla Parte hosts".as_ptr(),
                vendor: c"Colla Parte".as_ptr(),
                url: c"".as_ptr(),
                version: c"1.0".as_ptr(),
                get_extension: Some(get_extension),
                request_restart: Some(request_restart),
                request_process: Some(request_process),
                request_callback: Some(request_callback),
            },
            main: current().id(),
            audio: on_audio_thread(|| current().id()),
            tells_threads,
            calls: Mutex::default(),
        });
        host.raw.host_data = (&raw mut *host).cast();
        host
    }

    /// The calls since this was last asked.
    fn calls(&self) -> Vec<Call> {
        std::mem::take(&mut self.calls.lock().unwrap())
    }
}

/// The host that a plugin means.
///
/// # Safety
/// `host` is one that [`Host::new`] made, and lives.
unsafe fn of<'a>(host: *const clap_host) -> &'a Host {
    // SAFETY: the caller's promise; the data is the host.
    unsafe { &*(*host).host_data.cast::<Host>() }
}

unsafe fn called(host: *const clap_host, what: &'static str) {
    // SAFETY: a plugin gives back the host that it was given.
    let host = unsafe { of(host) };
    host.calls.lock().unwrap().push((what, current().id() == host.main));
}

unsafe extern "C" fn request_restart(host: *const clap_host) {
    unsafe { called(host, "restart") };
}

unsafe extern "C" fn request_process(host: *const clap_host) {
    unsafe { called(host, "process") };
}

unsafe extern "C" fn request_callback(host: *const clap_host) {
    unsafe { called(host, "callback") };
}

unsafe extern "C" fn is_main_thread(host: *const clap_host) -> bool {
    unsafe { of(host).main == current().id() }
}

unsafe extern "C" fn is_audio_thread(host: *const clap_host) -> bool {
    unsafe { of(host).audio == current().id() }
}

unsafe extern "C" fn latency_changed(host: *const clap_host) {
    unsafe { called(host, "latency") };
}

unsafe extern "C" fn rescan(host: *const clap_host, _flags: clap_param_rescan_flags) {
    unsafe { called(host, "rescan") };
}

unsafe extern "C" fn clear(host: *const clap_host, _id: u32, _flags: u32) {
    unsafe { called(host, "clear") };
}

unsafe extern "C" fn request_flush(host: *const clap_host) {
    unsafe { called(host, "flush") };
}

static THREADS: clap_host_thread_check =
    clap_host_thread_check { is_main_thread: Some(is_main_thread), is_audio_thread: Some(is_audio_thread) };
static LATENCY: clap_host_latency = clap_host_latency { changed: Some(latency_changed) };
static PARAMS: clap_host_params =
    clap_host_params { rescan: Some(rescan), clear: Some(clear), request_flush: Some(request_flush) };

unsafe extern "C" fn get_extension(host: *const clap_host, id: *const c_char) -> *const c_void {
    // SAFETY: a plugin gives a string, and the host that it was given.
    let (id, host) = unsafe { (CStr::from_ptr(id), of(host)) };
    if id == CLAP_EXT_THREAD_CHECK && host.tells_threads {
        (&raw const THREADS).cast()
    } else if id == CLAP_EXT_LATENCY {
        (&raw const LATENCY).cast()
    } else if id == CLAP_EXT_PARAMS {
        (&raw const PARAMS).cast()
    } else {
        null()
    }
}

/// A plugin as such a host has it. What it calls it calls as CLAP has it: the audio thread's functions on the audio thread, the others on this.
struct Plugin<'a> {
    raw: *const clap_plugin,
    host: &'a Host,
    _entry: PluginEntry,
}

impl Plugin<'_> {
    fn new(host: &Host) -> Plugin<'_> {
        // SAFETY: the bundle is the one that this project built, and what it gives is called as CLAP has it.
        unsafe {
            let entry = PluginEntry::load(bundles().join("Colla Parte.clap")).unwrap();
            let factory = entry.raw_entry().get_factory.unwrap()(CLAP_PLUGIN_FACTORY_ID.as_ptr());
            let factory = factory.cast::<clap_plugin_factory>();
            let id = (*(*factory).get_plugin_descriptor.unwrap()(factory, 0)).id;
            let raw = (*factory).create_plugin.unwrap()(factory, &host.raw, id);
            assert!(!raw.is_null());
            assert!((*raw).init.unwrap()(raw));
            Plugin { raw, host, _entry: entry }
        }
    }

    fn functions(&self) -> &clap_plugin {
        // SAFETY: it lives as long as this.
        unsafe { &*self.raw }
    }

    /// # Safety
    /// `T` is what CLAP has for that name.
    unsafe fn extension<T>(&self, id: &CStr) -> &T {
        // SAFETY: as the name's type; it lives as long as the plugin.
        unsafe { &*self.functions().get_extension.unwrap()(self.raw, id.as_ptr()).cast::<T>() }
    }

    fn activate(&self) {
        // SAFETY: calls as CLAP has them.
        unsafe { assert!(self.functions().activate.unwrap()(self.raw, 48_000.0, 1, 64)) };
        on_audio_thread(|| unsafe { assert!(self.functions().start_processing.unwrap()(self.raw)) });
    }

    fn deactivate(&self) {
        on_audio_thread(|| unsafe { self.functions().stop_processing.unwrap()(self.raw) });
        // SAFETY: as above.
        unsafe { self.functions().deactivate.unwrap()(self.raw) };
    }

    fn latency(&self) -> u32 {
        // SAFETY: as above.
        unsafe {
            let latency = self.extension::<clap_plugin_latency>(CLAP_EXT_LATENCY);
            latency.get.unwrap()(self.raw)
        }
    }

    fn parameters(&self) -> Vec<clap_param_info> {
        // SAFETY: the name's type; calls as CLAP has them; the place for the result is a local, for whose fields zero is a value.
        unsafe {
            let params = self.extension::<clap_plugin_params>(CLAP_EXT_PARAMS);
            let info = |index| {
                let mut info: clap_param_info = std::mem::zeroed();
                assert!(params.get_info.unwrap()(self.raw, index, &mut info));
                info
            };
            (0..params.count.unwrap()(self.raw)).map(info).collect()
        }
    }

    fn parameter(&self, name: &str) -> clap_param_info {
        let is_it = |info: &clap_param_info| {
            // SAFETY: a name ends within its field.
            unsafe { CStr::from_ptr(info.name.as_ptr()) }.to_str() == Ok(name)
        };
        self.parameters().into_iter().find(is_it).unwrap()
    }

    /// A block that sets a parameter, and one that does not.
    fn set(&self, name: &str, value: f64) {
        self.change(&[(self.parameter(name).id, CLAP_EVENT_PARAM_VALUE, value)]);
        self.change(&[]);
    }

    fn no_events(&self) -> clap_input_events {
        clap_input_events { ctx: null_mut(), size: Some(none), get: Some(one_of) }
    }

    /// A silent block with changes of parameters: number, type, value.
    fn change(&self, changes: &[(u32, u16, f64)]) {
        let event = |&(param_id, type_, value): &(u32, u16, f64)| clap_event_param_value {
            header: clap_event_header {
                // Both types are as long.
                size: size_of::<clap_event_param_value>() as u32,
                time: 0,
                space_id: CLAP_CORE_EVENT_SPACE_ID,
                type_,
                flags: 0,
            },
            param_id,
            cookie: null_mut(),
            note_id: -1,
            port_index: -1,
            channel: -1,
            key: -1,
            value,
        };
        let events: Vec<_> = changes.iter().map(event).collect();
        let list = clap_input_events {
            ctx: (&raw const events).cast_mut().cast(),
            size: Some(all),
            get: Some(one_of),
        };
        let out = clap_output_events { ctx: null_mut(), try_push: None };
        self.process(&[0.0; 64], &list, &out);
    }

    /// One block, in place, on the audio thread.
    fn process(&self, sound: &[f32], in_events: &clap_input_events, out_events: &clap_output_events) {
        on_audio_thread(|| {
            let mut samples = [sound.to_vec(), sound.to_vec()];
            let mut channels = samples.each_mut().map(|samples| samples.as_mut_ptr());
            let mut bus = clap_audio_buffer {
                data32: channels.as_mut_ptr(),
                data64: null_mut(),
                channel_count: 2,
                latency: 0,
                constant_mask: 0,
            };
            // SAFETY: the lists and the channels live as long as the call.
            let status = unsafe {
                let block = clap_process {
                    in_events,
                    out_events,
                    frames_count: sound.len() as u32,
                    audio_inputs: &raw const bus,
                    audio_inputs_count: 1,
                    audio_outputs: &raw mut bus,
                    audio_outputs_count: 1,
                    ..std::mem::zeroed()
                };
                self.functions().process.unwrap()(self.raw, &block)
            };
            assert_ne!(status, CLAP_PROCESS_ERROR);
        });
    }

    fn save(&self) -> Vec<u8> {
        let mut bytes = Vec::<u8>::new();
        let stream = clap_ostream { ctx: (&raw mut bytes).cast(), write: Some(write) };
        // SAFETY: as above; the stream lives as long as the call.
        unsafe {
            let state = self.extension::<clap_plugin_state>(CLAP_EXT_STATE);
            assert!(state.save.unwrap()(self.raw, &stream));
        }
        bytes
    }

    fn load(&self, mut bytes: &[u8]) {
        let stream = clap_istream { ctx: (&raw mut bytes).cast(), read: Some(read) };
        // SAFETY: as above.
        unsafe {
            let state = self.extension::<clap_plugin_state>(CLAP_EXT_STATE);
            assert!(state.load.unwrap()(self.raw, &stream));
        }
    }

    /// What the plugin asked for is done, and what it told since this was last asked.
    fn calls(&self) -> Vec<Call> {
        let calls = self.host.calls();
        if calls.iter().any(|call| call.0 == "callback") {
            // SAFETY: as above.
            unsafe { self.functions().on_main_thread.unwrap()(self.raw) };
        }
        calls
    }
}

impl Drop for Plugin<'_> {
    fn drop(&mut self) {
        // SAFETY: the last call.
        unsafe { self.functions().destroy.unwrap()(self.raw) };
    }
}

unsafe extern "C" fn none(_list: *const clap_input_events) -> u32 {
    0
}

unsafe extern "C" fn all(list: *const clap_input_events) -> u32 {
    // SAFETY: the list is one of `change`.
    unsafe { (*(*list).ctx.cast_const().cast::<Vec<clap_event_param_value>>()).len() as u32 }
}

unsafe extern "C" fn one_of(list: *const clap_input_events, index: u32) -> *const clap_event_header {
    // SAFETY: the list is one of `change`.
    unsafe {
        let events = &*(*list).ctx.cast_const().cast::<Vec<clap_event_param_value>>();
        events.get(index as usize).map_or(null(), |event| &raw const event.header)
    }
}

unsafe extern "C" fn write(stream: *const clap_ostream, from: *const c_void, size: u64) -> i64 {
    // SAFETY: the stream is the one above; so many bytes are there.
    unsafe {
        let bytes = &mut *(*stream).ctx.cast::<Vec<u8>>();
        bytes.extend_from_slice(std::slice::from_raw_parts(from.cast(), size as usize));
    }
    size as i64
}

unsafe extern "C" fn read(stream: *const clap_istream, to: *mut c_void, size: u64) -> i64 {
    // SAFETY: the stream is the one above; there is room for so many bytes.
    unsafe {
        let bytes = &mut *(*stream).ctx.cast::<&[u8]>();
        // A part at a time, as hosts may.
        let (part, rest) = bytes.split_at(bytes.len().min(size as usize).min(1000));
        std::ptr::copy_nonoverlapping(part.as_ptr(), to.cast(), part.len());
        *bytes = rest;
        part.len() as i64
    }
}

/// Latency: the audio thread asks for a restart, once, and it is another with the activation that follows, within which the host is told.
#[test]
fn the_host_is_called_as_clap_says() {
    for tells_threads in [true, false] {
        let host = Host::new(tells_threads);
        let plugin = Plugin::new(&host);
        plugin.activate();
        let live = plugin.save();
        assert_eq!((plugin.latency(), plugin.calls()), (0, vec![]));
        plugin.set("Timing", 1.0);
        assert_eq!((plugin.latency(), plugin.calls()), (0, vec![("restart", false)]));
        plugin.set("Sensitivity", 0.25);
        assert_eq!(plugin.calls(), []);
        plugin.deactivate();
        assert_eq!(plugin.calls(), []);
        plugin.activate();
        assert_eq!(plugin.calls(), [("latency", true)]);
        let aligned = plugin.latency();
        assert!(aligned > 0);
        plugin.deactivate();
        plugin.activate();
        assert_eq!((plugin.latency(), plugin.calls()), (aligned, vec![]));
        // A project, while it plays: the values at once, the latency when the host has started it anew.
        plugin.load(&live);
        assert_eq!((plugin.latency(), plugin.calls()), (aligned, vec![("rescan", true)]));
        plugin.set("Sensitivity", 0.5);
        assert_eq!((plugin.latency(), plugin.calls()), (aligned, vec![("restart", false)]));
        plugin.deactivate();
        plugin.activate();
        assert_eq!((plugin.latency(), plugin.calls()), (0, vec![("latency", true)]));
    }
}

/// Notes as a host takes them that knows MIDI alone: what it took.
#[derive(Default)]
struct MidiAlone(Vec<[u8; 3]>);

unsafe extern "C" fn take_midi(list: *const clap_output_events, event: *const clap_event_header) -> bool {
    // SAFETY: the list is one of the test's; an event is as long as its type says.
    unsafe {
        let is_midi = (*event).type_ == CLAP_EVENT_MIDI;
        if is_midi {
            (*(*list).ctx.cast::<MidiAlone>()).0.push((*event.cast::<clap_event_midi>()).data);
        }
        is_midi
    }
}

#[test]
fn a_host_that_takes_midi_alone_gets_the_notes_as_that() {
    let host = Host::new(true);
    let plugin = Plugin::new(&host);
    plugin.activate();
    let (sound, mut taken) = (signal::tune(48_000.0), MidiAlone::default());
    let out = clap_output_events { ctx: (&raw mut taken).cast(), try_push: Some(take_midi) };
    // Slower than it can be heard: hosts render so as well.
    for block in sound.chunks_exact(64) {
        plugin.process(block, &plugin.no_events(), &out);
    }
    let count = |status| taken.0.iter().filter(|data| data[0] >> 4 == status && data[2] > 0).count();
    let (ons, offs) = (count(0x9), taken.0.iter().filter(|data| data[0] >> 4 == 0x8).count());
    assert!(ons > 4 && offs > 4, "{ons} on, {offs} off: {:?}", taken.0);
}

#[test]
fn values_are_what_was_set_and_whole_where_there_are_steps() {
    let host = Host::new(true);
    let plugin = Plugin::new(&host);
    plugin.activate();
    // SAFETY: the name's type; calls as CLAP has them, with locals for results.
    let params = unsafe { plugin.extension::<clap_plugin_params>(CLAP_EXT_PARAMS) };
    let value = |id| {
        let mut value = f64::NAN;
        assert!(unsafe { params.get_value.unwrap()(plugin.raw, id, &mut value) });
        value
    };
    for info in plugin.parameters() {
        if info.flags & CLAP_PARAM_IS_STEPPED != 0 {
            for step in 0..=info.max_value as u32 {
                plugin.change(&[(info.id, CLAP_EVENT_PARAM_VALUE, f64::from(step))]);
                assert_eq!(value(info.id), f64::from(step));
            }
        }
    }
    // An end of the range that modulation reaches hides no value.
    let sensitivity = plugin.parameter("Sensitivity").id;
    for (kind, by, set) in [
        (CLAP_EVENT_PARAM_VALUE, 0.75, 0.75),
        (CLAP_EVENT_PARAM_MOD, 0.5, 0.75),
        (CLAP_EVENT_PARAM_VALUE, 0.625, 0.625),
        (CLAP_EVENT_PARAM_MOD, 0.0, 0.625),
    ] {
        plugin.change(&[(sensitivity, kind, by)]);
        assert_eq!(value(sensitivity), set, "{kind}, {by}");
    }
    // What would change the latency is not modulated.
    let modulated = |name| plugin.parameter(name).flags & CLAP_PARAM_IS_MODULATABLE != 0;
    assert!(modulated("Sensitivity") && modulated("MIDI channel"));
    assert!(
        !modulated("Timing")
            && !modulated("Decide after")
            && !modulated("Shortest note")
            && !modulated("Bypass")
    );
    // What names no key, and one parameter more than there are.
    let (pitch, mut read) = (plugin.parameter("Lowest pitch").id, f64::NAN);
    unsafe {
        let text_to_value = params.text_to_value.unwrap();
        for text in [c"\u{e9}", c"C\u{266f}4", c"A\u{266d}3", c"\u{421}4", c"4", c"", c"H"] {
            assert!(!text_to_value(plugin.raw, pitch, text.as_ptr(), &mut read), "{text:?}");
        }
        assert!(text_to_value(plugin.raw, pitch, c"C4".as_ptr(), &mut read));
        assert_eq!(read.fract(), 0.0);
        let mut info: clap_param_info = std::mem::zeroed();
        let count = params.count.unwrap()(plugin.raw);
        assert!(!params.get_info.unwrap()(plugin.raw, count, &mut info));
        let tail = plugin.extension::<clap_plugin_tail>(CLAP_EXT_TAIL);
        assert_eq!(tail.get.unwrap()(plugin.raw), u32::MAX);
    }
}

/// Where such a host asked for a window the framework ended it.
#[test]
fn a_host_that_knows_no_windows_is_offered_none() {
    let host = Host::new(true);
    let plugin = Plugin::new(&host);
    // SAFETY: a call as CLAP has it.
    assert!(
        unsafe { plugin.functions().get_extension.unwrap()(plugin.raw, CLAP_EXT_GUI.as_ptr()) }.is_null()
    );
}

#[test]
fn a_host_may_destroy_what_is_active() {
    let host = Host::new(true);
    let stays = Plugin::new(&host);
    for _ in 0..20 {
        let goes = Plugin::new(&host);
        goes.activate();
        goes.set("Timing", 1.0);
    }
    host.calls();
    stays.activate();
    stays.set("Timing", 1.0);
    assert_eq!(stays.calls(), [("restart", false)]);
    stays.deactivate();
}
