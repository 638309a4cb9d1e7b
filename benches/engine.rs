//! What one 10 ms hop costs in each room, and in the engine as a whole. Criterion gives the mean; the worst hop of a
//! run is printed beside it, since a hop that comes late is heard. `network` and `harmonic` are each other's baseline, as
//! are the followers of a thousand and of ten thousand events.

use colla_parte::audio::{
    ANALYSIS_RATE_HZ, DB_PER_UNIT, FLOOR_DB, FrontEnd, LONGEST_WINDOW, SpectralFrame, SpectrumAnalyser,
};
use colla_parte::engine::{Engine, EngineConfig, EstimatorKind};
use colla_parte::follower::{Follower, FollowerSettings};
use colla_parte::network::{NetworkEstimator, Weights};
use colla_parte::notes::NoteTracker;
use colla_parte::performance::{DecisionDelay, PosteriorFrame};
use colla_parte::salience::{HarmonicEstimator, HarmonicTemplates};
use colla_parte::score::{PlayingPath, TempoChange};
use colla_parte::units::{Beats, Bpm, FrameIndex, HOP_S, KEYS, Pitch, Seconds};
use criterion::{Criterion, criterion_group, criterion_main};
use std::f64::consts::TAU;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

const RATE_HZ: f64 = 48_000.0;
/// Samples in a hop.
const HOP: usize = 480;
/// Hops of the test material, which then begins again.
const HOPS: usize = 1_000;
/// Hops from one struck chord to the next.
const HOPS_A_CHORD: usize = 25;

/// The chord of keys (0 is A0) struck at a multiple of [`HOPS_A_CHORD`] hops.
fn chord(n: usize) -> [usize; 3] {
    let root = 27 + [0, 5, 7, 2, 9, 4][n % 6];
    [root, root + 4, root + 7 + 12 * (n % 2)]
}

/// Struck chords with falling partials.
fn music() -> Vec<f32> {
    let mut samples = vec![0.0f32; HOPS * HOP];
    for n in 0..HOPS / HOPS_A_CHORD {
        for key in chord(n) {
            let hz = 440.0 * ((key as f64 - 48.0) / 12.0).exp2();
            for (k, sample) in samples[n * HOPS_A_CHORD * HOP..].iter_mut().take(24_000).enumerate() {
                let t = k as f64 / RATE_HZ;
                let tone: f64 = (1..=6).map(|h| (TAU * hz * f64::from(h) * t).sin() / f64::from(h)).sum();
                *sample += (0.08 * (-4.0 * t).exp() * tone) as f32;
            }
        }
    }
    samples
}

/// Evidence of the same chords, as an estimator that errs never gives it.
fn evidence() -> Vec<PosteriorFrame> {
    let frame = |hop: usize| {
        let mut frame = PosteriorFrame::silent(FrameIndex(hop as u64));
        for key in chord(hop / HOPS_A_CHORD) {
            frame.onset[key] = [0.9, 0.3][(hop % HOPS_A_CHORD).min(1)] * f32::from(hop % HOPS_A_CHORD < 2);
            frame.sounding[key] = 0.9;
            frame.velocity[key] = 0.5;
        }
        frame.level_db = -20.0;
        frame
    };
    (0..HOPS).map(frame).collect()
}

fn spectra() -> Vec<SpectralFrame> {
    let mut frames = Vec::with_capacity(HOPS);
    let mut front_end = FrontEnd::new(RATE_HZ).expect("a rate in range");
    front_end.push(&music(), |frame| frames.push(frame.clone()));
    frames
}

/// Measures `step`, which is given hop after hop of the material, and prints its worst hop.
fn hop_by_hop(criterion: &mut Criterion, name: &str, mut step: impl FnMut(usize)) {
    let (mut hop, mut worst) = (0, Duration::ZERO);
    criterion.bench_function(name, |bencher| {
        bencher.iter_custom(|hops| {
            let start = Instant::now();
            for _ in 0..hops {
                step(hop % HOPS);
                hop += 1;
            }
            start.elapsed()
        })
    });
    for hop in 0..HOPS {
        let start = Instant::now();
        step(hop);
        worst = worst.max(start.elapsed());
    }
    println!("{name:<36} worst of {HOPS} hops: {:.1} µs", worst.as_secs_f64() * 1e6);
}

