//! The network's streaming step: convolutions over bins, partials gathered to keys, two memories at each key, the
//! second of which hears what the first holds of other keys.

use super::kernels::{POSITION_BLOCK, TapLayer, remember, sigmoid};
use super::strikes::{HEARD, StrikeJudge};
use super::weights::{HEADS, Sizes, Weights};
use super::{BINS, RESOLUTIONS};
use crate::performance::{PosteriorFrame, Strike};
use crate::units::{FrameIndex, KEYS};
use pulp::Arch;

/// Where the partials of a key lie, in bins: at 1/2, 1 to 6 and 8 times its frequency.
pub(super) const PARTIAL_SHIFTS: [isize; 8] = [-36, 0, 36, 57, 72, 84, 93, 108];

/// Keys whose partials coincide with a key's own: octaves, twelfths, double octaves.
pub(super) const KEY_SHIFTS: [isize; 6] = [-24, -19, -12, 12, 19, 24];

/// Keys whose first memory a key listens to: those, and its neighbours.
pub(super) const COMPANY_SHIFTS: [isize; 8] = [-24, -19, -12, -1, 1, 12, 19, 24];

/// What a velocity is read from: what the heads say of it, the levels of the key's partials, the key's place and its square.
pub const VELOCITY_INPUTS: usize = 3 + RESOLUTIONS * PARTIAL_SHIFTS.len();

/// Bins a key has.
const BINS_PER_KEY: usize = BINS / 96;

/// Rows of bins: one place of silence, the bins, one more.
const BIN_ROW: usize = BINS + 2;

/// Keys computed: 88 and idle ones up to a whole block.
const KEY_POSITIONS: usize = KEYS.next_multiple_of(POSITION_BLOCK);

/// Silence before the first key in a row of keys, as far as shifts reach.
const KEY_MARGIN: usize = 24;

/// Rows of keys: room for shifts on both sides.
const KEY_ROW: usize = KEY_MARGIN + KEY_POSITIONS + 48;

/// Frames that the convolutions see: the newest and two before.
const KERNEL_FRAMES: usize = 3;

/// Silent frames run through at a start: the three convolutions' past, then enough for the memory to settle.
const SETTLING_FRAMES: (usize, usize) = (6, 48);

/// Hears: one frame of features in, one frame of note evidence out.
///
/// # Latency
/// The evidence that a step returns describes the moment [`NetworkEstimator::look_ahead`] hops before the frame
/// it was given.
///
/// # Realtime safety
/// Nothing here allocates after construction.
///
/// # Reference
/// The shape follows the harmonic stacking of Bittner et al. 2017 and the pitch-shared autoregressive models of
/// Kwon et al. 2020 and 2024, in a causal form; the memories are LSTMs.
pub struct NetworkEstimator {
    arch: Arch,
    layers: Layers,
    state: State,
    settled: State,
    scratch: Scratch,
    /// Hops that each set of heads lags.
    delays: Vec<usize>,
    /// The set whose word is given; the others, the longest last.
    place: usize,
    others: Vec<usize>,
    frame: PosteriorFrame,
    /// What each of the others says.
    judged: Vec<PosteriorFrame>,
    judge: StrikeJudge,
}

struct Layers {
    front1: TapLayer,
    front2: TapLayer,
    partials_in: TapLayer,
    partials_out: TapLayer,
    keys: TapLayer,
    kin_in: TapLayer,
    kin_out: TapLayer,
    memory: TapLayer,
    company_in: TapLayer,
    company_out: TapLayer,
    judgement: TapLayer,
    /// One for each delay.
    heads: Vec<TapLayer>,
    /// One for each delay.
    velocities: Vec<TapLayer>,
    /// `[channels][KEY_POSITIONS]`.
    register: Vec<f32>,
    sizes: Sizes,
}

/// What is kept from step to step.
#[derive(Clone)]
struct State {
    /// Inputs of the convolutions, `[KERNEL_FRAMES][channel][row]`, oldest first.
    levels: Vec<f32>,
    front: Vec<f32>,
    keys: Vec<f32>,
    /// Cells of the first memory, `[hidden][KEY_POSITIONS]`.
    cells: Vec<f32>,
    /// Cells of the second, `[second][KEY_POSITIONS]`.
    judging: Vec<f32>,
    /// What the memories read, rows of `KEY_POSITIONS`: the first one's input, `[channels]`, and its own last
    /// output, `[hidden]`; then the second one's input and last output, `[second]` each.
    recalled: Vec<f32>,
    /// Levels of the last frames, dB, newest first.
    levels_db: Vec<f32>,
}

