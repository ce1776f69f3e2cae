"""Ways in which the model of a cellular module can go wrong on request."""

MISBEHAVIOURS = {
    "silent": "neither hears nor answers until told to be well",
    "garbage": "noise comes before an answer",
    "chatty": "the news of a short message comes before an answer",
    "slow": "an answer comes `ms` (3000) later",
    "reset": "it starts anew by itself, now; a call that was up ends without a word",
}
ARGUMENTS = {"slow": ("ms", 3000)}
