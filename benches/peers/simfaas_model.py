"""SimFaaS 0.2.2 on the nearest model that it has: cold service exponential of mean 1.5 s, the newest
instance first.

Usage: simfaas_model.py LOAD REQUESTS SEED
"""

import sys
import time

import numpy as np
from simfaas.ServerlessSimulator import ServerlessSimulator

if __name__ == "__main__":
    load, requests, seed = float(sys.argv[1]), int(float(sys.argv[2])), int(sys.argv[3])
    np.random.seed(seed)
    simulator = ServerlessSimulator(
        arrival_rate=load,
        warm_service_rate=1.0,
        cold_service_rate=1 / 1.5,
        expiration_threshold=60.0,
        max_time=requests / load,
    )
    started = time.process_time()
    simulator.generate_trace(debug_print=False, progress=False)
    spent = time.process_time() - started
    print(simulator.total_req_count, simulator.total_cold_count, spent)
