"""Keeps every engine from using AVX-512, and AVX-VNNI where that is asked for.

PyTorch's libraries obey variables. ONNX Runtime has no switch at all, and
OpenVINO's oneDNN has one which some of OpenVINO's own kernels do not know; both
run from copies of their packages. In these, the instruction with which a library
asks whether the system keeps the registers of AVX-512 (xgetbv) is replaced by
the answer "no, but those of AVX".
"""

import os
import platform
import re
import shutil
import struct
import subprocess
from dataclasses import dataclass, field
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

XGETBV = bytes.fromhex("0f01d0")
# mov al, 7; nop: x87, SSE and AVX state. No stack, which a leaf function may use
# without reserving it. What is above al keeps its value: it matters for AMX only.
KEEPS_AVX = bytes.fromhex("b00790")

# In ONNX Runtime: mov eax, 7; mov ecx, 1; cpuid; test al, 0x10 (AVX-VNNI); je
ASKS_AVX_VNNI = bytes.fromhex("b807000000 b901000000 0fa2 a810 74")
# and soon after it: test dl, 0x10 (AVX-VNNI-INT8); je
ASKS_AVX_VNNI_INT8 = bytes.fromhex("f6c210 74")
NEAR = 256

UNNEEDED = shutil.ignore_patterns("libopenvino_intel_gpu*", "libopenvino_intel_npu*", "__pycache__")


@dataclass(frozen=True)
class Limits:
    """What the engines may use."""

    avx512: bool = True
    vnni: bool = True
    # Folders before all others, by engine.
    packages: dict[str, Path] = field(default_factory=dict)

    def environment(self, engine: str) -> dict[str, str]:
        own = dict(os.environ)
        if not self.avx512:
            own |= {
                "ATEN_CPU_CAPABILITY": "avx2",
                "MKL_ENABLE_INSTRUCTIONS": "AVX2",
                "ONEDNN_MAX_CPU_ISA": "AVX2_VNNI" if self.vnni else "AVX2",
                "TOPICWIRE_KERNEL": "avx-vnni" if self.vnni and has_avx_vnni() else "avx2",
            }
        if folder := self.packages.get(engine.removesuffix("-int8")):
            own["PYTHONPATH"] = str(folder)
        return own

    def describe(self) -> str:
        if self.avx512:
            return "all instructions of the processor"
        return "no AVX-512" if self.vnni else "no AVX-512, no AVX-VNNI"


def has_avx_vnni() -> bool:
    try:
        return " avx_vnni" in Path("/proc/cpuinfo").read_text()
    except OSError:
        return False


def limit(folder: Path, vnni: bool, engines: list[str]) -> Limits:
    """Makes the copies, once."""
    if platform.machine() != "x86_64" or platform.system() != "Linux":
        raise SystemExit("--no-avx512 and --no-vnni are for Linux on x86-64")
    packages = {}
    for package in ("onnxruntime", "openvino"):
        if any(engine.startswith(package) for engine in engines):
            name = f"{package}-{version(package)}-{'no-avx512' if vnni else 'no-vnni'}"
            packages[package] = limited_copy(package, folder / name, vnni)
    return Limits(avx512=False, vnni=vnni, packages=packages)


def limited_copy(package: str, target: Path, vnni: bool) -> Path:
    if target.exists():
        return target
    unfinished = target.with_name(f"unfinished-{target.name}")
    shutil.rmtree(unfinished, ignore_errors=True)
    original = Path(find_spec(package).origin).parent
    shutil.copytree(original, unfinished / package, ignore=UNNEEDED)
    changed = 0
    for library in (unfinished / package).rglob("*.so*"):
        if XGETBV in library.read_bytes():
            changed += without_avx512(library)
    if not changed:
        raise SystemExit(f"{package}: nothing found that asks for AVX-512")
    # OpenVINO needs no more than its variable here.
    if package == "onnxruntime" and not vnni:
        for library in (unfinished / package).rglob("onnxruntime_pybind11_state*.so"):
            without_avx_vnni(library)
    unfinished.rename(target)
    return target


def without_avx512(library: Path) -> int:
    """Replaces every xgetbv; the same bytes within other instructions stay."""
    code = bytearray(library.read_bytes())
    segments = executable_segments(code)
    found = xgetbv_addresses(library)
    for address in found:
        at = next(a - base + address for a, base, size in segments if base <= address < base + size)
        if code[at : at + 3] != XGETBV:
            raise SystemExit(f"{library.name}: no xgetbv at {address:#x}")
        code[at : at + 3] = KEEPS_AVX
    library.write_bytes(code)
    if xgetbv_addresses(library):
        raise SystemExit(f"{library.name}: xgetbv is left")
    return len(found)


def without_avx_vnni(library: Path) -> None:
    code = bytearray(library.read_bytes())
    if code.count(ASKS_AVX_VNNI) != 1:
        raise SystemExit(f"{library.name}: another version, where AVX-VNNI is asked for is not known")
    at = code.index(ASKS_AVX_VNNI)
    int8 = code.index(ASKS_AVX_VNNI_INT8, at, at + NEAR)
    # The tested bit becomes none, so that the test always says no.
    code[at + ASKS_AVX_VNNI.index(0xA8) + 1] = 0
    code[int8 + 2] = 0
    library.write_bytes(code)


def xgetbv_addresses(library: Path) -> list[int]:
    command = ["objdump", "-d", "--no-show-raw-insn", str(library)]
    try:
        with subprocess.Popen(command, stdout=subprocess.PIPE) as listing:
            hits = [re.match(rb"\s*([0-9a-f]+):\s+xgetbv", line) for line in listing.stdout]
    except FileNotFoundError:
        raise SystemExit("objdump (of the package binutils) is needed") from None
    return [int(hit[1], 16) for hit in hits if hit]


def executable_segments(code: bytes) -> list[tuple[int, int, int]]:
    """Offset in the file, address and size of each segment that holds code."""
    (table,) = struct.unpack_from("<Q", code, 32)
    size, count = struct.unpack_from("<HH", code, 54)
    segments = []
    for at in range(table, table + count * size, size):
        kind, flags, offset, address, _, length = struct.unpack_from("<IIQQQQ", code, at)
        if kind == 1 and flags & 1:
            segments.append((offset, address, length))
    return segments
