//! The editor's window: what the bridge knows becomes a view, what the user asks for becomes commands.

use super::CollaParte;
use super::book_rows::BookRows;
use super::chooser;
use super::params::{Parameters, TimingMode};
use super::preferences::KeptPreferences;
use super::settle::Task;
use super::state::Window;
use crate::bridge::{self, Bridge, PreferencesFile, RemoteSettings, Severity, Snapshot};
use crate::editor::{
    self, Abilities, Action, EditorState, EngravingSlot, Gravity, HeardNote, Level, Load, Message, ScoreSlot,
    Settings, Text, Timing, TrailPoint, Transport, Verdict, View,
};
use crate::engine::FollowCommand;
use crate::performance::{Cue, CueMessage};
use crate::takes::{Change, Edit};
use crate::units::Seconds;
use nice_plug::context::PluginApi;
use nice_plug::context::gui::{AsyncExecutor, GuiContext};
use nice_plug::params::Param;
use nice_plug_egui::RepaintNotifier;
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

/// How long the path of the follower stays visible, in seconds.
const TRAIL_S: f64 = 60.0;

/// How long the window says that audio was dropped.
const OVERLOAD_SHOWN: Duration = Duration::from_secs(3);

/// Controllers that new cues take in turn: those that MIDI leaves undefined.
const FIRST_CUE_CC: u8 = 102;
const CUE_CCS: u8 = 17;

/// What the window remembers between frames.
pub struct EditorApp {
    params: Arc<Parameters>,
    bridge: Arc<Bridge>,
    gui: Option<GuiContext>,
    state: EditorState,
    trail: VecDeque<TrailPoint>,
    dismissed: u64,
    clipped: bool,
    dropped: u64,
    dropped_at: Option<Instant>,
    rows: BookRows,
    /// Asks for a frame from any thread; `None` where there is no window.
    repaint: Option<RepaintNotifier>,
    preferences: KeptPreferences,
    /// Has the main thread do things.
    executor: Option<AsyncExecutor<CollaParte>>,
}

/// What a window has its editor do.
impl EditorApp {
    /// The editor of an instance that has windows, which `repaint` has drawn anew.
    pub fn with_windows(
        params: Arc<Parameters>,
        bridge: Arc<Bridge>,
        executor: AsyncExecutor<CollaParte>,
        repaint: RepaintNotifier,
    ) -> EditorApp {
        let preferences = KeptPreferences::new(PreferencesFile::usual());
        EditorApp {
            repaint: Some(repaint),
            preferences,
            executor: Some(executor),
            ..EditorApp::new(params, bridge)
        }
    }

    /// The next window is zoomed so far.
    pub fn set_zoom(&mut self, zoom: f32) {
        self.state.preferences.scale = zoom;
    }

    /// One opened.
    pub fn opened(&mut self, ctx: &egui::Context, gui: GuiContext) {
        #[cfg(target_os = "linux")]
        super::egl::keep();
        editor::install(ctx);
        self.gui = Some(gui);
        self.state.preferences = self.preferences.read(self.state.preferences);
        if let Some(repaint) = self.repaint.clone() {
            self.bridge.watch(move || repaint.request_repaint());
        }
    }

    /// Draws a frame.
    pub fn draw(&mut self, ui: &mut egui::Ui) {
        let view = self.view();
        for action in editor::editor(ui, &view, &mut self.state) {
            self.carry_out(action, ui.ctx());
        }
        if let Err(error) = self.preferences.keep(self.state.preferences) {
            self.bridge.report(Severity::Error, format!("the settings of the window are not kept: {error}"));
        }
        // What is new asks for the next frame; only what passes with time alone is waited for here.
        if let Some(left) = self.dropped_at.and_then(|at| OVERLOAD_SHOWN.checked_sub(at.elapsed())) {
            ui.ctx().request_repaint_after(left);
        }
    }

    /// Drawing in it has panicked.
    pub fn say_that_it_failed(&self) {
        self.bridge.report(Severity::Error, "the window failed to draw; please report this".into());
    }

    /// It is so large now, in logical pixels.
    pub fn resized(&mut self, width: u32, height: u32) {
        let window = self.params.window.load();
        self.params.window.store(Window { width, height, ..window });
    }

