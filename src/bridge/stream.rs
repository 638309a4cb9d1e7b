//! What the worker needs of the engine.

use crate::engine::{Engine, EngineConfig, EngineEvent, FollowCommand};
use crate::score::PlayingPath;
use std::sync::Arc;

/// A streaming engine, so that the worker can be tested with one that misbehaves.
pub(super) trait Stream: Sized {
    /// An engine for mono audio at `rate_hz`, or why there can be none.
    fn start(config: &EngineConfig, rate_hz: f64) -> Result<Self, String>;
    /// Takes new settings.
    fn configure(&mut self, config: &EngineConfig);
    /// Follows `path` from its beginning, or nothing.
    fn set_score(&mut self, path: Option<Arc<PlayingPath>>);
    /// Tells the follower something.
    fn command(&mut self, command: FollowCommand);
    /// Hears `samples`; what it has to say is appended to `events`.
    fn push(&mut self, samples: &[f32], events: &mut Vec<EngineEvent>);
    /// Is told that `missing` samples are missing here.
    fn gap(&mut self, missing: u64, events: &mut Vec<EngineEvent>);
    /// Lets out what is still on its way; the stream is over, or starts anew next.
    fn finish(&mut self, events: &mut Vec<EngineEvent>);
    /// Starts the stream anew at time zero; score and settings stay.
    fn reset(&mut self);
}

impl Stream for Engine {
    fn start(config: &EngineConfig, rate_hz: f64) -> Result<Engine, String> {
        let mut engine = Engine::new(config, rate_hz).map_err(|error| error.to_string())?;
        // The second pass of takes lives on it.
        engine.set_evidence(true);
        Ok(engine)
    }

    fn configure(&mut self, config: &EngineConfig) {
        self.set_config(config);
    }

    fn set_score(&mut self, path: Option<Arc<PlayingPath>>) {
        Engine::set_score(self, path);
    }

    fn command(&mut self, command: FollowCommand) {
        Engine::command(self, command);
    }

    fn push(&mut self, samples: &[f32], events: &mut Vec<EngineEvent>) {
        Engine::push(self, samples, events);
    }

    fn gap(&mut self, missing: u64, events: &mut Vec<EngineEvent>) {
        Engine::gap(self, missing, events);
    }

    fn finish(&mut self, events: &mut Vec<EngineEvent>) {
        Engine::finish(self, events);
    }

    fn reset(&mut self) {
        // What sounded is ended on the audio thread, which resets first.
        Engine::reset(self, &mut Vec::new());
    }
}
