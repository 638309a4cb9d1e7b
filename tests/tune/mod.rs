//! What the tests of the command share: made-up recordings and their scores, and the command as a process.
#![allow(dead_code)] // Each test uses its part of it.

use std::f64::consts::TAU;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A folder of this test's own, empty at first.
pub fn scratch(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("command-{name}"));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

pub fn colla_parte(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_colla-parte")).args(arguments).output().unwrap()
}

pub fn text(path: &Path) -> String {
    path.display().to_string()
}

/// Struck tones with eight falling partials: (onset s, MIDI pitch), each a second long.
pub fn struck(notes: &[(f64, u8)], rate: u32, seconds: f64) -> Vec<f32> {
    let mut samples = vec![0.0f64; (seconds * f64::from(rate)) as usize];
    for &(onset, pitch) in notes {
        let hz = 440.0 * ((f64::from(pitch) - 69.0) / 12.0).exp2();
        let first = (onset * f64::from(rate)) as usize;
        for (n, sample) in samples.iter_mut().skip(first).take(rate as usize).enumerate() {
            let t = n as f64 / f64::from(rate);
            let envelope = (t / 0.004).min(1.0) * (-3.0 * t).exp() * ((1.0 - t) / 0.02).clamp(0.0, 1.0);
            for h in 1..=8 {
                let partial = hz * f64::from(h);
                if partial < f64::from(rate) * 0.45 {
                    *sample += 0.12 * envelope * (TAU * partial * t).sin() / f64::from(h);
                }
            }
        }
    }
    samples.into_iter().map(|x| x as f32).collect()
}

/// 32-bit float wav.
pub fn wav(samples: &[f32], rate: u32, channels: u16) -> Vec<u8> {
    let size = samples.len() as u32 * 4;
    let mut bytes = vec![];
    bytes.extend(b"RIFF");
    bytes.extend((36 + size).to_le_bytes());
    bytes.extend(b"WAVEfmt ");
    bytes.extend(16u32.to_le_bytes());
    bytes.extend(3u16.to_le_bytes());
    bytes.extend(channels.to_le_bytes());
    bytes.extend(rate.to_le_bytes());
    bytes.extend((rate * 4 * u32::from(channels)).to_le_bytes());
    bytes.extend((4 * channels).to_le_bytes());
    bytes.extend(32u16.to_le_bytes());
    bytes.extend(b"data");
    bytes.extend(size.to_le_bytes());
    samples.iter().for_each(|sample| bytes.extend(sample.to_le_bytes()));
    bytes
}

/// A tune of `notes` quarter notes at 120 to the minute, from half a second on.
pub fn long_tune(notes: usize) -> Vec<(f64, u8)> {
    let pitch = |n: usize| [60, 64, 67, 62, 65, 69, 59, 72][n % 8];
    (0..notes).map(|n| (0.5 + 0.5 * n as f64, pitch(n))).collect()
}

/// Quarter notes in common time at 120 to the minute.
pub fn score_of(tune: &[(f64, u8)]) -> String {
    let mut xml = String::from(
        "<score-partwise version=\"4.0\"><part-list><score-part id=\"P1\"><part-name>Tune</part-name>\
         </score-part></part-list><part id=\"P1\">",
    );
    for (n, measure) in tune.chunks(4).enumerate() {
        xml += &format!("<measure number=\"{}\">", n + 1);
        if n == 0 {
            xml += "<attributes><divisions>1</divisions><time><beats>4</beats><beat-type>4</beat-type></time>\
                    </attributes><sound tempo=\"120\"/>";
        }
        for &(_, pitch) in measure {
            let (step, alter) = [
                ("C", 0),
                ("C", 1),
                ("D", 0),
                ("D", 1),
                ("E", 0),
                ("F", 0),
                ("F", 1),
                ("G", 0),
                ("G", 1),
                ("A", 0),
                ("A", 1),
                ("B", 0),
            ][usize::from(pitch % 12)];
            xml += &format!(
                "<note><pitch><step>{step}</step><alter>{alter}</alter><octave>{}</octave></pitch>\
                 <duration>1</duration><type>quarter</type></note>",
                pitch / 12 - 1
            );
        }
        xml += "</measure>";
    }
    xml + "</part></score-partwise>"
}

/// Fails with exit 1 and one line `error: ...` that names `file` and says `reason`.
pub fn assert_refused(arguments: &[&str], file: &Path, reason: &str) {
    assert_failed(&colla_parte(arguments), file, reason);
}

/// The same of what came out already.
pub fn assert_failed(output: &Output, file: &Path, reason: &str) {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), 1, "{said}");
    assert!(lines[0].starts_with(&format!("error: {}: ", file.display())), "{said}");
    assert!(lines[0].contains(reason), "{said} does not say {reason:?}");
}
