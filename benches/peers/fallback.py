"""Windows without topicwire, where it cannot be built: fallback.py ARTICLES OUT"""

import json
import sys
from pathlib import Path

from batching import MODEL_TOKENS, SPECIAL_TOKENS, load_tokenizer, tokenise


def windows(text: str, tokenizer) -> list[dict]:
    """Pieces as long as the model reads, wherever that cuts the text."""
    offsets = tokenizer.encode(text, add_special_tokens=False).offsets
    room = MODEL_TOKENS - SPECIAL_TOKENS
    pieces = [offsets[at : at + room] for at in range(0, len(offsets), room)]
    texts = [text[piece[0][0] : piece[-1][1]] for piece in pieces]
    return [{"text": text} for text in texts]


def main(articles: Path, out: Path) -> None:
    whole, cut = load_tokenizer(), load_tokenizer()
    whole.no_truncation()
    with articles.open(encoding="utf-8") as rows, out.open("w", encoding="utf-8") as result:
        for row in map(json.loads, rows):
            text = " ".join(filter(None, [row.get("title"), row["text"]]))
            found = windows(text, whole)
            for window, ids in zip(found, tokenise(cut, [window["text"] for window in found])):
                window["ids"] = ids
            result.write(json.dumps({"id": row.get("id"), "windows": found}) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
