"""Receives what the plugin sends as OSC, by python-osc, and says what came.

    python tests/compare/osc.py SECONDS [PORT]

A row an address: how many messages, and the first, the middle and the last of them. Needs `pip install python-osc`. In the plugin:
settings, *Send OSC* (to 127.0.0.1:9000 unless it is told otherwise).
"""

import collections
import sys
import threading

from pythonosc.dispatcher import Dispatcher
from pythonosc.osc_server import BlockingOSCUDPServer


def main(seconds, port=9000):
    seen = collections.defaultdict(list)
    dispatcher = Dispatcher()
    dispatcher.set_default_handler(lambda address, *arguments: seen[address].append(arguments))
    server = BlockingOSCUDPServer(("127.0.0.1", int(port)), dispatcher)
    threading.Timer(float(seconds), server.shutdown).start()
    server.serve_forever()
    for address, found in sorted(seen.items()):
        print(address, len(found), found[0], found[len(found) // 2], found[-1])
    sys.exit(not seen)


if __name__ == "__main__":
    main(*sys.argv[1:])
