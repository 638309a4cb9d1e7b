"""Trains the transcriber's network. On a CPU or a GPU; stops and goes on at any moment (Ctrl-C, then the same
command again). See README.md for the whole recipe.

    python train.py --run run/standard --train material/train* --valid material/valid --minutes 60
"""

import argparse
import csv
import math
import time
from pathlib import Path

import numpy as np
import torch
from torch.nn.functional import binary_cross_entropy_with_logits as cross_entropy

from material import Batches, Material
from model import HEADS, Ear
from optimizer import Soap
from scoring import decoded, f_measure, frame_f_measure, matched

# Frames at a chunk's beginning that do not count: the memory has not heard what still sounds.
WARM_UP = 24
# What the loss of each delay but the standard one counts.
FURTHER_DELAYS = 0.2
COLUMNS = ("minutes", "step", "rate", "loss", "onset", "sounding", "offset", "velocity", "onset_f1", "offset_f1",
           "frame_f1", "precision", "recall")


def losses(logits, wanted):
    """The four heads' losses, already weighted; logits [B, T, K, D, 4], wanted [B, T, K, D, 5]."""
    logits, wanted = logits[:, WARM_UP:], wanted[:, WARM_UP:]
    # The standard delay counts most: what is in between must serve it.
    share = torch.full((logits.shape[3],), FURTHER_DELAYS, device=logits.device)
    share[0] = 1.0

    def over_delays(each):
        return (share * each.mean((0, 1, 2))).sum()

    # Rare events count more where they are.
    onset = cross_entropy(logits[..., 0], wanted[..., 0], weight=1 + 2 * wanted[..., 0], reduction="none")
    sounding = cross_entropy(logits[..., 1], wanted[..., 1], reduction="none")
    offset = cross_entropy(logits[..., 2], wanted[..., 2], reduction="none")
    counts = wanted[..., 4]
    error = torch.sigmoid(logits[..., 3]) - wanted[..., 3]
    # How loud a recording is as a whole says little about its velocities: what counts is how they differ within it.
    mean = (counts * error).sum((1, 2), keepdim=True) / counts.sum((1, 2), keepdim=True).clamp(min=1)
    squares = (error - mean) ** 2 + 0.2 * mean**2
    velocity = (share * (counts * squares).sum((0, 1, 2)) / counts.sum((0, 1, 2)).clamp(min=1)).sum()
    return {
        "onset": 2.0 * over_delays(onset),
        "sounding": over_delays(sounding),
        "offset": 0.5 * over_delays(offset),
        "velocity": 1.5 * velocity,
    }


@torch.no_grad()
def evaluate(model, material, device, pieces):
    """Onset F1, onset and offset F1, frame F1, precision and recall over the first pieces of `material`."""
    model.eval()
    totals = np.zeros(4)
    frame = []
    for piece in range(min(pieces, len(material.pieces))):
        frames = material.pieces[piece][1]
        levels, _ = material.chunk(piece, 0, frames, model.delays)
        with torch.autocast(device.type, dtype=torch.bfloat16):
            logits, _ = model(levels[None].to(device, torch.bfloat16))
        probabilities = torch.sigmoid(logits[0, :, :, 0]).cpu().numpy()
        truth, found = material.notes[piece], decoded(probabilities, model.delays[0])
        hits = matched(truth, found)
        totals += (hits, matched(truth, found, offsets=True), len(truth), len(found))
        if len(truth):
            frame.append(frame_f_measure(truth, found, frames))
    model.train()
    hits, full, truths, founds = totals
    return {
        "onset_f1": f_measure(hits, truths, founds),
        "offset_f1": f_measure(full, truths, founds),
        "frame_f1": float(np.mean(frame)) if frame else 0.0,
        "precision": hits / max(founds, 1),
        "recall": hits / max(truths, 1),
    }


