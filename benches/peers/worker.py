"""One peer in a process of its own.

    worker.py tune    ENGINE MODELS WINDOWS SECONDS
    worker.py measure ENGINE MODELS WINDOWS VARIANT BATCH EMBEDDINGS

`tune` prints the quickest setting. `measure` prints a line when it is loaded and
warm, then one for each line it reads, then, at the end of its input, its memory.
"""

import gc
import json
import os
import resource
import statistics
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

# Before any engine is loaded, whose threads would keep it from working.
os.environ["TOKENIZERS_PARALLELISM"] = "true"
warnings.filterwarnings("ignore")

import numpy as np

from batching import (
    SPECIAL_TOKENS,
    Window,
    in_given_order,
    load_tokenizer,
    make_batches,
    read_windows,
    spread,
    tokenise,
)
from engines import ENGINES, Engine

BATCH_SIZES = [1, 4, 8, 16, 32, 64]
# Two of the largest batches for each of a few cores.
TUNING_WINDOWS = 128
# A variant this far behind, after two sizes, is given up.
HOPELESS = 0.75
FINALISTS = 4
FINAL_TURNS = 3


def say(**values: object) -> None:
    print(json.dumps(values), flush=True)


def seconds(engine: Engine, batches: list) -> float:
    start = time.perf_counter()
    engine.run(batches)
    return time.perf_counter() - start


@dataclass
class Trial:
    """A variant while it is tuned."""

    variant: str
    engine: Engine
    speeds: dict[int, float] = field(default_factory=dict)

    def best(self) -> float:
        return max(self.speeds.values(), default=0.0)

    def is_worth_more(self, leader: float) -> bool:
        if len(self.speeds) < 2:
            return True
        rising = max(list(self.speeds.values())[-2:]) == self.best()
        return rising and self.best() >= HOPELESS * leader


def tune(load: Callable[[str], Engine], variants: list[str], windows: list[Window], budget: float) -> None:
    """Tries all variants on a part of the windows, with rising batch sizes, each
    until it gets no quicker or the time is spent. The best of them run once more
    by turns, since a machine is not as quick at all times."""
    ids = [window.ids for window in spread(windows, TUNING_WINDOWS)]
    tokens = sum(len(row) - SPECIAL_TOKENS for row in ids)
    trials = [Trial(variant, load(variant)) for variant in variants]

    def speed(trial: Trial, size: int) -> float:
        return tokens / seconds(trial.engine, make_batches(ids, size, trial.engine.PADDING))

    end = time.monotonic() + budget
    for size, trial in steps(trials):
        if time.monotonic() > end:
            break
        trial.speeds[size] = max(speed(trial, size) for _ in range(2))

    settings = [(trial, size) for trial in trials for size in trial.speeds]
    finalists = sorted(settings, key=lambda setting: -setting[0].speeds[setting[1]])[:FINALISTS]
    turns = [[speed(*setting) for setting in finalists] for _ in range(FINAL_TURNS)]
    finals = [statistics.median(speeds) for speeds in zip(*turns)]
    best, size = finalists[finals.index(max(finals))]
    say(
        variant=best.variant,
        batch=size,
        tried={trial.variant: trial.speeds for trial in trials},
        finals=[[t.variant, at, final] for (t, at), final in zip(finalists, finals)],
    )


def steps(trials: list[Trial]) -> Iterator[tuple[int, Trial]]:
    for size in BATCH_SIZES:
        for trial in trials:
            if trial.is_worth_more(max(map(Trial.best, trials))):
                yield size, trial


def measure(engine: Engine, windows: list[Window], size: int, out: Path) -> None:
    tokenizer = load_tokenizer()
    ids = [window.ids for window in windows]
    texts = [window.text for window in windows]
    batches = make_batches(ids, size, engine.PADDING)
    # What is here to stay is no longer searched for garbage.
    gc.freeze()

    # The first run, which is not measured, also gives the embeddings to compare.
    np.save(out, in_given_order(ids, engine.run(batches)))
    kernels = engine.kernels() if hasattr(engine, "kernels") else None
    say(ready=True, kernels=kernels, own_tokens=sum(map(len, tokenise(tokenizer, texts))))

    for _ in sys.stdin:
        start = time.perf_counter()
        make_batches(tokenise(tokenizer, texts), size, engine.PADDING)
        tokenising = time.perf_counter() - start
        encoding = seconds(engine, batches)
        say(seconds_encoding=encoding, seconds_with_tokenising=tokenising + encoding)
    say(peak_memory_mb=peak_memory_mb())
    gc.unfreeze()


def peak_memory_mb() -> float:
    try:
        status = Path("/proc/self/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) / 1024
    except (OSError, IndexError):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    command, name, *files = sys.argv[1:5]
    rest = sys.argv[5:]
    models, windows = map(Path, files)
    kind = ENGINES[name]
    if command == "tune":
        load = partial(kind, models, windows)
        tune(load, kind.VARIANTS, read_windows(windows), float(rest[0]))
    else:
        variant, size, out = rest
        measure(kind(models, windows, variant), read_windows(windows), int(size), Path(out))


if __name__ == "__main__":
    main()
