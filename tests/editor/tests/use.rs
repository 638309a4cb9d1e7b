//! The editor in use: clicks, keys, typed text, dropped files.

use colla_parte::bridge::{Company, Export};
use colla_parte::editor::{Action, Settings, View};
use colla_parte::performance::{CueMessage, EditChoices};
use editor_pictures::{Stage, scenes};
use egui::{Key, Modifiers, OutputCommand, Role, vec2};
use egui_kittest::kittest::{NodeT, Queryable};

fn stage(view: View) -> Stage {
    Stage::new(view, Default::default(), vec2(1200.0, 800.0), 1.0)
}

fn click(stage: &mut Stage, label: &str) {
    stage.harness().get_by_label(label).click();
    settle(stage);
}

/// Runs until nothing moves, or only the cursor of a text field that blinks for as long as it has the keyboard.
fn settle(stage: &mut Stage) {
    stage.harness().run_ok();
}

#[test]
fn a_typed_path_is_loaded() {
    let mut stage = stage(scenes::empty());
    click(&mut stage, "Score: Load a score");
    stage.harness().get_by_label("Path of the score file").click();
    settle(&mut stage);
    stage.harness().event(egui::Event::Text("\"/scores/rondo.mxl\"".into()));
    settle(&mut stage);
    click(&mut stage, "Open");
    assert_eq!(stage.shown().actions, [Action::LoadPath("/scores/rondo.mxl".into())]);
}

#[test]
fn buttons_ask_for_what_they_say() {
    let mut stage = stage(scenes::following());
    for label in ["Search again", "Hold", "Log takes", "Undo", "Save…", "Save MIDI", "Save…", "Save markers"]
    {
        click(&mut stage, label);
    }
    let expected = [
        Action::Relocate,
        Action::Hold(true),
        Action::Arm(false),
        Action::Undo,
        Action::Export(Export::Midi),
        Action::Export(Export::Markers),
    ];
    assert_eq!(stage.shown().actions, expected);
}

#[test]
fn what_the_owner_cannot_do_has_no_button() {
    let mut view = scenes::following();
    view.abilities = Default::default();
    let mut stage = stage(view);
    for label in ["Log takes", "Hold", "Undo", "Save…"] {
        assert!(stage.harness().query_by_label(label).is_none(), "{label} does nothing here");
    }
    click(&mut stage, "Search again");
    assert_eq!(stage.shown().actions, [Action::Relocate]);
}

#[test]
fn a_message_can_be_dismissed() {
    let mut stage = stage(scenes::error());
    click(&mut stage, "Dismiss this message");
    assert_eq!(stage.shown().actions, [Action::Dismiss(2)]);
}

#[test]
fn a_click_on_the_score_starts_there_and_a_double_click_sets_a_cue() {
    let mut stage = stage(scenes::following());
    let score = stage.harness().get_by_label("Score").rect();
    let spot = score.left_top() + vec2(300.0, 110.0);
    let press = |stage: &mut Stage, times: usize| {
        for pressed in [true, false].repeat(times) {
            stage.harness().hover_at(spot);
            let button = egui::PointerButton::Primary;
            let event = egui::Event::PointerButton { pos: spot, button, pressed, modifiers: Modifiers::NONE };
            stage.harness().event(event);
            stage.harness().step();
        }
        // Longer than a double click may take.
        stage.harness().run_steps(12);
    };
    press(&mut stage, 1);
    let [Action::StartAt(beat)] = stage.shown().actions.as_slice() else {
        panic!("{:?}", stage.shown().actions);
    };
    let beat = *beat;
    assert!((0.0..20.0).contains(&beat), "{beat} is in the first system");
    stage.shown().actions.clear();
    press(&mut stage, 2);
    assert!(matches!(stage.shown().actions.as_slice(), [Action::AddCue(_)]), "{:?}", stage.shown().actions);
}

