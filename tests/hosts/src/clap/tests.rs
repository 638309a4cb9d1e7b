//! What hosts may ask of a CLAP beside what a host should.

use super::*;
use crate::{bundles, parameter, saved, signal};
use clack_host::events::event_types::ParamModEvent;
use clap_sys::audio_buffer::clap_audio_buffer;
use clap_sys::events::clap_event_header;
use clap_sys::ext::params::{CLAP_EXT_PARAMS, clap_plugin_params};
use clap_sys::factory::plugin_factory::{CLAP_PLUGIN_FACTORY_ID, clap_plugin_factory};
use clap_sys::process::{CLAP_PROCESS_ERROR, clap_process};
use serde_json::json;
use std::ptr::null;

const SETUP: Setup = Setup { rate_hz: 48_000.0, channels: 2, largest_block: 512, offline: true };

fn open() -> ClapInstance {
    ClapInstance::open(&bundles().join("Colla Parte.clap")).unwrap()
}

#[test]
fn what_no_host_should_ask_is_refused() {
    let instance = open();
    let plugin = instance.main.instance.raw_instance();
    // SAFETY: calls on a living plugin; places for what is lent are locals or null, which every one of these functions must stand.
    unsafe {
        let block: clap_process = std::mem::zeroed();
        let process = plugin.process.unwrap();
        assert_eq!(process(plugin, &block), CLAP_PROCESS_ERROR, "a block before any activation");
        assert_eq!(process(plugin, null()), CLAP_PROCESS_ERROR);
        assert_eq!(process(null(), &block), CLAP_PROCESS_ERROR);
        let activate = plugin.activate.unwrap();
        for (rate_hz, most) in
            [(f64::NAN, 512), (0.0, 512), (-48_000.0, 512), (f64::INFINITY, 512), (48_000.0, 0)]
        {
            assert!(!activate(plugin, rate_hz, 1, most), "{rate_hz} Hz, {most} samples");
        }
        assert_eq!(process(plugin, &block), CLAP_PROCESS_ERROR, "no activation came of it");
        let get_extension = plugin.get_extension.unwrap();
        assert!(get_extension(plugin, null()).is_null());
        assert!(get_extension(plugin, c"nobody's".as_ptr()).is_null());
        let params = &*get_extension(plugin, CLAP_EXT_PARAMS.as_ptr()).cast::<clap_plugin_params>();
        params.flush.unwrap()(plugin, null(), null());
    }
    assert!(instance.audio.processor.is_none());
}

#[test]
fn the_factory_has_one_plugin_and_makes_no_other() {
    let instance = open();
    let entry = instance.main.instance.entry().raw_entry();
    // SAFETY: as above; the host is null, which no plugin may be made for.
    unsafe {
        let get_factory = entry.get_factory.unwrap();
        assert!(get_factory(null()).is_null());
        assert!(get_factory(c"nobody's".as_ptr()).is_null());
        let factory = get_factory(CLAP_PLUGIN_FACTORY_ID.as_ptr()).cast::<clap_plugin_factory>();
        assert_eq!((*factory).get_plugin_count.unwrap()(factory), 1);
        let describe = (*factory).get_plugin_descriptor.unwrap();
        assert!(describe(factory, 1).is_null());
        let id = (*describe(factory, 0)).id;
        let create = (*factory).create_plugin.unwrap();
        for id in [null(), c"nobody's".as_ptr(), id] {
            assert!(create(factory, null(), id).is_null());
        }
    }
}

#[test]
fn values_come_with_blocks_and_without_them() {
    let mut instance = open();
    let sensitivity = parameter(&mut instance, "Sensitivity");
    let channel = parameter(&mut instance, "MIDI channel");
    let nobodys = Parameter { id: 1, ..sensitivity.clone() };
    // Without: the plugin sleeps.
    for (value, kept) in [(0.25, 0.25), (f64::NAN, 0.25), (7.0, 1.0)] {
        instance.automate(&sensitivity, 0, value);
        instance.automate(&nobodys, 0, 0.5);
        let params = instance.main.instance.plugin_handle().get_extension::<PluginParams>().unwrap();
        let mut told = EventBuffer::new();
        params.flush(
            &mut instance.main.instance.inactive_plugin_handle().unwrap(),
            &InputEvents::from_buffer(&instance.audio.changes),
            &mut OutputEvents::from_buffer(&mut told),
        );
        instance.audio.changes.clear();
        assert_eq!(saved(&mut instance)["params"]["sens"], json!({ "f32": kept }), "{value}");
    }
    // With: the last of several counts, in steps where there are steps.
    instance.activate(&SETUP).unwrap();
    for (at, value) in [(0, 1.0), (9, 0.75)] {
        instance.automate(&sensitivity, at, value);
        instance.automate(&channel, at, value);
    }
    instance.automate(&nobodys, 10, 0.5);
    instance.process(&mut [vec![0.0; 512], vec![0.0; 512]], &mut Vec::new()).unwrap();
    let params = saved(&mut instance)["params"].clone();
    assert_eq!(params["sens"], json!({ "f32": 0.75 }));
    assert_eq!(params["chan"], json!({ "i32": 12 }));
}

