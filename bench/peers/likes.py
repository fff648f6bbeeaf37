"""Co-occurrence of liked items, X = L^T L without its diagonal, by SciPy."""

import numpy as np
from common import read_columns, read_header
from scipy.sparse import csr_matrix


def like_matrix(file):
    """L: (users, items), 1 where the rating is at least 4."""
    header = read_header(file)
    users, items, values = read_columns(file, "train")
    liked = values >= 4
    ones = np.ones(int(liked.sum()), np.float32)
    return csr_matrix((ones, (users[liked], items[liked])), shape=(header["users"], header["items"]))


def cooccurrence(likes):
    counts = (likes.T @ likes).tocsr()
    counts.setdiag(0)
    counts.eliminate_zeros()
    return counts
