#!/usr/bin/env python3
"""pedal.py COLLA_PARTE CORPUS: the pedal of `transcribe --keyed` beside that of `performance.mid`, over a corpus' piano items.

Frames of 10 ms. Prints for each item and over all: the share of frames that are right, F1 of the pedal being down, that of
saying always down, and the share of its likelier state. Needs `pip install mido numpy`."""
import json, os, subprocess, sys, tempfile
import mido
import numpy as np


def down(midi, frames):
    """Whether the pedal is down, each frame."""
    state, now, last, level = np.zeros(frames, bool), 0.0, 0, False
    for message in mido.MidiFile(midi):
        now += message.time
        if message.type == 'control_change' and message.control == 64:
            frame = min(frames, round(100 * now))
            state[last:frame] = level
            last, level = frame, message.value >= 64
    state[last:] = level
    return state


def f1(truth, found):
    return 2 * np.sum(truth & found) / max(1, truth.sum() + found.sum())


program, corpus = sys.argv[1:3]
truths, founds, guesses = [], [], []
for item in sorted(os.listdir(corpus)):
    folder = os.path.join(corpus, item)
    if not os.path.exists(f'{folder}/performance.mid') or 'piano' not in json.dumps(json.load(open(f'{folder}/meta.json'))).lower():
        continue
    frames = int(100 * mido.MidiFile(f'{folder}/performance.mid').length)
    truth = down(f'{folder}/performance.mid', frames)
    if not truth.any():
        continue
    with tempfile.TemporaryDirectory() as scratch:
        midi = f'{scratch}/keyed.mid'
        subprocess.run([program, 'transcribe', f'{folder}/audio.flac', '--keyed', '-o', midi], check=True, capture_output=True)
        found = down(midi, frames)
    truths.append(truth)
    founds.append(found)
    guesses.append(max(truth.mean(), 1 - truth.mean()))
    print(f'{item:36s} right {np.mean(truth == found):.3f}  F1 {f1(truth, found):.3f}  always down {f1(truth, truth | True):.3f}  '
          f'likelier state {guesses[-1]:.3f}')
truth, found = np.concatenate(truths), np.concatenate(founds)
print(f'{len(truths)} items, mean over items: right {np.mean([np.mean(t == f) for t, f in zip(truths, founds)]):.3f}  '
      f'F1 {np.mean([f1(t, f) for t, f in zip(truths, founds)]):.3f}  always down {np.mean([f1(t, t | True) for t in truths]):.3f}  '
      f'likelier state {np.mean(guesses):.3f}')