fn hearing(criterion: &mut Criterion) {
    let samples = music();
    let mut front_end = FrontEnd::new(RATE_HZ).expect("a rate in range");
    hop_by_hop(criterion, "front end, a hop at 48 kHz", |hop| {
        front_end.push(&samples[hop * HOP..][..HOP], |frame| {
            black_box(frame);
        });
    });
    let frames = spectra();
    let weights = Weights::read(include_bytes!("../assets/ear.weights")).expect("the shipped weights");
    let mut network = NetworkEstimator::new(&weights);
    hop_by_hop(criterion, "network, a step", |hop| {
        let frame = &frames[hop % frames.len()];
        black_box(network.step(&frame.levels, frame.level_db, frame.frame));
    });
    let magnitudes: Vec<_> = frames.iter().map(|frame| frame.levels[1].map(magnitude)).collect();
    let mut harmonic = HarmonicEstimator::new(Arc::new(templates()));
    hop_by_hop(criterion, "harmonic estimator, a step", |hop| {
        let n = hop % frames.len();
        black_box(harmonic.step(&magnitudes[n], frames[n].level_db, frames[n].frame));
    });
}

/// Amplitude of a level of the front end.
fn magnitude(level: f32) -> f32 {
    10f32.powf((level * DB_PER_UNIT + FLOOR_DB) / 20.0)
}

fn templates() -> HarmonicTemplates {
    let mut analyser = SpectrumAnalyser::new();
    let mut frame = SpectralFrame::silent(FrameIndex(0));
    let response = |hz: f64| {
        let step = TAU * hz / f64::from(ANALYSIS_RATE_HZ);
        let sine: Vec<f32> = (0..LONGEST_WINDOW).map(|n| (step * n as f64).sin() as f32).collect();
        analyser.analyse(&sine, &mut frame);
        frame.levels[1].map(|level| magnitude(level).powi(2))
    };
    HarmonicTemplates::new(response, 6_600.0)
}

fn notes(criterion: &mut Criterion) {
    let frames = evidence();
    let mut tracker =
        NoteTracker::new(Engine::tracker_config(EstimatorKind::Network, DecisionDelay::Standard));
    let mut events = Vec::with_capacity(64);
    hop_by_hop(criterion, "note tracker, a step", |hop| {
        tracker.step(&frames[hop], &[], FrameIndex(hop as u64), Seconds(hop as f64 * HOP_S), &mut events);
        events.clear();
    });
}

fn following(criterion: &mut Criterion) {
    let frames = evidence();
    for events in [1_000, 10_000] {
        let mut follower = Follower::new(path_of(events), FollowerSettings::default());
        hop_by_hop(criterion, &format!("follower, a step, {events} events"), |hop| {
            black_box(follower.step(&frames[hop], Seconds(0.03)));
        });
    }
}

/// `events` quarter-note chords at 240 to the minute: what [`evidence`] plays, again and again.
fn path_of(events: usize) -> Arc<PlayingPath> {
    let chords = (0..events).flat_map(|n| {
        let note = move |key| (Beats::whole(n as i64), Beats::whole(1), Pitch::from_key(key));
        chord(n).into_iter().map(note)
    });
    let mut path = PlayingPath::from_notes((4, 4), &chords.collect::<Vec<_>>());
    path.tempos.push(TempoChange { at: Beats::ZERO, tempo: Bpm(240.0) });
    Arc::new(path)
}

fn whole(criterion: &mut Criterion) {
    let samples = music();
    assert!(samples.len() == HOPS * HOP && KEYS == 88);
    let path = path_of(1_000);
    for (name, estimator) in [("network", EstimatorKind::Network), ("harmonic", EstimatorKind::Harmonic)] {
        let config = EngineConfig { estimator, ..EngineConfig::default() };
        let mut engine = Engine::new(&config, RATE_HZ).expect("an engine");
        engine.set_score(Some(path.clone()));
        let mut events = Vec::with_capacity(256);
        hop_by_hop(criterion, &format!("engine, a hop, {name}, 1000 events"), |hop| {
            engine.push(&samples[hop * HOP..][..HOP], &mut events);
            black_box(events.len());
            events.clear();
        });
    }
}

/// Few samples: the figures are read as ratios, and the whole run takes a minute.
fn brief() -> Criterion {
    Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
}

criterion_group! { name = rooms; config = brief(); targets = hearing, notes, following, whole }
criterion_main!(rooms);
