import pytest

from handler.errors import SkzapError
from handler.settings import Settings, settings_from


def test_defaults() -> None:
    assert settings_from({}) == Settings(10_000, 6 * 1024 * 1024, "")


def test_what_is_set() -> None:
    environment = {
        "SKZAP_MAX_ROWS": "5",
        "SKZAP_MAX_BYTES": "1000",
        "SKZAP_BASE_PATH": "models/churn/",
    }
    assert settings_from(environment) == Settings(5, 1000, "/models/churn")


@pytest.mark.parametrize("text", ["", "0", "-1", "1e3", "many", "\u0661", "1.0"])
@pytest.mark.parametrize("name", ["SKZAP_MAX_ROWS", "SKZAP_MAX_BYTES"])
def test_limits_that_are_none(name: str, text: str) -> None:
    with pytest.raises(SkzapError, match=f"{name} must be a positive whole number"):
        settings_from({name: text})
