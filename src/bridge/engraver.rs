//! The thread that has scores engraved; it runs from the first time that somebody looks at one.
//!
//! It is told what is looked at, which is the newest [`PrintWish`] alone; between two pieces of the score (see [`super::press`]) it
//! looks for a newer one. Pieces come in order, and before each further one the ink of what is looked at is painted. Where that
//! is far from the beginning, an excerpt around it comes first, and stands until the pages have come so far.

use super::LoadedScore;
use super::engraving_job::Job;
use super::watch::Watch;
use crate::engraving::{EngraveError, Engraver, Painter};
use crate::readers::{ScoreText, source_with_ids};
use crate::score::{PrintWish, PrintedScore, Score, ScoreSource};
use crate::writers::write_score_musicxml;
use arc_swap::ArcSwapOption;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TryRecvError, unbounded};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Another width is laid out only when it has not changed for so long: while a window is dragged it never rests.
const QUIET: Duration = Duration::from_millis(180);

/// Least time between two publications of a growing score.
const PUBLISH_EVERY: Duration = Duration::from_millis(150);

/// Pages before and after those looked at whose ink is painted and kept.
const NEIGHBOURS: u32 = 2;

/// The text of a score with more noteheads, some 300 bytes a head, is let go once its pages are there; for another width
/// it is made again.
const KEPT_NOTES: usize = 8_000;

/// A score of more noteheads is not engraved: its pages alone would take more than 100 MB.
const MAX_NOTES: usize = 60_000;

/// How far the engraving of a score is.
#[derive(Clone, Debug)]
pub enum Engraving {
    /// There is nothing to show yet.
    Working,
    /// It can't be engraved.
    Failed(String),
    /// These pages are there.
    Ready(Arc<PrintedScore>),
}

/// The newest engraving, and the bytes of the score that it is of.
#[derive(Debug)]
struct Newest {
    engraving: ArcSwapOption<(Arc<[u8]>, Engraving)>,
    watch: Arc<Watch>,
}

impl Newest {
    fn store(&self, of: Arc<[u8]>, engraving: Engraving) {
        self.engraving.store(Some(Arc::new((of, engraving))));
        self.watch.tell();
    }
}

/// The engraver's thread, as the others see it.
#[derive(Debug)]
pub(super) struct EngraverThread {
    newest: Arc<Newest>,
    thread: Mutex<Option<(Sender<Request>, JoinHandle<()>)>>,
    asked: Mutex<Option<Request>>,
    /// Ends what the engraver is at.
    stop: Arc<AtomicBool>,
}

/// What is looked at.
#[derive(Clone, Debug)]
struct Request {
    score: Arc<LoadedScore>,
    wish: PrintWish,
}

impl Request {
    fn is_of(&self, bytes: &Arc<[u8]>) -> bool {
        Arc::ptr_eq(&self.score.source.bytes, bytes)
    }
}

impl EngraverThread {
    /// One that tells `watch` when there are new pages. It starts when it is first asked.
    pub fn new(watch: Arc<Watch>) -> EngraverThread {
        let newest = Arc::new(Newest { engraving: ArcSwapOption::empty(), watch });
        EngraverThread { newest, thread: Mutex::default(), asked: Mutex::default(), stop: Arc::default() }
    }

    /// What there is of this score.
    pub fn newest(&self, score: &LoadedScore) -> Engraving {
        match &*self.newest.engraving.load() {
            Some(newest) if Arc::ptr_eq(&newest.0, &score.source.bytes) => newest.1.clone(),
            _ => Engraving::Working,
        }
    }

