"""Runs a program as a careful CI container would: no environment, no home, no network, a read-only
root file system, nobody's uid. What this machine does not permit is left out, and said."""

import pathlib
import shutil
import subprocess

NOBODY = 65534

# $1 is a directory that stays writable, or empty; what follows is the program. Nothing else does.
CAGE = r"""
set -e
writable="$1"; shift
[ -z "$writable" ] || mount -t tmpfs -o mode=1777 tmpfs "$writable"
while read -r _ place _; do
  [ "$place" = "$writable" ] || mount -o remount,bind,ro "$(printf %b "$place")" 2>/dev/null || true
done < /proc/self/mounts
if (: > "$PWD/.writable") 2>/dev/null; then echo "not read-only" >&2; exit 125; fi
exec "$@"
"""


class Bare:
    def __init__(self):
        self.cage = self.uid = False
        probe = ["unshare", "--net", "--mount", "true"]
        self.cage = shutil.which("unshare") and subprocess.run(probe, capture_output=True).returncode == 0
        if shutil.which("setpriv"):
            done = subprocess.run([*self.nobody(), "true"], capture_output=True)
            self.uid = done.returncode == 0

    @staticmethod
    def nobody():
        return ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--no-new-privs",
                "--bounding-set=-all", "--inh-caps=-all"]

    def left_out(self):
        return [text for text, done in (("no network, read-only root", self.cage),
                                        ("uid 65534", self.uid)) if not done]

    def words(self, words, writable=None):
        words = ["env", "-i", *words]
        if self.uid:
            words = [*self.nobody(), *words]
        if self.cage:
            words = ["unshare", "--net", "--mount", "--propagation", "private", "sh", "-c", CAGE, "sh",
                      writable or "", *words]
        return words

    def run(self, words, cwd, writable=None, timeout=60, then=None):
        """Exit code, standard output and error. `then` is a shell command run after it, in the same
        place, to look at what was written to `writable`."""
        if then:
            quoted = " ".join(subprocess.list2cmdline([each]) for each in words)
            words = ["sh", "-c", f"{quoted}; code=$?; {then}; exit $code"]
        return subprocess.run(self.words([str(each) for each in words], writable), cwd=cwd,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=timeout)


def readable(root):
    """Everything below `root`, for everybody to read, as in a checkout."""
    for path in [root, *pathlib.Path(root).rglob("*")]:
        if path.is_symlink() or path.is_socket():
            continue
        path.chmod(0o755 if path.is_dir() else 0o644)
