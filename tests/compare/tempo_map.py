"""Measures how well a DAW's grid follows the player: the exported tempo map against the true alignment.

    python tests/compare/tempo_map.py COLLA_PARTE CORPUS [ITEM...] [--by session align] [--off]

CORPUS is a folder in the format that `colla-parte evaluate` reads; without ITEM all are taken that are not sessions. The map (density:
beat) is read back by mido: its clicks are the quarters of the playing path, so that which click is which beat follows from
`score --json`, up to the first one, which is the one that leaves the least error. A row an item: the share of the alignment's whole
beats (quarters from the measure's start) that lie within 20 ms of their grid line, and of all its onsets, which the grid is
interpolated for; what the map does not reach counts as off. `--off` lists the beats that are off, with the chord's spread.

Needs `pip install mido`.
"""

import argparse
import csv
import json
import statistics
import subprocess
import tempfile
from pathlib import Path

import mido

WITHIN_S = 0.020


def one(item, *names):
    return next(item / name for name in names if (item / name).exists())


def quarters(colla, score):
    """Every quarter of the playing path, from each measure's start, as the map clicks them."""
    said = json.loads(subprocess.run([colla, "score", score, "--json", "-"], capture_output=True, check=True).stdout)
    found = []
    for step in said["path"]:
        beat = 0.0
        while beat < step["beats"] - 1e-6:
            found.append(step["start_beat"] + beat)
            beat += 1.0
    return found


def clicks(file):
    """The map's clicks in seconds."""
    midi = mido.MidiFile(file)
    now, found = 0.0, []
    for message in midi:
        now += message.time
        if message.type == "note_on" and message.velocity > 0:
            found.append(now)
    return found


def grid(times, beats, truth):
    """(beat, time) of every click."""
    known = dict(truth)
    best = None
    for first in range(len(beats) - len(times) + 1):
        pairs = list(zip(beats[first:], times))
        errors = [abs(known[beat] - at) for beat, at in pairs if beat in known]
        if len(errors) > len(times) // 4:
            error = statistics.median(errors)
            if best is None or error < best[0]:
                best = (error, pairs)
    return best[1] if best else []


def at(pairs, beat):
    """When `beat` comes by the grid; None beyond its ends."""
    for (a, from_s), (b, to_s) in zip(pairs, pairs[1:]):
        if a - 1e-6 <= beat <= b + 1e-6:
            return from_s + (beat - a) / (b - a) * (to_s - from_s)
    return None


def measure(colla, item, by):
    score = one(item, "score.musicxml", "score.mxl")
    rows = list(csv.DictReader((item / "alignment.tsv").open(), delimiter="\t"))
    truth = [(float(row["score_beat"]), float(row["audio_seconds"])) for row in rows]
    spreads = [float(row["spread_s"]) for row in rows]
    beats = quarters(colla, score)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "map.mid"
        subprocess.run([colla, by, one(item, "audio.flac"), score, "--tempo-map", file], capture_output=True, check=True)
        pairs = grid(clicks(file), beats, truth)
    whole = set(beats)
    found = []
    for (beat, true_s), spread in zip(truth, spreads):
        here = at(pairs, beat)
        found.append((beat, true_s, None if here is None else here - true_s, spread, beat in whole))
    return found


def share(errors):
    return sum(error is not None and abs(error) <= WITHIN_S for error in errors) / max(1, len(errors))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("colla_parte")
    parser.add_argument("corpus", type=Path)
    parser.add_argument("items", nargs="*")
    parser.add_argument("--by", nargs="+", default=["session", "align"], choices=["session", "align"])
    parser.add_argument("--off", action="store_true")
    arguments = parser.parse_args()
    every = sorted(path.name for path in arguments.corpus.iterdir() if (path / "alignment.tsv").exists())
    names = arguments.items or [name for name in every if not name.startswith("session_")]
    print("item\tby\tbeats\twithin 20 ms\tmedian ms\tonsets\twithin 20 ms", flush=True)
    sums = {by: [] for by in arguments.by}
    for name in names:
        for by in arguments.by:
            found = measure(arguments.colla_parte, arguments.corpus / name, by)
            whole = [error for _, _, error, _, is_whole in found if is_whole]
            shares = share(whole), share([error for _, _, error, _, _ in found])
            sums[by].append(shares)
            known = [abs(error) for error in whole if error is not None]
            median = 1e3 * statistics.median(known) if known else float("nan")
            print(f"{name}\t{by}\t{len(whole)}\t{shares[0]:.1%}\t{median:.1f}\t{len(found)}\t{shares[1]:.1%}", flush=True)
            if arguments.off:
                for beat, true_s, error, spread, is_whole in found:
                    if is_whole and (error is None or abs(error) > WITHIN_S):
                        off = "not reached" if error is None else f"{1e3 * error:+.0f} ms"
                        print(f"  beat {beat:.2f} at {true_s:.2f} s: {off}, spread {1e3 * spread:.0f} ms", flush=True)
    for by, shares in sums.items():
        if shares:
            print(f"mean\t{by}\t\t{statistics.mean(s[0] for s in shares):.1%}\t\t\t{statistics.mean(s[1] for s in shares):.1%}")


if __name__ == "__main__":
    main()
