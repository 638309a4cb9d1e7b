//! The parameters' values, set by the host's numbers for them.

use super::made::Made;
use super::params::Parameters;
use crate::bridge::Bridge;
use nice_plug::prelude::{Param, ParamPtr, Params};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// The values of one instance.
pub struct Values {
    /// In the order of their numbers.
    parameters: Vec<Known>,
    /// What the pointers point into.
    params: Arc<Parameters>,
    bridge: Arc<Bridge>,
}

/// A parameter.
struct Known {
    id: u32,
    pointer: ParamPtr,
    /// By how much it is modulated, of 0-1: the bits of a 32-bit float.
    offset: AtomicU32,
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
        let known = |(id, pointer)| Known { id, pointer, offset: AtomicU32::default() };
        let mut parameters: Vec<Known> = ids.zip(pointers).map(known).collect();
        parameters.sort_by_key(|known| known.id);
        Some(Values { parameters, params, bridge })
    }

    fn known(&self, id: u32) -> Option<&Known> {
        self.parameters.binary_search_by_key(&id, |known| known.id).ok().map(|found| &self.parameters[found])
    }

    /// Its value without what modulates it, in the terms of [`Change::Stepped`]: a whole number where there are steps.
    pub fn stepped(&self, id: u32) -> Option<f64> {
        let pointer = self.known(id)?.pointer;
        // SAFETY: the pointer points into `params`.
        let (value, steps) = unsafe { (pointer.unmodulated_normalized_value(), pointer.step_count()) };
        Some(steps.map_or(f64::from(value), |steps| (f64::from(value) * steps as f64).round()))
    }

    /// Whether it has steps.
    pub fn has_steps(&self, id: u32) -> bool {
        // SAFETY: as above.
        self.known(id).is_some_and(|known| unsafe { known.pointer.step_count() }.is_some())
    }

    /// Whether it may be modulated: not what the latency depends on, for which a host would have to activate the plugin anew at every step, nor the
    /// bypass.
    pub fn is_modulatable(&self, id: u32) -> bool {
        let params = &self.params;
        let fixed = [
            params.timing.as_ptr(),
            params.decide_after.as_ptr(),
            params.minimum_note.as_ptr(),
            params.bypass.as_ptr(),
        ];
        self.known(id).is_some_and(|known| !fixed.contains(&known.pointer))
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
        let Some(known) = self.known(id) else { return false };
        let parameter = known.pointer;
        let (Change::Normalized(value) | Change::Stepped(value) | Change::Modulated(value)) = change;
        if !value.is_finite() {
            return false;
        }
        // SAFETY: the pointer points into `params`; the values are atomics.
        unsafe {
            let steps = parameter.step_count().unwrap_or(1) as f64;
            let set = |value: f64| {
                let offset = f32::from_bits(known.offset.load(Ordering::Relaxed));
                // The framework drops a value where what is heard stays the same, at an end of the range.
                if offset != 0.0 {
                    parameter._internal_modulate_value(0.0);
                }
                parameter._internal_set_normalized_value(value.clamp(0.0, 1.0) as f32);
                if offset != 0.0 {
                    parameter._internal_modulate_value(offset);
                }
            };
            match change {
                Change::Normalized(value) => set(value),
                Change::Stepped(value) => set(value / steps),
                Change::Modulated(by) => {
                    let offset = (by / steps).clamp(-1.0, 1.0) as f32;
                    known.offset.store(offset.to_bits(), Ordering::Relaxed);
                    parameter._internal_modulate_value(offset);
                }
            };
        }
        true
    }
}
