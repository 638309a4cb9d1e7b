//! The take sheet: one printable page of HTML that needs nothing beside itself, and the same as a table.

use super::SessionView;
use super::book::{clock, fault_words};
use super::markers::quoted;
use crate::performance::{Coverage, Decision, Take};
use std::io::{self, Write};

/// Measures in a row of the map.
const ROW: usize = 24;

/// A place in a row that has no measure.
const PAD: &str = "<td class=\"pad\"></td>";

const STYLE: &str = "
body{font:14px/1.4 Georgia,'Times New Roman',serif;background:#FCFAF4;color:#26282C;margin:24px auto;max-width:1100px;padding:0 16px}
h1{font-size:22px;margin:0}h2{font-size:16px;margin:24px 0 6px;break-after:avoid}p.sub{margin:2px 0 0;color:#666}
table{border-collapse:collapse}td,th{padding:2px 6px;text-align:left;vertical-align:top}
table.map{width:100%;table-layout:fixed;margin:0 0 10px;font:11px/1.2 Helvetica,Arial,sans-serif}
table.map td,table.map th{border:1px solid #ccc;height:20px;text-align:center;vertical-align:middle;padding:0}
table.map th{font-weight:normal;color:#666;border:0}table.map td.pad{border:0}
table.map th.take{width:84px;text-align:right;padding-right:6px;color:#26282C;white-space:nowrap;overflow:hidden;text-overflow:ellipsis}
.none{background:#fff;color:#888}.clean{background:#CFE8D8}.twice{background:#8FCBA6}.fault{background:#F4C9C9}.part{background:#FFF1C9}
p.gap{font:11px/1.2 Helvetica,Arial,sans-serif;margin:0 0 10px;padding-left:90px;color:#666}
table.list{width:100%;font-size:13px}table.list tr{border-bottom:1px solid #ddd}table.list th{border-bottom:2px solid #26282C}
.num{font-variant-numeric:tabular-nums;white-space:nowrap}
.key b{font-weight:normal;white-space:nowrap;margin-right:14px}
.key span{display:inline-block;min-width:22px;text-align:center;padding:0 4px;margin-right:5px;border:1px solid #ccc}
@media print{body{margin:0;max-width:none;background:#fff}*{-webkit-print-color-adjust:exact;print-color-adjust:exact}
tr,table.map{break-inside:avoid}thead{display:table-header-group;break-after:avoid}}
";

/// Writes the sheet: the measures with their coverage, the takes, their faults and the proposed edit.
///
/// Every colour is doubled by a sign: ✓ clean, ✓✓ clean in two takes or more, a number of faults, · begun only.
///
/// # Errors
/// The destination's.
pub fn write_take_sheet(session: &SessionView<'_>, mut out: impl Write) -> io::Result<()> {
    let title = escaped(session.title);
    writeln!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}: take sheet</title>"
    )?;
    writeln!(out, "<style>{STYLE}</style></head><body>")?;
    writeln!(out, "<h1>{title}</h1>")?;
    if let Some(recording) = session.recording {
        writeln!(out, "<p class=\"sub\">{}</p>", escaped(recording))?;
    }
    let count = |keep: &dyn Fn(usize) -> bool| (0..session.coverage.len()).filter(|&i| keep(i)).count();
    let covered = count(&|i| !session.coverage[i].takes.is_empty());
    let clean = count(&|i| !session.coverage[i].clean.is_empty());
    let twice = count(&|i| session.coverage[i].clean.len() > 1);
    writeln!(
        out,
        "<p class=\"sub\">takes: {}; of {} measures: {covered} covered, {clean} clean, {twice} clean twice</p>",
        session.takes.len(),
        session.coverage.len()
    )?;
    if !session.parts.is_empty() {
        let clean = |steps: &[Coverage]| steps.iter().filter(|step| !step.clean.is_empty()).count();
        let told = session.parts.iter().map(|part| format!("{} {}", escaped(&part.name), clean(&part.steps)));
        let told = told.collect::<Vec<_>>().join(", ");
        writeln!(out, "<p class=\"sub\">clean part by part: {told}</p>")?;
    }
    map(session, &mut out)?;
    takes(session, &mut out)?;
    plan(session, &mut out)?;
    faults(session, &mut out)?;
    writeln!(out, "</body></html>")
}

/// Measures across, takes down, the sum of all below, and the same for each part where there are several. Rows of measures that
/// nobody has played yet are a line of words.
fn map(session: &SessionView<'_>, out: &mut impl Write) -> io::Result<()> {
    writeln!(
        out,
        "<h2>Measures</h2><p class=\"key\"><b><span class=\"clean\">✓</span>clean</b> <b><span class=\"twice\">✓✓</span>clean in \
        two takes or more</b> <b><span class=\"fault\">2</span>so many faults</b> <b><span class=\"fault\">✗</span>in no take \
        clean</b> <b><span class=\"part\">·</span>begun, not whole</b> <b><span class=\"none\">–</span>not played</b></p>"
    )?;
    let steps: Vec<usize> = (0..session.coverage.len()).collect();
    let rows: Vec<&[usize]> = steps.chunks(ROW).collect();
    let is_played =
        |row: &[usize]| session.takes.iter().any(|take| row.iter().any(|&step| touches(take, step as u32)));
    for rows in rows.chunk_by(|a, b| !is_played(a) && !is_played(b)) {
        let (first, last) = (rows[0], rows[rows.len() - 1]);
        if is_played(first) {
            map_row(session, first, out)?;
        } else if let (Some(&from), Some(&to)) = (first.first(), last.last()) {
            let measures = escaped(&session.measures(from as u32, to as u32));
            writeln!(out, "<p class=\"gap\">{measures}: not played</p>")?;
        }
    }
    Ok(())
}

/// The measures of one row; as wide as every other, however few they are.
fn map_row(session: &SessionView<'_>, row: &[usize], out: &mut impl Write) -> io::Result<()> {
    let missing = ROW - row.len();
    write!(out, "<table class=\"map\"><tr><th class=\"take\">measure</th>")?;
    for &step in row {
        write!(out, "<th>{}</th>", escaped(&session.measure(step as u32)))?;
    }
    writeln!(out, "{}</tr>", "<th></th>".repeat(missing))?;
    for (index, take) in session.takes.iter().enumerate() {
        if !row.iter().any(|&step| touches(take, step as u32)) {
            continue;
        }
        write!(
            out,
            "<tr><th class=\"take\">take {}{}</th>",
            session.number(index as u32),
            star(session, index)
        )?;
        for &step in row {
            let coverage = &session.coverage[step];
            let count = sure_faults(take, step as u32);
            let whole = coverage.takes.contains(&(index as u32));
            match (whole, touches(take, step as u32), count) {
                (_, true, 1..) => write!(out, "<td class=\"fault\">{count}</td>")?,
                (true, _, _) => write!(out, "<td class=\"clean\">✓</td>")?,
                (false, true, _) => write!(out, "<td class=\"part\">·</td>")?,
                _ => write!(out, "<td class=\"none\"></td>")?,
            }
        }
        writeln!(out, "{}</tr>", PAD.repeat(missing))?;
    }
    sum(out, "covered", row, session.coverage)?;
    for part in session.parts {
        sum(out, &part.name, row, &part.steps)?;
    }
    writeln!(out, "</table>")
}

/// How the measures of one row are covered by all takes, by everybody or by one part.
fn sum(out: &mut impl Write, name: &str, row: &[usize], steps: &[Coverage]) -> io::Result<()> {
    let name = escaped(name);
    write!(out, "<tr><th class=\"take\" title=\"{name}\">{name}</th>")?;
    for covered in row.iter().map(|&step| steps.get(step)) {
        match covered.map_or((0, 0), |covered| (covered.takes.len(), covered.clean.len())) {
            (0, _) => write!(out, "<td class=\"none\">–</td>")?,
            (_, 0) => write!(out, "<td class=\"fault\">✗</td>")?,
            (_, 1) => write!(out, "<td class=\"clean\">✓</td>")?,
            _ => write!(out, "<td class=\"twice\">✓✓</td>")?,
        }
    }
    writeln!(out, "{}</tr>", PAD.repeat(ROW - row.len()))
}

fn takes(session: &SessionView<'_>, out: &mut impl Write) -> io::Result<()> {
    writeln!(
        out,
        "<h2>Takes</h2><table class=\"list\"><thead><tr><th>take</th><th>from</th><th>to</th><th>measures</th><th>faults</th><th>notes</th></tr></thead>"
    )?;
    for (index, take) in session.takes.iter().enumerate() {
        let of_take = |mark: &&crate::performance::Mark| mark.take == index as u32;
        let words = session.marks.iter().filter(of_take).map(|mark| match (&mark.decision, mark.step) {
            (Decision::Star, None) => String::from("★"),
            (Decision::Star, Some(step)) => format!("★ m. {}", session.measure(step)),
            (Decision::Reject, None) => String::from("rejected"),
            (Decision::Reject, Some(step)) => format!("m. {} rejected", session.measure(step)),
            (Decision::Note(text), None) => text.clone(),
            (Decision::Note(text), Some(step)) => format!("m. {}: {text}", session.measure(step)),
        });
        let words = words.collect::<Vec<_>>().join("; ");
        writeln!(
            out,
            "<tr><td>{}</td><td class=\"num\">{}</td><td class=\"num\">{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            session.number(index as u32),
            clock(take.start),
            clock(take.end),
            escaped(&session.covers(take)),
            take.faults.iter().filter(|fault| !fault.is_doubt()).count(),
            escaped(&words)
        )?;
    }
    writeln!(out, "</table>")
}

fn plan(session: &SessionView<'_>, out: &mut impl Write) -> io::Result<()> {
    writeln!(
        out,
        "<h2>Proposed edit</h2><table class=\"list\"><thead><tr><th></th><th>measures</th><th>take</th><th>from</th><th>to</th><th>join</th><th>faults left</th></tr></thead>"
    )?;
    for (index, piece) in session.plan.segments.iter().enumerate() {
        let left: Vec<String> = piece.faulty.iter().map(|&step| session.measure(step)).collect();
        writeln!(
            out,
            "<tr><td>{}</td><td>{}</td><td>{}</td><td class=\"num\">{}</td><td class=\"num\">{}</td><td>{}</td><td>{}</td></tr>",
            index + 1,
            escaped(&session.measures(piece.from_step, piece.to_step)),
            session.number(piece.take),
            clock(piece.start),
            clock(piece.end),
            escaped(&piece.reason.map_or(String::new(), |reason| reason.to_string())),
            escaped(&left.join(", "))
        )?;
    }
    writeln!(out, "</table>")?;
    if !session.plan.uncovered.is_empty() {
        let missing: Vec<String> = session
            .plan
            .uncovered
            .chunk_by(|a, b| a + 1 == *b)
            .map(|run| session.measures(run[0], run[run.len() - 1]))
            .collect();
        writeln!(out, "<p>Not covered by any take: {}</p>", escaped(&missing.join(", ")))?;
    }
    Ok(())
}

fn faults(session: &SessionView<'_>, out: &mut impl Write) -> io::Result<()> {
    if session.takes.iter().all(|take| take.faults.is_empty()) {
        return writeln!(out, "<h2>Faults</h2><p>none</p>");
    }
    writeln!(
        out,
        "<h2>Faults</h2><table class=\"list\"><thead><tr><th>take</th><th>measure</th><th>beat</th><th>at</th><th>what</th><th>sure</th></tr></thead>"
    )?;
    for (index, take) in session.takes.iter().enumerate() {
        for fault in &take.faults {
            let start = session.path.steps.get(fault.step as usize).map_or(0.0, |step| step.start.to_f64());
            writeln!(
                out,
                "<tr><td>{}</td><td>{}</td><td class=\"num\">{:.2}</td><td class=\"num\">{}</td><td>{}</td><td class=\"num\">{:.0} %</td></tr>",
                session.number(index as u32),
                escaped(&session.measure(fault.step)),
                fault.beat - start + 1.0,
                clock(fault.at),
                fault_words(fault),
                100.0 * fault.confidence
            )?;
        }
    }
    writeln!(out, "</table>")
}

/// Writes one row a path step: its number, the takes that hold it and those that hold it cleanly, by their numbers.
///
/// # Errors
/// The destination's.
pub fn write_coverage_csv(session: &SessionView<'_>, mut out: impl Write) -> io::Result<()> {
    let list = |takes: &[u32]| -> String {
        takes.iter().map(|&take| session.number(take).to_string()).collect::<Vec<_>>().join(" ")
    };
    write!(out, "step,measure,takes,clean")?;
    for part in session.parts {
        write!(out, ",{}", quoted(&format!("clean {}", part.name)))?;
    }
    write!(out, "\r\n")?;
    for (index, coverage) in session.coverage.iter().enumerate() {
        let measure = quoted(&session.measure(coverage.step));
        write!(out, "{},{measure},{},{}", coverage.step, list(&coverage.takes), list(&coverage.clean))?;
        for part in session.parts {
            write!(out, ",{}", part.steps.get(index).map_or(String::new(), |covered| list(&covered.clean)))?;
        }
        write!(out, "\r\n")?;
    }
    Ok(())
}

fn touches(take: &Take, step: u32) -> bool {
    take.stretches.iter().any(|stretch| (stretch.from_step..=stretch.to_step).contains(&step))
}

fn sure_faults(take: &Take, step: u32) -> usize {
    take.faults.iter().filter(|fault| fault.step == step && !fault.is_doubt()).count()
}

fn star(session: &SessionView<'_>, take: usize) -> &'static str {
    let starred = session
        .marks
        .iter()
        .any(|mark| mark.take == take as u32 && mark.step.is_none() && mark.decision == Decision::Star);
    if starred { " ★" } else { "" }
}

/// Text safe inside an element.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
