//! The audio thread.

use super::delay::Delay;
use super::midi_out::{MidiOut, Routing};
use super::params::{Parameters, TimingMode};
use crate::bridge::{Bridge, HostTransport, Pace, RealtimeEnd, Schedule, Timing};
use crate::engine::{Engine, EstimatorKind};
use crate::performance::DecisionDelay;
use nice_plug::prelude::*;
use std::time::{Duration, Instant};

/// Time left to the worker in *Aligned* timing, in seconds: its naps, its work on a hop, a busy machine.
const WORKER_S: f64 = 0.03;

/// Least time that a note is observed before it is told, in seconds.
const OBSERVED_S: f64 = 0.03;

/// Longest setting of the shortest note, in seconds.
const LONGEST_MINIMUM_S: f64 = 0.5;

/// Events that may wait for their sample at once.
const WAITING: usize = 4096;

/// How long one block of an offline render may wait for the worker.
const OFFLINE_WAIT: Duration = Duration::from_secs(10);

/// What the latency of one activation comes from, beside the parameters.
#[derive(Clone, Copy, Debug)]
pub struct LatencyRule {
    rate_hz: f64,
    /// What the engine takes to know of a note, but for its length, at each decision delay in order.
    answer_s: [f64; DecisionDelay::ALL.len()],
    largest_block: usize,
}

impl LatencyRule {
    fn new(rate_hz: f64, largest_block: usize) -> LatencyRule {
        // Where no engine can be made nothing is heard, and the worker says why.
        let answer_s = DecisionDelay::ALL.map(|delay| {
            Engine::answer_time(EstimatorKind::default(), delay, rate_hz).map_or(0.0, |time| time.0)
        });
        LatencyRule { rate_hz, answer_s, largest_block }
    }

    /// The latency that the parameters ask for, in samples.
    pub fn wanted(&self, params: &Parameters) -> u64 {
        match params.timing.value() {
            TimingMode::Live => 0,
            TimingMode::Aligned => {
                let delay = DecisionDelay::from(params.decide_after.value());
                self.aligned(self.answer_s[delay as usize], f64::from(params.minimum_note.value()) / 1000.0)
            }
        }
    }

    fn longest(&self) -> u64 {
        self.aligned(self.answer_s.iter().copied().fold(0.0, f64::max), LONGEST_MINIMUM_S)
    }

    /// That of *Aligned* timing: what the engine needs to know of a note (`answer_s` and the shortest
    /// note's length), the worker's time, and one block, because what is learnt from a block can leave with the next one at
    /// the earliest.
    fn aligned(&self, answer_s: f64, minimum_note_s: f64) -> u64 {
        let known_s = answer_s + WORKER_S + minimum_note_s.clamp(OBSERVED_S, LONGEST_MINIMUM_S);
        (known_s * self.rate_hz).ceil() as u64 + self.largest_block as u64
    }
}

/// What one activation holds on the audio thread.
///
/// # Realtime safety
/// Only [`AudioSide::new`] allocates. [`AudioSide::process`] waits only where the host renders faster than time.
pub struct AudioSide {
    end: RealtimeEnd,
    schedule: Schedule,
    delay: Delay,
    pace: Pace,
    /// Zero of the wall clock that [`Pace`] reads.
    clock: Instant,
    rule: LatencyRule,
    offline: bool,
    bypassed: bool,
    /// What sounds must be ended with the next block.
    silence_due: bool,
    /// Latency in force, in samples; 0 in *Live* timing.
    latency: u64,
    /// The latency that the parameters last asked for.
    wanted: u64,
    /// A latency can come into force with an activation alone: CLAP's rule.
    fixed: bool,
}

impl AudioSide {
    /// The audio thread's part for one activation; `None` if there is no worker. Allocates.
    pub fn new(bridge: &Bridge, api: PluginApi, channels: usize, config: &BufferConfig) -> Option<AudioSide> {
        let rate_hz = f64::from(config.sample_rate);
        let largest_block = config.max_buffer_size as usize;
        let rule = LatencyRule::new(rate_hz, largest_block);
        Some(AudioSide {
            end: bridge.connect(rate_hz, largest_block)?,
            schedule: Schedule::new(WAITING),
            delay: Delay::new(channels, rule.longest() as usize),
            pace: Pace::default(),
            clock: Instant::now(),
            rule,
            offline: config.process_mode == ProcessMode::Offline,
            bypassed: false,
            silence_due: true,
            latency: 0,
            wanted: 0,
            fixed: api == PluginApi::Clap,
        })
    }

