"""What the decoder's thresholds do on validation material, from which the engine's are chosen.

    python thresholds.py --checkpoint run/standard/checkpoint.pt --valid material/studio
"""

import argparse
from pathlib import Path

import numpy as np
import torch

from material import Material
from model import DELAYS, Ear
from scoring import decoded, f_measure, frame_f_measure, matched


@torch.no_grad()
def heard(model, material, place):
    """Probabilities [T, K, 4] of each piece, of the heads of the delay at that place."""
    for piece, (_, frames) in enumerate(material.pieces):
        levels, _ = material.chunk(piece, 0, frames, model.delays)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits, _ = model(levels[None].bfloat16())
        yield torch.sigmoid(logits[0, :, :, place]).numpy()


def scores(material, evidence, delay, onset=0.4, restrike=0.0, **end):
    """Onset F1, precision, recall, onset and offset F1, mean frame F1; `end` as `scoring.decoded` names it."""
    totals, frame = np.zeros(4), []
    for truth, (_, frames), probabilities in zip(material.notes, material.pieces, evidence, strict=True):
        found = decoded(probabilities, delay, onset, restrike_threshold=restrike, **end)
        totals += (matched(truth, found), matched(truth, found, offsets=True), len(truth), len(found))
        if len(truth):
            frame.append(frame_f_measure(truth, found, frames))
    hits, whole, truths, founds = totals
    return (f_measure(hits, truths, founds), hits / max(founds, 1), hits / max(truths, 1),
            f_measure(whole, truths, founds), float(np.mean(frame)))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--valid", type=Path, nargs="+", required=True)
    parser.add_argument("--delay", type=int, default=DELAYS[0], help="frames: whose heads to judge")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    state = torch.load(arguments.checkpoint, map_location="cpu", weights_only=True)
    model = Ear(**state["size"])
    model.load_state_dict(state["average"])
    model.eval()
    for folder in arguments.valid:
        material = Material(folder)
        evidence = list(heard(model, material, model.delays.index(arguments.delay)))
        print(folder)
        print("onset F1  precision  recall  +offset F1  frame F1")
        grid = [{"onset": onset} for onset in (0.3, 0.35, 0.4, 0.45, 0.5, 0.55)]
        grid += [{"restrike": restrike} for restrike in (0.5, 0.6, 0.7)]
        grid += [{"end_threshold": end, "end_frames": frames, "sure_threshold": sure, "end_shift": shift}
                 for end in (0.25, 0.3, 0.35) for frames in (2, 3) for sure in (0.5, 0.65, 0.8) for shift in (-3, -2, -1)]
        # Until there was a sure threshold, the end was the first frame below .35.
        grid += [{"end_threshold": 0.35, "end_frames": 2, "sure_threshold": 0.35, "end_shift": 0}]
        for point in grid:
            row = scores(material, evidence, arguments.delay, **point)
            print("{:8.3f}  {:9.3f}  {:6.3f}  {:10.3f}  {:8.3f}  ".format(*row)
                  + ", ".join(f"{name} {value}" for name, value in point.items()), flush=True)


if __name__ == "__main__":
    main()
