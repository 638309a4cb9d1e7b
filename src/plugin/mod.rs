//! The plugin: parameters, state, the audio thread and the editor's window, in the framework's terms.

mod app;
mod book_rows;
mod buffers;
mod chooser;
mod clap;
mod delay;
#[cfg(target_os = "linux")]
mod egl;
mod made;
mod midi_out;
mod params;
mod preferences;
mod process;
mod saved_book;
mod settle;
mod state;
mod unseen;
mod values;
mod vst3;
mod window;

use crate::bridge::{Bridge, HostTransport, Severity};
use app::EditorApp;
use made::Made;
use midi_out::MidiOut;
use nice_plug::prelude::*;
use params::Parameters;
use process::AudioSide;
use settle::{Task, settle};
use std::sync::Arc;
use window::ProjectWindow;

pub use unseen::Unseen;

/// One instance of the plugin, as the audio thread holds it.
pub struct CollaParte {
    params: Arc<Parameters>,
    bridge: Arc<Bridge>,
    midi: MidiOut,
    audio: Option<AudioSide>,
    executor: Option<AsyncExecutor<CollaParte>>,
    /// The framework's thread may have been told of something: [`settle`].
    unsettled: bool,
}

impl Default for CollaParte {
    fn default() -> Self {
        let bridge = Arc::new(Bridge::default());
        let params = Arc::new(Parameters::new(bridge.clone()));
        Made::remember(&params, &bridge);
        CollaParte { params, bridge, midi: MidiOut::default(), audio: None, executor: None, unsettled: false }
    }
}

impl Plugin for CollaParte {
    const NAME: &'static str = "Colla Parte";
    const VENDOR: &'static str = "Colla Parte";
    const URL: &'static str = "";
    const EMAIL: &'static str = "";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");

    const AUDIO_IO_LAYOUTS: &'static [AudioIOLayout] = &[
        AudioIOLayout {
            main_input_channels: NonZeroU32::new(2),
            main_output_channels: NonZeroU32::new(2),
            ..AudioIOLayout::const_default()
        },
        AudioIOLayout {
            main_input_channels: NonZeroU32::new(1),
            main_output_channels: NonZeroU32::new(1),
            ..AudioIOLayout::const_default()
        },
    ];
    const MIDI_OUTPUT: MidiConfig = MidiConfig::MidiCCs;

    type Editor = ProjectWindow;
    type SysExMessage = ();
    type BackgroundTask = Task;

    fn task_executor(&mut self) -> TaskExecutor<Self> {
        Box::new(Task::run)
    }

    fn params(&self) -> Arc<dyn Params> {
        self.params.clone()
    }

    fn editor(&mut self, executor: AsyncExecutor<Self>) -> Option<Self::Editor> {
        Made::remember_executor(executor.clone());
        self.executor = Some(executor.clone());
        let (params, bridge) = (self.params.clone(), self.bridge.clone());
        ProjectWindow::new(params.clone(), |repaint| {
            EditorApp::with_windows(params, bridge, executor, repaint)
        })
    }

    fn filter_state(state: &mut PluginState) {
        Parameters::tame(state);
    }

    fn activate(
        &mut self,
        layout: &AudioIOLayout,
        config: &BufferConfig,
        context: &mut impl ActivateContext<Self>,
    ) -> bool {
        let channels = layout.main_output_channels.map_or(0, NonZeroU32::get) as usize;
        self.unsettled = cfg!(target_os = "linux") && context.plugin_api() == PluginApi::Vst3;
        self.bridge.settings().store(&self.params.engine_config());
        self.audio = AudioSide::new(&self.bridge, context.plugin_api(), channels, config);
        let latency = match &mut self.audio {
            Some(audio) => {
                let rule = audio.latency_rule();
                let latency = rule.wanted(&self.params);
                audio.set_latency(latency);
                // They hold the bridge themselves.
                let params = Arc::downgrade(&self.params);
                let wanted = move || params.upgrade().map_or(0, |params| rule.wanted(&params) as u32);
                self.bridge.latency().reckon_by(wanted);
                latency as u32
            }
            None => {
                self.bridge.report(Severity::Error, "the system gives no thread: nothing is heard".into());
                0
            }
        };
        // The host is told by the objects around this.
        self.bridge.latency().set(latency);
        true
    }

    fn reset(&mut self) {
        if let Some(audio) = &mut self.audio {
            audio.reset();
        }
    }

    fn process(
        &mut self,
        buffer: &mut Buffer,
        _aux: &mut AuxiliaryBuffers,
        context: &mut impl ProcessContext<Self>,
    ) -> ProcessStatus {
        let Some(audio) = &mut self.audio else { return ProcessStatus::Normal };
        let transport = context.transport();
        let host = HostTransport {
            known: transport.playing || transport.pos_samples().is_some(),
            playing: transport.playing,
            recording: transport.recording,
            // A position told in beats alone moves with every change of tempo.
            position: transport
                .pos_samples
                .or(transport.pos_seconds.map(|at| (at * f64::from(transport.sample_rate)).round() as i64)),
        };
        let changed =
            audio.process(&self.params, &self.bridge, &mut self.midi, host, buffer.as_slice(), |event| {
                context.try_send_event(event).is_ok()
            });
        match changed {
            Some(_) if audio.needs_restart() => context.request_restart(),
            Some(latency) => self.bridge.latency().set(latency),
            None => {}
        }
        // Notes may still be on their way, and may still sound, when the input has fallen silent.
        ProcessStatus::KeepAlive
    }

    fn deactivate(&mut self) {
        self.audio = None;
        if let Some(executor) = self.executor.as_ref().filter(|_| self.unsettled) {
            settle(executor);
        }
        self.unsettled = false;
    }
}

impl ClapPlugin for CollaParte {
    const CLAP_ID: &'static str = "org.colla-parte.colla-parte";
    const CLAP_DESCRIPTION: Option<&'static str> = Some("Live polyphonic transcription and score following");
    const CLAP_MANUAL_URL: Option<&'static str> = None;
    const CLAP_SUPPORT_URL: Option<&'static str> = None;
    const CLAP_FEATURES: &'static [ClapFeature] = &[
        ClapFeature::AudioEffect,
        ClapFeature::NoteDetector,
        ClapFeature::Analyzer,
        ClapFeature::Stereo,
        ClapFeature::Mono,
    ];
}

impl Vst3Plugin for CollaParte {
    const VST3_CLASS_ID: [u8; 16] = *b"CollaPartePlugin";
    const VST3_SUBCATEGORIES: &'static [Vst3SubCategory] =
        &[Vst3SubCategory::Fx, Vst3SubCategory::Analyzer, Vst3SubCategory::Tools];
}
