//! Engraves scores as the editor does, and says how much of a core's time it takes and which notes and measures are found.
//!
//! `cargo run --release --example engrave_scores -- FILE…`

use colla_parte::engraving::{EngravedPage, Engraver, Painter, Paper, resources};
use colla_parte::readers::{read_score, source_with_ids};
use colla_parte::score::{Score, ScoreSource};
use colla_parte::writers::write_score_musicxml;
use std::collections::HashSet;
use std::error::Error;

/// The editor's score view at its usual size: 932 points wide, 7 points a staff space.
const WIDTH: f32 = 932.0 / 7.0;
/// One pixel a point.
const PIXELS_PER_SPACE: f32 = 7.0;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = resources::usual_folder();
    resources::unpack(&folder)?;
    println!("note\tof\tmeasure\tof\tsystems\tfirst_ms\tall_ms\tpaint_ms\tagain_ms\tsvg_MB\tpeak_MB\tscore");
    for path in std::env::args().skip(1) {
        if let Err(error) = engrave(&path, &folder) {
            println!("{path}: {error}");
        }
    }
    Ok(())
}

fn engrave(path: &str, folder: &std::path::Path) -> Result<(), Box<dyn Error>> {
    let bytes = std::fs::read(path)?;
    let score = read_score(&bytes, path)?;
    let start = busy_ms();
    let ms = |start: f64| busy_ms() - start;
    let source = source(&bytes, &score)?;
    let mut engraver = Engraver::new(folder)?;
    let painter = Painter::default();
    let count = engraver.load(&source, Paper::Strips { width: WIDTH })?;
    let first = engraver.page(0)?;
    painter.cover(&first, PIXELS_PER_SPACE)?;
    let first_ms = ms(start);
    let pages = (0..count).map(|index| engraver.page(index)).collect::<Result<Vec<_>, _>>()?;
    let all_ms = ms(start);
    let start = busy_ms();
    let painted = pages.len().min(20);
    for page in &pages[..painted] {
        painter.cover(page, PIXELS_PER_SPACE)?;
    }
    let paint_ms = ms(start) / painted as f64;
    let start = busy_ms();
    engraver.lay_out(Paper::Strips { width: WIDTH * 0.8 })?;
    let again_ms = ms(start);
    let svg_mb = pages.iter().map(|page| page.svg.len()).sum::<usize>() as f64 / 1e6;
    let ([notes, of_notes], [measures, of_measures]) = found(&score, &pages);
    println!(
        "{notes}\t{of_notes}\t{measures}\t{of_measures}\t{count}\t{first_ms:.0}\t{all_ms:.0}\t{paint_ms:.1}\t{again_ms:.0}\t{svg_mb:.1}\t{}\t{path}",
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
fn found(score: &Score, pages: &[EngravedPage]) -> ([usize; 2], [usize; 2]) {
    let boxed: HashSet<u32> =
        pages.iter().flat_map(|page| page.print.notes.iter().map(|note| note.id.0)).collect();
    let framed: HashSet<u32> =
        pages.iter().flat_map(|page| page.print.measures.iter().map(|measure| measure.index)).collect();
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

/// Time that this thread has had on a core, as Linux counts it: what else the machine does is not in it.
fn busy_ms() -> f64 {
    let times = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    times.split_whitespace().next().and_then(|ns| ns.parse::<f64>().ok()).map_or(0.0, |ns| ns / 1e6)
}
