//! The second pass: the best way through a whole recording, and when exactly each event was played on it.

use super::FollowerSettings;
use super::decoder::Decoder;
use super::events::ScoreEvents;
use super::hypotheses::REACH;
use super::observation::{PICKER_LAG, StrikePicker};
use super::relocate::Destinations;
use crate::performance::{AlignedBeat, PosteriorFrame};
use crate::score::PlayingPath;
use crate::units::{FRAME_RATE_HZ, KEYS, Seconds};

/// A key's onset counts for an event if it lies within this many hops before and after it was first heard.
const REFINEMENT: (f32, f32) = (6.0, 8.0);
/// The same after a rolled chord began.
const ROLLED: f32 = 25.0;

/// Where a whole recording is in the score.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Alignment {
    /// Stretches of continuous playing in the order of time; in each, time and beat both rise, at least one
    /// event a stretch.
    pub stretches: Vec<Vec<AlignedBeat>>,
}

impl Alignment {
    /// Path position and confidence at `time`, by interpolation; `None` before the first stretch and
    /// between stretches.
    pub fn position_at(&self, time: Seconds) -> Option<AlignedBeat> {
        let after = self.stretches.partition_point(|stretch| stretch.first().is_some_and(|p| p.time <= time));
        let stretch = self.stretches.get(after.checked_sub(1)?)?;
        let next = stretch.partition_point(|point| point.time <= time);
        let from = stretch.get(next.checked_sub(1)?)?;
        let Some(to) = stretch.get(next) else {
            // The last event's own time; what follows is not known to be played.
            return (time.0 - from.time.0 <= LAST_EVENT_S).then_some(AlignedBeat { time, ..*from });
        };
        let passed = (time.0 - from.time.0) / (to.time.0 - from.time.0).max(1e-9);
        let beat = (from.beat + passed * (to.beat - from.beat)).min(to.beat - JUST_BEFORE).max(from.beat);
        Some(AlignedBeat { beat, time, confidence: from.confidence })
    }

    /// Seconds a beat takes around `time`; `None` where there is no stretch or too little of it.
    pub fn seconds_per_beat_at(&self, time: Seconds) -> Option<f64> {
        let after = self.stretches.partition_point(|stretch| stretch.first().is_some_and(|p| p.time <= time));
        let stretch = self.stretches.get(after.checked_sub(1)?)?;
        let here = stretch.partition_point(|point| point.time <= time).max(1) - 1;
        // Over about two beats, so that single notes do not show.
        let from =
            stretch[..=here].iter().rfind(|p| p.beat <= stretch[here].beat - 1.0).unwrap_or(&stretch[0]);
        let to = stretch[here..].iter().find(|p| p.beat >= stretch[here].beat + 1.0).or(stretch.last())?;
        let beats = to.beat - from.beat;
        (beats > 0.0).then(|| (to.time.0 - from.time.0) / beats)
    }
}

/// How long the last event of a stretch is shown, in seconds.
const LAST_EVENT_S: f64 = 1.0;
/// How close before an event's beat the position stays until its onset.
const JUST_BEFORE: f64 = 0.004;

/// An onset as the second pass keeps it.
#[derive(Clone, Copy, Debug)]
struct Onset {
    hop: f32,
    key: u8,
    /// Hops, with the part between hops.
    at: f32,
}

/// Takes a recording frame by frame and aligns it once it is complete.
///
/// Runs the same model as the follower, but for the best single way (Viterbi) instead of the present
/// position; the way is traced back from the end, so that every event profits from all that comes after it. Then each
/// event's time is the median of its keys' onsets. Memory grows with the recording: about 12 bytes for each
/// competing entry and onset.
#[derive(Clone, Debug)]
pub struct Smoother {
    settings: FollowerSettings,
    events: ScoreEvents,
    places: Destinations,
    picker: StrikePicker,
    decoder: Decoder,
    onsets: Vec<Onset>,
    hop: f32,
    first: Option<Seconds>,
}

impl Smoother {
    /// A second pass along `path`.
    pub fn new(path: &PlayingPath, settings: FollowerSettings) -> Smoother {
        let events = ScoreEvents::new(path, |_| true);
        Smoother {
            decoder: Decoder::with_history(&events, &settings),
            places: Destinations::new(&events),
            picker: StrikePicker::new(),
            settings,
            events,
            onsets: Vec::new(),
            hop: 0.0,
            first: None,
        }
    }

