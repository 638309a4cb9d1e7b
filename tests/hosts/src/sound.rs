//! Sound files.

use anyhow::{Context, Result, bail};
use std::fs;
use std::io::Cursor;
use std::path::Path;
use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::AudioDecoderOptions;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, TrackType};
use symphonia::core::io::{MediaSourceStream, MediaSourceStreamOptions};
use symphonia::core::meta::MetadataOptions;

/// A sound file as mono samples, and its rate.
///
/// # Errors
/// If it can't be read, or is no sound.
pub fn decode(path: &Path) -> Result<(Vec<f32>, f64)> {
    let bytes = fs::read(path).with_context(|| path.display().to_string())?;
    let stream = MediaSourceStream::new(Box::new(Cursor::new(bytes)), MediaSourceStreamOptions::default());
    let mut format = symphonia::default::get_probe().probe(
        &Hint::new(),
        stream,
        FormatOptions::default(),
        MetadataOptions::default(),
    )?;
    let track = format.default_track(TrackType::Audio).context("no sound in the file")?;
    let Some(CodecParameters::Audio(parameters)) = &track.codec_params else { bail!("no codec stated") };
    let rate_hz = f64::from(parameters.sample_rate.context("no sample rate stated")?);
    let mut decoder =
        symphonia::default::get_codecs().make_audio_decoder(parameters, &AudioDecoderOptions::default())?;
    let (mut samples, mut interleaved) = (Vec::new(), Vec::new());
    while let Some(packet) = format.next_packet()? {
        let buffer = decoder.decode(&packet)?;
        let channels = buffer.spec().channels().count();
        buffer.copy_to_vec_interleaved(&mut interleaved);
        samples
            .extend(interleaved.chunks_exact(channels).map(|all| all.iter().sum::<f32>() / channels as f32));
    }
    Ok((samples, rate_hz))
}
