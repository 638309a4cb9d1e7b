//! Results to bytes.

mod beams;
mod book;
mod edit_list;
mod markers;
mod midi;
mod note_values;
mod score_midi;
mod score_musicxml;
mod session_json;
mod smf;
mod sound;
mod take_sheet;
mod tempo_map;

pub use book::SessionView;
pub use edit_list::{write_edl, write_reaper_project};
pub use markers::{MarkerFormat, write_markers};
pub use midi::{MidiStyle, MidiWriteError, write_midi};
pub use score_midi::{ScoreMidiError, write_notated_midi, write_score_midi};
pub use score_musicxml::write_score_musicxml;
pub use session_json::write_session_json;
pub use sound::{click_track, rendition, write_wave};
pub use take_sheet::{write_coverage_csv, write_take_sheet};
pub use tempo_map::{MapDensity, TempoMap};
