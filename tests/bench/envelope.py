"""What the envelope of a field costs, beside the bare AES-GCM call that it cannot do without. `garant bench envelope`

A field of 100 bytes, associated data of some 120. Rounds are interleaved and the best of each is taken: noise only ever adds.

    raw                 AESGCM.encrypt with a nonce that is there already: never done, a lower bound
    raw, fresh nonce    AESGCM.encrypt(os.urandom(12), …): the same call as it must be made, hence the base of the ratios of sealing
    column seal/unseal  Column.seal, Column.unseal: the envelope, its key and column prepared
    place seal/unseal   seal, unseal: the same by a Place
    committing          seal_committing, unseal_committing: HMAC-SHA512, a new AES key for each value
    blind index         BlindIndex of an address
    unwrap              a data key out of its wrapping, as without a cache

The ratio of unsealing is to the raw decryption. Environment: GARANT_BENCH_ROUNDS (15), GARANT_BENCH_CALLS (20000 a round).
"""

import os
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[2] / "src")]

from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: E402 - the path above

from garant.sdk import blind, envelope  # noqa: E402
from garant.vault.policy.wrapping import unwrap, wrap  # noqa: E402

ROUNDS = int(os.environ.get("GARANT_BENCH_ROUNDS", "15"))
CALLS = int(os.environ.get("GARANT_BENCH_CALLS", "20000"))
RAW, KEY_ID, TENANT = os.urandom(32), uuid.uuid4(), uuid.uuid4()
KEY = AESGCM(RAW)
PLACE = envelope.Place("ca-central", TENANT, "person", "email", str(uuid.uuid4()))
TEXT = os.urandom(100)
GOAL = 0.70


def variants() -> dict[str, tuple[str, Callable[[], object]]]:
    """Name, the base of its ratio, and the call."""
    data, nonce = envelope.associated_data(PLACE, KEY_ID), os.urandom(12)
    sealed = KEY.encrypt(nonce, TEXT, data)
    column = envelope.Column(KEY, KEY_ID, region=PLACE.region, tenant=TENANT, table=PLACE.table, column=PLACE.column)
    one, two = column.seal(PLACE.row, TEXT), envelope.seal_committing(RAW, KEY_ID, os.urandom(24), PLACE, TEXT)
    index = blind.BlindIndex(RAW, TENANT, "person.email")
    wrapped = wrap(RAW, os.urandom(12), "garant/dek/x", RAW)
    fresh, opening = "raw, fresh nonce", "raw decrypt"
    return {
        "raw": (fresh, lambda: KEY.encrypt(nonce, TEXT, data)),
        fresh: (fresh, lambda: KEY.encrypt(os.urandom(12), TEXT, data)),
        "column seal": (fresh, lambda: column.seal(PLACE.row, TEXT)),
        "place seal": (fresh, lambda: envelope.seal(KEY, KEY_ID, os.urandom(12), PLACE, TEXT)),
        "committing seal": (fresh, lambda: envelope.seal_committing(RAW, KEY_ID, os.urandom(24), PLACE, TEXT)),
        opening: (opening, lambda: KEY.decrypt(nonce, sealed, data)),
        "column unseal": (opening, lambda: column.unseal(PLACE.row, one)),
        "place unseal": (opening, lambda: envelope.unseal(KEY, PLACE, one)),
        "committing unseal": (opening, lambda: envelope.unseal_committing(RAW, PLACE, two)),
        "blind index": (fresh, lambda: index("elodie.tremblay@example.org")),
        "unwrap": (opening, lambda: unwrap(RAW, "garant/dek/x", wrapped)),
    }


def timed(call: Callable[[], object]) -> float:
    """Seconds a call."""
    start = time.perf_counter()
    for _ in range(CALLS):
        call()
    return (time.perf_counter() - start) / CALLS


def main() -> None:
    every = variants()
    best = dict.fromkeys(every, float("inf"))
    for _ in range(ROUNDS):
        for name, (_, call) in every.items():
            best[name] = min(best[name], timed(call))
    print(f"{ROUNDS} rounds of {CALLS} calls, load {os.getloadavg()[0]:.1f}\n")
    print("| call | ns | M/s a core | ratio | to |\n|---|---:|---:|---:|---|")
    for name, (base, _) in every.items():
        print(f"| {name} | {best[name] * 1e9:,.0f} | {1e-6 / best[name]:.2f} | {best[base] / best[name]:.2f} | {base} |")
    print(f"\nGoal: {GOAL} of the raw call, and 0.5 M/s a core.")
    print(f"column seal to raw with a nonce already there: {best['raw'] / best['column seal']:.2f}")


if __name__ == "__main__":
    main()
