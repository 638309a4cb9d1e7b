//! Sound files to mono samples: wav, aiff, flac, mp3, ogg vorbis, m4a/aac; any rate, any channel count.

use std::io::Cursor;
use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::{AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::Error as DecoderError;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, FormatReader, TrackType};
use symphonia::core::io::{MediaSourceStream, MediaSourceStreamOptions};
use symphonia::core::meta::MetadataOptions;

/// Sample rates that a file may have, in Hz.
pub const SOUND_RATES_HZ: std::ops::RangeInclusive<u32> = 1_000..=768_000;

/// Most sample frames that [`decode_sound`] holds in memory: 3 h at 48 kHz.
pub const MAX_SOUND_FRAMES: u64 = 3 * 3600 * 48_000;

/// Packets in a row that may fail to decode before the file is given up.
const MAX_BAD_PACKETS: u32 = 64;

/// Why a sound file could not be read.
#[derive(Debug, thiserror::Error)]
pub enum SoundError {
    /// Zero bytes.
    #[error("the file is empty")]
    Empty,
    /// No known container, or one whose header cannot be read.
    #[error("not a sound file that can be read (expected wav, aiff, flac, mp3, ogg vorbis, m4a or aac): {0}")]
    UnknownFormat(String),
    /// A container without a sound track that can be decoded.
    #[error("no sound track that can be decoded: {0}")]
    NoTrack(String),
    /// A sample rate outside [`SOUND_RATES_HZ`].
    #[error("sample rate {actual} Hz, expected {}-{} Hz", SOUND_RATES_HZ.start(), SOUND_RATES_HZ.end())]
    SampleRate {
        /// What the file says.
        actual: u32,
    },
    /// The sound breaks off or is damaged.
    #[error("sound breaks off or is damaged after {actual} sample frames{}: {reason}",
            expected.map(|n| format!(" of {n}")).unwrap_or_default())]
    Damaged {
        /// Sample frames that the header promises, where it does.
        expected: Option<u64>,
        /// Sample frames that could be decoded.
        actual: u64,
        /// What the decoder says.
        reason: String,
    },
    /// A sound track with no samples in it.
    #[error("the sound has no samples")]
    NoSamples,
    /// More than [`MAX_SOUND_FRAMES`].
    #[error("longer than {MAX_SOUND_FRAMES} sample frames")]
    TooLong,
    /// Less memory can be had than the samples take.
    #[error("there is no memory for more than its first {frames} sample frames")]
    NoMemory {
        /// Frames that there was room for.
        frames: u64,
    },
}

/// A whole decoded sound.
#[derive(Clone, Debug, PartialEq)]
pub struct Sound {
    /// Mono samples: the mean of all channels, finite, nominally in -1..=1.
    pub samples: Vec<f32>,
    /// Their rate.
    pub rate_hz: u32,
    /// Samples of the file that were not finite, and became silence.
    pub repaired: u64,
}

/// Decodes a sound file packet by packet.
pub struct SoundReader {
    format: Box<dyn FormatReader>,
    decoder: Box<dyn AudioDecoder>,
    track: u32,
    rate_hz: u32,
    promised: Option<u64>,
    decoded: u64,
    repaired: u64,
    bad_packets: u32,
    first_trouble: Option<String>,
    interleaved: Vec<f32>,
}

