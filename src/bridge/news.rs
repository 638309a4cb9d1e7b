//! Something that the host is to be told once it is so.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Tells the host. Whether it will come to know; if not, it is tried again with the worker's next round. It must not look at the news.
type Tell = Box<dyn Fn() -> bool + Send>;

/// What one thread finds to be so, and the worker passes on.
#[derive(Default)]
pub struct News {
    is_news: AtomicBool,
    host: Mutex<Host>,
}

#[derive(Default)]
struct Host {
    tell: Option<Tell>,
    listens: bool,
}

impl std::fmt::Debug for News {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("News").field(&self.is_news).finish()
    }
}

impl News {
    /// It is so, and the host does not know.
    ///
    /// # Realtime safety
    /// Wait-free.
    pub fn arise(&self) {
        self.is_news.store(true, Ordering::Release);
    }

    /// How the host is told, by the worker. Nobody is before [`News::listens`].
    pub fn tell_by(&self, tell: impl Fn() -> bool + Send + 'static) {
        self.host().tell = Some(Box::new(tell));
    }

    /// Whether the host is told. When this returns nobody is telling it.
    pub fn listens(&self, listens: bool) {
        self.host().listens = listens;
    }

    /// Whether the host has yet to be told. It counts as told by that.
    pub fn take(&self) -> bool {
        self.is_news.swap(false, Ordering::AcqRel)
    }

    /// Tells the host, if there is news, and it listens. Whether it was told.
    pub(super) fn pass_on(&self) -> bool {
        if !self.is_news.load(Ordering::Relaxed) {
            return false;
        }
        let host = self.host();
        let Some(tell) = host.tell.as_ref().filter(|_| host.listens) else { return false };
        if !self.take() {
            return false;
        }
        let told = tell();
        if !told {
            self.arise();
        }
        told
    }

    fn host(&self) -> MutexGuard<'_, Host> {
        self.host.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::News;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn a_host_that_listens_is_told_once_of_what_is_new() {
        let (news, calls) = (News::default(), Arc::new(AtomicUsize::new(0)));
        let counted = calls.clone();
        // The first time it does not come through.
        news.tell_by(move || counted.fetch_add(1, Ordering::Relaxed) > 0);
        let told = || {
            news.pass_on();
            calls.load(Ordering::Relaxed)
        };
        news.arise();
        assert_eq!(told(), 0, "it does not listen yet");
        news.listens(true);
        assert_eq!([told(), told(), told()], [1, 2, 2]);
        news.arise();
        assert!(news.take() && !news.take());
        assert_eq!(told(), 2, "it was told otherwise");
        news.listens(false);
        news.arise();
        assert_eq!(told(), 2);
        news.listens(true);
        assert_eq!(told(), 3);
    }
}
