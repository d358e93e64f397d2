"""Where the figures were measured, and who else was busy there."""
import os
import pathlib
import time


def cpu_model():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return os.uname().machine


def is_virtual():
    return " hypervisor" in pathlib.Path("/proc/cpuinfo").read_text()


def file_system(path):
    """Its type, e.g. ext4: of the longest mount point above the path."""
    path, best = os.path.realpath(path), ("", "?")
    for line in pathlib.Path("/proc/self/mounts").read_text().splitlines():
        _, point, kind = line.split()[:3]
        if (path + "/").startswith(point.rstrip("/") + "/") and len(point) >= len(best[0]):
            best = (point, kind)
    return best[1]


def describe(folder):
    return {"cpu": cpu_model(), "cores": os.cpu_count(), "virtual": is_virtual(),
            "kernel": f"{os.uname().sysname} {os.uname().release}", "file_system": file_system(folder),
            "time": time.strftime("%Y-%m-%d %H:%M:%S %z")}


class Others:
    """How much of a core the rest of the machine used since this was made, and how much the hypervisor withheld."""

    def __init__(self):
        self.began, self.then = time.monotonic(), self.read()

    @staticmethod
    def read():
        user, nice, system, _, _, irq, softirq, steal = (
            int(word) / os.sysconf("SC_CLK_TCK")
            for word in pathlib.Path("/proc/stat").read_text().splitlines()[0].split()[1:9])
        ours = os.times()
        return user + nice + system + irq + softirq - sum(ours[:4]), steal

    def shares(self):
        """(of a core used by others, of a core withheld)"""
        passed, now = time.monotonic() - self.began, self.read()
        return tuple(max(0.0, (b - a) / passed) for a, b in zip(self.then, now))
