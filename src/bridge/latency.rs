//! The latency that the host is to compensate for.

use super::News;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

/// What it will be, in samples, by what is set now.
type Reckon = Box<dyn Fn() -> u32 + Send>;

/// The latency, and whether the host knows it. What the audio thread finds to be due the worker passes on.
#[derive(Default)]
pub struct Latency {
    samples: AtomicU32,
    /// It is another than the host was told.
    pub news: News,
    reckon: Mutex<Option<Reckon>>,
}

impl std::fmt::Debug for Latency {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Latency").field("samples", &self.samples).field("news", &self.news).finish()
    }
}

impl Latency {
    /// It is so many samples from now on.
    ///
    /// # Realtime safety
    /// Wait-free.
    pub fn set(&self, samples: u32) {
        if self.samples.swap(samples, Ordering::AcqRel) != samples {
            self.news.arise();
        }
    }

    /// In samples.
    pub fn samples(&self) -> u32 {
        self.samples.load(Ordering::Acquire)
    }

    /// How it is found, where the audio thread has yet to come to what was set.
    pub fn reckon_by(&self, reckon: impl Fn() -> u32 + Send + 'static) {
        *self.reckon.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(reckon));
    }

    /// Finds it so. Not for the audio thread.
    pub fn reckon(&self) {
        if let Some(reckon) = &*self.reckon.lock().unwrap_or_else(PoisonError::into_inner) {
            self.set(reckon());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Latency;

    #[test]
    fn it_is_news_where_it_is_another() {
        let latency = Latency::default();
        latency.reckon();
        latency.set(0);
        assert!(!latency.news.take());
        latency.set(480);
        assert!(latency.news.take() && latency.samples() == 480);
        latency.reckon_by(|| 480);
        latency.reckon();
        assert!(!latency.news.take());
        latency.reckon_by(|| 7);
        latency.reckon();
        assert!(latency.news.take() && latency.samples() == 7);
    }
}
