//! Settings: what to listen for, what to send, how to look.

use super::action::{Action, Actions};
use super::look::{Look, pitch_name};
use super::score_choice::{ScoreChoiceState, score_choice};
use super::state::Preferences;
use super::strings::{Language, Text};
use super::theme::{self, PaperKind};
use super::view::{Settings, Timing, View};
use crate::bridge::{RECORDING_LATENCY_RANGE_MS, RemoteSettings};
use crate::performance::{DecisionDelay, OFF_TUNE_RANGE_CENTS};
use crate::units::Pitch;
use egui::{Button, ComboBox, Grid, RichText, ScrollArea, Slider, Ui, Widget, WidgetText};

/// Listening settings that suit a kind of instrument.
struct Preset {
    name: Text,
    lowest_pitch: u8,
    highest_pitch: u8,
    minimum_note_s: f32,
}

/// Ranges are the instruments' own: a piano's keys; double bass to violin; tuba to piccolo; bass to soprano; a
/// six-string guitar with its harmonics.
const PRESETS: [Preset; 6] = [
    Preset { name: Text::Piano, lowest_pitch: 21, highest_pitch: 108, minimum_note_s: 0.03 },
    Preset { name: Text::Strings, lowest_pitch: 28, highest_pitch: 103, minimum_note_s: 0.05 },
    Preset { name: Text::Winds, lowest_pitch: 26, highest_pitch: 108, minimum_note_s: 0.05 },
    Preset { name: Text::Voice, lowest_pitch: 36, highest_pitch: 86, minimum_note_s: 0.08 },
    Preset { name: Text::Guitar, lowest_pitch: 38, highest_pitch: 91, minimum_note_s: 0.04 },
    Preset { name: Text::Ensemble, lowest_pitch: 24, highest_pitch: 108, minimum_note_s: 0.05 },
];

impl Preset {
    fn applied(&self, settings: &Settings) -> Settings {
        Settings {
            lowest_pitch: self.lowest_pitch,
            highest_pitch: self.highest_pitch,
            minimum_note_s: self.minimum_note_s,
            ..settings.clone()
        }
    }
}

/// Draws the settings into what is left of `ui`. Preferences change at once; settings are asked for.
pub fn settings(
    ui: &mut Ui,
    look: &Look,
    view: &View,
    preferences: &mut Preferences,
    choice: &mut ScoreChoiceState,
) -> Actions {
    let mut actions = Actions::new();
    let mut wanted = view.settings.clone();
    ui.horizontal(|ui| {
        ui.label(RichText::new(look.text(Text::Settings)).font(theme::strong(15.0)));
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            if ui.button(look.text(Text::Defaults)).on_hover_text(look.text(Text::DefaultsHint)).clicked() {
                wanted = Settings::default();
            }
        });
    });
    ScrollArea::vertical().id_salt("settings").auto_shrink(false).show(ui, |ui| {
        ui.spacing_mut().slider_width = 86.0;
        section(ui, look, Text::Listening, |ui| listening(ui, look, &mut wanted));
        section(ui, look, Text::Score, |ui| {
            let follow = ui.checkbox(&mut wanted.follow, look.text(Text::FollowScore));
            follow.on_hover_text(look.text(Text::FollowHint));
            ui.end_row();
            let assist = Slider::new(&mut wanted.score_assist, 0.0..=1.0).custom_formatter(percent);
            row(ui, look, Text::ScoreAssist, Text::ScoreAssistHint, assist);
            let cents = Slider::new(&mut wanted.off_tune_cents, OFF_TUNE_RANGE_CENTS).step_by(1.0);
            row(ui, look, Text::OffTune, Text::OffTuneHint, cents.suffix(" cents"));
        });
        actions.extend(score_choice(ui, look, view, choice));
        section(ui, look, Text::Output, |ui| output(ui, look, &mut wanted));
        keeping(ui, look, &mut wanted, view.company.is_some());
        section(ui, look, Text::Appearance, |ui| appearance(ui, look, preferences, &mut actions));
    });
    if wanted != view.settings {
        actions.push(Action::Set(wanted));
    }
    actions
}

fn section(ui: &mut Ui, look: &Look, title: Text, rows: impl FnOnce(&mut Ui)) {
    ui.add_space(8.0);
    ui.label(RichText::new(look.text(title)).font(theme::strong(11.0)).color(theme::DIM));
    Grid::new(title as usize).num_columns(2).spacing([10.0, 6.0]).show(ui, rows);
}

/// One labelled control with its tooltip.
fn row(ui: &mut Ui, look: &Look, text: Text, hint: Text, control: impl Widget) {
    let label = ui.label(look.text(text)).on_hover_text(look.text(hint));
    ui.add(control).labelled_by(label.id).on_hover_text(look.text(hint));
    ui.end_row();
}

fn percent(value: f64, _: std::ops::RangeInclusive<usize>) -> String {
    format!("{:.0} %", value * 100.0)
}

