"""Notes out of the network's probabilities, and how well they match: quick versions for model selection. The
figures that count are those of `colla-parte evaluate`."""

import numpy as np

from material import FRAMES_A_SECOND, KEYS, LOWEST


def decoded(probabilities, delay, onset_threshold=0.4, end_threshold=0.25, restrike_threshold=0.0, end_frames=3,
            sure_threshold=0.65, end_shift=-2):
    """Notes [(onset_s, offset_s, pitch, velocity)] from probabilities [T, K, 4] that lag by `delay` frames.

    An onset is a rise of its probability above the threshold (if the key sounds already, above the higher of the
    two thresholds); the next needs a fall below half of it first. A note is over when its sounding stays below the end
    threshold for `end_frames` frames, the first of them at the earliest three frames on, or is struck again. It ended,
    then, `end_shift` frames after the last one at or above the sure threshold."""
    frames = len(probabilities)
    notes = []
    for key in range(KEYS):
        onset, sounding = probabilities[:, key, 0], probabilities[:, key, 1]
        if onset.max(initial=0) < onset_threshold:
            continue
        started, armed, loudness, below, sure = None, True, 0.0, 0, 0
        for frame in range(frames):
            wanted = onset_threshold if started is None else max(onset_threshold, restrike_threshold)
            if onset[frame] >= wanted and armed:
                if started is not None:
                    notes.append((started, frame, key, loudness))
                started, armed, loudness, below, sure = frame, False, probabilities[frame, key, 3], 0, frame
            elif onset[frame] < onset_threshold / 2:
                armed = True
            if started is None:
                continue
            if sounding[frame] >= sure_threshold:
                sure = frame
            below = below + 1 if frame > started + 2 and sounding[frame] < end_threshold else 0
            if below >= end_frames:
                notes.append((started, max(sure + 1 + end_shift, started + 1), key, loudness))
                started = None
        if started is not None:
            notes.append((started, frames, key, loudness))
    seconds = 1 / FRAMES_A_SECOND
    return [
        ((on - delay) * seconds, (off - delay) * seconds, key + LOWEST, 127 * loudness)
        for on, off, key, loudness in sorted(notes)
    ]


def matched(truth, found, tolerance_s=0.05, offsets=False):
    """How many of `found` match one of `truth` each: same pitch, onset within the tolerance; with `offsets`, the
    end within the larger of 50 ms and a fifth of the note as well. Greedy, in order of time."""
    count = 0
    by_pitch = {}
    for note in truth:
        by_pitch.setdefault(int(note[2]), []).append(note)
    for note in found:
        candidates = by_pitch.get(int(note[2]), [])
        for i, other in enumerate(candidates):
            if abs(other[0] - note[0]) > tolerance_s:
                continue
            if offsets and abs(other[1] - note[1]) > max(0.05, 0.2 * (other[1] - other[0])):
                continue
            del candidates[i]
            count += 1
            break
    return count


def f_measure(matches, truths, founds):
    """Harmonic mean of precision and recall."""
    return 2 * matches / max(truths + founds, 1)


def frame_f_measure(truth, found, frames):
    """F1 of sounding keys, frame by frame."""
    rolls = []
    for notes in (truth, found):
        roll = np.zeros((frames, KEYS), bool)
        for onset_s, offset_s, pitch, _ in notes:
            first, last = round(onset_s * FRAMES_A_SECOND), round(offset_s * FRAMES_A_SECOND)
            roll[max(first, 0) : last, int(pitch) - LOWEST] = True
        rolls.append(roll)
    return f_measure((rolls[0] & rolls[1]).sum(), rolls[0].sum(), rolls[1].sum())
