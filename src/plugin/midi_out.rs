//! Ready events to MIDI.

use crate::bridge::ReadyKind;
use crate::performance::CueMessage;
use nice_plug::midi::{Channel, Key, VoiceID};
use nice_plug::prelude::*;

/// Controller of the sustain pedal.
const SUSTAIN: u8 = 64;

/// Pitch bend of a note on its key.
const UNBENT: u16 = 8192;

/// How events are sent at present.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Routing {
    /// MIDI channel, 0-15.
    pub channel: u8,
    /// Send the sustain pedal.
    pub pedal: bool,
    /// Controller that carries the measure; the next one up carries the beat.
    pub position_cc: Option<u8>,
}

/// Sends events and knows what sounds, so that nothing ever hangs: a note ends on the channel where it began, and
/// an end that the host had no room for is sent again with the next block.
///
/// # Realtime safety
/// Never allocates.
#[derive(Debug)]
pub struct MidiOut {
    /// Channel on which each pitch sounds.
    sounding: [Option<u8>; 128],
    /// Channel on which an end is owed to each pitch.
    owed: [Option<u8>; 128],
    /// Channel on which the pedal is down.
    pedal: Option<u8>,
    /// Channel that is bent.
    bent: Option<u8>,
    /// The note that a cue struck last on each channel.
    cues: [Option<u8>; 16],
    /// The end of that is owed.
    cues_owed: [bool; 16],
    /// The pedal's lifting is owed.
    pedal_owed: bool,
}

impl Default for MidiOut {
    fn default() -> Self {
        MidiOut {
            sounding: [None; 128],
            owed: [None; 128],
            pedal: None,
            bent: None,
            cues: [None; 16],
            cues_owed: [false; 16],
            pedal_owed: false,
        }
    }
}

impl MidiOut {
    /// Sends one event at sample `timing` of the block. `send` returns whether the host took it.
    pub fn send(
        &mut self,
        kind: ReadyKind,
        timing: u32,
        routing: Routing,
        mut send: impl FnMut(NoteEvent<()>) -> bool,
    ) {
        match kind {
            ReadyKind::NoteOn { pitch, velocity } => {
                self.end(pitch, timing, &mut send);
                let on = NoteEvent::NoteOn {
                    timing,
                    voice_id: VoiceID::Wildcard,
                    channel: Channel::Number(routing.channel),
                    key: Key::Number(pitch),
                    velocity: f32::from(velocity) / 127.0,
                };
                // Never struck on top of an end that is still owed.
                if self.owed[usize::from(pitch & 127)].is_none() && send(on) {
                    self.sounding[usize::from(pitch & 127)] = Some(routing.channel);
                }
            }
            ReadyKind::NoteOff { pitch } => self.end(pitch, timing, &mut send),
            ReadyKind::Pedal { down } if routing.pedal => {
                self.lift_pedal(timing, &mut send);
                if down && self.pedal_owed {
                    // It is still down.
                    self.pedal_owed = false;
                } else if down && send(controller(timing, routing.channel, SUSTAIN, 127)) {
                    self.pedal = Some(routing.channel);
                }
            }
            ReadyKind::Pedal { .. } => {}
            ReadyKind::Bend { value } => {
                if self.bent.is_some_and(|channel| channel != routing.channel) {
                    self.straighten(timing, &mut send);
                }
                if send(bend(timing, routing.channel, value)) {
                    self.bent = (value != UNBENT).then_some(routing.channel);
                }
            }
            ReadyKind::Place { measure, beat } => {
                if let Some(cc) = routing.position_cc {
                    send(controller(timing, routing.channel, cc, (measure % 128) as u8));
                    send(controller(timing, routing.channel, cc + 1, beat.min(127)));
                }
            }
            ReadyKind::Cue { channel, message: CueMessage::Control { number, value } } => {
                send(controller(timing, channel & 15, number & 127, value & 127));
            }
            ReadyKind::Cue { channel, message: CueMessage::Note { pitch, velocity } } => {
                let (channel, pitch) = (channel & 15, pitch & 127);
                // One note a channel: what a cue struck before ends first, so that none can be forgotten.
                self.end_cue(channel, timing, &mut send);
                let on = NoteEvent::NoteOn {
                    timing,
                    voice_id: VoiceID::Wildcard,
                    channel: Channel::Number(channel),
                    key: Key::Number(pitch),
                    velocity: f32::from(velocity) / 127.0,
                };
                if self.cues[usize::from(channel)].is_none() && send(on) {
                    self.cues[usize::from(channel)] = Some(pitch);
                }
            }
            ReadyKind::CueEnd { channel, pitch } => {
                if self.cues[usize::from(channel & 15)] == Some(pitch & 127) {
                    self.end_cue(channel & 15, timing, &mut send);
                }
            }
        }
    }

