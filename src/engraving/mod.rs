//! A score's source to pages, with a box for every note and every measure.
//!
//! [`Engraver`] lays out MusicXML whose notes and measures have our ids ([`crate::score::NoteId`] as `n12`, measures as
//! `m3`); each page is an SVG text and, read out of it, the places of everything that has an id. [`Painter`] makes
//! ink of a page. The engraver is Verovio, compiled from C++; its log is off, its notation is that of the document as
//! printed (repeats are not written out).
//!
//! Neither starts a thread. Verovio reads its fonts from a folder, see [`resources`].

mod engraver;
mod error;
mod painter;
mod reading;
pub mod resources;
mod soundness;

pub use engraver::{EngravedPage, Engraver, MAX_SOURCE_BYTES, Paper};
pub use error::EngraveError;
pub use painter::Painter;
