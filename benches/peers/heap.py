"""The model of the benches in plain Python: a heap of departures and the array last[n].

One function, Poisson arrivals, exponential service of mean 1 s, exponential init of mean 0.5 s,
instances kept for 60 s, most-recent reuse. Prints requests, cold starts and CPU seconds.

Usage: heap.py LOAD REQUESTS SEED
"""

import random
import sys
import time
from heapq import heappop, heappush


def run(load, requests, seed):
    exponential = random.Random(seed).expovariate
    keep_alive = 60.0
    last = [-1e18] * 64
    departures = []
    now, busy, cold = 0.0, 0, 0
    for _ in range(requests):
        now += exponential(load)
        while departures and departures[0] <= now:
            instant = heappop(departures)
            busy -= 1
            last[busy] = instant
        span = exponential(1.0)
        if now - last[busy] > keep_alive:
            cold += 1
            span += exponential(2.0)
        busy += 1
        if busy >= len(last):
            last.extend([-1e18] * len(last))
        heappush(departures, now + span)
    return cold


if __name__ == "__main__":
    load, requests, seed = float(sys.argv[1]), int(float(sys.argv[2])), int(sys.argv[3])
    started = time.process_time()
    cold = run(load, requests, seed)
    print(requests, cold, time.process_time() - started)
