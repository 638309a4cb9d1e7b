//! A block's audio, as far as the host gave it.
//!
//! The framework (`nice-plug` 0.4.2) takes hosts at their word: a channel that is null, more channels than the plugin has, or fewer into it than out of it, and it
//! reads what is not there, or panics. Hosts do give less where a bus is switched off or the plugin bypassed.

/// The channels of one bus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bus {
    /// The first of as many pointers as there are channels, or null.
    pub channels: *mut *mut f32,
    /// How many there are.
    pub count: usize,
}

impl Bus {
    /// None at all.
    pub const NONE: Bus = Bus { channels: std::ptr::null_mut(), count: 0 };

    /// # Safety
    /// As [`whole`].
    unsafe fn has(self, channels: usize) -> bool {
        // SAFETY: the caller's promise.
        !self.channels.is_null()
            && self.count >= channels
            && (0..channels).all(|n| unsafe { !(*self.channels.add(n)).is_null() })
    }

    /// Makes the channels from `first` on silent, those that there are.
    ///
    /// # Safety
    /// As [`whole`].
    unsafe fn silence(self, first: usize, length: usize) {
        if self.channels.is_null() {
            return;
        }
        for n in first..self.count {
            // SAFETY: the caller's promise.
            unsafe {
                let channel = *self.channels.add(n);
                if !channel.is_null() {
                    channel.write_bytes(0, length);
                }
            }
        }
    }
}

/// What of a block of `length` samples a plugin with so many channels can use: input and output, both with exactly these. Without an input
/// it hears silence, in the output's place. `None` where there is not enough to play into. Whatever else there is of an output is silent.
///
/// # Realtime safety
/// Wait-free.
///
/// # Safety
/// Each bus has no pointers, or as many as it says, each null or one to `length` samples that nothing else uses meanwhile; a channel of the
/// input may be the same as that of the output.
pub unsafe fn whole(input: Bus, output: Bus, channels: usize, length: usize) -> Option<(Bus, Bus)> {
    // SAFETY: the caller's promise.
    unsafe {
        if channels == 0 || !output.has(channels) {
            output.silence(0, length);
            return None;
        }
        output.silence(channels, length);
        let output = Bus { count: channels, ..output };
        if input.has(channels) {
            return Some((Bus { count: channels, ..input }, output));
        }
        output.silence(0, length);
        Some((output, output))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ptr::null_mut;

    /// What becomes of a block of two samples: whether the plugin gets input and output, and what is in both afterwards.
    fn tried(input: &[bool], output: &[bool], channels: usize) -> (Option<(bool, usize)>, Vec<[f32; 2]>) {
        let mut heard: Vec<_> = input.iter().map(|_| [1.0f32; 2]).collect();
        let mut played: Vec<_> = output.iter().map(|_| [9.0f32; 2]).collect();
        let pointers = |samples: &mut Vec<[f32; 2]>, there: &[bool]| -> Vec<*mut f32> {
            let channel = |(samples, &there): (&mut [f32; 2], &bool)| {
                if there { samples.as_mut_ptr() } else { null_mut() }
            };
            samples.iter_mut().zip(there).map(channel).collect()
        };
        let (mut ins, mut outs) = (pointers(&mut heard, input), pointers(&mut played, output));
        let bus = |pointers: &mut Vec<*mut f32>| match pointers.len() {
            0 => Bus::NONE,
            count => Bus { channels: pointers.as_mut_ptr(), count },
        };
        let (input, output) = (bus(&mut ins), bus(&mut outs));
        // SAFETY: the pointers are null or to two samples each.
        let found = unsafe { whole(input, output, channels, 2) };
        let seen = found.map(|(found, to)| {
            assert_eq!((found.count, to), (channels, Bus { count: channels, ..output }));
            (found.channels == input.channels, to.count)
        });
        (seen, played)
    }

    #[test]
    fn a_block_is_used_as_far_as_it_is_there() {
        let (old, silent) = ([9.0; 2], [0.0; 2]);
        // Whole, and with more than is asked for.
        assert_eq!(tried(&[true; 2], &[true; 2], 2), (Some((true, 2)), vec![old; 2]));
        assert_eq!(tried(&[true; 2], &[true; 3], 1), (Some((true, 1)), vec![old, silent, silent]));
        // Without an input, or with too little of it.
        for input in [&[][..], &[true], &[true, false]] {
            assert_eq!(tried(input, &[true; 2], 2), (Some((false, 2)), vec![silent; 2]), "{input:?}");
        }
        // Without an output, or with too little of it.
        assert_eq!(tried(&[true; 2], &[], 2), (None, vec![]));
        assert_eq!(tried(&[true; 2], &[true], 2), (None, vec![silent]));
        assert_eq!(tried(&[true; 2], &[false, true], 2), (None, vec![old, silent]));
        // Never activated.
        assert_eq!(tried(&[true], &[true], 0), (None, vec![silent]));
    }
}
