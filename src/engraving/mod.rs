//! A score's source to pages, with a box for every note and every measure.
//!
//! [`Engraver`] lays out MusicXML whose notes and measures have our ids ([`crate::score::NoteId`] as `n12`, measures as
//! `m3`); each page is an SVG text and, read out of it, the places of everything that has an id. [`Painter`] makes
//! ink of a page. What lays out is Verovio, compiled from C++; its log is off, its notation is that of the document as
//! printed (repeats are not written out).
//!
//! Verovio is never in the process that asks: the program `colla-parte-engraver` (`src/engraver.rs`) is started for each document
//! and gives an [`Answer`]. So a score that Verovio does not survive costs a host its engraved page and nothing else.
//! Verovio reads its fonts from a folder, see [`resources`].

mod answer;
mod engraver;
mod error;
mod painter;
mod reading;
pub mod resources;

pub use answer::{Answer, EDITION};
pub use engraver::{Breaks, EngravedPage, Engraver, MAX_SOURCE_BYTES, Paper};
pub use error::EngraveError;
pub use painter::Painter;