    /// Sends again, at the block's first sample, the ends that the host had no room for.
    pub fn send_owed(&mut self, mut send: impl FnMut(NoteEvent<()>) -> bool) {
        for pitch in 0..128u8 {
            if let Some(channel) = self.owed[usize::from(pitch)]
                && send(note_off(0, channel, pitch))
            {
                self.owed[usize::from(pitch)] = None;
            }
        }
        for channel in 0..16 {
            if self.cues_owed[usize::from(channel)] {
                self.end_cue(channel, 0, &mut send);
            }
        }
        if self.pedal_owed {
            self.lift_pedal(0, &mut send);
        }
    }

    /// Follows another way to send: a pedal that is sent no more is lifted, at the block's first sample.
    pub fn follow(&mut self, routing: Routing, mut send: impl FnMut(NoteEvent<()>) -> bool) {
        if !routing.pedal {
            self.lift_pedal(0, &mut send);
        }
    }

    /// Ends everything that sounds, at the block's first sample.
    pub fn silence(&mut self, mut send: impl FnMut(NoteEvent<()>) -> bool) {
        for pitch in 0..128 {
            self.end(pitch, 0, &mut send);
        }
        for channel in 0..16 {
            self.end_cue(channel, 0, &mut send);
        }
        self.lift_pedal(0, &mut send);
        self.straighten(0, &mut send);
    }

    fn end_cue(&mut self, channel: u8, timing: u32, send: &mut impl FnMut(NoteEvent<()>) -> bool) {
        let index = usize::from(channel);
        if let Some(pitch) = self.cues[index] {
            self.cues_owed[index] = !send(note_off(timing, channel, pitch));
            if !self.cues_owed[index] {
                self.cues[index] = None;
            }
        }
    }

    fn end(&mut self, pitch: u8, timing: u32, send: &mut impl FnMut(NoteEvent<()>) -> bool) {
        let pitch = pitch & 127;
        if let Some(channel) = self.sounding[usize::from(pitch)].take()
            && !send(note_off(timing, channel, pitch))
        {
            self.owed[usize::from(pitch)] = Some(channel);
        }
    }

    fn straighten(&mut self, timing: u32, send: &mut impl FnMut(NoteEvent<()>) -> bool) {
        if self.bent.is_some_and(|channel| send(bend(timing, channel, UNBENT))) {
            self.bent = None;
        }
    }

    fn lift_pedal(&mut self, timing: u32, send: &mut impl FnMut(NoteEvent<()>) -> bool) {
        if let Some(channel) = self.pedal {
            self.pedal_owed = !send(controller(timing, channel, SUSTAIN, 0));
            if !self.pedal_owed {
                self.pedal = None;
            }
        }
    }
}

fn bend(timing: u32, channel: u8, value: u16) -> NoteEvent<()> {
    // The framework makes 14 bits of it again, rounding.
    NoteEvent::MidiPitchBend { timing, channel, value: f32::from(value) / 16_383.0 }
}

fn note_off(timing: u32, channel: u8, pitch: u8) -> NoteEvent<()> {
    NoteEvent::NoteOff {
        timing,
        voice_id: VoiceID::Wildcard,
        channel: Channel::Number(channel),
        key: Key::Number(pitch),
        velocity: 0.0,
    }
}

