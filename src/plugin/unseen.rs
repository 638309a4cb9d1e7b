//! An instance without host and window.

use super::app::EditorApp;
use super::params::Parameters;
use crate::bridge::{Bridge, RealtimeEnd, Schedule, ScoreSource, Timing};
#[cfg(feature = "engrave")]
use crate::editor::EngravingSlot;
use crate::editor::View;
#[cfg(feature = "engrave")]
use crate::score::PrintWish;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Longest wait for the worker, at each step.
const PATIENCE: Duration = Duration::from_secs(10);

/// Longest wait for the engraver.
#[cfg(feature = "engrave")]
const ENGRAVER_PATIENCE: Duration = Duration::from_secs(60);

/// One instance of the plugin, its editor included, that neither a host nor a window holds: for pictures of what the
/// editor shows while something is playing.
pub struct Unseen {
    app: EditorApp,
    bridge: Arc<Bridge>,
    end: RealtimeEnd,
    rate_hz: f64,
    events: Schedule,
}

impl Unseen {
    /// An instance that hears at `rate_hz`; `None` if the system gives no thread.
    pub fn new(rate_hz: f64, largest_block: usize) -> Option<Unseen> {
        let bridge = Arc::new(Bridge::default());
        let params = Arc::new(Parameters::new(bridge.clone()));
        bridge.settings().store(&params.engine_config());
        let end = bridge.connect(rate_hz, largest_block)?;
        let app = EditorApp::new(params, bridge.clone());
        Some(Unseen { app, bridge, end, rate_hz, events: Schedule::new(4096) })
    }

    /// Loads a score; what is heard from now on is followed in it.
    pub fn load_score(&self, source: ScoreSource) {
        self.bridge.load_score(source);
    }

    /// Loads a score's file as the editor does: what becomes of it is seen in the view.
    pub fn open_score(&self, path: PathBuf) {
        self.bridge.load_score_file(path);
    }

    /// Hears one block, and waits until the worker has.
    pub fn hear(&mut self, block: &[f32]) {
        let start = self.end.now();
        self.end.push(block, None, 1.0);
        self.end.wait(PATIENCE);
        self.end.collect(&mut self.events, Timing::Live, start);
        self.events.take_until(u64::MAX, |_, _| {});
    }

    /// What the editor shows once all is heard that was played.
    pub fn view(&mut self) -> View {
        let start = Instant::now();
        loop {
            let view = self.app.view();
            let behind_s = self.end.now() as f64 / self.rate_hz - view.now.0;
            if behind_s < 1e-6 || start.elapsed() > PATIENCE {
                return view;
            }
            self.end.doze();
        }
    }

    /// Asks for pages as the editor does, without waiting for them.
    #[cfg(feature = "engrave")]
    pub fn engrave(&self, wish: PrintWish) {
        if let Some(loaded) = self.bridge.snapshot().score.clone() {
            self.bridge.engrave(loaded, wish);
        }
    }

    /// The pages that the editor asks for, once they are there.
    #[cfg(feature = "engrave")]
    pub fn engraved(&mut self, wish: PrintWish) -> EngravingSlot {
        let start = Instant::now();
        loop {
            self.engrave(wish);
            let engraving = self.app.view().engraving;
            let there = match &engraving {
                EngravingSlot::Ready(printed) => printed.complete && printed.answers(&wish),
                EngravingSlot::Failed(_) | EngravingSlot::Unavailable => true,
                EngravingSlot::Working => false,
            };
            if there || start.elapsed() > ENGRAVER_PATIENCE {
                return engraving;
            }
            self.end.doze();
        }
    }
}
