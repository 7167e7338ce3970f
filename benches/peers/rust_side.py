"""topicwire's side: builds and calls the benchmark's executable."""

import json
import subprocess
import sys
from pathlib import Path

ENGINES = {"topicwire-int8": "int8", "topicwire-candle": "candle"}


def build(repository: Path) -> Path | None:
    """The executable, or none where it cannot be built."""
    command = ["cargo", "bench", "--bench", "peers", "--no-run", "--message-format=json"]
    try:
        built = subprocess.run(command, cwd=repository, stdout=subprocess.PIPE, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"topicwire is left out, it cannot be built: {error}", file=sys.stderr)
        return None
    for message in map(json.loads, built.stdout.splitlines()):
        target = message.get("target", {})
        if target.get("name") == "peers" and message.get("executable"):
            return Path(message["executable"])
    print("topicwire is left out, cargo names no executable for it", file=sys.stderr)
    return None


def write_windows(executable: Path, articles: Path, windows: Path) -> None:
    subprocess.run([executable, "--articles", articles, "--windows", windows], check=True)


def measure(executable: Path, articles: Path, engine: str, environment: dict[str, str]) -> dict:
    """One round. The first pass of the quick engine warms it up, as the peers are;
    for candle, which takes far longer, that makes no difference."""
    passes = 2 if engine == "topicwire-int8" else 1
    command = [executable, "--articles", articles, "--engine", ENGINES[engine], "--repeat", str(passes)]
    out = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment).stdout
    result = json.loads(out)
    for name in ("seconds_encoding", "seconds_with_tokenising"):
        result[name] = result[name][-1]
    return result