impl SoundReader {
    /// Opens the sound in `bytes`; the content decides the format, never a name.
    ///
    /// # Errors
    /// Every [`SoundError`] but `NoSamples`, `Damaged`, `TooLong` and `NoMemory`, which only decoding can find.
    pub fn new(bytes: Vec<u8>) -> Result<SoundReader, SoundError> {
        if bytes.is_empty() {
            return Err(SoundError::Empty);
        }
        let stream =
            MediaSourceStream::new(Box::new(Cursor::new(bytes)), MediaSourceStreamOptions::default());
        let format = symphonia::default::get_probe()
            .probe(&Hint::new(), stream, FormatOptions::default(), MetadataOptions::default())
            .map_err(|error| SoundError::UnknownFormat(error.to_string()))?;
        let track = format
            .default_track(TrackType::Audio)
            .ok_or_else(|| SoundError::NoTrack("none in this container".into()))?;
        let Some(CodecParameters::Audio(parameters)) = &track.codec_params else {
            return Err(SoundError::NoTrack("its codec is not stated".into()));
        };
        let decoder = symphonia::default::get_codecs()
            .make_audio_decoder(parameters, &AudioDecoderOptions::default())
            .map_err(|error| SoundError::NoTrack(error.to_string()))?;
        let mut reader = SoundReader {
            track: track.id,
            rate_hz: parameters.sample_rate.unwrap_or(0),
            promised: track.num_frames,
            decoder,
            format,
            decoded: 0,
            repaired: 0,
            bad_packets: 0,
            first_trouble: None,
            interleaved: Vec::new(),
        };
        if reader.rate_hz == 0 {
            // Some containers leave the rate to the first packet of their codec.
            reader.rate_hz = reader.rate_of_first_packet()?;
        }
        if !SOUND_RATES_HZ.contains(&reader.rate_hz) {
            return Err(SoundError::SampleRate { actual: reader.rate_hz });
        }
        Ok(reader)
    }

    /// Samples a second.
    pub fn rate_hz(&self) -> u32 {
        self.rate_hz
    }

    /// Sample frames that the header promises, where it does.
    pub fn promised_frames(&self) -> Option<u64> {
        self.promised
    }

    /// Samples so far that were not finite, and became silence.
    pub fn repaired(&self) -> u64 {
        self.repaired
    }

    /// Decodes the next packet and appends its mono samples to `samples`; `false` at the end of the sound.
    ///
    /// # Errors
    /// [`SoundError::Damaged`] where the sound breaks off or cannot be decoded, [`SoundError::NoSamples`] where
    /// it ends without having begun, [`SoundError::NoMemory`].
    pub fn read(&mut self, samples: &mut Vec<f32>) -> Result<bool, SoundError> {
        let Some(channels) = self.decode_packet()? else { return Ok(false) };
        self.make_room(channels, samples)?;
        self.mix_down(channels, samples);
        Ok(true)
    }

    /// Decodes the next packet and appends its left and right samples, or those of its only channel twice; of more than two
    /// channels the first two. `false` at the end of the sound.
    ///
    /// # Errors
    /// As [`SoundReader::read`].
    pub fn read_stereo(&mut self, left: &mut Vec<f32>, right: &mut Vec<f32>) -> Result<bool, SoundError> {
        let Some(channels) = self.decode_packet()? else { return Ok(false) };
        self.make_room(channels, left)?;
        self.make_room(channels, right)?;
        for frame in self.interleaved.chunks_exact(channels) {
            let mut finite = |sample: f32| {
                self.repaired += u64::from(!sample.is_finite());
                if sample.is_finite() { sample.clamp(-1e6, 1e6) } else { 0.0 }
            };
            left.push(finite(frame[0]));
            right.push(finite(frame[1.min(channels - 1)]));
            self.decoded += 1;
        }
        Ok(true)
    }

