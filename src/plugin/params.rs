//! The parameters that a host sees, and what is saved beside them.

use super::saved_book::SavedBook;
use super::state::{SavedScore, SavedSetting, WindowSize};
use crate::audio::REFERENCE_RANGE_HZ;
use crate::bridge::{Bridge, RemoteSettings};
use crate::engine::{EngineConfig, EstimatorKind};
use crate::performance::DecisionDelay;
use crate::units::{KEYS, LOWEST_KEY};
use nice_plug::prelude::*;
use std::sync::{Arc, RwLock};

/// The highest key the transcriber hears.
const HIGHEST_KEY: i32 = LOWEST_KEY as i32 + KEYS as i32 - 1;

/// When notes leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum TimingMode {
    /// As soon as they are known.
    #[id = "live"]
    Live,
    /// A fixed time after their true onset, the audio delayed by as much.
    #[id = "aligned"]
    Aligned,
}

/// How long after an attack a note is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum DecideAfter {
    /// Soonest; what is not known after 50 ms is not sent.
    #[id = "20"]
    #[name = "20 ms"]
    Short,
    /// The setting that figures are given for.
    #[id = "30"]
    #[name = "30 ms"]
    Standard,
    /// Surest.
    #[id = "50"]
    #[name = "50 ms"]
    Long,
}

impl From<DecideAfter> for DecisionDelay {
    fn from(after: DecideAfter) -> Self {
        match after {
            DecideAfter::Short => DecisionDelay::Short,
            DecideAfter::Standard => DecisionDelay::Standard,
            DecideAfter::Long => DecisionDelay::Long,
        }
    }
}

impl From<DecisionDelay> for DecideAfter {
    fn from(delay: DecisionDelay) -> Self {
        match delay {
            DecisionDelay::Short => DecideAfter::Short,
            DecisionDelay::Standard => DecideAfter::Standard,
            DecisionDelay::Long => DecideAfter::Long,
        }
    }
}

/// All parameters. The ids are part of saved projects and never change.
///
/// Those that rebuild something are automatable too: Ardour drops what a VST3's window says of a parameter that is not, and no
/// click changes it then.
#[derive(Params)]
pub struct Parameters {
    // First, for it has no steps: pluginval compares the first parameter's value as the host has it, between steps, with the
    // restored one, and takes a step for a value that was lost.
    /// How readily something heard becomes a note, 0-1.
    #[id = "sens"]
    pub sensitivity: FloatParam,
    /// Live or Aligned. It changes the latency.
    #[id = "timing"]
    pub timing: EnumParam<TimingMode>,
    /// How long after an attack a note is decided. It changes the latency.
    #[id = "decide"]
    pub decide_after: EnumParam<DecideAfter>,
    /// Frequency of A4 that is played at, Hz. The analysis is rebuilt for it.
    #[id = "a4"]
    pub reference: FloatParam,
    /// Lowest MIDI pitch sent.
    #[id = "low"]
    pub lowest_pitch: IntParam,
    /// Highest MIDI pitch sent.
    #[id = "high"]
    pub highest_pitch: IntParam,
    /// Notes shorter than this are not sent, in milliseconds. *Aligned* latency depends on it.
    #[id = "minlen"]
    pub minimum_note: FloatParam,
    /// Exponent on the velocity scale.
    #[id = "velcrv"]
    pub velocity_curve: FloatParam,
    /// MIDI channel, 1-16.
    #[id = "chan"]
    pub channel: IntParam,
    /// Sends the sustain pedal as CC 64.
    #[id = "pedal"]
    pub pedal_out: BoolParam,
    /// Sends pitch bend for what plays one note at a time, over a range of ±2 semitones.
    #[id = "bend"]
    pub pitch_bend: BoolParam,
    /// How far the followed score sways which notes are heard, 0-1.
    #[id = "assist"]
    pub score_assist: FloatParam,
    /// Gain of what the engine hears, in dB; the audio that passes is not changed.
    #[id = "trim"]
    pub input_trim: FloatParam,
    /// Follows the score.
    #[id = "follow"]
    pub follow: BoolParam,
    /// Controller that carries the measure, the next one up carries the beat; 0 is off.
    #[id = "poscc"]
    pub position_out: IntParam,
    /// Hears and sends nothing.
    #[id = "bypass"]
    pub bypass: BoolParam,
    /// The score itself.
    #[persist = "score"]
    score: SavedScore,
    /// The session's book.
    #[persist = "book"]
    book: SavedBook,
    /// The folder that exports go to; empty is the user's own.
    #[persist = "exports"]
    pub export_folder: RwLock<String>,
    /// Where OSC goes.
    #[persist = "osc"]
    osc: SavedSetting<RemoteSettings>,
    /// The user agrees to a crash journal.
    #[persist = "journal"]
    journal: SavedSetting<bool>,
    /// The book is this instance's alone. Fields are restored in the order of their names: this one before the book.
    #[persist = "alone"]
    alone: SavedSetting<bool>,
    /// From how many cents off its take's tuning a sustained note is a fault.
    #[persist = "offtune"]
    off_tune: SavedSetting<f32>,
    /// How much earlier the host lays what it records than a plugin hears it, in milliseconds.
    #[persist = "reclatency"]
    recording_latency: SavedSetting<f32>,
    /// The editor's window.
    #[persist = "window"]
    pub window: WindowSize,
}

