"""The CiraSync sentences on a running deployment: what is measured in part is never kept, and each turns when reality is sabotaged."""

from dataclasses import replace
from pathlib import Path

import pytest

from garant.data.engines.volumes import Volumes, plant
from garant.data.policy import volume
from garant.data.promises.sealing import VOLUME
from garant.drivers.volumes import look
from garant.kernel.deployment import Deployment
from garant.kernel.promise import Keeper, Promise
from garant.kernel.verdicts import State
from support import engines, places, sealing
from support.doors import application_schema, broken, but_for, in_place_of, kept, schema
from support.evidence import NOON
from support.names import NameServer
from support.once import Runs
from support.registers import MONTREAL, VIRGINIE, Book, Kept
from support.stores import measured, seen, stores_at
from support.stub import Said
from support.world import BASE, World, wait_until

pytestmark = pytest.mark.timeout(600)

FROZEN = """
create function sabotage_settings() returns trigger language plpgsql as $$ begin return null; end $$;
create trigger sabotage_settings before insert or update on access_accesspolicy for each row execute function sabotage_settings();
"""


def test_cir_07_settings_of_their_own_are_measured_in_part_and_never_called_kept(world: World) -> None:
    assert world.keep("CIR-07") == {"CIR-07": "unproven"}
    with schema(world, FROZEN, "drop function sabotage_settings() cascade"):
        assert world.keep("CIR-07") == {"CIR-07": "broken"}
    wait_until(lambda: world.keep("CIR-07") == {"CIR-07": "unproven"}, "the measured part of CIR-07 to be mended", 90, 1.0)


def test_cir_25_data_at_rest_lie_on_an_encrypted_volume(world: World, tmp_path: Path) -> None:
    """On this machine the claim reads what the kernel shows of its disks. Kept, broken and kept again are seen on a planted machine,
    the kernel's files in a directory: a stand-in, since device-mapper is not available in every machine that runs the tests."""
    here = [look(world.data / name).state for name in ("pg", "keys", "secrets", "logs")]
    honest = "broken" if "clear" in here else "unproven" if set(here) != {"encrypted"} else "kept"
    assert world.keep("CIR-25") == {"CIR-25": honest}
    assert planted_verdict(tmp_path / "sealed", "CRYPT-LUKS2-a-b") is State.KEPT
    assert planted_verdict(tmp_path / "opened", "LVM-a-b") is State.BROKEN
    assert planted_verdict(tmp_path / "again", "CRYPT-LUKS2-a-b") is State.KEPT


def planted_verdict(root: Path, uuid: str) -> State:
    """The verdict of one run on a planted machine whose only volume has this identifier of the device mapper."""
    root.mkdir()
    devices = {"8:0": ("sda", {}), "253:0": ("dm-0", {"dm/uuid": uuid, "slaves": "sda"})}
    plant(root, mounts={"/": "253:0 ext4 /dev/dm-0"}, devices=devices)
    place = Deployment(base=BASE, https=8443, http=8080, data=Path("/srv/garant"))
    return Runs(NOON).kept(Promise("data.volume"), Keeper(VOLUME, Volumes(place, root=root), volume.judge)).verdict.state


@pytest.mark.parametrize(
    ("breaks", "mends", "words"),
    [
        ("alter table surveys_answer disable row level security", "alter table surveys_answer enable row level security", "security_off"),
        (
            "alter table surveys_person disable trigger garant_capture",
            "alter table surveys_person enable trigger garant_capture",
            "capture",
        ),
        ("grant truncate on surveys_answer to sondage", "revoke truncate on surveys_answer from sondage", "granted"),
        ("create policy all_of_it on surveys_survey using (true)", "drop policy all_of_it on surveys_survey", "foreign_policy"),
    ],
)
def test_cir_05_what_the_map_commands_is_in_force_and_its_loss_is_found(world: World, breaks: str, mends: str, words: str) -> None:
    assert measured(world, "data.enforced") == "kept"
    with application_schema(world, breaks, mends):
        assert measured(world, "data.enforced") == "broken", words
        assert world.verdict("CIR-05") == "broken"
    assert measured(world, "data.enforced") == "kept"


def test_cir_05_a_role_that_passes_the_walls_is_found(world: World) -> None:
    assert measured(world, "data.enforced") == "kept"
    with world.sql("superuser") as server:
        server.execute("alter role sondage bypassrls")
        try:
            assert measured(world, "data.enforced") == "broken"
        finally:
            server.execute("alter role sondage nobypassrls")
    assert measured(world, "data.enforced") == "kept"


def test_cir_19_main_data_are_in_the_engine_that_is_named_and_every_column_is_in_the_map(world: World, tmp_path: Path) -> None:
    """The demonstration keeps its data in PostgreSQL, so the sentence is broken there. SQL Server cannot run here: a stand-in that answers
    PRELOGIN shows the engine kept, then a real MariaDB at the same address breaks it. The columns are those of the real database."""
    assert world.keep("CIR-19") == {"CIR-19": "broken"}
    assert "PostgreSQL" in world.reason("CIR-19")
    assert measured(world, "data.mapped") == "kept"
    planted = "create table rendez_vous (id int, courriel text); grant select on rendez_vous to sondage"
    with application_schema(world, planted, "drop table rendez_vous"):
        assert measured(world, "data.mapped") == "broken"
    assert measured(world, "data.mapped") == "kept"
    with application_schema(world, "alter table surveys_person add courriel text", "alter table surveys_person drop courriel"):
        assert measured(world, "data.mapped") == "broken"
    assert measured(world, "data.mapped") == "kept"

    promise = Promise("data.engine", {"kinds": ["database"], "engine": "sqlserver"})
    with engines.serving(engines.sqlserver) as port:
        runs, keeper = stores_at(tmp_path, [("main", "database", f"127.0.0.1:{port}")])
        assert seen(runs, promise, keeper).state is State.KEPT
    with engines.mariadb(tmp_path / "m", port):
        found = seen(runs, promise, keeper)
        assert (found.state, "on MariaDB, not on SQL Server" in found.reason.en) == (State.BROKEN, True)
    assert seen(runs, promise, keeper).state is not State.KEPT, "nobody answers: nothing was measured"
    with engines.serving(engines.sqlserver, port=port):
        assert seen(runs, promise, keeper).state is State.KEPT


