"""Attacks that must succeed: against programs that do without the protection which stops them (docs/decisions/protections-off.md). One that does not would
report that the product held, whatever became of it."""
import os
import pathlib
import sys

from . import attack as attacks
from . import world

LEVER = "MUSTER_TEST_WITHOUT"
# Protection, class, the attack's name.
SHOWN = (("redaction", "service", "it repeats the secret: plain, in JSON, URL, HTML, base64"),
         ("tenants-wall", "admin", "another tenant's server, by id and by name"),
         ("service-trust", "service", "serviceconfig.json names a host that is not this machine's loopback"))


def run(binaries, options, run_one):
    """0 when each attack succeeds without its protection and is held off with it; run_one is runner.one."""
    for program in ("muster-orchestrator", "muster-worker"):
        if LEVER.encode() not in pathlib.Path(binaries, program).read_bytes():
            print(f"error: nothing can be taken from {binaries}/{program}: build it with the preset dev, clang, asan or tsan", file=sys.stderr)
            return 2
    wrong = 0
    print(f"{'protection':<14}  {'class':<8}  {'attack':<70}  with it     without it")
    for protection, cls, name in SHOWN:
        each = next(one for one in attacks.ALL if one.cls == cls and one.name == name)
        verdicts = []
        for without in ("", protection):
            os.environ[LEVER] = without
            made = options[cls]
            place = world.World(binaries, made() if callable(made) else made, f"{cls}-without")
            verdict, seen = run_one(each, place)
            place.close()
            verdicts.append((verdict, seen))
        good = verdicts[0][0] == "held" and verdicts[1][0] == "SUCCEEDED"
        wrong += not good
        print(f"{protection:<14}  {cls:<8}  {name:<70}  {verdicts[0][0]:<10}  {verdicts[1][0]}{'' if good else '  NOT AS IT MUST BE'}: {verdicts[1][1][:160]}", flush=True)
    del os.environ[LEVER]
    print(f"{len(SHOWN)} protections: {len(SHOWN) - wrong} are missed when they are gone, {wrong} are not")
    return 1 if wrong else 0
