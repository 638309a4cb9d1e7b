//! Measures that are divided: by a repeat bar inside, or by a Fine or D.C. after which the next upbeat follows.
//!
//! Playing leaves and enters measures only at their ends, so that such a `<measure>` element is read as two measures
//! with one printed number.

use super::barline;
use super::part::{PartContent, PartReader};
use super::xml::{child, child_text};
use crate::score::Flow;
use crate::units::Beats;
use roxmltree::Node;
use std::collections::BTreeSet;

/// A measure: all of a `<measure>` element, or the part of it from one repeat bar to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Piece {
    /// Which element of its part it is in.
    pub element: u32,
    /// Where in that it begins.
    pub from: Beats,
}

impl PartReader<'_> {
    pub(super) fn begin_piece(&mut self, element: u32, from: Beats) {
        self.content.pieces.push(Piece { element, from });
        self.content.flows.push(Flow::default());
        self.content.rehearsals.push(None);
        self.content.meters.push(self.meter);
        // The length follows when the measure has been read.
        self.content.lengths.push(Beats::ZERO);
    }

    /// The signs of the piece of this measure that `onset` is in or begins.
    pub(super) fn flow_from(&mut self, onset: Beats) -> &mut Flow {
        let piece = self.cuts.partition_point(|cut| *cut <= onset);
        &mut self.content.flows[self.measure as usize + piece]
    }

    /// The signs of the piece of this measure that `onset` is in or ends.
    pub(super) fn flow_until(&mut self, onset: Beats) -> &mut Flow {
        let piece = self.cuts.partition_point(|cut| *cut < onset);
        &mut self.content.flows[self.measure as usize + piece]
    }

    /// A segno drawn at the very end of a measure stands where the next one begins; beside a jump it only says what to
    /// look for. (A coda there may as well be the way out.)
    pub(super) fn carry_late_segno(&mut self, length: Beats) {
        let at_end = self.late_segno.take().is_some_and(|at| length > Beats::ZERO && at >= length);
        if let Some(last) = self.content.flows.last_mut().filter(|last| at_end && last.jump.is_none()) {
            self.carried_segno = last.segno.take();
        }
    }

    /// Puts a segno from the end of the measure before to the start of this one.
    pub(super) fn place_carried_segno(&mut self) {
        if let (Some(label), Some(flow)) = (self.carried_segno.take(), self.content.flows.last_mut()) {
            flow.segno.get_or_insert(label);
        }
    }

    pub(super) fn barline(&mut self, node: Node, element: u32) {
        let at = self.cursor.at();
        let divides = node.attribute("location") == Some("middle") && at > Beats::ZERO && {
            let leaves_here = self.leaving.contains(&at) && !child_text(node, "bar-style").is_empty();
            leaves_here || child(node, "repeat").is_some() || child(node, "ending").is_some()
        };
        if divides && self.cuts.last().is_none_or(|last| *last < at) {
            self.cuts.push(at);
            self.begin_piece(element, at);
        }
        let (first, last) = (self.measure as usize, self.content.flows.len() - 1);
        let (before, after) = match node.attribute("location") {
            Some("left") => (first.checked_sub(1), first),
            Some("middle") if self.cuts.last() == Some(&at) => (Some(last - 1), last),
            _ => (Some(last), last),
        };
        self.voltas.read(node, before, after, &mut self.content.flows);
    }

    /// In a piece with an upbeat, a Fine or D.C. inside a full measure stands where the next upbeat begins.
    pub(super) fn cut_before_upbeat(&mut self, element: u32, length: Beats) {
        let Some(meter) = self.meter.filter(|meter| meter.length == length) else { return };
        let upbeat = self.content.lengths[0];
        let at = meter.length - upbeat;
        if self.measure == 0 || upbeat <= Beats::ZERO || at <= Beats::ZERO || !self.cuts.is_empty() {
            return;
        }
        if self.leaving.contains(&at) {
            self.cuts.push(at);
            self.begin_piece(element, at);
            let (before, after) = self.content.flows.split_at_mut(self.measure as usize + 1);
            let (before, after) = (&mut before[self.measure as usize], &mut after[0]);
            // What stands at the right barline.
            after.repeat_end = before.repeat_end.take();
            after.repeat_after_jump = std::mem::take(&mut before.repeat_after_jump);
            after.final_barline = std::mem::take(&mut before.final_barline);
            after.passes.clone_from(&before.passes);
        }
    }

    /// The measure has been read: shares its notes and marks out among its pieces.
    pub(super) fn settle_pieces(&mut self, length: Beats, first_note: usize, first_mark: usize) {
        let first = self.measure as usize;
        // A repeat bar at the very end divides nothing.
        while self.cuts.last().is_some_and(|cut| *cut >= length) {
            self.cuts.pop();
            let content = &mut self.content;
            content.pieces.pop();
            content.lengths.pop();
            content.meters.pop();
            content.rehearsals.pop();
            if let (Some(flow), Some(last)) = (content.flows.pop(), content.flows.last_mut()) {
                barline::merge(last, flow);
            }
        }
        let mut from = Beats::ZERO;
        for (index, cut) in self.cuts.iter().chain([&length]).enumerate() {
            self.content.lengths[first + index] = *cut - from;
            self.content.meters[first + index] = self.meter;
            from = *cut;
        }
        if self.cuts.is_empty() {
            return;
        }
        for raw in &mut self.content.notes[first_note..] {
            place(&mut raw.note.measure, &mut raw.note.onset, &self.cuts);
        }
        for mark in &mut self.content.marks[first_mark..] {
            place(&mut mark.measure, &mut mark.onset, &self.cuts);
        }
    }
}

