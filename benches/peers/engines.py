"""The peers: each gives the mean-pooled embedding of every window of a batch."""

import queue
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

import numpy as np

import prepare
from batching import Batch, cores

PER_CORE = "a batch per core"
ALL_CORES = "a batch on all cores"


class Engine(Protocol):
    """One engine, loaded in one of its variants."""

    # Lengths of batches are rounded up to a multiple of this.
    PADDING: int

    def run(self, batches: list[Batch]) -> list[np.ndarray]:
        """Embeddings of all batches, in their order."""
        ...


class Spreader:
    """Runs batches one after the other, or as many at a time as there are cores."""

    def __init__(self, how: str) -> None:
        self.pool = ThreadPoolExecutor(cores()) if how == PER_CORE else None

    def run(self, encode: Callable[[Batch], np.ndarray], batches: list[Batch]) -> list[np.ndarray]:
        return list(self.pool.map(encode, batches) if self.pool else map(encode, batches))


class PyTorch:
    """sentence-transformers in f32."""

    VARIANTS = [PER_CORE, ALL_CORES]
    PADDING = 1

    def __init__(self, models: Path, windows: Path, variant: str) -> None:
        import torch

        # Before any thread of the pool starts: each takes its number from here.
        torch.set_num_threads(1 if variant == PER_CORE else cores())
        self.torch = torch
        self.model = prepare.sentence_transformer()
        self.spreader = Spreader(variant)

    def encode(self, batch: Batch) -> np.ndarray:
        with self.torch.inference_mode():
            features = {name: self.torch.from_numpy(array) for name, array in batch.items()}
            return self.model(features)["sentence_embedding"].numpy()

    def run(self, batches: list[Batch]) -> list[np.ndarray]:
        return self.spreader.run(self.encode, batches)


class OnnxRuntime:
    """ONNX Runtime, on the graph as exported or with its transformer optimiser's
    fused operators."""

    GRAPHS = {"exported graph": prepare.ENCODER, "fused graph": prepare.FUSED}
    VARIANTS = [f"{graph}, {how}" for graph in GRAPHS for how in (PER_CORE, ALL_CORES)]
    PADDING = 1

    def __init__(self, models: Path, windows: Path, variant: str) -> None:
        import onnxruntime

        graph, how = variant.split(", ")
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        options.intra_op_num_threads = 1 if how == PER_CORE else cores()
        options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(
            str(models / self.GRAPHS[graph]), options, providers=["CPUExecutionProvider"]
        )
        # One session serves all threads: it shares the weights, and each thread
        # that calls it computes by itself.
        self.spreader = Spreader(how)

    def encode(self, batch: Batch) -> np.ndarray:
        return self.session.run(None, batch)[0]

    def run(self, batches: list[Batch]) -> list[np.ndarray]:
        return self.spreader.run(self.encode, batches)


class OnnxRuntimeInt8(OnnxRuntime):
    """The same on dynamically quantised weights."""

    GRAPHS = {"exported graph": prepare.ENCODER_INT8, "fused graph": prepare.FUSED_INT8}


class OpenVino:
    """OpenVINO on the statically quantised model, with shapes left open."""

    VARIANTS = ["open shapes, THROUGHPUT", "open shapes, LATENCY", "a model per shape"]
    # Its kernels are quicker on such lengths, by more than the padding costs.
    PADDING = 16

    def __new__(cls, models: Path, windows: Path, variant: str) -> "OpenVino":
        return super().__new__(OpenVinoPerShape if variant == cls.VARIANTS[-1] else cls)

    def __init__(self, models: Path, windows: Path, variant: str) -> None:
        self.core = prepare.openvino().Core()
        self.model = prepare.calibrated(models, windows) / prepare.MODEL
        self.start(variant)

    def start(self, variant: str) -> None:
        hint = {"PERFORMANCE_HINT": variant.split(", ")[1]}
        self.compiled = self.core.compile_model(self.model, "CPU", hint)
        # As many requests at a time as OpenVINO finds best for the hint.
        self.queue = prepare.openvino().AsyncInferQueue(self.compiled)
        self.queue.set_callback(self.take)
        self.outputs: dict[int, np.ndarray] = {}

    def take(self, request, at: int) -> None:
        self.outputs[at] = request.get_output_tensor(0).data.copy()

    def run(self, batches: list[Batch]) -> list[np.ndarray]:
        self.outputs.clear()
        for at, batch in enumerate(batches):
            self.queue.start_async(batch, at, share_inputs=True)
        self.queue.wait_all()
        return [self.outputs[at] for at in range(len(batches))]

    def kernels(self) -> list[str]:
        """Instruction sets of the kernels that OpenVINO chose, by their names."""
        ops = self.compiled.get_runtime_model().get_ops()
        types = " ".join(op.get_rt_info()["primitiveType"].astype(str) for op in ops)
        return sorted(set(re.findall("avx512|avx2|sse42", types)))


class OpenVinoPerShape(OpenVino):
    """The same, compiled anew for every shape of a batch, which all together is
    quicker once it is done; that happens in the run before those measured."""

    def start(self, variant: str) -> None:
        self.requests: dict[tuple[int, ...], queue.SimpleQueue] = {}
        self.pool = ThreadPoolExecutor(cores())

    def compile(self, shape: tuple[int, ...]) -> None:
        model = self.core.read_model(self.model)
        model.reshape({port.any_name: list(shape) for port in model.inputs})
        # Models that run at once must not be bound to the same core.
        hints = {"PERFORMANCE_HINT": "THROUGHPUT", "ENABLE_CPU_PINNING": False}
        self.compiled = self.core.compile_model(model, "CPU", hints)
        self.requests[shape] = queue.SimpleQueue()
        for _ in range(cores()):
            self.requests[shape].put(self.compiled.create_infer_request())
        # Each request's first run is here, since first runs from several threads
        # at once can block one another for ever in OpenVINO's Python bindings.
        for _ in range(cores()):
            self.encode({port.any_name: np.ones(shape, np.int64) for port in model.inputs})

    def encode(self, batch: Batch) -> np.ndarray:
        requests = self.requests[batch["input_ids"].shape]
        request = requests.get()
        embeddings = request.infer(batch, share_inputs=True)[0].copy()
        requests.put(request)
        return embeddings

    def run(self, batches: list[Batch]) -> list[np.ndarray]:
        for shape in {batch["input_ids"].shape for batch in batches} - self.requests.keys():
            self.compile(shape)
        return list(self.pool.map(self.encode, batches))


ENGINES: dict[str, type] = {
    "pytorch": PyTorch,
    "onnxruntime": OnnxRuntime,
    "onnxruntime-int8": OnnxRuntimeInt8,
    "openvino-int8": OpenVino,
}
