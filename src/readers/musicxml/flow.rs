//! Settles what only the whole score can tell about its signs.

use super::words::{says_until_segno, times_word};
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
        let own = marks.partition_point(|mark| (mark.measure as usize) < start)
            ..marks.partition_point(|mark| (mark.measure as usize) < end);
        let words = || {
            marks[own.clone()].iter().filter_map(|mark| match &mark.kind {
                MarkKind::Words(text) => Some((mark.measure as usize - start, text.as_str())),
                _ => None,
            })
        };
        times_in_words(&mut measures[start..end], words());
        until_segno(&mut measures[start..end], words());
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

/// "Play 3 times" where a passage ends or begins; a count at the repeat bar itself is believed instead.
fn times_in_words<'a>(measures: &mut [Measure], words: impl Iterator<Item = (usize, &'a str)>) {
    for (at, text) in words {
        let Some(times) = times_word(text) else { continue };
        let from_here = measures[at].flow.repeat_start || at == 0;
        let end = (at..measures.len()).find(|&i| measures[i].flow.repeat_end.is_some());
        if let Some(end) = end.filter(|&end| end == at || from_here)
            && let Some(count @ ..=2) = &mut measures[end].flow.repeat_end
        {
            *count = times;
        }
    }
}

/// "D.C. al Segno": the first part ends before the sign, for good or to leave for the coda.
fn until_segno<'a>(measures: &mut [Measure], words: impl Iterator<Item = (usize, &'a str)>) {
    if measures.iter().any(|measure| measure.flow.fine || measure.flow.to_coda.is_some()) {
        return;
    }
    for (jump, text) in words {
        let sign = (1..=jump.min(measures.len() - 1)).find(|&at| measures[at].flow.segno.is_some());
        if let Some(sign) = sign.filter(|_| says_until_segno(text)) {
            let coda = measures[jump + 1..].iter().any(|measure| measure.flow.coda.is_some());
            let last = &mut measures[sign - 1].flow;
            last.fine = !coda;
            last.to_coda = coda.then(String::new);
        }
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