/// What a step works with.
struct Scratch {
    /// A layer's output.
    rows: Vec<f32>,
    /// The second convolution's output, in rows of bins.
    front: Vec<f32>,
    /// Partials, `[bin of the key][bottleneck]` rows of keys.
    partials: Vec<f32>,
    /// Rows of keys: `[channels]`, then `[bottleneck]`.
    kin: Vec<f32>,
    /// Rows of keys: `[hidden]`, then `[company]`.
    company: Vec<f32>,
    /// What velocities are read from, `[VELOCITY_INPUTS][KEY_POSITIONS]`.
    loudness: Vec<f32>,
}

impl NetworkEstimator {
    /// The network with these weights, having heard silence.
    pub fn new(weights: &Weights) -> NetworkEstimator {
        let sizes = weights.sizes;
        let Sizes { front, bottleneck, channels, hidden, company, second } = sizes;
        let widest = (front * BINS).max(channels.max(4 * hidden.max(second)).max(2 * HEADS) * KEY_POSITIONS);
        let state = State {
            levels: vec![0.0; KERNEL_FRAMES * RESOLUTIONS * BIN_ROW],
            front: vec![0.0; KERNEL_FRAMES * front * BIN_ROW],
            keys: vec![0.0; KERNEL_FRAMES * channels * KEY_ROW],
            cells: vec![0.0; hidden * KEY_POSITIONS],
            judging: vec![0.0; second * KEY_POSITIONS],
            recalled: vec![0.0; (channels + hidden + 2 * second) * KEY_POSITIONS],
            levels_db: vec![-120.0; weights.delays.iter().max().map_or(0, |&hops| hops) + 1],
        };
        let mut estimator = NetworkEstimator {
            arch: Arch::new(),
            layers: Layers::new(weights),
            settled: state.clone(),
            state,
            scratch: Scratch {
                rows: vec![0.0; widest],
                front: vec![0.0; front * BIN_ROW],
                partials: vec![0.0; BINS_PER_KEY * bottleneck * KEY_ROW],
                kin: vec![0.0; (channels + bottleneck) * KEY_ROW],
                company: vec![0.0; (hidden + company) * KEY_ROW],
                loudness: loudness(),
            },
            delays: weights.delays.clone(),
            place: 0,
            others: Vec::new(),
            frame: PosteriorFrame::silent(FrameIndex(0)),
            judged: Vec::new(),
            judge: StrikeJudge::new(weights),
        };
        estimator.find_others();
        let silence = [[0.0; BINS]; RESOLUTIONS];
        for _ in 0..SETTLING_FRAMES.0 {
            estimator.step(&silence, -120.0, FrameIndex(0));
        }
        estimator.state.cells.fill(0.0);
        estimator.state.judging.fill(0.0);
        estimator.state.recalled.fill(0.0);
        for _ in 0..SETTLING_FRAMES.1 {
            estimator.step(&silence, -120.0, FrameIndex(0));
        }
        estimator.settled = estimator.state.clone();
        estimator.judge.reset();
        estimator
    }

    /// Hops from the moment that a frame of evidence describes to the features that complete it.
    pub fn look_ahead(&self) -> usize {
        self.delays[self.place]
    }

    /// Decides so many hops after each moment from the next step on. `false`, and nothing changes, if the network has
    /// no heads for that. Allocates.
    pub fn set_look_ahead(&mut self, hops: usize) -> bool {
        let place = self.delays.iter().position(|&delay| delay == hops);
        self.place = place.unwrap_or(self.place);
        self.find_others();
        place.is_some()
    }

    fn find_others(&mut self) {
        self.others = (0..self.delays.len()).filter(|&place| place != self.place).collect();
        self.others.sort_by_key(|&place| self.delays[place]);
        self.judged = vec![PosteriorFrame::silent(FrameIndex(0)); self.others.len()];
    }

    /// What the heads of other delays said at the last step, of later moments and of earlier ones, the earliest last. Strikes,
    /// sounding and velocities only.
    pub fn other_judgements(&self) -> &[PosteriorFrame] {
        &self.judged
    }

    /// The strikes that were judged at the last step.
    pub fn strikes(&self) -> &[Strike] {
        self.judge.strikes()
    }

    /// What the last step read `key`'s velocity from: what the deciding heads say of it, then the level of each partial around the
    /// newest frame, by resolution, the key's place and its square.
    pub fn velocity_inputs(&self, key: usize) -> [f32; VELOCITY_INPUTS] {
        std::array::from_fn(|row| self.scratch.loudness[row * KEY_POSITIONS + key])
    }

