"""Keys: what a rotation costs. `garant bench keys`; the goals are of docs/vault.md, nothing is asserted.

    root        a new epoch of the root: every tenant's key wrapped anew, in one transaction on the disk (goal: 10,000 in 1 s)
    bare        the same unwrapping and wrapping alone: the limit of the processor

Environment: GARANT_BENCH_TENANTS (10000), GARANT_BENCH_ROUNDS (5).
"""

import os
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]

from garant.vault import policy  # noqa: E402 - the path above
from garant.vault.engines.keystore import KeyStore, add_kek  # noqa: E402

TENANTS = int(os.environ.get("GARANT_BENCH_TENANTS", "10000"))
ROUNDS = int(os.environ.get("GARANT_BENCH_ROUNDS", "5"))


def timed(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def bare() -> None:
    key, label = os.urandom(32), "garant/kek/local/1/00000000-0000-4000-8000-000000000000/1"
    wrapped = policy.wrap(key, os.urandom(12), label, os.urandom(32))
    for _ in range(TENANTS):
        raw = policy.unwrap(key, label, wrapped)
        policy.check_value(raw)
        policy.wrap(key, os.urandom(12), label, raw)


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="garant-bench-") as place:
        store = KeyStore(Path(place) / "keys")
        store.make_root()
        tenants = [uuid.uuid4() for _ in range(TENANTS)]
        with store.writing() as inside:
            root = store.root_of(inside)
            for tenant in tenants:
                add_kek(inside, root, tenant, 1, os.urandom(32))
        rotations = [timed(store.rotate_root) for _ in range(ROUNDS)]
        limits = [timed(bare) for _ in range(ROUNDS)]
        reads = timed(lambda: [store.tenant_key(tenant) for tenant in tenants[:1000]])
    rotation, limit = statistics.median(rotations), statistics.median(limits)
    print(f"root     {TENANTS:,} tenants in {rotation * 1000:.0f} ms (worst of {ROUNDS}: {max(rotations) * 1000:.0f} ms)")
    print(f"bare     {limit * 1000:.0f} ms for the cryptography alone: ratio {limit / rotation:.2f}")
    print(f"load     {reads:.3f} ms a tenant's key read, its whole chain checked")


if __name__ == "__main__":
    main()
