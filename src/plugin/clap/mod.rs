//! The CLAP that hosts are given: the framework's, within an object of ours that keeps from it what it does not stand (`nice-plug` 0.4.2).
//!
//! - For each parameter that the audio thread changes the framework has the host call the editor back, and where a host does not say which thread is which,
//!   that allocates. Here the parameters are set before the framework sees the block, and the editor looks when the worker next does.
//! - It takes a block where it is not active for a fault of its own, and panics, which ends the host.
//! - Of its parameters it gives what is modulated for what is set, and panics where it is asked for one more than there are.
//! - It sends notes as CLAP has them alone, which not every host takes, and changes that the window made after them.
//! - Of a latency that is another with an activation it tells once that is over, which CLAP forbids, and has the host activate once more for it. Here
//!   the host is told while it activates.

mod events;
mod params;

use super::CollaParte;
use super::buffers::{Bus, whole};
use super::made::Made;
use super::values::Values;
use crate::bridge::Bridge;
use clap_sys::audio_buffer::clap_audio_buffer;
use clap_sys::ext::audio_ports::{CLAP_EXT_AUDIO_PORTS, clap_audio_port_info, clap_plugin_audio_ports};
use clap_sys::ext::gui::{CLAP_EXT_GUI, clap_host_gui};
use clap_sys::ext::latency::{CLAP_EXT_LATENCY, clap_host_latency, clap_plugin_latency};
use clap_sys::ext::note_ports::{
    CLAP_EXT_NOTE_PORTS, CLAP_NOTE_DIALECT_CLAP, CLAP_NOTE_DIALECT_MIDI, clap_host_note_ports,
};
use clap_sys::ext::params::{CLAP_EXT_PARAMS, clap_param_info, clap_plugin_params};
use clap_sys::ext::state::{CLAP_EXT_STATE, clap_host_state};
use clap_sys::ext::tail::{CLAP_EXT_TAIL, clap_plugin_tail};
use clap_sys::process::{CLAP_PROCESS_ERROR, clap_process, clap_process_status};
use events::{Out, changes, others};
use nice_plug::wrapper::clap::{
    CLAP_PLUGIN_FACTORY_ID, CLAP_VERSION, PluginDescriptor, Wrapper, clap_host, clap_plugin,
    clap_plugin_descriptor, clap_plugin_entry, clap_plugin_factory,
};
use nice_plug::wrapper::setup_logger;
use std::ffi::{CStr, c_char, c_void};
use std::ptr::{null, null_mut};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

/// What a host holds.
#[repr(C)]
struct Instance {
    /// The framework's functions, but for those that are here, and its data. First, so that a pointer to it is one to the whole.
    plugin: clap_plugin,
    framework: Framework,
    params: clap_plugin_params,
    latency: clap_plugin_latency,
    tail: clap_plugin_tail,
    values: Values,
    bridge: Arc<Bridge>,
    /// The host; it lives longer.
    host: *const clap_host,
    /// The host was asked to call, and is to be told then that the project has yet to be saved.
    is_unsaved: Arc<AtomicBool>,
    /// The host takes notes as MIDI alone.
    as_midi: AtomicBool,
    active: AtomicBool,
    /// In, and as many out, as the host chose before it activated.
    channels: AtomicU32,
}

/// The framework's object, which lives as long as ours.
struct Framework(*const clap_plugin);

impl Framework {
    fn functions(&self) -> &clap_plugin {
        // SAFETY: it is let go of in `destroy` alone, with this.
        unsafe { &*self.0 }
    }

    /// Its functions for something.
    ///
    /// # Safety
    /// `T` is what CLAP has for that name.
    unsafe fn extension<T>(&self, name: &CStr) -> Option<&T> {
        // SAFETY: a call as CLAP has it; what it lends is null or lives as long as the plugin, and is what its name says.
        unsafe { self.functions().get_extension?(self.0, name.as_ptr()).cast::<T>().as_ref() }
    }

    /// Its functions for parameters.
    fn params(&self) -> Option<&clap_plugin_params> {
        // SAFETY: the name's type.
        unsafe { self.extension(CLAP_EXT_PARAMS) }
    }

    /// How many channels it has now, in as out.
    fn channels(&self) -> Option<u32> {
        // SAFETY: the name's type; a call as CLAP has it; the place for the result is a local, for whose fields zero is a value.
        unsafe {
            let ports = self.extension::<clap_plugin_audio_ports>(CLAP_EXT_AUDIO_PORTS)?;
            let mut info: clap_audio_port_info = std::mem::zeroed();
            ports.get?(self.0, 0, false, &mut info).then_some(info.channel_count)
        }
    }

