"""What one system has and another lacks must not be needed to import anything: Windows has none of these."""

import subprocess
import sys

CODE = """
import importlib, os, pkgutil, sys

import matplotlib, msgpack, numba, numpy, rich, scipy.stats, sklearn, torch, typer  # these know every platform
import multiprocessing, subprocess, tempfile, uuid, zipfile, importlib.metadata, http.client, urllib.request

ABSENT = {"fcntl", "resource", "termios", "pwd", "grp"}
for name in ABSENT:
    sys.modules[name] = None  # importing it is an ImportError from now on
for name in ("pwrite", "preadv", "pwritev", "pread", "fork", "sched_getaffinity", "O_CLOEXEC", "O_NONBLOCK"):
    if hasattr(os, name):
        delattr(os, name)

import eznas

count = 0
for module in pkgutil.walk_packages(eznas.__path__, "eznas."):
    if module.name != "eznas.__main__":
        importlib.import_module(module.name)
        count += 1
print(count)
"""


def test_every_module_is_imported_without_what_windows_lacks():
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 200