def plot(log, path):
    """Draws the curves of a log file."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    with open(log) as file:
        rows = list(csv.DictReader(file))
    figure, axes = pyplot.subplots(1, 2, figsize=(11, 4))
    for panel, names in zip(axes, (("onset", "sounding", "offset"), ("onset_f1", "offset_f1", "frame_f1")), strict=True):
        for name in names:
            points = [(float(row["minutes"]), float(row[name])) for row in rows if row[name]]
            if points:
                panel.plot(*zip(*points, strict=True), label=name)
        panel.set_xlabel("minutes of training")
        panel.legend()
    axes[0].set_yscale("log")
    figure.tight_layout()
    figure.savefig(path, dpi=80)
    pyplot.close(figure)


class Training:
    """Everything a checkpoint holds, and one step on."""

    def __init__(self, arguments, device):
        self.device = device
        torch.manual_seed(arguments.seed)
        self.model = Ear().to(device)
        self.average = Ear().to(device)
        self.average.load_state_dict(self.model.state_dict())
        method = {"soap": Soap, "adam": torch.optim.AdamW}[arguments.optimizer]
        self.optimizer = method(self.model.parameters(), lr=arguments.rate, weight_decay=1e-3)
        self.step, self.spent_s = 0, 0.0
        # What the standard delay's heads were when all else was frozen: weights and biases.
        self.frozen = []

    def save(self, path):
        state = {
            "size": self.model.size,
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
            "spent_s": self.spent_s,
        }
        torch.save(state, path.with_suffix(".part"))
        path.with_suffix(".part").replace(path)

    def load(self, path, rewind):
        state = torch.load(path, map_location=self.device, weights_only=True)
        if all(state["size"].get(name) == value for name, value in self.model.size.items()):
            self.model.load_state_dict(state["model"])
            self.average.load_state_dict(state["average"])
        else:
            self.model.grow_from(state["model"], state["size"])
            self.average.load_state_dict(self.model.state_dict())
            self.average.grow_from(state["average"], state["size"])
        # What is published goes without the optimizer's state, which is larger than the network.
        if not rewind and "optimizer" in state:
            self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.spent_s = state["step"], 0.0 if rewind else state["spent_s"]

    def freeze(self):
        """From now on only the heads of the further delays learn, on what the running mean hears."""
        self.model.load_state_dict(self.average.state_dict())
        for name, parameter in self.model.named_parameters():
            parameter.requires_grad_(name.startswith("heads."))
        # The batch norms keep their statistics.
        self.model.eval()
        self.frozen = [parameter.detach()[: len(HEADS)].clone() for parameter in self.model.heads.parameters()]

    def advance(self, batch, rate):
        levels, wanted = (part.to(self.device) for part in batch)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        with torch.autocast(self.device.type, dtype=torch.bfloat16):
            logits, _ = self.model(levels)
        parts = losses(logits, wanted)
        total = sum(parts.values())
        self.optimizer.zero_grad(set_to_none=True)
        total.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        for parameter, kept in zip(self.model.heads.parameters(), self.frozen):
            parameter.data[: len(HEADS)] = kept
        self.step += 1
        # A running mean of the weights; short at first, so that it leaves the beginning behind.
        keep = min(0.998, 1 - 1 / (1 + 0.1 * self.step))
        for mean, value in zip(
            self.average.state_dict().values(), self.model.state_dict().values(), strict=True
        ):
            if mean.dtype.is_floating_point:
                mean.lerp_(value, 1 - keep)
            else:
                mean.copy_(value)
        return {"loss": total.item()} | {name: part.item() for name, part in parts.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, required=True, help="folder of checkpoint, log and curves")
    parser.add_argument("--train", type=Path, nargs="+", required=True, help="folders of the generator's")
    parser.add_argument("--valid", type=Path, required=True, help="folder made with sounds not trained on")
    parser.add_argument("--resume", type=Path, help="begin from this checkpoint instead of the run's own")
    parser.add_argument("--rewind", action="store_true", help="with --resume: a new schedule of --minutes, and a "
                        "fresh optimizer")
    parser.add_argument("--heads-only", action="store_true", help="train the heads of the further delays alone: what "
                        "the network says at the standard one stays as it is")
    parser.add_argument("--optimizer", choices=("soap", "adam"), default="soap")
    parser.add_argument("--minutes", type=float, default=60, help="length of the schedule, time spent in steps")
    parser.add_argument("--until", help="stop at this time of day, UTC, HH:MM, the schedule ending there")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--frames", type=int, default=400, help="length of a chunk")
    parser.add_argument("--rate", type=float, default=3e-3, help="highest learning rate")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--valid-minutes", type=float, default=4, help="time between evaluations")
    parser.add_argument("--valid-pieces", type=int, default=16)
    parser.add_argument("--threads", type=int, default=1, help="CPU threads; one is often fastest")
    arguments = parser.parse_args()

    torch.set_num_threads(arguments.threads)
    # Gradients through long memories fade to numbers that a CPU is slow with.
    torch.set_flush_denormal(True)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    arguments.run.mkdir(parents=True, exist_ok=True)
    checkpoint, log = arguments.run / "checkpoint.pt", arguments.run / "log.csv"
    training = Training(arguments, device)
    if checkpoint.exists():
        training.load(checkpoint, False)
    elif arguments.resume:
        training.load(arguments.resume, arguments.rewind)
    if arguments.heads_only:
        training.freeze()
    if not log.exists():
        log.write_text(",".join(COLUMNS) + "\n")
    valid = Material(arguments.valid)
    known = {}

    def batches():
        """All folders there are by now: the generator may still be at work."""
        for pattern in arguments.train:
            for folder in sorted(pattern.parent.glob(pattern.name)):
                if folder not in known and folder.suffix != ".part":
                    known[folder] = Material(folder)
        return Batches(list(known.values()), arguments.frames, arguments.batch, training.model.delays,
                       (arguments.seed, training.step))

    source = batches()
    sums, since, last_valid = {}, 0, training.spent_s
    while True:
        began = time.monotonic()
        left_s = seconds_until(arguments.until) if arguments.until else 60 * arguments.minutes - training.spent_s
        if left_s <= 0:
            break
        progress = training.spent_s / (training.spent_s + left_s)
        warm = min(1.0, (training.step + 1) / 100)
        rate = arguments.rate * warm * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * progress)))
        for name, value in training.advance(source.next(), rate).items():
            sums[name] = sums.get(name, 0.0) + value
        since += 1
        training.spent_s += time.monotonic() - began
        due = training.spent_s - last_valid > 60 * arguments.valid_minutes
        if due or training.step % 20 == 0:
            row = {"minutes": f"{training.spent_s / 60:.2f}", "step": training.step, "rate": f"{rate:.2e}"}
            row |= {name: f"{value / since:.5f}" for name, value in sums.items()}
            if due:
                scores = evaluate(training.average, valid, device, arguments.valid_pieces)
                row |= {name: f"{value:.4f}" for name, value in scores.items()}
                last_valid = training.spent_s
            with open(log, "a", newline="") as file:
                csv.DictWriter(file, COLUMNS).writerow(row)
            print(row, flush=True)
            sums, since = {}, 0
            training.save(checkpoint)
            source = batches()
    training.save(checkpoint)
    scores = evaluate(training.average, valid, device, len(valid.pieces))
    print("all of the validation pieces:", {name: round(value, 4) for name, value in scores.items()})
    plot(log, arguments.run / "curves.png")


def seconds_until(clock):
    """Seconds from now to the next HH:MM, UTC; just past it gives nought or less for an hour."""
    hour, minute = map(int, clock.split(":"))
    now = time.gmtime()
    left = (hour * 60 + minute) * 60 - (now.tm_hour * 3600 + now.tm_min * 60 + now.tm_sec)
    return left if left > -3600 else left + 86_400


if __name__ == "__main__":
    main()
