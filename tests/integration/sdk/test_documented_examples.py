"""What docs/integration.md tells a developer to write does what it says, where Node is present."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from support.assertions import Signer, current

PAGE = Path(__file__).resolve().parents[3] / "docs" / "integration.md"
NODE = shutil.which("node") or shutil.which("nodejs")
HOST = "Saint-Elan.garant.localhost:8443"


@pytest.mark.skipif(NODE is None, reason="Node is not on this machine: its example is not run")
def test_the_node_example_accepts_and_refuses_what_the_sdk_does(tmp_path):
    signer, stranger = Signer(), Signer()
    keys = signer.write(tmp_path / "public.json")
    good = current(signer)
    cases = {
        "good": good,
        "another tenant": current(signer, tenant="trois-rapides"),
        "another application": current(signer, aud="saint-elan/other"),
        "another key": current(stranger),
        "algorithm": current(signer, header={"alg": "HS256"}),
        "crit": current(signer, header={"crit": ["x"]}),
        "expired": signer.token(),
        "long life": current(signer, exp=4102444800),
        "padded": good + "=",
        "cut": good[:-3],
        "empty": "",
    }
    example = re.search(r"```js\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)[1]
    program = f"{example}\nconst cases = {json.dumps(cases)};\nconst told = {{}};\n" + (
        f'for (const name in cases) told[name] = identify(cases[name], "{HOST}", "sondage") !== null;\nconsole.log(JSON.stringify(told));\n'
    )
    done = subprocess.run([NODE, "-e", program], env={"GARANT_KEYS": str(keys)}, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {name: name == "good" for name in cases}
