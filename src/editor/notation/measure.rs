//! One measure of the path: its columns, and what stands in them.

use super::chord::{Chord, GRACE, Head, Rest, STEM, staff_y};
use super::spelling::{Spelled, spell};
use super::{Clef, HEAD, MeasureBox, STAFF, beams_of, glyph};
use crate::score::{Ornament, PathNote, PathStep, Score};
use crate::units::Beats;
use std::collections::{HashMap, HashSet};

/// One staff of the score.
#[derive(Clone, Copy, Debug)]
pub struct StaveKind {
    part: u16,
    staff: u8,
    /// The clef that fits most of its notes.
    pub clef: Clef,
    /// It belongs to the same part as the staff above.
    pub joined: bool,
}

/// The bar that joins stems.
#[derive(Clone, Copy, Debug)]
pub struct Beam {
    /// Index of the staff.
    pub stave: usize,
    /// Its ends, at the middle of its thickness.
    pub from: (f32, f32),
    /// See above.
    pub to: (f32, f32),
}

/// The staves of a score from top to bottom, with the clef that fits most notes of each. Those of a part that is not
/// followed are left out: the path does not know its notes, and rests in their place would be a lie.
pub fn staves(score: &Score) -> Vec<StaveKind> {
    let mut sums: HashMap<(u16, u8), (u64, u64)> = HashMap::new();
    for note in &score.path.notes {
        let sum = sums.entry((note.part, note.staff)).or_default();
        sum.0 += u64::from(note.pitch.0);
        sum.1 += 1;
    }
    let mut keys: Vec<(u16, u8)> = sums.keys().copied().collect();
    let followed: HashSet<u16> = keys.iter().map(|key| key.0).collect();
    let has_notes = |part: usize| followed.contains(&(part as u16)) || followed.is_empty();
    for (part, name) in score.parts.iter().enumerate().filter(|(part, _)| has_notes(*part)) {
        keys.extend((1..=name.staves.clamp(1, 8)).map(|staff| (part as u16, staff)));
    }
    keys.sort_unstable();
    keys.dedup();
    // More staves than any orchestra's have no place on a screen.
    keys.truncate(64);
    let clef = |key: &(u16, u8)| {
        let viola =
            score.parts.get(key.0 as usize).is_some_and(|part| part.name.to_lowercase().contains("viola"));
        match sums.get(key).map(|(sum, count)| sum / count) {
            Some(_) if viola => Clef::Alto,
            // The lower staff of a keyboard part is read in the bass even where the hand lies high.
            Some(mean) if mean < if key.1 > 1 { 63 } else { 57 } => Clef::Bass,
            None if key.1 > 1 => Clef::Bass,
            _ => Clef::Treble,
        }
    };
    let mut staves: Vec<StaveKind> = Vec::with_capacity(keys.len());
    for key in keys {
        let joined = staves.last().is_some_and(|above| above.part == key.0);
        staves.push(StaveKind { part: key.0, staff: key.1, clef: clef(&key), joined });
    }
    staves
}

/// A measure before it has its place in a system.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    start: f64,
    length: f64,
    meter: (u16, u16),
    /// The meter differs from the measure before.
    meter_changes: bool,
    /// Start of each column within the measure, in beats.
    columns: Vec<f64>,
    /// x of each column from the left measure line, at natural width and without a meter.
    xs: Vec<f32>,
    chords: Vec<Chord>,
    rests: Vec<Rest>,
    /// Chords under one beam, by index.
    groups: Vec<Vec<usize>>,
    /// For each staff with notes: how far they reach above and below, from its top line.
    pub extents: Vec<(usize, f32, f32)>,
}

/// Room for a meter.
const METER: f32 = 3.0;
/// Room after the left measure line.
const LEAD: f32 = 1.3;

