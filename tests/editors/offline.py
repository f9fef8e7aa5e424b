"""A command where there is no network but loopback:  unshare -rn -- python offline.py COMMAND...

`allowed()` says whether this machine lets a user make such a place.
"""

import fcntl
import os
import socket
import struct
import subprocess
import sys

SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1


def allowed():
    return subprocess.run(["unshare", "-rn", "true"], capture_output=True).returncode == 0


def command(*words):
    return ["unshare", "-rn", "--", sys.executable, __file__, *map(str, words)]


def loopback_up():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        flags = struct.unpack("16xH", fcntl.ioctl(s, SIOCGIFFLAGS, struct.pack("16sH14x", b"lo", 0))[:18])[0]
        fcntl.ioctl(s, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | IFF_UP))


if __name__ == "__main__":
    loopback_up()
    os.execvp(sys.argv[1], sys.argv[1:])
