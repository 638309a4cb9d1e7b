//! Players: rubato, wrong notes, stops, restarts, skips, noodling. What they do is known to the hundredth.

use super::Random;
use colla_parte::score::PlayingPath;
use colla_parte::units::KEYS;

/// A note that sounds.
#[derive(Clone, Copy, Debug)]
pub struct Sound {
    pub onset_s: f64,
    pub offset_s: f64,
    pub key: usize,
}

/// Contiguous playing.
#[derive(Clone, Debug, Default)]
pub struct Stretch {
    /// Score onsets as they were played: beat, seconds.
    pub onsets: Vec<(f64, f64)>,
}

/// A whole session.
#[derive(Clone, Debug, Default)]
pub struct Session {
    pub sounds: Vec<Sound>,
    pub stretches: Vec<Stretch>,
    /// Times, from and to, in which something else than the score was played.
    pub noodling: Vec<(f64, f64)>,
    pub length_s: f64,
}

/// What kind of player.
#[derive(Clone, Copy, Debug)]
pub struct Player {
    /// Tempo over the notated one.
    pub tempo: f64,
    /// Standard deviation of the slow tempo curve, relative.
    pub rubato: f64,
    /// Standard deviation of a single onset, in seconds.
    pub jitter_s: f64,
    /// Probability, for each note, of being wrong, missed, or joined by an extra one; one third each.
    pub wrong: f64,
    /// Restarts, repeats and skips in a session.
    pub jumps: usize,
    /// Probability that a jump comes with a pause.
    pub pauses: f64,
    /// Times that something else is played.
    pub noodles: usize,
    /// Events that are lingered on.
    pub fermatas: usize,
}

impl Player {
    /// Plays well, from the beginning to the end.
    pub const STEADY: Player = Player {
        tempo: 1.0,
        rubato: 0.06,
        jitter_s: 0.012,
        wrong: 0.0,
        jumps: 0,
        pauses: 1.0,
        noodles: 0,
        fermatas: 0,
    };
}

/// Plays `path`, about `seconds` long.
pub fn rehearse(random: &mut Random, path: &PlayingPath, player: Player, seconds: f64) -> Session {
    let mut session = Session::default();
    let mut time = 0.5 + random.unit();
    let measures = path.steps.len();
    let mut from = 0usize;
    let stretches = player.jumps + player.noodles + 1;
    let mut to_noodle = player.noodles;
    let piece_s = path.notated_time(path.end().to_f64()).0 / player.tempo;
    let per_measure = piece_s / measures as f64;
    for stretch in 0..stretches {
        let share = seconds / stretches as f64 * random.between(0.6, 1.4);
        let count = if stretches == 1 { measures } else { ((share / per_measure) as usize).max(3) };
        let to = (from + count).min(measures);
        let ends_inside = stretch + 1 < stretches;
        time = play(random, path, player, &mut session, time, (from, to), ends_inside);
        if random.chance(player.pauses) {
            time += random.between(0.5, 3.0);
        }
        let noodles_now = to_noodle > 0 && (random.chance(0.5) || stretches - stretch <= to_noodle + 1);
        if noodles_now && ends_inside {
            to_noodle -= 1;
            time = noodle(random, &mut session, time) + random.between(0.3, 1.5);
        }
        from = match random.below(4) {
            0 => from,
            1 => to.saturating_sub(1 + random.below(6)),
            2 => (to + 1 + random.below(8)).min(measures.saturating_sub(4)),
            _ => random.below(measures.saturating_sub(4).max(1)),
        };
    }
    session.sounds.sort_by(|a, b| a.onset_s.total_cmp(&b.onset_s));
    session.length_s = time + 1.0;
    session
}

/// Plays the measures `from..to`, starting at `time`; returns when it ends.
fn play(
    random: &mut Random,
    path: &PlayingPath,
    player: Player,
    session: &mut Session,
    time: f64,
    (from, to): (usize, usize),
    ends_inside: bool,
) -> f64 {
    let begin = path.steps[from].start.to_f64();
    let mut end = path.steps[to - 1].start.to_f64() + path.steps[to - 1].length.to_f64();
    if ends_inside {
        // Players stop where they stop.
        end -= random.between(0.0, 3.0);
    }
    let mut onsets: Vec<f64> = path.notes.iter().map(|note| note.onset.to_f64()).collect();
    onsets.retain(|&beat| beat >= begin - 1e-9 && beat < end);
    onsets.dedup();
    let lingers: Vec<f64> = (0..player.fermatas).map(|_| onsets[random.below(onsets.len())]).collect();
    let (mut now, mut before, mut curve) = (time, begin, 0.0);
    let mut stretch = Stretch::default();
    for &beat in &onsets {
        // An Ornstein-Uhlenbeck tempo curve over beats.
        let span = beat - before;
        let keep = (-span / 4.0).exp();
        curve = curve * keep + player.rubato * (1.0 - keep * keep).sqrt() * random.normal();
        let notated = path.notated_time(beat).0 - path.notated_time(before).0;
        now += notated / player.tempo * f64::exp(curve);
        before = beat;
        let first = path.notes.partition_point(|note| note.onset.to_f64() < beat - 1e-9);
        let mut heard = Vec::new();
        for note in path.notes[first..].iter().take_while(|note| note.onset.to_f64() < beat + 1e-9) {
            let Some(mut key) = note.pitch.key() else { continue };
            let mut onset_s = now + player.jitter_s * random.normal();
            let length = note.duration.to_f64() * path.tempo_at(beat).seconds_per_beat() / player.tempo;
            let fate = random.unit();
            if fate < player.wrong / 3.0 {
                continue;
            }
            heard.push(onset_s);
            if fate < 2.0 * player.wrong / 3.0 {
                key = (key as i64 + random.pick(&[-2, -1, 1, 2, 12])).clamp(0, KEYS as i64 - 1) as usize;
            } else if fate < player.wrong {
                let extra = (key as i64 + random.pick(&[-2, -1, 1, 2])).clamp(0, KEYS as i64 - 1) as usize;
                session.sounds.push(Sound { onset_s: onset_s + 0.01, offset_s: onset_s + 0.15, key: extra });
            }
            onset_s = onset_s.max(0.0);
            session.sounds.push(Sound { onset_s, offset_s: onset_s + (0.9 * length).max(0.06), key });
        }
        if !heard.is_empty() {
            heard.sort_by(f64::total_cmp);
            stretch.onsets.push((beat, heard[heard.len() / 2]));
        }
        if lingers.contains(&beat) {
            now += random.between(0.5, 2.0);
        }
    }
    let rest = path.notated_time(end).0 - path.notated_time(before).0;
    session.stretches.push(stretch);
    now + (rest / player.tempo).max(0.1)
}

/// Scales, chords and tinkering that are not in the score.
fn noodle(random: &mut Random, session: &mut Session, time: f64) -> f64 {
    let end = time + random.between(4.0, 12.0);
    let mut now = time;
    let mut key = 30 + random.below(30) as i64;
    let pace = random.between(0.12, 0.4);
    while now < end {
        key = (key + random.pick(&[-5, -3, -2, -1, 1, 2, 3, 4, 7])).clamp(12, 75);
        let chord = if random.chance(0.15) { 3 } else { 1 };
        for note in 0..chord {
            let sound = Sound { onset_s: now, offset_s: now + pace, key: (key + 4 * note) as usize };
            session.sounds.push(sound);
        }
        now += pace * random.between(0.7, 1.6);
    }
    session.noodling.push((time, end));
    end
}
