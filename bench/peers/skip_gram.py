"""Skip-gram with negative sampling by gensim: seconds of an epoch, in the mean over all.

A trial may bound the words that gensim trains on; the time of an epoch is then scaled up and marked so.
"""

import numpy as np
from common import main, peak_kilobytes, read_columns, read_header
from gensim.models import Word2Vec
from gensim.models.word2vec import FAST_VERSION

# As bench/tasks/skip-gram.ts ranks.
RANKED_USERS, K = 2000, 10


def histories(file):
    """Item indices of each user in the order of time; the values of such a file are places."""
    owners, items, places = read_columns(file, "train")
    order = np.lexsort((places, owners))
    starts = np.flatnonzero(np.diff(owners[order])) + 1
    return np.split(items[order], starts), owners[order][np.append(0, starts)]


def ndcg(vectors, trained, users, lists, file):
    """Mean ndcg@10 by the cosine with the mean vector of what a user has seen, the seen left out."""
    seen = dict(zip(users.tolist(), lists))
    owners, relevant, _ = read_columns(file, "test")
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    units = vectors / np.where(lengths > 0, lengths, 1)
    discounts = 1 / np.log2(np.arange(K) + 2)
    results = []
    for user in np.unique(owners)[:RANKED_USERS].tolist():
        mine = relevant[owners == user]
        if user not in seen:
            continue
        scores = np.where(trained, units @ vectors[seen[user]].mean(0), -np.inf)
        scores[seen[user]] = -np.inf
        top = np.argpartition(-scores, K)[:K]
        hits = np.isin(top[np.argsort(-scores[top])], mine)
        results.append(float((hits * discounts).sum() / discounts[: min(K, len(mine))].sum()))
    return float(np.mean(results))


def gensim(file, parameters, threads):
    lists, users = histories(file)
    words = sum(map(len, lists))
    bound = parameters.get("gensimWords", words)
    sizes = np.cumsum([len(items) for items in lists])
    taken = lists[: int(np.searchsorted(sizes, bound)) + 1]
    used = sum(map(len, taken))
    epochs, seeds = parameters["epochs"], parameters.get("seeds", 1)
    models = [
        Word2Vec(
            [list(map(str, items)) for items in taken],
            sg=1,
            vector_size=parameters["dim"],
            window=parameters["window"],
            negative=parameters["negatives"],
            alpha=parameters["learningRate"],
            epochs=epochs,
            workers=threads,
            sample=parameters.get("sample", 0),
            min_count=1,
            seed=seed + 1,
        )
        for seed in range(seeds)
    ]
    trained = sum(model.total_train_time for model in models) / seeds
    seconds = trained * words / used / epochs
    quality = {"thousandWordsPerSecond": used * epochs / trained / 1000}
    result = {
        "seconds": {"median": seconds, "min": seconds, "max": seconds},
        "peakKilobytes": peak_kilobytes(),
        "note": f"FAST_VERSION {FAST_VERSION}, {threads} workers: other vectors in each run",
    }
    if used < words:
        return {**result, "quality": quality, "extrapolated": f"{used:,} of {words:,} words"}
    scores = [ndcg(*vectors_of(model, file), users, lists, file) for model in models]
    quality["ndcg@10"] = float(np.mean(scores))
    if seeds > 1:
        quality["ndcg@10 deviation"] = float(np.std(scores, ddof=1))
    return {**result, "quality": quality}


def vectors_of(model, file):
    """Vectors of all items, zeros where there is none, and which items have one."""
    vectors = np.zeros((read_header(file)["items"], model.vector_size), np.float32)
    trained = np.zeros(len(vectors), bool)
    for name, row in model.wv.key_to_index.items():
        vectors[int(name)] = model.wv.vectors[row]
        trained[int(name)] = True
    return vectors, trained


main({"gensim": gensim})
