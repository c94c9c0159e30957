"""What an attack is: a function in tests/attacks/classes/*.py that tries something and says what it saw.

    @attack(cls="tokens", name="an expired token", expected="E-TOKEN-EXPIRED")
    def expired(world):
        token = world.token("acme/prod", ttl="1s")
        ...
        return refused(world.bootstrap(token).enroll(...), "E-TOKEN-EXPIRED")

What it returns is shown under "seen"; it raises Succeeded when it got through, and Skipped where it cannot be tried. Everything else that it raises is
an error of the attack, which fails the run as well: an attack that does not attack proves nothing.
"""
import dataclasses
import typing

DEFAULT_SECONDS = 90


class Succeeded(Exception):
    """The attack got through; says how."""


class Skipped(Exception):
    """It cannot be tried here; says why."""


@dataclasses.dataclass
class Attack:
    cls: str
    name: str
    expected: str
    run: typing.Callable
    quick: bool    # Part of the quick selection.
    alone: bool    # In a world of its own.
    flags: tuple   # Of serve; an attack with flags is alone.
    seconds: int   # Longer is an error.


ALL = []


def attack(cls, name, expected, quick=False, alone=False, flags=(), seconds=DEFAULT_SECONDS):
    """Registers a function of a World."""

    def register(function):
        if any(other.cls == cls and other.name == name for other in ALL):
            raise ValueError(f"two attacks are called {cls}: {name}")
        ALL.append(Attack(cls, name, expected, function, quick, alone or bool(flags), tuple(flags), seconds))
        return function

    return register


def held(condition, seen):
    """Returns `seen` when the protection held; else the attack has succeeded."""
    if not condition:
        raise Succeeded(str(seen))
    return str(seen)


def refused(answer, *codes):
    """An answer (grpc.Answer) that must be a refusal; with `codes`, of one of these E-codes or gRPC's names. What is no answer was let in."""
    if not hasattr(answer, "code"):
        raise Succeeded("let in")
    good = answer.code != "OK" and (not codes or answer.failure in codes or answer.code in codes)
    return held(good, answer)


def all_held(seen):
    """One line for several things that were seen, without those that are the same."""
    return ", ".join(dict.fromkeys(str(one) for one in seen))