    /// It is zoomed so far now.
    pub fn zoomed(&mut self, zoom: f32) {
        let window = self.params.window.load();
        self.params.window.store(Window { zoom, ..window });
    }

    /// It closes.
    pub fn closed(&mut self) {
        self.gui = None;
        self.bridge.unwatch();
    }
}

impl EditorApp {
    pub(super) fn new(params: Arc<Parameters>, bridge: Arc<Bridge>) -> EditorApp {
        EditorApp {
            params,
            bridge,
            gui: None,
            state: EditorState::default(),
            trail: VecDeque::new(),
            dismissed: 0,
            clipped: false,
            dropped: 0,
            dropped_at: None,
            rows: BookRows::default(),
            repaint: None,
            preferences: KeptPreferences::new(PreferencesFile::nowhere()),
            executor: None,
        }
    }

    /// What there is to show now.
    pub(super) fn view(&mut self) -> View {
        let snapshot = self.bridge.snapshot();
        self.remember(&snapshot);
        let score = match &snapshot.score {
            None => ScoreSlot::Empty,
            Some(loaded) => {
                ScoreSlot::Ready { name: loaded.source.name.clone(), score: loaded.score.clone() }
            }
        };
        let heard = snapshot.notes.iter().map(|note| HeardNote {
            onset: note.onset,
            offset: note.offset,
            pitch: note.pitch,
            velocity: note.velocity,
            verdict: Verdict::Open,
        });
        let (takes, tempos) = self.rows.rows(&snapshot);
        let verdicts = self.rows.verdicts(&snapshot);
        let words = |change: Option<Change>| change.map(|change| self.words(change));
        let messages = snapshot.messages.iter().filter(|message| message.id > self.dismissed);
        View {
            score,
            engraving: self.engraving(&snapshot),
            position: snapshot.position,
            trail: self.trail.iter().copied().collect(),
            heard: heard.collect(),
            now: snapshot.now,
            level: Level {
                rms_db: snapshot.level.rms_db,
                peak_db: snapshot.level.peak_db,
                clipped: self.clipped,
            },
            messages: messages
                .map(|message| Message {
                    id: message.id,
                    gravity: match message.severity {
                        Severity::Note => Gravity::Note,
                        Severity::Error => Gravity::Error,
                    },
                    text: message.text.clone(),
                    folder: message.folder.as_ref().map(|folder| folder.display().to_string()),
                })
                .collect(),
            load: Load {
                share: snapshot.load,
                overloaded: self.dropped_at.is_some_and(|at| at.elapsed() < OVERLOAD_SHOWN),
                dropped: Seconds(snapshot.overload.dropped_samples as f64 / snapshot.rate_hz.max(1.0)),
            },
            settings: self.settings(),
            choice: snapshot.score.as_ref().map(|loaded| loaded.source.choice.clone()).unwrap_or_default(),
            judged: self.rows.judged(),
            verdicts,
            transport: Transport { armed: snapshot.armed, held: snapshot.held, range: snapshot.range },
            tempos,
            takes,
            coverage: snapshot.book.coverage.clone(),
            elsewhere: snapshot.book.elsewhere,
            plan: snapshot.book.plan.clone(),
            choices: snapshot.book.choices.clone(),
            cues: snapshot.book.cues.to_vec(),
            export_folder: self.export_folder().display().to_string(),
            company: (snapshot.company != bridge::Company::default()).then_some(snapshot.company),
            undo: words(snapshot.book.undo),
            redo: words(snapshot.book.redo),
            abilities: Abilities { browse: chooser::IS_THERE, ..Abilities::all() },
            latency: snapshot.latency,
            shading: snapshot.shading.clone(),
        }
    }

    /// How far the engraving of the score in use is.
    fn engraving(&self, snapshot: &Snapshot) -> EngravingSlot {
        #[cfg(feature = "engrave")]
        if let Some(loaded) = &snapshot.score {
            return match self.bridge.engraving(loaded) {
                bridge::Engraving::Working => EngravingSlot::Working,
                bridge::Engraving::Failed(reason) => EngravingSlot::Failed(reason),
                bridge::Engraving::Ready(printed) => EngravingSlot::Ready(printed),
            };
        }
        let _ = snapshot;
        EngravingSlot::Unavailable
    }