    /// Forgets all that was heard.
    pub fn reset(&mut self) {
        let State { levels, front, keys, cells, judging, recalled, levels_db } = &self.settled;
        self.state.levels.copy_from_slice(levels);
        self.state.front.copy_from_slice(front);
        self.state.keys.copy_from_slice(keys);
        self.state.cells.copy_from_slice(cells);
        self.state.judging.copy_from_slice(judging);
        self.state.recalled.copy_from_slice(recalled);
        self.state.levels_db.copy_from_slice(levels_db);
        self.judge.reset();
    }

    /// Takes the newest hop's levels (`[resolution][bin]`, as the front end gives them) and its level in dB; the
    /// evidence is that of `frame`, the moment [`NetworkEstimator::look_ahead`] hops before.
    ///
    /// # Realtime safety
    /// Does not allocate.
    pub fn step(
        &mut self,
        levels: &[[f32; BINS]; RESOLUTIONS],
        level_db: f32,
        frame: FrameIndex,
    ) -> &PosteriorFrame {
        let NetworkEstimator { arch, layers, state, scratch, place: chosen, .. } = self;
        let arch = *arch;
        let Sizes { front, bottleneck, channels, hidden, second, .. } = layers.sizes;
        let Scratch { rows, front: bins, partials, kin, company, loudness } = scratch;

        let newest = make_room(&mut state.levels, RESOLUTIONS * BIN_ROW);
        for (row, values) in newest.chunks_exact_mut(BIN_ROW).zip(levels) {
            row[1..=BINS].copy_from_slice(values);
        }
        layers.front1.apply(arch, &state.levels, rows);
        let newest = make_room(&mut state.front, front * BIN_ROW);
        place_rectified(newest, BIN_ROW, 1, rows, BINS, BINS);
        layers.front2.apply(arch, &state.front, rows);
        place_rectified(bins, BIN_ROW, 1, rows, BINS, BINS);

        layers.partials_in.apply(arch, bins, rows);
        for (channel, row) in rows[..bottleneck * BINS].chunks_exact(BINS).enumerate() {
            let (groups, _) = row.as_chunks::<BINS_PER_KEY>();
            for place in 0..BINS_PER_KEY {
                let partial = &mut partials[(place * bottleneck + channel) * KEY_ROW + KEY_MARGIN..];
                for (value, group) in partial.iter_mut().zip(groups) {
                    *value = group[place];
                }
            }
        }
        layers.partials_out.apply(arch, partials, rows);
        let newest = make_room(&mut state.keys, channels * KEY_ROW);
        place_rectified(newest, KEY_ROW, KEY_MARGIN, rows, KEY_POSITIONS, KEYS);
        layers.keys.apply(arch, &state.keys, rows);
        let (own, others) = kin.split_at_mut(channels * KEY_ROW);
        place_rectified(own, KEY_ROW, KEY_MARGIN, rows, KEY_POSITIONS, KEYS);
        layers.kin_in.apply(arch, own, rows);
        place(others, rows);
        layers.kin_out.apply(arch, kin, rows);

        let heard = &mut state.recalled[..channels * KEY_POSITIONS];
        for ((heard, &row), &register) in heard.iter_mut().zip(rows.iter()).zip(&layers.register) {
            *heard = (row + register).max(0.0);
        }
        // A memory's layer reads the last output that `remember` then replaces.
        layers.memory.apply(arch, &state.recalled, rows);
        let held = &mut state.recalled[channels * KEY_POSITIONS..][..hidden * KEY_POSITIONS];
        remember(arch, &rows[..4 * hidden * KEY_POSITIONS], &mut state.cells, held);
        let (own, others) = company.split_at_mut(hidden * KEY_ROW);
        place(own, held);
        layers.company_in.apply(arch, own, rows);
        place(others, rows);
        layers.company_out.apply(arch, company, rows);
        let input = &mut state.recalled[(channels + hidden) * KEY_POSITIONS..][..second * KEY_POSITIONS];
        input.iter_mut().zip(rows.iter()).for_each(|(input, &row)| *input = row.max(0.0));
        layers.judgement.apply(arch, &state.recalled, rows);
        let judged = &mut state.recalled[(channels + hidden + second) * KEY_POSITIONS..];
        remember(arch, &rows[..4 * second * KEY_POSITIONS], &mut state.judging, judged);
        layers.heads[*chosen].apply(arch, &state.recalled, rows);
        gather_partials(levels, &mut loudness[KEY_POSITIONS..]);

        for (&place, judged) in self.others.iter().zip(&mut self.judged) {
            let deciding = &mut rows[HEADS * KEY_POSITIONS..];
            layers.heads[place].apply(arch, &state.recalled, deciding);
            let newest = frame.0 + self.delays[*chosen] as u64;
            judged.frame = FrameIndex(newest.saturating_sub(self.delays[place] as u64));
            for (head, values) in [(0, &mut judged.onset), (1, &mut judged.sounding)] {
                for (probability, &logit) in values.iter_mut().zip(&deciding[head * KEY_POSITIONS..]) {
                    *probability = sigmoid(logit);
                }
            }
            layers.read_velocities(arch, place, loudness, deciding, &mut judged.velocity);
        }

        state.levels_db.rotate_right(1);
        state.levels_db[0] = level_db;
        let evidence = &mut self.frame;
        evidence.frame = frame;
        evidence.level_db = state.levels_db[self.delays[*chosen]];
        let heads = [&mut evidence.onset, &mut evidence.sounding, &mut evidence.offset];
        for (head, row) in heads.into_iter().zip(rows.chunks_exact(KEY_POSITIONS)) {
            for (probability, &logit) in head.iter_mut().zip(row) {
                *probability = sigmoid(logit);
            }
        }
        layers.read_velocities(arch, *chosen, loudness, rows, &mut evidence.velocity);
        self.judge.step(HEARD.map(|delay| {
            let other = self.others.iter().position(|&place| self.delays[place] == delay);
            other.map_or(&self.frame, |other| &self.judged[other])
        }));
        &self.frame
    }
}

