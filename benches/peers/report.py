"""The table, and all numbers behind it."""

import importlib.metadata
import os
import platform
import statistics
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path

from batching import SPECIAL_TOKENS, cores, read_windows

import numpy as np

OURS = "topicwire-int8"
REFERENCE = "pytorch"
PACKAGES = ["torch", "sentence-transformers", "transformers", "tokenizers", "onnxruntime", "openvino", "nncf", "numpy"]

TITLES = {
    "topicwire-int8": "topicwire, int8",
    "topicwire-candle": "topicwire, candle f32",
    "pytorch": "PyTorch f32 (sentence-transformers)",
    "onnxruntime": "ONNX Runtime f32",
    "onnxruntime-int8": "ONNX Runtime dynamic int8",
    "openvino-int8": "OpenVINO static int8",
}
HEADER = [
    "engine",
    "setting",
    "tokens/s",
    "articles/s with tokenising",
    "articles/s encoding only",
    "peak memory MB",
    "topicwire int8 is … times as fast, with tokenising",
    "encoding only",
]


@dataclass
class Result:
    """All that was measured."""

    names: list[str]
    limits: str
    counts: dict[str, int]
    settings: dict[str, dict]
    loaded: dict[str, dict]
    ends: dict[str, dict]
    rounds: list[dict[str, dict]]
    cosines: dict[str, dict[str, float]]

    def seconds(self, name: str, clock: str) -> list[float]:
        return [r[name][f"seconds_{clock}"] for r in self.rounds]

    def ratio(self, name: str, clock: str) -> float:
        """How many times as fast topicwire is, each round by itself: what slows
        the machine for a while slows both."""
        pairs = zip(self.seconds(name, clock), self.seconds(OURS, clock))
        return statistics.median(theirs / ours for theirs, ours in pairs)

    def memory(self, name: str) -> float:
        if name in self.ends:
            return self.ends[name]["peak_memory_mb"]
        return max(r[name]["peak_memory_mb"] or 0 for r in self.rounds)

    def setting(self, name: str) -> str:
        if name in self.settings:
            return f"{self.settings[name]['variant']}; {self.settings[name]['batch']} windows a batch"
        return self.rounds[0][name].get("kernel") or "its own"


def count(articles: Path, windows: Path) -> dict[str, int]:
    read = read_windows(windows)
    with articles.open(encoding="utf-8") as lines:
        rows = sum(1 for _ in lines)
    return {
        "articles": rows,
        "windows": len(read),
        "tokens": sum(len(window.ids) - SPECIAL_TOKENS for window in read),
    }


def cosines(files: dict[str, Path]) -> dict[str, dict[str, float]]:
    """How near the embeddings come to PyTorch's: that all did the same work."""
    if REFERENCE not in files:
        return {}
    unit = {name: normalised(np.load(file)) for name, file in files.items()}
    found = {name: (rows * unit[REFERENCE]).sum(1) for name, rows in unit.items() if name != REFERENCE}
    return {name: {"mean": float(row.mean()), "least": float(row.min())} for name, row in found.items()}


def normalised(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def table(result: Result) -> str:
    counts = result.counts
    lines = [
        f"{counts['articles']} articles, {counts['windows']} windows, {counts['tokens']} tokens; "
        f"{cpu_model()}, {cores()} cores; {result.limits}; medians of {len(result.rounds)} round(s)",
        "",
        row(HEADER),
        row(["---", "---"] + ["---:"] * (len(HEADER) - 2)),
        *(row(cells(result, name)) for name in result.names),
    ]
    if result.cosines:
        near = [f"{TITLES[name]} {c['mean']:.4f} (least {c['least']:.4f})" for name, c in result.cosines.items()]
        lines += ["", f"Mean cosine to PyTorch's embeddings: {'; '.join(near)}."]
    return "\n".join(lines)


def row(texts: list[str]) -> str:
    return f"| {' | '.join(texts)} |"


def cells(result: Result, name: str) -> list[str]:
    whole = statistics.median(result.seconds(name, "with_tokenising"))
    encoding = statistics.median(result.seconds(name, "encoding"))
    clocks = ("with_tokenising", "encoding")
    ratios = [f"{result.ratio(name, clock):.2f}" if OURS in result.names else "" for clock in clocks]
    return [
        TITLES[name],
        result.setting(name),
        f"{result.counts['tokens'] / encoding:,.0f}",
        f"{result.counts['articles'] / whole:.1f}",
        f"{result.counts['articles'] / encoding:.1f}",
        f"{result.memory(name):,.0f}",
        *ratios,
    ]


def everything(result: Result) -> dict:
    return {"machine": machine(), **asdict(result)}


def machine() -> dict:
    return {
        "cpu": cpu_model(),
        "cores": cores(),
        "logical_cpus": os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "rustc": rust_version(),
        "packages": {name: importlib.metadata.version(name) for name in PACKAGES},
        "load_average": list(os.getloadavg()),
    }


def cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "unknown processor"
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown processor")


def rust_version() -> str | None:
    try:
        return subprocess.run(["rustc", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None
