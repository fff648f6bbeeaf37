"""An epoch of full-batch Adam on sum over i != j of (v_i . v_j - X_ij)^2, with the gradient by hand: autograd would hold
several more matrices of all pairs. Below full width the products are avoided as palate avoids them."""

import time

import torch
from common import main, peak_kilobytes, spread
from likes import cooccurrence, like_matrix


def dense_slopes(v, counts, residuals, slopes):
    """Cost and gradient by the products of all pairs; both matrices are reused."""
    torch.mm(v, v.T, out=residuals)
    residuals.sub_(counts)
    residuals.fill_diagonal_(0)
    cost = residuals.view(-1).dot(residuals.view(-1))
    torch.mm(residuals, v, out=slopes)
    slopes.mul_(4)
    return cost


def sparse_slopes(v, counts, sum_squares, slopes):
    gram = v.T @ v
    lengths = (v * v).sum(1, keepdim=True)
    neighbours = torch.sparse.mm(counts, v)
    cost = (gram * gram).sum() - (lengths * lengths).sum() - 2 * (neighbours * v).sum() + sum_squares
    torch.mm(v, gram, out=slopes)
    slopes.addcmul_(lengths, v, value=-1).sub_(neighbours).mul_(4)
    return cost


def adam_of(vectors, rate):
    try:
        return torch.optim.Adam([vectors], lr=rate, fused=True)
    except (RuntimeError, TypeError):  # no fused Adam for CPUs in this version
        return torch.optim.Adam([vectors], lr=rate, foreach=True)


def pytorch(file, parameters, threads):
    torch.set_num_threads(threads)
    torch.manual_seed(42)
    counts = cooccurrence(like_matrix(file))
    items, dim = counts.shape[0], parameters["dim"] or counts.shape[0]
    vectors = torch.nn.Parameter(torch.randn(items, dim) * parameters["initStd"])
    vectors.grad = torch.zeros_like(vectors)
    optimizer = adam_of(vectors, parameters["learningRate"])
    if dim >= items:
        targets, residuals = torch.from_numpy(counts.toarray()), torch.empty(items, items)
        slopes = lambda: dense_slopes(vectors.data, targets, residuals, vectors.grad)
    else:
        parts = [torch.from_numpy(part) for part in (counts.indptr, counts.indices, counts.data)]
        targets = torch.sparse_csr_tensor(*parts, size=counts.shape)
        squares = float((counts.data.astype("float64") ** 2).sum())
        slopes = lambda: sparse_slopes(vectors.data, targets, squares, vectors.grad)
    seconds, cost = [], None
    for _ in range(parameters["epochs"]):
        start = time.perf_counter()
        cost = slopes()
        optimizer.step()
        seconds.append(time.perf_counter() - start)
    quality = {"cost": float(cost)}
    return {"seconds": spread(seconds[1:]), "quality": quality, "peakKilobytes": peak_kilobytes()}


main({"pytorch": pytorch})
