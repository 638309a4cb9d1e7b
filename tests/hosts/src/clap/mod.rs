//! A CLAP host.

#[cfg(test)]
mod strict;
#[cfg(test)]
mod tests;

use crate::{AudioSide, Instance, Midi, Parameter, Setup, Timed, Transport, WindowSide};
use anyhow::{Context, Result, anyhow, bail};
use clack_extensions::audio_ports_config::{AudioPortsConfigBuffer, PluginAudioPortsConfig};
use clack_extensions::gui::{GuiApiType, GuiConfiguration, GuiSize, HostGui, HostGuiImpl, PluginGui, Window};
use clack_extensions::latency::PluginLatency;
use clack_extensions::params::{ParamInfoBuffer, ParamInfoFlags, PluginParams};
use clack_extensions::render::{PluginRender, RenderMode};
use clack_extensions::state::{HostState, HostStateImpl, PluginState};
use clack_host::events::event_types::{ParamValueEvent, TransportEvent, TransportFlags};
use clack_host::events::spaces::CoreEventSpace;
use clack_host::events::{EventFlags, Pckn};
use clack_host::prelude::*;
use clack_host::process::StartedPluginAudioProcessor;
use clack_host::process::audio_buffers::{AudioPortBuffer, AudioPortBufferType, AudioPorts, InputChannel};
use clack_host::utils::{BeatTime, SecondsTime};
use std::cell::Cell;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::ThreadId;
use std::time::{Duration, Instant};

struct Host;

/// What the plugin wants, from whichever thread.
#[derive(Default)]
struct HostShared {
    callback: AtomicBool,
}

impl SharedHandler<'_> for HostShared {
    fn request_restart(&self) {}
    fn request_process(&self) {}

    fn request_callback(&self) {
        self.callback.store(true, Ordering::Release);
    }
}

/// A host whose windows have one size.
impl HostGuiImpl for HostShared {
    fn resize_hints_changed(&self) {}

    fn request_resize(&self, _new_size: GuiSize) -> Result<(), HostError> {
        Err(HostError::Message("windows have one size here"))
    }

    fn request_show(&self) -> Result<(), HostError> {
        Ok(())
    }

    fn request_hide(&self) -> Result<(), HostError> {
        Ok(())
    }

    fn closed(&self, _was_destroyed: bool) {}
}

/// What the plugin says on the thread that made it.
#[derive(Default)]
struct HostMain {
    unsaved: Cell<Option<ThreadId>>,
}

impl MainThreadHandler<'_> for HostMain {}

impl HostStateImpl for HostMain {
    fn mark_dirty(&self) {
        self.unsaved.set(Some(std::thread::current().id()));
    }
}

impl HostHandlers for Host {
    type Shared<'a> = HostShared;
    type MainThread<'a> = HostMain;
    type AudioProcessor<'a> = ();

    fn declare_extensions(builder: &mut HostExtensions<Self>, _shared: &Self::Shared<'_>) {
        builder.register::<HostGui>().register::<HostState>();
    }
}

pub(crate) struct ClapInstance {
    audio: Audio,
    main: Main,
    rate_hz: f64,
}

struct Audio {
    processor: Option<StartedPluginAudioProcessor<Host>>,
    input_ports: AudioPorts,
    output_ports: AudioPorts,
    input: Vec<Vec<f32>>,
    events: EventBuffer,
    changes: EventBuffer,
    transport: Option<TransportEvent>,
}

struct Main {
    instance: PluginInstance<Host>,
    editor_is_open: bool,
}

impl ClapInstance {
    pub fn open(bundle: &Path) -> Result<ClapInstance> {
        // SAFETY: the bundle is the one that this project built.
        let entry = unsafe { PluginEntry::load(bundle) }.with_context(|| bundle.display().to_string())?;
        let factory = entry.get_plugin_factory().context("the bundle has no plugin factory")?;
        let id = factory.plugin_descriptors().next().and_then(|plugin| plugin.id()).context("no plugin")?;
        let info = HostInfo::new("Colla Parte hosts", "Colla Parte", "", "1.0")?;
        let instance =
            PluginInstance::new(|_| HostShared::default(), |_| HostMain::default(), &entry, id, &info)?;
        let audio = Audio {
            processor: None,
            input_ports: AudioPorts::with_capacity(2, 1),
            output_ports: AudioPorts::with_capacity(2, 1),
            input: Vec::new(),
            events: EventBuffer::with_capacity(4096),
            changes: EventBuffer::with_capacity(64),
            transport: None,
        };
        Ok(ClapInstance { audio, main: Main { instance, editor_is_open: false }, rate_hz: 0.0 })
    }

    fn choose_layout(&mut self, channels: usize) -> Result<()> {
        let handle = self.main.instance.plugin_handle();
        let ports: PluginAudioPortsConfig = handle.get_extension().context("no audio port layouts")?;
        let mut buffer = AudioPortsConfigBuffer::new();
        for index in 0..ports.count(&handle) {
            let layout = ports.get(&handle, index, &mut buffer).context("a layout without description")?;
            if layout.main_output.is_some_and(|port| port.channel_count as usize == channels) {
                let id = layout.id;
                let inactive = self.main.instance.inactive_plugin_handle().context("still active")?;
                return ports.select(&inactive, id).map_err(|error| anyhow!("{error}"));
            }
        }
        bail!("no layout with {channels} channels")
    }
}

