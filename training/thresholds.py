"""What the decoder's thresholds do on validation material, from which the engine's are chosen.

    python thresholds.py --checkpoint run/standard/checkpoint.pt --valid material/studio
"""

import argparse
from pathlib import Path

import numpy as np
import torch

from material import Material
from model import Ear
from scoring import decoded, f_measure, frame_f_measure, matched


@torch.no_grad()
def heard(model, material):
    """Probabilities [T, K, 4] of each piece."""
    for piece, (_, frames) in enumerate(material.pieces):
        levels, _ = material.chunk(piece, 0, frames, model.delay)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits, _ = model(levels[None].bfloat16())
        yield torch.sigmoid(logits[0]).numpy()


def scores(material, evidence, delay, onset, restrike, sounding):
    """Onset F1, precision, recall, onset and offset F1, mean frame F1."""
    totals, frame = np.zeros(4), []
    for truth, (_, frames), probabilities in zip(material.notes, material.pieces, evidence, strict=True):
        found = decoded(probabilities, delay, onset, sounding, restrike)
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
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    state = torch.load(arguments.checkpoint, map_location="cpu", weights_only=True)
    model = Ear(**state["size"])
    model.load_state_dict(state["average"])
    model.eval()
    for folder in arguments.valid:
        material = Material(folder)
        evidence = list(heard(model, material))
        print(folder)
        print("onset  restrike  sounding  onset F1  precision  recall  +offset F1  frame F1")
        grid = [(onset, 0, 0.35) for onset in (0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55)]
        grid += [(0.4, restrike, 0.35) for restrike in (0.5, 0.6, 0.7, 0.8)]
        grid += [(0.4, 0.5, sounding) for sounding in (0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5)]
        for point in grid:
            row = scores(material, evidence, model.delay, *point)
            print("{:5.2f}  {:8.2f}  {:8.2f}".format(*point)
                  + "  {:8.3f}  {:9.3f}  {:6.3f}  {:10.3f}  {:8.3f}".format(*row), flush=True)


if __name__ == "__main__":
    main()
