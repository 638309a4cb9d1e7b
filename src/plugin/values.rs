//! The parameters' values, set by the host's numbers for them.

use super::made::Made;
use super::params::Parameters;
use crate::bridge::Bridge;
use nice_plug::prelude::{ParamPtr, Params};
use std::sync::Arc;

/// The values of one instance.
pub struct Values {
    /// Each with its number, in the order of the numbers.
    parameters: Vec<(u32, ParamPtr)>,
    /// What the pointers point into.
    _params: Arc<Parameters>,
    bridge: Arc<Bridge>,
}

/// What a host says of a parameter.
#[derive(Clone, Copy, Debug)]
pub enum Change {
    /// It has this value, of 0-1.
    Normalized(f64),
    /// The same, of a range that is as long as there are steps.
    Stepped(f64),
    /// It is heard as this much more than its value, in the terms of `Stepped`.
    Modulated(f64),
}

impl Values {
    /// Those of what was `made`, whose numbers are `ids`, in the same order. `None` if it is gone.
    pub fn new(made: &Made, ids: impl Iterator<Item = u32>) -> Option<Values> {
        let (params, bridge) = (made.params.upgrade()?, made.bridge.upgrade()?);
        let pointers = params.param_map().into_iter().map(|(_, pointer, _)| pointer);
        let mut parameters: Vec<_> = ids.zip(pointers).collect();
        parameters.sort_by_key(|&(id, _)| id);
        Some(Values { parameters, _params: params, bridge })
    }

    /// Makes one change, and tells the editor. `false` if there is no such parameter, or the number is none. Not for the audio thread.
    pub fn set(&self, id: u32, change: Change) -> bool {
        let known = self.set_quietly(id, change);
        if known {
            self.tell();
        }
        known
    }

    /// Has the editor look anew. Not for the audio thread.
    pub fn tell(&self) {
        self.bridge.tell();
    }

    /// Makes the changes that a block brings, one after the other: none is followed within a block.
    ///
    /// # Realtime safety
    /// Wait-free, as far as the host's list is.
    pub fn follow(&self, changes: impl Iterator<Item = (u32, Change)>) {
        let mut changed = false;
        for (id, change) in changes {
            changed |= self.set_quietly(id, change);
        }
        if changed {
            self.bridge.automated();
        }
    }

    fn set_quietly(&self, id: u32, change: Change) -> bool {
        let Ok(found) = self.parameters.binary_search_by_key(&id, |&(id, _)| id) else { return false };
        let parameter = self.parameters[found].1;
        let (Change::Normalized(value) | Change::Stepped(value) | Change::Modulated(value)) = change;
        if !value.is_finite() {
            return false;
        }
        // SAFETY: the pointer points into `_params`; the values are atomics.
        unsafe {
            let steps = parameter.step_count().unwrap_or(1) as f64;
            match change {
                Change::Normalized(value) => {
                    parameter._internal_set_normalized_value(value.clamp(0.0, 1.0) as f32)
                }
                Change::Stepped(value) => {
                    parameter._internal_set_normalized_value((value / steps).clamp(0.0, 1.0) as f32)
                }
                Change::Modulated(by) => {
                    parameter._internal_modulate_value((by / steps).clamp(-1.0, 1.0) as f32)
                }
            };
        }
        true
    }
}
