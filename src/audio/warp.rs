//! A recording with another timing: stretched and squeezed piece by piece, its pitch kept.

use std::ops::Range;
use timestretch::{
    Backend, Parameters, PreparedSession, ProcessStatus, SessionConfig, SessionError, SourceAccess, TempoRate,
};

/// Output frames between two looks at the tempo.
const STEP: u64 = 512;
/// A new tempo is heard this many of the stretcher's own frames before the place where it was set: half of its window
/// below 64 kHz, where it has 4,096 frames, and twice as many above (measured: BENCHMARKS.md, "Warping").
const LEAD_FRAMES: f64 = 2_048.0;
/// How fast a drift between what was asked and what came is made up for, in steps.
const CATCH_UP_STEPS: f64 = 4.0;
/// Sample rates that can be warped, in Hz.
pub const WARP_RATES_HZ: Range<u32> = 32_000..192_001;

/// Why a sound could not be warped.
#[derive(Debug, thiserror::Error)]
pub enum WarpError {
    /// The sample rate is outside [`WARP_RATES_HZ`].
    #[error("sample rate {actual} Hz, expected {} to {} Hz", WARP_RATES_HZ.start, WARP_RATES_HZ.end - 1)]
    Rate {
        /// What it is.
        actual: u32,
    },
    /// Fewer than two places to go by.
    #[error("{actual} places to go by, expected two or more that rise in both times")]
    Places {
        /// How many.
        actual: usize,
    },
    /// The stretcher failed.
    #[error("the stretcher failed: {0}")]
    Stretcher(#[from] SessionError),
}

/// Warps two channels of equal length so that what was at the first time of each of `places` is at the second, in seconds,
/// with a steady tempo between two places. The result begins at output time 0 and ends with the last place. Pieces more than
/// 4 times too slow or 32 times too fast come as near as that allows, and the following pieces make up for it.
///
/// # Errors
/// [`WarpError`].
pub fn warp(
    left: &[f32],
    right: &[f32],
    rate_hz: u32,
    places: &[(f64, f64)],
) -> Result<(Vec<f32>, Vec<f32>), WarpError> {
    if !WARP_RATES_HZ.contains(&rate_hz) {
        return Err(WarpError::Rate { actual: rate_hz });
    }
    let map = SourceMap::new(places)?;
    let rate = f64::from(rate_hz);
    let native = if matches!(rate_hz, 44_100 | 48_000 | 96_000) { rate } else { 48_000.0 };
    let lead_s = if native < 64_000.0 { LEAD_FRAMES } else { 2.0 * LEAD_FRAMES } / native;
    // Silence stands for what would lie before the recording, and after it.
    let first_s = map.source(0.0);
    let total = (map.end() * rate).ceil() as usize;
    let begin = (first_s * rate).round() as i64;
    let source_frames =
        ((map.source(map.end()) - first_s).max(0.0) * rate).ceil() as usize + 8 * LEAD_FRAMES as usize;
    let at = |samples: &[f32], frame: usize| {
        usize::try_from(begin + frame as i64)
            .ok()
            .and_then(|index| samples.get(index))
            .copied()
            .unwrap_or(0.0)
    };
    let tempo = |rate: f64| -> Result<Parameters, SessionError> {
        let allowed = rate.clamp(TempoRate::MIN.get(), TempoRate::MAX.get());
        Ok(Parameters::keylock(TempoRate::new(allowed)?))
    };
    let wanted = |output: u64| {
        // Source frames from the start that belong at an output frame, a lead ahead.
        let output_s = output as f64 / rate + lead_s;
        (map.source(output_s) - map.source(lead_s)) * rate
    };
    let config = SessionConfig {
        source_sample_rate: rate_hz,
        output_sample_rate: rate_hz,
        channels: 2,
        backend: Backend::Portable,
        source_access: SourceAccess::Seekable,
        source_frames: Some(source_frames as u64),
        parameters: tempo(wanted(STEP) / STEP as f64)?,
        ..SessionConfig::default()
    };
    let mut session = PreparedSession::new(config)?.activate();
    let (mut out_left, mut out_right) = (Vec::with_capacity(total), Vec::with_capacity(total));
    let mut block = vec![0.0f32; 2 * 512];
    let mut interleaved = Vec::new();
    let (mut commands, mut due) = (0u64, 0u64);
    // What the stretcher says of its own place: source frames so far at an output frame, and source frames an output frame.
    let (mut source, mut since, mut speed) = (0.0f64, 0u64, session.applied_parameters().tempo());
    while out_left.len() < total && !session.finished() {
        match session.advance(1).status {
            ProcessStatus::Fault => return Err(session.fault().unwrap_or(SessionError::InvalidState).into()),
            ProcessStatus::NeedSource => {
                let request = session.source_request().ok_or(SessionError::InvalidState)?;
                let from = request.start_frame as usize;
                let frames = from..(from + request.frames).min(source_frames);
                if frames.is_empty() {
                    session.finish_input()?;
                } else {
                    interleaved.clear();
                    interleaved.extend(frames.flat_map(|frame| [at(left, frame), at(right, frame)]));
                    session.supply(request, &interleaved)?;
                }
            }
            _ => {}
        }
        while let Some(applied) = session.next_applied() {
            if applied.command_id > 0 {
                source += (applied.applied_at - since) as f64 * speed;
                (since, speed) = (applied.applied_at, applied.tempo());
            }
        }
        let stamp = session.read_output(&mut block)?;
        for frame in block[..2 * stamp.frames].chunks_exact(2) {
            out_left.push(frame[0]);
            out_right.push(frame[1]);
        }
        session.acknowledge(stamp.consumed(stamp.frames)?)?;
        let rendered = session.counters().rendered_frames;
        if rendered >= due {
            due = rendered + STEP;
            let here = source + (rendered - since) as f64 * speed;
            let steady = (wanted(due) - wanted(rendered)) / STEP as f64;
            let drift = (wanted(rendered) - here) / (CATCH_UP_STEPS * STEP as f64);
            commands += 1;
            session.schedule(commands, rendered, tempo(steady + drift)?)?;
        }
    }
    out_left.resize(total, 0.0);
    out_right.resize(total, 0.0);
    Ok((out_left, out_right))
}

/// Which source time belongs at which output time, in seconds.
struct SourceMap {
    /// (source, output), rising in both.
    places: Vec<(f64, f64)>,
}

impl SourceMap {
    fn new(places: &[(f64, f64)]) -> Result<SourceMap, WarpError> {
        let mut kept: Vec<(f64, f64)> = Vec::with_capacity(places.len());
        for &(source, output) in places.iter().filter(|place| place.0.is_finite() && place.1.is_finite()) {
            if kept.last().is_none_or(|last| source > last.0 + 1e-4 && output > last.1 + 1e-4) {
                kept.push((source, output));
            }
        }
        if kept.len() < 2 {
            return Err(WarpError::Places { actual: kept.len() });
        }
        Ok(SourceMap { places: kept })
    }