    /// The numbers of its parameters, in their order.
    fn parameters(&self, params: &clap_plugin_params) -> Option<Vec<u32>> {
        // SAFETY: calls as CLAP has them; the place for the result is a local, for whose fields zero is a value.
        unsafe {
            let (count, describe) = (params.count?(self.0), params.get_info?);
            let ids = (0..count).map_while(|index| {
                let mut info: clap_param_info = std::mem::zeroed();
                describe(self.0, index, &mut info).then_some(info.id)
            });
            Some(ids.collect())
        }
    }
}

impl Drop for Framework {
    fn drop(&mut self) {
        if let Some(destroy) = self.functions().destroy {
            // SAFETY: whoever has this has the plugin, and lets go of it once.
            unsafe { destroy(self.0) };
        }
    }
}

impl Instance {
    /// A new one. It is `None` only if the framework makes another plugin than it was told to.
    ///
    /// # Safety
    /// `host` is one that lives as long as the instance.
    unsafe fn new(host: *const clap_host) -> Option<Instance> {
        // SAFETY: the caller's promise; the framework's way: this one reference is the plugin's own, until it is destroyed.
        let framework = unsafe {
            let wrapper = Arc::into_raw(Wrapper::<CollaParte>::new(host));
            Framework((*wrapper).clap_plugin.as_ptr())
        };
        let params = *framework.params()?;
        let made = Made::latest();
        let values = Values::new(&made, framework.parameters(&params)?.into_iter())?;
        let bridge = made.bridge.upgrade()?;
        let (is_unsaved, asked) = (Arc::<AtomicBool>::default(), Asked(host));
        let told = is_unsaved.clone();
        bridge.unsaved().tell_by(move || {
            told.store(true, Ordering::Release);
            asked.ask()
        });
        bridge.unsaved().listens(true);
        let plugin = clap_plugin {
            destroy: Some(destroy),
            activate: Some(activate),
            deactivate: Some(deactivate),
            process: Some(process),
            on_main_thread: Some(on_main_thread),
            get_extension: Some(get_extension),
            ..*framework.functions()
        };
        let params = params::functions(params);
        Some(Instance {
            plugin,
            framework,
            params,
            latency: clap_plugin_latency { get: Some(latency) },
            tail: clap_plugin_tail { get: Some(tail) },
            values,
            bridge,
            host,
            is_unsaved,
            as_midi: AtomicBool::new(false),
            active: AtomicBool::new(false),
            channels: AtomicU32::new(0),
        })
    }

    /// Tells the host of another latency: while it activates, which is when CLAP lets it be another.
    fn tell_latency(&self) {
        if !self.bridge.latency().news.take() {
            return;
        }
        // SAFETY: the name's type; a call as CLAP has it.
        unsafe {
            let latency = self.host_extension::<clap_host_latency>(CLAP_EXT_LATENCY);
            if let Some(changed) = latency.and_then(|latency| latency.changed) {
                changed(self.host);
            }
        }
    }

    /// Whether the host says that it takes notes as MIDI and not as CLAP has them.
    fn host_takes_midi_alone(&self) -> bool {
        // SAFETY: the name's type; a call as CLAP has it.
        let dialects = unsafe {
            let ports = self.host_extension::<clap_host_note_ports>(CLAP_EXT_NOTE_PORTS);
            ports.and_then(|ports| ports.supported_dialects).map(|dialects| dialects(self.host))
        };
        dialects.is_some_and(|dialects| {
            dialects & CLAP_NOTE_DIALECT_CLAP == 0 && dialects & CLAP_NOTE_DIALECT_MIDI != 0
        })
    }

    /// The host's functions for something.
    ///
    /// # Safety
    /// `T` is what CLAP has for that name.
    unsafe fn host_extension<T>(&self, name: &CStr) -> Option<&T> {
        // SAFETY: the host lives; what it lends is null or lives as long, and is what its name says.
        unsafe { (*self.host).get_extension?(self.host, name.as_ptr()).cast::<T>().as_ref() }
    }

    /// The instance that a host means.
    ///
    /// # Safety
    /// `plugin` is null or what [`create_plugin`] gave, not yet destroyed.
    unsafe fn of<'a>(plugin: *const clap_plugin) -> Option<&'a Instance> {
        // SAFETY: the caller's promise; every one that was given is the first field of an instance.
        unsafe { plugin.cast::<Instance>().as_ref() }
    }
}

/// A host, to be asked to call on its main thread.
struct Asked(*const clap_host);

