"""Finds the attacks, runs them, prints what was seen."""
import argparse
import importlib.util
import multiprocessing
import os
import pathlib
import shutil
import signal
import sys
import textwrap
import time
import traceback

from . import attack as attacks
from . import measure, programs, sensitivity, world

USAGE = """Attacks the running programs with clients in Python, and prints class, attack, expected and seen. 0 when every attack was held off, 1 when one
succeeded or could not be made, 2 for a usage error. Each orchestrator is on a data directory of its own, on ports of the system's choice."""
MOST_IN_A_WORLD = 8
COLUMNS = (("class", 17), ("attack", 62), ("expected", 44), ("seen", 60))


class OutOfTime(Exception):
    pass


def load():
    """The options of each file's worlds, by class."""
    options = {}
    for file in sorted(pathlib.Path(__file__).resolve().parents[1].glob("classes/*.py")):
        before = len(attacks.ALL)
        spec = importlib.util.spec_from_file_location(f"classes_{file.stem}", file)
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
        for each in attacks.ALL[before:]:
            options.setdefault(each.cls, getattr(module, "WORLD", world.Options()))
    return options


def one(each, place):
    """Runs an attack: (verdict, what was seen)."""

    def over(*unused):
        raise OutOfTime

    signal.signal(signal.SIGALRM, over)
    seconds = int(each.seconds * measure.slowness())
    signal.alarm(seconds)
    try:
        seen = each.run(place)
        verdict = "held"
        if not isinstance(seen, str) or not seen:
            verdict, seen = "ERROR", f"the attack did not say what it saw: {seen!r}"
    except attacks.Succeeded as got:
        verdict, seen = "SUCCEEDED", str(got)
    except attacks.Skipped as why:
        verdict, seen = "skipped", str(why)
    except attacks.DidNotAttack as why:
        verdict, seen = "ERROR", f"it did not attack: {why}"
    except OutOfTime:
        verdict, seen = "ERROR", f"took more than {seconds} s"
    except Exception as error:
        at = traceback.extract_tb(error.__traceback__)[-1]
        verdict, seen = "ERROR", f"{type(error).__name__}: {error} ({pathlib.Path(at.filename).name}:{at.lineno})"
    finally:
        signal.alarm(0)
    # Whatever was tried, the orchestrator must go on.
    harm = place.harm()
    if harm and verdict in ("held", "skipped"):
        verdict, seen = "SUCCEEDED", harm
    elif harm:
        seen += "; " + harm
    return verdict, seen


def work(task, results, binaries, options, keep):
    """One process: the attacks of one world, in order."""
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):  # Whoever runs this in the background has the programs ignore them.
        signal.signal(number, signal.SIG_DFL)
    place = None
    for index, each in task:
        begin = time.monotonic()
        try:
            if place is None:
                place = world.World(binaries, each_options(options, each), each.cls)
                place.orchestrator
            verdict, seen = one(each, place)
        except Exception as error:
            verdict, seen = "ERROR", f"no world: {error}"
        results.put((index, verdict, " ".join(seen.split()), time.monotonic() - begin))
        if place and place.harm():
            place.close(keep)
            place = None
    wrong = place.close(keep) if place else ""
    if wrong:
        results.put((task[-1][0], "SUCCEEDED", f"{wrong}; look into {place.folder}", 0))
    results.put(None)


def each_options(options, each):
    made = options[each.cls]
    made = made() if callable(made) else made
    return world.Options(made.hubs, tuple(made.flags) + each.flags, made.before)


def row(cells):
    """One row, with as many lines as its longest cell needs."""
    wrapped = [textwrap.wrap(cell, width) or [""] for cell, (_, width) in zip(cells, COLUMNS)]
    lines = []
    for number in range(max(map(len, wrapped))):
        parts = [(cell[number] if number < len(cell) else "").ljust(width) for cell, (_, width) in zip(wrapped, COLUMNS)]
        lines.append("  ".join(parts).rstrip())
    lines[0] = lines[0].ljust(sum(width for _, width in COLUMNS) + 6)
    return lines


def show(shown):
    """The rows of these: (attack, (verdict, what was seen, seconds))."""
    for each, (verdict, what, seconds) in shown:
        lines = row((each.cls, each.name, each.expected, what))
        print(f"{lines[0]}  {verdict} ({seconds:.1f} s)", *lines[1:], sep="\n", flush=True)