    /// Keeps what a single snapshot does not show: the way of the follower, that the input clipped, that audio
    /// was dropped.
    fn remember(&mut self, snapshot: &Snapshot) {
        self.clipped |= snapshot.level.peak_db >= 0.0;
        if snapshot.overload.dropped_samples > self.dropped {
            self.dropped_at = Some(Instant::now());
        }
        self.dropped = snapshot.overload.dropped_samples;
        let Some(report) = snapshot.position else { return self.trail.clear() };
        let last = self.trail.back().map(|point| point.at.0);
        if last.is_some_and(|last| report.at.0 < last) {
            self.trail.clear();
        }
        if last != Some(report.at.0) {
            self.trail.push_back(TrailPoint { at: report.at, beat: report.beat });
        }
        while self.trail.front().is_some_and(|point| report.at.0 - point.at.0 > TRAIL_S) {
            self.trail.pop_front();
        }
    }

    /// What a change of the book was, for the hint beside undo.
    fn words(&self, change: Change) -> String {
        let language = self.state.preferences.language;
        match change {
            Change::Stars(take) => Text::ChangedStars.with(language, &[&take]),
            Change::Reject(take) => Text::ChangedReject.with(language, &[&take]),
            Change::Name(take) => Text::ChangedName.with(language, &[&take]),
            Change::Comment(take) => Text::ChangedComment.with(language, &[&take]),
            Change::Delete(take) => Text::ChangedDelete.with(language, &[&take]),
            Change::Choices => Text::ChangedChoices.of(language).to_owned(),
            Change::Cues => Text::ChangedCues.of(language).to_owned(),
            Change::Replace => Text::ChangedBook.of(language).to_owned(),
        }
    }

    /// Where exports go: the folder that was chosen, or the user's own.
    fn export_folder(&self) -> PathBuf {
        let chosen = self.params.export_folder.read().unwrap_or_else(PoisonError::into_inner);
        if chosen.trim().is_empty() {
            std::env::home_dir().unwrap_or_else(std::env::temp_dir)
        } else {
            PathBuf::from(chosen.trim())
        }
    }

    /// Adds a cue with the next letter for its name and the next controller for its message.
    fn add_cue(&self, beat: f64) {
        let mut cues = self.bridge.with_book(|log| log.cues().to_vec());
        let count = cues.len();
        let letter = char::from(b'A' + (count % 26) as u8);
        let name = if count < 26 { letter.to_string() } else { format!("{letter}{}", count / 26 + 1) };
        let number = FIRST_CUE_CC + (count % usize::from(CUE_CCS)) as u8;
        cues.push(Cue::at(beat, name, CueMessage::Control { number, value: 127 }));
        self.bridge.edit_book(Edit::Cues(cues));
    }

    fn change_cue(&self, index: usize, change: impl FnOnce(&mut Vec<Cue>)) {
        let mut cues = self.bridge.with_book(|log| log.cues().to_vec());
        if index < cues.len() {
            change(&mut cues);
            self.bridge.edit_book(Edit::Cues(cues));
        }
    }

    fn settings(&self) -> Settings {
        let params = &self.params;
        let engine = params.engine_config();
        Settings {
            timing: match params.timing.value() {
                TimingMode::Live => Timing::Live,
                TimingMode::Aligned => Timing::Aligned,
            },
            decision_delay: engine.decision_delay,
            sensitivity: engine.sensitivity,
            lowest_pitch: engine.lowest_pitch,
            highest_pitch: engine.highest_pitch,
            minimum_note_s: engine.minimum_note_s,
            velocity_curve: engine.velocity_curve,
            score_assist: engine.score_assist,
            trim_db: params.input_trim.value(),
            channel: (params.channel.value() - 1).clamp(0, 15) as u8,
            pedal_out: params.pedal_out.value(),
            pitch_bend: engine.pitch_bend,
            follow: engine.follow,
            position_cc: (params.position_out.value() > 0).then(|| params.position_out.value() as u8),
            osc: (*self.bridge.remote()).clone(),
            journal: self.bridge.keeps_journal(),
            shares_book: self.bridge.shares_book(),
            off_tune_cents: self.bridge.off_tune_cents(),
            recording_latency_ms: self.bridge.recording_latency_ms(),
        }
    }

