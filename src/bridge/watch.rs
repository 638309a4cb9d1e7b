//! Who is told when there is something new to see.

use std::sync::{PoisonError, RwLock};

/// What is called when there is news, from whichever thread has it; it must neither wait nor look at the watch.
type Tell = Box<dyn Fn() + Send + Sync>;

/// The one who looks, while there is one. Never for the audio thread.
#[derive(Default)]
pub(super) struct Watch {
    tell: RwLock<Option<Tell>>,
}

impl std::fmt::Debug for Watch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watch").field("watched", &self.is_watched()).finish()
    }
}

impl Watch {
    /// Calls `tell` at every piece of news from now on, or nobody. Who was called before is not any more when this returns.
    pub fn set(&self, tell: Option<Tell>) {
        *self.tell.write().unwrap_or_else(PoisonError::into_inner) = tell;
    }

    /// Somebody looks.
    pub fn is_watched(&self) -> bool {
        self.tell.read().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// There is news.
    pub fn tell(&self) {
        if let Some(tell) = &*self.tell.read().unwrap_or_else(PoisonError::into_inner) {
            tell();
        }
    }
}
