#!/usr/bin/env python3
"""Compares topicwire with other engines on the same articles, see README.md here."""

import argparse
import gzip
import hashlib
import itertools
import json
import os
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from pathlib import Path

sys.dont_write_bytecode = True

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
WORK = REPOSITORY / "target" / "peers"
MODELS = WORK / "models"
FIXTURES = REPOSITORY / "tests" / "fixtures"

TOPICWIRE = ["topicwire-int8", "topicwire-candle"]
PEERS = ["pytorch", "onnxruntime", "onnxruntime-int8", "openvino-int8"]

# No network, and no chatter, while engines are loaded and models are made.
QUIET = {
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONWARNINGS": "ignore",
    "TQDM_DISABLE": "1",
    "TRANSFORMERS_VERBOSITY": "error",
}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "articles", nargs="?", type=Path, help="JSON lines with id, title and text (default: tests/fixtures)"
    )
    parser.add_argument("--limit", type=int, metavar="N", help="the first N articles only")
    parser.add_argument("--only", metavar="NAME,...", help=f"of {', '.join(TOPICWIRE + PEERS)}")
    parser.add_argument("--repeat", type=int, default=5, metavar="R", help="rounds (default: 5)")
    parser.add_argument("--no-avx512", action="store_true", help="as on a processor with AVX2 and AVX-VNNI")
    parser.add_argument("--no-vnni", action="store_true", help="as on a processor with AVX2 alone")
    parser.add_argument("--json", type=Path, metavar="FILE", help="writes all numbers and the machine's notes")
    parser.add_argument(
        "--tune-seconds", type=float, default=60, metavar="S", help="to find each peer's best setting (default: 60)"
    )
    parser.add_argument("--venv", type=Path, default=WORK / "venv", help="default: target/peers/venv")
    return parser.parse_args()


def chosen(only: str | None) -> list[str]:
    every = TOPICWIRE + PEERS
    names = only.split(",") if only else every
    if unknown := set(names) - set(every):
        raise SystemExit(f"no engine is called {', '.join(unknown)}; there are {', '.join(every)}")
    return [name for name in every if name in names]


def enter(folder: Path) -> None:
    """Goes on inside the virtual environment, which is made where it is not there."""
    python = folder / "bin" / "python"
    if not python.exists():
        note(f"making {folder}")
        venv.create(folder, with_pip=True)
    requirements = HERE / "requirements.txt"
    stamp = folder / "requirements.sha256"
    digest = hashlib.sha256(requirements.read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text() != digest:
        note("installing the requirements")
        subprocess.run([python, "-m", "pip", "install", "-q", "-r", requirements], check=True, stdout=sys.stderr)
        stamp.write_text(digest)
    if Path(sys.prefix).resolve() != folder.resolve():
        os.execv(python, [str(python), *sys.argv])


def note(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def write_articles(given: Path | None, limit: int | None, out: Path) -> None:
    """The articles as one plain file of JSON lines."""
    with out.open("w", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in itertools.islice(read_articles(given), limit))


def read_articles(given: Path | None) -> Iterator[str]:
    if given is None:
        for path in sorted(FIXTURES.glob("*.txt")):
            yield json.dumps({"id": path.stem, "text": path.read_text(encoding="utf-8")})
        return
    opened = gzip.open(given, "rt", encoding="utf-8") if given.suffix == ".gz" else given.open(encoding="utf-8")
    with opened as file:
        yield from filter(None, map(str.strip, file))


def script(name: str, *rest: object) -> list[str]:
    return [sys.executable, str(HERE / f"{name}.py"), *map(str, rest)]


class Worker:
    """A peer, loaded in a process of its own, that waits to be told to run."""

    def __init__(self, name: str, setting: dict, windows: Path, environment: dict[str, str]) -> None:
        self.embeddings = windows.with_name(f"embeddings-{name}.npy")
        command = script(
            "worker", "measure", name, MODELS, windows, setting["variant"], setting["batch"], self.embeddings
        )
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        self.loaded = self.answer()

    def answer(self) -> dict:
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.process.args[3]} ended early, see above")
        return json.loads(line)

    def measure(self) -> dict:
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        return self.answer()

    def end(self) -> dict:
        self.process.stdin.close()
        last = self.answer()
        self.process.wait()
        return last


def main() -> None:
    args = arguments()
    names = chosen(args.only)
    WORK.mkdir(parents=True, exist_ok=True)
    enter(args.venv)
    os.environ |= QUIET

    # A folder of its own, since another comparison may run at the same time.
    with tempfile.TemporaryDirectory(prefix="run-", dir=WORK) as folder:
        compare(args, names, Path(folder))


def compare(args: argparse.Namespace, names: list[str], folder: Path) -> None:
    # These need what the virtual environment has.
    import instructions
    import report
    import rust_side

    articles, windows = folder / "articles.jsonl", folder / "windows.jsonl"
    write_articles(args.articles, args.limit, articles)
    executable = rust_side.build(REPOSITORY)
    if executable:
        rust_side.write_windows(executable, articles, windows)
    else:
        names = [name for name in names if name in PEERS]
        subprocess.run(script("fallback", articles, windows), check=True)

    peers = [name for name in names if name in PEERS]
    subprocess.run(script("prepare", MODELS, windows, *peers), check=True, stdout=sys.stderr)
    limits = instructions.Limits()
    if args.no_avx512 or args.no_vnni:
        limits = instructions.limit(WORK, not args.no_vnni, peers)

    settings = {name: tuned(name, windows, args.tune_seconds, limits) for name in peers}
    workers = {name: Worker(name, settings[name], windows, limits.environment(name)) for name in peers}
    check_kernels(workers, limits)

    def measure(name: str) -> dict:
        if name in workers:
            return workers[name].measure()
        return rust_side.measure(executable, articles, name, limits.environment(name))

    rounds = []
    for number in range(args.repeat):
        note(f"round {number + 1} of {args.repeat}")
        # Each round begins with another engine, so that none always follows the same.
        order = [names[(number + at) % len(names)] for at in range(len(names))]
        rounds.append({name: measure(name) for name in order})

    ends = {name: worker.end() for name, worker in workers.items()}
    result = report.Result(
        names=names,
        limits=limits.describe(),
        counts=report.count(articles, windows),
        settings=settings,
        loaded={name: worker.loaded for name, worker in workers.items()},
        ends=ends,
        rounds=rounds,
        cosines=report.cosines({name: worker.embeddings for name, worker in workers.items()}),
    )
    print(report.table(result))
    if args.json:
        args.json.write_text(json.dumps(report.everything(result), indent=1) + "\n")


def tuned(name: str, windows: Path, budget: float, limits) -> dict:
    note(f"tuning {name}")
    command = script("worker", "tune", name, MODELS, windows, budget)
    out = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=limits.environment(name)).stdout
    setting = json.loads(out)
    note(f"  {setting['variant']}, {setting['batch']} windows a batch")
    return setting


def check_kernels(workers: dict[str, Worker], limits) -> None:
    for name, worker in workers.items():
        if not limits.avx512 and "avx512" in (worker.loaded["kernels"] or []):
            raise SystemExit(f"{name} still has AVX-512 kernels")


if __name__ == "__main__":
    main()
