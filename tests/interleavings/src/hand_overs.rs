use loom::sync::atomic::{AtomicU64, Ordering};
use loom::sync::{Arc, Mutex};
use loom::thread;

/// A render that finds that the worker is done with a block finds its events too (`Tally::done`, stored after the events are in
/// their ring).
#[test]
fn a_render_sees_what_was_done() {
    loom::model(|| {
        let shared = Arc::new((AtomicU64::new(0), AtomicU64::new(0)));
        let worker = {
            let shared = shared.clone();
            thread::spawn(move || {
                let (event, done) = &*shared;
                for position in [1, 2] {
                    event.store(position, Ordering::Relaxed);
                    done.store(position, Ordering::Release);
                }
            })
        };
        let (event, done) = &*shared;
        let reached = done.load(Ordering::Acquire);
        assert!(event.load(Ordering::Relaxed) >= reached, "an event is not there that was told");
        worker.join().unwrap();
    });
}

/// A ring of which one thread fills what another empties, as far as the order of two of them depends on it: what is counted is
/// there (`rtrb`: the index is stored with release after the element, and loaded with acquire before it).
#[derive(Debug, Default)]
struct Ring {
    slots: [AtomicU64; 2],
    filled: AtomicU64,
}

impl Ring {
    /// Fills slot `at`, the next one. Only one thread fills a ring and knows how far it is, without a look: with one, loom would not
    /// try every order (it remembers the last access to an atomic only, and this would be it).
    fn push(&self, at: u64, value: u64) {
        self.slots[at as usize].store(value, Ordering::Relaxed);
        self.filled.store(at + 1, Ordering::Release);
    }

    fn filled(&self) -> u64 {
        self.filled.load(Ordering::Acquire)
    }

    fn at(&self, index: u64) -> u64 {
        self.slots[index as usize].load(Ordering::Relaxed)
    }
}

/// The audio thread marks the second of two samples; the worker takes what is there, and must have the mark if it has that sample.
fn a_mark_and_its_sample(samples_first: bool) {
    loom::model(move || {
        let rings = Arc::new((Ring::default(), Ring::default()));
        let audio = {
            let rings = rings.clone();
            thread::spawn(move || {
                let (samples, marks) = &*rings;
                samples.push(0, 10);
                // As `RealtimeEnd::push` does: the mark, and then the samples that it comes before.
                marks.push(0, 1);
                samples.push(1, 11);
            })
        };
        let (samples, marks) = &*rings;
        // As `Line::available` does.
        let (available, marked) = if samples_first {
            let available = samples.filled();
            (available, marks.filled())
        } else {
            let marked = marks.filled();
            (samples.filled(), marked)
        };
        for index in 0..available {
            assert_eq!(samples.at(index), 10 + index, "the sample itself");
            let is_known = (0..marked).any(|mark| marks.at(mark) == index);
            assert!(index == 0 || is_known, "a sample was heard whose mark was not seen");
        }
        audio.join().unwrap();
    });
}

#[test]
fn no_sample_is_heard_before_its_mark() {
    a_mark_and_its_sample(true);
}

/// The check can fail: looked at in the other order, a mark is missed.
#[test]
#[should_panic(expected = "a sample was heard whose mark was not seen")]
fn looked_at_in_the_other_order_a_mark_is_missed() {
    a_mark_and_its_sample(false);
}

/// What several instances share: who is told that the book changed finds the change in it (`Session::tell` after the edit, the
/// worker's `hear_of_book`).
#[test]
fn whoever_hears_of_news_finds_them() {
    loom::model(|| {
        let book = Arc::new((Mutex::new(0), AtomicU64::new(0)));
        let editors: Vec<_> = (0..2)
            .map(|_| {
                let book = book.clone();
                thread::spawn(move || {
                    *book.0.lock().unwrap() += 1;
                    book.1.fetch_add(1, Ordering::AcqRel);
                })
            })
            .collect();
        let news = book.1.load(Ordering::Acquire);
        assert!(*book.0.lock().unwrap() >= news, "heard of a change that is not there");
        editors.into_iter().for_each(|editor| editor.join().unwrap());
    });
}
