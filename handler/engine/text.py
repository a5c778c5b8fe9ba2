"""Texts as counts of their words or characters: ``sklearn.feature_extraction.text``."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from itertools import chain, repeat
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

# Terms that are held at a time; what they are looked up for is smaller.
_TERMS = 1 << 16

# ASCII's word characters as they are, spaces for the others.
_SPACED = bytes(code if re.match(r"\w", chr(code), re.ASCII) else 32 for code in range(256))


@dataclass(frozen=True, eq=False)
class _Vectorizer(Evaluator):
    """Cuts texts into terms: the mirror of ``_VectorizerMixin.build_analyzer``.

    Parameters
    ----------
    analyzer : {"word", "char", "char_wb"}
    pattern : regular expression whose matches (or its only group's) are the words
    shortest : the least length of a word where words are runs of word characters, else None
    ngrams : the least and the most words, or characters, of a term
    lowercase : bool
    accents : {"ascii", "unicode"}, or None where they stay
    stop_words : words that are left out, or None
    """

    analyzer: str
    pattern: str
    shortest: int | None
    ngrams: Sequence[int]
    lowercase: bool
    accents: str | None
    stop_words: Sequence[str] | None

    def _looked_up(
        self, X: Inputs, look_up: Callable[[list[str]], Positions]
    ) -> tuple[Positions, Positions]:
        """Return the row of each term, and what looking it up gives, both of shape (n_terms,).

        Raises
        ------
        RowsRefused
            For values that are no texts.
        """
        texts, terms, lengths = as_array(X).tolist(), list[str](), list[int]()
        found, steps = [], self._steps()
        try:
            for text in texts:
                more = text
                for step in steps:
                    more = step(more)
                lengths.append(len(more))
                terms += more
                if len(terms) > _TERMS:
                    found.append(look_up(terms))
                    terms.clear()
        except (AttributeError, TypeError):
            raise RowsRefused(list(_no_texts(texts))) from None
        found.append(look_up(terms))
        rows = np.arange(len(texts)).repeat(lengths)
        return rows, found[0] if len(found) == 1 else np.concatenate(found)

    def _steps(self) -> list[Callable[[Any], Any]]:
        if self.analyzer == "char_wb":
            # Made anew for each request: it holds what it has cut.
            return [*self._fixed_steps, _Pieces(self._sizes).of]
        return self._fixed_steps

    @cached_property
    def _fixed_steps(self) -> list[Callable[[Any], Any]]:
        steps: list[Callable[[Any], Any]] = [str.lower] if self.lowercase else []
        steps += [_ACCENTS[self.accents]] if self.accents else []
        if self.analyzer == "word":
            return steps + self._words()
        steps.append(partial(re.compile(r"\s\s+").sub, " "))
        return [*steps, partial(_ngrams, "", self._sizes)] if self.analyzer == "char" else steps

    @property
    def _sizes(self) -> range:
        return range(self.ngrams[0], self.ngrams[1] + 1)

    def _words(self) -> list[Callable[[Any], Any]]:
        find = re.compile(self.pattern).findall
        steps: list[Callable[[Any], Any]] = [find]
        if self.shortest is not None:
            steps = [partial(_words, find, self.shortest)]
        if self.stop_words is not None:
            steps.append(partial(_without, frozenset(self.stop_words)))
        if self.ngrams[1] > 1:
            steps.append(partial(_ngrams, " ", self._sizes))
        return steps


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
    _column: Callable[[str, int], int] = field(init=False, repr=False)
    _width: int = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Build the lookup table once, before the first request."""
        terms = self.vocabulary[1:].split(self.vocabulary[0])
        object.__setattr__(self, "_column", dict(zip(terms, range(len(terms)), strict=True)).get)
        object.__setattr__(self, "_width", len(terms))

    def transform(self, X: Inputs) -> Sparse:
        """Return the counts, shape (n, n_terms), of texts of shape (n,)."""
        rows, columns = self._looked_up(X, self._found)
        known = columns >= 0
        counts = Sparse.counted(rows[known], columns[known], (X.shape[0], self._width))
        data = np.ones_like(counts.data) if self.binary else counts.data
        return counts.with_data(data.astype(self.dtype, copy=False))

    def _found(self, terms: list[str]) -> Positions:
        return np.fromiter(map(self._column, terms, repeat(-1)), np.intp, len(terms))


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
        rows, columns = self._looked_up(X, self._hashed)
        shape = (X.shape[0], self.n_features)
        counts = Sparse.counted(rows, columns >> 1, shape, negative=columns & 1)
        data = np.ones_like(counts.data) if self.binary else counts.data
        return counts.with_data(data.astype(self.dtype))

    def _hashed(self, terms: list[str]) -> Positions:
        """Return twice each term's column, and one more where it counts as -1."""
        columns, negative = hashed_columns(terms, self.n_features)
        return 2 * columns + (negative & self.alternate_sign)


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


def _words(find: Callable[[str], list[str]], shortest: int, text: str) -> list[str]:
    """Return the runs of word characters; in ASCII they are told without the pattern."""
    if not text.isascii():
        return find(text)
    words = text.encode().translate(_SPACED).decode().split()
    return words if shortest == 1 else [word for word in words if len(word) >= shortest]


def _without(stop_words: frozenset[str], words: Sequence[str]) -> list[str]:
    return [word for word in words if word not in stop_words]


def _ngrams(joint: str, sizes: range, parts: Sequence[str]) -> list[str]:
    """Return the runs of words, or of a text's characters, of these lengths, joined."""
    found: list[str] = []
    for size in sizes:
        found += map(joint.join, zip(*[parts[i:] for i in range(size)], strict=False))
    return found


class _Pieces(dict[str, list[str]]):
    """The runs of characters of words, each with a space on both sides; cut once for a request."""

    def __init__(self, sizes: range) -> None:
        super().__init__()
        self.sizes = sizes

    def of(self, text: str) -> list[str]:
        """Return those of all words of a text."""
        return list(chain.from_iterable(map(self.__getitem__, text.split())))

    def __missing__(self, word: str) -> list[str]:
        padded = f" {word} "
        pieces = _ngrams("", range(self.sizes.start, min(self.sizes.stop, len(padded))), padded)
        # A word that is no longer than a run counts once, whole.
        if self.sizes.stop > len(padded):
            pieces.append(padded)
        self[word] = pieces
        return pieces