/// All measures of the path.
pub fn drafts(score: &Score, staves: &[StaveKind]) -> Vec<Draft> {
    let path = &score.path;
    let spelled = spell(path.notes.iter().map(|note| note.pitch));
    let of_staff: HashMap<(u16, u8), usize> =
        staves.iter().enumerate().map(|(index, stave)| ((stave.part, stave.staff), index)).collect();
    let mut pieces: Vec<Vec<Piece>> = vec![Vec::new(); path.steps.len()];
    for (index, note) in path.notes.iter().enumerate() {
        let Some(stave) = of_staff.get(&(note.part, note.staff)) else { continue };
        let voice = score.notes.get(note.id.0 as usize).map_or(1, |printed| printed.voice);
        let unpitched = score.notes.get(note.id.0 as usize).is_some_and(|printed| printed.unpitched);
        let base = Piece { note: index, stave: *stave, voice, unpitched, ..Piece::default() };
        split(note, &path.steps, base, &mut pieces);
    }
    let mut meter = (0, 0);
    path.steps
        .iter()
        .zip(pieces)
        .map(|(step, pieces)| {
            let draft = draft(step, &pieces, path.notes.as_slice(), &spelled, staves, step.meter != meter);
            meter = step.meter;
            draft
        })
        .collect()
}

/// The part of a note that falls in one measure.
#[derive(Clone, Copy, Debug, Default)]
struct Piece {
    note: usize,
    stave: usize,
    voice: u8,
    unpitched: bool,
    at: Beats,
    duration: Beats,
    tied: bool,
}

/// Cuts a note at the measure lines that it sounds across.
fn split(note: &PathNote, steps: &[PathStep], base: Piece, pieces: &mut [Vec<Piece>]) {
    let mut at = note.onset;
    let end = note.onset + note.duration;
    for index in note.step as usize..steps.len() {
        let step = &steps[index];
        let step_end = step.start + step.length;
        let until = if end < step_end { end } else { step_end };
        let tied = index != note.step as usize;
        pieces[index].push(Piece { at: at - step.start, duration: until - at, tied, ..base });
        at = step_end;
        if at >= end {
            break;
        }
    }
}

fn draft(
    step: &PathStep,
    pieces: &[Piece],
    notes: &[PathNote],
    spelled: &[Spelled],
    staves: &[StaveKind],
    meter_changes: bool,
) -> Draft {
    let mut draft = Draft {
        start: step.start.to_f64(),
        length: step.length.to_f64(),
        meter: step.meter,
        meter_changes,
        ..Draft::default()
    };
    chords(&mut draft, pieces, notes, spelled, staves);
    rests(&mut draft, pieces, staves.len());
    columns(&mut draft);
    beam_groups(&mut draft);
    for chord in &draft.chords {
        let (top, bottom) = chord.extent();
        draft.extents.push((chord.stave, top, bottom));
    }
    draft
}

fn chords(
    draft: &mut Draft,
    pieces: &[Piece],
    notes: &[PathNote],
    spelled: &[Spelled],
    staves: &[StaveKind],
) {
    // Notes share a stem if staff, voice, start and length are the same.
    let mut sorted: Vec<&Piece> = pieces.iter().collect();
    let key = |piece: &Piece| (piece.stave, piece.at, piece.voice, !notes[piece.note].grace, piece.duration);
    sorted.sort_by(|a, b| key(a).cmp(&key(b)).then(a.note.cmp(&b.note)));
    let mut voices: Vec<Vec<u8>> = vec![Vec::new(); staves.len()];
    for piece in &sorted {
        if !voices[piece.stave].contains(&piece.voice) {
            voices[piece.stave].push(piece.voice);
        }
    }
    // Accidentals hold within the measure, on their line.
    let mut altered: HashMap<(usize, i32), i32> = HashMap::new();
    let mut open: Option<(usize, Beats, u8, bool, Beats)> = None;
    for piece in sorted {
        let note = &notes[piece.note];
        let spelled = spelled[piece.note];
        let state = altered.entry((piece.stave, spelled.diatonic)).or_default();
        let changes = *state != spelled.alteration && !piece.tied && !piece.unpitched;
        if !piece.tied {
            *state = spelled.alteration;
        }
        let accidental = changes.then(|| glyph::ACCIDENTALS[(spelled.alteration + 2).clamp(0, 4) as usize]);
        let y = staff_y(staves[piece.stave].clef, spelled);
        let glyph = if piece.unpitched { glyph::X_HEAD } else { glyph::BLACK };
        let head = Head { note: piece.note, x: 0.0, y, glyph, accidental, tied: piece.tied };
        let above = match (note.fermata, note.ornament) {
            (true, _) => Some(glyph::FERMATA),
            (_, Ornament::Trill) if !piece.tied => Some(glyph::TRILL),
            _ => None,
        };
        // Grace notes come one after another.
        let same = open == Some(key(piece)) && !note.grace;
        match draft.chords.last_mut() {
            Some(chord) if same => {
                chord.heads.push(head);
                chord.above = chord.above.or(above);
            }
            _ => draft.chords.push(Chord {
                stave: piece.stave,
                heads: vec![head],
                stem: None,
                flag: None,
                dotted: false,
                grace: note.grace,
                up: true,
                above,
                at: piece.at.to_f64(),
                column: 0,
                duration: piece.duration,
                voice: piece.voice,
            }),
        }
        open = Some(key(piece));
    }
    for chord in &mut draft.chords {
        let voices = &mut voices[chord.stave];
        voices.sort_unstable();
        let up = (voices.len() > 1 && !chord.grace).then(|| voices.first() == Some(&chord.voice));
        chord.finish(up);
    }
}

