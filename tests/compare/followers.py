#!/usr/bin/env python3
"""Other people's score followers on the items of a corpus, as traces that the corpus' position script can score.

  followers.py matchmaker CORPUS OUT [METHOD]   online: PyPI pymatchmaker (needs fluidsynth), arzt, dixon or outerhmm
  followers.py synctoolbox CORPUS OUT           offline: PyPI synctoolbox, chroma and onset features
  followers.py table CORPUS SCORE_POSITION.py LABEL=DIR...   means of the loc_ figures, and of those within 25 ms

Both are given each item's `score.mid`, which is already in the order that was played, so that unfolding is not judged;
matchmaker's beats are turned into quarters. No delay is counted against them but the frame that is complete.
"""
import csv
import glob
import importlib.util
import os
import sys
import time

import numpy as np


def items(corpus):
    return sorted(os.path.dirname(path) for path in glob.glob(os.path.join(corpus, "*", "alignment.tsv")))


def write(out, item, rows, spent_s):
    os.makedirs(out, exist_ok=True)
    path = os.path.join(out, os.path.basename(item) + ".tsv")
    with open(path, "w") as table:
        table.write("audio_seconds\tscore_beat\n")
        table.writelines(f"{at:.4f}\t{beat:.4f}\n" for at, beat in rows)
    print(f"{path}: {len(rows)} reports, {spent_s:.1f} s of CPU time", flush=True)


def run_matchmaker(item, method):
    from matchmaker import Matchmaker

    follower = Matchmaker(
        score_file=os.path.join(item, "score.mid"),
        performance_file=os.path.join(item, "audio.flac"),
        input_type="audio",
        method=method,
        wait=False,
        unfold_score=False,
    )
    part = follower.score_part
    beats = np.array(list(follower.run(verbose=False)), float)
    quarters = part.quarter_map(part.inv_beat_map(beats))
    start = float(part.quarter_map(part.first_point.t))
    return [((frame + 1) / follower.frame_rate, quarter - start) for frame, quarter in enumerate(quarters)]


def run_synctoolbox(item, feature_rate=50):
    import librosa
    import pandas as pd
    import pretty_midi
    from synctoolbox.dtw.mrmsdtw import sync_via_mrmsdtw
    from synctoolbox.dtw.utils import make_path_strictly_monotonic
    from synctoolbox.feature.chroma import pitch_to_chroma, quantize_chroma
    from synctoolbox.feature.csv_tools import df_to_pitch_features, df_to_pitch_onset_features
    from synctoolbox.feature.dlnco import pitch_onset_features_to_DLNCO
    from synctoolbox.feature.pitch import audio_to_pitch_features
    from synctoolbox.feature.pitch_onset import audio_to_pitch_onset_features
    from synctoolbox.feature.utils import estimate_tuning

    sound, rate = librosa.load(os.path.join(item, "audio.flac"), sr=22050)
    score = pretty_midi.PrettyMIDI(os.path.join(item, "score.mid"))
    # The path must end where the recording does: the score is cut after the last onset that was played.
    with open(os.path.join(item, "alignment.tsv")) as table:
        last = max(float(row["score_beat"]) for row in csv.DictReader(table, delimiter="\t"))
    end = score.tick_to_time(int((last + 1.0) * score.resolution))
    notes = [
        (note.start, min(note.end, end) - note.start, note.pitch, 0.8, "score")
        for instrument in score.instruments
        for note in instrument.notes
        if note.start < end
    ]
    notes = pd.DataFrame(sorted(notes), columns=["start", "duration", "pitch", "velocity", "instrument"])
    notes["end"] = notes["start"] + notes["duration"]
    tuning = estimate_tuning(sound, rate)
    heard = quantize_chroma(
        pitch_to_chroma(
            audio_to_pitch_features(sound, Fs=rate, tuning_offset=tuning, feature_rate=feature_rate, verbose=False)
        )
    )
    peaks = audio_to_pitch_onset_features(sound, Fs=rate, tuning_offset=tuning, verbose=False)
    heard_onsets = pitch_onset_features_to_DLNCO(
        f_peaks=peaks, feature_rate=feature_rate, feature_sequence_length=heard.shape[1], visualize=False
    )
    written = quantize_chroma(pitch_to_chroma(df_to_pitch_features(notes, feature_rate=feature_rate)))
    written_onsets = pitch_onset_features_to_DLNCO(
        f_peaks=df_to_pitch_onset_features(notes),
        feature_rate=feature_rate,
        feature_sequence_length=written.shape[1],
        visualize=False,
    )
    path = sync_via_mrmsdtw(
        heard,
        written,
        heard_onsets,
        written_onsets,
        input_feature_rate=feature_rate,
        step_weights=np.array([1.5, 1.5, 2.0]),
        threshold_rec=10**6,
        verbose=False,
    )
    path = make_path_strictly_monotonic(path) / feature_rate
    times = np.arange(0.0, len(sound) / rate, 0.01)
    score_times = np.interp(times, path[0], path[1])
    return [(at, score.time_to_tick(float(t)) / score.resolution) for at, t in zip(times, score_times)]


