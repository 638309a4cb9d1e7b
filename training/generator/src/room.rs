//! What happens to sound between instrument and track: rooms, microphones, noise, other sounds, level.

use fastrand::Rng;
use realfft::RealFftPlanner;
use realfft::num_complex::Complex32;
use std::f64::consts::TAU;

/// Adds a synthetic room: early reflections and an exponentially falling, darkening noise tail.
pub fn reverberate(rng: &mut Rng, signal: &mut [f32], rate_hz: f64) {
    let decay_s = 0.15 * 14f64.powf(rng.f64());
    let wet_db = -26.0 + 18.0 * rng.f64();
    let length = ((decay_s * 1.1 + 0.08) * rate_hz) as usize;
    let mut response = vec![0.0f32; length];
    let pre_delay = (0.002 + 0.02 * rng.f64()) * rate_hz;
    let darkness = 0.2 + 0.7 * rng.f32();
    let mut low = 0.0f32;
    for (n, value) in response.iter_mut().enumerate().skip(pre_delay as usize) {
        let t = n as f64 / rate_hz;
        low += (1.0 - darkness) * (rng.f32() - 0.5 - low);
        *value = low * 10f64.powf(-3.0 * t / decay_s) as f32;
    }
    let energy: f32 = response.iter().map(|x| x * x).sum::<f32>().max(1e-12);
    let gain = 10f32.powf(wet_db as f32 / 20.0) * 3.0 / energy.sqrt();
    response.iter_mut().for_each(|x| *x *= gain);
    for _ in 0..rng.usize(2..9) {
        let place = ((0.001 + 0.035 * rng.f64()) * rate_hz) as usize;
        response[place.min(length - 1)] += 0.5 * (rng.f32() - 0.5);
    }
    response[0] += 1.0;
    convolve(signal, &response);
}

fn convolve(signal: &mut [f32], response: &[f32]) {
    let size = (signal.len() + response.len()).next_power_of_two();
    let mut planner = RealFftPlanner::<f32>::new();
    let (forward, inverse) = (planner.plan_fft_forward(size), planner.plan_fft_inverse(size));
    let transformed = |samples: &[f32]| {
        let mut padded = vec![0.0; size];
        padded[..samples.len()].copy_from_slice(samples);
        let mut spectrum = forward.make_output_vec();
        forward.process(&mut padded, &mut spectrum).expect("lengths of the plan");
        spectrum
    };
    let other = transformed(response);
    let mut spectrum: Vec<Complex32> = transformed(signal).iter().zip(&other).map(|(a, b)| a * b).collect();
    let mut output = inverse.make_output_vec();
    inverse.process(&mut spectrum, &mut output).expect("a real signal's spectrum");
    for (sample, value) in signal.iter_mut().zip(&output) {
        *sample = value / size as f32;
    }
}

/// A few random bells and dips, a rumble filter, a dull or bright microphone.
pub fn equalise(rng: &mut Rng, signal: &mut [f32], rate_hz: f64) {
    for _ in 0..rng.usize(1..4) {
        let hz = 60.0 * 2f64.powf(6.5 * rng.f64());
        let (gain_db, quality) = (18.0 * (rng.f64() - 0.5), 0.4 + 1.5 * rng.f64());
        bell(signal, rate_hz, hz, gain_db, quality);
    }
    if rng.f64() < 0.4 {
        let a = (-TAU * (30.0 + 150.0 * rng.f64()) / rate_hz).exp() as f32;
        let (mut before, mut high) = (0.0, 0.0);
        for sample in signal.iter_mut() {
            high = a * (high + *sample - before);
            before = *sample;
            *sample = high;
        }
    }
    if rng.f64() < 0.3 {
        let a = (-TAU * (1_500.0 + 6_000.0 * rng.f64()) / rate_hz).exp() as f32;
        let mut low = 0.0;
        for sample in signal.iter_mut() {
            low = a * low + (1.0 - a) * *sample;
            *sample = low;
        }
    }
}