    /// Decodes the next packet that has samples into `interleaved` and returns its channels; `None` at the end.
    fn decode_packet(&mut self) -> Result<Option<usize>, SoundError> {
        loop {
            let packet = match self.format.next_packet() {
                Ok(Some(packet)) => packet,
                // A chained stream (new codec headers in the middle) ends here, as its first link does.
                Ok(None) | Err(DecoderError::ResetRequired) => return self.end().map(|()| None),
                Err(DecoderError::IoError(error)) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
                    self.first_trouble.get_or_insert_with(|| "unexpected end of file".into());
                    return self.end().map(|()| None);
                }
                Err(error) => return Err(self.damaged(error.to_string())),
            };
            if packet.track_id != self.track {
                continue;
            }
            match self.decoder.decode(&packet) {
                Ok(buffer) => {
                    let channels = buffer.spec().channels().count();
                    buffer.copy_to_vec_interleaved(&mut self.interleaved);
                    self.bad_packets = 0;
                    if channels == 0 || self.interleaved.is_empty() {
                        continue;
                    }
                    return Ok(Some(channels));
                }
                Err(DecoderError::IoError(_) | DecoderError::DecodeError(_))
                    if self.bad_packets < MAX_BAD_PACKETS =>
                {
                    // Common at the start of a cut mp3; anything lost is told at the end by the frame count.
                    self.bad_packets += 1;
                    self.first_trouble.get_or_insert_with(|| "a packet could not be decoded".into());
                }
                Err(error) => return Err(self.damaged(error.to_string())),
            }
        }
    }

    /// Makes sure that the decoded frames find room: where there is none, growing by itself would end the process.
    fn make_room(&self, channels: usize, samples: &mut Vec<f32>) -> Result<(), SoundError> {
        let frames = self.interleaved.len() / channels;
        samples.try_reserve(frames).map_err(|_| SoundError::NoMemory { frames: self.decoded })
    }

    fn mix_down(&mut self, channels: usize, samples: &mut Vec<f32>) {
        let scale = 1.0 / channels as f32;
        for frame in self.interleaved.chunks_exact(channels) {
            let mut sum = 0.0;
            for &sample in frame {
                if sample.is_finite() {
                    // Integer formats stay within ±1; a float file may hold anything, so keep the sum finite.
                    sum += sample.clamp(-1e6, 1e6);
                } else {
                    self.repaired += 1;
                }
            }
            samples.push(sum * scale);
            self.decoded += 1;
        }
    }

    fn end(&mut self) -> Result<(), SoundError> {
        if let Some(promised) = self.promised
            && self.decoded < promised
            && (self.decoded > 0 || self.first_trouble.is_some() || promised > 0)
        {
            let reason =
                self.first_trouble.take().unwrap_or_else(|| "fewer samples than the header promises".into());
            return Err(self.damaged(reason));
        }
        if self.decoded == 0 {
            return Err(match self.first_trouble.take() {
                Some(reason) => self.damaged(reason),
                None => SoundError::NoSamples,
            });
        }
        Ok(())
    }

    fn damaged(&self, reason: String) -> SoundError {
        SoundError::Damaged { expected: self.promised, actual: self.decoded, reason }
    }

    fn rate_of_first_packet(&mut self) -> Result<u32, SoundError> {
        let no_rate = || SoundError::NoTrack("its sample rate is not stated".into());
        while let Ok(Some(packet)) = self.format.next_packet() {
            if packet.track_id == self.track {
                let buffer =
                    self.decoder.decode(&packet).map_err(|error| SoundError::NoTrack(error.to_string()))?;
                return Ok(buffer.spec().rate());
            }
        }
        Err(no_rate())
    }
}

/// A whole decoded sound with its channels.
#[derive(Clone, Debug, PartialEq)]
pub struct StereoSound {
    /// Finite samples, nominally in -1..=1.
    pub left: Vec<f32>,
    /// As many; the same where the sound is mono.
    pub right: Vec<f32>,
    /// Their rate.
    pub rate_hz: u32,
}

/// Decodes a whole sound file to two channels; of more than two the first two.
///
/// # Errors
/// Any [`SoundError`].
pub fn decode_stereo(bytes: Vec<u8>) -> Result<StereoSound, SoundError> {
    let mut reader = SoundReader::new(bytes)?;
    let (mut left, mut right) = (Vec::new(), Vec::new());
    while reader.read_stereo(&mut left, &mut right)? {
        if left.len() as u64 > MAX_SOUND_FRAMES {
            return Err(SoundError::TooLong);
        }
    }
    Ok(StereoSound { left, right, rate_hz: reader.rate_hz() })
}

/// Decodes a whole sound file.
///
/// # Errors
/// Any [`SoundError`].
pub fn decode_sound(bytes: Vec<u8>) -> Result<Sound, SoundError> {
    let mut reader = SoundReader::new(bytes)?;
    // A header may promise anything; what it promises beyond this is believed when it comes.
    const AT_FIRST: u64 = 1 << 22;
    let at_first = reader.promised_frames().unwrap_or(0).min(AT_FIRST);
    let mut samples = Vec::new();
    samples.try_reserve(at_first as usize).map_err(|_| SoundError::NoMemory { frames: 0 })?;
    while reader.read(&mut samples)? {
        if samples.len() as u64 > MAX_SOUND_FRAMES {
            return Err(SoundError::TooLong);
        }
    }
    Ok(Sound { samples, rate_hz: reader.rate_hz(), repaired: reader.repaired() })
}
