"""Sealing and opening a file, beside `openssl speed` for blocks of the same size (16 KiB) in the same run. `garant bench stream`

A file of 256 MB in memory. Goal: 0.9 of the command, whose library is the system's; ours is that of the `cryptography` wheel.

    openssl             openssl speed -evp aes-256-gcm -bytes 16384: one key, no tag, no nonce
    library             AESGCM.encrypt_into over the same chunks, from Python
    encrypt, decrypt    garant.sdk.stream from memory to a target that takes no copy, as a socket or an upload
    … copied            the same between file objects: what is read and what is written is copied once each, as by a file system
    read                Reader, from the first byte to the last, 1 MiB at a time

All in seconds of processor time, as the command counts them. Rounds are interleaved.
Environment: GARANT_BENCH_ROUNDS (5), GARANT_BENCH_SECONDS (1), GARANT_BENCH_MB (256).
"""

import os
import re
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[2] / "src")]

from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: E402 - the path above

from garant.sdk import stream  # noqa: E402

ROUNDS = int(os.environ.get("GARANT_BENCH_ROUNDS", "5"))
SECONDS = int(os.environ.get("GARANT_BENCH_SECONDS", "1"))
MEGABYTES = int(os.environ.get("GARANT_BENCH_MB", "256"))
KEY = os.urandom(32)
GOAL = 0.9


class Memory:
    """A file in memory that is read and written without more copies than a file needs."""

    def __init__(self, content: memoryview) -> None:
        self.content, self.at = content, 0

    def readinto(self, view: memoryview) -> int:
        part = self.content[self.at : self.at + len(view)]
        view[: len(part)] = part
        self.at += len(part)
        return len(part)

    def read(self, size: int = -1, /) -> bytes:
        raise NotImplementedError

    def write(self, data: memoryview | bytes, /) -> int:
        self.content[self.at : self.at + len(data)] = data
        self.at += len(data)
        return len(data)

    def seek(self, offset: int, whence: int = 0, /) -> int:
        self.at = offset + {0: 0, 1: self.at, 2: len(self.content)}[whence]
        return self.at

    def tell(self) -> int:
        return self.at


class Nowhere:
    def write(self, data: memoryview | bytes, /) -> int:
        return len(data)


def openssl() -> float:
    """Bytes a second of the command; 0 where there is none."""
    if shutil.which("openssl") is None:
        return 0
    command = ["openssl", "speed", "-evp", "aes-256-gcm", "-bytes", str(stream.CHUNK), "-seconds", str(SECONDS)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.findall(r"([\d.]+)k\s*$", said, re.MULTILINE)
    return float(found[-1]) * 1000


def rate(size: int, act: Callable[[], object]) -> float:
    """Bytes a second of processor time."""
    start = time.process_time()
    act()
    return size / (time.process_time() - start)


def main() -> None:
    size = MEGABYTES * 1_000_000
    plain = memoryview(bytearray(os.urandom(1_000_000) * MEGABYTES))
    chunks = size // stream.CHUNK
    sealed = memoryview(bytearray(stream.PREFIX + size + stream.TAG_BYTES * (chunks + 1)))
    opened = memoryview(bytearray(size))
    bare, out, nonce = AESGCM(KEY), memoryview(bytearray(stream.WIRE)), bytes(12)

    def library() -> None:
        for number in range(chunks):
            bare.encrypt_into(nonce, plain[number * stream.CHUNK : (number + 1) * stream.CHUNK], None, out)

    def read() -> None:
        reader, part = stream.Reader(Memory(sealed), KEY), memoryview(bytearray(1 << 20))
        while reader.readinto(part):
            pass

    acts: dict[str, Callable[[], object]] = {
        "library": library,
        "encrypt copied": lambda: stream.encrypt(Memory(plain), Memory(sealed), KEY),
        "decrypt copied": lambda: stream.decrypt(Memory(sealed), Memory(opened), KEY),
        "encrypt": lambda: stream.encrypt(plain, Nowhere(), KEY),
        "decrypt": lambda: stream.decrypt(sealed, Nowhere(), KEY),
        "read": read,
    }
    rates: dict[str, list[float]] = {"openssl": [], **{name: [] for name in acts}}
    for _ in range(ROUNDS):
        rates["openssl"].append(openssl())
        for name, act in acts.items():
            rates[name].append(rate(size, act))
    assert opened == plain
    version = subprocess.run(["openssl", "version"], capture_output=True, text=True, check=False).stdout.strip()
    print(f"{ROUNDS} rounds, {MEGABYTES} MB, load {os.getloadavg()[0]:.1f}, {version}\n")
    print("| what | GB/s, median | best | ratio of medians | ratio of bests |\n|---|---:|---:|---:|---:|")
    base, top = statistics.median(rates["openssl"]), max(rates["openssl"])
    for name, found in rates.items():
        middle, best = statistics.median(found), max(found)
        ratios = (f"{middle / base:.2f}", f"{best / top:.2f}") if base else ("not measured", "not measured")
        print(f"| {name} | {middle / 1e9:.2f} | {best / 1e9:.2f} | {' | '.join(ratios)} |")
    print(f"\nGoal: {GOAL} of openssl.")


if __name__ == "__main__":
    main()
