"""Texts as counts of their words or characters: ``sklearn.feature_extraction.text``."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from itertools import chain, count, repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handler.engine.base import Evaluator
from handler.engine.checks import floating
from handler.engine.murmurhash import hashed_columns
from handler.engine.sparse import Sparse
from handler.engine.table import Inputs, as_array
from handler.errors import Refusal, RowsRefused

type Positions = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class _Vectorizer(Evaluator):
    """Cuts texts into terms: the mirror of ``_VectorizerMixin.build_analyzer``.

    Parameters
    ----------
    analyzer : {"word", "char", "char_wb"}
    pattern : regular expression whose matches (or its only group's) are the words
    ngrams : the least and the most words, or characters, of a term
    lowercase : bool
    accents : {"ascii", "unicode"}, or None where they stay
    stop_words : words that are left out, or None
    """

    analyzer: str
    pattern: str
    ngrams: Sequence[int]
    lowercase: bool
    accents: str | None
    stop_words: Sequence[str] | None

    def _looked_up(
        self, X: Inputs, look_up: Callable[[Sequence[str]], Iterable[int]]
    ) -> tuple[Positions, Positions]:
        """Return the row and the number of each term, both of shape (n_terms,).

        Raises
        ------
        RowsRefused
            For values that are no texts.
        """
        texts, lengths = as_array(X).tolist(), []

        def numbers() -> Iterator[Iterable[int]]:
            for text in texts:
                terms = self._terms(text)
                lengths.append(len(terms))
                yield look_up(terms)

        try:
            found = np.fromiter(chain.from_iterable(numbers()), np.intp)
        except (AttributeError, TypeError):
            raise RowsRefused(list(_no_texts(texts))) from None
        return np.repeat(np.arange(len(texts)), lengths), found

    def _terms(self, text: Any) -> Sequence[str]:
        for step in self._steps:
            text = step(text)
        return text  # type: ignore[no-any-return]

    @cached_property
    def _steps(self) -> list[Callable[[Any], Any]]:
        steps: list[Callable[[Any], Any]] = [str.lower] if self.lowercase else []
        steps += [_ACCENTS[self.accents]] if self.accents else []
        return steps + (self._words() if self.analyzer == "word" else self._characters())

    def _words(self) -> list[Callable[[Any], Any]]:
        steps: list[Callable[[Any], Any]] = [re.compile(self.pattern).findall]
        if self.stop_words is not None:
            steps.append(partial(_without, frozenset(self.stop_words)))
        if self.ngrams[1] > 1:
            steps.append(partial(_word_ngrams, range(self.ngrams[0], self.ngrams[1] + 1)))
        return steps

    def _characters(self) -> list[Callable[[Any], Any]]:
        ngrams = _char_ngrams if self.analyzer == "char" else _char_ngrams_of_words
        sizes = range(self.ngrams[0], self.ngrams[1] + 1)
        return [partial(re.compile(r"\s\s+").sub, " "), partial(ngrams, sizes)]


@dataclass(frozen=True, eq=False)
class CountVectorizer(_Vectorizer):
    """How often each term of a vocabulary is in a text: the mirror of ``CountVectorizer``.

    Parameters
    ----------
    vocabulary : the terms in the order of their columns, in one string; its first character
        stands before each of them, and is in none
    binary : bool
        Whether a term counts once.
    dtype : str
    """

    vocabulary: str
    binary: bool
    dtype: str
    _columns: dict[str, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Build the lookup table once, before the first request."""
        terms = self.vocabulary[1:].split(self.vocabulary[0])
        object.__setattr__(self, "_columns", dict(zip(terms, range(len(terms)), strict=True)))

    def transform(self, X: Inputs) -> Sparse:
        """Return the counts, shape (n, n_terms), of texts of shape (n,)."""
        rows, columns = self._looked_up(X, self._found)
        known = columns >= 0
        counts = Sparse.counted(rows[known], columns[known], (X.shape[0], len(self._columns)))
        data = np.ones_like(counts.data) if self.binary else counts.data
        return counts.with_data(data.astype(self.dtype))

    def _found(self, terms: Sequence[str]) -> Iterable[int]:
        return map(self._columns.get, terms, repeat(-1))


@dataclass(frozen=True, eq=False)
class HashingVectorizer(_Vectorizer):
    """How often each hash of a term is in a text: the mirror of ``HashingVectorizer``.

    Its norm is a step of its own.

    Parameters
    ----------
    n_features : int
    binary : bool
        Whether all that is found counts as 1.
    alternate_sign : bool
        Whether a term with a negative hash counts as -1.
    dtype : str
    """

    n_features: int
    binary: bool
    alternate_sign: bool
    dtype: str

    def transform(self, X: Inputs) -> Sparse:
        """Return the counts, shape (n, n_features), of texts of shape (n,)."""
        numbers: defaultdict[str, int] = defaultdict(count().__next__)
        rows, found = self._looked_up(X, partial(map, numbers.__getitem__))
        columns, negative = hashed_columns(numbers, self.n_features)
        values = np.where(negative & self.alternate_sign, -1.0, 1.0).astype(self.dtype)
        counts = Sparse.summed(rows, columns[found], values[found], (X.shape[0], self.n_features))
        return counts.with_data(np.ones_like(counts.data)) if self.binary else counts


@dataclass(frozen=True, eq=False)
class TfidfTransformer(Evaluator):
    """Counts weighted by how rare their terms are: the mirror of ``TfidfTransformer``.

    Its norm is a step of its own.

    Parameters
    ----------
    idf : shape (d,), or None for no weights
    sublinear : bool
        Whether a count c becomes 1 + log(c).
    """

    idf: NDArray[Any] | None
    sublinear: bool
    takes_sparse = True

    def transform(self, X: Inputs) -> Sparse:
        """Return the weighted counts, shape (n, d)."""
        values = floating(X, missing=False)
        counts = values if isinstance(values, Sparse) else Sparse.from_array(values)
        data = counts.data
        if self.sublinear:
            # Counts are 0 or negative where hashes cancel: scikit-learn computes on, too.
            with np.errstate(divide="ignore", invalid="ignore"):
                np.log(data, data)
            data += 1.0
        if self.idf is not None:
            data *= self.idf[counts.indices]
        return counts


def _no_texts(values: Sequence[Any]) -> Iterator[Refusal]:
    for row, value in enumerate(values):
        if not isinstance(value, str):
            yield Refusal(row, None, f"{value!r} is no text")


def _strip_to_ascii(text: str) -> str:
    if text.isascii():
        return text
    # Imported where it is needed: its tables are large.
    from unicodedata import normalize

    return normalize("NFKD", text).encode("ASCII", "ignore").decode("ASCII")


def _strip_combining(text: str) -> str:
    if text.isascii():
        return text
    from unicodedata import combining, normalize

    return "".join([letter for letter in normalize("NFKD", text) if not combining(letter)])


_ACCENTS = {"ascii": _strip_to_ascii, "unicode": _strip_combining}


def _without(stop_words: frozenset[str], words: Sequence[str]) -> list[str]:
    return [word for word in words if word not in stop_words]


def _word_ngrams(sizes: range, words: Sequence[str]) -> list[str]:
    found: list[str] = []
    for size in sizes:
        found += map(" ".join, zip(*[words[i:] for i in range(size)], strict=False))
    return found


def _char_ngrams(sizes: range, text: str) -> list[str]:
    found: list[str] = []
    for size in sizes:
        found += [text[i : i + size] for i in range(len(text) - size + 1)]
    return found


def _char_ngrams_of_words(sizes: range, text: str) -> list[str]:
    """Return those of each word with a space on both sides; a shorter word counts once, whole."""
    found: list[str] = []
    for word in text.split():
        padded = f" {word} "
        found += _char_ngrams(range(sizes.start, min(sizes.stop, len(padded))), padded)
        if sizes.stop > len(padded):
            found.append(padded)
    return found