#[test]
fn a_modulation_is_heard_and_not_saved() {
    let mut instance = open();
    let channel = parameter(&mut instance, "MIDI channel");
    instance.activate(&SETUP).unwrap();
    let (before, tune) = (saved(&mut instance), signal::tune(SETUP.rate_hz));
    for (by, heard) in [(0.0, 0), (3.0, 3), (f64::NAN, 3), (0.0, 0)] {
        let modulated = ParamModEvent::new(0, ClapId::new(channel.id), Pckn::match_all(), by);
        instance.audio.changes.push(&modulated);
        let mut channels = vec![tune.clone(), tune.clone()];
        let blocks = std::iter::repeat(SETUP.largest_block);
        let events = crate::render(&mut instance, &mut channels, blocks).unwrap();
        assert!(!events.is_empty());
        let ons = events.iter().filter(|(_, midi)| matches!(midi, Midi::On { .. }));
        assert!(
            ons.clone().count() > 0 && ons.clone().all(|(_, midi)| midi.channel() == heard),
            "{by}: {events:?}"
        );
        assert_eq!(saved(&mut instance)["params"], before["params"]);
    }
}

/// A list whose events are none.
#[test]
fn a_list_may_have_holes() {
    unsafe extern "C" fn three(_list: *const clap_sys::events::clap_input_events) -> u32 {
        3
    }
    unsafe extern "C" fn nothing(
        _list: *const clap_sys::events::clap_input_events,
        _index: u32,
    ) -> *const clap_event_header {
        null()
    }
    let mut instance = open();
    instance.activate(&SETUP).unwrap();
    let before = saved(&mut instance);
    let holes = clap_sys::events::clap_input_events {
        ctx: std::ptr::null_mut(),
        size: Some(three),
        get: Some(nothing),
    };
    let without = clap_sys::events::clap_input_events { size: None, get: None, ..holes };
    for list in [holes, without] {
        let plugin = instance.main.instance.raw_instance();
        // SAFETY: as above; nothing else processes meanwhile.
        unsafe {
            let params = &*plugin.get_extension.unwrap()(plugin, CLAP_EXT_PARAMS.as_ptr())
                .cast::<clap_plugin_params>();
            params.flush.unwrap()(plugin, &list, null());
            // A block of nothing, as hosts have it that only bring events.
            let block = clap_process { in_events: &list, ..std::mem::zeroed() };
            plugin.process.unwrap()(plugin, &block);
        }
        assert_eq!(saved(&mut instance)["params"], before["params"]);
    }
}

/// One bus of a block: its channels, some of which may not be there.
fn bus(channels: &mut [*mut f32]) -> clap_audio_buffer {
    clap_audio_buffer {
        data32: channels.as_mut_ptr(),
        data64: std::ptr::null_mut(),
        channel_count: channels.len() as u32,
        latency: 0,
        constant_mask: u64::MAX,
    }
}

#[test]
fn blocks_may_be_longer_and_have_other_channels_than_was_said() {
    const LONG: usize = 4 * SETUP.largest_block;
    let mut instance = open();
    instance.activate(&SETUP).unwrap();
    let plugin = instance.main.instance.raw_instance();
    for (ins, outs, heard) in crate::ODD_BUSES {
        let (mut input, mut output) = ([[0.5f32; LONG]; 3], [[0.25f32; LONG]; 3]);
        let (mut in_channels, mut out_channels) =
            (crate::pointers(&mut input, ins), crate::pointers(&mut output, outs));
        let (in_bus, mut out_bus) = (bus(&mut in_channels), bus(&mut out_channels));
        let block = clap_process {
            steady_time: -1,
            frames_count: LONG as u32,
            transport: null(),
            audio_inputs: &in_bus,
            audio_outputs: &mut out_bus,
            audio_inputs_count: u32::from(!ins.is_empty()),
            audio_outputs_count: u32::from(!outs.is_empty()),
            in_events: null(),
            out_events: null(),
        };
        // SAFETY: each channel is null or one of so many samples; nothing else processes meanwhile.
        unsafe { plugin.process.unwrap()(plugin, &block) };
        assert_eq!(crate::constants(output), heard.map(Some), "{ins:?}, {outs:?}");
    }
}
