//! General MIDI sound sets, played by a SoundFont synthesizer.

use crate::music::Player;
use crate::performance::Performance;
use anyhow::{Context, Result};
use fastrand::Rng;
use rustysynth::{SoundFont, Synthesizer, SynthesizerSettings};
use std::path::Path;
use std::sync::Arc;

/// A program: number, weight, lowest and highest pitch, monophonic, pedal.
type Row = (u8, u32, u8, u8, bool, bool);

/// Programs used. Effects, tremolos, pads and sounds that do not have one pitch are left out.
const PROGRAMS: &[Row] = &[
    (0, 12, 21, 108, false, true),
    (1, 8, 21, 108, false, true),
    (2, 4, 21, 108, false, true),
    (3, 3, 21, 108, false, true),
    (4, 3, 28, 103, false, true),
    (5, 2, 28, 103, false, true),
    (6, 3, 29, 89, false, false),
    (7, 1, 36, 96, false, false),
    (8, 1, 60, 108, false, false),
    (11, 2, 53, 89, false, true),
    (12, 2, 45, 96, false, false),
    (13, 1, 60, 100, false, false),
    (16, 1, 36, 96, false, false),
    (18, 1, 36, 96, false, false),
    (19, 3, 28, 100, false, false),
    (20, 1, 36, 90, false, false),
    (21, 2, 41, 93, false, false),
    (22, 1, 50, 90, true, false),
    (24, 4, 40, 88, false, false),
    (25, 3, 40, 88, false, false),
    (26, 2, 40, 88, false, false),
    (27, 2, 40, 88, false, false),
    (29, 1, 40, 84, false, false),
    (32, 2, 28, 62, true, false),
    (33, 1, 28, 62, true, false),
    (35, 1, 28, 62, true, false),
    (40, 8, 55, 100, true, false),
    (41, 5, 48, 90, true, false),
    (42, 7, 36, 79, true, false),
    (43, 3, 28, 60, true, false),
    (45, 2, 36, 91, false, false),
    (46, 3, 24, 103, false, false),
    (48, 3, 28, 96, false, false),
    (49, 2, 28, 96, false, false),
    (52, 3, 40, 84, false, false),
    (53, 3, 40, 84, true, false),
    (56, 3, 52, 86, true, false),
    (57, 3, 34, 74, true, false),
    (58, 2, 26, 60, true, false),
    (59, 1, 54, 84, true, false),
    (60, 3, 34, 77, true, false),
    (61, 1, 36, 86, false, false),
    (64, 2, 56, 88, true, false),
    (65, 2, 49, 81, true, false),
    (66, 2, 44, 76, true, false),
    (67, 1, 36, 69, true, false),
    (68, 4, 58, 91, true, false),
    (69, 2, 52, 81, true, false),
    (70, 4, 34, 75, true, false),
    (71, 5, 50, 93, true, false),
    (72, 1, 74, 102, true, false),
    (73, 6, 60, 98, true, false),
    (74, 2, 60, 96, true, false),
    (75, 1, 60, 96, true, false),
    (80, 1, 36, 96, true, false),
    (81, 1, 36, 96, true, false),
    (104, 1, 45, 84, false, false),
    (105, 1, 48, 86, false, false),
    (107, 1, 40, 90, false, false),
];

/// A loaded sound set.
pub struct SoundSet {
    font: Arc<SoundFont>,
    /// For the log.
    pub name: String,
    /// The programs it has, by number.
    present: Vec<u8>,
}

/// A program of a sound set.
#[derive(Clone, Copy)]
pub struct Program {
    number: u8,
    /// What its player may do.
    pub player: Player,
}

impl std::fmt::Display for Program {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.number.fmt(f)
    }
}

impl SoundSet {
    /// Reads an `.sf2` file.
    pub fn read(path: &Path) -> Result<SoundSet> {
        let mut file = std::fs::File::open(path).with_context(|| format!("opening {}", path.display()))?;
        let font = SoundFont::new(&mut file).with_context(|| format!("reading {}", path.display()))?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let melodic = font.get_presets().iter().filter(|preset| preset.get_bank_number() == 0);
        let present = melodic.filter_map(|preset| u8::try_from(preset.get_patch_number()).ok()).collect();
        Ok(SoundSet { font: Arc::new(font), name, present })
    }

