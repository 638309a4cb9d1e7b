#!/usr/bin/env python3
"""reliability.py OUT.png < what stress_follower printed: how often a confidence is right, as a picture (matplotlib)."""
import re
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt


def main():
    line = next(line for line in sys.stdin if line.startswith("reliability"))
    tenths = [(int(t), int(right), int(count)) for t, right, count in re.findall(r"(\d): (\d+) % of (\d+)", line)]
    centres = [(tenth + 0.5) / 10 for tenth, _, _ in tenths]
    figure, (upper, lower) = plt.subplots(2, 1, figsize=(5, 5.5), height_ratios=[3, 1], sharex=True)
    upper.plot([0, 1], [0, 1], color="#888888", linewidth=1, label="calibrated")
    upper.plot(centres, [right / 100 for _, right, _ in tenths], "o-", color="#1e64e6", label="measured")
    upper.set_ylabel("share right to within a beat")
    upper.legend(frameon=False)
    lower.bar(centres, [count for _, _, count in tenths], width=0.09, color="#1e64e6")
    lower.set_yscale("log")
    lower.set_ylabel("reports")
    lower.set_xlabel("confidence")
    figure.tight_layout()
    figure.savefig(sys.argv[1], dpi=100)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main()