/// A second-order peaking filter (Bristow-Johnson's cookbook).
fn bell(signal: &mut [f32], rate_hz: f64, hz: f64, gain_db: f64, quality: f64) {
    let amplitude = 10f64.powf(gain_db / 40.0);
    let omega = TAU * hz / rate_hz;
    let alpha = omega.sin() / (2.0 * quality);
    let a0 = 1.0 + alpha / amplitude;
    let b = [1.0 + alpha * amplitude, -2.0 * omega.cos(), 1.0 - alpha * amplitude].map(|x| (x / a0) as f32);
    let a = [-2.0 * omega.cos() / a0, (1.0 - alpha / amplitude) / a0].map(|x| x as f32);
    let (mut z1, mut z2) = (0.0f32, 0.0f32);
    for sample in signal.iter_mut() {
        let x = *sample;
        let y = b[0] * x + z1;
        z1 = b[1] * x - a[0] * y + z2;
        z2 = b[2] * x - a[1] * y;
        *sample = y;
    }
}

/// Soft clipping by `drive`, relative to the signal's peak.
pub fn saturate(signal: &mut [f32], drive: f32) {
    let peak = peak(signal).max(1e-9);
    for sample in signal.iter_mut() {
        *sample = (drive * *sample / peak).tanh();
    }
}

/// A compressor of `ratio`, threshold 24 dB under the peak.
pub fn compress(signal: &mut [f32], rate_hz: f64, ratio: f32) {
    let threshold = peak(signal) * 0.06;
    let (attack, release) = ((-1.0 / (0.004 * rate_hz)).exp() as f32, (-1.0 / (0.15 * rate_hz)).exp() as f32);
    let mut envelope = 0.0f32;
    for sample in signal.iter_mut() {
        let level = sample.abs();
        let pole = if level > envelope { attack } else { release };
        envelope = pole * envelope + (1.0 - pole) * level;
        if envelope > threshold {
            *sample *= (threshold / envelope).powf(1.0 - 1.0 / ratio);
        }
    }
}

/// Steady noise of random colour and hum, `snr_db` under the signal.
pub fn add_noise(rng: &mut Rng, signal: &mut [f32], rate_hz: f64, snr_db: f32) {
    let mut noise = vec![0.0f32; signal.len()];
    let (white, pink, brown) = (rng.f32(), 2.0 * rng.f32(), rng.f32());
    let mut rows = [0.0f32; 3];
    let mut low = 0.0f32;
    for value in &mut noise {
        let x = rng.f32() - 0.5;
        // Kellet's economy filter: pink to within 0.5 dB.
        rows[0] = 0.997_65 * rows[0] + x * 0.099_046;
        rows[1] = 0.963 * rows[1] + x * 0.296_516_4;
        rows[2] = 0.57 * rows[2] + x * 1.052_691_3;
        low = 0.99 * low + 0.05 * x;
        *value = white * x + pink * 0.3 * (rows[0] + rows[1] + rows[2] + 0.1848 * x) + brown * 3.0 * low;
    }
    if rng.f64() < 0.4 {
        let hz = if rng.bool() { 50.0 } else { 60.0 };
        let harmonics: Vec<f32> = (0..8).map(|k| rng.f32() / (1.0 + k as f32)).collect();
        let level = 0.5 * rng.f32();
        for (n, value) in noise.iter_mut().enumerate() {
            let angle = TAU * hz * n as f64 / rate_hz;
            let hum: f64 =
                harmonics.iter().zip(1..).map(|(&a, k)| f64::from(a) * (angle * f64::from(k)).sin()).sum();
            *value += level * hum as f32;
        }
    }
    mix_at(signal, &noise, -snr_db);
}

/// Knocks, coughs and claps: bursts of band noise.
pub fn add_bursts(rng: &mut Rng, signal: &mut [f32], rate_hz: f64) {
    let mut bursts = vec![0.0f32; signal.len()];
    let period_s = 0.2 + 4.0 * rng.f64();
    let mut at = rng.f64() * period_s;
    while at * rate_hz < signal.len() as f64 {
        let decay_s = 0.004 * 40f64.powf(rng.f64());
        let hz = 80.0 * 2f64.powf(6.0 * rng.f64());
        let f = (2.0 * (TAU * hz / rate_hz / 2.0).sin()).min(0.9) as f32;
        let level = rng.f32();
        let (mut low, mut band) = (0.0f32, 0.0f32);
        let first = (at * rate_hz) as usize;
        let span = (decay_s * 7.0 * rate_hz) as usize;
        for (n, value) in bursts.iter_mut().skip(first).take(span).enumerate() {
            let x = rng.f32() - 0.5;
            low += f * band;
            band += f * (x - low - 0.8 * band);
            *value += level * band * (-(n as f64) / rate_hz / decay_s).exp() as f32;
        }
        at += period_s * (0.2 + 1.6 * rng.f64());
    }
    let level_db = -22.0 + 22.0 * rng.f32();
    mix_peaks(signal, &bursts, level_db);
}

