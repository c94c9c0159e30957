"""What an attack is: a function in tests/attacks/classes/*.py that tries something and says what it saw.

    @attack(cls="tokens", name="an expired token", expected="E-TOKEN-EXPIRED")
    def expired(world):
        token = world.token("acme/prod", ttl="1s")
        ...
        return refused(world.bootstrap(token).enroll(...), "E-TOKEN-EXPIRED")

What it returns is shown under "seen"; it raises Succeeded when it got through, and Skipped where it cannot be tried. Everything else that it raises is
an error of the attack, which fails the run as well: an attack that does not attack proves nothing. So each says what it must see, not what it may: the code
of a refusal, a control beside it that is let in (tried), and how much was sent before it was cut off (tried).
"""
import dataclasses
import typing

DEFAULT_SECONDS = 90


class Succeeded(Exception):
    """The attack got through; says how."""


class Skipped(Exception):
    """It cannot be tried here; says why."""


class DidNotAttack(Exception):
    """Less was tried than the attack says: what was held off proves nothing."""


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


def tried(condition, seen):
    """Of the attack itself: that it sent so much, that its control was let in. Else it is an error, whatever was seen."""
    if not condition:
        raise DidNotAttack(str(seen))
    return str(seen)


# No word of the other side: a connection that ended, a time that was over. Only a refusal where an attack says so.
WORDLESS = ("CONNECTION", "NOTHING")


def refused(answer, *codes):
    """An answer (grpc.Answer) that must be a refusal in words; with `codes`, of one of these E-codes or gRPC's names. What is no answer was let in."""
    if not hasattr(answer, "code"):
        raise Succeeded("let in")
    if not codes and answer.code in WORDLESS:
        raise DidNotAttack(f"nobody answered: {answer}")
    good = answer.code != "OK" and (not codes or answer.failure in codes or answer.code in codes)
    return held(good, answer)


def all_held(seen):
    """One line for several things that were seen, without those that are the same."""
    return ", ".join(dict.fromkeys(str(one) for one in seen))
