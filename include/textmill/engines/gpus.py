"""GPUs: which there are, what they have, and which of them a process should use.

Facts come from NVIDIA's management library (NVML), which answers without starting CUDA. The decision is a
function of the facts alone.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass

from textmill.errors import SettingsError

CPU = "cpu"
LOWEST_CAPABILITY = (7, 5)
"""CUDA 13, for which ONNX Runtime and PyTorch are published, knows no older cards (its release notes)."""

_WISH = re.compile(r"auto|cpu|gpu(?::(?P<index>\d{1,3}))?")
_MIB = 1024**2


@dataclass(frozen=True)
class Gpu:
    """A GPU that this process may use.

    Attributes:
        index: its number in CUDA's order, where CUDA_VISIBLE_DEVICES is taken into account.
        free_mb, total_mb: memory in MiB.
        capability: CUDA compute capability, major and minor; None where the driver does not tell.
    """

    index: int
    name: str
    free_mb: int
    total_mb: int
    capability: tuple[int, int] | None

    @property
    def device(self) -> str:
        """The GPU as engines name it."""
        return f"gpu:{self.index}"

    def __str__(self) -> str:
        known = "unknown" if self.capability is None else "{}.{}".format(*self.capability)
        return (
            f"{self.device} ({self.name}, {self.free_mb} of {self.total_mb} MiB free, "
            f"compute capability {known})"
        )


@dataclass(frozen=True)
class Gpus:
    """The GPUs of a machine; `trouble` is a sentence that says why there are none, or fewer."""

    found: tuple[Gpu, ...] = ()
    trouble: str = ""


@dataclass(frozen=True)
class DeviceChoice:
    """Where models run. `gpu` is None on the CPU; `warning` is set where a wish could not be met."""

    gpu: Gpu | None
    why: str
    warning: str = ""

    @property
    def device(self) -> str:
        """`cpu` or `gpu:N`."""
        return CPU if self.gpu is None else self.gpu.device


def choose_device(wish: str, memory_mb: int, gpus: Gpus, runtime_trouble: str) -> DeviceChoice:
    """Choose where models run.

    A GPU that was asked for and cannot be had is a warning and not an error: the text is the same on the CPU,
    later. A GPU that `auto` has to leave idle is a warning too, no GPU at all is not.

    Args:
        wish: TEXTMILL_DEVICE.
        memory_mb: free memory below which `auto` leaves a GPU alone.
        runtime_trouble: why the engine's runtime cannot use CUDA; empty if it can.

    Raises:
        SettingsError: the wish is none.
    """
    match = _WISH.fullmatch(wish)
    if match is None:
        raise SettingsError(f"TEXTMILL_DEVICE is {wish!r}; it may be auto, cpu, gpu, or gpu:1 for one.")
    if wish == CPU:
        return DeviceChoice(None, "On the CPU, as TEXTMILL_DEVICE says.")
    if not gpus.found:
        trouble = gpus.trouble or "This machine has no NVIDIA GPU."
        return _on_the_cpu(trouble, warn=wish != "auto", wish=wish)
    if runtime_trouble:
        return _on_the_cpu(f"{_names(gpus.found)} cannot be used: {runtime_trouble}", warn=True, wish=wish)
    if (index := match["index"]) is not None:
        return _this_one(int(index), gpus, wish)
    return _best_one(wish, memory_mb, gpus.found)


def _this_one(index: int, gpus: Gpus, wish: str) -> DeviceChoice:
    gpu = next((one for one in gpus.found if one.index == index), None)
    if gpu is None:
        return _on_the_cpu(f"There is no gpu:{index}, only {_names(gpus.found)}.", warn=True, wish=wish)
    if _is_too_old(gpu):
        return _on_the_cpu(_too_old(gpu), warn=True, wish=wish)
    return DeviceChoice(gpu, f"On {gpu}, as TEXTMILL_DEVICE says.")


def _best_one(wish: str, memory_mb: int, found: Sequence[Gpu]) -> DeviceChoice:
    usable = [gpu for gpu in found if not _is_too_old(gpu)]
    if not usable:
        return _on_the_cpu(" ".join(_too_old(gpu) for gpu in found), warn=True, wish=wish)
    best = max(usable, key=lambda gpu: (gpu.free_mb, -gpu.index))
    if best.free_mb >= memory_mb:
        return DeviceChoice(best, f"On {best}, the usable GPU with the most free memory.")
    scarce = f"{best} has less free memory than the {memory_mb} MiB of TEXTMILL_GPU_MEMORY_MB."
    if wish == "auto":
        return _on_the_cpu(scarce, warn=True, wish=wish)
    return DeviceChoice(best, f"On {best}, as TEXTMILL_DEVICE says.", f"{scarce} It may run out of memory.")


def _on_the_cpu(reason: str, *, warn: bool, wish: str) -> DeviceChoice:
    why = f"On the CPU. {reason}"
    return DeviceChoice(
        None, why, f"{reason} Reading on the CPU (TEXTMILL_DEVICE is {wish})." if warn else ""
    )


def _is_too_old(gpu: Gpu) -> bool:
    return gpu.capability is not None and gpu.capability < LOWEST_CAPABILITY


def _too_old(gpu: Gpu) -> str:
    return "{} is too old: at least compute capability {}.{} is needed.".format(gpu, *LOWEST_CAPABILITY)


def _names(gpus: Sequence[Gpu]) -> str:
    return ", ".join(str(gpu) for gpu in gpus)


def probe_gpus() -> Gpus:
    """Ask the driver. A machine without one is no error; what the driver refuses to tell is in `trouble`.

    From here on CUDA numbers this process's GPUs as NVML does, by their place on the bus.
    """
    import pynvml

    os.environ["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID"
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError as error:
        return Gpus(trouble=f"No NVIDIA GPU can be seen ({error}).")
    try:
        handles = [pynvml.nvmlDeviceGetHandleByIndex(at) for at in range(pynvml.nvmlDeviceGetCount())]
        numbers = visible([_text(pynvml.nvmlDeviceGetUUID(handle)) for handle in handles])
        return Gpus(
            tuple(_facts(index, handles[number]) for index, number in enumerate(numbers)),
            "" if numbers else f"CUDA_VISIBLE_DEVICES hides all of {len(handles)} NVIDIA GPUs.",
        )
    except pynvml.NVMLError as error:
        return Gpus(trouble=f"The NVIDIA driver does not tell about its GPUs ({error}).")
    finally:
        pynvml.nvmlShutdown()


def visible(uuids: Sequence[str]) -> list[int]:
    """Return the numbers of the GPUs that CUDA shows to this process, in the order in which it shows them.

    CUDA_VISIBLE_DEVICES holds numbers or (beginnings of) UUIDs; the first entry that names no GPU, or one
    for the second time, ends the list (CUDA C++ Programming Guide, "CUDA Environment Variables").
    """
    listing = os.environ.get("CUDA_VISIBLE_DEVICES")
    if listing is None:
        return list(range(len(uuids)))
    numbers: list[int] = []
    for entry in (part.strip() for part in listing.split(",")):
        if entry.isdigit():
            named = [int(entry)] if int(entry) < len(uuids) else []
        else:
            named = [number for number, uuid in enumerate(uuids) if entry and uuid.startswith(entry)]
        if len(named) != 1 or named[0] in numbers:
            break
        numbers += named
    return numbers


def _facts(index: int, handle: object) -> Gpu:
    import pynvml

    memory = pynvml.nvmlDeviceGetMemoryInfo(handle)
    try:
        major, minor = pynvml.nvmlDeviceGetCudaComputeCapability(handle)
        capability = (int(major), int(minor))
    except pynvml.NVMLError:
        capability = None
    name = _text(pynvml.nvmlDeviceGetName(handle))
    return Gpu(index, name, int(memory.free) // _MIB, int(memory.total) // _MIB, capability)


def _text(said: str | bytes) -> str:
    return said.decode(errors="replace") if isinstance(said, bytes) else said
