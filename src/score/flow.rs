//! What is printed about the order of playing: repeats, voltas, segno, coda, fine, da capo, dal segno.

use serde::{Deserialize, Serialize};

/// The signs of one measure. Everything that makes playing leave the measure does so at its end.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flow {
    /// A forward repeat stands before the measure.
    pub repeat_start: bool,
    /// A backward repeat stands after it: how often the passage is played altogether.
    pub repeat_end: Option<u32>,
    /// The measure is only played in these passes of its passage (a volta bracket); empty = in all.
    pub passes: Vec<u32>,
    /// A volta bracket begins here.
    pub volta_start: bool,
    /// The repeats that end here are taken after a D.C. or D.S. too.
    pub repeat_after_jump: bool,
    /// A segno stands before it: its label, mostly empty.
    pub segno: Option<String>,
    /// The coda begins here: its label, mostly empty.
    pub coda: Option<String>,
    /// After a D.C. or D.S., playing leaves for the coda of that label here.
    pub to_coda: Option<String>,
    /// After a D.C. or D.S., the piece ends here.
    pub fine: bool,
    /// A jump back.
    pub jump: Option<Jump>,
    /// A final barline (light, heavy) stands after it.
    pub final_barline: bool,
}

/// A jump back to the beginning or to a segno; taken once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Jump {
    /// Where to.
    pub to: JumpTarget,
    /// Whether repeats are taken again afterwards ("con repetizione"); by custom they are not.
    pub with_repeats: bool,
    /// "al Fine" was said.
    pub al_fine: bool,
    /// "al Coda" was said.
    pub al_coda: bool,
}

/// Where a [`Jump`] leads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum JumpTarget {
    /// Da capo: the beginning of the piece or movement.
    Start,
    /// Dal segno: the segno of that label.
    Segno(String),
}