impl Layers {
    fn new(weights: &Weights) -> Layers {
        let sizes = weights.sizes;
        let Sizes { front, bottleneck, channels, hidden, company, second } = sizes;
        let rows =
            |count: usize, stride: usize, margin: usize| (0..count).map(move |row| row * stride + margin);
        let partial_taps = PARTIAL_SHIFTS.iter().flat_map(|&shift| {
            (0..BINS_PER_KEY).flat_map(move |place| {
                let from = place as isize + shift;
                let (keys, place) =
                    (from.div_euclid(BINS_PER_KEY as isize), from.rem_euclid(BINS_PER_KEY as isize));
                (0..bottleneck).map(move |channel| {
                    (place as usize * bottleneck + channel) * KEY_ROW + KEY_MARGIN.wrapping_add_signed(keys)
                })
            })
        });
        let recalled = |first: usize, count: usize| {
            (first..first + count).map(|row| row * KEY_POSITIONS).collect::<Vec<usize>>()
        };
        let judged = channels + hidden;
        let deciding = [recalled(channels, hidden), recalled(judged + second, second)].concat();
        let mut register = vec![0.0; channels * KEY_POSITIONS];
        for (key, values) in weights.register.chunks_exact(channels).enumerate() {
            for (channel, &value) in values.iter().enumerate() {
                register[channel * KEY_POSITIONS + key] = value;
            }
        }
        Layers {
            front1: TapLayer::new(&weights.front1, convolution_taps(RESOLUTIONS, BIN_ROW, 1), BINS),
            front2: TapLayer::new(&weights.front2, convolution_taps(front, BIN_ROW, 1), BINS),
            partials_in: TapLayer::new(&weights.partials_in, rows(front, BIN_ROW, 1).collect(), BINS),
            partials_out: TapLayer::new(&weights.partials_out, partial_taps.collect(), KEY_POSITIONS),
            keys: TapLayer::new(
                &weights.keys,
                convolution_taps(channels, KEY_ROW, KEY_MARGIN),
                KEY_POSITIONS,
            ),
            kin_in: TapLayer::new(
                &weights.kin_in,
                rows(channels, KEY_ROW, KEY_MARGIN).collect(),
                KEY_POSITIONS,
            ),
            kin_out: TapLayer::new(
                &weights.kin_out,
                shared_taps(channels, bottleneck, &KEY_SHIFTS),
                KEY_POSITIONS,
            ),
            memory: TapLayer::new(&weights.memory, recalled(0, channels + hidden), KEY_POSITIONS),
            company_in: TapLayer::new(
                &weights.company_in,
                rows(hidden, KEY_ROW, KEY_MARGIN).collect(),
                KEY_POSITIONS,
            ),
            company_out: TapLayer::new(
                &weights.company_out,
                shared_taps(hidden, company, &COMPANY_SHIFTS),
                KEY_POSITIONS,
            ),
            judgement: TapLayer::new(&weights.judgement, recalled(judged, 2 * second), KEY_POSITIONS),
            heads: (0..weights.delays.len())
                .map(|place| {
                    TapLayer::new(&weights.heads.group(HEADS, place), deciding.clone(), KEY_POSITIONS)
                })
                .collect(),
            velocities: (0..weights.delays.len())
                .map(|place| {
                    let layer = weights.velocities.group(1, place);
                    TapLayer::new(&layer, recalled(0, VELOCITY_INPUTS), KEY_POSITIONS)
                })
                .collect(),
            register,
            sizes,
        }
    }

