"""Medians of the rounds as a Markdown table. Usage: table.py ROWS"""

import statistics
import sys

NAMES = {
    "frostline": "Frostline, batch kernel",
    "heap": "plain Python, heapq",
    "simpy": "SimPy 4.1.2",
    "simfaas": "SimFaaS 0.2.2",
}

rates, colds = {}, {}
for row in open(sys.argv[1]):
    name, load, requests, cold, seconds = row.split()
    rates.setdefault((name, float(load)), []).append(float(requests) / float(seconds))
    counts = colds.setdefault((name, float(load)), [0, 0])
    counts[0] += int(cold)
    counts[1] += int(requests)

loads = sorted({load for _, load in rates})
print("Thousand requests a CPU second (Frostline is so many times faster) and cold ratio seen.\n")
print("| | " + " | ".join(f"{load:g} busy" for load in loads) + " |")
print("|---|" + "---|" * len(loads))
for name, title in NAMES.items():
    cells = []
    for load in loads:
        ours = statistics.median(rates["frostline", load])
        theirs = statistics.median(rates[name, load])
        cold, requests = colds[name, load]
        times = "" if name == "frostline" else f" ({ours / theirs:,.0f}×)"
        cells.append(f"{theirs / 1e3:,.0f}{times}, cold {cold / requests:.2%}")
    print(f"| {title} | " + " | ".join(cells) + " |")
print("\nThe others' runs are short and start from an empty pool, which shows in their cold ratios.")
