"""Writes the SFZ of a folder of samples that are named by their notes (`A3.mp3`, `As3.wav`, `C#4.flac`), which
`sfz_to_sf2.py` then makes a SoundFont of. Each plays the keys nearest to it. How far it is off its key is measured, and
tuned away; a sample that is not what its name says is left out.

    python samples_to_sfz.py FOLDER OUT.sfz [--reach KEYS] [--release S]
"""

import argparse
import re
from pathlib import Path

import numpy as np
import soundfile

from sfz_to_sf2 import key_number

KINDS = (".mp3", ".wav", ".flac", ".ogg")
# A sample further off its key than this is another note's, cents.
FURTHEST_CENTS = 60
# Odd partials weaker than this beside the even ones are those of the octave above, dB.
WEAKEST_ODD_DB = -30
PARTIALS = 8


def strength(levels, bin_hz, frequency_hz):
    """What the partials of a frequency hold, interpolated between bins; `levels` are logarithms."""
    places = frequency_hz * np.arange(1, PARTIALS + 1) / bin_hz
    return np.interp(places[places < len(levels) - 1], np.arange(len(levels)), levels).sum()


def cents_off(path, key):
    """How far above `key` the sample sounds, cents; None if it sounds another note."""
    sound, rate = soundfile.read(path, dtype="float32", always_2d=True)
    sound = sound.mean(axis=1)
    loud = np.flatnonzero(np.abs(sound) > 0.1 * np.abs(sound).max())[0]
    # The attack's pitch is not the note's.
    sound = sound[loud + rate // 20 : loud + 2 * rate]
    size = 1 << 18
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound)), size))
    levels = np.log(spectrum / spectrum.max() + 1e-3)
    # Smoothed to some 2 Hz: vibrato has no line.
    bin_hz = rate / size
    width = max(1, round(2 / bin_hz))
    levels = np.convolve(levels, np.ones(width) / width, "same")
    centre_hz = 440 * 2 ** ((key - 69) / 12)
    cents = np.arange(-250, 251, 2)
    strengths = [strength(levels, bin_hz, centre_hz * 2 ** (c / 1200)) for c in cents]
    best = int(cents[int(np.argmax(strengths))])
    first_hz = centre_hz * 2 ** (best / 1200)
    peaks = [np.interp(partial * first_hz / bin_hz, np.arange(len(levels)), levels) for partial in range(1, 7)]
    octave_above = max(peaks[::2]) - max(peaks[1::2]) < WEAKEST_ODD_DB / 20 * np.log(10)
    return None if abs(best) > FURTHEST_CENTS or octave_above else best


def sfz(folder, reach, release_s):
    found = {}
    for path in sorted(folder.iterdir()):
        name = re.fullmatch(r"([A-Ga-g])(s|#|b)?(-?\d)", path.stem)
        if path.suffix not in KINDS or not name:
            continue
        key = key_number(name[1] + {"s": "#", None: ""}.get(name[2], name[2]) + name[3])
        cents = cents_off(path, key)
        if cents is None:
            print(f"{path.name}: not that note, left out")
        else:
            found[key] = (path, cents)
    if not found:
        raise SystemExit(f"{folder}: no samples named by their notes")
    keys = sorted(found)
    lines = [f"<global> ampeg_release={release_s}"]
    for i, key in enumerate(keys):
        low = max(key - reach, (keys[i - 1] + key) // 2 + 1 if i else 0)
        high = min(key + reach, (key + keys[i + 1]) // 2 if i + 1 < len(keys) else 127)
        path, cents = found[key]
        lines.append(f"<region> lokey={low} hikey={high} pitch_keycenter={key} tune={-cents} sample={path.name}")
    print(f"{folder.name}: {len(found)} samples, tuned by {[-found[key][1] for key in keys]} cents")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("sfz", type=Path, help="to be written into FOLDER")
    parser.add_argument("--reach", type=int, default=4, help="keys that a sample plays beyond its own")
    parser.add_argument("--release", type=float, default=0.25, help="seconds from a key's release to silence")
    arguments = parser.parse_args()
    arguments.sfz.write_text(sfz(arguments.folder, arguments.reach, arguments.release))


if __name__ == "__main__":
    main()
