//! The thread that a host processes on, which is not the one that makes instances.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

type Job = Box<dyn FnOnce() + Send>;

/// One thread, that waits for what it is to do.
struct AudioThread {
    jobs: SyncSender<Job>,
    done: Receiver<()>,
}

impl AudioThread {
    fn start() -> AudioThread {
        let (jobs, todo) = sync_channel::<Job>(0);
        let (tell, done) = sync_channel(0);
        // It ends with the thread whose it is, by the channel.
        std::thread::spawn(move || {
            for job in todo {
                job();
                if tell.send(()).is_err() {
                    break;
                }
            }
        });
        AudioThread { jobs, done }
    }
}

thread_local! {
    static AUDIO: AudioThread = AudioThread::start();
}

/// Does `job` on the audio thread of this one, and comes back when it is done. Within a job [`crate::AudioSide::process`] is for
/// that thread to call; [`crate::Instance::process`] would have an audio thread of its own.
///
/// # Panics
/// If `job` does.
pub fn on_audio_thread<T>(job: impl FnOnce() -> T) -> T {
    struct Lent<J>(J);
    // SAFETY: this thread does nothing until the job is done, so that nothing in it is used by two at once; both formats let a thread process
    // that did not make the instance.
    unsafe impl<J> Send for Lent<J> {}
    impl<J: FnOnce()> Lent<J> {
        fn run(self) {
            self.0();
        }
    }
    let mut result = None;
    let lent = Lent(|| result = Some(job()));
    let job: Box<dyn FnOnce() + Send + '_> = Box::new(move || lent.run());
    // SAFETY: the job is gone when `done` comes, or when the thread has ended; before that this function does not return.
    let job = unsafe { std::mem::transmute::<Box<dyn FnOnce() + Send + '_>, Job>(job) };
    AUDIO.with(|audio| {
        // Either fails where the thread has ended, by a panic.
        let _ = audio.jobs.send(job);
        let _ = audio.done.recv();
    });
    result.expect("the audio thread panicked")
}
