"""EnvPool's CartPole, played one round for each line on stdin; answers in lines of JSON."""
# mypy: disable-error-code="import-not-found"

import itertools
import json
import sys
import time

import envpool
import numpy as np

ENVS = 1024
STEPS = 200


def main() -> None:
    """Sync mode, one worker thread, the gymnasium face; random actions drawn beforehand."""
    envs = envpool.make("CartPole-v1", env_type="gymnasium", num_envs=ENVS, num_threads=1, seed=1)
    envs.reset()
    actions = np.random.default_rng(0).integers(0, 2, (16, ENVS)).astype(np.int32)
    for _ in sys.stdin:
        ended = []
        wall, cpu = time.perf_counter(), time.process_time()
        for action in itertools.islice(itertools.cycle(actions), STEPS):
            _, _, terminated, truncated, _ = envs.step(action)
            ended += [terminated, truncated]
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        facts = {"value": 1e-6 * ENVS * STEPS / cpu, "resets": int(np.sum(ended)), "wall_s": wall, "cpu_s": cpu}
        print(json.dumps(facts), flush=True)


if __name__ == "__main__":
    main()