fn controller(timing: u32, channel: u8, cc: u8, value: u8) -> NoteEvent<()> {
    NoteEvent::MidiCC { timing, channel, cc, value: f32::from(value) / 127.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Routing = Routing { channel: 3, pedal: true, position_cc: Some(20) };

    fn on(pitch: u8) -> ReadyKind {
        ReadyKind::NoteOn { pitch, velocity: 64 }
    }

    /// Pitch, and whether it is a note-on.
    fn pitches(sent: &[NoteEvent<()>]) -> Vec<(u8, bool)> {
        sent.iter()
            .filter_map(|event| match event {
                NoteEvent::NoteOn { key, .. } => Some((key.number()?, true)),
                NoteEvent::NoteOff { key, .. } => Some((key.number()?, false)),
                _ => None,
            })
            .collect()
    }

    #[test]
    fn a_note_ends_on_the_channel_where_it_began() {
        let mut out = MidiOut::default();
        let mut sent = Vec::new();
        let mut take = |event| {
            sent.push(event);
            true
        };
        out.send(on(60), 5, PLAIN, &mut take);
        out.send(ReadyKind::NoteOff { pitch: 60 }, 9, Routing { channel: 0, ..PLAIN }, &mut take);
        assert_eq!(sent[1], note_off(9, 3, 60));
    }

    #[test]
    fn an_end_that_the_host_refused_is_sent_with_the_next_block() {
        let mut out = MidiOut::default();
        out.send(on(60), 0, PLAIN, |_| true);
        out.send(ReadyKind::NoteOff { pitch: 60 }, 0, PLAIN, |_| false);
        // As long as it is owed, the key is not struck again.
        out.send(on(60), 0, PLAIN, |_| panic!("struck on top of an owed end"));
        let mut sent = Vec::new();
        let mut take = |event| {
            sent.push(event);
            true
        };
        out.send_owed(&mut take);
        out.send_owed(&mut take);
        assert_eq!(pitches(&sent), [(60, false)]);
    }

    #[test]
    fn a_pedal_that_is_sent_no_more_is_lifted() {
        let mut out = MidiOut::default();
        out.send(ReadyKind::Pedal { down: true }, 0, PLAIN, |_| true);
        out.follow(PLAIN, |_| panic!("it is still sent"));
        let mut sent = Vec::new();
        let without = Routing { pedal: false, ..PLAIN };
        for _ in 0..2 {
            out.follow(without, |event| {
                sent.push(event);
                true
            });
        }
        assert_eq!(sent, [controller(0, 3, SUSTAIN, 0)]);
    }

    #[test]
    fn a_pedal_and_a_cue_that_the_host_refused_to_end_end_with_the_next_block() {
        let mut out = MidiOut::default();
        out.send(ReadyKind::Pedal { down: true }, 0, PLAIN, |_| true);
        let message = CueMessage::Note { pitch: 72, velocity: 100 };
        out.send(ReadyKind::Cue { channel: 5, message }, 0, PLAIN, |_| true);
        out.send(ReadyKind::Pedal { down: false }, 1, PLAIN, |_| false);
        out.send(ReadyKind::CueEnd { channel: 5, pitch: 72 }, 1, PLAIN, |_| false);
        let mut sent = Vec::new();
        for _ in 0..2 {
            out.send_owed(|event| {
                sent.push(event);
                true
            });
        }
        assert_eq!(sent, [note_off(0, 5, 72), controller(0, 3, SUSTAIN, 0)]);
        // Pressed again meanwhile it stays down.
        out.send(ReadyKind::Pedal { down: true }, 0, PLAIN, |_| true);
        out.send(ReadyKind::Pedal { down: false }, 1, PLAIN, |_| false);
        out.send(ReadyKind::Pedal { down: true }, 2, PLAIN, |_| false);
        out.send_owed(|_| panic!("nothing is owed"));
    }

    #[test]
    fn silence_ends_all_that_sounds_and_the_pedal() {
        let mut out = MidiOut::default();
        for pitch in [40, 50, 60] {
            out.send(on(pitch), 0, PLAIN, |_| true);
        }
        out.send(ReadyKind::NoteOff { pitch: 50 }, 0, PLAIN, |_| true);
        out.send(ReadyKind::Pedal { down: true }, 0, PLAIN, |_| true);
        let mut sent = Vec::new();
        out.silence(|event| {
            sent.push(event);
            true
        });
        assert_eq!(pitches(&sent), [(40, false), (60, false)]);
        assert_eq!(sent.last(), Some(&controller(0, 3, SUSTAIN, 0)));
        out.silence(|_| panic!("nothing sounds any more"));
    }

    #[test]
    fn silence_takes_the_bend_back_on_the_channel_that_is_bent() {
        let mut out = MidiOut::default();
        let mut sent = Vec::new();
        let mut take = |event| {
            sent.push(event);
            true
        };
        out.send(ReadyKind::Bend { value: 9000 }, 4, PLAIN, &mut take);
        out.send(ReadyKind::Bend { value: 7000 }, 5, Routing { channel: 0, ..PLAIN }, &mut take);
        out.silence(&mut take);
        out.silence(|_| panic!("nothing is bent any more"));
        assert_eq!(sent, [bend(4, 3, 9000), bend(5, 3, UNBENT), bend(5, 0, 7000), bend(0, 0, UNBENT)]);
    }

    #[test]
    fn a_cue_leaves_as_it_was_set_and_its_note_never_hangs() {
        let cue = |message| ReadyKind::Cue { channel: 15, message };
        let note = |pitch| cue(CueMessage::Note { pitch, velocity: 100 });
        let mut out = MidiOut::default();
        let mut sent = Vec::new();
        let mut take = |event| {
            sent.push(event);
            true
        };
        out.send(cue(CueMessage::Control { number: 30, value: 9 }), 1, PLAIN, &mut take);
        out.send(note(40), 2, PLAIN, &mut take);
        out.send(note(41), 3, PLAIN, &mut take);
        // The first one's end comes when the second has already taken its place.
        out.send(ReadyKind::CueEnd { channel: 15, pitch: 40 }, 4, PLAIN, &mut take);
        out.send(ReadyKind::CueEnd { channel: 15, pitch: 41 }, 5, PLAIN, &mut |_| false);
        out.silence(&mut take);
        assert_eq!(sent[0], controller(1, 15, 30, 9));
        assert_eq!(pitches(&sent), [(40, true), (40, false), (41, true), (41, false)]);
        out.silence(|_| panic!("nothing sounds any more"));
    }

    #[test]
    fn a_place_leaves_as_two_controllers() {
        let mut sent = Vec::new();
        MidiOut::default().send(ReadyKind::Place { measure: 130, beat: 3 }, 7, PLAIN, |event| {
            sent.push(event);
            true
        });
        assert_eq!(sent, [controller(7, 3, 20, 2), controller(7, 3, 21, 3)]);
    }
}
