"""Item-item weights as one writes them with SciPy: cosines by a sparse product, EASE by LAPACK's Cholesky inverse."""

import time

import numpy as np
from common import main, peak_kilobytes, spread
from likes import like_matrix
from scipy.linalg.lapack import dpotrf, dpotri

CHUNK = 1024


def strongest(columns, neighbors):
    """The elements of greatest size in each column of a dense block; returns their sum of sizes and how many there are."""
    sizes = np.abs(columns)
    if neighbors < sizes.shape[0]:
        kept = np.argpartition(sizes, -neighbors, axis=0)[-neighbors:]
        sizes = np.take_along_axis(sizes, kept, axis=0)
    return float(sizes.sum()), int((sizes != 0).sum())


def item_knn(likes, neighbors):
    norms = np.sqrt(np.asarray(likes.sum(axis=0)).ravel())
    counts = (likes.T @ likes).tocsc()
    counts.setdiag(0)
    total, kept = 0.0, 0
    for first in range(0, counts.shape[1], CHUNK):
        block = counts[:, first : first + CHUNK].toarray()
        block /= np.outer(norms, norms[first : first + CHUNK]) + 10
        size, found = strongest(block, neighbors)
        total += size
        kept += found
    return total, kept


def ease(likes, neighbors):
    liked = likes[:, np.asarray(likes.sum(axis=0)).ravel() > 0]
    gram = (liked.T @ liked).toarray().astype(np.float64)
    gram[np.diag_indices_from(gram)] += 250
    factor, _ = dpotrf(gram, lower=True, overwrite_a=True)
    inverse, _ = dpotri(factor, lower=True, overwrite_c=True)
    inverse += np.tril(inverse, -1).T
    weights = inverse / -np.diag(inverse)
    np.fill_diagonal(weights, 0)
    total, kept = 0.0, 0
    for first in range(0, weights.shape[1], CHUNK):
        size, found = strongest(weights[:, first : first + CHUNK], neighbors)
        total += size
        kept += found
    return total, kept


def scipy(file, parameters, threads):
    likes = like_matrix(file)
    fit = {"itemKnn": item_knn, "ease": ease}[parameters["model"]]
    seconds = []
    for _ in range(parameters["repetitions"]):
        start = time.perf_counter()
        total, kept = fit(likes, parameters["neighbors"])
        seconds.append(time.perf_counter() - start)
    quality = {"weightSum": total, "weights": kept}
    return {"seconds": spread(seconds), "quality": quality, "peakKilobytes": peak_kilobytes()}


main({"scipy": scipy})
