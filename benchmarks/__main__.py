"""`python -m benchmarks [NAME]`: run one benchmark, or all of them, each in a process of its own."""

from __future__ import annotations

import importlib
import pkgutil
import subprocess
import sys
from collections.abc import Sequence
from types import ModuleType

import benchmarks
from benchmarks.harness import Benchmark, run

_MODULES = frozenset({"__main__", "harness"})


def main(arguments: list[str]) -> int:
    """Run what is asked for; return 0 where each target is met, 1 where one is not, 2 for an unknown name."""
    names = arguments or ["all"]
    known = find_benchmarks()
    if names == ["all"]:
        return max([_run_apart(name) for name in known], default=0)
    unknown = [name for name in names if name not in known]
    if unknown:
        print(f"no benchmark is called {', '.join(unknown)}; there are: {', '.join(known)}", file=sys.stderr)
        return 2
    return max([0 if run(known[name]) else 1 for name in names], default=0)


def find_benchmarks() -> dict[str, Benchmark]:
    """Return the benchmarks by name: each module beside this one that holds a BENCHMARK, or BENCHMARKS."""
    modules = (
        importlib.import_module(f"benchmarks.{info.name}")
        for info in pkgutil.iter_modules(benchmarks.__path__)
        if info.name not in _MODULES
    )
    return {each.name: each for module in modules for each in _benchmarks_in(module)}


def _benchmarks_in(module: ModuleType) -> Sequence[Benchmark]:
    alone: Benchmark | None = getattr(module, "BENCHMARK", None)
    several: Sequence[Benchmark] = getattr(module, "BENCHMARKS", ())
    return several if alone is None else (alone, *several)


def _run_apart(name: str) -> int:
    code = subprocess.run([sys.executable, "-m", "benchmarks", name], check=False).returncode
    print(flush=True)
    return 1 if code else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
