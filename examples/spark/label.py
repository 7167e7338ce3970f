"""Labels a Parquet data set of articles with `classify batch` on the workers of a Spark cluster.

    spark-submit label.py ARTICLES.parquet LABELLED.parquet [--classify PATH] [FLAG ...]

Each task starts one `classify` process and sends its partition through it as an Arrow stream, in
one pass. Flags that this script does not know go to `classify batch`: --keep section, --topics
mine.toml, --no-summary. Give each task as many cores as `--threads` says (spark.task.cpus).
"""

import argparse
import subprocess
import threading
from pathlib import Path

import pyarrow as pa
from pyspark import SparkFiles
from pyspark.sql import SparkSession
from pyspark.sql.pandas.types import from_arrow_schema


def through(command, schema, batches):
    """Sends record batches through a process that reads and writes Arrow streams."""
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        problems = []
        sent = received = 0

        def send():
            nonlocal sent
            try:
                with process.stdin as pipe, pa.ipc.new_stream(pipe, schema) as writer:
                    for batch in batches:
                        writer.write_batch(batch)
                        sent += batch.num_rows
            except BrokenPipeError:
                pass  # The process has ended; its exit code says why.
            except BaseException as problem:  # of Spark's own, told below
                problems.append(problem)

        # Both pipes have little room: writing waits for reading.
        sender = threading.Thread(target=send)
        sender.start()
        try:
            for batch in pa.ipc.open_stream(process.stdout):
                received += batch.num_rows
                yield batch
        except pa.ArrowInvalid:
            process.stdout.read()
        finally:
            # Whoever wants no more rows ends the process.
            process.stdout.close()
            sender.join()
        if problems:
            raise problems[0]
        # 1: some articles failed; their rows say why.
        if process.wait() not in (0, 1):
            raise RuntimeError(f"{' '.join(command)} ended with exit code {process.returncode}")
        if sent != received:
            raise RuntimeError(f"{' '.join(command)} was sent {sent} articles and gave {received}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("articles", help="Parquet data set with a column text")
    parser.add_argument("labelled", help="Parquet data set to write")
    parser.add_argument("--classify", help="the binary where every worker has it; sent to the "
                        "workers from ./classify when left out")
    parser.add_argument("--threads", default="1", help="threads of each task")
    args, flags = parser.parse_known_args()

    spark = SparkSession.builder.appName("topicwire").getOrCreate()
    if args.classify is None:
        spark.sparkContext.addFile("classify")
    articles = spark.read.parquet(args.articles)
    command = ["batch", "-", "-f", "arrow", "--threads", args.threads, *flags]

    def on_worker(batches):
        first = next(batches, None)
        if first is None:
            return
        binary = args.classify
        if binary is None:
            binary = SparkFiles.get("classify")
            Path(binary).chmod(0o755)

        def all_batches():
            yield first
            yield from batches

        yield from through([binary, "-q", *command], first.schema, all_batches())

    # The columns depend on the flags: an empty table tells them.
    empty = pa.BufferOutputStream()
    with pa.ipc.new_stream(empty, pa.schema([("text", pa.string())])):
        pass
    found = subprocess.run([args.classify or "./classify", "-q", *command], check=True,
                           input=empty.getvalue().to_pybytes(), stdout=subprocess.PIPE)
    schema = from_arrow_schema(pa.ipc.open_stream(found.stdout).schema)
    articles.mapInArrow(on_worker, schema).write.mode("overwrite").parquet(args.labelled)


if __name__ == "__main__":
    main()
