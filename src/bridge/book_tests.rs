//! The book in the bridge: what a crash leaves, and takes without end.

use super::tests::{RATE_HZ, connect, tiny_take, wait_for};
use super::{Bridge, HostTransport};
use crate::takes::SessionLog;
use std::time::Duration;

#[test]
fn what_a_project_did_not_save_comes_back_from_the_journal() {
    let folder = std::env::temp_dir().join(format!("colla-parte-bridge-journal-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    let bridge = Bridge::default();
    assert!(!bridge.keeps_journal(), "nobody agreed to one");
    bridge.shared().session().log().add(tiny_take(0)).unwrap();
    let saved = bridge.with_book(SessionLog::clone);
    bridge.keep_journal_in(Some(folder.clone()));
    bridge.shared().session().log().add(tiny_take(0)).unwrap();
    bridge.edit_book(crate::takes::Edit::Stars { take: 2, stars: 3 });
    // The thread that writes it ends with the bridge, after all that it was asked for.
    drop(bridge);
    for consent_first in [true, false] {
        let opened = Bridge::default();
        if consent_first {
            opened.keep_journal_in(Some(folder.clone()));
            opened.restore_book(saved.clone());
        } else {
            opened.restore_book(saved.clone());
            opened.keep_journal_in(Some(folder.clone()));
        }
        let stars =
            opened.with_book(|log| log.entries().map(|entry| entry.remarks.stars).collect::<Vec<_>>());
        assert_eq!(stars, [0, 3], "consent first: {consent_first}");
        wait_for(&opened, |snapshot| snapshot.messages.iter().any(|told| told.text.contains("journal")));
    }
    let without = Bridge::default();
    without.restore_book(saved);
    assert_eq!(without.with_book(|log| log.entries().count()), 1);
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_take_longer_than_four_hours_goes_on_as_the_next() {
    const BLOCK: usize = 512;
    let bridge = Bridge::default();
    let mut end = connect(&bridge);
    let block = [0.0; BLOCK];
    let length_s = 4.0 * 3600.0 + 30.0;
    for n in 0..(length_s * RATE_HZ) as usize / BLOCK {
        let position = Some((n * BLOCK) as i64);
        end.transport(HostTransport { known: true, playing: true, recording: true, position }, BLOCK);
        end.push(&block, None, 1.0);
        // The ring holds four seconds.
        if n % 32 == 31 {
            assert!(end.wait(Duration::from_secs(20)), "the worker never finished");
        }
    }
    for _ in 0..2 * RATE_HZ as usize / BLOCK {
        end.transport(HostTransport { known: true, ..HostTransport::default() }, BLOCK);
        end.push(&block, None, 1.0);
    }
    assert!(end.wait(Duration::from_secs(20)));
    let snapshot = wait_for(&bridge, |snapshot| {
        snapshot.book.entries.len() == 2 && snapshot.book.entries.iter().all(|entry| entry.recorded.exact)
    });
    let takes: Vec<(f64, f64)> = snapshot
        .book
        .entries
        .iter()
        .map(|entry| {
            let take = &entry.recorded.take;
            (entry.recorded.host_start_s.unwrap(), take.end.0 - take.start.0)
        })
        .collect();
    assert!(takes[0].0.abs() < 0.1 && (takes[0].1 - 14_400.0).abs() < 0.5, "{takes:?}");
    assert!((takes[1].0 - takes[0].1).abs() < 0.1 && (takes[1].1 - 30.0).abs() < 0.5, "{takes:?}");
    assert_eq!(snapshot.overload.dropped_samples, 0);
}