/// The key that a text names. The framework's own (`nice-plug-core` 0.4.2) cuts it between bytes, and panics where a letter has two.
fn key_of_text(text: &str) -> Option<i32> {
    if text.is_ascii() { formatters::s2v_i32_key_formatter()(text) } else { None }
}

impl Parameters {
    /// The parameters of one instance; the score that is saved is the bridge's.
    pub fn new(bridge: Arc<Bridge>) -> Parameters {
        let defaults = EngineConfig::default();
        let pitch = |name, default: u8| {
            IntParam::new(
                name,
                i32::from(default),
                IntRange::Linear { min: i32::from(LOWEST_KEY), max: HIGHEST_KEY },
            )
            .with_value_to_string(formatters::v2s_i32_key_formatter())
            .with_string_to_value(Arc::new(key_of_text))
        };
        let share = |name, default| {
            FloatParam::new(name, default, FloatRange::Linear { min: 0.0, max: 1.0 })
                .with_unit(" %")
                .with_value_to_string(formatters::v2s_f32_percentage(0))
                .with_string_to_value(formatters::s2v_f32_percentage())
        };
        Parameters {
            timing: EnumParam::new("Timing", TimingMode::Live),
            decide_after: EnumParam::new("Decide after", defaults.decision_delay.into()),
            reference: FloatParam::new(
                "A4",
                defaults.reference_hz,
                FloatRange::Linear {
                    min: *REFERENCE_RANGE_HZ.start() as f32,
                    max: *REFERENCE_RANGE_HZ.end() as f32,
                },
            )
            .with_step_size(0.5)
            .with_unit(" Hz"),
            sensitivity: share("Sensitivity", defaults.sensitivity),
            lowest_pitch: pitch("Lowest pitch", defaults.lowest_pitch),
            highest_pitch: pitch("Highest pitch", defaults.highest_pitch),
            minimum_note: FloatParam::new(
                "Shortest note",
                defaults.minimum_note_s * 1000.0,
                FloatRange::Linear { min: 0.0, max: 500.0 },
            )
            .with_step_size(1.0)
            .with_unit(" ms"),
            velocity_curve: FloatParam::new(
                "Velocity curve",
                defaults.velocity_curve,
                FloatRange::Skewed { min: 0.25, max: 4.0, factor: FloatRange::skew_factor(-1.0) },
            )
            .with_value_to_string(formatters::v2s_f32_rounded(2)),
            channel: IntParam::new("MIDI channel", 1, IntRange::Linear { min: 1, max: 16 }),
            pedal_out: BoolParam::new("Pedal out", false),
            pitch_bend: BoolParam::new("Pitch bend out", defaults.pitch_bend),
            score_assist: share("Score assist", defaults.score_assist),
            input_trim: FloatParam::new("Input trim", 0.0, FloatRange::Linear { min: -24.0, max: 24.0 })
                .with_step_size(0.1)
                .with_unit(" dB"),
            follow: BoolParam::new("Follow the score", defaults.follow),
            position_out: IntParam::new("Position out", 0, IntRange::Linear { min: 0, max: 118 })
                .with_value_to_string(Arc::new(|cc| if cc == 0 { "Off".into() } else { format!("CC {cc}") }))
                .with_string_to_value(Arc::new(|text| {
                    let text = text.trim();
                    if text.eq_ignore_ascii_case("off") {
                        return Some(0);
                    }
                    text.trim_start_matches(|c: char| !c.is_ascii_digit()).parse().ok()
                })),
            bypass: BoolParam::new("Bypass", false).make_bypass(),
            score: SavedScore::new(bridge.clone()),
            book: SavedBook::new(bridge.clone()),
            osc: SavedSetting::new(
                bridge.clone(),
                |bridge| (*bridge.remote()).clone(),
                |bridge, settings| bridge.send_remote(settings),
            ),
            journal: SavedSetting::new(bridge.clone(), Bridge::keeps_journal, Bridge::keep_journal),
            alone: SavedSetting::new(
                bridge.clone(),
                |bridge| !bridge.shares_book(),
                |bridge, alone| bridge.share_book(!alone),
            ),
            off_tune: SavedSetting::new(bridge.clone(), Bridge::off_tune_cents, Bridge::tolerate_off_tune),
            recording_latency: SavedSetting::new(
                bridge,
                Bridge::recording_latency_ms,
                Bridge::set_recording_latency,
            ),
            export_folder: RwLock::default(),
            window: WindowSize::default(),
        }
    }

