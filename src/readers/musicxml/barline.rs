//! Barlines: repeats and volta brackets.

use super::xml::{child, child_text, text_of, yes};
use crate::score::Flow;
use roxmltree::Node;

/// What is open while the barlines of one part pass by.
#[derive(Default)]
pub(super) struct Voltas {
    open: Option<OpenVolta>,
}

struct OpenVolta {
    passes: Vec<u32>,
    first: usize,
}

impl Voltas {
    /// Reads one `<barline>`: what it ends is measure `before`, what it begins is `after`.
    pub(super) fn read(&mut self, barline: Node, before: Option<usize>, after: usize, flows: &mut [Flow]) {
        let left = barline.attribute("location") == Some("left");
        // At the start of a part nothing is before.
        let ended = before.unwrap_or(after);
        if let Some(ending) = child(barline, "ending") {
            match ending.attribute("type") {
                Some("start") => {
                    let passes = pass_numbers(ending.attribute("number").unwrap_or(""))
                        .or_else(|| pass_numbers(text_of(ending)))
                        .unwrap_or_else(|| vec![1]);
                    // Some leave out the end of a bracket where the next one begins.
                    if self.open.as_ref().is_some_and(|open| open.first < after) {
                        self.close(after - 1, flows);
                    }
                    flows[after].volta_start = true;
                    self.open = Some(OpenVolta { passes, first: after });
                }
                _ => self.close(ended, flows),
            }
        }
        if let Some(repeat) = child(barline, "repeat") {
            // The sign is printed, whatever the count: once more at least.
            let times: u32 = repeat.attribute("times").and_then(|times| times.parse().ok()).unwrap_or(2);
            match repeat.attribute("direction") {
                Some("forward") => flows[after].repeat_start = true,
                Some("backward") => flows[ended].repeat_end = Some(times.max(2)),
                _ => {}
            }
            flows[ended].repeat_after_jump |= yes(repeat, "after-jump");
        }
        if child_text(barline, "bar-style") == "light-heavy" && !left && child(barline, "repeat").is_none() {
            flows[ended].final_barline = true;
        }
        if child(barline, "segno").is_some() || barline.attribute("segno").is_some() {
            flows[after].segno = Some(barline.attribute("segno").unwrap_or("").into());
        }
        if child(barline, "coda").is_some() || barline.attribute("coda").is_some() {
            flows[after].coda = Some(barline.attribute("coda").unwrap_or("").into());
        }
    }

    fn close(&mut self, last: usize, flows: &mut [Flow]) {
        if let Some(open) = self.open.take() {
            for flow in &mut flows[open.first..=last] {
                flow.passes.clone_from(&open.passes);
            }
        }
    }

    /// Ends the part: a bracket that is still open reaches to the next repeat sign.
    pub(super) fn finish(mut self, flows: &mut [Flow]) {
        if let Some(open) = &self.open {
            let last = (open.first..flows.len()).find(|&i| {
                flows[i].repeat_end.is_some() || flows.get(i + 1).is_none_or(|next| next.repeat_start)
            });
            self.close(last.unwrap_or(flows.len() - 1), flows);
        }
        stretch_to_repeat(flows);
    }
}

/// A first bracket is often drawn over less than it means: up to the backward repeat before the next bracket.
fn stretch_to_repeat(flows: &mut [Flow]) {
    for start in 0..flows.len() {
        if !flows[start].volta_start || flows[start].passes.is_empty() {
            continue;
        }
        let passes = flows[start].passes.clone();
        let end =
            (start..flows.len()).find(|&i| flows[i].passes != passes || (i > start && flows[i].volta_start));
        let Some(end) = end else { continue };
        let has_repeat = flows[start..end].iter().any(|flow| flow.repeat_end.is_some());
        if has_repeat || !flows[end].passes.is_empty() {
            continue;
        }
        let next = (end..flows.len()).find(|&i| flows[i].volta_start || flows[i].repeat_start);
        if let Some(next) = next
            && flows[next].passes.iter().min() > passes.iter().max()
            && flows[next - 1].repeat_end.is_some()
        {
            for flow in &mut flows[end..next] {
                flow.passes.clone_from(&passes);
            }
        }
    }
}

/// The numbers of a volta bracket, or of passes: "1", "1, 2", "1.-3.", "1 2".
pub(super) fn pass_numbers(text: &str) -> Option<Vec<u32>> {
    const HIGHEST: u32 = 64;
    let mut numbers: Vec<u32> = Vec::new();
    let mut range_from = None;
    let mut digits = String::new();
    for c in text.chars().chain([' ']) {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        if let Ok(number) = digits.parse::<u32>()
            && (1..=HIGHEST).contains(&number)
        {
            numbers.extend(range_from.take().unwrap_or(number)..=number);
        }
        digits.clear();
        if matches!(c, '-' | '–') {
            range_from = numbers.last().map(|last| last + 1);
        }
    }
    numbers.sort_unstable();
    numbers.dedup();
    (!numbers.is_empty()).then_some(numbers)
}

/// Adds what another part says of the same measure.
pub(super) fn merge(into: &mut Flow, other: Flow) {
    into.repeat_start |= other.repeat_start;
    into.repeat_end = into.repeat_end.max(other.repeat_end);
    if into.passes.is_empty() {
        into.passes = other.passes;
    }
    into.volta_start |= other.volta_start;
    into.repeat_after_jump |= other.repeat_after_jump;
    into.segno = into.segno.take().or(other.segno);
    into.coda = into.coda.take().or(other.coda);
    into.to_coda = into.to_coda.take().or(other.to_coda);
    into.fine |= other.fine;
    into.jump = into.jump.take().or(other.jump);
    into.final_barline |= other.final_barline;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn volta_numbers() {
        assert_eq!(pass_numbers("1"), Some(vec![1]));
        assert_eq!(pass_numbers("1, 2"), Some(vec![1, 2]));
        assert_eq!(pass_numbers("1.-3."), Some(vec![1, 2, 3]));
        assert_eq!(pass_numbers("4-1000000000"), Some(vec![4]));
        assert_eq!(pass_numbers("last"), None);
    }
}
