"""Opens every export of a session in other programs, and holds what they read against the session's JSON.

    python tests/compare/exports.py make COLLA_PARTE AUDIO SCORE FOLDER
    python tests/compare/exports.py check FOLDER [--sheet]

`make` lets the command write all exports to FOLDER, named as the plugin's *Save...* names its own, so that `check` reads what
either has written (of the plugin all takes' files may be there; the command's are of take 1). `--sheet` also has Chromium draw and
print the take sheet, to FOLDER/takes.png and FOLDER/takes-N.png. A row a file: who read it, and what; the exit status is 1 where
something does not agree.

Needs `pip install mido music21 verovio opentimelineio otio-cmx3600-adapter rpp crowsetta`, and Debian's `cuetools`; for
`--sheet` Debian's `chromium` and `poppler-utils`.
"""

import argparse
import bisect
import csv
import json
import re
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import mido

warnings.filterwarnings("ignore")

# Shown as faults in the take sheet from this probability on.
SURE = 0.5
CHROMIUM = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
            "--disable-background-networking", "--disable-component-update", "--hide-scrollbars"]

rows = []


def row(file, reader, said, agrees):
    rows.append(agrees)
    print(f"{'ok ' if agrees else 'NO '} {file.name:<42} {reader:<26} {said}")


def close(found, expected, within):
    """Whether both lists hold the same times, each to within so many seconds."""
    return len(found) == len(expected) and all(abs(a - b) <= within for a, b in zip(sorted(found), sorted(expected)))


def make(colla, audio, score, folder):
    folder.mkdir(parents=True, exist_ok=True)
    at = lambda name: str(folder / name)
    run = lambda *arguments: subprocess.run([colla, *arguments], check=True, stdout=subprocess.DEVNULL)
    session = ["session", audio, score]
    run(*session, "--json", at("piece takes.json"), "--sheet", at("piece takes.html"), "--coverage", at("piece coverage.csv"),
        "--edl", at("piece edit.edl"), "--reaper", at("piece edit.rpp"), "--tempo-map", at("piece take 1 tempo.mid"),
        "--markers", at("piece markers.csv"), "--marker-format", "reaper")
    for name, kind in (("labels.txt", "audacity"), ("markers.cue", "cue"), ("markers.mid", "midi"), ("generic.csv", "csv")):
        run(*session, "--markers", at(f"piece {name}"), "--marker-format", kind)
    run("transcribe", audio, "-o", at("piece take 1.mid"), "--events", at("events.tsv"))
    run("transcribe", audio, "--score", score, "--musicxml", at("piece take 1.musicxml"), "--quantised",
        at("piece take 1 quantised.mid"))


def notes_by_mido(file):
    """Onset in seconds, onset in quarters, pitch; when each tempo of the file holds is mido's to know."""
    midi = mido.MidiFile(file)
    now, ticks, found = 0.0, 0, []
    tempo = 500_000
    for message in mido.merge_tracks(midi.tracks):
        now += mido.tick2second(message.time, midi.ticks_per_beat, tempo)
        ticks += message.time
        if message.type == "set_tempo":
            tempo = message.tempo
        if message.type == "note_on" and message.velocity > 0:
            found.append((now, ticks / midi.ticks_per_beat, message.note))
    return found


def notes_by_music21(file):
    """Onset in quarters, pitch; of every note of every chord, ties joined."""
    import music21

    score = music21.converter.parse(str(file), forceSource=True)
    found = []
    for element in score.stripTies().flatten().notes:
        pitches = [element.pitch] if element.isNote else element.pitches
        found += [(float(element.offset), pitch.midi) for pitch in pitches if not element.duration.isGrace]
    return found


def events_by_music21(file):
    """Onset in quarters, pitch; of every note-on of the file."""
    import music21

    midi = music21.midi.MidiFile()
    midi.open(str(file))
    midi.read()
    midi.close()
    found = []
    for track in midi.tracks:
        ticks = 0
        for event in track.events:
            if event.isDeltaTime():
                ticks += event.time
            elif event.isNoteOn() and event.velocity > 0:
                found.append((round(ticks / midi.ticksPerQuarterNote, 6), event.pitch))
    return sorted(found)


