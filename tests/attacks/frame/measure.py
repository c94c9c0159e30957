"""What an attack costs the programs: memory, processor, descriptors."""
import os
import pathlib
import resource
import threading
import time


def slowness():
    """How much longer things may take because the machine has others to do: 1 on a quiet one, up to 12. For limits of patience; what must not take a
    processor is measured in a processor's time. Looks at the last minute and at this moment: what began just now is in no mean yet."""
    minute, _, _, now = pathlib.Path("/proc/loadavg").read_text().split()[:4]
    waiting = max(float(minute), float(now.partition("/")[0]))
    return min(12.0, max(1.0, waiting / (os.cpu_count() or 1)))


class Patience:
    """A time that something may take, longer while the machine is slow: on such a one it is looked at again when it is over."""

    def __init__(self, seconds):
        self.seconds, self.begin = seconds, time.monotonic()

    @property
    def took(self):
        return time.monotonic() - self.begin

    @property
    def over(self):
        return self.took > self.seconds and self.took > self.seconds * slowness()


def cpu_of_ended_children():
    """Of the commands that this process has run to their end."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Peak:
    """The most that a measure came to while it was looked at, every 20 ms."""

    def __init__(self, measure):
        self.most = measure()
        self.measure = measure
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.look, daemon=True)

    def look(self):
        while not self.ended.wait(0.02):
            self.most = max(self.most, self.measure())

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *unused):
        self.ended.set()
        self.thread.join()


def resident_mib(pids):
    """Of all processes together; of none that has just ended."""
    sum_kib = 0
    for pid in pids:
        try:
            status = pathlib.Path(f"/proc/{pid}/status").read_text()
        except OSError:
            continue
        sum_kib += next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:")), 0)
    return sum_kib / 1024


def cpu_seconds(pids):
    """Of processes and of those of their children that have ended."""
    ticks = 0
    for pid in pids:
        try:
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        ticks += sum(map(int, fields[11:15]))
    return ticks / 100


def descriptors(pid):
    return len(list(pathlib.Path(f"/proc/{pid}/fd").iterdir()))


def threads(pid):
    return len(list(pathlib.Path(f"/proc/{pid}/task").iterdir()))
