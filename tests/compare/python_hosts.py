"""The built VST3 in two Python hosts: python tests/compare/python_hosts.py [BUNDLE]

Needs `pip install pedalboard dawdreamer`. The audio must come out bit for bit whatever the block and however many instances; what
is automated must change nothing of it; states must come back, and *Aligned* must be delayed by what the plugin says.
"""

import json
import os
import re
import sys
from pathlib import Path

import dawdreamer
import numpy as np
import pedalboard

ROOT = Path(__file__).resolve().parents[2]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
BUNDLE = sys.argv[1] if len(sys.argv) > 1 else str(TARGET / "bundled/Colla Parte.vst3")
RATE_HZ = 44100


def recording(seconds):
    with pedalboard.io.AudioFile(str(ROOT / "assets/demo/audio.ogg")).resampled_to(RATE_HZ) as file:
        mono = file.read(int(seconds * RATE_HZ))[0]
    return np.stack([mono, mono])


def state_of(plugin):
    """What a project would keep of a pedalboard plugin."""
    # JUCE's own base 64: a length, a dot, then six bits a letter, the lowest first.
    length, letters = re.search(rb"<IComponent>(\d+)\.([^<]*)</IComponent>", plugin.raw_state).groups()
    alphabet = b".ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+"
    bits = sum(alphabet.index(letter) << (6 * place) for place, letter in enumerate(letters))
    return json.loads(bits.to_bytes(len(letters), "little")[: int(length)])


def same(what, ours, theirs):
    assert ours.shape == theirs.shape, (what, ours.shape, theirs.shape)
    assert np.array_equal(ours, theirs), what
    print(f"{what}: {ours.shape[1] / RATE_HZ:.0f} s, bit for bit")


def in_pedalboard(sound):
    for block in (64, 512, 2048):
        plugin = pedalboard.load_plugin(BUNDLE)
        same(f"pedalboard {pedalboard.__version__}, blocks of {block}", plugin(sound, RATE_HZ, buffer_size=block), sound)
    board = pedalboard.Pedalboard([pedalboard.load_plugin(BUNDLE) for _ in range(4)])
    same("pedalboard, four instances", board(sound, RATE_HZ), sound)

    plugin = pedalboard.load_plugin(BUNDLE)
    plugin.sensitivity = 25.0
    before = state_of(plugin)["params"]["sens"]
    parts = np.split(sound, 10, axis=1)
    out = []
    for number, part in enumerate(parts):
        plugin.sensitivity = 10.0 * number
        out.append(plugin(part, RATE_HZ, reset=False))
    same("pedalboard, *Sensitivity* changed from block to block", np.concatenate(out, axis=1), sound)
    print("  saved before the first block:", before, "- after the last:", state_of(plugin)["params"]["sens"])
    another = pedalboard.load_plugin(BUNDLE)
    another.raw_state = plugin.raw_state
    assert state_of(another)["params"] == state_of(plugin)["params"]

    plugin = pedalboard.load_plugin(BUNDLE)
    plugin.timing = "Aligned"
    plugin(sound[:, :4096], RATE_HZ)
    same("pedalboard, *Aligned*, which it compensates", plugin(sound, RATE_HZ), sound)


def in_dawdreamer(sound):
    seconds = sound.shape[1] / RATE_HZ
    for block in (64, 512):
        engine = dawdreamer.RenderEngine(RATE_HZ, block)
        player = engine.make_playback_processor("player", sound)
        chain = [(player, [])]
        for number in range(6):
            plugin = engine.make_plugin_processor(f"plugin {number}", BUNDLE)
            chain.append((plugin, [chain[-1][0].get_name()]))
        names = {p["name"]: p["index"] for p in plugin.get_parameters_description()}
        ramp = np.linspace(0.0, 1.0, int(seconds * 100)).astype(np.float32)
        assert plugin.set_automation(names["Sensitivity"], ramp, ppqn=0) is not False
        engine.load_graph(chain)
        engine.render(seconds)
        out = engine.get_audio()[:, : sound.shape[1]]
        same(f"dawdreamer, chain of six, one automated, blocks of {block}", out, sound[:, : out.shape[1]])


if __name__ == "__main__":
    sound = recording(20)
    in_pedalboard(sound)
    in_dawdreamer(sound)
