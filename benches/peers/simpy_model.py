"""The model of heap.py as SimPy 4 processes: one process a request, the pool as the array last[n].

Usage: simpy_model.py LOAD REQUESTS SEED
"""

import random
import sys
import time

import simpy


def run(load, requests, seed):
    exponential = random.Random(seed).expovariate
    env = simpy.Environment()
    timeout = env.timeout
    state = [0, 0]
    last = [-1e18] * 65536

    def request():
        busy = state[0]
        span = exponential(1.0)
        if env.now - last[busy] > 60.0:
            state[1] += 1
            span += exponential(2.0)
        state[0] = busy + 1
        yield timeout(span)
        busy = state[0] = state[0] - 1
        last[busy] = env.now

    def arrivals():
        process = env.process
        for _ in range(requests):
            yield timeout(exponential(load))
            process(request())

    env.process(arrivals())
    env.run()
    return state[1]


if __name__ == "__main__":
    load, requests, seed = float(sys.argv[1]), int(float(sys.argv[2])), int(sys.argv[3])
    started = time.process_time()
    cold = run(load, requests, seed)
    print(requests, cold, time.process_time() - started)