#[test]
fn a_drag_over_the_score_is_a_range() {
    let mut stage = stage(scenes::following());
    let score = stage.harness().get_by_label("Score").rect();
    let (from, to) = (score.left_top() + vec2(120.0, 110.0), score.left_top() + vec2(420.0, 110.0));
    stage.harness().drag_at(from);
    stage.harness().step();
    for k in 1..=4 {
        stage.harness().hover_at(from + (to - from) * k as f32 / 4.0);
        stage.harness().step();
    }
    stage.harness().drop_at(to);
    stage.harness().run();
    match stage.shown().actions.as_slice() {
        [Action::SetRange(Some((from, to)))] => assert!(from < to, "{from} to {to}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_control_is_reached_by_keyboard_and_has_a_name() {
    let mut stage = stage(scenes::error());
    let mut reached = std::collections::HashSet::new();
    for _ in 0..80 {
        stage.harness().key_press(Key::Tab);
        stage.harness().run();
        let focused = stage.harness().ctx.memory(|memory| memory.focused());
        reached.extend(focused);
    }
    // Score, settings, meter, panels, buttons, stars of six takes: none is out of reach.
    assert!(reached.len() >= 30, "{} controls are reached", reached.len());
}

#[test]
fn the_take_map_is_walked_by_arrow_keys() {
    let mut stage = stage(scenes::following());
    stage.shown().state.inspected = Some(3);
    stage.harness().get_by_label("Take map").focus();
    stage.harness().run();
    for key in [Key::ArrowRight, Key::ArrowRight, Key::ArrowLeft] {
        stage.harness().key_press(key);
        stage.harness().run();
    }
    assert_eq!(stage.shown().state.inspected, Some(4));
    stage.harness().key_press(Key::Enter);
    stage.harness().run();
    assert!(matches!(stage.shown().actions.as_slice(), [Action::StartAt(_)]), "{:?}", stage.shown().actions);
}

/// The choices that the last of the actions asks for.
fn chosen(stage: &mut Stage) -> EditChoices {
    match stage.shown().actions.last() {
        Some(Action::ChooseEdit(choices)) => choices.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_join_is_dragged_pinned_moved_by_keys_and_let_go() {
    let mut stage = stage(scenes::edit_plan());
    stage.shown().view.choices = EditChoices::default();
    settle(&mut stage);
    let plan = stage.shown().view.plan.clone();
    let (before, after) = plan.join(1).expect("the scene has a join");
    let (before, after) = (before.clone(), after.clone());
    let number = stage.shown().view.score().unwrap().path.steps[after.from_step as usize].number.clone();
    let label = format!("Join of takes {} and {} at measure {number}", before.take, after.take);
    let handle = stage.harness().get_by_label(&label).rect();
    let piece = |stage: &mut Stage, take: u32| {
        stage.harness().get_all_by_label_contains(&format!("from take {take}")).next().unwrap().rect()
    };
    // One measure to the left.
    let column = piece(&mut stage, before.take).width() / (before.to_step + 1 - before.from_step) as f32;
    stage.harness().drag_at(handle.center());
    stage.harness().step();
    for k in 1..=4 {
        stage.harness().hover_at(handle.center() - vec2(column * k as f32 / 4.0, 0.0));
        stage.harness().step();
    }
    stage.harness().drop_at(handle.center() - vec2(column, 0.0));
    settle(&mut stage);
    let moved = chosen(&mut stage);
    assert!(moved.join(after.from_step - 1, before.take, after.take).is_some(), "{moved:?}");
    // Pinned where it is.
    click(&mut stage, &label);
    let pinned = chosen(&mut stage);
    let join = pinned.join(after.from_step, before.take, after.take).copied();
    assert_eq!(join.and_then(|join| join.beat), Some(after.from_beat));
    // By the keyboard: a measure, a note, and let go.
    stage.shown().view.choices = pinned;
    stage.harness().get_by_label(&label).focus();
    settle(&mut stage);
    stage.harness().key_press(Key::ArrowLeft);
    settle(&mut stage);
    assert!(chosen(&mut stage).join(after.from_step - 1, before.take, after.take).is_some());
    stage.harness().key_press_modifiers(Modifiers::SHIFT, Key::ArrowLeft);
    settle(&mut stage);
    let fine = chosen(&mut stage).joins[0].beat.expect("exactly at an onset");
    assert!(fine < after.from_beat && fine > after.from_beat - 1.0, "{fine}");
    stage.harness().key_press(Key::Delete);
    settle(&mut stage);
    assert!(chosen(&mut stage).is_empty());
}

#[test]
fn a_piece_is_taken_from_another_take_and_all_choices_are_forgotten() {
    let mut stage = stage(scenes::edit_plan());
    let piece = stage.shown().view.plan.segments[0].clone();
    let label = format!("from take {}", piece.take);
    stage.harness().get_all_by_label_contains(&label).next().unwrap().click();
    settle(&mut stage);
    stage.harness().get_all_by_label_contains("Take 1: ").next().unwrap().click();
    settle(&mut stage);
    let choices = chosen(&mut stage);
    assert_eq!((choices.wanted(piece.from_step), choices.wanted(piece.to_step)), (Some(1), Some(1)));
    click(&mut stage, "As proposed");
    assert!(chosen(&mut stage).is_empty());
}

#[test]
fn stars_names_and_deletion_ask_for_the_right_take() {
    let mut stage = stage(scenes::following());
    click(&mut stage, "Rate take 6: 2 of 3 stars");
    assert_eq!(stage.shown().actions, [Action::Star { take: 6, stars: 2 }]);
    stage.shown().actions.clear();
    stage.harness().get_by_label_contains("Take 5: measures").click();
    settle(&mut stage);
    stage.harness().get_by_label("Name of take 5").click();
    settle(&mut stage);
    stage.harness().event(egui::Event::Text("Best so far".into()));
    stage.harness().key_press(Key::Enter);
    settle(&mut stage);
    // As long as the snapshot has the old name, the editor may ask again.
    let renamed = Action::RenameTake { take: 5, name: "Best so far".into() };
    let asked = &stage.shown().actions;
    assert!(!asked.is_empty() && asked.iter().all(|action| *action == renamed), "{asked:?}");
    click(&mut stage, "Reject");
    assert_eq!(stage.shown().actions.last(), Some(&Action::Reject { take: 5, rejected: true }));
    click(&mut stage, "Delete");
    assert_eq!(stage.shown().actions.last(), Some(&Action::DeleteTake(5)));
}

#[test]
fn files_go_to_the_folder_that_is_typed() {
    let mut stage = stage(scenes::following());
    click(&mut stage, "Save…");
    let field = "Files go to this folder";
    stage.harness().get_by_role_and_label(Role::TextInput, field).click();
    settle(&mut stage);
    stage.harness().key_press_modifiers(Modifiers::COMMAND, Key::A);
    stage.harness().event(egui::Event::Text("/media/stick".into()));
    stage.harness().key_press(Key::Enter);
    settle(&mut stage);
    assert_eq!(stage.shown().actions, [Action::SetExportFolder("/media/stick".into())]);
}

#[test]
fn nothing_is_written_before_there_is_a_take() {
    let mut stage = stage(scenes::waiting());
    click(&mut stage, "Save…");
    click(&mut stage, "Save MIDI");
    assert_eq!(stage.shown().actions, []);
}

#[test]
fn what_is_still_to_do_leads_to_the_measure_and_back() {
    let mut stage = stage(scenes::after_a_take());
    stage.harness().get_by_label_contains("measure 6-8").click();
    settle(&mut stage);
    let inspected = stage.shown().state.inspected.expect("the measure is inspected");
    let number = stage.shown().view.score().unwrap().path.steps[inspected as usize].number.clone();
    assert_eq!(number, "6");
    // The score shows it, which it would not have scrolled to by itself.
    assert!(stage.harness().query_by_label("Back to the position").is_some());
    click(&mut stage, "Back to what is still to do");
    assert_eq!(stage.shown().state.inspected, None);
}

#[test]
fn what_was_saved_can_be_taken_to_the_host() {
    let mut stage = stage(scenes::saved());
    let mut asked = Vec::new();
    for label in ["Copy path", "Show folder"] {
        stage.harness().get_by_label(label).click();
        for _ in 0..3 {
            stage.harness().step();
            asked.extend(stage.harness().output().platform_output.commands.clone());
        }
    }
    let folder = "/home/anna/sessions";
    let expected =
        [OutputCommand::CopyText(folder.into()), OutputCommand::OpenUrl(egui::OpenUrl::new_tab(folder))];
    assert_eq!(asked, expected);
}

#[test]
fn what_a_cue_sends_can_be_changed() {
    let mut stage = stage(scenes::following());
    click(&mut stage, "→ CC 102 = 127");
    click(&mut stage, "Note");
    let [Action::SetCue(0, cue)] = stage.shown().actions.as_slice() else {
        panic!("{:?}", stage.shown().actions);
    };
    assert_eq!(cue.message, CueMessage::Note { pitch: 102, velocity: 127 });
}

#[test]
fn settings_are_asked_for_and_defaults_restored() {
    let mut view = scenes::following();
    view.settings.sensitivity = 0.9;
    let mut stage = stage(view);
    click(&mut stage, "Settings");
    click(&mut stage, "Aligned");
    click(&mut stage, "Defaults");
    let [Action::Set(first), Action::Set(second)] = stage.shown().actions.as_slice() else {
        panic!("{:?}", stage.shown().actions);
    };
    assert_eq!(first.timing, colla_parte::editor::Timing::Aligned);
    assert_eq!(first.sensitivity, 0.9, "nothing else changes");
    assert_eq!(*second, Settings::default());
}

#[test]
fn the_recording_latency_is_typed_in_the_settings() {
    let mut stage = stage(scenes::following());
    click(&mut stage, "Settings");
    let field = |stage: &mut Stage| {
        stage.harness().get_by_role_and_label(Role::SpinButton, "Recording latency").scroll_to_me();
        settle(stage);
        stage.harness().get_by_role_and_label(Role::SpinButton, "Recording latency").click();
        settle(stage);
    };
    field(&mut stage);
    stage.harness().key_press_modifiers(Modifiers::COMMAND, Key::A);
    stage.harness().event(egui::Event::Text("142.5".into()));
    stage.harness().key_press(Key::Enter);
    settle(&mut stage);
    let Some(Action::Set(settings)) = stage.shown().actions.last().cloned() else {
        panic!("{:?}", stage.shown().actions);
    };
    let expected = Settings { recording_latency_ms: 142.5, ..stage.shown().view.settings.clone() };
    assert_eq!(settings, expected, "nothing else changes");
}

#[test]
fn the_settings_fit_their_column_in_every_language() {
    use colla_parte::editor::Language::{English, French, German, Japanese, Spanish};
    for language in [English, German, French, Spanish, Japanese] {
        let mut view = scenes::following();
        view.company = Some(Company::default());
        view.settings.recording_latency_ms = 142.5;
        let mut stage = stage(view);
        stage.shown().state.preferences.language = language;
        stage.shown().state.settings_open = true;
        settle(&mut stage);
        let width = stage.harness().ctx.content_rect().width();
        let fields = stage.harness().get_all_by_role(Role::SpinButton).map(|field| field.rect());
        let fields: Vec<_> = fields.filter(|field| field.left() > width / 2.0).collect();
        assert!(fields.len() > 8, "{} values", fields.len());
        for field in fields {
            // The panel's own margin is 12.
            assert!(field.right() <= width - 11.0, "{language:?}: {field:?} of {width}");
        }
    }
}

/// The inspector's times, of a measure that nobody played cleanly, are those that files have.
#[test]
fn times_on_the_hosts_timeline_lie_earlier_by_the_recording_latency() {
    let times = |recording_latency_ms: f32| -> Vec<f64> {
        let mut view = scenes::following();
        view.settings.recording_latency_ms = recording_latency_ms;
        let faulty = scenes::never_clean(&view).expect("a measure with faults");
        let mut stage = stage(view);
        stage.shown().state.inspected = Some(faulty);
        settle(&mut stage);
        let seconds = |text: String| {
            let (minutes, seconds) = text.split_once(':')?;
            Some(60.0 * minutes.parse::<f64>().ok()? + seconds.parse::<f64>().ok()?)
        };
        let labels = stage.harness().get_all_by_role(Role::Label);
        labels.filter_map(|label| label.value().and_then(seconds)).collect()
    };
    let (told, written) = (times(0.0), times(800.0));
    assert!(!told.is_empty() && told.len() == written.len(), "{told:?}, {written:?}");
    assert!(
        told.iter().zip(&written).all(|(told, written)| (told - written - 0.8).abs() < 0.051),
        "{told:?}, {written:?}"
    );
}

/// The names of all buttons that have these words in them.
fn buttons(stage: &mut Stage, words: &str) -> Vec<String> {
    let all = stage.harness().get_all_by_role(Role::Button);
    all.filter_map(|button| button.accesskit_node().label()).filter(|label| label.contains(words)).collect()
}

#[test]
fn doubts_count_nowhere() {
    let without = &mut stage(scenes::following());
    let with = &mut stage(scenes::with_doubts(scenes::following()));
    let todo = buttons(without, "best is take");
    assert!(!todo.is_empty());
    assert_eq!(todo, buttons(with, "best is take"));
    let takes = buttons(without, ": measures ");
    let doubted = buttons(with, ": measures ");
    assert!(doubted.iter().filter(|label| label.contains(" doubt")).count() > 2, "{doubted:?}");
    let counted = doubted.iter().map(|label| label.lines().next().unwrap_or_default().to_owned());
    assert_eq!(takes, counted.collect::<Vec<_>>());
    // Nor in the choice of another take.
    let offered = |view: View| {
        let mut stage = stage(view);
        let piece = stage.shown().view.plan.segments[0].clone();
        let label = format!("from take {}", piece.take);
        stage.harness().get_all_by_label_contains(&label).next().unwrap().click();
        settle(&mut stage);
        [buttons(&mut stage, ": clean"), buttons(&mut stage, " fault")].concat()
    };
    let (known, found) = (offered(scenes::edit_plan()), offered(scenes::with_doubts(scenes::edit_plan())));
    assert!(!known.is_empty());
    let first_lines = |labels: Vec<String>| -> Vec<String> {
        labels.iter().map(|label| label.lines().next().unwrap_or_default().to_owned()).collect()
    };
    assert_eq!(known, first_lines(found));
}

#[test]
fn doubts_are_listed_after_the_faults_of_a_measure_with_how_likely_they_are() {
    let lines = |view: View| -> Vec<String> {
        let step = scenes::never_clean(&view);
        let mut stage = stage(view);
        stage.shown().state.inspected = step;
        settle(&mut stage);
        let labels = stage.harness().get_all_by_role(Role::Label);
        let above_the_buttons = labels.filter(|label| label.rect().bottom() < 750.0);
        let mut labels: Vec<(f32, String)> =
            above_the_buttons.filter_map(|label| Some((label.rect().top(), label.value()?))).collect();
        labels.sort_by(|a, b| a.0.total_cmp(&b.0));
        let lines = labels.into_iter().map(|(_, text)| text).skip_while(|text| !text.starts_with("best: "));
        let is_time = |text: &String| text.starts_with(|c: char| c.is_ascii_digit());
        lines.filter(|text| !is_time(text)).collect()
    };
    let (faults, all) = (lines(scenes::following()), lines(scenes::with_doubts(scenes::following())));
    assert!(faults.len() > 1 && all.len() == faults.len() + 2, "{faults:?}, {all:?}");
    assert_eq!(all[..faults.len()], faults, "the same take is best, and its faults come first");
    let with_percent = |text: &String| {
        let (_, percent) = text.split_once("? ")?;
        percent.strip_suffix(" %")?.parse::<u8>().ok()
    };
    let percents: Vec<u8> = all[faults.len()..].iter().filter_map(with_percent).collect();
    assert!(percents.len() == 2 && percents.iter().all(|percent| (35..50).contains(percent)), "{all:?}");
}

#[test]
fn a_doubt_is_told_where_the_take_map_has_its_mark() {
    let mut stage = stage(scenes::doubts());
    let map = stage.harness().get_by_label("Take map").rect();
    let view = &stage.shown().view;
    let (newest, steps) = (view.takes.last().unwrap(), view.score().unwrap().path.steps.len());
    let doubt = newest.doubts().next().unwrap().step;
    let number = newest.number;
    let clean = newest.faults().all(|fault| fault.step != doubt);
    let count = newest.doubts().filter(|other| other.step == doubt).count();
    // Left of the columns are the takes' numbers, above them the measures'.
    let column = ((map.width() - 74.0) / steps as f32).clamp(4.0, 26.0);
    stage.harness().hover_at(map.left_top() + vec2(64.0 + column * (doubt as f32 + 0.5), 25.0));
    stage.harness().run_steps(20);
    let tooltips = stage.harness().get_all_by_role(Role::Label).filter_map(|label| label.value());
    let told = tooltips.into_iter().find(|text| text.contains(" doubt")).expect("a tooltip");
    let what = if clean { "clean" } else { "fault" };
    assert!(told.starts_with(&format!("take {number}, measure ")) && told.contains(what), "{told}");
    assert!(told.contains(&format!("\n{count} doubt")), "{told}");
}

/// With the view unchanged, the editor asks for no further frame: `run` fails if it goes on asking.
#[test]
fn it_rests_when_there_is_no_news() {
    for scene in scenes::all() {
        let name = scene.name;
        let mut stage = scene.stage();
        stage.harness().run();
        let steps = stage.harness().run();
        assert!(steps <= 1, "{name}: {steps} frames with nothing new");
    }
}
