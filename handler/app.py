"""The Flask app."""

from flask import Flask

from handler import access_log, health, index, model_info, predict, problems
from handler.model import Model
from handler.settings import Settings, settings_from


def create_app(model: Model, settings: Settings | None = None) -> Flask:
    """Return the app that serves a model.

    Parameters
    ----------
    model : loaded model
    settings : limits; those of the environment by default

    Raises
    ------
    SkzapError
        For an environment variable that does not fit.
    """
    settings = settings or settings_from()
    app = Flask("handler", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = settings.max_bytes
    app.url_map.merge_slashes = False  # a redirect would lose the stage that the client sees
    access_log.register(app)
    problems.register(app)
    for resource in (index, health, model_info):
        resource.register(app, model)
    predict.register(app, model, settings.max_rows)
    return app
