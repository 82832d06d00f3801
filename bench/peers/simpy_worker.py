"""The workloads on simpy: H a process a timer, P and S a process and a store for each node."""

import math
import random
import sys
import time

import simpy


class Counter:
    handled = 0


def holder(env, counter):
    while True:
        yield env.timeout(random.expovariate(1.0))
        counter.handled += 1


def carry(env, store, hops):
    yield env.timeout(random.uniform(0.001, 0.010))
    store.put(hops)


def node(env, me, stores, counter, hops):
    def send(hops):
        other = random.randrange(len(stores) - 1)
        env.process(carry(env, stores[other + 1 if other >= me else other], hops))

    send(hops)
    while True:
        hops = yield stores[me].get()
        counter.handled += 1
        if hops > 1:
            send(hops - 1)


def ping(seed, nodes, hops):
    random.seed(seed)
    env, counter = simpy.Environment(), Counter()
    stores = [simpy.Store(env) for _ in range(nodes)]
    for me in range(nodes):
        env.process(node(env, me, stores, counter, hops))
    return env, counter


def measure(env, counter, warm_up, piece, budget):
    env.run(until=warm_up)
    start, before = time.process_time(), counter.handled
    while time.process_time() - start < budget:
        env.run(until=env.now + piece)
    return counter.handled - before, time.process_time() - start


def main():
    workload, size, budget = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    if workload == "H":
        env, counter = simpy.Environment(), Counter()
        for _ in range(size):
            env.process(holder(env, counter))
        piece = min(max(10_000 / size, 0.05), 10.0)
        events, seconds = measure(env, counter, max(piece, 1.0), piece, budget)
    elif workload == "P":
        env, counter = ping(1, size, math.inf)
        events, seconds = measure(env, counter, 0.02, max(55.0 / size, 0.001), budget)
    else:
        start, events = time.process_time(), 0
        while events == 0 or time.process_time() - start < budget:
            env, counter = ping(events, 5, 1000)
            env.run()
            assert counter.handled == 5000
            events += 1
        seconds = time.process_time() - start
    with open("/proc/self/status") as status:
        peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
    print(f'{{"events":{events},"seconds":{seconds},"peak_kib":{peak}}}')


main()