def pitches(notes):
    return sorted(note[-1] for note in notes)


def take_of(session, number):
    return next((take for take in session["takes"] if take["number"] == number), None)


def check_midi(file, session):
    notes = notes_by_mido(file)
    events = file.parent / "events.tsv"
    number = int(re.search(r"take (\d+)\.mid", file.name)[1])
    if events.exists():
        expected = sorted((float(f[1]), int(f[3])) for f in (line.split("\t") for line in events.read_text().splitlines()[1:]))
        found = sorted((onset, pitch) for onset, _, pitch in notes)
        off = max((abs(a[0] - b[0]) for a, b in zip(sorted(found), expected)), default=0.0)
        same = pitches(notes) == sorted(p for _, p in expected) and off < 0.001
        row(file, "mido", f"{len(notes)} notes, onsets at most {1e3 * off:.2f} ms from the table of events", same)
    else:
        take = take_of(session, number)
        within = take and all(take["start_s"] - 0.06 <= onset <= take["end_s"] + 0.06 for onset, _, _ in notes)
        row(file, "mido", f"{len(notes)} notes, all between the take's start and end: {within}", bool(within and notes))
    # music21's notation of a recording splits notes at its own barlines; its reader of the events does not.
    theirs = events_by_music21(file)
    row(file, "music21", f"{len(theirs)} notes", theirs == sorted((round(q, 6), pitch) for _, q, pitch in notes))


def check_quantised(file, _session):
    notes = notes_by_mido(file)
    grid = [min(abs(quarter * parts - round(quarter * parts)) for parts in (24, 32, 20, 28, 36)) < 1e-3 for _, quarter, _ in notes]
    row(file, "mido", f"{len(notes)} notes, {sum(grid)} on a grid of the quarter's parts", bool(notes) and all(grid))
    row(file, "music21", f"{len(notes_by_music21(file))} notes", pitches(notes_by_music21(file)) == pitches(notes))


def check_musicxml(file, _session):
    import music21
    import verovio

    score = music21.converter.parse(str(file), forceSource=True)
    theirs = notes_by_music21(file)
    measures = len(list(score.parts[0].getElementsByClass("Measure")))
    row(file, "music21", f"{len(score.parts)} parts, {measures} measures, {len(theirs)} notes", bool(theirs))
    toolkit = verovio.toolkit()
    read = toolkit.loadFile(str(file))
    with tempfile.NamedTemporaryFile(suffix=".mid") as midi:
        toolkit.renderToMIDIFile(midi.name)
        sounding = mido.MidiFile(midi.name)
        count = sum(m.type == "note_on" and m.velocity > 0 for track in sounding.tracks for m in track)
    # Verovio plays grace notes too, and joins ties as music21 does.
    grace = sum(len(n.pitches) for n in score.flatten().notes if n.duration.isGrace)
    said = f"{toolkit.getPageCount()} pages, {count} notes played"
    row(file, f"verovio {toolkit.getVersion()[:5]}", said, read and count == len(theirs) + grace)


def tempo_grid(file):
    """When each click of the map comes, in seconds, whether it is a measure's first, and the number of tempos."""
    midi = mido.MidiFile(file)
    tempos = sum(m.type == "set_tempo" for m in midi.tracks[0])
    clicks = [(onset, pitch == 76) for onset, _, pitch in notes_by_mido(file)]
    return clicks, tempos


def check_tempo(file, session):
    clicks, tempos = tempo_grid(file)
    number = int(re.search(r"take (\d+) tempo", file.name)[1])
    stretches = take_of(session, number)["stretches"]
    longest = max(stretches, key=lambda s: s["to_beat"] - s["from_beat"])
    starts = [abs(clicks[0][0] - longest["start_s"])] if clicks else [9.9]
    inside = [longest["start_s"] - 0.05 <= at <= longest["end_s"] + 0.05 for at, _ in clicks]
    downbeats = sum(down for _, down in clicks)
    said = f"{tempos} tempos, {len(clicks)} beats, {downbeats} downbeats, first {1e3 * starts[0]:.0f} ms from the stretch's start"
    # The first written quarter may come some time after the first note played.
    row(file, "mido", said, bool(clicks) and all(inside))


