"""The k items of greatest dot product for each query, exactly."""

import numpy as np
from common import main, peak_kilobytes, read_factors, repeat

BLOCK = 256  # rows of scores at a time: the whole score matrix would not fit the cache


def measure(run, truth, k, budget):
    seconds, indices = repeat(run, budget)
    peak = peak_kilobytes()
    wanted = truth[:, : min(k, truth.shape[1])]
    found = sum(len(np.intersect1d(row, given)) for row, given in zip(wanted, indices))
    return {"seconds": seconds, "quality": {"recall": found / wanted.size}, "peakKilobytes": peak}


def faiss(file, parameters, threads):
    import faiss as library

    library.omp_set_num_threads(threads)
    queries, items, truth = read_factors(file)
    index = library.IndexFlatIP(items.shape[1])
    index.add(items)
    k = parameters["k"]
    return measure(lambda: index.search(queries, k)[1], truth, k, parameters["budget"])


def pytorch(file, parameters, threads):
    import torch

    torch.set_num_threads(threads)
    queries, items, truth = read_factors(file)
    q, v, k = torch.from_numpy(queries), torch.from_numpy(items).T, parameters["k"]

    def run():
        with torch.inference_mode():
            return torch.cat([torch.topk(block @ v, k).indices for block in q.split(BLOCK)])

    return measure(lambda: run().numpy(), truth, k, parameters["budget"])


def numpy(file, parameters, threads):
    queries, items, truth = read_factors(file)
    k = parameters["k"]

    def best(block):
        scores = block @ items.T
        chosen = np.argpartition(scores, -k, axis=1)[:, -k:]
        order = np.argsort(-np.take_along_axis(scores, chosen, axis=1), axis=1)
        return np.take_along_axis(chosen, order, axis=1)

    def run():
        return np.concatenate([best(queries[at : at + BLOCK]) for at in range(0, len(queries), BLOCK)])

    return measure(run, truth, k, parameters["budget"])


main({"faiss": faiss, "pytorch": pytorch, "numpy": numpy})