/// Rests where nothing sounds on a staff.
fn rests(draft: &mut Draft, pieces: &[Piece], staves: usize) {
    for stave in 0..staves {
        let mut free = 0.0f64;
        let mut any = false;
        let mut here: Vec<&Piece> = pieces.iter().filter(|piece| piece.stave == stave).collect();
        here.sort_by_key(|piece| piece.at);
        let ends = here.iter().map(|piece| (piece.at.to_f64(), (piece.at + piece.duration).to_f64()));
        let mut gaps = Vec::new();
        for (from, to) in ends.filter(|(from, to)| to > from) {
            any = true;
            if from > free + 1e-6 {
                gaps.push((free, from));
            }
            free = free.max(to);
        }
        if !any {
            let glyph = char::from_u32(glyph::REST).unwrap_or(' ');
            draft.rests.push(Rest { stave, x: 0.0, y: 1.0, glyph, column: None });
            continue;
        }
        if draft.length > free + 1e-6 {
            gaps.push((free, draft.length));
        }
        for (from, to) in gaps {
            fill(draft, stave, from, to);
        }
    }
}

/// Fills a gap with rests, each on a multiple of its own length.
fn fill(draft: &mut Draft, stave: usize, from: f64, to: f64) {
    let mut at = from;
    while to - at > 1.0 / 16.0 {
        let fits = |level: &u32| {
            let length = 4.0 / f64::from(1 << level);
            length <= to - at + 1e-6 && (at / length - (at / length).round()).abs() < 1e-3
        };
        // What fits no grid (tuplets) is passed over with the longest rest that does not reach too far.
        let level = (0..=5)
            .find(fits)
            .or_else(|| (0..=5).find(|level| 4.0 / f64::from(1 << level) <= to - at + 1e-6));
        let Some(level) = level else { break };
        let glyph = char::from_u32(glyph::REST + level).unwrap_or(' ');
        let y = if level == 0 { 1.0 } else { 2.0 };
        let column = draft.columns.len();
        draft.columns.push(at);
        draft.rests.push(Rest { stave, x: 0.0, y, glyph, column: Some(column) });
        at += 4.0 / f64::from(1 << level);
    }
}

/// Natural width of a column that lasts `beats`.
fn column_width(beats: f64) -> f32 {
    (3.5 * (beats / 0.5).powf(0.55) as f32).clamp(1.9, 14.0)
}

