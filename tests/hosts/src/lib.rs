//! Hosts that load the built bundles as a DAW does: CLAP through `clack-host`, VST3 through the host side of the
//! `vst3` crate. Nothing here links the plugin.

mod audio_thread;
mod clap;
pub mod probe;
pub mod project;
pub mod signal;
pub mod sound;
mod vst3;
pub mod window;

use anyhow::{Context, Result};
pub use audio_thread::on_audio_thread;
use std::path::PathBuf;
use std::time::Duration;

/// A plugin format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// CLAP.
    Clap,
    /// VST3.
    Vst3,
}

impl Format {
    /// Both of them.
    pub const ALL: [Format; 2] = [Format::Clap, Format::Vst3];
}

/// How a host runs the plugin.
#[derive(Clone, Copy, Debug)]
pub struct Setup {
    /// Samples per second.
    pub rate_hz: f64,
    /// 1 or 2.
    pub channels: usize,
    /// Samples in the largest block.
    pub largest_block: usize,
    /// Whether the host says that it renders.
    pub offline: bool,
}

/// What the host's transport does at a block's first sample.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Transport {
    /// It runs.
    pub playing: bool,
    /// It records.
    pub recording: bool,
    /// Position on the timeline in samples.
    pub position: i64,
}

/// A MIDI event that the plugin sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Midi {
    /// A note began.
    On {
        /// 0-15.
        channel: u8,
        /// MIDI pitch.
        pitch: u8,
        /// 0-127.
        velocity: u8,
    },
    /// A note ended.
    Off {
        /// 0-15.
        channel: u8,
        /// MIDI pitch.
        pitch: u8,
    },
    /// A controller changed.
    Control {
        /// 0-15.
        channel: u8,
        /// Number of the controller.
        cc: u8,
        /// 0-127.
        value: u8,
    },
    /// The pitch bend changed.
    Bend {
        /// 0-15.
        channel: u8,
        /// 14 bits; 8192 is unbent.
        value: u16,
    },
}

impl Midi {
    /// 0-15.
    pub fn channel(self) -> u8 {
        let (Midi::On { channel, .. }
        | Midi::Off { channel, .. }
        | Midi::Control { channel, .. }
        | Midi::Bend { channel, .. }) = self;
        channel
    }
}

/// An event and the sample where it lies: within the block, or within the whole stream.
pub type Timed = (u64, Midi);

/// A parameter, as the host sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// The format's own number.
    pub id: u32,
    /// What it is called.
    pub name: String,
    /// Lowest and highest value in the format's terms.
    pub range: (f64, f64),
    /// The host may record and play back its changes.
    pub automatable: bool,
    /// It is the plugin's bypass.
    pub bypass: bool,
}

/// A loaded plugin instance.
pub trait Instance {
    /// Makes it ready to process, and starts processing.
    ///
    /// # Errors
    /// If the plugin refuses.
    fn activate(&mut self, setup: &Setup) -> Result<()>;
    /// Ends processing.
    fn deactivate(&mut self);
    /// Latency that the plugin reports, in samples.
    fn latency(&mut self) -> u32;
    /// Resets it as a host does when the playhead jumps.
    fn reset(&mut self);
    /// Says what the transport does at the next block's first sample; `None` for a host without one, which is how
    /// every instance begins. The position stays where it is set.
    fn set_transport(&mut self, transport: Option<Transport>);
    /// The state that a project would keep.
    ///
    /// # Errors
    /// If the plugin fails.
    fn save(&mut self) -> Result<Vec<u8>>;
    /// Restores a state; whether the plugin took it.
    fn load(&mut self, state: &[u8]) -> bool;
    /// Its parameters.
    fn parameters(&mut self) -> Vec<Parameter>;
    /// What two threads may use at once.
    fn sides(&mut self) -> (&mut dyn AudioSide, &mut dyn WindowSide);