    /// Engraves this next, unless it was asked for already.
    pub fn ask(&self, score: Arc<LoadedScore>, wish: PrintWish) {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if asked.as_ref().is_some_and(|last| last.is_of(&score.source.bytes) && last.wish == wish) {
            return;
        }
        let request = Request { score, wish };
        *asked = Some(request.clone());
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if thread.is_none() {
            let (sender, requests) = unbounded();
            let (newest, stop) = (self.newest.clone(), self.stop.clone());
            let started = std::thread::Builder::new()
                .name("colla-parte-engraver".into())
                .spawn(move || Shop::new(requests, newest, stop).run());
            match started {
                Ok(handle) => *thread = Some((sender, handle)),
                Err(error) => {
                    let reason = format!("the system gives no thread for the engraver: {error}");
                    self.newest.store(request.score.source.bytes.clone(), Engraving::Failed(reason));
                }
            }
        }
        if let Some((sender, _)) = &*thread {
            let _ = sender.send(request);
        }
    }
}

impl Drop for EngraverThread {
    fn drop(&mut self) {
        let thread = self.thread.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((sender, handle)) = thread {
            drop(sender);
            self.stop.store(true, Ordering::Relaxed);
            // The host may unload the library next, so the thread must be gone.
            let _ = handle.join();
        }
    }
}

/// Why the work at one request ended before it was done.
enum Stop {
    /// Nobody asks any more.
    Over,
    /// Something else is asked for.
    Newer(Request),
}

/// The engraver at work.
struct Shop {
    requests: Receiver<Request>,
    newest: Arc<Newest>,
    stop: Arc<AtomicBool>,
    engraver: Option<Engraver>,
    painter: Painter,
    /// The text of the score that was engraved last.
    text: Option<(Arc<[u8]>, Arc<ScoreText>)>,
    job: Option<Job>,
    /// This score can't be engraved.
    refused: Option<Arc<[u8]>>,
    /// When pages were last shown to others.
    published: Option<Instant>,
}

impl Shop {
    fn new(requests: Receiver<Request>, newest: Arc<Newest>, stop: Arc<AtomicBool>) -> Shop {
        Shop {
            requests,
            newest,
            stop,
            engraver: None,
            painter: Painter::default(),
            text: None,
            job: None,
            refused: None,
            published: None,
        }
    }

    /// Works until nobody can ask any more.
    fn run(mut self) {
        let mut next = self.requests.recv().ok();
        while let Some(request) = next.take() {
            let stopped = catch_unwind(AssertUnwindSafe(|| self.serve(request.clone())));
            next = match stopped {
                Ok(Ok(())) => self.requests.recv().ok(),
                Ok(Err(Stop::Newer(newer))) => Some(newer),
                Ok(Err(Stop::Over)) => None,
                Err(_) => {
                    // What it had in hand may be broken.
                    self.job = None;
                    self.refuse(&request, "the engraver failed".into());
                    self.requests.recv().ok()
                }
            };
        }
    }

    /// The newest request that waits; an error if none will ever come.
    fn newer(&self) -> Result<Option<Request>, Stop> {
        let mut newest = None;
        loop {
            match self.requests.try_recv() {
                Ok(request) => newest = Some(request),
                Err(TryRecvError::Disconnected) if newest.is_none() => return Err(Stop::Over),
                Err(_) => return Ok(newest),
            }
        }
    }

    fn refuse(&mut self, request: &Request, reason: String) {
        let bytes = request.score.source.bytes.clone();
        self.refused = Some(bytes.clone());
        self.newest.store(bytes, Engraving::Failed(reason));
    }

    fn publish(&mut self) {
        if let Some((bytes, printed)) = self.job.as_mut().and_then(Job::news) {
            self.published = Some(Instant::now());
            self.newest.store(bytes, Engraving::Ready(Arc::new(printed)));
        }
    }