def test_cir_20_logs_and_caches_are_in_the_engine_that_is_named(world: World, tmp_path: Path) -> None:
    """The demonstration keeps its logs in files. MongoDB cannot run here: stand-ins that answer `hello` show the sentence kept; a Redis
    (a stand-in too) in place of one of them breaks it."""
    assert world.keep("CIR-20") == {"CIR-20": "broken"}
    assert "in files" in world.reason("CIR-20")
    promise = Promise("data.engine", {"kinds": ["logs", "cache"], "engine": "mongodb"})
    with engines.serving(engines.mongodb) as logs:
        with engines.serving(engines.mongodb) as cache:
            runs, keeper = stores_at(tmp_path, [("journal", "logs", f"127.0.0.1:{logs}"), ("hot", "cache", f"127.0.0.1:{cache}")])
            assert seen(runs, promise, keeper).state is State.KEPT
        with engines.serving(engines.redis, port=cache):
            found = seen(runs, promise, keeper)
            assert (found.state, found.reason.en) == (State.BROKEN, "“hot” is on Redis, not on MongoDB.")
        with engines.serving(engines.mongodb, port=cache):
            assert seen(runs, promise, keeper).state is State.KEPT


def test_cir_34_nothing_can_be_exported(world: World) -> None:
    kept(world, "CIR-34")
    with in_place_of(world, "app.sock", but_for(world, {"/export/": Said(200, b"nom,courriel\n" * 50)})):
        broken(world, "CIR-34")
        assert "/export/" in world.reason("CIR-34")
    kept(world, "CIR-34")
    with world.sql("superuser") as server:
        server.execute("grant pg_read_all_data to sondage")
    try:
        broken(world, "CIR-34")
        assert "pg_read_all_data" in world.reason("CIR-34")
    finally:
        with world.sql("superuser") as server:
            server.execute("revoke pg_read_all_data from sondage")
    kept(world, "CIR-34")


def test_cir_34_a_big_reading_turns_it_for_a_day(world: World) -> None:
    """Somebody takes 220 MB in a few seconds through the edge; the next day is reached by taking the lines of the journal away."""
    kept(world, "CIR-34")
    omer = world.sign_in("saint-elan", "omer")
    omer.probe.limit = 21_000_000
    with in_place_of(world, "app.sock", but_for(world, {"/gros/": Said(200, b"x" * 20_000_000)})):
        for _ in range(11):
            assert omer.get("/gros/").status == 200
    try:
        broken(world, "CIR-34")
        assert world.reason("CIR-34") == "In one hour, 1 person read more than 200 MB."
    finally:
        with world.sql("superuser") as server:
            server.execute("delete from edge_journalline where path = '/gros/'")
    kept(world, "CIR-34")


def test_cir_02_subscriber_data_live_in_microsofts_cloud(world: World) -> None:
    """The part that is measured: the stores are where the register says, on its networks. That they are Microsoft's is its word."""
    azure = replace(MONTREAL, provider="Microsoft Azure")
    files = Kept("files", "files", "montreal", "https://files.example.org", holds=("user",))
    with NameServer({"files.example.org": ["127.0.0.8"]}) as server:
        book = Book([azure, VIRGINIE], [Kept("database", "database", "montreal"), files], head=f'[dns]\nservers = ["{server.place}"]\n')
        with world.places(book):
            places.attested(world, "CIR-02")
            server.names["files.example.org"] = ["127.77.0.8"]
            places.broken(world, "CIR-02", "Files leads to 127.77.0.8, outside the announced networks (127.0.0.0/16)")
            server.names["files.example.org"] = ["127.0.0.8"]
            places.attested(world, "CIR-02")
        with world.places(book.place("montreal", provider="Hébergement Rivard")):
            places.broken(world, "CIR-02", "the sentence says Microsoft Azure")
        with world.places(book):
            places.attested(world, "CIR-02")


def test_cir_05_deployments_that_share_the_platform_pass_nothing_to_each_other(world: World) -> None:
    """A table without row security; then an application whose cache forgets whose page it keeps."""
    kept(world, "CIR-05")
    off, on = "alter table surveys_survey disable row level security", "alter table surveys_survey enable row level security"
    with application_schema(world, off, on):
        broken(world, "CIR-05")
        assert "the application’s database: " in world.reason("CIR-05")
    kept(world, "CIR-05")
    with in_place_of(world, "app.sock", sealing.careless(world)):
        broken(world, "CIR-05")
        assert "the public door: headers /sondages/{survey}/" in world.reason("CIR-05")
    kept(world, "CIR-05")
