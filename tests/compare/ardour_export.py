"""Ardour records with the plugin on the track, and exports, without its window:

    python tests/compare/ardour_export.py

Plays 22 s of the demo recording into a track of Ardour's, records it, exports the session with `ardour7-export`, once in *Live* and once in *Aligned* timing, whose
latency Ardour has to compensate, and says whether what was exported is what was recorded. Two things are Ardour's own, with a LADSPA delay in the plugin's place too: it
fades every region in over 64 samples, and in some exports all comes 16 samples early. Needs what `jack_hosts.py` needs, and a built bundle as there.
"""

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pedalboard
from jack_hosts import ardour, connected, install_for_ardour, jack_server, player_of, recording, waited_for, waited_for_line

SCRIPT = """
AudioEngine:set_backend("JACK", "ardour", "")
local s = create_session(arg[1], "live", 48000)
assert(s, "no session")
local track = s:new_audio_track(2, 2, nil, 1, "piano", -1, ARDOUR.TrackMode.Normal, true, true):front()
local plugin = ARDOUR.LuaAPI.new_plugin(s, "Colla Parte", ARDOUR.PluginType.VST3, "")
assert(not plugin:isnil(), "Ardour has no such plugin")
assert(track:add_processor_by_index(plugin, 0, nil, true) == 0, "it cannot be added")
local function set(control, value) control:set_value(value, PBD.GroupControlDisposition.NoGroup) end
set(track:monitoring_control(), 1)
set(track:rec_enable_control(), 1)
local function say(what) io.stdout:write(what .. "\\n") io.stdout:flush() end
local function wait_for(name)
    for n = 1, 600 do
        ARDOUR.LuaAPI.usleep(100000)
        local file = io.open(arg[1] .. "/" .. name)
        if file then file:close() return end
    end
    error(name .. " never came")
end
say("ready")
wait_for("go")
s:maybe_enable_record(false)
s:request_roll(ARDOUR.TransportRequestSource.TRS_UI)
say("rolls")
wait_for("stop")
s:request_stop(false, false, ARDOUR.TransportRequestSource.TRS_UI)
-- It writes what it recorded on threads of its own.
ARDOUR.LuaAPI.usleep(3000000)
s:disable_record(false, false)
-- An export plays what is on the disk.
set(track:rec_enable_control(), 0)
set(track:monitoring_control(), 0)
ARDOUR.LuaAPI.usleep(1000000)
s:save_state("", false, false, false, false, false)
-- Timing.
assert(ARDOUR.LuaAPI.set_processor_param(plugin, 1, 1), "a parameter cannot be set")
ARDOUR.LuaAPI.usleep(1000000)
s:save_state("aligned", false, false, false, false, false)
close_session()
"""


def read(path):
    with pedalboard.io.AudioFile(str(path)) as file:
        return file.read(file.frames)


# Samples over which Ardour fades a region in.
FADE = 64


def shift(found, taken):
    """By how many samples `found` is later than `taken`, where it is the same but for the fade; `None` where it is not, or elsewhere than
    Ardour has it."""
    start, end = FADE + 16, taken.shape[1] - 16
    for late in (0, -16):
        if np.array_equal(found[:, start + late : end + late], taken[:, start:end]):
            return late
    return None


def main():
    folder = Path(tempfile.mkdtemp(prefix="colla-parte-export-"))
    session = folder / "session"
    server = jack_server()
    try:
        sound = recording()
        player = waited_for(lambda: player_of(sound))
        install_for_ardour()
        run = ardour(folder / "session.lua", session, SCRIPT)
        waited_for_line(run, "ready")
        player.client.activate()
        for port, sink in zip(player.out, ["ardour:piano/audio_in 1", "ardour:piano/audio_in 2"]):
            connected(player.client, port.name, sink)
        (session / "go").write_text("")
        waited_for_line(run, "rolls")
        player.play()
        (session / "stop").write_text("")
        run.communicate(timeout=60)
        player.client.close()
    finally:
        server.terminate()
        server.wait()
    try:
        # The server is gone: Ardour needs none for this.
        taken = [read(next(session.glob(f"interchange/*/audiofiles/*%{side}.wav")))[0] for side in "LR"]
        taken = np.stack(taken)
        length = np.count_nonzero(taken[0])
        good = run.returncode == 0 and length > len(sound) // 2
        print(f"recorded: {taken.shape[1]} samples, {length} of them not silent; xruns: {player.xruns}; exit {run.returncode}")
        for snapshot in ("live", "aligned"):
            out, start = folder / f"{snapshot}.wav", time.monotonic()
            subprocess.run(["ardour7-export", "-b", "float", "-o", out, session, snapshot], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            found, took_s = read(out), time.monotonic() - start
            late = shift(found, taken) if found.shape == taken.shape else None
            print(f"exported, {snapshot}: {'NOT the same' if late is None else f'bit for bit, {late} samples later'}, in {took_s:.0f} s")
            good &= late is not None
        return 0 if good else 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
