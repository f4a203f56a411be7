"""`make bench`: how fast training is, beside stock RLlib and stable-baselines3, into build/bench-training.json."""

from __future__ import annotations

from engine.bench.frame import BUILD, Benchmark
from training.bench.rows import BUDGET, ROWS
from training.cluster import start_ray

if __name__ == "__main__":
    start_ray()
    Benchmark(str(__doc__), ROWS, BUDGET, BUILD / "bench-training.json").main()
