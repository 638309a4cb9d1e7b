"""The plugin in Ardour without its window, and as its own program, under jackd's dummy driver:

    python tests/compare/jack_hosts.py ardour|standalone

Plays 22 s of the demo recording into it, takes down what comes back, and says whether the audio is the same and which notes came. Builds
nothing: `cargo xtask bundle`, or `cargo build --release --features standalone --bin colla-parte-standalone`, comes first. For Ardour the
bundle is copied to ~/.vst3. Needs Debian's `ardour` and `jackd2`, and `pip install JACK-Client numpy pedalboard`.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import jack
import numpy as np
import pedalboard

ROOT = Path(__file__).resolve().parents[2]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
RATE_HZ = 48000
PERIOD = 1024
SECONDS = 22

ARDOUR = """
AudioEngine:set_backend("JACK", "ardour", "")
local s = create_session(arg[1], "session", 48000)
assert(s, "no session")
local tracks = s:new_audio_track(2, 2, nil, 1, "piano", -1, ARDOUR.TrackMode.Normal, true, true)
local track = tracks:front()
local plugin = ARDOUR.LuaAPI.new_plugin(s, "Colla Parte", ARDOUR.PluginType.VST3, "")
assert(not plugin:isnil(), "Ardour has no such plugin")
assert(track:add_processor_by_index(plugin, 0, nil, true) == 0, "it cannot be added")
track:monitoring_control():set_value(ARDOUR.MonitorChoice.MonitorInput or 1, PBD.GroupControlDisposition.NoGroup)
-- Pedal out.
assert(ARDOUR.LuaAPI.set_processor_param(plugin, 9, 1), "a parameter cannot be set")
io.stdout:write("ready\\n") io.stdout:flush()
for n = 1, 400 do
    ARDOUR.LuaAPI.usleep(100000)
    local stop = io.open(arg[1] .. "/stop")
    if stop then stop:close() break end
end
s:save_state("", false, false, false, false, false)
close_session()
io.stdout:write("closed\\n") io.stdout:flush()
"""


def recording():
    with pedalboard.io.AudioFile(str(ROOT / "assets/demo/audio.ogg")).resampled_to(RATE_HZ) as file:
        return file.read(SECONDS * RATE_HZ)[0]


class Player:
    """Plays a sound into two ports, and takes down audio and MIDI of others."""

    def __init__(self, sound):
        self.sound = sound
        self.client = jack.Client("player")
        self.out = [self.client.outports.register(f"out{n}") for n in range(2)]
        self.back = [self.client.inports.register(f"in{n}") for n in range(2)]
        self.midi = self.client.midi_inports.register("midi")
        self.at, self.playing = 0, False
        self.heard = np.zeros((2, len(sound) + 4 * RATE_HZ), np.float32)
        self.events, self.xruns = [], 0
        self.client.set_process_callback(self.process)
        self.client.set_xrun_callback(self.xrun)

    def xrun(self, _delayed):
        self.xruns += self.playing

    def process(self, frames):
        block = np.zeros(frames, np.float32)
        if self.playing:
            part = self.sound[self.at : self.at + frames]
            block[: len(part)] = part
        for port in self.out:
            port.get_array()[:] = block
        if self.playing and self.at + frames <= self.heard.shape[1]:
            for kept, port in zip(self.heard, self.back):
                kept[self.at : self.at + frames] = port.get_array()
            for offset, data in self.midi.incoming_midi_events():
                self.events.append((self.at + offset, bytes(data)))
            self.at += frames

    def play(self):
        self.playing = True
        while self.at + PERIOD <= self.heard.shape[1]:
            time.sleep(0.1)
        self.playing = False

    def report(self):
        delays = [d for d in range(0, 8 * PERIOD + 1) if np.array_equal(self.heard[0][d : d + len(self.sound)], self.sound)]
        ons = [e for e in self.events if e[1][0] >> 4 == 9 and e[1][2] > 0]
        offs = [e for e in self.events if e[1][0] >> 4 == 8 or (e[1][0] >> 4 == 9 and e[1][2] == 0)]
        same = np.array_equal(self.heard[0], self.heard[1])
        print(f"audio: {'bit for bit, ' + str(delays[0]) + ' samples later' if delays else 'NOT the same'}; both sides alike: {same}")
        pedal = [e for e in self.events if e[1][0] >> 4 == 11 and e[1][1] == 64]
        print(f"notes: {len(ons)} on, {len(offs)} off; pedal: {len(pedal)}; xruns: {self.xruns}")
        return bool(delays) and same and len(ons) == len(offs) and len(ons) > 100


def connected(client, source, sink, patience=60):
    for _ in range(patience * 10):
        try:
            client.connect(source, sink)
            return
        except jack.JackError:
            time.sleep(0.1)
    raise SystemExit(f"{source} cannot be connected to {sink}: {[port.name for port in client.get_ports()]}")


def waited_for(what, patience_s=60):
    """What `what` gives once it gives anything."""
    for _ in range(patience_s * 10):
        found = what()
        if found:
            return found
        time.sleep(0.1)
    raise SystemExit("it never came")


def player_of(sound):
    """A player, once there is a server; none before."""
    try:
        return Player(sound)
    except jack.JackError:
        return None


def standalone_ports(client):
    """The program's ports by what they are for, once all are there."""
    names = [port.name for port in client.get_ports() if not port.name.startswith(("player", "system"))]
    midi = [name for name in names if "midi" in name.lower()]
    ports = {way: [name for name in names if name not in midi and f"{way}put" in name] for way in ("in", "out")}
    ports["midi"] = next((name for name in midi if "out" in name.lower()), None)
    return ports if len(ports["in"]) == len(ports["out"]) == 2 and ports["midi"] else None