fn listening(ui: &mut Ui, look: &Look, wanted: &mut Settings) {
    let current = PRESETS.iter().find(|preset| preset.applied(wanted) == *wanted);
    let chosen = current.map_or("–", |preset| look.text(preset.name));
    choice(ui, look, Text::Preset, Text::Listening, chosen, |ui| {
        for preset in &PRESETS {
            let applied = preset.applied(wanted);
            if ui.selectable_label(applied == *wanted, look.text(preset.name)).clicked() {
                *wanted = applied;
            }
        }
    });
    let slider = Slider::new(&mut wanted.sensitivity, 0.0..=1.0).custom_formatter(percent);
    row(ui, look, Text::Sensitivity, Text::SensitivityHint, slider);
    ui.label(look.text(Text::DecideAfter)).on_hover_text(look.text(Text::DecideAfterHint));
    ui.horizontal(|ui| {
        for delay in DecisionDelay::ALL {
            let name = format!("{} ms", delay.nominal_ms());
            let hint = look.text(Text::DecideAfterHint);
            ui.selectable_value(&mut wanted.decision_delay, delay, name).on_hover_text(hint);
        }
    });
    ui.end_row();
    let name = |value: f64, _| pitch_name(Pitch(value.clamp(0.0, 127.0) as u8));
    let highest = wanted.highest_pitch;
    let lowest = Slider::new(&mut wanted.lowest_pitch, 21..=highest).custom_formatter(name);
    row(ui, look, Text::LowestPitch, Text::PitchHint, lowest);
    let lowest = wanted.lowest_pitch;
    let highest = Slider::new(&mut wanted.highest_pitch, lowest..=108).custom_formatter(name);
    row(ui, look, Text::HighestPitch, Text::PitchHint, highest);
    let ms = |value: f64, _| format!("{:.0} ms", value * 1e3);
    let shortest = Slider::new(&mut wanted.minimum_note_s, 0.0..=0.5).custom_formatter(ms);
    row(ui, look, Text::MinimumNote, Text::MinimumNoteHint, shortest);
    let curve = Slider::new(&mut wanted.velocity_curve, 0.25..=4.0).logarithmic(true).max_decimals(2);
    row(ui, look, Text::VelocityCurve, Text::VelocityHint, curve);
    let trim = Slider::new(&mut wanted.trim_db, -24.0..=24.0).suffix(" dB").max_decimals(1);
    row(ui, look, Text::Trim, Text::TrimHint, trim);
}

fn output(ui: &mut Ui, look: &Look, wanted: &mut Settings) {
    ui.label(look.text(Text::TimingMode));
    ui.horizontal(|ui| {
        for (timing, text, hint) in
            [(Timing::Live, Text::Live, Text::LiveHint), (Timing::Aligned, Text::Aligned, Text::AlignedHint)]
        {
            ui.selectable_value(&mut wanted.timing, timing, look.text(text)).on_hover_text(look.text(hint));
        }
    });
    ui.end_row();
    let one = |value: f64, _| format!("{:.0}", value + 1.0);
    let parse = |text: &str| text.trim().parse::<f64>().ok().map(|channel| channel - 1.0);
    let channel = Slider::new(&mut wanted.channel, 0..=15).custom_formatter(one).custom_parser(parse);
    row(ui, look, Text::Channel, Text::ChannelHint, channel);
    let pedal = ui.checkbox(&mut wanted.pedal_out, look.text(Text::PedalOut));
    pedal.on_hover_text(look.text(Text::PedalHint));
    ui.end_row();
    let bend = ui.checkbox(&mut wanted.pitch_bend, look.text(Text::BendOut));
    bend.on_hover_text(look.text(Text::BendHint));
    ui.end_row();
    let mut send = wanted.position_cc.is_some();
    let position = ui.checkbox(&mut send, look.text(Text::PositionOut));
    if position.on_hover_text(look.text(Text::PositionOutHint)).changed() {
        // 20 is the first of the controllers that the MIDI standard leaves undefined.
        wanted.position_cc = send.then_some(20);
    }
    if let Some(controller) = &mut wanted.position_cc {
        let name = |value: f64, _| format!("CC {value:.0}");
        let parse = |text: &str| text.trim().trim_start_matches(|c: char| !c.is_ascii_digit()).parse().ok();
        let number =
            egui::DragValue::new(controller).range(0..=119).custom_formatter(name).custom_parser(parse);
        let field = ui.add(number);
        field.on_hover_text(look.with(Text::ControllerN, &[&*controller]));
    }
    ui.end_row();
    osc(ui, look, &mut wanted.osc);
    let latency = Slider::new(&mut wanted.recording_latency_ms, RECORDING_LATENCY_RANGE_MS);
    let latency = latency.logarithmic(true).smallest_positive(1.0).max_decimals(1).suffix(" ms");
    row(ui, look, Text::RecordingLatency, Text::RecordingLatencyHint, latency);
}

