//! Settles what only the whole score can tell about its signs.

use crate::score::{Mark, MarkKind, Measure, Section};

/// A piece or movement begins where the measure numbers start over. A pick-up without a number of its own ("X1")
/// right before that belongs to what begins.
pub(super) fn sections(measures: &[Measure]) -> Vec<Section> {
    let mut sections = vec![Section::default()];
    let mut highest = 0;
    for (index, measure) in measures.iter().enumerate() {
        let Ok(number) = measure.number.parse::<u32>() else { continue };
        if number <= 1 && highest > 1 {
            let pick_up = number == 1
                && measures[index - 1].number.parse::<u32>().is_err()
                && index > 1
                && ends_something(&measures[index - 2]);
            let first_measure = (index - usize::from(pick_up)) as u32;
            sections.push(Section { first_measure, name: String::new() });
            highest = 0;
        }
        highest = highest.max(number);
    }
    sections
}

fn ends_something(measure: &Measure) -> bool {
    let flow = &measure.flow;
    flow.final_barline || flow.jump.is_some() || flow.fine || flow.repeat_end.is_some()
}

/// Completes signs within each section, as far as custom tells what they mean.
pub(super) fn settle(measures: &mut [Measure], sections: &[Section], marks: &[Mark]) {
    for (index, section) in sections.iter().enumerate() {
        let start = section.first_measure as usize;
        let end = sections.get(index + 1).map_or(measures.len(), |next| next.first_measure as usize);
        way_to_coda(&mut measures[start..end]);
        fine_before_trio(&mut measures[start..end], start as u32, marks);
    }
}

/// "Menuetto D.C." after a trio, where nothing says Fine: the menuet ends before the trio.
fn fine_before_trio(measures: &mut [Measure], first: u32, marks: &[Mark]) {
    let Some(jump) = measures.iter().position(|measure| measure.flow.jump.is_some()) else { return };
    if measures.iter().any(|measure| measure.flow.fine || measure.flow.to_coda.is_some()) {
        return;
    }
    let trio = marks.iter().find(|mark| {
        let says_trio = matches!(&mark.kind, MarkKind::Words(text) if is_trio(text));
        says_trio && mark.measure > first && mark.measure <= first + jump as u32
    });
    if let Some(trio) = trio {
        measures[(trio.measure - first) as usize - 1].flow.fine = true;
    }
}

fn is_trio(text: &str) -> bool {
    let first = text.split(|c: char| !c.is_alphabetic()).find(|word| !word.is_empty());
    first.is_some_and(|word| word.eq_ignore_ascii_case("trio"))
}

/// Two coda signs, of which none is called "To Coda", are the way out and the coda itself.
fn way_to_coda(measures: &mut [Measure]) {
    let Some(jump) = measures.iter().position(|measure| measure.flow.jump.is_some()) else { return };
    if measures.iter().any(|measure| measure.flow.to_coda.is_some()) {
        return;
    }
    let codas: Vec<usize> = (0..measures.len()).filter(|&i| measures[i].flow.coda.is_some()).collect();
    if let [first, .., last] = codas[..]
        && first <= jump
        && last > first
    {
        measures[first].flow.to_coda = measures[first].flow.coda.take();
    }
}
