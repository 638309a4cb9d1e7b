//! What the panels draw: a plain snapshot, made anew by whoever owns the engine whenever there is news.
//!
//! A view holds ground types only and no handle to anything alive, so that a panel is a function of what it is
//! given and a test can draw any state there is.

use crate::bridge::{Company, Export, RemoteSettings};
use crate::performance::{
    Coverage, Cue, DecisionDelay, EditChoices, EditPlan, Fault, OFF_TUNE_CENTS, PositionReport, Shading, Take,
};
use crate::score::{Choice, PrintedScore, Score};
use crate::units::{Bpm, Pitch, Seconds};
use std::sync::Arc;

/// Everything the editor shows at one moment.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// The score, or why there is none.
    pub score: ScoreSlot,
    /// The score as engraved, as far as it is.
    pub engraving: EngravingSlot,
    /// What of it the user chose to play; the score's path is already as chosen.
    pub choice: Choice,
    /// The newest word of the follower; `None` while it does not run.
    pub position: Option<PositionReport>,
    /// Where the follower has been, oldest first, in time order: some 10-100 points a second over the last minute.
    pub trail: Vec<TrailPoint>,
    /// Notes heard over the last minute or more, by onset.
    pub heard: Vec<HeardNote>,
    /// How likely each key sounded over the last seconds.
    pub shading: Shading,
    /// What became of each note of the playing path in the current take; empty, or as long as the path's notes.
    pub verdicts: Arc<[Verdict]>,
    /// The take that those are of, by number, where it is not the one that is being recorded.
    pub judged: Option<u32>,
    /// Stream time now: all input consumed.
    pub now: Seconds,
    /// Input level.
    pub level: Level,
    /// How late note events leave: median of attack to event.
    pub latency: Option<Seconds>,
    /// What was switched on.
    pub transport: Transport,
    /// Tempo of each take along the path; the newest last and drawn bold.
    pub tempos: Vec<Arc<TempoCurve>>,
    /// The session's takes in recording order.
    pub takes: Vec<Arc<TakeRow>>,
    /// How each path step is covered by all takes; empty, or as long as the path's steps.
    pub coverage: Arc<[Coverage]>,
    /// The proposed edit, in which a take is its number.
    pub plan: Arc<EditPlan>,
    /// What was chosen for it; takes by their numbers.
    pub choices: EditChoices,
    /// Takes of other scores, which are kept and not shown.
    pub elsewhere: usize,
    /// Places in the score that something is attached to, in path order.
    pub cues: Vec<Cue>,
    /// Where files are written.
    pub export_folder: String,
    /// What the user should read, newest last.
    pub messages: Vec<Message>,
    /// Whether the worker keeps up.
    pub load: Load,
    /// The settings in force.
    pub settings: Settings,
    /// What this editor's owner can do; controls for the rest are not drawn.
    pub abilities: Abilities,
    /// Who shares the book; `None` where that is not known.
    pub company: Option<Company>,
    /// What undo would take back, in words.
    pub undo: Option<String>,
    /// What redo would bring again, in words.
    pub redo: Option<String>,
}

/// The place where a score goes.
#[derive(Clone, Debug, Default)]
pub enum ScoreSlot {
    /// None was asked for.
    #[default]
    Empty,
    /// One is being read; the former stays in use until it is.
    Loading {
        /// File name.
        name: String,
        /// The score in use meanwhile.
        former: Option<Arc<Score>>,
    },
    /// One is in use.
    Ready {
        /// File name.
        name: String,
        /// What was read.
        score: Arc<Score>,
    },
}

/// The place where engraved pages go.
#[derive(Clone, Debug, Default)]
pub enum EngravingSlot {
    /// Nobody engraves: the light notation is all there is.
    #[default]
    Unavailable,
    /// There are no pages yet.
    Working,
    /// There will be none.
    Failed(String),
    /// These are there; see [`super::Action::Engrave`].
    Ready(Arc<PrintedScore>),
}