    fn carry_out(&mut self, action: Action, ctx: &egui::Context) {
        let is_kept = is_kept(&action);
        match action {
            Action::LoadPath(path) => self.bridge.load_score_file(path.into()),
            Action::BrowseScore => self.bridge.choose_score_file(chooser::score_file),
            Action::UnloadScore => self.bridge.forget_score(),
            Action::Choose(choice) => self.bridge.choose(choice),
            Action::StartAt(beat) => self.bridge.follow(FollowCommand::StartAt(beat)),
            Action::Relocate => self.bridge.follow(FollowCommand::Relocate),
            Action::Set(settings) => self.set(&settings),
            Action::ResetClip => self.clipped = false,
            Action::Dismiss(id) => self.dismissed = self.dismissed.max(id),
            Action::SetScale(scale) => {
                self.state.preferences.scale = scale;
                ctx.set_zoom_factor(scale);
            }
            Action::Hold(held) => self.bridge.follow(FollowCommand::Hold(held)),
            Action::SetRange(range) => self.bridge.follow(FollowCommand::Restrict(range)),
            Action::Arm(armed) => self.bridge.arm(armed),
            Action::AddCue(beat) => self.add_cue(beat),
            Action::SetCue(index, cue) => self.change_cue(index, |cues| cues[index] = cue),
            Action::RemoveCue(index) => self.change_cue(index, |cues| {
                cues.remove(index);
            }),
            Action::Star { take, stars } => self.bridge.edit_book(Edit::Stars { take, stars }),
            Action::Reject { take, rejected } => self.bridge.edit_book(Edit::Reject { take, rejected }),
            Action::RenameTake { take, name } => self.bridge.edit_book(Edit::Name { take, name }),
            Action::CommentTake { take, comment } => self.bridge.edit_book(Edit::Comment { take, comment }),
            Action::DeleteTake(take) => self.bridge.edit_book(Edit::Delete { take }),
            Action::ChooseEdit(choices) => {
                if let Some(loaded) = &self.bridge.snapshot().score {
                    self.bridge.edit_book(Edit::Choices { grid: loaded.grid, choices });
                }
            }
            Action::Undo => self.bridge.undo(),
            Action::Redo => self.bridge.redo(),
            Action::Export(export) => {
                self.bridge.export(export, self.state.selected_take(), self.export_folder());
            }
            Action::SetExportFolder(folder) => {
                *self.params.export_folder.write().unwrap_or_else(PoisonError::into_inner) = folder;
            }
            #[cfg(feature = "engrave")]
            Action::Engrave(wish) => {
                if let Some(loaded) = self.bridge.snapshot().score.clone() {
                    self.bridge.engrave(loaded, wish);
                }
            }
            #[cfg(not(feature = "engrave"))]
            Action::Engrave(_) => {}
            // The editor carries these out itself.
            Action::Inspect(_) | Action::CloseInspector => {}
        }
        if is_kept {
            self.bridge.touch();
        }
    }

    /// The settings that are no parameters, of which the host knows by itself.
    fn kept_settings(&self) -> (Arc<RemoteSettings>, bool, bool, f32, f32) {
        let bridge = &self.bridge;
        (
            bridge.remote(),
            bridge.keeps_journal(),
            bridge.shares_book(),
            bridge.off_tune_cents(),
            bridge.recording_latency_ms(),
        )
    }