/// What is kept, and with whom: lines of their own below the grid, whose first column they would widen. `shares`: there may be others
/// to share the book with.
fn keeping(ui: &mut Ui, look: &Look, wanted: &mut Settings, shares: bool) {
    ui.add_space(6.0);
    let journal = ui.checkbox(&mut wanted.journal, look.text(Text::Journal));
    journal.on_hover_text(look.text(Text::JournalHint));
    if shares {
        let share = ui.checkbox(&mut wanted.shares_book, look.text(Text::ShareBook));
        share.on_hover_text(look.text(Text::ShareBookHint));
    }
}

fn osc(ui: &mut Ui, look: &Look, wanted: &mut RemoteSettings) {
    ui.checkbox(&mut wanted.enabled, look.text(Text::OscOut)).on_hover_text(look.text(Text::OscHint));
    if wanted.enabled {
        let hint = look.with(Text::OscRate, &[&wanted.rate_hz]);
        ui.add(egui::DragValue::new(&mut wanted.rate_hz).range(1..=100).suffix(" Hz")).on_hover_text(hint);
        ui.end_row();
        // Half an address is none: it counts when the field is left.
        let id = egui::Id::unique("osc address");
        let typed = ui.data(|data| data.get_temp::<String>(id));
        let mut text = typed.unwrap_or_else(|| wanted.address.clone());
        let hint = look.text(Text::OscAddressHint);
        let label = ui.label(look.text(Text::OscAddress)).on_hover_text(hint);
        let field = ui.add(egui::TextEdit::singleline(&mut text).id(id).desired_width(130.0));
        let field = field.labelled_by(label.id).on_hover_text(hint);
        if field.lost_focus() {
            wanted.address = text.trim().to_owned();
            ui.data_mut(|data| data.remove::<String>(id));
        } else if field.changed() {
            ui.data_mut(|data| data.insert_temp(id, text));
        }
    }
    ui.end_row();
}

fn appearance(ui: &mut Ui, look: &Look, preferences: &mut Preferences, actions: &mut Actions) {
    ui.label(look.text(Text::PaperTone)).on_hover_text(look.text(Text::PaperHint));
    ui.horizontal(|ui| {
        for (kind, text) in [(PaperKind::Light, Text::PaperLight), (PaperKind::Dark, Text::PaperDark)] {
            let paper = ui.selectable_value(&mut preferences.paper, kind, look.text(text));
            paper.on_hover_text(look.text(Text::PaperHint));
        }
    });
    ui.end_row();
    ui.label("");
    ui.checkbox(&mut preferences.turn_pages, look.text(Text::TurnPages))
        .on_hover_text(look.text(Text::TurnPagesHint));
    ui.end_row();
    // Steps, not a slider: a slider that changes its own size under the pointer cannot be held.
    let label = ui.label(look.text(Text::Scale)).on_hover_text(look.text(Text::ScaleHint));
    ui.horizontal(|ui| {
        let mut wanted = preferences.scale;
        if ui
            .add(Button::new("−").min_size([24.0, 22.0].into()))
            .on_hover_text(look.text(Text::ScaleHint))
            .clicked()
        {
            wanted -= 0.25;
        }
        ui.label(format!("{:.0} %", preferences.scale * 100.0)).labelled_by(label.id);
        if ui
            .add(Button::new("+").min_size([24.0, 22.0].into()))
            .on_hover_text(look.text(Text::ScaleHint))
            .clicked()
        {
            wanted += 0.25;
        }
        let wanted = wanted.clamp(0.75, 3.0);
        if wanted != preferences.scale {
            preferences.scale = wanted;
            actions.push(Action::SetScale(wanted));
        }
    });
    ui.end_row();
    choice(ui, look, Text::LanguageLabel, Text::LanguageHint, preferences.language.name(), |ui| {
        for language in Language::ALL {
            ui.selectable_value(&mut preferences.language, language, language.name());
        }
    });
}

fn choice(
    ui: &mut Ui,
    look: &Look,
    text: Text,
    hint: Text,
    chosen: impl Into<WidgetText>,
    choices: impl FnOnce(&mut Ui),
) {
    let label = ui.label(look.text(text)).on_hover_text(look.text(hint));
    let combo = ComboBox::from_id_salt(text as usize).selected_text(chosen).width(130.0).show_ui(ui, choices);
    combo.response.labelled_by(label.id).on_hover_text(look.text(hint));
    ui.end_row();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_stay_within_the_ranges_of_the_settings() {
        for preset in &PRESETS {
            let applied = preset.applied(&Settings::default());
            assert!(applied.lowest_pitch >= 21 && applied.highest_pitch <= 108);
            assert!(
                applied.lowest_pitch + 36 < applied.highest_pitch,
                "{}",
                preset.name.of(Language::English)
            );
            assert!((0.0..=0.5).contains(&applied.minimum_note_s));
        }
        assert_eq!(
            PRESETS[0].applied(&Settings::default()),
            Settings::default(),
            "piano is how it is delivered"
        );
    }
}
