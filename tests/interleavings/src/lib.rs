//! The orders in which threads hand things over, as models: in every order in which the threads can take their steps and with every
//! value that the memory model lets them see (`loom`). The rings, swapped pointers, channels and locks themselves are libraries'; what
//! is ours, and is held here, is the order in which they are used.

#![forbid(unsafe_code)]

#[cfg(test)]
mod hand_overs;