    /// Reads the velocities of the delay at `place` from `loudness` and what its heads say, `[HEADS][KEY_POSITIONS]` logits,
    /// of which the last row is overwritten.
    fn read_velocities(
        &self,
        arch: Arch,
        place: usize,
        loudness: &mut [f32],
        heads: &mut [f32],
        velocities: &mut [f32; KEYS],
    ) {
        let row = &mut heads[(HEADS - 1) * KEY_POSITIONS..];
        for (own, &logit) in loudness[..KEY_POSITIONS].iter_mut().zip(row.iter()) {
            *own = sigmoid(logit);
        }
        self.velocities[place].apply(arch, loudness, row);
        velocities.copy_from_slice(&row[..KEYS]);
    }
}

/// Rows of what velocities are read from, those filled in that never change: how far a key lies from middle C, in two octaves, and
/// the square of that.
fn loudness() -> Vec<f32> {
    let mut rows = vec![0.0; VELOCITY_INPUTS * KEY_POSITIONS];
    for key in 0..KEYS {
        let place = (key as f32 - 39.0) / 24.0;
        rows[(VELOCITY_INPUTS - 2) * KEY_POSITIONS + key] = place;
        rows[(VELOCITY_INPUTS - 1) * KEY_POSITIONS + key] = place * place;
    }
    rows
}

/// Fills rows of `KEY_POSITIONS`, a row each resolution and partial, with the loudest level of the bins around it.
fn gather_partials(levels: &[[f32; BINS]; RESOLUTIONS], rows: &mut [f32]) {
    let wanted = levels.iter().flat_map(|level| PARTIAL_SHIFTS.map(|shift| (level, shift)));
    for ((level, shift), row) in wanted.zip(rows.chunks_exact_mut(KEY_POSITIONS)) {
        let at =
            |bin: isize| usize::try_from(bin).ok().and_then(|bin| level.get(bin)).copied().unwrap_or(0.0);
        for (key, loudest) in row[..KEYS].iter_mut().enumerate() {
            let first = (BINS_PER_KEY * key) as isize + shift;
            *loudest = at(first).max(at(first + 1)).max(at(first + 2));
        }
    }
}

/// Taps of a 3 × 3 convolution over frames and positions, in the order frame, channel, position.
fn convolution_taps(channels: usize, row: usize, margin: usize) -> Vec<usize> {
    let rows = 0..KERNEL_FRAMES * channels;
    rows.flat_map(|index| (0..3).map(move |place| index * row + margin + place - 1)).collect()
}

/// Taps over rows of keys: a key's `own` rows, then the `others` rows after those of the keys at `shifts` from it.
fn shared_taps(own: usize, others: usize, shifts: &[isize]) -> Vec<usize> {
    let mine = (0..own).map(|row| row * KEY_ROW + KEY_MARGIN);
    let theirs = shifts.iter().flat_map(|&shift| {
        (own..own + others).map(move |row| row * KEY_ROW + KEY_MARGIN.wrapping_add_signed(shift))
    });
    mine.chain(theirs).collect()
}

/// Writes rows of `KEY_POSITIONS` into rows of keys, silence beside the 88.
fn place(places: &mut [f32], rows: &[f32]) {
    for (place, row) in places.chunks_exact_mut(KEY_ROW).zip(rows.chunks_exact(KEY_POSITIONS)) {
        place[KEY_MARGIN..][..KEYS].copy_from_slice(&row[..KEYS]);
    }
}

/// Drops the oldest of the frames in `history` and gives the place of the newest, `size` long.
fn make_room(history: &mut [f32], size: usize) -> &mut [f32] {
    history.copy_within(size.., 0);
    let end = history.len();
    &mut history[end - size..]
}

/// Writes the first `kept` of every `positions` in `rows`, negatives as zero, into rows of `stride` after `margin`.
fn place_rectified(
    places: &mut [f32],
    stride: usize,
    margin: usize,
    rows: &[f32],
    positions: usize,
    kept: usize,
) {
    for (place, row) in places.chunks_exact_mut(stride).zip(rows.chunks_exact(positions)) {
        for (value, &x) in place[margin..][..kept].iter_mut().zip(row) {
            *value = x.max(0.0);
        }
    }
}
