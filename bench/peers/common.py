"""What the scripts share: the files of bench/data, repeated timing, and the one line of output."""

import json
import resource
import sys
import time

import numpy as np

HEADER_BYTES = 4096


def read_header(file):
    with open(file, "rb") as handle:
        return json.loads(handle.read(HEADER_BYTES))


def read_columns(file, part):
    """One part ('train' or 'test') of a columns file: users, items, values, one entry a rating."""
    header = read_header(file)
    users, train, test = header["users"], header["trainRatings"], header["testRatings"]
    size = train if part == "train" else test
    at = HEADER_BYTES + (0 if part == "train" else 4 * (users + 1 + 2 * train))
    offsets = np.fromfile(file, np.uint32, users + 1, offset=at)
    items = np.fromfile(file, np.uint32, size, offset=at + 4 * (users + 1))
    values = np.fromfile(file, np.float32, size, offset=at + 4 * (users + 1 + size))
    owners = np.repeat(np.arange(users, dtype=np.uint32), np.diff(offsets))
    return owners, items, values


def read_factors(file):
    """Queries (queries, dim), items (items, dim) and the exact answers (checked, depth) of the first queries."""
    header = read_header(file)
    shapes = [(header["queries"], header["dim"]), (header["items"], header["dim"]), (header["checked"], header["depth"])]
    arrays, at = [], HEADER_BYTES
    for shape, dtype in zip(shapes, [np.float32, np.float32, np.uint32]):
        arrays.append(np.fromfile(file, dtype, shape[0] * shape[1], offset=at).reshape(shape))
        at += arrays[-1].nbytes
    return arrays


def spread(samples):
    ordered = sorted(samples)
    return {"median": ordered[len(ordered) // 2], "min": ordered[0], "max": ordered[-1]}


def repeat(run, budget):
    """Repeats `run` after a warm-up of two, at least three times and until `budget` seconds have passed."""
    for _ in range(2):
        result = run()
    samples, begin = [], time.perf_counter()
    while len(samples) < 3 or time.perf_counter() - begin < budget:
        start = time.perf_counter()
        result = run()
        samples.append(time.perf_counter() - start)
    return spread(samples), result


def peak_kilobytes():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main(implementations):
    """Runs the implementation that the work in argv names, and prints its measurement."""
    work = json.loads(sys.argv[1])
    measurement = implementations[work["driver"]](work["input"], work["parameters"], work["threads"])
    measurement.setdefault("peakKilobytes", peak_kilobytes())
    print("\n" + json.dumps(measurement))
