#!/usr/bin/env python3
"""basic_pitch_notes.py CORPUS REPORT.json: what Basic Pitch hears of a corpus, beside what `evaluate` reported.

Run `colla-parte evaluate CORPUS --json REPORT.json` first. Needs basic-pitch, onnxruntime, numpy and mir_eval from
PyPI. Both are scored by the same measures (mir_eval's); Basic Pitch with its own defaults, offline."""
import contextlib
import io
import json
import os
import sys
import time

import numpy as np

from basic_pitch import ICASSP_2022_MODEL_PATH
from basic_pitch.inference import Model, predict
from evaluate_vs_reference import notes, reference_scores

FIGURES = ("onset_50", "onset_25", "onset_offset", "onset_offset_velocity", "frame")


def main(corpus, report):
    items = json.load(open(report))["items"]
    model = Model(ICASSP_2022_MODEL_PATH.with_suffix(".onnx"))
    print(f"{'':38}{'Basic Pitch':^36}   {'colla-parte':^30}")
    print(f"{'':38}" + "  ".join(f"{name:>5}" for name in ("on50", "on25", "onoff", "+vel", "frame", "x")) + "  "
          + "  ".join(f"{name:>5}" for name in ("on50", "on25", "onoff", "+vel", "frame")))
    groups = {}
    for item in items:
        folder = os.path.join(corpus, item["name"])
        began = time.process_time()
        with contextlib.redirect_stdout(io.StringIO()):
            _, _, events = predict(os.path.join(folder, "audio.flac"), model)
        speed = item["seconds"] / (time.process_time() - began)
        heard = np.array(sorted((e[0], e[1], e[2], 127 * e[3]) for e in events), float).reshape(-1, 4)
        theirs = reference_scores(notes(os.path.join(folder, "notes.tsv")), heard)
        ours = item["notes"]
        figures = [theirs[name] for name in FIGURES] + [speed]
        figures += [ours[name] if isinstance(ours[name], float) else ours[name]["f1"] for name in FIGURES]
        for group in (item["name"], f"= {item['group']}", "= all"):
            groups.setdefault(group, []).append(figures)
        line(item["name"], figures)
    for group in sorted(name for name in groups if name.startswith("=")):
        line(f"{group} ({len(groups[group])})", np.mean(groups[group], axis=0))


def line(name, figures):
    shown = "  ".join(f"{value:5.3f}" if place != 5 else f"{value:5.1f}" for place, value in enumerate(figures))
    print(f"{name:38}{shown}", flush=True)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
