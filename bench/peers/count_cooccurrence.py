"""Counting how often items are liked together."""

import time

from common import main, peak_kilobytes, spread
from likes import cooccurrence, like_matrix


def scipy(file, parameters, threads):
    likes = like_matrix(file)
    seconds = []
    for _ in range(parameters["repetitions"]):
        start = time.perf_counter()
        product = likes.T @ likes  # alone: taking out the diagonal is not timed
        seconds.append(time.perf_counter() - start)
    del product
    counts = cooccurrence(likes)
    quality = {"nonzeros": int(counts.nnz), "sum": float(counts.sum())}
    return {"seconds": spread(seconds), "quality": quality, "peakKilobytes": peak_kilobytes()}


main({"scipy": scipy})
