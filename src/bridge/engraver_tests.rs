//! The engraver's thread: what is asked for comes, what is not engravable is said, and nobody waits.

use super::{Bridge, Engraving, LoadedScore, ScoreSource};
use crate::readers::source_with_ids;
use crate::score::{Choice, PrintWish, PrintedScore};
use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Longest wait: far beyond what any machine takes.
const PATIENCE: Duration = Duration::from_secs(120);

const SONG: &[u8] = include_bytes!("../../assets/demo/score.mxl");

fn loaded(bytes: &[u8]) -> Arc<LoadedScore> {
    let source = ScoreSource { name: "song".into(), bytes: bytes.into(), choice: Choice::default() };
    Arc::new(LoadedScore::read(source).unwrap())
}

fn wish(width: f32, first: u32, last: u32) -> PrintWish {
    PrintWish { width, pixels_per_space: 6.0, first, last, ..PrintWish::default() }
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
    // Verovio divides by it.
    let song = source_with_ids(SONG).unwrap();
    let deadly = loaded(song.replace("<beat-type>8</beat-type>", "<beat-type>0</beat-type>").as_bytes());
    let reason = outcome(&bridge, &deadly, wish(100.0, 0, 1)).unwrap_err();
    assert!(reason.contains("did not survive"), "{reason}");
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

/// Two players, one on two staves, so many measures of four quarters; a slur hangs over every second measure line, and
/// clef, key and meter change on the way.
fn long_score(measures: usize) -> Arc<LoadedScore> {
    let mut text = String::from(
        "<score-partwise version=\"4.0\"><part-list><score-part id=\"A\"><part-name>Oboe</part-name>\
         <part-abbreviation>Ob.</part-abbreviation></score-part><score-part id=\"B\"><part-name>Piano</part-name>\
         </score-part></part-list>",
    );
    for part in ["A", "B"] {
        write!(text, "<part id=\"{part}\">").unwrap();
        for measure in 0..measures {
            write!(text, "<measure number=\"{}\">", measure + 1).unwrap();
            if measure == 0 {
                let staves = if part == "B" { "<staves>2</staves>" } else { "" };
                let clefs = "<clef number=\"1\"><sign>G</sign><line>2</line></clef>";
                write!(
                    text,
                    "<attributes><divisions>1</divisions><key><fifths>2</fifths></key><time><beats>4</beats>\
                     <beat-type>4</beat-type></time>{staves}{clefs}</attributes>"
                )
                .unwrap();
            }
            if measure == measures / 2 {
                let key = "<attributes><key><fifths>-3</fifths></key></attributes>";
                write!(text, "{key}<barline location=\"left\"><bar-style>light-light</bar-style></barline>")
                    .unwrap();
            }
            for beat in 0..4 {
                let step = ["C", "D", "E", "F", "G", "A", "B"][(measure + beat) % 7];
                let slur = match (measure % 2, beat) {
                    (0, 2) => "<notations><slur type=\"start\" number=\"1\"/></notations>",
                    (1, 1) => "<notations><slur type=\"stop\" number=\"1\"/></notations>",
                    _ => "",
                };
                write!(
                    text,
                    "<note><pitch><step>{step}</step><octave>4</octave></pitch><duration>1</duration><voice>1</voice>\
                     <type>quarter</type><staff>1</staff>{slur}</note>"
                )
                .unwrap();
            }
            if part == "B" {
                text.push_str(
                    "<backup><duration>4</duration></backup><note><pitch><step>C</step><octave>3</octave></pitch>\
                     <duration>4</duration><voice>2</voice><type>whole</type><staff>2</staff></note>",
                );
            }
            text.push_str("</measure>");
        }
        text.push_str("</part>");
    }
    text.push_str("</score-partwise>");
    loaded(text.as_bytes())
}

/// The first pages that come.
fn first(bridge: &Bridge, score: &Arc<LoadedScore>, wish: PrintWish) -> Arc<PrintedScore> {
    bridge.engrave(score.clone(), wish);
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        match bridge.engraving(score) {
            Engraving::Ready(printed) => return printed,
            Engraving::Failed(reason) => panic!("{reason}"),
            Engraving::Working => std::thread::sleep(Duration::from_millis(1)),
        }
    }
    panic!("nothing came of {wish:?}");
}

fn holds(printed: &PrintedScore, measure: u32) -> bool {
    printed.pages.iter().any(|page| page.measures.iter().any(|one| one.index == measure))
}

/// A long score comes in pieces: every note and measure once, in order, on full systems, whatever was looked at first.
#[test]
fn what_is_looked_at_comes_before_the_rest_and_the_pages_are_the_same_in_the_end() {
    let score = long_score(400);
    let bridge = Bridge::default();
    let begun = first(&bridge, &score, wish(120.0, 0, 1));
    assert!(!begun.excerpt && holds(&begun, 0));
    let whole = outcome(&bridge, &score, wish(120.0, 0, 1)).unwrap();
    let mut heads = HashMap::new();
    for note in whole.pages.iter().flat_map(|page| &page.notes) {
        *heads.entry(note.id.0).or_insert(0) += 1;
    }
    assert!(score.score.path.notes.iter().all(|note| heads.get(&note.id.0) == Some(&1)));
    let measures: Vec<u32> =
        whole.pages.iter().flat_map(|page| &page.measures).map(|one| one.index).collect();
    assert_eq!(measures, (0..400).collect::<Vec<_>>());
    for (number, page) in whole.pages.iter().enumerate().rev().skip(1) {
        let right = page.measures.last().unwrap().area.right;
        assert!(right > 117.0, "system {number} ends at {right}");
    }
    // Systems do not know which piece they came in: they are as high as their neighbours.
    let heights: HashSet<u32> = whole.pages.iter().map(|page| page.measures[0].area.bottom as u32).collect();
    assert!(heights.len() < 6, "{heights:?}");

    // Another bridge is asked for a place near the end.
    let bridge = Bridge::default();
    let late = PrintWish { measure: 330, ..wish(120.0, 0, 1) };
    let begun = first(&bridge, &score, late);
    assert!(begun.excerpt && !begun.complete && holds(&begun, 330) && !holds(&begun, 0));
    assert!(!begun.pictures.is_empty(), "it can be seen");
    let done = outcome(&bridge, &score, late).unwrap();
    assert_eq!(done.pages, whole.pages);
}

/// Who asks for another score need not wait until this one is done.
#[test]
fn another_score_comes_while_a_long_one_is_engraved() {
    let (long, song) = (long_score(1_000), loaded(SONG));
    let bridge = Arc::new(Bridge::default());
    let was_done = Arc::new(AtomicBool::new(false));
    let (asking, first, next, done) = (bridge.clone(), long.clone(), song.clone(), was_done.clone());
    // The engraver's own thread says that there are pages: at the first of them the song is asked for.
    bridge.watch(move || {
        if let Engraving::Ready(printed) = asking.engraving(&first) {
            done.fetch_or(printed.complete, Ordering::Relaxed);
            asking.engrave(next.clone(), wish(120.0, 0, 1));
        }
    });
    bridge.engrave(long, wish(120.0, 0, 1));
    let start = Instant::now();
    while !matches!(bridge.engraving(&song), Engraving::Ready(printed) if printed.complete) {
        assert!(start.elapsed() < PATIENCE, "the song does not come");
        std::thread::sleep(Duration::from_millis(5));
    }
    bridge.unwatch();
    assert!(!was_done.load(Ordering::Relaxed), "the long one was put away");
}