def run(follower, corpus, out, *method):
    for item in items(corpus):
        if os.path.exists(os.path.join(out, os.path.basename(item) + ".tsv")):
            continue
        begun = time.process_time()
        try:
            rows = follower(item, *method)
        except Exception as error:  # what one item does to it is part of the result
            print(f"{item}: {type(error).__name__}: {error}", flush=True)
            continue
        write(out, item, rows, time.process_time() - begun)


def table(corpus, script, runs):
    spec = importlib.util.spec_from_file_location("score_position", script)
    judge = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(judge)
    print("| | median ms | 25 | 50 | 100 | 300 | 1000 ms | missed | jumps back |")
    for label, folder in runs:
        for kind, jumps in [("items without jumps", False), ("items with jumps", True)]:
            figures, back = [], []
            for item in items(corpus):
                truth = judge.load_ref(os.path.join(item, "alignment.tsv"))
                if (truth[2].max() > 0) != jumps:
                    continue
                path = os.path.join(folder, os.path.basename(item) + ".tsv")
                told = judge.load_est(path) if os.path.exists(path) else (np.array([]), np.array([]))
                found = judge.events(*truth, *told, local=True) if len(told[0]) else np.full(len(truth[0]), np.nan)
                errors = np.abs(np.nan_to_num((found - truth[1]) * 1e3, nan=1e9))
                errors[errors > 2000.0] = np.inf
                hit = errors[np.isfinite(errors)]
                shares = [np.mean(errors <= within) for within in (25, 50, 100, 300, 1000)]
                median = np.median(hit) if len(hit) else np.nan
                figures.append([median, *shares, 1.0 - len(hit) / len(errors)])
                if len(told[0]):
                    listed = judge.score(*truth, *told).get("jump_list", [])
                    back += [jump["recover_s"] for jump in listed]
                elif jumps:
                    back += [None] * int(truth[2].max())
            if figures:
                row = np.nanmean(np.array(figures), axis=0)
                shown = ", ".join("never" if s is None else f"{s:.1f} s" for s in back) or "-"
                cells = " | ".join(f"{value:.3f}" for value in row[1:])
                print(f"| {label}, {len(figures)} {kind} | {row[0]:.0f} | {cells} | {shown} |")


def main():
    match sys.argv[1:]:
        case ["matchmaker", corpus, out, *method]:
            run(run_matchmaker, corpus, out, method[0] if method else "arzt")
        case ["synctoolbox", corpus, out]:
            run(run_synctoolbox, corpus, out)
        case ["table", corpus, script, *runs]:
            table(corpus, script, [entry.split("=", 1) for entry in runs])
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
