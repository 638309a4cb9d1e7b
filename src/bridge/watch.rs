//! Who is told when there is something new to see.

use arc_swap::ArcSwapOption;

/// What is called when there is news, from whichever thread has it; it must not wait.
type Tell = Box<dyn Fn() + Send + Sync>;

/// The one who looks, while there is one. Never for the audio thread.
#[derive(Default)]
pub(super) struct Watch {
    tell: ArcSwapOption<Tell>,
}

impl std::fmt::Debug for Watch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watch").field("watched", &self.is_watched()).finish()
    }
}

impl Watch {
    /// Calls `tell` at every piece of news from now on, or nobody.
    pub fn set(&self, tell: Option<Tell>) {
        self.tell.store(tell.map(std::sync::Arc::new));
    }

    /// Somebody looks.
    pub fn is_watched(&self) -> bool {
        self.tell.load().is_some()
    }

    /// There is news.
    pub fn tell(&self) {
        if let Some(tell) = &*self.tell.load() {
            tell();
        }
    }
}