impl View {
    /// The score in use.
    pub fn score(&self) -> Option<&Arc<Score>> {
        match &self.score {
            ScoreSlot::Empty => None,
            ScoreSlot::Loading { former, .. } => former.as_ref(),
            ScoreSlot::Ready { score, .. } => Some(score),
        }
    }

    /// The position in beats, where one is believed.
    pub fn beat(&self) -> Option<f64> {
        self.position.as_ref()?.beat
    }

    /// The path step being played.
    pub fn step(&self) -> Option<usize> {
        self.score()?.path.step_at(self.beat()?)
    }

    /// The take that is being recorded.
    pub fn recording(&self) -> Option<&TakeRow> {
        self.takes.iter().rev().find(|take| take.recording).map(AsRef::as_ref)
    }
}

/// Where the follower was at one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrailPoint {
    /// Stream time.
    pub at: Seconds,
    /// Path position in beats, if one was believed.
    pub beat: Option<f64>,
}

/// A note that was heard, or still sounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HeardNote {
    /// True onset.
    pub onset: Seconds,
    /// End of the sound; `None` while it sounds.
    pub offset: Option<Seconds>,
    /// Which pitch.
    pub pitch: Pitch,
    /// 1-127.
    pub velocity: u8,
    /// What it is to the score; [`Verdict::Open`] where nothing was decided.
    pub verdict: Verdict,
}

/// What became of a written note, or what a heard note is to the score.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Not decided: not reached yet, or no score.
    #[default]
    Open,
    /// As written.
    Ok,
    /// The right pitch, early or late.
    Timing,
    /// Another pitch in its place; of a heard note, not written here.
    Wrong,
    /// Not heard.
    Missed,
    /// Perhaps one of these, more likely as written.
    Doubt,
}

/// Input level, dB relative to full scale, -120 or above.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Level {
    /// Short-time mean.
    pub rms_db: f32,
    /// Highest sample lately.
    pub peak_db: f32,
    /// A sample reached full scale since this was last reset.
    pub clipped: bool,
}

impl Default for Level {
    fn default() -> Self {
        Level { rms_db: -120.0, peak_db: -120.0, clipped: false }
    }
}

/// What was switched on.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Transport {
    /// Takes are being logged.
    pub armed: bool,
    /// The position is held where it is.
    pub held: bool,
    /// The follower looks only between these path positions, in beats.
    pub range: Option<(f64, f64)>,
}

/// Tempo along the path.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TempoCurve {
    /// Path position in beats and tempo, in playing order.
    pub points: Vec<(f64, Bpm)>,
}

/// One take with what the user said of it.
#[derive(Clone, Debug, PartialEq)]
pub struct TakeRow {
    /// Its number in the session, from 1; stays when others are deleted.
    pub number: u32,
    /// What it covers and what is wrong in it; see [`TakeRow::faults`].
    pub take: Take,
    /// The user's name for it; may be empty.
    pub name: String,
    /// The user's comment; may be empty.
    pub comment: String,
    /// 0-3.
    pub stars: u8,
    /// Not to be used.
    pub rejected: bool,
    /// It is being recorded now.
    pub recording: bool,
    /// Faults were looked for in it. Until then nothing says that it is clean.
    pub judged: bool,
    /// Where it begins on the host's timeline, if the host said so.
    pub host_start: Option<Seconds>,
}

impl TakeRow {
    /// What counts against it, in recording order.
    pub fn faults(&self) -> impl Iterator<Item = &Fault> {
        self.take.faults.iter().filter(|fault| !fault.is_doubt())
    }

    /// What is more likely none, in recording order.
    pub fn doubts(&self) -> impl Iterator<Item = &Fault> {
        self.take.faults.iter().filter(|fault| fault.is_doubt())
    }
}

/// How grave a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gravity {
    /// Something was done.
    Note,
    /// Something is not as it should be, and goes on.
    Warning,
    /// Something failed.
    Error,
}