def jack_server():
    command = ["jackd", "--no-realtime", "-d", "dummy", "-r", str(RATE_HZ), "-p", str(PERIOD)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def install_for_ardour():
    bundle = Path.home() / ".vst3/Colla Parte.vst3"
    shutil.rmtree(bundle, ignore_errors=True)
    shutil.copytree(TARGET / "bundled/Colla Parte.vst3", bundle)
    # A cache of the same second counts as older than the bundle.
    time.sleep(1.5)
    scanner = next(Path("/usr/lib").glob("ardour*/ardour-vst3-scanner"))
    environment = dict(os.environ, LD_LIBRARY_PATH=str(scanner.parent))
    subprocess.run([scanner, "-f", bundle], check=True, env=environment, stdout=subprocess.DEVNULL)


def ardour(script, folder, text):
    """Ardour without its window, carrying out this script; its session is within the folder."""
    script.write_text(text)
    return subprocess.Popen(["ardour7-lua", str(script), str(folder)], stdout=subprocess.PIPE, text=True)


def waited_for_line(run, wanted):
    for line in run.stdout:
        print("Ardour:", line.rstrip())
        if line.strip() == wanted:
            return
    raise SystemExit(f"Ardour ended before it said: {wanted}")


def main(host):
    folder = Path(tempfile.mkdtemp(prefix="colla-parte-jack-"))
    server = jack_server()
    try:
        sound = recording()
        player = waited_for(lambda: player_of(sound))
        if host == "ardour":
            install_for_ardour()
            run = ardour(folder / "session.lua", folder / "session", ARDOUR)
            waited_for_line(run, "ready")
            names = {"in": ["ardour:piano/audio_in 1", "ardour:piano/audio_in 2"], "out": ["ardour:piano/audio_out 1", "ardour:piano/audio_out 2"], "midi": "ardour:piano/midi_out 1"}
        else:
            run = subprocess.Popen([TARGET / "release/colla-parte-standalone", "--backend", "jack"], stdout=subprocess.DEVNULL)
            names = waited_for(lambda: standalone_ports(player.client))
            print("ports:", names)
        player.client.activate()
        for port, sink in zip(player.out, names["in"]):
            connected(player.client, port.name, sink)
        for source, port in zip(names["out"], player.back):
            connected(player.client, source, port.name)
        connected(player.client, names["midi"], player.midi.name)
        time.sleep(2)
        player.play()
        good = player.report()
        player.client.deactivate()
        player.client.close()
        if host == "ardour":
            (folder / "session/stop").write_text("")
            rest, _ = run.communicate(timeout=60)
            print("Ardour:", rest.strip(), "- exit", run.returncode)
            good &= run.returncode == 0
        else:
            run.terminate()
            print("standalone: exit", run.wait(timeout=20))
        return 0 if good else 1
    finally:
        server.terminate()
        server.wait()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
