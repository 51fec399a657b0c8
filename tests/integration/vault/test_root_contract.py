"""One contract for everything that protects the root. Real: files, age, SoftHSM2 over PKCS#11, and a transit server where one is
installed. Stand-ins, named in `support.transit` and `support.clouds`: OpenBao and Vault by their documented protocol, AWS by moto, Azure by
a transport under Microsoft's client."""

import shutil
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from garant.kernel.errors import ConfigurationError
from garant.sdk.envelope import SealError
from garant.vault.engines.keystore import KeyStore
from garant.vault.engines.roots import RootGone, RootProtector
from support.roots import MAKERS

KEY = bytes(range(32))
LABEL = "garant/epoch/local/1"
SAINT_ELAN = uuid.UUID("00000000-0000-4000-8000-0000000000a1")
TROIS_RAPIDES = uuid.UUID("00000000-0000-4000-8000-0000000000b2")


@pytest.fixture(params=MAKERS, ids=lambda maker: maker.__name__)
def root(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RootProtector]:
    with ExitStack() as stack:
        yield request.param(tmp_path, stack)


def refuses(root: RootProtector, epoch: int, wrapped: bytes) -> None:
    """It neither opens nor closes anything any more."""
    with pytest.raises((RootGone, ConfigurationError)):
        root.unwrap(epoch, wrapped, LABEL)
    with pytest.raises((RootGone, ConfigurationError)):
        root.wrap(epoch, KEY, LABEL)


class TestContract:
    def test_what_is_wrapped_opens_under_its_epoch_and_label(self, root: RootProtector) -> None:
        root.rotate_epoch(1)
        one, two = root.wrap(1, KEY, LABEL), root.wrap(1, KEY, LABEL)
        assert root.unwrap(1, one, LABEL) == root.unwrap(1, two, LABEL) == KEY
        assert one != two
        assert KEY not in one

    def test_making_an_epoch_twice_changes_nothing(self, root: RootProtector) -> None:
        root.rotate_epoch(1)
        wrapped = root.wrap(1, KEY, LABEL)
        root.rotate_epoch(1)
        assert root.unwrap(1, wrapped, LABEL) == KEY

    def test_an_epoch_does_not_open_what_another_closed_and_stays_after_the_next(self, root: RootProtector) -> None:
        root.rotate_epoch(1)
        wrapped = root.wrap(1, KEY, LABEL)
        root.rotate_epoch(2)
        with pytest.raises(SealError):
            root.unwrap(2, wrapped, LABEL)
        assert root.unwrap(1, wrapped, LABEL) == KEY

    def test_another_label_or_a_changed_bit_is_refused(self, root: RootProtector) -> None:
        root.rotate_epoch(1)
        wrapped = root.wrap(1, KEY, LABEL)
        with pytest.raises(SealError):
            root.unwrap(1, wrapped, LABEL + "0")
        for position in (12, len(wrapped) // 2, len(wrapped) - 3):
            damaged = bytearray(wrapped)
            damaged[position] ^= 1
            with pytest.raises(SealError):
                root.unwrap(1, bytes(damaged), LABEL)
        with pytest.raises(SealError):
            root.unwrap(1, wrapped[:20], LABEL)

    def test_a_disabled_epoch_is_refused_and_the_others_are_not(self, root: RootProtector) -> None:
        for epoch in (1, 2):
            root.rotate_epoch(epoch)
        one, two = root.wrap(1, KEY, LABEL), root.wrap(2, KEY, LABEL)
        for _ in range(2):
            root.disable(1)
            with pytest.raises(RootGone):
                root.unwrap(1, one, LABEL)
        assert root.unwrap(2, two, LABEL) == KEY
        root.destroy(1)
        refuses(root, 1, one)

    def test_a_destroyed_epoch_is_gone_and_the_others_are_not(self, root: RootProtector) -> None:
        for epoch in (1, 2):
            root.rotate_epoch(epoch)
        one, two = root.wrap(1, KEY, LABEL), root.wrap(2, KEY, LABEL)
        for _ in range(2):
            root.destroy(1)
            refuses(root, 1, one)
        assert root.unwrap(2, two, LABEL) == KEY

    def test_what_was_never_made_can_be_disabled_and_destroyed(self, root: RootProtector) -> None:
        """An interrupted destruction is done again, perhaps after its end."""
        root.disable(9)
        root.destroy(9)
        refuses(root, 9, bytes(60))

    def test_a_destruction_in_180_days_is_announced_for_that_day(self, root: RootProtector) -> None:
        root.rotate_epoch(1)
        wrapped = root.wrap(1, KEY, LABEL)
        day = datetime.now(UTC) + timedelta(days=180)
        assert root.schedule_destroy(1, day) == day
        assert root.schedule_destroy(1, day) == day
        root.destroy(1)
        refuses(root, 1, wrapped)

    def test_it_says_what_it_can_promise_in_both_languages(self, root: RootProtector) -> None:
        said = root.attest()
        assert said.adapter == root.name
        assert said.words.fr != said.words.en
        assert ("procédure" in said.words.fr) == ("procedure" in said.words.en) == (not said.cryptographic)
        assert said.longest is None or said.longest >= said.shortest

    def test_a_key_store_lives_under_it(self, root: RootProtector, tmp_path: Path) -> None:
        store = KeyStore(tmp_path / "keys", protector=root, group="no-such-group")
        assert store.make_root()
        ours, theirs = store.make_tenant_key(SAINT_ELAN), store.make_tenant_key(TROIS_RAPIDES)
        shutil.copytree(tmp_path / "keys", tmp_path / "copy")
        assert store.rotate_root() == 2
        assert (store.tenant_key(SAINT_ELAN), store.tenant_key(TROIS_RAPIDES)) == (ours, theirs)
        assert ours != theirs
        if root.name != "file":
            copy = KeyStore(tmp_path / "copy", protector=root, group="no-such-group")
            with pytest.raises((ConfigurationError, RootGone)):
                copy.tenant_key(SAINT_ELAN)
