//! What the framework makes and lets nobody look into.

use super::CollaParte;
use super::params::Parameters;
use crate::bridge::Bridge;
use nice_plug::prelude::AsyncExecutor;
use std::cell::RefCell;
use std::sync::{Arc, Weak};

/// What an instance has that both the framework and the object around it use.
#[derive(Default)]
pub struct Made {
    /// Its parameters.
    pub params: Weak<Parameters>,
    /// Its way to the worker.
    pub bridge: Weak<Bridge>,
    /// Has the framework do things on other threads.
    pub executor: Option<AsyncExecutor<CollaParte>>,
}

thread_local! {
    static LATEST: RefCell<Made> = RefCell::default();
}

impl Made {
    /// Remembers what this thread makes. The framework makes a plugin by its `Default`.
    pub fn remember(params: &Arc<Parameters>, bridge: &Arc<Bridge>) {
        let made = Made { params: Arc::downgrade(params), bridge: Arc::downgrade(bridge), executor: None };
        LATEST.replace(made);
    }

    /// The same of the executor, that the framework hands over next.
    pub fn remember_executor(executor: AsyncExecutor<CollaParte>) {
        LATEST.with_borrow_mut(|made| made.executor = Some(executor));
    }

    /// What this thread made last, once.
    pub fn latest() -> Made {
        LATEST.take()
    }
}
