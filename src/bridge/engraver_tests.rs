//! The engraver's thread: what is asked for comes, what is not engravable is said, and nobody waits.

use super::{Bridge, Engraving, LoadedScore, ScoreSource};
use crate::score::{Choice, PrintWish, PrintedScore};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Longest wait: far beyond what any machine takes.
const PATIENCE: Duration = Duration::from_secs(120);

const SONG: &[u8] = include_bytes!("../../assets/demo/score.mxl");

fn loaded(bytes: &[u8]) -> Arc<LoadedScore> {
    let source = ScoreSource { name: "song".into(), bytes: bytes.into(), choice: Choice::default() };
    Arc::new(LoadedScore::read(source).unwrap())
}

fn wish(width: f32, first: u32, last: u32) -> PrintWish {
    PrintWish { width, pixels_per_space: 6.0, first, last }
}

/// What becomes of a wish.
fn outcome(bridge: &Bridge, score: &Arc<LoadedScore>, wish: PrintWish) -> Result<Arc<PrintedScore>, String> {
    bridge.engrave(score.clone(), wish);
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        match bridge.engraving(score) {
            Engraving::Ready(printed) if printed.complete && printed.answers(&wish) => return Ok(printed),
            Engraving::Failed(reason) => return Err(reason),
            _ => std::thread::sleep(Duration::from_millis(5)),
        }
    }
    panic!("nothing came of {wish:?}");
}

#[test]
fn what_is_looked_at_is_engraved_and_painted() {
    let bridge = Bridge::default();
    let score = loaded(SONG);
    let printed = outcome(&bridge, &score, wish(120.0, 0, 1)).unwrap();
    let pages = printed.pages.len();
    assert!(pages > 6, "{pages}");
    // Further down, in another width, and back.
    let end = pages as u32 - 1;
    let further = outcome(&bridge, &score, wish(120.0, end - 1, end)).unwrap();
    assert!(further.pictures.iter().any(|picture| picture.page == end));
    assert!(further.pictures.len() <= 16, "{} pictures are kept", further.pictures.len());
    let narrow = outcome(&bridge, &score, wish(70.0, 0, 1)).unwrap();
    assert!(narrow.pages.len() > pages);
    let again = outcome(&bridge, &score, wish(120.0, 0, 1)).unwrap();
    assert_eq!(again.pages, printed.pages, "the same width is the same layout");
}

#[test]
fn only_the_newest_width_is_laid_out() {
    let bridge = Bridge::default();
    let score = loaded(SONG);
    for width in 60..140 {
        bridge.engrave(score.clone(), wish(width as f32, 0, 1));
    }
    let printed = outcome(&bridge, &score, wish(140.0, 0, 1)).unwrap();
    assert_eq!(printed.width, 140.0);
}

#[test]
fn what_cannot_be_engraved_is_said_and_the_next_score_is_engraved() {
    let bridge = Bridge::default();
    let text = "<score-partwise><part id=\"P\"><measure number=\"1\"><note><pitch><step>C</step><octave>4</octave>\
                </pitch><duration>1</duration></note></measure></part></score-partwise>";
    let notes =
        "<note><pitch><step>C</step><octave>4</octave></pitch><duration>1</duration></note>".repeat(60_001);
    let huge = loaded(text.replace("</measure>", &format!("{notes}</measure>")).as_bytes());
    let reason = outcome(&bridge, &huge, wish(100.0, 0, 1)).unwrap_err();
    assert!(reason.contains("noteheads"), "{reason}");
    assert!(outcome(&bridge, &loaded(SONG), wish(100.0, 0, 1)).is_ok());
}

/// A bridge that ends while its engraver works takes the thread along.
#[test]
fn the_end_of_a_bridge_ends_its_engraver() {
    for _ in 0..3 {
        let bridge = Bridge::default();
        bridge.engrave(loaded(SONG), wish(100.0, 0, 2));
        drop(bridge);
    }
}