impl Instance for ClapInstance {
    fn activate(&mut self, setup: &Setup) -> Result<()> {
        self.choose_layout(setup.channels)?;
        self.rate_hz = setup.rate_hz;
        let handle = self.main.instance.plugin_handle();
        let render: PluginRender = handle.get_extension().context("no render extension")?;
        let mode = if setup.offline { RenderMode::Offline } else { RenderMode::Realtime };
        render.set(&handle, mode).map_err(|error| anyhow!("{error}"))?;
        let configuration = PluginAudioConfiguration {
            sample_rate: setup.rate_hz,
            min_frames_count: 1,
            max_frames_count: setup.largest_block as u32,
        };
        let stopped = self.main.instance.activate(|_, _| (), configuration)?;
        self.audio.processor = Some(stopped.start_processing().map_err(|error| anyhow!("{error}"))?);
        self.audio.input = vec![vec![0.0; setup.largest_block]; setup.channels];
        Ok(())
    }

    fn deactivate(&mut self) {
        if let Some(processor) = self.audio.processor.take() {
            self.main.instance.deactivate(processor.stop_processing());
        }
    }

    fn latency(&mut self) -> u32 {
        let handle = self.main.instance.plugin_handle();
        handle.get_extension::<PluginLatency>().map_or(0, |latency| latency.get(&handle))
    }

    fn reset(&mut self) {
        if let Some(processor) = &mut self.audio.processor {
            processor.reset();
        }
    }

    fn set_transport(&mut self, transport: Option<Transport>) {
        self.audio.transport = transport.map(|transport| {
            let mut flags = TransportFlags::HAS_SECONDS_TIMELINE;
            flags.set(TransportFlags::IS_PLAYING, transport.playing);
            flags.set(TransportFlags::IS_RECORDING, transport.recording);
            TransportEvent {
                header: EventHeader::new_core(0, EventFlags::empty()),
                flags,
                song_pos_beats: BeatTime::from_int(0),
                song_pos_seconds: SecondsTime::from_float(transport.position as f64 / self.rate_hz),
                tempo: 0.0,
                tempo_inc: 0.0,
                loop_start_beats: BeatTime::from_int(0),
                loop_end_beats: BeatTime::from_int(0),
                loop_start_seconds: SecondsTime::from_int(0),
                loop_end_seconds: SecondsTime::from_int(0),
                bar_start: BeatTime::from_int(0),
                bar_number: 0,
                time_signature_numerator: 4,
                time_signature_denominator: 4,
            }
        });
    }

    fn save(&mut self) -> Result<Vec<u8>> {
        let handle = self.main.instance.plugin_handle();
        let state: PluginState = handle.get_extension().context("no state extension")?;
        let mut bytes = Vec::new();
        state.save(&handle, &mut bytes).map_err(|error| anyhow!("{error}"))?;
        // The framework's CLAP states begin with their length; what follows is the same as in VST3.
        let length = bytes.first_chunk().map(|prefix| u64::from_le_bytes(*prefix)).context("no length")?;
        anyhow::ensure!(length == bytes.len() as u64 - 8, "a state of {length} bytes in {}", bytes.len());
        Ok(bytes.split_off(8))
    }

    fn load(&mut self, bytes: &[u8]) -> bool {
        let handle = self.main.instance.plugin_handle();
        let Some(state) = handle.get_extension::<PluginState>() else { return false };
        let framed = [&(bytes.len() as u64).to_le_bytes(), bytes].concat();
        state.load(&handle, &mut &framed[..]).is_ok()
    }

    fn parameters(&mut self) -> Vec<Parameter> {
        let handle = self.main.instance.plugin_handle();
        let Some(params) = handle.get_extension::<PluginParams>() else { return Vec::new() };
        let mut buffer = ParamInfoBuffer::new();
        (0..params.count(&handle))
            .filter_map(|index| {
                let info = params.get_info(&handle, index, &mut buffer)?;
                Some(Parameter {
                    id: info.id.get(),
                    name: String::from_utf8_lossy(info.name).into_owned(),
                    range: (info.min_value, info.max_value),
                    automatable: info.flags.contains(ParamInfoFlags::IS_AUTOMATABLE),
                    bypass: info.flags.contains(ParamInfoFlags::IS_BYPASS),
                })
            })
            .collect()
    }

    fn is_unsaved(&mut self) -> Result<bool> {
        let thread = self.main.instance.access_handler(|main| main.unsaved.take());
        anyhow::ensure!(
            thread.is_none_or(|thread| thread == std::thread::current().id()),
            "said on another thread"
        );
        Ok(thread.is_some())
    }

    fn sides(&mut self) -> (&mut dyn AudioSide, &mut dyn WindowSide) {
        (&mut self.audio, &mut self.main)
    }
}