    /// What its latency comes from.
    pub fn latency_rule(&self) -> LatencyRule {
        self.rule
    }

    /// Whether the host must activate the plugin anew before another latency can come into force.
    pub fn needs_restart(&self) -> bool {
        self.fixed
    }

    /// Puts a latency in force.
    pub fn set_latency(&mut self, latency: u64) {
        self.latency = latency;
        self.wanted = latency;
        self.delay.set(latency as usize);
        self.schedule.clear();
        self.silence_due = true;
    }

    /// Starts the stream anew: nothing of before is sent, and what sounds is ended with the next block.
    pub fn reset(&mut self) {
        self.end.restart();
        self.schedule.clear();
        self.delay.clear();
        self.pace.restart();
        self.silence_due = true;
    }

    /// Hears one block, delays it where timing is *Aligned*, and sends the events that are due in it. Returns the
    /// latency that the parameters ask for from now on, if it is another than before; in force it is at once, or, where
    /// [`AudioSide::needs_restart`], with the next activation.
    pub fn process(
        &mut self,
        params: &Parameters,
        bridge: &Bridge,
        midi: &mut MidiOut,
        host: HostTransport,
        channels: &mut [&mut [f32]],
        mut send: impl FnMut(NoteEvent<()>) -> bool,
    ) -> Option<u32> {
        let length = channels.first().map_or(0, |samples| samples.len());
        let wanted = self.rule.wanted(params);
        let changed = (wanted != self.wanted).then_some(wanted as u32);
        self.wanted = wanted;
        if changed.is_some() && !self.fixed {
            self.set_latency(wanted);
        }
        self.follow_bypass(params.bypass.value());
        midi.send_owed(&mut send);
        if std::mem::take(&mut self.silence_due) {
            midi.silence(&mut send);
        }

        let block_start = self.end.now();
        if !self.bypassed {
            bridge.settings().store(&params.engine_config());
            let gain = util::db_to_gain_fast(params.input_trim.value());
            self.end.transport(host, length);
            self.hear(channels, gain, length);
        }
        if self.latency > 0 {
            self.delay.process(channels);
        }
        if !self.bypassed {
            let timing = match self.latency {
                0 => Timing::Live,
                latency => Timing::Aligned { latency },
            };
            let routing = Routing {
                channel: (params.channel.value() - 1).clamp(0, 15) as u8,
                pedal: params.pedal_out.value(),
                position_cc: match params.position_out.value() {
                    cc @ 1..=118 => Some(cc as u8),
                    _ => None,
                },
            };
            midi.follow(routing, &mut send);
            self.end.collect(&mut self.schedule, timing, block_start);
            self.schedule.take_until(block_start + length as u64, |due, kind| {
                midi.send(kind, (due - block_start) as u32, routing, &mut send);
            });
        }
        changed
    }

    /// Copies a block to the worker, and waits for it where the host renders.
    fn hear(&mut self, channels: &[&mut [f32]], gain: f32, length: usize) {
        let wall_s = self.clock.elapsed().as_secs_f64();
        let ahead_s = self.pace.ahead(wall_s, length as f64 / self.rule.rate_hz);
        match channels {
            [] => return,
            [mono] => self.end.push(mono, None, gain),
            [left, right, ..] => self.end.push(left, Some(right), gain),
        }
        if self.offline {
            self.end.wait(OFFLINE_WAIT);
        } else if let Some(ahead_s) = ahead_s {
            // Never longer than the host is ahead: a host in real time loses nothing by it.
            self.end.wait(Duration::from_secs_f64(ahead_s));
        }
    }

    fn follow_bypass(&mut self, bypass: bool) {
        if bypass != self.bypassed {
            self.bypassed = bypass;
            self.end.restart();
            self.schedule.clear();
            self.pace.restart();
            self.silence_due = true;
        }
    }
}
