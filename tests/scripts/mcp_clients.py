#!/usr/bin/env python3
"""The official MCP clients against the server. Exit code 77 when they or node are not there.

usage: PHANTOM_BIN=... mcp_clients.py DIRECTORY      (with node_modules in it; tools/install fetches it)
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from approvals import PASSPHRASE, SECRET, Stage  # noqa: E402
from mcp import READ_TOOLS  # noqa: E402


def main():
    packages = Path(sys.argv[1])
    if not (packages / "node_modules/@modelcontextprotocol/client").exists() or not shutil.which("node"):
        print("the clients are not there; tools/install fetches them")
        return 77
    stage = Stage(os.path.realpath(os.environ["PHANTOM_BIN"]), "")
    try:
        script = stage.root / "clients.mjs"
        shutil.copy(Path(__file__).resolve().parent / "mcp_clients/clients.mjs", script)
        (stage.root / "node_modules").symlink_to((packages / "node_modules").resolve())
        done = subprocess.run(
            ["node", str(script), str(stage.root / "bin/phantom"), str(stage.project), json.dumps(READ_TOOLS)],
            env=dict(stage.env, PATH=os.environ["PATH"], PHANTOM_VAULT_PASSPHRASE=PASSPHRASE),
            text=True, capture_output=True, timeout=120)
        sys.stdout.write(done.stdout)
        assert done.returncode == 0, done.stderr
        assert SECRET not in done.stdout + done.stderr
    finally:
        stage.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
