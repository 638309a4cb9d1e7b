#!/usr/bin/env python3
"""evaluate_vs_reference.py CORPUS REPORT.json KEPT [SCORE_POSITION.py]: does `evaluate` agree with mir_eval?

Run `colla-parte evaluate CORPUS --json REPORT.json --keep KEPT` first; KEPT then holds the very notes and traces that
were scored. Needs numpy and mir_eval from PyPI. With a script that scores a trace against an alignment (one JSON line
with loc_* figures), positions are compared as well. Exit 1 if any figure differs by 0.0005 or more."""
import csv
import json
import os
import subprocess
import sys

import mir_eval
import numpy as np

TRANSCRIPTION = mir_eval.transcription
VELOCITY = mir_eval.transcription_velocity


def notes(path):
    with open(path) as table:
        rows = [
            [float(row[name]) for name in ("onset_s", "offset_s", "midi_pitch", "velocity")]
            for row in csv.DictReader(table, delimiter="\t")
        ]
    rows = np.array(sorted(rows, key=lambda row: row[0]), float).reshape(-1, 4)
    rows[:, 1] = np.maximum(rows[:, 1], rows[:, 0] + 0.01)
    return rows


def roll(rows, frames):
    keys = np.zeros((frames, 128), bool)
    for onset, offset, pitch in rows[:, :3]:
        first = int(round(onset / 0.01))
        keys[first : max(first + 1, int(round(offset / 0.01))), int(pitch)] = True
    return keys


def reference_scores(truth, found):
    hz = lambda rows: 440.0 * 2 ** ((rows[:, 2] - 69) / 12)
    pair = (truth[:, :2], hz(truth), found[:, :2], hz(found))
    f1 = lambda **options: TRANSCRIPTION.precision_recall_f1_overlap(*pair, **options)[2]
    with_velocity = VELOCITY.precision_recall_f1_overlap(
        truth[:, :2], hz(truth), truth[:, 3], found[:, :2], hz(found), found[:, 3]
    )
    frames = int(max(truth[:, 1].max(), found[:, 1].max()) / 0.01) + 2
    a, b = roll(truth, frames), roll(found, frames)
    precision, recall = (a & b).sum() / b.sum(), (a & b).sum() / a.sum()
    return {
        "onset_50": f1(onset_tolerance=0.05, offset_ratio=None),
        "onset_25": f1(onset_tolerance=0.025, offset_ratio=None),
        "onset_offset": f1(onset_tolerance=0.05, offset_ratio=0.2),
        "onset_offset_velocity": with_velocity[2],
        "frame": 2 * precision * recall / (precision + recall),
    }


def position_scores(script, alignment, trace):
    out = subprocess.run([sys.executable, script, alignment, trace], capture_output=True, check=True, text=True)
    told = json.loads(out.stdout)
    scores = {f"within_{ms}_ms": told[f"loc_pct_{ms}"] / 100 for ms in (50, 100, 300, 1000)}
    scores["missed"] = told["loc_missed_rate"]
    if "loc_median_abs_ms" in told:
        scores["median_ms"] = told["loc_median_abs_ms"]
    return scores


def main():
    corpus, report, kept = sys.argv[1:4]
    script = sys.argv[4] if len(sys.argv) > 4 else None
    worst, items = 0.0, json.load(open(report))["items"]
    for item in items:
        name = item["name"]
        reference = reference_scores(notes(f"{corpus}/{name}/notes.tsv"), notes(f"{kept}/{name}.events.tsv"))
        differences = {key: abs(item["notes"][key]["f1"] - value) for key, value in reference.items()}
        trace = f"{kept}/{name}.trace.tsv"
        if script and item["position"] and os.path.exists(trace):
            told = position_scores(script, f"{corpus}/{name}/alignment.tsv", trace)
            # Medians are printed to 0.1 ms, shares to 0.01 %.
            median = told.pop("median_ms", None)
            if median is not None:
                differences["median_s"] = max(0.0, abs(item["position"]["median_ms"] - median) - 0.051) / 1e3
            differences |= {key: abs(item["position"][key] - value) for key, value in told.items()}
        key = max(differences, key=differences.get)
        worst = max(worst, differences[key])
        print(f"{name:40} greatest difference {differences[key]:.6f} ({key})")
    print(f"{len(items)} items, greatest difference {worst:.6f}")
    sys.exit(worst >= 0.0005)


if __name__ == "__main__":
    main()
