//! The lists of events that the framework is given in the place of a host's.

use super::super::values::Change;
use clap_sys::events::{
    CLAP_CORE_EVENT_SPACE_ID, CLAP_EVENT_MIDI, CLAP_EVENT_NOTE_OFF, CLAP_EVENT_NOTE_ON, CLAP_EVENT_PARAM_MOD,
    CLAP_EVENT_PARAM_VALUE, clap_event_header, clap_event_midi, clap_event_note, clap_event_param_mod,
    clap_event_param_value, clap_input_events, clap_output_events,
};
use std::ptr::null;

/// The changes of parameters among a host's events.
///
/// # Safety
/// `events` is null or the host's for as long as the result is used.
pub unsafe fn changes(events: *const clap_input_events) -> impl Iterator<Item = (u32, Change)> {
    // SAFETY, for both: the caller's promise; an event is as long as its type says.
    let count = unsafe { if events.is_null() { 0 } else { size(events) } };
    (0..count).filter_map(move |index| unsafe {
        let event = get(events, index);
        match of_parameter(event)? {
            CLAP_EVENT_PARAM_VALUE => {
                let event = &*event.cast::<clap_event_param_value>();
                Some((event.param_id, Change::Stepped(event.value)))
            }
            _ => {
                let event = &*event.cast::<clap_event_param_mod>();
                Some((event.param_id, Change::Modulated(event.amount)))
            }
        }
    })
}

/// The type of an event, if it changes a parameter.
///
/// # Safety
/// `event` is null or an event.
unsafe fn of_parameter(event: *const clap_event_header) -> Option<u16> {
    // SAFETY: the caller's promise.
    let header = unsafe { event.as_ref() }?;
    let changes = matches!(header.type_, CLAP_EVENT_PARAM_VALUE | CLAP_EVENT_PARAM_MOD);
    (header.space_id == CLAP_CORE_EVENT_SPACE_ID && changes).then_some(header.type_)
}

/// How many events a list has.
///
/// # Safety
/// `events` is a list.
unsafe fn size(events: *const clap_input_events) -> u32 {
    // SAFETY: the caller's promise.
    unsafe { (*events).size.map_or(0, |size| size(events)) }
}

/// One of them.
///
/// # Safety
/// As [`size`].
unsafe fn get(events: *const clap_input_events, index: u32) -> *const clap_event_header {
    // SAFETY: the caller's promise.
    unsafe { (*events).get.map_or(null(), |get| get(events, index)) }
}

unsafe extern "C" fn size_of_all(others: *const clap_input_events) -> u32 {
    // SAFETY: `process` makes such lists, of one that is the host's for as long.
    unsafe { size((*others).ctx.cast_const().cast()) }
}

/// An event of a host's list; null, which the framework passes over, for one that changes a parameter.
unsafe extern "C" fn get_of_others(others: *const clap_input_events, index: u32) -> *const clap_event_header {
    // SAFETY: as `size_of_all`.
    unsafe {
        let event = get((*others).ctx.cast_const().cast(), index);
        if of_parameter(event).is_some() { null() } else { event }
    }
}

/// What comes with a block, without the changes of parameters, for the framework.
///
/// # Safety
/// `events` is null or a list, which lives as long as the result is used.
pub unsafe fn others(events: *const clap_input_events) -> clap_input_events {
    clap_input_events { ctx: events.cast_mut().cast(), size: Some(size_of_all), get: Some(get_of_others) }
}

/// Where the plugin sends its events.
pub struct Out {
    host: *const clap_output_events,
    /// The host takes notes as MIDI alone.
    as_midi: bool,
}

impl Out {
    /// The host's list.
    ///
    /// # Safety
    /// `host` is null or a list, which lives as long as this is used.
    pub unsafe fn new(host: *const clap_output_events, as_midi: bool) -> Out {
        Out { host, as_midi }
    }

    /// The same, for the framework; it refers to this.
    pub fn list(&self) -> clap_output_events {
        clap_output_events { ctx: std::ptr::from_ref(self).cast_mut().cast(), try_push: Some(push) }
    }

    /// Whether the host takes it.
    ///
    /// # Safety
    /// `event` is an event.
    unsafe fn try_push(&self, event: *const clap_event_header) -> bool {
        // SAFETY: what is promised of both.
        unsafe { (*self.host).try_push.is_some_and(|push| push(self.host, event)) }
    }
}

/// A note as MIDI; `None` for what is no note.
///
/// # Safety
/// `event` is an event.
unsafe fn midi(event: *const clap_event_header) -> Option<clap_event_midi> {
    // SAFETY: the caller's promise; an event is as long as its type says.
    let (header, note) = unsafe {
        let header = *event;
        let is_note = matches!(header.type_, CLAP_EVENT_NOTE_ON | CLAP_EVENT_NOTE_OFF);
        if header.space_id != CLAP_CORE_EVENT_SPACE_ID || !is_note {
            return None;
        }
        (header, *event.cast::<clap_event_note>())
    };
    let velocity = (note.velocity * 127.0).round().clamp(0.0, 127.0) as u8;
    let (status, velocity) = match header.type_ {
        // One of 0 would end it.
        CLAP_EVENT_NOTE_ON => (0x90, velocity.max(1)),
        _ => (0x80, velocity),
    };
    Some(clap_event_midi {
        header: clap_event_header {
            size: size_of::<clap_event_midi>() as u32,
            type_: CLAP_EVENT_MIDI,
            ..header
        },
        port_index: 0,
        data: [status | (note.channel & 15) as u8, (note.key & 127) as u8, velocity],
    })
}

/// Pushes a note as MIDI where the host does not take it as it is: the framework sends it so alone.
unsafe extern "C" fn push(list: *const clap_output_events, event: *const clap_event_header) -> bool {
    // SAFETY: `Out::list` makes such lists; the framework pushes events.
    unsafe {
        let out = &*(*list).ctx.cast_const().cast::<Out>();
        if out.host.is_null() || event.is_null() {
            return false;
        }
        match midi(event) {
            Some(midi) if out.as_midi => out.try_push(&midi.header),
            Some(midi) => out.try_push(event) || out.try_push(&midi.header),
            None => out.try_push(event),
        }
    }
}