    /// The engine's settings, each within its range.
    ///
    /// # Realtime safety
    /// Wait-free.
    pub fn engine_config(&self) -> EngineConfig {
        EngineConfig {
            estimator: EstimatorKind::default(),
            decision_delay: self.decide_after.value().into(),
            reference_hz: self.reference.value(),
            sensitivity: self.sensitivity.value(),
            lowest_pitch: self.lowest_pitch.value() as u8,
            highest_pitch: self.highest_pitch.value() as u8,
            minimum_note_s: self.minimum_note.value() / 1000.0,
            velocity_curve: self.velocity_curve.value(),
            score_assist: self.score_assist.value(),
            pitch_bend: self.pitch_bend.value(),
            follow: self.follow.value(),
        }
    }

    /// Brings values of a saved state into the parameters' ranges; what is no number is left out, so that the
    /// default stays.
    pub fn tame(state: &mut PluginState) {
        let parameters = Parameters::new(Arc::new(Bridge::default()));
        for (id, pointer, _) in parameters.param_map() {
            let Some(value) = state.params.get_mut(&id) else { continue };
            // SAFETY: `parameters`, which the pointer was made from, lives until the end of this function.
            let (a, b) = unsafe { (pointer.preview_plain(0.0), pointer.preview_plain(1.0)) };
            let within = |plain: f32| plain.clamp(a.min(b), a.max(b));
            use nice_plug::plugin::ParamValue::{Bool, F32, I32, String};
            match value {
                F32(plain) if plain.is_finite() => *plain = within(*plain),
                F32(_) => {
                    state.params.remove(&id);
                }
                I32(plain) => *plain = within(*plain as f32) as i32,
                Bool(_) | String(_) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nice_plug::plugin::ParamValue::{Bool, F32, I32};

    #[test]
    fn a_states_values_are_brought_into_their_ranges() {
        let values = [
            ("sens", F32(7.0)),
            ("assist", F32(0.25)),
            ("trim", F32(f32::NEG_INFINITY)),
            ("a4", F32(f32::NAN)),
            ("low", I32(-5)),
            ("high", I32(i32::MAX)),
            ("pedal", Bool(true)),
            ("of another version", F32(7.0)),
        ];
        let params = values.map(|(id, value)| (id.to_owned(), value)).into();
        let mut state = PluginState { version: String::new(), params, fields: Default::default() };
        Parameters::tame(&mut state);
        let found = |id: &str| state.params.get(id);
        assert!(matches!(found("sens"), Some(F32(1.0))));
        assert!(matches!(found("assist"), Some(F32(0.25))));
        assert!(found("trim").is_none() && found("a4").is_none());
        assert!(matches!(found("low"), Some(I32(key)) if *key == i32::from(LOWEST_KEY)));
        assert!(matches!(found("high"), Some(I32(HIGHEST_KEY))));
        assert!(matches!(found("pedal"), Some(Bool(true))));
        assert!(matches!(found("of another version"), Some(F32(7.0))));
    }
}