// SAFETY: any thread may ask, as CLAP says.
unsafe impl Send for Asked {}

impl Asked {
    /// Whether it will.
    fn ask(&self) -> bool {
        // SAFETY: the host lives longer than the plugin, whose worker alone asks, while the host listens.
        unsafe {
            match (*self.0).request_callback {
                Some(request) => {
                    request(self.0);
                    true
                }
                None => false,
            }
        }
    }
}

unsafe extern "C" fn on_main_thread(plugin: *const clap_plugin) {
    // SAFETY: what the host promises this function it promises the framework's; the name's type; a call as CLAP has it.
    unsafe {
        let Some(instance) = Instance::of(plugin) else { return };
        if instance.is_unsaved.swap(false, Ordering::AcqRel) {
            let state = instance.host_extension::<clap_host_state>(CLAP_EXT_STATE);
            if let Some(mark_dirty) = state.and_then(|state| state.mark_dirty) {
                mark_dirty(instance.host);
            }
        }
        if let Some(on_main_thread) = instance.framework.functions().on_main_thread {
            on_main_thread(plugin);
        }
    }
}

unsafe extern "C" fn destroy(plugin: *const clap_plugin) {
    // SAFETY: a host destroys what `create_plugin` gave it, once.
    unsafe {
        let Some(instance) = Instance::of(plugin) else { return };
        if instance.active.load(Ordering::Acquire) {
            deactivate(plugin);
        }
        instance.bridge.unsaved().listens(false);
        drop(Box::from_raw(plugin.cast_mut().cast::<Instance>()));
    }
}

unsafe extern "C" fn activate(plugin: *const clap_plugin, rate_hz: f64, least: u32, most: u32) -> bool {
    // SAFETY: what the host promises this function it promises the framework's.
    unsafe {
        let Some(instance) = Instance::of(plugin) else { return false };
        let possible = rate_hz.is_finite() && rate_hz > 0.0 && most > 0;
        let activated = possible
            && instance
                .framework
                .functions()
                .activate
                .is_some_and(|activate| activate(plugin, rate_hz, least, most));
        if activated {
            instance.channels.store(instance.framework.channels().unwrap_or(0), Ordering::Relaxed);
            instance.as_midi.store(instance.host_takes_midi_alone(), Ordering::Relaxed);
            instance.active.store(true, Ordering::Release);
            instance.tell_latency();
        }
        activated
    }
}

unsafe extern "C" fn deactivate(plugin: *const clap_plugin) {
    // SAFETY: what the host promises this function it promises the framework's.
    unsafe {
        let Some(instance) = Instance::of(plugin) else { return };
        instance.active.store(false, Ordering::Release);
        if let Some(deactivate) = instance.framework.functions().deactivate {
            deactivate(plugin);
        }
    }
}

/// # Realtime safety
/// The framework's, and wait-free beside it.
unsafe extern "C" fn process(
    plugin: *const clap_plugin,
    process: *const clap_process,
) -> clap_process_status {
    // SAFETY: what the host promises this function it promises the framework's: that the block is null or its own for this call.
    unsafe {
        let (Some(instance), Some(block)) = (Instance::of(plugin), process.as_ref()) else {
            return CLAP_PROCESS_ERROR;
        };
        instance.values.follow(changes(block.in_events));
        let Some(go_on) = instance.framework.functions().process else { return CLAP_PROCESS_ERROR };
        if !instance.active.load(Ordering::Acquire) {
            return CLAP_PROCESS_ERROR;
        }
        let others = others(block.in_events);
        let out = Out::new(block.out_events, instance.as_midi.load(Ordering::Relaxed));
        let out_events = out.list();
        // What the window changed comes at the block's first sample: before the notes.
        if let Some(flush) = instance.framework.params().and_then(|params| params.flush) {
            flush(plugin, null(), &out_events);
        }
        let in_events = if block.in_events.is_null() { null() } else { &raw const others };
        let channels = instance.channels.load(Ordering::Relaxed) as usize;
        let (inputs, outputs) = (block.audio_inputs, block.audio_outputs);
        let input = if block.audio_inputs_count > 0 { inputs.as_ref() } else { None };
        let output = if block.audio_outputs_count > 0 { outputs.as_mut() } else { None };
        // What comes out is no constant.
        let output = output.map_or(Bus::NONE, |output| {
            output.constant_mask = 0;
            bus(output)
        });
        let used = whole(input.map_or(Bus::NONE, bus), output, channels, block.frames_count as usize);
        let count = u32::from(used.is_some());
        let (input, mut output) = used.map(|(input, output)| (buffer(input), buffer(output))).unzip();
        let block = clap_process {
            in_events,
            out_events: &out_events,
            audio_inputs: input.as_ref().map_or(null(), std::ptr::from_ref),
            audio_inputs_count: count,
            audio_outputs: output.as_mut().map_or(null_mut(), std::ptr::from_mut),
            audio_outputs_count: count,
            ..*block
        };
        go_on(plugin, &block)
    }
}