/// Gives chords and rests their columns, and the columns their places.
fn columns(draft: &mut Draft) {
    let rest_columns: Vec<f64> = std::mem::take(&mut draft.columns);
    let mut columns: Vec<f64> =
        draft.chords.iter().map(|chord| chord.at).chain(rest_columns.iter().copied()).collect();
    columns.push(0.0);
    columns.sort_by(f64::total_cmp);
    columns.dedup_by(|a, b| (*a - *b).abs() < 1e-6);
    let column_of = |at: f64| columns.partition_point(|column| *column < at - 1e-6).min(columns.len() - 1);
    for chord in &mut draft.chords {
        chord.column = column_of(chord.at);
    }
    for rest in &mut draft.rests {
        rest.column = rest.column.map(|index| column_of(rest_columns[index]));
    }
    // Room before a column for accidentals and grace notes.
    let mut before = vec![0.0f32; columns.len()];
    let mut graces: HashMap<(usize, usize), f32> = HashMap::new();
    for chord in &draft.chords {
        let accidental = chord.heads.iter().any(|head| head.accidental.is_some());
        let aside = chord.heads.iter().any(|head| head.x < 0.0);
        let own = f32::from(u8::from(accidental)) * 1.0 + f32::from(u8::from(aside)) * HEAD;
        if chord.grace {
            let room = graces.entry((chord.stave, chord.column)).or_default();
            *room += GRACE * (HEAD + 0.9) + own * GRACE;
            before[chord.column] = before[chord.column].max(*room + 0.4);
        } else {
            before[chord.column] = before[chord.column].max(own);
        }
    }
    let mut x = LEAD;
    for (index, at) in columns.iter().enumerate() {
        x += before[index];
        draft.xs.push(x);
        let next = columns.get(index + 1).copied().unwrap_or(draft.length.max(*at + 0.25));
        x += column_width(next - at);
    }
    draft.xs.push(x.max(6.0));
    draft.columns = columns;
}

/// Chords that are beamed: flagged, of one voice, within one beat, without a gap.
fn beam_groups(draft: &mut Draft) {
    let beat = match draft.meter {
        (upper, 8 | 16) if upper % 3 == 0 => 12.0 / f64::from(draft.meter.1),
        (_, lower) => (4.0 / f64::from(lower.max(1))).max(0.5),
    };
    let mut open: Vec<usize> = Vec::new();
    let mut groups = Vec::new();
    for index in 0..draft.chords.len() {
        if draft.chords[index].grace {
            continue;
        }
        let flagged = beams_of(draft.chords[index].duration) > 0;
        let follows = open.last().is_some_and(|last| {
            let (last, chord) = (&draft.chords[*last], &draft.chords[index]);
            let end = last.at + last.duration.to_f64();
            last.stave == chord.stave
                && last.voice == chord.voice
                && (chord.at - end).abs() < 1e-6
                && (chord.at / beat + 1e-6).floor() == (last.at / beat + 1e-6).floor()
        });
        if !(flagged && follows) {
            groups.extend((open.len() > 1).then(|| open.clone()));
            open.clear();
        }
        if flagged {
            open.push(index);
        }
    }
    groups.extend((open.len() > 1).then_some(open));
    for group in &groups {
        // One direction for all: where most of their heads lie, unless voices decide.
        let mixed = group.iter().any(|index| draft.chords[*index].up != draft.chords[group[0]].up);
        if mixed {
            let sum: f32 = group
                .iter()
                .map(|index| draft.chords[*index].outer())
                .map(|(top, bottom)| top + bottom)
                .sum();
            let up = sum / (2.0 * group.len() as f32) > 2.0;
            for index in group {
                draft.chords[*index].finish(Some(up));
            }
        }
    }
    draft.groups = groups;
}

impl Draft {
    /// Natural width.
    pub fn width(&self) -> f32 {
        self.xs.last().copied().unwrap_or(6.0) + self.lead()
    }

    fn lead(&self) -> f32 {
        if self.meter_changes { METER } else { 0.0 }
    }

