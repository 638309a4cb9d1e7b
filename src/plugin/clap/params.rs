//! The parameters, as a host asks for them.

use super::Instance;
use super::events::changes;
use clap_sys::events::{clap_input_events, clap_output_events};
use clap_sys::ext::params::{CLAP_PARAM_IS_MODULATABLE, clap_param_info, clap_plugin_params};
use nice_plug::wrapper::clap::clap_plugin;
use std::ffi::c_char;
use std::ptr::null;
use std::sync::atomic::Ordering;

/// The framework's functions, but for those that are here.
pub fn functions(framework: clap_plugin_params) -> clap_plugin_params {
    clap_plugin_params {
        get_info: Some(get_info),
        get_value: Some(get_value),
        text_to_value: Some(text_to_value),
        flush: Some(flush),
        ..framework
    }
}

/// The framework takes the number of parameters for one of them, and panics; and of each it says that it can be modulated.
unsafe extern "C" fn get_info(plugin: *const clap_plugin, index: u32, info: *mut clap_param_info) -> bool {
    // SAFETY: what the host promises this function it promises the framework's.
    unsafe {
        let Some(instance) = Instance::of(plugin) else { return false };
        let Some(params) = instance.framework.params() else { return false };
        let exists = params.count.is_some_and(|count| index < count(plugin));
        let known = exists && params.get_info.is_some_and(|get_info| get_info(plugin, index, info));
        if let Some(info) = info.as_mut().filter(|_| known)
            && !instance.values.is_modulatable(info.id)
        {
            info.flags &= !CLAP_PARAM_IS_MODULATABLE;
        }
        known
    }
}

/// The framework gives what is heard, modulated, and of steps what is a little less than whole.
unsafe extern "C" fn get_value(plugin: *const clap_plugin, id: u32, value: *mut f64) -> bool {
    // SAFETY: the host gives what it was given, and null or a place for the value.
    let (instance, value) = unsafe { (Instance::of(plugin), value.as_mut()) };
    match (instance.and_then(|instance| instance.values.stepped(id)), value) {
        (Some(found), Some(value)) => {
            *value = found;
            true
        }
        _ => false,
    }
}

unsafe extern "C" fn text_to_value(
    plugin: *const clap_plugin,
    id: u32,
    text: *const c_char,
    value: *mut f64,
) -> bool {
    // SAFETY: what the host promises this function it promises the framework's.
    unsafe {
        let Some(instance) = Instance::of(plugin) else { return false };
        let params = instance.framework.params();
        let read = params
            .and_then(|params| params.text_to_value)
            .is_some_and(|text_to_value| text_to_value(plugin, id, text, value));
        if let Some(value) = value.as_mut().filter(|_| read && instance.values.has_steps(id)) {
            *value = value.round();
        }
        read
    }
}

/// Takes changes of parameters where no block brings them, and tells of those that the window made.
///
/// # Realtime safety
/// As [`process`], while the plugin is active.
unsafe extern "C" fn flush(
    plugin: *const clap_plugin,
    events: *const clap_input_events,
    told: *const clap_output_events,
) {
    // SAFETY: what the host promises this function it promises the framework's.
    unsafe {
        let Some(instance) = Instance::of(plugin) else { return };
        instance.values.follow(changes(events));
        if !instance.active.load(Ordering::Acquire) {
            // This is the main thread, and perhaps there is no worker.
            instance.values.tell();
        }
        if let Some(flush) = instance.framework.params().and_then(|params| params.flush) {
            flush(plugin, null(), told);
        }
    }
}