/// From a place in the first of several pieces to a place in its own.
fn place(measure: &mut u32, onset: &mut Beats, cuts: &[Beats]) {
    let piece = cuts.partition_point(|cut| cut <= onset);
    if piece > 0 {
        *measure += piece as u32;
        *onset = *onset - cuts[piece - 1];
    }
}

/// Divides every part's measures where any part's are divided.
pub(super) fn align(contents: &mut [PartContent]) {
    let all: BTreeSet<Piece> = contents.iter().flat_map(|content| content.pieces.iter().copied()).collect();
    let all: Vec<Piece> = all.into_iter().collect();
    for content in contents.iter_mut().filter(|content| content.pieces != all) {
        divide(content, &all);
    }
}

fn divide(content: &mut PartContent, all: &[Piece]) {
    let old = std::mem::take(content);
    let last_within = |index: usize| {
        // The piece of `all` in which piece `index` of this part ends.
        let next = old.pieces.get(index + 1);
        all.partition_point(|piece| next.is_none_or(|next| piece < next)) - 1
    };
    let index_of = |piece: &Piece| all.partition_point(|other| other <= piece) - 1;
    content.staves = old.staves;
    content.pieces = all.to_vec();
    content.flows = vec![Flow::default(); all.len()];
    content.lengths = vec![Beats::ZERO; all.len()];
    content.meters = vec![None; all.len()];
    content.rehearsals = vec![None; all.len()];
    for (index, piece) in old.pieces.iter().enumerate() {
        let (first, last) = (index_of(piece), last_within(index));
        let flow = &old.flows[index];
        for at in first..=last {
            content.flows[at].passes.clone_from(&flow.passes);
            content.meters[at] = old.meters[index];
            let end = piece.from + old.lengths[index];
            let own_end = if at == last { end } else { all[at + 1].from.min(end) };
            content.lengths[at] = (own_end - all[at].from).max(Beats::ZERO);
        }
        content.rehearsals[first].clone_from(&old.rehearsals[index]);
        let begins = &mut content.flows[first];
        begins.repeat_start = flow.repeat_start;
        begins.volta_start = flow.volta_start;
        begins.segno.clone_from(&flow.segno);
        begins.coda.clone_from(&flow.coda);
        let ends = &mut content.flows[last];
        ends.repeat_end = flow.repeat_end;
        ends.repeat_after_jump = flow.repeat_after_jump;
        ends.to_coda.clone_from(&flow.to_coda);
        ends.fine = flow.fine;
        ends.jump.clone_from(&flow.jump);
        ends.final_barline = flow.final_barline;
    }
    let moved = |measure: &mut u32, onset: &mut Beats| {
        let piece = old.pieces[*measure as usize];
        let at = Piece { element: piece.element, from: piece.from + *onset };
        let index = index_of(&at);
        *measure = index as u32;
        *onset = at.from - all[index].from;
    };
    content.notes = old.notes;
    content.marks = old.marks;
    for raw in &mut content.notes {
        moved(&mut raw.note.measure, &mut raw.note.onset);
    }
    for mark in &mut content.marks {
        moved(&mut mark.measure, &mut mark.onset);
    }
}