    fn set(&self, settings: &Settings) {
        let before = self.kept_settings();
        self.bridge.send_remote(settings.osc.clone());
        self.bridge.keep_journal(settings.journal);
        self.bridge.share_book(settings.shares_book);
        self.bridge.tolerate_off_tune(settings.off_tune_cents);
        self.bridge.set_recording_latency(settings.recording_latency_ms);
        if self.kept_settings() != before {
            self.bridge.touch();
        }
        let timing = match settings.timing {
            Timing::Live => TimingMode::Live,
            Timing::Aligned => TimingMode::Aligned,
        };
        self.change(|params| &params.timing, timing);
        self.change(|params| &params.decide_after, settings.decision_delay.into());
        self.change(|params| &params.sensitivity, settings.sensitivity);
        self.change(|params| &params.lowest_pitch, i32::from(settings.lowest_pitch));
        self.change(|params| &params.highest_pitch, i32::from(settings.highest_pitch));
        self.change(|params| &params.minimum_note, settings.minimum_note_s * 1000.0);
        self.change(|params| &params.velocity_curve, settings.velocity_curve);
        self.change(|params| &params.score_assist, settings.score_assist);
        self.change(|params| &params.input_trim, settings.trim_db);
        self.change(|params| &params.channel, i32::from(settings.channel) + 1);
        self.change(|params| &params.pedal_out, settings.pedal_out);
        self.change(|params| &params.pitch_bend, settings.pitch_bend);
        self.change(|params| &params.follow, settings.follow);
        self.change(|params| &params.position_out, settings.position_cc.map_or(0, i32::from));
    }

    /// Sets a parameter, if it differs, and tells the host.
    fn change<P: Param + 'static>(&self, of: fn(&Parameters) -> &P, value: P::Plain) {
        let param = of(&self.params);
        let Some(gui) = self.gui.clone() else { return };
        // What the window shows is what is heard.
        if param.modulated_plain_value() == value {
            return;
        }
        let normalized = param.preview_normalized(value);
        // Not by the framework: it waits for the host to send it back, which hosts that do not play do not; or it tells this window of
        // it, in VST3 on a thread that must not touch the window, where the host lends none.
        // SAFETY: the parameter outlives the call; its value is an atomic.
        unsafe { param.as_ptr()._internal_set_normalized_value(normalized) };
        let params = self.params.clone();
        // VST3 wants it told on the main thread, which on Linux draws no window.
        let elsewhere = cfg!(target_os = "linux") && gui.plugin_api() == PluginApi::Vst3;
        let tell = move || {
            let (param, setter) = (of(&params), gui.param_setter());
            setter.begin_set_parameter(param);
            setter.set_parameter_normalized(param, normalized);
            setter.end_set_parameter(param);
        };
        match self.executor.as_ref().filter(|_| elsewhere) {
            Some(executor) => executor.execute_gui(Task::new(tell)),
            None => tell(),
        }
    }
}

/// Whether the project keeps what comes of it. (What comes of loading a score the worker knows; `set` looks itself.)
fn is_kept(action: &Action) -> bool {
    matches!(
        action,
        Action::UnloadScore
            | Action::AddCue(_)
            | Action::SetCue(..)
            | Action::RemoveCue(_)
            | Action::Star { .. }
            | Action::Reject { .. }
            | Action::RenameTake { .. }
            | Action::CommentTake { .. }
            | Action::DeleteTake(_)
            | Action::ChooseEdit(_)
            | Action::Undo
            | Action::Redo
            | Action::SetExportFolder(_)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_project_keeps_is_to_be_saved_and_what_it_does_not_is_not() {
        let (bridge, ctx) = (Arc::new(Bridge::default()), egui::Context::default());
        let mut app = EditorApp::new(Arc::new(Parameters::new(bridge.clone())), bridge);
        let settings = app.view().settings;
        let unsaved = |app: &mut EditorApp, action| {
            app.carry_out(action, &ctx);
            app.bridge.unsaved().take()
        };
        assert!(!unsaved(&mut app, Action::Hold(true)));
        assert!(!unsaved(&mut app, Action::ResetClip));
        assert!(!unsaved(&mut app, Action::Set(settings.clone())), "as it was");
        // A parameter, of which the host is told as such.
        let louder = Settings { trim_db: 6.0, ..settings.clone() };
        assert!(!unsaved(&mut app, Action::Set(louder)));
        let later = Settings { recording_latency_ms: 20.0, ..settings };
        assert!(unsaved(&mut app, Action::Set(later.clone())));
        assert!(!unsaved(&mut app, Action::Set(later)));
        assert!(unsaved(&mut app, Action::SetExportFolder("elsewhere".into())));
        assert!(unsaved(&mut app, Action::Undo));
        assert!(unsaved(&mut app, Action::UnloadScore));
    }
}
