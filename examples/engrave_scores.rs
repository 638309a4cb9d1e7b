//! Engraves scores as the editor does, and says how much of a core's time it takes and which notes and measures are found.
//!
//! `cargo run --release --example engrave_scores -- [--at PERCENT] [--whole] FILE…`
//!
//! `--at`: what is looked at is a measure so far into the score. `--whole`: beside it the whole score in one piece, with the
//! share of its systems that begin with the same measure.

use colla_parte::bridge::{Bridge, Engraving, LoadedScore, ScoreSource as Source};
use colla_parte::engraving::{Breaks, Engraver, Painter, Paper};
use colla_parte::readers::source_with_ids;
use colla_parte::score::{Choice, PrintWish, PrintedPage, PrintedScore, Score, ScoreSource};
use colla_parte::writers::write_score_musicxml;
use std::collections::HashSet;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

/// The editor's score view at its usual size: 932 points wide, 7 points a staff space.
const WIDTH: f32 = 932.0 / 7.0;
/// One pixel a point.
const PIXELS_PER_SPACE: f32 = 7.0;
/// How often it is asked for news.
const GLANCE: Duration = Duration::from_millis(2);

fn main() -> Result<(), Box<dyn Error>> {
    let (mut at, mut whole) = (0.0, false);
    println!("note\tof\tmeasure\tof\tsystems\tread_ms\tfirst_ms\tall_ms\tpeak_MB\tscore");
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--at" => at = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(0.0) / 100.0,
            "--whole" => whole = true,
            path => {
                if let Err(error) = engrave(path, at, whole) {
                    println!("{path}: {error}");
                }
            }
        }
    }
    Ok(())
}

/// Engraves one score as the editor has it done; `whole`: in one piece as well.
fn engrave(path: &str, at: f64, whole: bool) -> Result<(), Box<dyn Error>> {
    let bytes: Arc<[u8]> = std::fs::read(path)?.into();
    let start = busy_ms();
    let source = Source { name: path.into(), bytes: bytes.clone(), choice: Choice::default() };
    let loaded = Arc::new(LoadedScore::read(source)?);
    let read_ms = busy_ms() - start;
    let last = loaded.score.measures.len().saturating_sub(1);
    let measure = (last as f64 * at).round() as u32;
    let bridge = Bridge::default();
    let wish = PrintWish {
        width: WIDTH,
        pixels_per_space: PIXELS_PER_SPACE,
        last: 2,
        measure,
        ..PrintWish::default()
    };
    bridge.engrave(loaded.clone(), wish);
    let mut first_ms = None;
    let printed = loop {
        match bridge.engraving(&loaded) {
            Engraving::Failed(reason) => return Err(reason.into()),
            Engraving::Ready(printed) => {
                first_ms.get_or_insert(busy_ms() - start);
                if printed.complete {
                    break printed;
                }
            }
            Engraving::Working => {}
        }
        std::thread::sleep(GLANCE);
    };
    let all_ms = busy_ms() - start;
    drop(bridge);
    let ([notes, of_notes], [measures, of_measures]) = found(&loaded.score, &printed.pages);
    println!(
        "{notes}\t{of_notes}\t{measures}\t{of_measures}\t{}\t{read_ms:.0}\t{:.0}\t{all_ms:.0}\t{}\t{path}",
        printed.pages.len(),
        first_ms.unwrap_or(all_ms),
        peak_mb().unwrap_or(0)
    );
    if whole {
        engrave_whole(&bytes, &loaded.score, &printed)?;
    }
    Ok(())
}

/// The whole score in one piece.
fn engrave_whole(bytes: &[u8], score: &Score, pieces: &PrintedScore) -> Result<(), Box<dyn Error>> {
    let start = busy_ms();
    let source = source(bytes, score)?;
    let pages = Engraver::find()?.pages(&source, Paper::Strips { width: WIDTH }, Breaks::Needed)?;
    let all_ms = busy_ms() - start;
    if let Some(first) = pages.first() {
        Painter::default().cover(first, PIXELS_PER_SPACE)?;
    }
    let first_ms = busy_ms() - start;
    let starts = |pages: &[Arc<PrintedPage>]| -> HashSet<u32> {
        pages.iter().filter_map(|page| page.measures.first()).map(|measure| measure.index).collect()
    };
    let pages: Vec<_> = pages.iter().map(|page| page.print.clone()).collect();
    let (as_whole, in_pieces) = (starts(&pages), starts(&pieces.pages));
    println!(
        "\twhole\t{} systems, {} alike\t{first_ms:.0}\t{all_ms:.0}\t{}",
        pages.len(),
        as_whole.intersection(&in_pieces).count(),
        peak_mb().unwrap_or(0)
    );
    Ok(())
}

fn source(bytes: &[u8], score: &Score) -> Result<String, Box<dyn Error>> {
    if score.source == ScoreSource::MusicXml {
        return Ok(source_with_ids(bytes)?);
    }
    let mut text = Vec::new();
    write_score_musicxml(score, &mut text)?;
    Ok(String::from_utf8(text)?)
}

/// Notes that sound and measures that are played: those with a box, and all there are.
fn found(score: &Score, pages: &[Arc<PrintedPage>]) -> ([usize; 2], [usize; 2]) {
    let boxed: HashSet<u32> = pages.iter().flat_map(|page| page.notes.iter().map(|note| note.id.0)).collect();
    let framed: HashSet<u32> =
        pages.iter().flat_map(|page| page.measures.iter().map(|measure| measure.index)).collect();
    let notes: HashSet<u32> = score.path.notes.iter().map(|note| note.id.0).collect();
    let measures: HashSet<u32> = score.path.steps.iter().map(|step| step.measure).collect();
    let both = |all: &HashSet<u32>, some: &HashSet<u32>| [all.intersection(some).count(), all.len()];
    (both(&notes, &boxed), both(&measures, &framed))
}

/// The most memory that this process has had, as Linux counts it.
fn peak_mb() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kb| kb / 1000)
}

/// Time that all threads of this process and the programs that it started and that ended have had on a core, as Linux counts it:
/// what else the machine does is not in it.
fn busy_ms() -> f64 {
    let threads = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let times = threads.filter_map(|thread| {
        let text = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse::<f64>().ok()
    });
    times.sum::<f64>() / 1e6 + ended_ms().unwrap_or(0.0)
}

/// Of the programs alone, to 10 ms: Linux counts their hundredths of a second.
fn ended_ms() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name, in brackets, may have spaces; after it comes the third field, and these are the 16th and 17th.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |field: usize| fields.get(field - 3)?.parse::<f64>().ok();
    Some((ticks(16)? + ticks(17)?) * 10.0)
}
