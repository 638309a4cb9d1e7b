//! Draws the editor without a window, a GPU or a system library, for tests and for documentation.
//!
//! [`Stage`] runs the editor headless on `egui_kittest`, where it can be clicked and typed into, and takes
//! pictures with a small triangle rasterizer of its own; [`scenes`] holds one view for each state that the editor
//! can be in.

mod cost;
mod first;
mod picture;
mod playing;
mod press;
mod raster;
pub mod scenes;
mod stage;

pub use cost::cost;
pub use first::first;
pub use picture::{Difference, Picture};
pub use playing::playing;
pub use press::Press;
pub use stage::{Shown, Stage, render};
