"""Bootstrap tokens: guessed, spent, ended, of others."""
from frame.attack import attack, refused


@attack("tokens", "a token that nobody made", "E-TOKEN-UNKNOWN", quick=True)
def guessed(world):
    return refused(world.enroll("A" * 43, world.server()), "E-TOKEN-UNKNOWN")


@attack("tokens", "an honest machine comes in (the attacks would prove nothing otherwise)", "admitted", quick=True)
def honest(world):
    return f"{world.member().server_id} admitted"
