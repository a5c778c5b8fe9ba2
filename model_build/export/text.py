"""Exports the vectorizers of texts; the mirror of ``handler.engine.text``."""

from collections.abc import Iterable, Mapping
from copy import copy
from typing import Any

import numpy as np
from sklearn.feature_extraction import text

from model_build.export.node import Context, Exporter, Node

# Patterns of words that are runs of word characters, with the least length of such a run.
_RUNS = {r"\b\w+\b": 1, r"\w+": 1, r"\b\w\w+\b": 2, r"\w\w+": 2, r"\w{2,}": 2, r"\b\w{2,}\b": 2}


def _count_vectorizer(estimator: Any, context: Context) -> Node:
    terms = _terms(estimator, context)
    return {
        "kind": "text.CountVectorizer",
        **_analysis(estimator, context, terms),
        "vocabulary": _joined(terms),
        "binary": bool(estimator.binary),
        "dtype": _dtype(estimator, context, "fiub"),
    }


def _hashing_vectorizer(estimator: text.HashingVectorizer, context: Context) -> Node:
    counts = {
        "kind": "text.HashingVectorizer",
        **_analysis(estimator, context, None),
        "n_features": int(estimator.n_features),
        "binary": bool(estimator.binary),
        "alternate_sign": bool(estimator.alternate_sign),
        "dtype": _dtype(estimator, context, "fiu"),
    }
    return _normalized([counts], estimator.norm)


def _tfidf_transformer(estimator: text.TfidfTransformer, _: Context) -> Node:
    return _normalized([_weights(estimator)], estimator.norm)


def _tfidf_vectorizer(estimator: text.TfidfVectorizer, context: Context) -> Node:
    counts, tfidf = _count_vectorizer(estimator, context), estimator._tfidf
    return _normalized([counts, _weights(tfidf)], tfidf.norm)


def _weights(estimator: text.TfidfTransformer) -> Node:
    return {
        "kind": "text.TfidfTransformer",
        "idf": getattr(estimator, "idf_", None),
        "sublinear": bool(estimator.sublinear_tf),
    }


def _normalized(nodes: list[Node], norm: str | None) -> Node:
    """Return steps, and the norm as one more, as a pipeline; a single step as it is."""
    steps = [*nodes, {"kind": "preprocessing.Normalizer", "norm": norm}] if norm else nodes
    if len(steps) == 1:
        return steps[0]
    return {"kind": "compose.Pipeline", "steps": steps[:-1], "final": steps[-1]}


def _analysis(estimator: Any, context: Context, terms: Iterable[str] | None) -> Node:
    """Return how texts are cut into terms; ``terms`` are those that count, None for all."""
    _refuse_code(estimator, context)
    least, most = estimator.ngram_range
    if least < 1:
        raise context.unsupported(estimator, f"its ngram_range starts at {least}, not at a word")
    return {
        "analyzer": estimator.analyzer,
        "pattern": estimator.token_pattern or "",
        "shortest": _shortest(estimator, terms),
        "ngrams": [int(least), int(most)],
        "lowercase": bool(estimator.lowercase),
        "accents": estimator.strip_accents or None,
        "stop_words": _stop_words(estimator, terms),
    }


def _refuse_code(estimator: Any, context: Context) -> None:
    for setting in ("analyzer", "tokenizer", "preprocessor", "strip_accents"):
        value = getattr(estimator, setting)
        if callable(value):
            raise context.unsupported(estimator, f"its {setting} {value!r} is code")
    if estimator.input != "content":
        raise context.unsupported(estimator, f"it reads its texts from a {estimator.input}")


def _shortest(estimator: Any, terms: Iterable[str] | None) -> int | None:
    """Return the least length of a word where words are runs of word characters, else None."""
    shortest = _RUNS.get((estimator.token_pattern or "").removeprefix("(?u)"))
    if shortest is None or terms is None or estimator.ngram_range[1] > 1:
        return shortest
    # Words that are too short need not be left out where no term is as short.
    return 1 if min(map(len, terms)) >= shortest else shortest


def _stop_words(estimator: Any, terms: Iterable[str] | None) -> list[str] | None:
    """Return the stop words, None where they change nothing.

    A stop word that no vocabulary holds is not found in any case; n-grams close its gap.
    """
    stop_words = estimator.get_stop_words() if estimator.analyzer == "word" else None
    alone = terms is not None and estimator.ngram_range[1] == 1
    if not stop_words or (alone and stop_words.isdisjoint(terms)):
        return None
    return sorted(stop_words)


def _terms(estimator: Any, context: Context) -> list[str]:
    """Return the vocabulary in the order of its columns."""
    known = copy(estimator)
    known._check_vocabulary()  # it makes that of an estimator that needs no fit
    terms = sorted(known.vocabulary_, key=known.vocabulary_.__getitem__)
    strange = [term for term in terms if not isinstance(term, str) or not _is_unicode(term)]
    if strange:
        raise context.unsupported(estimator, f"the term {strange[0]!r} is no text")
    return terms


def _is_unicode(term: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in term)


def _joined(terms: list[str]) -> str:
    """Return the terms, each behind a character that none of them holds."""
    held = set("".join(terms))
    separator = next(letter for letter in map(chr, range(ord("\n"), 0xD800)) if letter not in held)
    return "".join([separator + term for term in terms])


def _dtype(estimator: Any, context: Context, kinds: str) -> str:
    dtype = np.dtype(estimator.dtype)
    if dtype.kind not in kinds:
        raise context.unsupported(estimator, f"its counts are of type {dtype}")
    return str(dtype.str)


EXPORTERS: Mapping[type, Exporter] = {
    text.CountVectorizer: _count_vectorizer,
    text.HashingVectorizer: _hashing_vectorizer,
    text.TfidfTransformer: _tfidf_transformer,
    text.TfidfVectorizer: _tfidf_vectorizer,
}