    /// The notes of `performance` as `program` plays them, `samples` long at `rate_hz`; keys are struck
    /// `shift_keys` lower than written.
    pub fn render(
        &self,
        program: Program,
        performance: &Performance,
        shift_keys: i32,
        rate_hz: i32,
        samples: usize,
    ) -> Result<Vec<f32>> {
        let mut settings = SynthesizerSettings::new(rate_hz);
        settings.enable_reverb_and_chorus = false;
        settings.maximum_polyphony = 128;
        let mut synthesizer = Synthesizer::new(&self.font, &settings).context("starting the synthesizer")?;
        synthesizer.process_midi_message(0, 0xC0, i32::from(program.number), 0);
        let mut messages: Vec<(f64, [i32; 3])> = Vec::new();
        for key in &performance.keys {
            let struck = (i32::from(key.pitch) - shift_keys).clamp(0, 127);
            messages.push((key.on_s, [0x90, struck, i32::from(key.velocity)]));
            messages.push((key.off_s, [0x80, struck, 0]));
        }
        for &(down, up) in &performance.pedals {
            messages.push((down, [0xB0, 64, 127]));
            messages.push((up, [0xB0, 64, 0]));
        }
        messages.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (mut left, mut right) = (vec![0.0; samples], vec![0.0; samples]);
        let mut at = 0;
        for (time_s, [command, first, second]) in messages {
            let next = ((time_s * f64::from(rate_hz)) as usize).clamp(at, samples);
            synthesizer.render(&mut left[at..next], &mut right[at..next]);
            at = next;
            synthesizer.process_midi_message(0, command, first, second);
        }
        synthesizer.render(&mut left[at..], &mut right[at..]);
        for (l, r) in left.iter_mut().zip(&right) {
            *l = 0.5 * (*l + r);
        }
        Ok(left)
    }
}

/// A piano, more often grand than not.
pub fn piano<'a>(rng: &mut Rng, sets: &'a [SoundSet]) -> Option<(&'a SoundSet, Program)> {
    let able: Vec<&SoundSet> = sets.iter().filter(|set| set.present.iter().any(|&n| is_piano(n))).collect();
    let set = *able.get(rng.usize(..able.len().max(1)))?;
    chosen(rng, &[set], is_piano)
}

/// A bowed string instrument, alone or in section.
pub fn bowed<'a>(rng: &mut Rng, sets: &'a [SoundSet]) -> Option<(&'a SoundSet, Program)> {
    chosen(rng, &all(sets), |number| (40..=43).contains(&number) || number == 48)
}

/// Any program.
pub fn any<'a>(rng: &mut Rng, sets: &'a [SoundSet]) -> Option<(&'a SoundSet, Program)> {
    chosen(rng, &all(sets), |_| true)
}

/// A program of an instrument that plays one note at a time.
pub fn melodic<'a>(rng: &mut Rng, sets: &'a [SoundSet]) -> Option<(&'a SoundSet, Program)> {
    chosen(rng, &all(sets), |number| (40..=43).contains(&number) || (53..=75).contains(&number))
}

fn is_piano(number: u8) -> bool {
    number < 4
}

fn all(sets: &[SoundSet]) -> Vec<&SoundSet> {
    sets.iter().collect()
}

/// What a program of a set that holds nothing else counts: an instrument somebody recorded for its own sake, where
/// those of whole banks are short and looped.
const RECORDED: u32 = 3;

/// One of the programs that fit and that some set has, by their weights; nothing if there is none.
fn chosen<'a>(
    rng: &mut Rng,
    sets: &[&'a SoundSet],
    fits: impl Fn(u8) -> bool,
) -> Option<(&'a SoundSet, Program)> {
    let candidates = sets.iter().flat_map(|&set| {
        PROGRAMS.iter().filter(|row| fits(row.0) && set.present.contains(&row.0)).map(move |row| (set, row))
    });
    let candidates: Vec<_> = candidates.collect();
    let weighed = |set: &SoundSet, &(number, weight, ..): &Row| match set.present[..] {
        [_] if !is_piano(number) => RECORDED * weight,
        _ => weight,
    };
    let total: u32 = candidates.iter().map(|&(set, row)| weighed(set, row)).sum();
    let mut left = rng.u32(0..total.max(1));
    for (set, row) in candidates {
        let weight = weighed(set, row);
        let &(number, _, lowest, highest, monophonic, pedal) = row;
        if left < weight {
            return Some((set, Program { number, player: Player { lowest, highest, monophonic, pedal } }));
        }
        left -= weight;
    }
    None
}