    /// The measure at its place: columns stretched, stems and beams set.
    pub fn placed(&self, step: usize, left: f32, stretch: f32) -> MeasureBox {
        let lead = self.lead();
        let width = self.width() * stretch;
        let natural = self.xs.last().copied().unwrap_or(6.0) - LEAD;
        let scale = if natural > 0.0 { (width - lead - LEAD) / natural } else { 1.0 };
        let at = |x: f32| left + lead + LEAD + (x - LEAD) * scale;
        let x_of = |column: usize| self.xs.get(column).map_or(left + lead, |x| at(*x));

        let mut chords = self.chords.clone();
        let mut graces: HashMap<(usize, usize), f32> = HashMap::new();
        for chord in chords.iter_mut().rev() {
            let mut x = x_of(chord.column);
            if chord.grace {
                // From the main note leftward.
                let room = graces.entry((chord.stave, chord.column)).or_insert(0.4);
                *room += GRACE * (HEAD + 0.9);
                x -= *room;
            }
            for head in &mut chord.heads {
                head.x += x;
            }
            if let Some(stem) = &mut chord.stem {
                stem.0 += x;
            }
        }
        let mut beams = Vec::new();
        for group in &self.groups {
            beam(&mut chords, group, &mut beams);
        }
        let mut rests = self.rests.clone();
        for rest in &mut rests {
            rest.x = match rest.column {
                Some(column) => x_of(column),
                None => left + lead + (width - lead) / 2.0 - HEAD / 2.0,
            };
        }
        let mut anchors: Vec<(f64, f32)> = self
            .columns
            .iter()
            .zip(&self.xs)
            .map(|(beat, x)| (self.start + beat, at(*x) + HEAD / 2.0))
            .collect();
        anchors.push((self.start + self.length, left + width));
        let meter = self.meter_changes.then_some(self.meter);
        MeasureBox { step, left, right: left + width, anchors, meter, chords, rests, beams }
    }
}

/// Sets the stems of a group to one slanting line, and draws its beams.
fn beam(chords: &mut [Chord], group: &[usize], beams: &mut Vec<Beam>) {
    let up = chords[group[0]].up;
    let stave = chords[group[0]].stave;
    let tips: Vec<(f32, f32)> = group
        .iter()
        .filter_map(|index| {
            let chord = &chords[*index];
            let (top, bottom) = chord.outer();
            let tip = if up { top - STEM + 0.5 } else { bottom + STEM - 0.5 };
            chord.stem.map(|(x, ..)| (x, tip))
        })
        .collect();
    let (Some(first), Some(last)) = (tips.first().copied(), tips.last().copied()) else { return };
    if tips.len() != group.len() || last.0 - first.0 < 0.1 {
        return;
    }
    let slope = ((last.1 - first.1) / (last.0 - first.0)).clamp(-0.18, 0.18);
    let line = |x: f32| first.1 + slope * (x - first.0);
    // Moved so far that no stem is too short, and to the middle line at least.
    let shift =
        tips.iter().map(|(x, tip)| if up { tip - line(*x) } else { line(*x) - tip }).fold(f32::MAX, f32::min);
    let mut offset = if up { shift.min(0.0) } else { -shift.min(0.0) };
    for end in [line(first.0) + offset, line(last.0) + offset] {
        offset += if up { (2.0 - end).min(0.0) } else { (STAFF - 2.0 - end).max(0.0) };
    }
    let edge = |x: f32| line(x) + offset;
    for (index, (x, _)) in group.iter().zip(&tips) {
        let chord = &mut chords[*index];
        chord.flag = None;
        if let Some(stem) = &mut chord.stem {
            stem.2 = edge(*x);
        }
    }
    let levels: Vec<usize> = group.iter().map(|index| beams_of(chords[*index].duration)).collect();
    let inward = if up { 0.75 } else { -0.75 };
    for level in 0..levels.iter().copied().max().unwrap_or(0) {
        let y = |x: f32| edge(x) + inward * level as f32 + inward.signum() * 0.25;
        let mut from = 0;
        while from < levels.len() {
            if levels[from] <= level {
                from += 1;
                continue;
            }
            let run = levels[from..].iter().take_while(|count| **count > level).count();
            let to = from + run - 1;
            let (mut x0, mut x1) = (tips[from].0, tips[to].0);
            if run == 1 {
                // A short stub towards its neighbour.
                if from > 0 { x0 -= 1.1 } else { x1 += 1.1 }
            }
            beams.push(Beam { stave, from: (x0, y(x0)), to: (x1, y(x1)) });
            from = to + 1;
        }
    }
}