impl AudioSide for Audio {
    fn process(&mut self, channels: &mut [Vec<f32>], events: &mut Vec<Timed>) -> Result<Duration> {
        let processor = self.processor.as_mut().context("not active")?;
        let length = channels[0].len();
        for (kept, samples) in self.input.iter_mut().zip(channels.iter()) {
            kept[..length].copy_from_slice(samples);
        }
        self.events.clear();
        let input = self.input_ports.with_input_buffers([AudioPortBuffer {
            latency: 0,
            channels: AudioPortBufferType::f32_input_only(
                self.input.iter_mut().map(|samples| InputChannel::variable(&mut samples[..length])),
            ),
        }]);
        let mut output = self.output_ports.with_output_buffers([AudioPortBuffer {
            latency: 0,
            channels: AudioPortBufferType::f32_output_only(channels.iter_mut().map(Vec::as_mut_slice)),
        }]);
        let mut sent = OutputEvents::from_buffer(&mut self.events);
        let start = Instant::now();
        crate::probe::enter();
        let status = processor.process(
            &input,
            &mut output,
            &InputEvents::from_buffer(&self.changes),
            &mut sent,
            None,
            self.transport.as_ref(),
        );
        crate::probe::leave();
        let duration = start.elapsed();
        self.changes.clear();
        status?;
        let mut last = 0;
        for event in self.events.iter() {
            let at = event.header().time();
            anyhow::ensure!(at >= last && (at as usize) < length, "event at {at} of {length} after {last}");
            last = at;
            events.extend(event.as_core_event().and_then(midi).map(|midi| (u64::from(at), midi)));
        }
        Ok(duration)
    }

    fn automate(&mut self, parameter: &Parameter, at: u32, value: f64) {
        let (low, high) = parameter.range;
        let id = ClapId::new(parameter.id);
        self.changes.push(&ParamValueEvent::new(at, id, Pckn::match_all(), low + value * (high - low)));
    }
}

impl WindowSide for Main {
    fn open_editor(&mut self, parent: usize) -> Result<()> {
        let handle = self.instance.plugin_handle();
        let gui: PluginGui = handle.get_extension().context("no editor")?;
        let embedded = GuiConfiguration {
            api_type: GuiApiType::default_for_current_platform().context("no kind of window")?,
            is_floating: false,
        };
        gui.create(&handle, embedded)?;
        self.editor_is_open = true;
        // SAFETY: the caller promises that the window outlives the editor.
        unsafe {
            #[cfg(windows)]
            let window = Window::from_win32_hwnd(parent as *mut std::ffi::c_void);
            #[cfg(not(windows))]
            let window = Window::from_x11_handle(parent as std::ffi::c_ulong);
            gui.set_parent(&handle, window)?;
        }
        gui.show(&handle)?;
        Ok(())
    }

    fn close_editor(&mut self) {
        if std::mem::take(&mut self.editor_is_open) {
            let handle = self.instance.plugin_handle();
            if let Some(gui) = handle.get_extension::<PluginGui>() {
                gui.destroy(&handle);
            }
        }
    }

    fn turn(&mut self) {
        let asked = |host: &HostShared| host.callback.swap(false, Ordering::AcqRel);
        if self.instance.access_shared_handler(asked) {
            self.instance.call_on_main_thread_callback();
        }
    }

    fn resize_editor(&mut self, (width, height): (u32, u32)) -> Result<()> {
        let handle = self.instance.plugin_handle();
        let gui: PluginGui = handle.get_extension().context("no editor")?;
        anyhow::ensure!(self.editor_is_open && gui.can_resize(&handle), "no window that can be resized");
        let size = gui.adjust_size(&handle, GuiSize { width, height }).context("no size is near")?;
        Ok(gui.set_size(&handle, size)?)
    }

    fn editor_size(&mut self) -> Result<(u32, u32)> {
        let handle = self.instance.plugin_handle();
        let gui: PluginGui = handle.get_extension().context("no editor")?;
        anyhow::ensure!(self.editor_is_open, "no window is open");
        gui.get_size(&handle).map(|size| (size.width, size.height)).context("no size")
    }
}

impl Drop for ClapInstance {
    fn drop(&mut self) {
        self.close_editor();
        self.deactivate();
    }
}

fn midi(event: CoreEventSpace<'_>) -> Option<Midi> {
    match event {
        CoreEventSpace::NoteOn(note) => Some(Midi::On {
            channel: note.channel().into_specific()? as u8,
            pitch: note.key().into_specific()? as u8,
            velocity: (note.velocity() * 127.0).round() as u8,
        }),
        CoreEventSpace::NoteOff(note) => Some(Midi::Off {
            channel: note.channel().into_specific()? as u8,
            pitch: note.key().into_specific()? as u8,
        }),
        CoreEventSpace::Midi(message) => match message.data() {
            [status, cc, value] if status >> 4 == 0xB => {
                Some(Midi::Control { channel: status & 15, cc, value })
            }
            [status, low, high] if status >> 4 == 0xE => {
                Some(Midi::Bend { channel: status & 15, value: u16::from(high) << 7 | u16::from(low) })
            }
            _ => None,
        },
        _ => None,
    }
}
