"""`make bench`: the speed and memory budget, ours and the pip peers interleaved in one run, into build/bench.json."""

from __future__ import annotations

from engine.bench.frame import BUILD, Benchmark
from engine.bench.rows import BUDGET, ROWS

if __name__ == "__main__":
    Benchmark(str(__doc__), ROWS, BUDGET, BUILD / "bench.json").main()