    /// [`AudioSide::process`], on a thread that is not this one.
    ///
    /// # Errors
    /// As there.
    fn process(&mut self, channels: &mut [Vec<f32>], events: &mut Vec<Timed>) -> Result<Duration> {
        let audio = self.sides().0;
        on_audio_thread(|| audio.process(channels, events))
    }

    /// [`AudioSide::automate`].
    fn automate(&mut self, parameter: &Parameter, at: u32, value: f64) {
        self.sides().0.automate(parameter, at, value);
    }

    /// [`WindowSide::open_editor`].
    ///
    /// # Errors
    /// As there.
    fn open_editor(&mut self, parent: usize) -> Result<()> {
        self.sides().1.open_editor(parent)
    }

    /// [`WindowSide::close_editor`].
    fn close_editor(&mut self) {
        self.sides().1.close_editor();
    }

    /// [`WindowSide::turn`].
    fn turn(&mut self) {
        self.sides().1.turn();
    }

    /// Whether the plugin has said, on this thread, since this was last asked, that the project has yet to be saved.
    ///
    /// # Errors
    /// If it said so on another thread.
    fn is_unsaved(&mut self) -> Result<bool>;
}

/// What a host's audio thread does with an instance.
pub trait AudioSide {
    /// Processes one block. Appends events, their time being the sample within the block. Returns how
    /// long the plugin took.
    ///
    /// # Errors
    /// If the plugin fails.
    fn process(&mut self, channels: &mut [Vec<f32>], events: &mut Vec<Timed>) -> Result<Duration>;
    /// Changes a parameter at sample `at` of the next block, to `value` of its range, 0-1. Allocates; in the order of
    /// `at`.
    fn automate(&mut self, parameter: &Parameter, at: u32, value: f64);
}

/// What its main thread may do meanwhile.
pub trait WindowSide {
    /// Opens the plugin's window in `parent`, a [`window::Window::id`], which must live until it is closed.
    ///
    /// # Errors
    /// If the plugin refuses.
    fn open_editor(&mut self, parent: usize) -> Result<()>;
    /// Closes the plugin's window, if it is open.
    fn close_editor(&mut self);
    /// Does what the plugin has asked of this thread.
    fn turn(&mut self);
    /// Makes the open window so large, in pixels, or as near to it as the plugin says it can be.
    ///
    /// # Errors
    /// If it is not open, or the plugin refuses.
    fn resize_editor(&mut self, size: (u32, u32)) -> Result<()>;
    /// How large the plugin says its window is, in pixels.
    ///
    /// # Errors
    /// If it is not open, or the plugin does not say.
    fn editor_size(&mut self) -> Result<(u32, u32)>;
}

/// Uses an instance on two threads, as hosts do: `audio` on one of its own, `main` on this one, which made it. Comes back when both are done.
pub fn at_once<T>(
    instance: &mut dyn Instance,
    audio: impl FnOnce(&mut dyn AudioSide) + Send,
    main: impl FnOnce(&mut dyn WindowSide) -> T,
) -> T {
    struct Lent<'a>(&'a mut dyn AudioSide);
    // SAFETY: both formats let any one thread process at a time, and whoever lends an instance waits until it is back.
    unsafe impl Send for Lent<'_> {}
    impl<'a> Lent<'a> {
        fn get(self) -> &'a mut dyn AudioSide {
            self.0
        }
    }
    let (lent, window) = instance.sides();
    let lent = Lent(lent);
    std::thread::scope(|scope| {
        scope.spawn(move || audio(lent.get()));
        main(window)
    })
}

/// The folder of the built bundles.
pub fn bundles() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../target")), PathBuf::from);
    target.join("bundled")
}

/// The built command: beside the folder of the test that runs, whatever system that was built for.
///
/// # Errors
/// If the test does not know where it lies.
pub fn command() -> Result<PathBuf> {
    let test = std::env::current_exe()?;
    let built = test.ancestors().nth(2).context("a test outside of the build's folder")?;
    Ok(built.join("colla-parte").with_extension(std::env::consts::EXE_EXTENSION))
}