fn bus(buffer: &clap_audio_buffer) -> Bus {
    Bus { channels: buffer.data32, count: buffer.channel_count as usize }
}

fn buffer(bus: Bus) -> clap_audio_buffer {
    clap_audio_buffer {
        data32: bus.channels,
        data64: null_mut(),
        channel_count: bus.count as u32,
        latency: 0,
        constant_mask: 0,
    }
}

unsafe extern "C" fn latency(plugin: *const clap_plugin) -> u32 {
    // SAFETY: a host gives what it was given.
    unsafe { Instance::of(plugin) }.map_or(0, |instance| instance.bridge.latency().samples())
}

/// Notes may still be on their way, and may still sound, when the input has fallen silent. (The framework says so after the first block alone.)
unsafe extern "C" fn tail(_plugin: *const clap_plugin) -> u32 {
    u32::MAX
}

unsafe extern "C" fn get_extension(plugin: *const clap_plugin, id: *const c_char) -> *const c_void {
    // SAFETY: what the host promises this function it promises the framework's: that `id` is null or a string.
    let (instance, id) = unsafe {
        match Instance::of(plugin) {
            Some(instance) if !id.is_null() => (instance, CStr::from_ptr(id)),
            _ => return null(),
        }
    };
    if id == CLAP_EXT_PARAMS {
        (&raw const instance.params).cast()
    } else if id == CLAP_EXT_LATENCY {
        (&raw const instance.latency).cast()
    } else if id == CLAP_EXT_TAIL {
        (&raw const instance.tail).cast()
    } else if id == CLAP_EXT_GUI
        // SAFETY: the name's type.
        && unsafe { instance.host_extension::<clap_host_gui>(CLAP_EXT_GUI) }.is_none()
    {
        // The framework takes it for a matter of course that such a host shows windows.
        null()
    } else {
        // SAFETY: as above.
        instance.framework.functions().get_extension.map_or(null(), |get| unsafe { get(plugin, id.as_ptr()) })
    }
}

fn descriptor() -> &'static PluginDescriptor {
    static DESCRIPTOR: OnceLock<PluginDescriptor> = OnceLock::new();
    DESCRIPTOR.get_or_init(PluginDescriptor::for_plugin::<CollaParte>)
}

unsafe extern "C" fn get_plugin_count(_factory: *const clap_plugin_factory) -> u32 {
    1
}

unsafe extern "C" fn get_plugin_descriptor(
    _factory: *const clap_plugin_factory,
    index: u32,
) -> *const clap_plugin_descriptor {
    if index == 0 { descriptor().clap_plugin_descriptor() } else { null() }
}

unsafe extern "C" fn create_plugin(
    _factory: *const clap_plugin_factory,
    host: *const clap_host,
    id: *const c_char,
) -> *const clap_plugin {
    // SAFETY: the host gives null or a string, and itself.
    unsafe {
        if host.is_null() || id.is_null() || CStr::from_ptr(id) != descriptor().clap_id() {
            return null();
        }
        Instance::new(host).map_or(null(), |instance| Box::into_raw(Box::new(instance)).cast_const().cast())
    }
}

static FACTORY: clap_plugin_factory = clap_plugin_factory {
    get_plugin_count: Some(get_plugin_count),
    get_plugin_descriptor: Some(get_plugin_descriptor),
    create_plugin: Some(create_plugin),
};

unsafe extern "C" fn init(_path: *const c_char) -> bool {
    setup_logger::<CollaParte>();
    true
}

unsafe extern "C" fn deinit() {}

unsafe extern "C" fn get_factory(id: *const c_char) -> *const c_void {
    // SAFETY: the host gives null or a string.
    let wanted = !id.is_null() && unsafe { CStr::from_ptr(id) } == CLAP_PLUGIN_FACTORY_ID;
    if wanted { (&raw const FACTORY).cast() } else { null() }
}

/// What a host looks for in the library.
#[unsafe(no_mangle)]
#[used]
pub static clap_entry: clap_plugin_entry = clap_plugin_entry {
    clap_version: CLAP_VERSION,
    init: Some(init),
    deinit: Some(deinit),
    get_factory: Some(get_factory),
};
