"""Which home, and where its ledger is."""

import pytest

from fleet.config import read_settings
from fleet.domain.errors import ConfigError
from tests.config.homes import a_home


def test_the_home_given_wins_over_the_variable(tmp_path):
    home = a_home(tmp_path)
    assert read_settings(home, {"FLEET_HOME": "/nowhere"}).home == home
    assert read_settings(None, {"FLEET_HOME": str(home)}).home == home


def test_the_nearest_parent_with_a_fleet_file_is_the_home(tmp_path, monkeypatch):
    home = a_home(tmp_path)
    monkeypatch.chdir(home / "app")
    assert read_settings(None, {}).home == home


def test_no_home_is_refused_with_the_remedy(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match="fleet init"):
        read_settings(None, {})
    with pytest.raises(ConfigError, match="is no home"):
        read_settings(tmp_path, {})


def test_the_ledger_is_in_the_home_unless_said(tmp_path):
    home = a_home(tmp_path)
    assert read_settings(home, {}).database_url == f"sqlite:///{home}/.fleet/ledger.db"
    url = "postgresql://fleet:secret@db/fleet"
    settings = read_settings(home, {"FLEET_DATABASE_URL": url})
    assert settings.database_url == url
    assert "secret" not in repr(settings)


def test_another_kind_of_database_is_refused_without_its_password(tmp_path):
    with pytest.raises(ConfigError, match="'mysql'") as caught:
        read_settings(a_home(tmp_path), {"FLEET_DATABASE_URL": "mysql://fleet:secret@db/x"})
    assert "secret" not in str(caught.value)
