//! The parameters' values, set by the host's numbers for them.

use super::super::params::Parameters;
use crate::bridge::Bridge;
use nice_plug::prelude::{ParamPtr, Params};
use nice_plug::wrapper::vst3::vst3::ComRef;
use nice_plug::wrapper::vst3::vst3::Steinberg::Vst::{
    IParamValueQueueTrait, IParameterChanges, IParameterChangesTrait, ParamID, ParamValue,
};
use nice_plug::wrapper::vst3::vst3::Steinberg::kResultOk;
use std::sync::Arc;

/// The values of one instance.
pub struct Values {
    /// Each with its number, in the order of the numbers.
    parameters: Vec<(ParamID, ParamPtr)>,
    /// What the pointers point into.
    _params: Arc<Parameters>,
    bridge: Arc<Bridge>,
}

impl Values {
    /// Those of `params`, whose numbers are `ids`, in the same order.
    pub fn new(params: Arc<Parameters>, bridge: Arc<Bridge>, ids: impl Iterator<Item = ParamID>) -> Values {
        let pointers = params.param_map().into_iter().map(|(_, pointer, _)| pointer);
        let mut parameters: Vec<_> = ids.zip(pointers).collect();
        parameters.sort_by_key(|&(id, _)| id);
        Values { parameters, _params: params, bridge }
    }

    /// Sets one, and tells the editor. `false` if there is no such parameter, or `value` is no number. Not for the audio thread.
    pub fn set(&self, id: ParamID, value: ParamValue) -> bool {
        let known = self.set_quietly(id, value);
        if known {
            self.bridge.tell();
        }
        known
    }

    /// Sets what a block brings, to the last value of each: none is followed within a block.
    ///
    /// # Realtime safety
    /// Wait-free, as far as the host's list is.
    pub fn follow(&self, changes: ComRef<'_, IParameterChanges>) {
        let mut changed = false;
        // SAFETY: calls without demands, on a list that the host keeps for the length of its own call.
        let queues = unsafe { changes.getParameterCount() };
        for queue in 0..queues {
            // SAFETY: as above; what it lends is null or lives as long as the list.
            let Some(queue) = (unsafe { ComRef::from_raw(changes.getParameterData(queue)) }) else {
                continue;
            };
            let (mut at, mut value) = (0, 0.0);
            // SAFETY: as above; the places for the results are locals.
            let (id, told) = unsafe {
                let last = queue.getPointCount() - 1;
                (queue.getParameterId(), last >= 0 && queue.getPoint(last, &mut at, &mut value) == kResultOk)
            };
            changed |= told && self.set_quietly(id, value);
        }
        if changed {
            self.bridge.automated();
        }
    }

    fn set_quietly(&self, id: ParamID, value: ParamValue) -> bool {
        let Ok(found) = self.parameters.binary_search_by_key(&id, |&(id, _)| id) else { return false };
        if !value.is_finite() {
            return false;
        }
        // SAFETY: the pointer points into `_params`; the value is an atomic.
        unsafe { self.parameters[found].1._internal_set_normalized_value(value.clamp(0.0, 1.0) as f32) };
        true
    }
}
