//! What a follower's reports are worth.

use crate::rehearsal::player::Session;
use crate::rehearsal::writer::PHRASE_BEATS;
use colla_parte::performance::{FollowState, PositionReport};
use std::fmt;

/// One session's figures.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// Error at each score onset, in ms; infinite where it was missed.
    pub errors_ms: Vec<f64>,
    /// Seconds until back within a beat, staying there; infinite if never.
    pub recoveries_s: Vec<f64>,
    /// The same, where a passage that is the same note for note counts as the right place.
    pub alike_recoveries_s: Vec<f64>,
    /// Times that the position left the true place by more than 4 beats for another, while a stretch went on.
    pub false_jumps: usize,
    /// Seconds of stray playing, and those of them called following.
    pub stray_s: (f64, f64),
    /// Seconds of playing in which the place was right, and those of them called following.
    pub right_s: (f64, f64),
    /// Counts of reports with a place by confidence tenth: all, and right within a beat. None is right while
    /// something else is played.
    pub reliability: [(u32, u32); 10],
    /// Seconds of audio, and of computing.
    pub speed: (f64, f64),
}

/// An onset counts as found if a report comes into its band within this time of it, in seconds.
const FOUND_S: f64 = 2.0;

/// Measures one session, with the definitions of the corpus' `loc_` figures.
pub fn session(session: &Session, form: &[usize], reports: &[PositionReport], spent_s: f64) -> Figures {
    let mut figures = Figures { speed: (session.length_s, spent_s), ..Figures::default() };
    let begin =
        |n: usize| session.stretches.get(n).and_then(|s| s.onsets.first()).map_or(f64::INFINITY, |o| o.1);
    for (n, stretch) in session.stretches.iter().enumerate() {
        let until = begin(n + 1);
        let from = if n == 0 { 0.0 } else { session.stretches[n - 1].onsets.last().map_or(0.0, |o| o.1) };
        let inside: Vec<_> = reports.iter().filter(|r| r.at.0 >= from && r.at.0 < until).collect();
        for (k, &(beat, at_s)) in stretch.onsets.iter().enumerate() {
            let next = stretch.onsets.get(k + 1).map_or(beat + 2.0, |o| o.0);
            let mut before = f64::NAN;
            let mut found = f64::INFINITY;
            for report in &inside {
                let here = report.beat.unwrap_or(f64::NAN);
                let in_band = here >= beat - 1e-3 && here < next - 1e-3;
                let crosses =
                    before < beat - 1e-3 && before > beat - 8.0 && here >= beat && here < beat + 8.0;
                before = here;
                if (in_band || crosses) && report.at.0 >= at_s - FOUND_S {
                    found = report.at.0;
                    break;
                }
            }
            let error = (found - at_s) * 1000.0;
            figures.errors_ms.push(if error.abs() <= FOUND_S * 1000.0 { error } else { f64::INFINITY });
        }
        let (Some(first), Some(last)) = (stretch.onsets.first(), stretch.onsets.last()) else { continue };
        let playing: Vec<_> = inside.iter().filter(|r| r.at.0 >= first.1 && r.at.0 <= last.1).collect();
        let right: Vec<bool> = playing
            .iter()
            .map(|r| r.beat.is_some_and(|beat| (beat - true_beat(&stretch.onsets, r.at.0)).abs() <= 1.0))
            .collect();
        if n > 0 {
            figures.recoveries_s.push(recovery(&right));
            let alike: Vec<bool> = playing
                .iter()
                .map(|r| {
                    r.beat.is_some_and(|beat| same_music(form, beat, true_beat(&stretch.onsets, r.at.0)))
                })
                .collect();
            figures.alike_recoveries_s.push(recovery(&alike));
        }
        let settled = right.iter().position(|&r| r).unwrap_or(right.len());
        let mut was_right = true;
        for (report, &right) in playing[settled..].iter().zip(&right[settled..]) {
            let off = report.beat.map_or(0.0, |beat| (beat - true_beat(&stretch.onsets, report.at.0)).abs());
            if was_right && off > 4.0 {
                figures.false_jumps += 1;
                was_right = false;
            }
            was_right |= right;
        }
        let following = |at: &usize| right[*at] && playing[*at].state == FollowState::Following;
        figures.right_s.0 += right.iter().filter(|&&right| right).count() as f64 / 100.0;
        figures.right_s.1 += (0..right.len()).filter(following).count() as f64 / 100.0;
        for (report, &right) in playing.iter().zip(&right) {
            if report.beat.is_some() {
                let tenth = ((report.confidence * 10.0) as usize).min(9);
                figures.reliability[tenth].0 += 1;
                figures.reliability[tenth].1 += u32::from(right);
            }
        }
    }
    for &(from, to) in &session.noodling {
        let stray: Vec<_> = reports.iter().filter(|r| r.at.0 >= from && r.at.0 < to).collect();
        for report in stray.iter().filter(|report| report.beat.is_some()) {
            figures.reliability[((report.confidence * 10.0) as usize).min(9)].0 += 1;
        }
        figures.stray_s.0 += stray.len() as f64 / 100.0;
        figures.stray_s.1 +=
            stray.iter().filter(|r| r.state == FollowState::Following).count() as f64 / 100.0;
    }
    figures
}