/// Loads the built bundle and makes an instance.
///
/// # Errors
/// If the bundle is missing or broken.
pub fn open(format: Format) -> Result<Box<dyn Instance>> {
    Ok(match format {
        Format::Clap => Box::new(clap::ClapInstance::open(&bundles().join("Colla Parte.clap"))?),
        Format::Vst3 => Box::new(vst3::Vst3Instance::open(&bundles().join("Colla Parte.vst3"))?),
    })
}

/// Runs `channels` through the plugin in the given blocks, repeated as needed; replaces the samples by what came
/// out and returns the events with their sample in the whole stream.
///
/// # Errors
/// If the plugin fails.
pub fn render(
    instance: &mut dyn Instance,
    channels: &mut [Vec<f32>],
    blocks: impl IntoIterator<Item = usize>,
) -> Result<Vec<Timed>> {
    let length = channels[0].len();
    let mut events = Vec::new();
    let mut block_events = Vec::with_capacity(4096);
    let mut start = 0;
    for block in blocks {
        let end = length.min(start + block);
        let mut part: Vec<Vec<f32>> = channels.iter().map(|samples| samples[start..end].to_vec()).collect();
        block_events.clear();
        instance.process(&mut part, &mut block_events)?;
        for (whole, part) in channels.iter_mut().zip(&part) {
            whole[start..end].copy_from_slice(part);
        }
        events.extend(block_events.iter().map(|&(at, midi)| (at + start as u64, midi)));
        start = end;
        if start == length {
            break;
        }
    }
    anyhow::ensure!(start == length, "the blocks cover {start} of {length} samples");
    Ok(events)
}

/// The state that a project would keep, as the JSON that it is.
#[cfg(test)]
fn saved(instance: &mut dyn Instance) -> serde_json::Value {
    serde_json::from_slice(&instance.save().unwrap()).unwrap()
}

/// The parameter that is called so.
#[cfg(test)]
fn parameter(instance: &mut dyn Instance, name: &str) -> Parameter {
    instance.parameters().into_iter().find(|parameter| parameter.name == name).unwrap()
}

/// Blocks of a host that says two channels and gives others: which of the input's and of the output's there are, and what is in three
/// channels of .25 after a block in which every input was .5.
#[cfg(test)]
const ODD_BUSES: [(&[bool], &[bool], [f32; 3]); 8] = [
    (&[true, true], &[true, true], [0.5, 0.5, 0.25]),
    (&[true, true, true], &[true, true, true], [0.5, 0.5, 0.0]),
    (&[true], &[true, true], [0.0, 0.0, 0.25]),
    (&[], &[true, true], [0.0, 0.0, 0.25]),
    (&[true, false], &[true, true], [0.0, 0.0, 0.25]),
    (&[true, true], &[true], [0.0, 0.25, 0.25]),
    (&[true, true], &[false, true], [0.25, 0.0, 0.25]),
    (&[true, true], &[], [0.25, 0.25, 0.25]),
];

/// Pointers to the channels that are there, null for the others.
#[cfg(test)]
fn pointers<const N: usize>(samples: &mut [[f32; N]], there: &[bool]) -> Vec<*mut f32> {
    let pointer = |(samples, &there): (&mut [f32; N], &bool)| match there {
        true => samples.as_mut_ptr(),
        false => std::ptr::null_mut(),
    };
    samples.iter_mut().zip(there).map(pointer).collect()
}

/// What every sample of each channel is, where all are the same.
#[cfg(test)]
fn constants<const N: usize>(samples: [[f32; N]; 3]) -> [Option<f32>; 3] {
    samples.map(|samples| samples.iter().all(|&sample| sample == samples[0]).then_some(samples[0]))
}