def marked(session):
    """Start of every stretch, its end, and every fault."""
    stretches = [(s["start_s"], s["end_s"]) for take in session["takes"] for s in take["stretches"]]
    return stretches, [fault["audio_s"] for take in session["takes"] for fault in take["faults"]]


def check_reaper_csv(file, session):
    stretches, faults = marked(session)
    table = list(csv.DictReader(file.open(newline="", encoding="utf-8")))
    regions = [(float(r["Start"]), float(r["End"])) for r in table if r["#"].startswith("R")]
    lengths = all(abs(float(r["Length"]) - (float(r["End"]) - float(r["Start"]))) < 1e-5 for r in table if r["End"])
    points = [float(r["Start"]) for r in table if r["#"].startswith("M")]
    same = close([r[0] for r in regions], [s[0] for s in stretches], 1e-3) and close([r[1] for r in regions], [s[1] for s in stretches], 1e-3)
    row(file, "Python's csv", f"{len(regions)} regions, {len(points)} markers", same and lengths and close(points, faults, 1e-3))


def check_generic_csv(file, session):
    stretches, faults = marked(session)
    table = list(csv.DictReader(file.open(newline="", encoding="utf-8")))
    same = close([float(r["start_s"]) for r in table], [s[0] for s in stretches] + faults, 1e-3)
    row(file, "Python's csv", f"{len(table)} rows, kinds {', '.join(sorted({r['kind'] for r in table}))}", same)


def check_audacity(file, session):
    import crowsetta

    stretches, faults = marked(session)
    labels = crowsetta.formats.seq.AudSeq.from_file(file).to_seq()
    starts = [s.onset_s for s in labels.segments] if labels.segments else []
    row(file, f"crowsetta {crowsetta.__version__}", f"{len(starts)} labels, the first {labels.segments[0].label!r}",
        close(starts, [s[0] for s in stretches] + faults, 1e-3))


def check_cue(file, session):
    stretches, _ = marked(session)
    said = subprocess.run(["cueprint", "-t", "%n\t%t\n", file], capture_output=True, text=True)
    points = subprocess.run(["cuebreakpoints", "--append-gaps", file], capture_output=True, text=True)
    tracks = [line for line in said.stdout.splitlines() if line.strip()]
    # Each break is the start of a track after the first.
    times = [60 * int(m) + int(s) + int(f) / 75 for m, s, f in re.findall(r"(\d+):(\d+)\.(\d+)", points.stdout)]
    expected = sorted(s[0] for s in stretches)[:99]
    same = len(tracks) == len(expected) and close(times, expected[1:], 0.5 / 75 + 1e-4)
    row(file, "cuetools (libcue)", f"{len(tracks)} tracks, breaks at {', '.join(f'{t:.2f}' for t in times[:4])} s", same)


def check_marker_midi(file, session):
    stretches, faults = marked(session)
    midi = mido.MidiFile(file)
    now, found, channel = 0.0, [], 0
    for message in midi:
        now += message.time
        found += [now] if message.type == "marker" else []
        channel += not message.is_meta
    expected = [time for stretch in stretches for time in stretch] + faults
    # Without an event of a channel Ardour 7.3 leaves the track out, and its markers.
    said = f"{len(found)} markers, {channel} event of a channel"
    row(file, "mido", said, close(found, expected, 1e-3) and channel > 0 and midi.type == 0)


def check_edl(file, session):
    import opentimelineio as otio

    timeline = otio.adapters.read_from_file(str(file), adapter_name="cmx_3600", rate=30)
    # "AA" is both channels of a stereo recording: two tracks that say the same.
    clips = list(timeline.tracks[0].find_clips())
    both = len(timeline.tracks) == 2 and [c.source_range for c in timeline.tracks[1].find_clips()] == [c.source_range for c in clips]
    rate = lambda time: time.value / time.rate
    spans = [(rate(c.source_range.start_time), rate(c.source_range.end_time_exclusive())) for c in clips]
    expected = [(piece["start_s"], piece["end_s"]) for piece in session["plan"]]
    frame = 1 / 30 + 1e-6
    same = len(spans) == len(expected) and all(
        abs(a - c) <= frame / 2 and abs(b - d) <= frame for (a, b), (c, d) in zip(spans, expected)
    )
    # The record times of one event follow on those of the one before: otherwise a gap would be read.
    gaps = sum(1 for _ in timeline.find_children(descended_from_type=otio.schema.Gap))
    row(file, f"opentimelineio {otio.__version__}", f"{len(clips)} clips, {gaps} gaps, {timeline.name!r}", same and both and gaps == 0)