/// Something the user should read.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Tells it from others, for [`super::Action::Dismiss`].
    pub id: u64,
    /// How grave it is.
    pub gravity: Gravity,
    /// One sentence.
    pub text: String,
    /// The folder that files were written to, where it says that.
    pub folder: Option<String>,
}

/// Whether the worker keeps up.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Load {
    /// Share of one core that the worker uses, 0-1 and above.
    pub share: f32,
    /// It falls behind now.
    pub overloaded: bool,
    /// Audio dropped since the start, because the worker fell behind.
    pub dropped: Seconds,
}

/// When note events leave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Timing {
    /// As soon as they are known.
    #[default]
    Live,
    /// A fixed delay after their true onset, with the audio delayed alike.
    Aligned,
}

/// The settings in force; each may change while the engine runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// When note events leave.
    pub timing: Timing,
    /// How long after an attack a note is decided.
    pub decision_delay: DecisionDelay,
    /// 0-1.
    pub sensitivity: f32,
    /// Lowest MIDI pitch reported, 21-108.
    pub lowest_pitch: u8,
    /// Highest MIDI pitch reported, 21-108.
    pub highest_pitch: u8,
    /// Shorter notes are dropped, in seconds, 0-0.5.
    pub minimum_note_s: f32,
    /// Exponent on the velocity scale, 0.25-4.
    pub velocity_curve: f32,
    /// How far the score may sway what is heard, 0-1.
    pub score_assist: f32,
    /// Gain before everything, in dB, -24 to 24.
    pub trim_db: f32,
    /// MIDI channel of the notes, 0-15.
    pub channel: u8,
    /// Send the sustain pedal.
    pub pedal_out: bool,
    /// Send how a single line bends.
    pub pitch_bend: bool,
    /// Follow the score.
    pub follow: bool,
    /// Controller number that the position is sent on, 0-119.
    pub position_cc: Option<u8>,
    /// Where OSC goes.
    pub osc: RemoteSettings,
    /// The user agrees to a journal of the book beside the project.
    pub journal: bool,
    /// The book is shared with other instances of the process.
    pub shares_book: bool,
    /// From how many cents off its take's tuning a sustained note is a fault, 1-100.
    pub off_tune_cents: f32,
    /// How much earlier the host lays what it records than a plugin hears it, in milliseconds, 0-1000.
    pub recording_latency_ms: f32,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            timing: Timing::Live,
            decision_delay: DecisionDelay::Standard,
            sensitivity: 0.5,
            lowest_pitch: 21,
            highest_pitch: 108,
            minimum_note_s: 0.03,
            velocity_curve: 1.0,
            score_assist: 0.0,
            trim_db: 0.0,
            channel: 0,
            pedal_out: false,
            pitch_bend: false,
            follow: true,
            position_cc: None,
            osc: RemoteSettings::default(),
            journal: false,
            shares_book: true,
            off_tune_cents: OFF_TUNE_CENTS,
            recording_latency_ms: 0.0,
        }
    }
}

/// What the owner of the editor can do for the user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Abilities {
    /// It can open the system's file dialog.
    pub browse: bool,
    /// It can follow some of the parts only, or measures in another order.
    pub choose: bool,
    /// It keeps the takes; without them their list, their map and the inspector are left out.
    pub takes: bool,
    /// It can log takes on demand.
    pub arm: bool,
    /// It can hold the position.
    pub hold: bool,
    /// It can keep the follower within a range.
    pub range: bool,
    /// It can keep names, stars and comments of takes, and delete takes.
    pub edit_takes: bool,
    /// It can keep cues.
    pub cues: bool,
    /// What it can export.
    pub exports: Vec<Export>,
}

impl Abilities {
    /// Everything.
    pub fn all() -> Abilities {
        Abilities {
            browse: true,
            choose: true,
            takes: true,
            arm: true,
            hold: true,
            range: true,
            edit_takes: true,
            cues: true,
            exports: Export::ALL.to_vec(),
        }
    }
}