/// Seconds until the first hop that is right, as nine in ten of the next two seconds are.
fn recovery(right: &[bool]) -> f64 {
    let back = (0..right.len()).find(|&at| {
        let ahead = &right[at..(at + 200).min(right.len())];
        right[at] && ahead.iter().filter(|&&r| r).count() * 10 >= ahead.len() * 9
    });
    back.map_or(f64::INFINITY, |at| at as f64 / 100.0)
}

/// Whether two places are within a beat of each other, or would be if the phrases of the form were.
fn same_music(form: &[usize], a: f64, b: f64) -> bool {
    let phrase = |beat: f64| form.get((beat / PHRASE_BEATS) as usize);
    let apart = (a - b).abs();
    let across = (a.rem_euclid(PHRASE_BEATS) - b.rem_euclid(PHRASE_BEATS)).abs();
    apart <= 1.0 || (phrase(a) == phrase(b) && across <= 1.0)
}

/// What was played and what was reported, four times a second.
pub fn timeline(session: &Session, reports: &[PositionReport]) -> String {
    use fmt::Write;
    let mut text = String::from("seconds\tplayed\treported\tconfidence\tstate\tcandidates\n");
    for report in reports.iter().step_by(25) {
        let at = report.at.0;
        let stretch = session.stretches.iter().rfind(|s| s.onsets.first().is_some_and(|o| o.1 <= at));
        let played = stretch.map_or(f64::NAN, |s| true_beat(&s.onsets, at));
        let stray = if session.noodling.iter().any(|n| n.0 <= at && at < n.1) { "stray" } else { "" };
        let candidates = report.candidates.map(|c| format!("{:.1}:{:.2}", c.beat, c.weight)).join(" ");
        let beat = report.beat.unwrap_or(f64::NAN);
        let (confidence, state) = (report.confidence, report.state.name());
        let _ =
            writeln!(text, "{at:.2}\t{played:.2}{stray}\t{beat:.2}\t{confidence:.2}\t{state}\t{candidates}");
    }
    text
}

fn true_beat(onsets: &[(f64, f64)], at_s: f64) -> f64 {
    let after = onsets.partition_point(|o| o.1 <= at_s).clamp(1, onsets.len().max(2) - 1);
    let (Some(a), Some(b)) = (onsets.get(after - 1), onsets.get(after)) else { return onsets[0].0 };
    if b.1 <= a.1 {
        return b.0;
    }
    a.0 + (b.0 - a.0) * ((at_s - a.1) / (b.1 - a.1)).clamp(0.0, 1.0)
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn share(values: &[f64], within: f64) -> f64 {
    100.0 * values.iter().filter(|v| v.abs() <= within).count() as f64 / values.len().max(1) as f64
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut absolute: Vec<f64> = self.errors_ms.iter().map(|e| e.abs()).collect();
        write!(
            f,
            "median {:.0} ms, within 50/100/300: {:.1} {:.1} {:.1} %, missed {:.1} %, recoveries {:.2?} s, false jumps {}, stray {:.1} of {:.1} s",
            median(&mut absolute),
            share(&self.errors_ms, 50.0),
            share(&self.errors_ms, 100.0),
            share(&self.errors_ms, 300.0),
            100.0 - share(&self.errors_ms, 2000.0),
            self.recoveries_s,
            self.false_jumps,
            self.stray_s.1,
            self.stray_s.0,
        )
    }
}

