//! A session as JSON.

use super::SessionView;
use super::book::kind_name;
use crate::performance::Coverage;
use serde::Serialize;
use std::io::{self, Write};

#[derive(Serialize)]
struct Document<'a> {
    takes: Vec<TakeEntry>,
    coverage: Vec<CoverageEntry<'a>>,
    parts: Vec<PartEntry<'a>>,
    plan: Vec<PlanEntry<'a>>,
    uncovered: Vec<&'a str>,
}

#[derive(Serialize)]
struct TakeEntry {
    /// What it is called.
    number: u32,
    start_s: f64,
    end_s: f64,
    stretches: Vec<StretchEntry>,
    faults: Vec<FaultEntry>,
}

#[derive(Serialize)]
struct StretchEntry {
    start_s: f64,
    end_s: f64,
    from_measure: String,
    to_measure: String,
    from_beat: f64,
    to_beat: f64,
}

#[derive(Serialize)]
struct FaultEntry {
    kind: &'static str,
    audio_s: f64,
    measure: String,
    score_beat: f64,
    midi_pitch: Option<u8>,
    confidence: f64,
    /// How far off the tuning of the take, for intonation.
    #[serde(skip_serializing_if = "Option::is_none")]
    cents: Option<f64>,
}

#[derive(Serialize)]
struct CoverageEntry<'a> {
    step: u32,
    measure: &'a str,
    takes: &'a [u32],
    clean: &'a [u32],
}

#[derive(Serialize)]
struct PartEntry<'a> {
    name: &'a str,
    coverage: Vec<CoverageEntry<'a>>,
}

#[derive(Serialize)]
struct PlanEntry<'a> {
    take: u32,
    stretch: u32,
    from_measure: String,
    to_measure: String,
    from_beat: f64,
    to_beat: f64,
    start_s: f64,
    end_s: f64,
    faulty_measures: Vec<&'a str>,
    reason: String,
}

/// Writes takes, coverage and the edit plan; times with 4 decimals. Coverage and plan name takes by their place in
/// the list, from 0.
///
/// # Errors
/// The destination's.
pub fn write_session_json(session: &SessionView<'_>, mut out: impl Write) -> io::Result<()> {
    let number = |step: u32| session.path.steps.get(step as usize).map_or("", |step| step.number.as_str());
    let takes = session.takes.iter().zip(0..).map(|(take, index)| TakeEntry {
        number: session.number(index),
        start_s: round(take.start.0),
        end_s: round(take.end.0),
        stretches: take
            .stretches
            .iter()
            .map(|stretch| StretchEntry {
                start_s: round(stretch.start.0),
                end_s: round(stretch.end.0),
                from_measure: number(stretch.from_step).into(),
                to_measure: number(stretch.to_step).into(),
                from_beat: round(stretch.from_beat),
                to_beat: round(stretch.to_beat),
            })
            .collect(),
        faults: take
            .faults
            .iter()
            .map(|fault| FaultEntry {
                kind: kind_name(fault.kind),
                audio_s: round(fault.at.0),
                measure: number(fault.step).into(),
                score_beat: round(fault.beat),
                midi_pitch: fault.pitch.map(|pitch| pitch.0),
                confidence: round(f64::from(fault.confidence)),
                cents: fault.cents.map(|cents| (f64::from(cents) * 10.0).round() / 10.0),
            })
            .collect(),
    });
    let parts = session.parts.iter().map(|part| PartEntry {
        name: &part.name,
        coverage: part.steps.iter().map(|covered| covered_entry(session, covered)).collect(),
    });
    let plan = session.plan.segments.iter().map(|piece| PlanEntry {
        take: piece.take,
        stretch: piece.stretch,
        from_measure: number(piece.from_step).into(),
        to_measure: number(piece.to_step).into(),
        from_beat: round(piece.from_beat),
        to_beat: round(piece.to_beat),
        start_s: round(piece.start.0),
        end_s: round(piece.end.0),
        faulty_measures: piece.faulty.iter().map(|&step| number(step)).collect(),
        reason: piece.reason.map_or(String::new(), |reason| reason.to_string()),
    });
    let document = Document {
        takes: takes.collect(),
        coverage: session.coverage.iter().map(|covered| covered_entry(session, covered)).collect(),
        parts: parts.collect(),
        plan: plan.collect(),
        uncovered: session.plan.uncovered.iter().map(|&step| number(step)).collect(),
    };
    serde_json::to_writer_pretty(&mut out, &document)?;
    writeln!(out)
}

fn covered_entry<'a>(session: &SessionView<'a>, coverage: &'a Coverage) -> CoverageEntry<'a> {
    let Coverage { step, takes, clean } = coverage;
    let measure = session.path.steps.get(*step as usize).map_or("", |step| step.number.as_str());
    CoverageEntry { step: *step, measure, takes, clean }
}

fn round(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}
