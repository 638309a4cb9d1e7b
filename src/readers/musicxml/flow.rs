//! Settles what only the whole score can tell about its signs.

use crate::score::Measure;

/// Two coda signs, of which none is called "To Coda", are the way out and the coda itself.
pub(super) fn settle(measures: &mut [Measure]) {
    let Some(jump) = measures.iter().position(|measure| measure.flow.jump.is_some()) else { return };
    if measures.iter().any(|measure| measure.flow.to_coda.is_some()) {
        return;
    }
    let codas: Vec<usize> = (0..measures.len()).filter(|&i| measures[i].flow.coda.is_some()).collect();
    if let [first, .., last] = codas[..]
        && first <= jump
        && last > first
    {
        measures[first].flow.to_coda = measures[first].flow.coda.take();
    }
}