    /// Takes the next frame.
    pub fn push(&mut self, frame: &PosteriorFrame) {
        self.first.get_or_insert(frame.frame.seconds());
        if self.events.is_empty() {
            return;
        }
        // The picker speaks of a frame before: the first frame is hop 0.
        let hop = self.hop - PICKER_LAG as f32;
        self.hop += 1.0;
        let evidence = self.picker.next(frame, &self.settings);
        for strike in &evidence.strikes {
            self.onsets.push(Onset { hop, key: strike.key as u8, at: hop + strike.offset });
        }
        self.decoder.advance(&self.events, &self.places, &self.settings, evidence, hop);
        if self.decoder.best_mass() > self.decoder.rest {
            let lead = self.decoder.hypotheses.lead(self.decoder.best);
            self.decoder.usual_tempo = self.decoder.hypotheses.tempo(lead);
        }
    }

    /// The alignment of all frames so far.
    pub fn finish(mut self) -> Alignment {
        if let Some(last) = self.first {
            // Some more frames bring out the evidence of the last.
            let frame = PosteriorFrame::silent(last.frame());
            (0..PICKER_LAG).for_each(|_| self.push(&frame));
        }
        let way = self.decoder.best_way();
        let first = self.first.unwrap_or_default().0 + f64::from(self.settings.onset_shift_s);
        let mut alignment = Alignment::default();
        let mut before: Option<(usize, f32)> = None;
        for (n, &(event, hop)) in way.iter().enumerate() {
            let until = way.get(n + 1).map_or(f32::INFINITY, |next| next.1);
            let (at, heard) = self.refined(event, hop, before.map_or(f32::NEG_INFINITY, |b| b.1), until);
            let goes_on = before.is_some_and(|(last, at_before)| {
                (last + 1..=last + REACH).contains(&event) && at > at_before
            });
            if !goes_on {
                alignment.stretches.push(Vec::new());
            }
            if let Some(stretch) = alignment.stretches.last_mut() {
                let time = Seconds(first + f64::from(at) / FRAME_RATE_HZ);
                stretch.push(AlignedBeat { beat: self.events.beat[event], time, confidence: heard });
            }
            before = Some((event, at));
        }
        self.fill_in(&mut alignment);
        alignment
    }

    /// When `event`, first heard at `hop`, was played, and the share of its keys that were heard. Onsets up to `after`
    /// and from `until` on belong to its neighbours.
    fn refined(&self, event: usize, hop: f32, after: f32, until: f32) -> (f32, f32) {
        let width = if self.events.rolled[event] { ROLLED } else { REFINEMENT.1 };
        let (from, to) = ((hop - REFINEMENT.0).max(after + 0.5), (hop + width).min(until - 0.5));
        let begin = self.onsets.partition_point(|onset| onset.hop < from);
        let mut nearest = [f32::NAN; KEYS];
        for onset in self.onsets[begin..].iter().take_while(|onset| onset.hop <= to) {
            let key = usize::from(onset.key);
            if self.events.keys[event] >> key & 1 == 1 {
                let known = nearest[key];
                if known.is_nan() || (onset.at - hop).abs() < (known - hop).abs() {
                    nearest[key] = onset.at;
                }
            }
        }
        let mut times: Vec<f32> = nearest.into_iter().filter(|at| !at.is_nan()).collect();
        times.sort_by(f32::total_cmp);
        let heard = (times.len() as f32 / f32::from(self.events.count[event])).min(1.0);
        let middle = times.len() / 2;
        let at = match times.len() {
            0 => hop,
            n if n % 2 == 1 => times[middle],
            _ => 0.5 * (times[middle - 1] + times[middle]),
        };
        (at.max(after + 0.01), heard)
    }

    /// Puts the events that went unheard between two heard ones where the notated rhythm has them.
    fn fill_in(&self, alignment: &mut Alignment) {
        for stretch in &mut alignment.stretches {
            let mut filled: Vec<AlignedBeat> = Vec::with_capacity(stretch.len());
            for &point in stretch.iter() {
                if let Some(&last) = filled.last() {
                    let (from, to) =
                        (self.events.at_or_after(last.beat), self.events.at_or_after(point.beat));
                    let whole: f32 = self.events.interval[from..to].iter().sum();
                    let mut passed = 0.0;
                    for event in from + 1..to {
                        passed += self.events.interval[event - 1];
                        let share = f64::from(passed / whole);
                        let time = Seconds(last.time.0 + share * (point.time.0 - last.time.0));
                        filled.push(AlignedBeat { beat: self.events.beat[event], time, confidence: 0.0 });
                    }
                }
                filled.push(point);
            }
            *stretch = filled;
        }
    }
}
