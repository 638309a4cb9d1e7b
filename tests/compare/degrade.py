"""Writes spoiled copies of a corpus' recordings, notes beside them, for `colla-parte evaluate`.

    python degrade.py CORPUS OUT [--seconds 30]

Makes OUT/clean, noise20, noise10, noise0 (pink noise at that many dB below the recording), quiet40 (peak at -40 dBFS),
a446 and a415 (played back faster or slower, the notes' times with it; hear the last with `--a4 415`). Needs numpy
and soundfile.
"""

import argparse
from pathlib import Path

import numpy as np
import soundfile


def pink(samples, random):
    """Noise with equal power in each octave, its level 1."""
    spectrum = np.fft.rfft(random.standard_normal(samples))
    spectrum /= np.sqrt(np.maximum(np.arange(len(spectrum)), 1))
    noise = np.fft.irfft(spectrum, samples)
    return noise / noise.std()


def played_at(sound, speed):
    """The sound `speed` times as fast, by interpolation in a tenfold oversampled copy."""
    spectrum = np.fft.rfft(sound)
    fine = np.fft.irfft(spectrum, 10 * len(sound)) * 10
    places = np.arange(int(len(sound) / speed)) * speed * 10
    return np.interp(places, np.arange(len(fine)), fine)


def notes(folder, end_s, speed):
    """The table of notes that begin before `end_s`, times divided by `speed`."""
    lines = (folder / "notes.tsv").read_text().splitlines()
    header = lines[0].split("\t")
    times = [i for i, name in enumerate(header) if name.endswith("_s")]
    kept = [lines[0]]
    for line in lines[1:]:
        fields = line.split("\t")
        if float(fields[header.index("onset_s")]) >= end_s:
            continue
        for i in times:
            if fields[i] not in ("", "-"):
                fields[i] = f"{min(float(fields[i]), end_s) / speed:.5f}"
        kept.append("\t".join(fields))
    return "\n".join(kept) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seconds", type=float, default=30, help="length of each, from the beginning")
    arguments = parser.parse_args()
    random = np.random.default_rng(1)
    for folder in sorted(arguments.corpus.iterdir()):
        if not (folder / "audio.flac").exists():
            continue
        sound, rate = soundfile.read(folder / "audio.flac", frames=int(arguments.seconds * 44_100), always_2d=True)
        sound = sound.mean(axis=1)
        end_s, level = len(sound) / rate, sound.std()
        noise = pink(len(sound), random) * level
        copies = {
            "clean": (sound, 1),
            "noise20": (sound + 0.1 * noise, 1),
            "noise10": (sound + 0.316 * noise, 1),
            "noise0": (sound + noise, 1),
            "quiet40": (sound * 0.01 / np.abs(sound).max(), 1),
            "a446": (played_at(sound, 446 / 440), 446 / 440),
            "a415": (played_at(sound, 415 / 440), 415 / 440),
        }
        for name, (copy, speed) in copies.items():
            target = arguments.out / name / folder.name
            target.mkdir(parents=True, exist_ok=True)
            copy = copy / max(1, np.abs(copy).max())
            soundfile.write(target / "audio.flac", copy, rate, subtype="PCM_24")
            (target / "notes.tsv").write_text(notes(folder, end_s - 0.05, speed))


if __name__ == "__main__":
    main()