/// Talk-like sound: gliding voiced syllables through two formants, which are not notes.
pub fn add_talk(rng: &mut Rng, signal: &mut [f32], rate_hz: f64) {
    let mut talk = vec![0.0f32; signal.len()];
    let base_hz = 85.0 * 2f64.powf(1.4 * rng.f64());
    let mut at = 0.3 + rng.f64();
    while at * rate_hz < signal.len() as f64 {
        let length_s = 0.07 + 0.2 * rng.f64();
        let (from, to) = (base_hz * (0.8 + 0.5 * rng.f64()), base_hz * (0.75 + 0.5 * rng.f64()));
        let formants = [300.0 + 500.0 * rng.f64(), 900.0 + 1_500.0 * rng.f64()];
        let first = (at * rate_hz) as usize;
        let span = (length_s * rate_hz) as usize;
        let mut phase = 0.0f64;
        let mut states = [(0.0f32, 0.0f32); 2];
        let breath = 0.02 + 0.2 * rng.f32() * rng.f32();
        for (n, value) in talk.iter_mut().skip(first).take(span).enumerate() {
            let place = n as f64 / span as f64;
            phase += (from + (to - from) * place) / rate_hz;
            let pulse = if phase >= 1.0 { 1.0 } else { 0.0 };
            phase = phase.fract();
            let x = pulse + breath * (rng.f32() - 0.5);
            let envelope = (std::f64::consts::PI * place).sin() as f32;
            for (state, hz) in states.iter_mut().zip(formants) {
                let f = (2.0 * (TAU * hz / rate_hz / 2.0).sin()) as f32;
                state.0 += f * state.1;
                state.1 += f * (x - state.0 - 0.15 * state.1);
                *value += state.1 * envelope;
            }
        }
        at += length_s + if rng.f64() < 0.15 { 0.4 + 1.5 * rng.f64() } else { 0.02 + 0.1 * rng.f64() };
    }
    let level_db = -26.0 + 22.0 * rng.f32();
    mix_peaks(signal, &talk, level_db);
}

/// Scales `signal` to a peak of `level_db` relative to full scale.
pub fn set_peak(signal: &mut [f32], level_db: f32) {
    let gain = 10f32.powf(level_db / 20.0) / peak(signal).max(1e-9);
    signal.iter_mut().for_each(|x| *x *= gain);
}

/// Scales `signal` so that the loud parts have a root mean square of one.
pub fn set_loudness(signal: &mut [f32]) {
    let mut squares: Vec<f32> =
        signal.chunks(4_096).map(|c| c.iter().map(|x| x * x).sum::<f32>() / c.len() as f32).collect();
    squares.sort_by(f32::total_cmp);
    let loud = squares.get(squares.len() * 9 / 10).copied().unwrap_or(0.0).max(1e-12);
    let gain = loud.sqrt().recip();
    signal.iter_mut().for_each(|x| *x *= gain);
}

fn peak(signal: &[f32]) -> f32 {
    signal.iter().fold(0.0f32, |peak, x| peak.max(x.abs()))
}

fn power(signal: &[f32]) -> f32 {
    signal.iter().map(|x| x * x).sum::<f32>() / signal.len().max(1) as f32
}

fn mix_at(signal: &mut [f32], other: &[f32], level_db: f32) {
    let signal_power = power(signal);
    let reference = if signal_power > 1e-12 { signal_power } else { 1e-2 };
    let gain = (reference / power(other).max(1e-12)).sqrt() * 10f32.powf(level_db / 20.0);
    signal.iter_mut().zip(other).for_each(|(x, y)| *x += gain * y);
}

fn mix_peaks(signal: &mut [f32], other: &[f32], level_db: f32) {
    let signal_peak = peak(signal);
    let reference = if signal_peak > 1e-6 { signal_peak } else { 0.5 };
    let gain = reference / peak(other).max(1e-9) * 10f32.powf(level_db / 20.0);
    signal.iter_mut().zip(other).for_each(|(x, y)| *x += gain * y);
}
