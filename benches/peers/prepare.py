"""Exports the model and quantises it: prepare.py MODELS WINDOWS ENGINE..."""

import hashlib
import logging
import shutil
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

from batching import MODEL_TOKENS, model_folder, pad, read_windows, spread

ENCODER = "encoder.onnx"
FUSED = "fused.onnx"
ENCODER_INT8 = "encoder-int8.onnx"
FUSED_INT8 = "fused-int8.onnx"
MODEL = "model.xml"

CALIBRATION_WINDOWS = 300


def sentence_transformer():
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(model_folder()), device="cpu")


def openvino():
    """OpenVINO, kept from sending statistics of its use; so is what it helps."""
    sys.modules["openvino_telemetry"] = None
    import openvino

    return openvino


def made(path: Path, make: Callable[[Path], None]) -> Path:
    """Makes a file once; one that was broken off is not taken for whole."""
    if not path.exists():
        print(f"making {path.name}", file=sys.stderr, flush=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f"unfinished-{path.name}")
        make(unfinished)
        unfinished.rename(path)
    return path


def export(path: Path) -> None:
    """The model with mean pooling as ONNX, in the plain form of attention, which
    both optimisers recognise."""
    import torch
    from transformers import BertModel

    class Pooled(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.bert = BertModel.from_pretrained(
                model_folder(), attn_implementation="eager", add_pooling_layer=False
            )

        def forward(self, input_ids, attention_mask):
            hidden = self.bert(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
            mask = attention_mask.unsqueeze(-1).to(hidden.dtype)
            return (hidden * mask).sum(1) / mask.sum(1)

    example = {name: torch.from_numpy(array) for name, array in pad([[101, 102], [101, 2003, 102]]).items()}
    axes = {name: {0: "batch", 1: "length"} for name in example}
    torch.onnx.export(
        Pooled().eval(),
        tuple(example.values()),
        path,
        input_names=list(example),
        output_names=["embedding"],
        dynamic_axes=axes | {"embedding": {0: "batch"}},
        opset_version=17,
        dynamo=False,
    )


def fuse(encoder: Path, path: Path) -> None:
    from onnxruntime.transformers import optimizer

    model = optimizer.optimize_model(str(encoder), "bert", num_heads=12, hidden_size=384)
    model.save_model_to_file(str(path))


def quantise_dynamic(source: Path, path: Path) -> None:
    """Weights of all layers to int8, a scale per channel: as quick as one per
    tensor, and closer to f32."""
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(
        source,
        path,
        per_channel=True,
        weight_type=QuantType.QInt8,
        # For outputs of fused operators, whose types ONNX cannot infer.
        extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},
    )


def preprocess(source: Path, path: Path) -> None:
    from onnxruntime.quantization import quant_pre_process

    quant_pre_process(source, path, skip_symbolic_shape=True)


def quantise_static(encoder: Path, windows: Path, folder: Path) -> None:
    core = openvino().Core()
    import nncf

    samples = [pad([w.ids[:MODEL_TOKENS]]) for w in spread(read_windows(windows), CALIBRATION_WINDOWS)]
    quantised = nncf.quantize(
        core.read_model(encoder),
        nncf.Dataset(samples),
        subset_size=len(samples),
        model_type=nncf.ModelType.TRANSFORMER,
    )
    shutil.rmtree(folder, ignore_errors=True)
    openvino().save_model(quantised, folder / MODEL)


def calibrated(models: Path, windows: Path) -> Path:
    """The folder of the model that was calibrated on these windows."""
    return models / f"openvino-int8-{hashlib.sha256(windows.read_bytes()).hexdigest()[:16]}"


def prepare(models: Path, windows: Path, engines: list[str]) -> None:
    encoder = made(models / ENCODER, export)
    if {"onnxruntime", "onnxruntime-int8"} & set(engines):
        fused = made(models / FUSED, lambda path: fuse(encoder, path))
    if "onnxruntime-int8" in engines:
        plain = made(models / "preprocessed.onnx", lambda path: preprocess(encoder, path))
        made(models / ENCODER_INT8, lambda path: quantise_dynamic(plain, path))
        made(models / FUSED_INT8, lambda path: quantise_dynamic(fused, path))
    if "openvino-int8" in engines:
        made(calibrated(models, windows), lambda path: quantise_static(encoder, windows, path))


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    prepare(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
