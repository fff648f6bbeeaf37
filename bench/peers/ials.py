"""Implicit alternating least squares in PyTorch: seconds of an epoch. Every row is solved exactly, by batched Cholesky over
rows of about equal length; the objective is that of palate's ials with regularizationPower 1."""

import time

import numpy as np
import torch
from common import main, peak_kilobytes, read_columns, read_header, spread

PAIRS_A_BATCH = 1 << 16
ROWS_A_BATCH = 1 << 10


class Side:
    """Rows to fit, with what each has, the shortest first."""

    def __init__(self, rows, owners, others):
        order = np.argsort(owners, kind="stable")
        self.others = torch.from_numpy(others[order].astype(np.int64))
        self.counts = np.bincount(owners, minlength=rows)
        self.starts = np.concatenate(([0], np.cumsum(self.counts)[:-1]))
        self.by_length = np.argsort(self.counts, kind="stable")
        self.by_length = self.by_length[self.counts[self.by_length] > 0]

    def batches(self):
        """Rows whose pairs, padded to the longest, are few enough to gather at once."""
        at = 0
        while at < len(self.by_length):
            end = min(at + ROWS_A_BATCH, len(self.by_length))
            while end > at + 1 and (end - at) * self.counts[self.by_length[end - 1]] > PAIRS_A_BATCH:
                end = at + (end - at) // 2
            yield self.by_length[at:end]
            at = end


def fit(side, rows, fixed, regularization, weight):
    dim = fixed.shape[1]
    gram = weight * (fixed.T @ fixed)
    for batch in side.batches():
        counts = side.counts[batch]
        places = np.minimum(np.arange(counts.max())[None, :], counts[:, None] - 1)
        there = torch.from_numpy((np.arange(counts.max())[None, :] < counts[:, None]).astype(np.float32))
        pairs = side.others[torch.from_numpy(side.starts[batch][:, None] + places)]
        gathered = fixed[pairs.view(-1)].view(len(batch), -1, dim) * there[:, :, None]
        penalties = torch.from_numpy((regularization * (counts + weight * len(fixed))).astype(np.float32))
        systems = torch.bmm(gathered.transpose(1, 2), gathered) + gram
        systems.diagonal(dim1=1, dim2=2).add_(penalties[:, None])
        solved = torch.cholesky_solve(gathered.sum(1)[:, :, None], torch.linalg.cholesky_ex(systems)[0])
        rows[torch.from_numpy(batch)] = solved[:, :, 0]


def objective(users, items, p, q, owners, others, regularization, weight):
    """For each positive, as palate reports it."""
    total = weight * float(((p.T @ p).double() * (q.T @ q).double()).sum())
    for at in range(0, len(owners), 1 << 20):
        chosen = [torch.from_numpy(ids[at : at + (1 << 20)].astype(np.int64)) for ids in (owners, others)]
        total += float(((p[chosen[0]] * q[chosen[1]]).sum(1) - 1).double().square().sum())
    for side, rows, size in ((users, p, len(q)), (items, q, len(p))):
        penalties = regularization * (side.counts + weight * size)
        total += float((torch.from_numpy(penalties) * rows.double().square().sum(1)).sum())
    return total / len(owners)


def pytorch(file, parameters, threads):
    torch.set_num_threads(threads)
    torch.manual_seed(42)
    header = read_header(file)
    owners, others, _ = read_columns(file, "train")
    dim, options = parameters["dim"], (parameters["regularization"], parameters["unobservedWeight"])
    users, items = Side(header["users"], owners, others), Side(header["items"], others, owners)
    p, q = (torch.randn(header[side], dim) * (0.1 / dim**0.5) for side in ("users", "items"))
    for rows, side in ((p, users), (q, items)):
        rows[torch.from_numpy(side.counts == 0)] = 0
    seconds = []
    for _ in range(parameters["epochs"]):
        start = time.perf_counter()
        fit(users, p, q, *options)
        fit(items, q, p, *options)
        seconds.append(time.perf_counter() - start)
    result = {"seconds": spread(seconds[1:]), "peakKilobytes": peak_kilobytes()}
    return {**result, "quality": {"trainLoss": objective(users, items, p, q, owners, others, *options)}}


main({"pytorch": pytorch})
