#!/bin/sh
# Makes models/default anew: recipe.sh ENCODER DATA
#
# ENCODER is the folder of all-MiniLM-L6-v2 in Hugging Face layout; DATA a folder with
#   train.jsonl        articles with grades
#   more.jsonl         articles, of which also_labels.jsonl grades some by id
#   background.jsonl   articles of general news
#   marked.jsonl       articles with marked sentences
#   written.jsonl      articles with written summaries
# summary_marks.jsonl marks sentences of articles of train.jsonl and more.jsonl, by id.
# Run it in the project's root. The same files give the same model.
set -eu
classify=${CLASSIFY:-target/release/classify}
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT

"$classify" model import "$1" -o "$made/encoder" \
    --name sentence-transformers/all-MiniLM-L6-v2 --licence Apache-2.0 \
    --calibrate tests/fixtures/*.txt
"$classify" train "$2/train.jsonl" \
    --also "$2/more.jsonl" --also-labels models/also_labels.jsonl \
    --background "$2/background.jsonl" --background "$2/more.jsonl" \
    --topics models/topics.toml -m "$made/encoder" -o "$made/topics" \
    --name topicwire-news --as-version 0.3.0 --seed 1 ${CACHE:+--cache "$CACHE"}
"$classify" train --summaries "$2/marked.jsonl" --summaries "$2/written.jsonl" \
    --summaries "$2/more.jsonl" --summaries "$2/train.jsonl" \
    --summary-marks models/summary_marks.jsonl -m "$made/topics" -o "$made/default" \
    --name topicwire-news --as-version 0.4.0 --seed 1 ${CACHE:+--cache "$CACHE"}
rm -rf models/default
mv "$made/default" models/default