    /// The output time of the last place.
    fn end(&self) -> f64 {
        self.places[self.places.len() - 1].1
    }

    /// The source time at an output time; as it was recorded before the first place and after the last.
    fn source(&self, output: f64) -> f64 {
        let (first, last) = (self.places[0], self.places[self.places.len() - 1]);
        if output <= first.1 {
            return first.0 + output - first.1;
        }
        if output >= last.1 {
            return last.0 + output - last.1;
        }
        let after = self.places.partition_point(|place| place.1 <= output).clamp(1, self.places.len() - 1);
        let (a, b) = (self.places[after - 1], self.places[after]);
        a.0 + (output - a.1) * (b.0 - a.0) / (b.1 - a.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE_HZ: u32 = 48_000;

    /// Struck tones at these times.
    fn strikes(times: &[f64], length_s: f64) -> Vec<f32> {
        let rate = f64::from(RATE_HZ);
        let mut samples = vec![0.0f32; (length_s * rate) as usize];
        for (index, &at) in times.iter().enumerate() {
            let hz = 220.0 * (1.0 + (index % 7) as f64 / 6.0);
            for (n, sample) in samples.iter_mut().skip((at * rate) as usize).enumerate() {
                let t = n as f64 / rate;
                if t > 1.0 {
                    break;
                }
                *sample += (0.2 * (std::f64::consts::TAU * hz * t).sin() * (-8.0 * t).exp()) as f32;
            }
        }
        samples
    }

    /// Where the energy rises most within 60 ms of `near`, in seconds.
    fn attack(samples: &[f32], near: f64) -> f64 {
        let rate = f64::from(RATE_HZ);
        let energy = |from: f64| -> f32 {
            let first = (from * rate).max(0.0) as usize;
            samples[first..(first + 240).min(samples.len())].iter().map(|sample| sample * sample).sum()
        };
        let places = (-60..60).map(|ms| near + f64::from(ms) / 1000.0);
        let rise = |at: &f64| (energy(*at) + 1e-4) / (energy(*at - 0.005) + 1e-4);
        places.max_by(|a, b| rise(a).total_cmp(&rise(b))).unwrap_or(near)
    }

    #[test]
    fn free_playing_comes_out_in_even_time() {
        let mut now = 0.7;
        let played: Vec<f64> = (0..40)
            .map(|n| {
                now += 0.3 * (1.0 + 0.3 * (n as f64 / 4.0).sin());
                now
            })
            .collect();
        let places: Vec<(f64, f64)> =
            played.iter().enumerate().map(|(n, &at)| (at, 0.5 + 0.3 * n as f64)).collect();
        let sound = strikes(&played, now + 2.0);
        let (left, right) = warp(&sound, &sound, RATE_HZ, &places).unwrap();
        let apart = left.iter().zip(&right).map(|(l, r)| (l - r).abs()).fold(0.0, f32::max);
        assert!(apart < 0.01, "one sound on two channels came apart by {apart}");
        assert_eq!(left.len(), (places[39].1 * f64::from(RATE_HZ)).ceil() as usize);
        let mut off: Vec<f64> =
            places[1..38].iter().map(|&(_, due)| (attack(&left, due) - due).abs()).collect();
        off.sort_by(f64::total_cmp);
        // One may be found at the wrong place: where two tones of one pitch meet.
        assert!(off[off.len() / 2] < 0.006 && off[off.len() - 2] < 0.010, "{off:?}");
    }

    #[test]
    fn what_cannot_be_warped_is_refused() {
        let places = [(0.0, 0.0), (1.0, 1.0)];
        assert!(matches!(warp(&[], &[], 8_000, &places), Err(WarpError::Rate { actual: 8_000 })));
        let backwards = [(1.0, 0.0), (0.5, 1.0)];
        assert!(matches!(warp(&[], &[], RATE_HZ, &backwards), Err(WarpError::Places { actual: 1 })));
        // Nothing there: silence of the length asked for.
        let (left, _) = warp(&[], &[], RATE_HZ, &[(0.0, 0.0), (100.0, 0.5)]).unwrap();
        assert!(left.len() == 24_000 && left.iter().all(|sample| *sample == 0.0));
    }
}
