"""Writes a checkpoint's averaged weights as the file that the engine embeds, and what the network says of a short
passage, by which a test holds the engine to it.

    python export.py --checkpoint run/standard/checkpoint.pt --readout checkpoints/velocities.npz --judge checkpoints/strikes.npz \
        --weights ../assets/ear.weights --golden ../tests/golden/network.bin --passage material/valid
"""

import argparse
import struct
from pathlib import Path

import numpy as np
import torch

from material import Material
from model import BINS, CONTEXT, HEADS, KEYS, PARTIAL_SHIFTS, RESOLUTIONS, Ear
from strikes import fnv1a, layer_bytes

MAGIC, VERSION = b"CPEARNET", 5
# Silent frames that the engine runs through at a start; golden frames after them.
SETTLING, GOLDEN_FRAMES = 48, 40
# The network is too sure of strikes (its loss counts them three times, which may be why); this much is taken from their log-odds.
# Chosen by what the follower makes of it on the evaluation corpus.
# The engine's thresholds, and what the follower and the fault finder were fitted to, go by it.
ONSET_LOG_ODDS = -0.5


def folded(convolution, norm):
    """Weights [inputs, outputs] and biases of a convolution (or linear layer) with its batch norm's scale in it;
    inputs in the order time, channel, place."""
    scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    weight = convolution.weight
    if weight.dim() == 4:
        weight = weight.permute(2, 1, 3, 0).reshape(-1, weight.shape[0])
    else:
        weight = weight.t()
    return weight * scale, norm.bias - norm.running_mean * scale


def plain(linear):
    """Weights [inputs, outputs] and biases of a linear layer."""
    return linear.weight.t(), linear.bias


def recurrent(memory):
    """The same of an LSTM: its inputs, then its own last output."""
    weights = torch.cat([memory.weight_ih_l0, memory.weight_hh_l0], dim=1)
    return weights.t(), memory.bias_ih_l0 + memory.bias_hh_l0


def layers(model, readout):
    """All layers in the file's order; `readout`: weights [inputs, delays] and biases by which velocities are read."""
    return [
        folded(model.front1, model.front1_norm),
        folded(model.front2, model.front2_norm),
        plain(model.partials_in),
        folded(model.partials_out, model.partials_norm),
        folded(model.keys, model.keys_norm),
        plain(model.kin_in),
        # The engine reads a key's own channels first, then its kin, as here.
        plain(model.kin_out),
        recurrent(model.memory),
        plain(model.company_in),
        plain(model.company_out),
        recurrent(model.judgement),
        plain(model.heads),
        readout,
    ]


def file_of(model, readout, judge):
    """The weights file's bytes; `judge`: the layers by which strikes are judged, weights and biases by turns."""
    size = model.size
    names = ("front", "bottleneck", "channels", "hidden", "company", "second")
    data = MAGIC + struct.pack("<7I", VERSION, *(size[name] for name in names))
    data += struct.pack(f"<{1 + len(model.delays)}I", len(model.delays), *model.delays)
    for weights, biases in layers(model, readout):
        data += struct.pack("<2I", *weights.shape)
        data += weights.contiguous().numpy().astype("<f4").tobytes() + biases.numpy().astype("<f4").tobytes()
    data += layer_bytes(judge)
    data += model.register.numpy().astype("<f4").tobytes()
    return data + struct.pack("<Q", fnv1a(data))


def velocity_inputs(levels, heads):
    """What the velocities of all keys are read from, [K, 27]: the heads' own, the loudest of the three bins around each partial
    in each resolution of `levels` [R, F], the key's place and its square."""
    padded = np.pad(levels, ((0, 0), (-min(PARTIAL_SHIFTS), max(PARTIAL_SHIFTS))))
    loudest = np.maximum(np.maximum(padded[:, :-2], padded[:, 1:-1]), padded[:, 2:])
    keys = np.arange(KEYS)
    # Bins 3 k to 3 k + 2 are key k's.
    partials = [row[3 * keys + shift - min(PARTIAL_SHIFTS)] for row in loudest for shift in PARTIAL_SHIFTS]
    place = (keys - 39) / 24
    return np.column_stack([heads, *partials, place, place**2])


def golden_of(model, readout, material):
    """The passage's levels in 1/127, [frames][resolution][bin] bytes, and the evidence at the standard delay, [frames][4][88]:
    probabilities, and velocities as they are read."""
    piece = max(range(len(material.pieces)), key=lambda p: sum(n[0] < 2 for n in material.notes[p]))
    first = material.pieces[piece][0] + 100
    levels = np.clip(np.round(material.features[first : first + GOLDEN_FRAMES].astype(np.float32) * 127), 0, 255)
    heard = np.zeros((CONTEXT + SETTLING + GOLDEN_FRAMES, RESOLUTIONS, BINS), np.float32)
    heard[-GOLDEN_FRAMES:] = levels / np.float32(127)
    logits, _ = model(torch.from_numpy(heard).transpose(0, 1)[None])
    probabilities = torch.sigmoid(logits[0, -GOLDEN_FRAMES:, :, 0]).permute(0, 2, 1).contiguous().numpy()
    weights, biases = (each.double().numpy() for each in readout)
    for newest, said in zip(heard[-GOLDEN_FRAMES:], probabilities, strict=True):
        said[3] = velocity_inputs(newest, said[3]) @ weights[:, 0] + biases[0]
    return struct.pack("<I", GOLDEN_FRAMES) + levels.astype(np.uint8).tobytes() + probabilities.astype("<f4").tobytes()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--readout", type=Path, required=True, help="of velocities.py")
    parser.add_argument("--judge", type=Path, required=True, help="of strikes.py")
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--golden", type=Path)
    parser.add_argument("--passage", type=Path, help="folder of the generator's that the golden passage is from")
    arguments = parser.parse_args()
    state = torch.load(arguments.checkpoint, map_location="cpu", weights_only=True)
    model = Ear(**state["size"])
    model.load_state_dict(state["average"])
    model.eval()
    fitted = np.load(arguments.readout)
    readout = torch.from_numpy(fitted["weights"]).t(), torch.from_numpy(fitted["biases"])
    judge = np.load(arguments.judge)
    with torch.no_grad():
        model.heads.bias[:: len(HEADS)] += ONSET_LOG_ODDS
        arguments.weights.parent.mkdir(parents=True, exist_ok=True)
        arguments.weights.write_bytes(file_of(model, readout, [judge[name] for name in judge.files]))
        if arguments.golden:
            arguments.golden.parent.mkdir(parents=True, exist_ok=True)
            arguments.golden.write_bytes(golden_of(model, readout, Material(arguments.passage)))
    print(f"step {state['step']}, {arguments.weights.stat().st_size} bytes")


if __name__ == "__main__":
    main()
