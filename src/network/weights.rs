//! The file of weights: checked before anything is believed.
//!
//! Little endian throughout: the magic `CPEARNET`; version, then the six sizes in the order of [`Sizes`], how many delays and
//! each of them, as `u32`; for each layer in the order of [`Layer`] its inputs and outputs as `u32`, then weights
//! `[inputs][outputs]` and biases `[outputs]` as `f32`; the register biases `[88][channels]`; last the 64-bit
//! FNV-1a hash of all before it.

use super::RESOLUTIONS;
use super::model::{COMPANY_SHIFTS, KEY_SHIFTS, PARTIAL_SHIFTS, VELOCITY_INPUTS};
use super::strikes::{HEARD, STRIKE_INPUTS};
use crate::units::KEYS;

const MAGIC: &[u8; 8] = b"CPEARNET";
const VERSION: u32 = 5;
/// What is told of a key at each delay: struck, sounding, ended, and how fast it was struck.
pub(super) const HEADS: usize = 4;
/// Most that any size may be: keeps a damaged file from asking for much memory.
const LARGEST_SIZE: u32 = 256;
/// Most delays that a network may have heads for.
const MOST_DELAYS: u32 = 8;
/// The longest of them, in hops.
const LONGEST_DELAY: u32 = 50;

/// Why weights cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NetworkError {
    /// The bytes are something else.
    #[error("network weights: expected the magic CPEARNET, found {actual:?}")]
    Magic {
        /// The first bytes.
        actual: Vec<u8>,
    },
    /// A version this build does not read.
    #[error("network weights: expected version {expected}, found {actual}")]
    Version {
        /// The one that is read.
        expected: u32,
        /// The one found.
        actual: u32,
    },
    /// The bytes end too early.
    #[error("network weights, byte {at}: expected {expected} more bytes, found {actual}")]
    Truncated {
        /// Where.
        at: usize,
        /// Bytes wanted.
        expected: usize,
        /// Bytes there.
        actual: usize,
    },
    /// Bytes follow the end.
    #[error("network weights: expected {expected} bytes, found {actual}")]
    Length {
        /// Bytes that the sizes ask for.
        expected: usize,
        /// Bytes there.
        actual: usize,
    },
    /// A size or shape is not what the network needs.
    #[error("network weights, {what}: expected {expected}, found {actual}")]
    Shape {
        /// Which.
        what: &'static str,
        /// What it must be.
        expected: String,
        /// What it is.
        actual: u32,
    },
    /// The bytes were damaged.
    #[error("network weights: expected checksum {expected:016x}, found {actual:016x}")]
    Checksum {
        /// The one written at the end.
        expected: u64,
        /// That of the bytes.
        actual: u64,
    },
    /// A weight is infinite or not a number.
    #[error("network weights, {what}: a value is not finite")]
    NotFinite {
        /// Which layer.
        what: &'static str,
    },
}

/// Sizes of the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// Channels of the two convolutions over bins.
    pub front: usize,
    /// Channels through which partials are gathered.
    pub bottleneck: usize,
    /// Channels at each key.
    pub channels: usize,
    /// Cells of the first memory at each key.
    pub hidden: usize,
    /// Channels through which a key listens to other keys' first memory.
    pub company: usize,
    /// Cells of the second memory at each key.
    pub second: usize,
}

/// Sizes of the hidden layers by which strikes are judged.
const STRIKE_HIDDEN: [usize; 2] = [48, 24];

/// One layer: weights `[inputs][outputs]`, biases `[outputs]`.
#[derive(Clone)]
pub(super) struct Layer {
    pub(super) inputs: usize,
    pub(super) outputs: usize,
    pub(super) weights: Vec<f32>,
    pub(super) biases: Vec<f32>,
}

/// A network's weights, read and checked.
pub struct Weights {
    /// Sizes of the network.
    pub sizes: Sizes,
    /// Hops that the output lags the moment it describes: one for each set of heads, the standard one first.
    pub delays: Vec<usize>,
    pub(super) front1: Layer,
    pub(super) front2: Layer,
    pub(super) partials_in: Layer,
    pub(super) partials_out: Layer,
    pub(super) keys: Layer,
    pub(super) kin_in: Layer,
    pub(super) kin_out: Layer,
    pub(super) memory: Layer,
    pub(super) company_in: Layer,
    pub(super) company_out: Layer,
    pub(super) judgement: Layer,
    pub(super) heads: Layer,
    /// Velocities, one output for each delay.
    pub(super) velocities: Layer,
    /// How strikes are judged.
    pub(super) strikes: [Layer; 3],
    /// `[88][channels]`.
    pub(super) register: Vec<f32>,
}

impl Layer {
    /// Of the outputs, which come in groups of `size`, the group at `place`.
    pub(super) fn group(&self, size: usize, place: usize) -> Layer {
        let outputs = size * place..size * (place + 1);
        Layer {
            inputs: self.inputs,
            outputs: size,
            weights: self
                .weights
                .chunks_exact(self.outputs)
                .flat_map(|row| &row[outputs.clone()])
                .copied()
                .collect(),
            biases: self.biases[outputs.clone()].to_vec(),
        }
    }
}

