//! The latency that the host is to compensate for.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

/// Tells the host. Whether it will come to know. It must not look at the latency.
type Tell = Box<dyn Fn() -> bool + Send>;

/// What it will be, in samples, by what is set now.
type Reckon = Box<dyn Fn() -> u32 + Send>;

/// The latency, and whether the host knows it. What the audio thread finds to be due the worker passes on.
#[derive(Default)]
pub struct Latency {
    samples: AtomicU32,
    is_news: AtomicBool,
    host: Mutex<Host>,
}

#[derive(Default)]
struct Host {
    tell: Option<Tell>,
    listens: bool,
    reckon: Option<Reckon>,
}

impl std::fmt::Debug for Latency {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Latency").field("samples", &self.samples).field("is_news", &self.is_news).finish()
    }
}

impl Latency {
    /// It is so many samples from now on.
    ///
    /// # Realtime safety
    /// Wait-free.
    pub fn set(&self, samples: u32) {
        if self.samples.swap(samples, Ordering::AcqRel) != samples {
            self.is_news.store(true, Ordering::Release);
        }
    }

    /// In samples.
    pub fn samples(&self) -> u32 {
        self.samples.load(Ordering::Acquire)
    }

    /// How it is found, where the audio thread has yet to come to what was set.
    pub fn reckon_by(&self, reckon: impl Fn() -> u32 + Send + 'static) {
        self.host().reckon = Some(Box::new(reckon));
    }

    /// Finds it so. Not for the audio thread.
    pub fn reckon(&self) {
        if let Some(reckon) = &self.host().reckon {
            self.set(reckon());
        }
    }

    /// How the host is told, by the worker. Nobody is before [`Latency::listens`].
    pub fn tell_by(&self, tell: impl Fn() -> bool + Send + 'static) {
        self.host().tell = Some(Box::new(tell));
    }

    /// Whether the host is told of what comes to be due. When this returns nobody is telling it.
    pub fn listens(&self, listens: bool) {
        self.host().listens = listens;
    }

    /// Whether it is another than the host was told. It counts as told by that.
    pub fn take_news(&self) -> bool {
        self.is_news.swap(false, Ordering::AcqRel)
    }

    /// Tells the host, if there is news, and it listens.
    pub(super) fn pass_on(&self) {
        if !self.is_news.load(Ordering::Relaxed) {
            return;
        }
        let host = self.host();
        if let Some(tell) = host.tell.as_ref().filter(|_| host.listens)
            && self.take_news()
            && !tell()
        {
            self.is_news.store(true, Ordering::Release);
        }
    }

    fn host(&self) -> std::sync::MutexGuard<'_, Host> {
        self.host.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::Latency;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn a_host_that_listens_is_told_once_of_what_is_new() {
        let (latency, calls) = (Latency::default(), Arc::new(AtomicUsize::new(0)));
        let counted = calls.clone();
        // The first time it does not come through.
        latency.tell_by(move || counted.fetch_add(1, Ordering::Relaxed) > 0);
        let told = || {
            latency.pass_on();
            calls.load(Ordering::Relaxed)
        };
        latency.set(480);
        assert_eq!((latency.samples(), told()), (480, 0), "it does not listen yet");
        latency.listens(true);
        assert_eq!([told(), told(), told()], [1, 2, 2]);
        latency.set(480);
        assert_eq!(told(), 2, "it knows");
        latency.set(0);
        assert!(latency.take_news() && !latency.take_news());
        assert_eq!(told(), 2, "it was told otherwise");
        latency.listens(false);
        latency.set(7);
        assert_eq!(told(), 2);
        latency.listens(true);
        assert_eq!(told(), 3);
    }
}
