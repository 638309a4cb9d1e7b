//! Reads every score below the folders or files given, one after the other, and says how that went.
//!
//! `cargo run --release --no-default-features --example read_scores -- FOLDER`

use colla_parte::readers::read_score;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

fn main() {
    let mut files = Vec::new();
    for argument in std::env::args().skip(1) {
        collect(Path::new(&argument), &mut files);
    }
    files.sort();
    let (mut failed, mut total, mut slowest) = (0, Duration::ZERO, (Duration::ZERO, PathBuf::new()));
    let (mut measures, mut notes, mut steps) = (0, 0, 0);
    for file in &files {
        let bytes = match std::fs::read(file) {
            Ok(bytes) => bytes,
            Err(error) => {
                eprintln!("{}: {error}", file.display());
                continue;
            }
        };
        let start = Instant::now();
        let read = read_score(&bytes, "");
        let took = start.elapsed();
        total += took;
        if took > slowest.0 {
            slowest = (took, file.clone());
        }
        match read {
            Ok(score) => {
                measures += score.measures.len();
                notes += score.path.notes.len();
                steps += score.path.steps.len();
            }
            Err(error) => {
                failed += 1;
                println!("{}: {error}", file.display());
            }
        }
    }
    let mean_ms = total.as_secs_f64() * 1e3 / files.len().max(1) as f64;
    println!("{} files, {failed} failed; {measures} measures, played as {steps}, {notes} notes", files.len());
    println!(
        "{mean_ms:.2} ms mean, {:.0} ms at most ({})",
        slowest.0.as_secs_f64() * 1e3,
        slowest.1.display()
    );
    if let Some(peak) = peak_memory() {
        println!("peak memory {peak}");
    }
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) {
    if let Ok(entries) = std::fs::read_dir(path) {
        entries.flatten().for_each(|entry| collect(&entry.path(), files));
    } else if path
        .extension()
        .is_some_and(|e| ["mxl", "musicxml", "xml", "mid"].iter().any(|known| e == *known))
    {
        files.push(path.to_path_buf());
    }
}

/// The process's high-water mark, where the system tells.
fn peak_memory() -> Option<String> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    Some(line.trim_start_matches("VmHWM:").trim().to_string())
}