impl Weights {
    /// Reads a weights file.
    ///
    /// # Errors
    /// [`NetworkError`] if it is not one, or is damaged, or not of the shape that this build's network has.
    pub fn read(bytes: &[u8]) -> Result<Weights, NetworkError> {
        if !bytes.starts_with(MAGIC) {
            return Err(NetworkError::Magic { actual: bytes[..bytes.len().min(8)].to_vec() });
        }
        let mut reader = Reader { bytes, at: MAGIC.len() };
        let version = reader.integer()?;
        if version != VERSION {
            return Err(NetworkError::Version { expected: VERSION, actual: version });
        }
        let sizes = Sizes {
            front: reader.size("front")?,
            bottleneck: reader.size("bottleneck")?,
            channels: reader.size("channels")?,
            hidden: reader.size("hidden")?,
            company: reader.size("company")?,
            second: reader.size("second")?,
        };
        let count = reader.number("number of delays", MOST_DELAYS)?;
        let delays =
            (0..count).map(|_| reader.number("delay", LONGEST_DELAY)).collect::<Result<Vec<_>, _>>()?;
        if let Some(&missing) = HEARD.iter().find(|delay| !delays.contains(delay)) {
            return Err(NetworkError::Shape {
                what: "delays",
                expected: format!("{missing} among them"),
                actual: count as u32,
            });
        }
        let Sizes { front, bottleneck, channels, hidden, company, second } = sizes;
        let weights = Weights {
            sizes,
            delays,
            front1: reader.layer("front1", 9 * RESOLUTIONS, front)?,
            front2: reader.layer("front2", 9 * front, front)?,
            partials_in: reader.layer("partials_in", front, bottleneck)?,
            partials_out: reader.layer("partials_out", PARTIAL_SHIFTS.len() * 3 * bottleneck, channels)?,
            keys: reader.layer("keys", 9 * channels, channels)?,
            kin_in: reader.layer("kin_in", channels, bottleneck)?,
            kin_out: reader.layer("kin_out", channels + KEY_SHIFTS.len() * bottleneck, channels)?,
            memory: reader.layer("memory", channels + hidden, 4 * hidden)?,
            company_in: reader.layer("company_in", hidden, company)?,
            company_out: reader.layer("company_out", hidden + COMPANY_SHIFTS.len() * company, second)?,
            judgement: reader.layer("judgement", 2 * second, 4 * second)?,
            heads: reader.layer("heads", hidden + second, HEADS * count)?,
            velocities: reader.layer("velocities", VELOCITY_INPUTS, count)?,
            strikes: [
                reader.layer("strikes1", STRIKE_INPUTS, STRIKE_HIDDEN[0])?,
                reader.layer("strikes2", STRIKE_HIDDEN[0], STRIKE_HIDDEN[1])?,
                reader.layer("strikes3", STRIKE_HIDDEN[1], 1)?,
            ],
            register: reader.values("register", KEYS * channels)?,
        };
        let (end, actual) = (reader.at, fnv1a(&bytes[..reader.at]));
        let mut expected = [0; 8];
        expected.copy_from_slice(reader.take(8)?);
        let expected = u64::from_le_bytes(expected);
        if expected != actual {
            return Err(NetworkError::Checksum { expected, actual });
        }
        if bytes.len() != end + 8 {
            return Err(NetworkError::Length { expected: end + 8, actual: bytes.len() });
        }
        Ok(weights)
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], NetworkError> {
        let rest = &self.bytes[self.at..];
        let taken = rest.get(..count).ok_or(NetworkError::Truncated {
            at: self.at,
            expected: count,
            actual: rest.len(),
        })?;
        self.at += count;
        Ok(taken)
    }

    fn integer(&mut self) -> Result<u32, NetworkError> {
        let mut bytes = [0; 4];
        bytes.copy_from_slice(self.take(4)?);
        Ok(u32::from_le_bytes(bytes))
    }

    fn size(&mut self, what: &'static str) -> Result<usize, NetworkError> {
        self.number(what, LARGEST_SIZE)
    }

    fn number(&mut self, what: &'static str, largest: u32) -> Result<usize, NetworkError> {
        let actual = self.integer()?;
        if !(1..=largest).contains(&actual) {
            return Err(NetworkError::Shape { what, expected: format!("1 to {largest}"), actual });
        }
        Ok(actual as usize)
    }

    fn layer(&mut self, what: &'static str, inputs: usize, outputs: usize) -> Result<Layer, NetworkError> {
        for expected in [inputs, outputs] {
            let actual = self.integer()?;
            if actual as usize != expected {
                return Err(NetworkError::Shape { what, expected: expected.to_string(), actual });
            }
        }
        let weights = self.values(what, inputs * outputs)?;
        Ok(Layer { inputs, outputs, weights, biases: self.values(what, outputs)? })
    }

    fn values(&mut self, what: &'static str, count: usize) -> Result<Vec<f32>, NetworkError> {
        let (groups, _) = self.take(4 * count)?.as_chunks::<4>();
        let values: Vec<f32> = groups.iter().map(|&group| f32::from_le_bytes(group)).collect();
        if values.iter().all(|value| value.is_finite()) {
            Ok(values)
        } else {
            Err(NetworkError::NotFinite { what })
        }
    }
}

fn fnv1a(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}