def check_rpp(file, session):
    import rpp

    project = rpp.loads(file.read_text(encoding="utf-8"))
    items = project.findall(".//ITEM")
    starts = [float(item.find("SOFFS")[1]) for item in items]
    expected = [piece["start_s"] for piece in session["plan"]]
    lengths = [float(item.find("LENGTH")[1]) for item in items]
    fades = [float(item.find("FADEIN")[2]) for item in items]
    same = len(items) == len(expected) and all(abs(a + f - b) < 1e-3 for a, f, b in zip(starts, fades, expected))
    row(file, "rpp", f"{len(items)} items of {sum(lengths):.1f} s", same)


def check_sheet(file, session):
    text = file.read_text(encoding="utf-8")
    takes = len(session["takes"])
    found = len(set(re.findall(r"<th class=\"take\">take (\d+)", text)))
    with_stretches = sum(bool(take["stretches"]) for take in session["takes"])
    sure = sum(fault["confidence"] >= SURE for take in session["takes"] for fault in take["faults"])
    row(file, "text", f"{found} takes in the map of {takes}, {sure} sure faults", found == with_stretches)


def draw_sheet(file):
    folder = file.parent
    with tempfile.TemporaryDirectory() as profile:
        shot = lambda *arguments: subprocess.run(
            [*CHROMIUM, f"--user-data-dir={profile}", *arguments, file.resolve().as_uri()],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=120)
        shot(f"--screenshot={folder / 'takes.png'}", "--window-size=1280,1600")
        shot(f"--print-to-pdf={folder / 'takes.pdf'}", "--no-pdf-header-footer")
    subprocess.run(["pdftoppm", "-png", "-r", "70", folder / "takes.pdf", folder / "takes"], check=True)
    pages = sorted(folder.glob("takes-*.png"))
    row(file, "chromium, pdftoppm", f"takes.png, {len(pages)} printed pages: look at them", bool(pages))


# What a file's name ends with, and who checks it.
CHECKS = [
    (r"take \d+\.mid", check_midi),
    (r"quantised\.mid", check_quantised),
    (r"tempo\.mid", check_tempo),
    (r"markers\.mid", check_marker_midi),
    (r"\.musicxml", check_musicxml),
    (r"markers\.csv", check_reaper_csv),
    (r"generic\.csv", check_generic_csv),
    (r"labels\.txt", check_audacity),
    (r"\.cue", check_cue),
    (r"\.edl", check_edl),
    (r"\.rpp", check_rpp),
    (r"takes\.html", check_sheet),
]


def check(folder, draw):
    one = lambda pattern: next(iter(sorted(folder.glob(pattern))), None)
    found = one("*takes.json")
    if found is None:
        sys.exit(f"{folder}: there is no '... takes.json'")
    session = json.loads(found.read_text(encoding="utf-8"))
    for file in sorted(folder.iterdir()):
        for ending, check_file in CHECKS:
            if re.search(ending + "$", file.name):
                check_file(file, session)
        if draw and file.name.endswith("takes.html"):
            draw_sheet(file)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    making = commands.add_parser("make")
    for name in ("colla_parte", "audio", "score"):
        making.add_argument(name)
    making.add_argument("folder", type=Path)
    checking = commands.add_parser("check")
    checking.add_argument("folder", type=Path)
    checking.add_argument("--sheet", action="store_true")
    arguments = parser.parse_args()
    if arguments.command == "make":
        make(arguments.colla_parte, arguments.audio, arguments.score, arguments.folder)
    else:
        check(arguments.folder, arguments.sheet)
        sys.exit(not rows or not all(rows))


if __name__ == "__main__":
    main()