def parse():
    parser = argparse.ArgumentParser(prog="tests/attacks/run", description=USAGE)
    parser.add_argument("--class", dest="classes", action="append", metavar="CLASS", help="only this class; may be given several times")
    parser.add_argument("--attack", metavar="PART", help="only attacks whose name has this in it")
    parser.add_argument("--list", action="store_true", help="show the attacks and run none")
    parser.add_argument("--quick", action="store_true", help="a selection that takes a minute or two")
    parser.add_argument("--sensitivity", action="store_true", help="run three attacks against programs without the protection that stops them: they must succeed")
    parser.add_argument("--binaries", metavar="FOLDER", type=lambda text: str(pathlib.Path(text).resolve()), default=programs.default_binaries(), help="where the programs are (default: %(default)s)")
    parser.add_argument("--jobs", type=int, default=4, help="worlds at once (default: %(default)s)")
    parser.add_argument("--keep", action="store_true", help="keep the folders of the worlds, with logs and databases")
    return parser.parse_args()


def main():
    arguments = parse()
    options = load()
    known = {each.cls for each in attacks.ALL}
    for cls in arguments.classes or ():
        if cls not in known:
            print(f"error: there is no class {cls}; there are {', '.join(sorted(known))}", file=sys.stderr)
            return 2
    chosen = [(index, each) for index, each in enumerate(attacks.ALL)
              if (not arguments.classes or each.cls in arguments.classes) and (not arguments.attack or arguments.attack in each.name)
              and (not arguments.quick or each.quick)]
    if not chosen:
        print("error: no attack fits; --list shows all", file=sys.stderr)
        return 2
    if arguments.list:
        for _, each in chosen:
            print(*row((each.cls, each.name, each.expected, "")), sep="\n")
        print(f"{len(chosen)} attacks in {len({each.cls for _, each in chosen})} classes")
        return 0
    if arguments.sensitivity:
        return sensitivity.run(arguments.binaries, options, one)
    for program in ("muster", "muster-orchestrator", "muster-worker", "muster-sim"):
        if not shutil.which(str(pathlib.Path(arguments.binaries, program))):
            print(f"error: {arguments.binaries}/{program} is missing; build it, or say where it is with --binaries", file=sys.stderr)
            return 2

    # What shares a world is one task: some attacks of a class, so that the others need not wait.
    os.umask(0o022)  # Whatever it is here: what the attacks make is open to others where they say so, and only there.
    tasks, shared = {}, {}
    for index, each in chosen:
        shared[each.cls] = shared.get(each.cls, -1) + (not each.alone)
        tasks.setdefault((each.cls, ("alone", index) if each.alone else ("shared", shared[each.cls] // MOST_IN_A_WORLD)), []).append((index, each))
    waiting, running, seen, begin = sorted(tasks.values(), key=len), {}, {}, time.monotonic()
    left = {cls: sum(each.cls == cls for _, each in chosen) for cls in dict.fromkeys(each.cls for _, each in chosen)}
    shown = []
    print("  ".join(name.ljust(width) for name, width in COLUMNS) + "  verdict")
    context = multiprocessing.get_context("fork")
    try:
        while waiting or running:
            while waiting and len(running) < arguments.jobs:
                task, results = waiting.pop(), context.SimpleQueue()
                process = context.Process(target=work, args=(task, results, arguments.binaries, options, arguments.keep))
                process.start()
                running[process] = (task, results)
            for process, (task, results) in list(running.items()):
                alive = process.is_alive()
                ended = False
                while not results.empty():
                    result = results.get()
                    if result is None:
                        ended = True
                        break
                    index, verdict, what, seconds = result
                    if index not in seen:
                        left[attacks.ALL[index].cls] -= 1
                    seen[index] = (verdict, what, seconds)
                if ended or not alive:
                    process.join()
                    del running[process]
                    for index, each in task:
                        if index not in seen:
                            seen[index] = ("ERROR", f"its process ended with {process.exitcode}", 0)
                            left[each.cls] -= 1
            for cls in [cls for cls in left if left[cls] == 0 and cls not in shown]:
                if not any(each.cls == cls for task, _ in running.values() for _, each in task):
                    show((each, seen[index]) for index, each in chosen if each.cls == cls)
                    shown.append(cls)
            time.sleep(0.05)
    except KeyboardInterrupt:
        for process in running:
            process.terminate()
        return 1

    wrong = [(each, seen[index]) for index, each in chosen if seen[index][0] in ("SUCCEEDED", "ERROR")]
    if wrong:  # Once more at the end, which is what is left of a long output.
        print(f"\nNot held, {len(wrong)} of {len(chosen)}:")
        show(wrong)
    count = {verdict: sum(each[0] == verdict for each in seen.values()) for verdict in ("held", "SUCCEEDED", "skipped", "ERROR")}
    print(f"{len(chosen)} attacks in {len(left)} classes in {time.monotonic() - begin:.0f} s: {count['SUCCEEDED']} succeeded, {count['held']} held, "
          f"{count['skipped']} skipped, {count['ERROR']} in error")
    return 1 if count["SUCCEEDED"] or count["ERROR"] else 0
