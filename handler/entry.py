"""Where Lambda enters: ``handler.entry.lambda_handler``.

The model is loaded and checked when this module is imported, so that a function with a bad
model never starts, SnapStart's snapshot holds the model, and no request waits for it.
"""

import os
from pathlib import Path

# numpy reads them when it is imported. A function has one virtual CPU below 1,769 MB, and
# OpenBLAS sets a buffer aside for each thread.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

from handler.app import create_app
from handler.artifact import load_model
from handler.dispatch import create_handler
from handler.errors import SkzapError
from handler.settings import settings_from

__all__ = ["app", "lambda_handler"]

_MODEL = Path(__file__).resolve().parent.parent / "model"

try:
    _settings = settings_from(os.environ)
    app = create_app(load_model(os.environ.get("SKZAP_MODEL", _MODEL)), _settings)
except SkzapError as error:
    # Lambda logs the message and the frames; those below this one tell a user nothing.
    raise error.with_traceback(None) from None

lambda_handler = create_handler(app, _settings.base_path)