/// All sessions.
#[derive(Default)]
pub struct Tally {
    plain: Figures,
    jumps: Figures,
    /// Recovery, session.
    slowest: Vec<(f64, u64)>,
    false_in_plain: Vec<u64>,
}

impl Tally {
    /// Adds session `n`.
    pub fn add(&mut self, n: u64, plain: bool, figures: Figures) {
        self.slowest.extend(figures.alike_recoveries_s.iter().map(|&s| (s, n)));
        if plain && figures.false_jumps > 0 {
            self.false_in_plain.push(n);
        }
        let sum = if plain { &mut self.plain } else { &mut self.jumps };
        sum.errors_ms.extend(figures.errors_ms);
        sum.recoveries_s.extend(figures.recoveries_s);
        sum.alike_recoveries_s.extend(figures.alike_recoveries_s);
        sum.false_jumps += figures.false_jumps;
        sum.stray_s.0 += figures.stray_s.0;
        sum.stray_s.1 += figures.stray_s.1;
        sum.right_s.0 += figures.right_s.0;
        sum.right_s.1 += figures.right_s.1;
        sum.speed.0 += figures.speed.0;
        sum.speed.1 += figures.speed.1;
        for (sum, more) in sum.reliability.iter_mut().zip(figures.reliability) {
            sum.0 += more.0;
            sum.1 += more.1;
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, figures) in [("plain", &self.plain), ("jumps", &self.jumps)] {
            let mut absolute: Vec<f64> = figures.errors_ms.iter().map(|e| e.abs()).collect();
            writeln!(
                f,
                "{name}: {} onsets, median error {:.0} ms, within 25/50/100/300 ms: {:.1} {:.1} {:.1} {:.1} %, missed {:.2} %, false jumps {}",
                absolute.len(),
                median(&mut absolute),
                share(&absolute, 25.0),
                share(&absolute, 50.0),
                share(&absolute, 100.0),
                share(&absolute, 300.0),
                100.0 - share(&absolute, 2000.0),
                figures.false_jumps,
            )?;
        }
        let kinds = [
            ("back", &self.jumps.recoveries_s),
            ("back, or at a passage that is the same note for note", &self.jumps.alike_recoveries_s),
        ];
        for (name, seconds) in kinds {
            let mut back = seconds.clone();
            back.sort_by(f64::total_cmp);
            let at =
                |q: f64| back.get(((back.len() as f64 * q) as usize).min(back.len().max(1) - 1)).copied();
            writeln!(
                f,
                "{name}: {} jumps; seconds at 10/50/80/90/95/99 %: {:.2?}; within 2 s {:.1} %, 5 s {:.1} %, never {}",
                back.len(),
                [0.1, 0.5, 0.8, 0.9, 0.95, 0.99].map(|q| at(q).unwrap_or(f64::NAN)),
                share(&back, 2.0),
                share(&back, 5.0),
                back.iter().filter(|s| s.is_infinite()).count(),
            )?;
        }
        let mut slowest = self.slowest.clone();
        slowest.sort_by(|a, b| b.0.total_cmp(&a.0));
        slowest.truncate(10);
        writeln!(f, "slowest (seconds, session): {slowest:.2?}")?;
        writeln!(f, "plain sessions with false jumps: {:?}", self.false_in_plain)?;
        let (stray, called) = self.jumps.stray_s;
        writeln!(f, "stray playing called following: {:.1} %", 100.0 * called / stray.max(1e-9))?;
        let right = self.plain.right_s.0 + self.jumps.right_s.0;
        let called = self.plain.right_s.1 + self.jumps.right_s.1;
        writeln!(
            f,
            "playing at the right place called following: {:.1} %",
            100.0 * called / right.max(1e-9)
        )?;
        write!(f, "reliability (confidence tenth: right):")?;
        for tenth in 0..10 {
            let (n, right) = self.plain.reliability[tenth];
            let (m, more) = self.jumps.reliability[tenth];
            write!(
                f,
                " {tenth}: {:.0} % of {}",
                100.0 * f64::from(right + more) / f64::from((n + m).max(1)),
                n + m
            )?;
        }
        let (audio, spent) =
            (self.plain.speed.0 + self.jumps.speed.0, self.plain.speed.1 + self.jumps.speed.1);
        write!(f, "\nspeed: {:.0} audio-seconds per CPU-second", audio / spent)
    }
}