    /// Lays out what is asked for and paints what is looked at, until all is done or something else is asked for.
    fn serve(&mut self, mut request: Request) -> Result<(), Stop> {
        request = self.newer()?.unwrap_or(request);
        if self.refused.as_ref().is_some_and(|bytes| request.is_of(bytes)) {
            return Ok(());
        }
        if self.job.as_ref().is_some_and(|job| {
            job.is_of(&request.score.source.bytes)
                && !job.is_for(&request.score.source.bytes, request.wish.width)
        }) {
            request = self.quiet(request)?;
        }
        if !self.job.as_ref().is_some_and(|job| job.is_for(&request.score.source.bytes, request.wish.width)) {
            self.job = None;
            self.published = None;
            match self.begin(&request) {
                Ok(job) => self.job = Some(job),
                Err(error) => {
                    self.refuse(&request, error.to_string());
                    return Ok(());
                }
            }
        }
        loop {
            let done = match self.step(&request) {
                Ok(done) => done,
                Err(error) => {
                    self.job = None;
                    self.refuse(&request, error.to_string());
                    return Ok(());
                }
            };
            let due = self.published.is_none_or(|last| last.elapsed() >= PUBLISH_EVERY);
            let seen = self.job.as_ref().is_some_and(|job| job.unpainted(&request.wish, 0).is_none());
            if done || (due && seen) {
                self.publish();
            }
            if done {
                if request.score.score.notes.len() > KEPT_NOTES {
                    self.text = None;
                }
                return Ok(());
            }
            if let Some(newer) = self.newer()? {
                if !self
                    .job
                    .as_ref()
                    .is_some_and(|job| job.is_for(&newer.score.source.bytes, newer.wish.width))
                {
                    return Err(Stop::Newer(newer));
                }
                request = newer;
            }
        }
    }

    /// The newest request once none has come for a while.
    fn quiet(&self, mut request: Request) -> Result<Request, Stop> {
        loop {
            match self.requests.recv_timeout(QUIET) {
                Ok(newer) => request = newer,
                Err(RecvTimeoutError::Timeout) => return Ok(request),
                Err(RecvTimeoutError::Disconnected) => return Err(Stop::Over),
            }
        }
    }

    /// Begins with a score.
    fn begin(&mut self, request: &Request) -> Result<Job, EngraveError> {
        let bytes = request.score.source.bytes.clone();
        let text = match &self.text {
            Some((known, text)) if request.is_of(known) => text.clone(),
            _ => {
                let source = engraving_source(&request.score)?;
                Engraver::examine(&source)?;
                let text = Arc::new(ScoreText::of(source).map_err(|_| EngraveError::Unreadable)?);
                self.text = Some((bytes.clone(), text.clone()));
                text
            }
        };
        Ok(Job::new(bytes, text, request.wish.width))
    }

    /// Does what is most wanted; true when nothing is left to do.
    fn step(&mut self, request: &Request) -> Result<bool, EngraveError> {
        let Some(job) = &mut self.job else { return Ok(true) };
        let wish = request.wish;
        if let Some(page) = job.unpainted(&wish, 0) {
            job.paint(&self.painter, page, &wish)?;
            return Ok(false);
        }
        if !job.is_done() {
            let engraver = match &self.engraver {
                Some(engraver) => engraver,
                None => self.engraver.insert(Engraver::find()?.stopped_by(self.stop.clone())),
            };
            job.advance(engraver, &wish)?;
            return Ok(false);
        }
        match job.unpainted(&wish, NEIGHBOURS) {
            Some(page) => job.paint(&self.painter, page, &wish).map(|()| false),
            None => Ok(true),
        }
    }
}

/// MusicXML with our ids: the document itself, or one made of what a MIDI file says.
fn engraving_source(loaded: &LoadedScore) -> Result<String, EngraveError> {
    let score: &Score = &loaded.score;
    if score.notes.len() > MAX_NOTES {
        return Err(EngraveError::TooLarge { what: "noteheads", limit: MAX_NOTES, found: score.notes.len() });
    }
    match score.source {
        ScoreSource::MusicXml => source_with_ids(&loaded.source.bytes).map_err(|_| EngraveError::Unreadable),
        ScoreSource::QuantisedMidi | ScoreSource::PerformedMidi => {
            let mut text = Vec::new();
            write_score_musicxml(score, &mut text).map_err(|_| EngraveError::Unreadable)?;
            String::from_utf8(text).map_err(|_| EngraveError::Unreadable)
        }
    }
}
