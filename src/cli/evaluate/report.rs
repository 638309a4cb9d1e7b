//! The figures as a table and as JSON: each item, each group's mean, the mean of all.

use super::notes::NoteScores;
use super::planted::PlantedScores;
use super::position::PositionScores;
use anyhow::Result;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::Write;

/// One item's figures.
#[derive(Clone, Debug, Serialize)]
pub(super) struct ItemReport {
    pub(super) name: String,
    pub(super) group: String,
    pub(super) seconds: f64,
    /// Audio-seconds per CPU-second of the engine, following included where there is a score.
    pub(super) speed: f64,
    pub(super) notes: NoteScores,
    /// Absent where no note was planted.
    pub(super) planted: Option<PlantedScores>,
    /// Absent where there is nothing to follow.
    pub(super) position: Option<PositionScores>,
}

/// Means over the items of a group; those of positions over the items that have them.
#[derive(Clone, Debug, Serialize)]
struct Summary {
    items: usize,
    onset_50_f1: f64,
    onset_25_f1: f64,
    onset_offset_f1: f64,
    onset_offset_velocity_f1: f64,
    frame_f1: f64,
    latency_median_ms: f64,
    latency_p95_ms: f64,
    latency_p99_ms: f64,
    followed_items: usize,
    position_median_ms: Option<f64>,
    within_50_ms: Option<f64>,
    within_100_ms: Option<f64>,
    within_300_ms: Option<f64>,
    within_1000_ms: Option<f64>,
    missed: Option<f64>,
    jumps: usize,
    jumps_recovered: usize,
    jumps_recovered_3_s: usize,
    /// Audio-seconds of all items per CPU-second of all.
    speed: f64,
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (mut sum, mut count) = (0.0, 0usize);
    for value in values {
        sum += value;
        count += 1;
    }
    (count > 0).then(|| sum / count as f64)
}

fn summary(items: &[&ItemReport]) -> Summary {
    let notes =
        |figure: fn(&NoteScores) -> f64| mean(items.iter().map(|item| figure(&item.notes))).unwrap_or(0.0);
    let followed = || items.iter().filter_map(|item| item.position.as_ref());
    let position = |figure: fn(&PositionScores) -> Option<f64>| mean(followed().filter_map(figure));
    let recovered: Vec<f64> =
        followed().flat_map(|scores| &scores.jumps).filter_map(|jump| jump.recovered_after_s).collect();
    let seconds: f64 = items.iter().map(|item| item.seconds).sum();
    let cost: f64 = items.iter().map(|item| item.seconds / item.speed).sum();
    Summary {
        items: items.len(),
        onset_50_f1: notes(|n| n.onset_50.f1),
        onset_25_f1: notes(|n| n.onset_25.f1),
        onset_offset_f1: notes(|n| n.onset_offset.f1),
        onset_offset_velocity_f1: notes(|n| n.onset_offset_velocity.f1),
        frame_f1: notes(|n| n.frame.f1),
        latency_median_ms: notes(|n| n.latency.median_ms),
        latency_p95_ms: notes(|n| n.latency.p95_ms),
        latency_p99_ms: notes(|n| n.latency.p99_ms),
        followed_items: followed().count(),
        position_median_ms: position(|p| p.median_ms),
        within_50_ms: position(|p| Some(p.within_50_ms)),
        within_100_ms: position(|p| Some(p.within_100_ms)),
        within_300_ms: position(|p| Some(p.within_300_ms)),
        within_1000_ms: position(|p| Some(p.within_1000_ms)),
        missed: position(|p| Some(p.missed)),
        jumps: followed().map(|scores| scores.jumps.len()).sum(),
        jumps_recovered: recovered.len(),
        jumps_recovered_3_s: recovered.iter().filter(|&&after| after <= 3.0).count(),
        speed: seconds / cost.max(1e-9),
    }
}

fn groups(items: &[ItemReport]) -> BTreeMap<&str, Summary> {
    let mut groups: BTreeMap<&str, Vec<&ItemReport>> = BTreeMap::new();
    for item in items {
        groups.entry(&item.group).or_default().push(item);
    }
    groups.into_iter().map(|(name, items)| (name, summary(&items))).collect()
}

/// Everything, at full precision.
pub(super) fn write_json(items: &[ItemReport], out: &mut dyn Write) -> Result<()> {
    let all: Vec<&ItemReport> = items.iter().collect();
    let report = serde_json::json!({ "items": items, "groups": groups(items), "all": summary(&all) });
    serde_json::to_writer_pretty(&mut *out, &report)?;
    Ok(writeln!(out)?)
}

/// The figures people look at first.
pub(super) fn write_table(items: &[ItemReport], out: &mut dyn Write) -> Result<()> {
    writeln!(
        out,
        "{:36} {:>5} {:>5} {:>5} {:>5} {:>5}  {:>6} {:>4} {:>4}  {:>6} {:>5} {:>5} {:>5} {:>5} {:>6} {:>6}  {:>5}",
        "",
        "on50",
        "on25",
        "onoff",
        "+vel",
        "frame",
        "lat ms",
        "p95",
        "p99",
        "pos ms",
        "<50",
        "<100",
        "<300",
        "<1 s",
        "missed",
        "jumps",
        "x"
    )?;
    let groups = groups(items);
    for item in items {
        write_row(out, &item.name, &summary(&[item]))?;
    }
    for (name, summary) in &groups {
        write_row(out, &format!("= {name} ({})", summary.items), summary)?;
    }
    let all: Vec<&ItemReport> = items.iter().collect();
    write_row(out, &format!("= all ({})", items.len()), &summary(&all))?;
    for item in items {
        if let Some(PlantedScores { wrong, extra }) = &item.planted {
            writeln!(
                out,
                "planted notes heard, {}: wrong {} of {}, extra {} of {}",
                item.name, wrong.heard, wrong.planted, extra.heard, extra.planted
            )?;
        }
    }
    Ok(())
}

fn write_row(out: &mut dyn Write, name: &str, s: &Summary) -> Result<()> {
    let share = |value: Option<f64>| value.map_or("-".into(), |v| format!("{v:.3}"));
    let jumps = if s.jumps > 0 { format!("{}/{}", s.jumps_recovered_3_s, s.jumps) } else { "-".to_owned() };
    writeln!(
        out,
        "{name:36} {:5.3} {:5.3} {:5.3} {:5.3} {:5.3}  {:6.1} {:4.0} {:4.0}  {:>6} {:>5} {:>5} {:>5} {:>5} {:>6} \
         {jumps:>6}  {:5.1}",
        s.onset_50_f1,
        s.onset_25_f1,
        s.onset_offset_f1,
        s.onset_offset_velocity_f1,
        s.frame_f1,
        s.latency_median_ms,
        s.latency_p95_ms,
        s.latency_p99_ms,
        s.position_median_ms.map_or("-".into(), |v| format!("{v:.0}")),
        share(s.within_50_ms),
        share(s.within_100_ms),
        share(s.within_300_ms),
        share(s.within_1000_ms),
        share(s.missed),
        s.speed,
    )?;
    Ok(())
}
