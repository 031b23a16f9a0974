"""backend.yaml: what it may hold, and what is said of mistakes in it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from voicebot.backends.declared import open_declared, read_declaration
from voicebot.backends.registry import open_backend
from voicebot.backends.rest import RestBackend
from voicebot.backends.shop_demo import ShopDemo
from voicebot.backends.sql import SqlBackend
from voicebot.errors import VoicebotError

GUIDE = Path(__file__).parents[2] / "docs/integrators-backends.md"

REST = """\
kind: rest
base_url: https://orders.example.com/api
auth:
  bearer: {env: SHOP_TOKEN}
operations:
  order.find:
    path: /orders/{number}
    result:
      number: order.no
"""

SQL = """\
kind: sql
url: sqlite:///shop.db
operations:
  order.find:
    sql: SELECT number FROM orders WHERE number = :number
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "backend.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_kind_decides(tmp_path: Path) -> None:
    assert isinstance(open_declared(written(tmp_path, REST), {"SHOP_TOKEN": "s"}), RestBackend)
    assert isinstance(open_declared(written(tmp_path, SQL), {}), SqlBackend)


@pytest.mark.parametrize("text", [REST, SQL])
def test_a_declaration_tells_its_operations(text: str, tmp_path: Path) -> None:
    assert read_declaration(written(tmp_path, text)).operations["order.find"].arguments == {"number"}


@pytest.mark.parametrize("text", re.findall(r"```yaml\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL))
def test_the_guides_examples_are_right(text: str, tmp_path: Path) -> None:
    environment = {"SHOP_TOKEN": "s", "SHOP_DATABASE_URL": "sqlite:///shop.db"}
    open_declared(written(tmp_path, text), environment)


def test_a_declaration_goes_before_the_named_demonstration(tmp_path: Path) -> None:
    pack = tmp_path / "pack"
    pack.mkdir()
    assert isinstance(open_backend("shop_demo", pack), ShopDemo)
    written(pack, SQL)
    assert isinstance(open_backend("shop_demo", pack), SqlBackend)


def test_an_unknown_demonstration_is_named_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(VoicebotError, match="shop_demo"):
        open_backend("nothing", tmp_path)


MISTAKES = [
    ("kind: soap\n", 1, "kind"),
    (REST.replace("https:", "http:"), 2, "https://"),
    (REST.replace("https://", "https://bot:pw@"), 2, "environment"),
    (REST.replace("{env: SHOP_TOKEN}", "abc"), 4, ""),
    (REST.replace("bearer: {env: SHOP_TOKEN}", "{}"), 3, "exactly one"),
    (REST.replace("/orders/{number}", "orders"), 7, "path"),
    (REST.replace("order.no", "order.[no"), 9, "JMESPath"),
    (REST.replace("    path", "    verb: GET\n    path"), 7, "not known"),
    (REST.replace("    path", "    optional: [number]\n    path"), 6, "optional"),
    (REST + "timeout_s: 0\n", 10, "timeout_s"),
    (SQL.replace("sqlite:///shop.db", "shop.db"), 2, "sqlite:///"),
    (SQL.replace("sqlite:///shop.db", "soap://here/x"), 2, "database"),
    (SQL.replace("sqlite:///shop.db", "postgresql://bot:pw@db/shop"), 2, "environment"),
    (SQL.replace("SELECT number FROM orders", "DELETE FROM orders"), 4, "writes: true"),
    (SQL.replace("= :number", "= :number; DROP TABLE orders"), 5, "one statement"),
    (SQL + "    rows: none\n", 4, "writes: true"),
]


@pytest.mark.parametrize(("text", "line", "says"), MISTAKES)
def test_a_mistake_is_named_with_its_line(text: str, line: int, says: str, tmp_path: Path) -> None:
    with pytest.raises(VoicebotError) as raised:
        open_declared(written(tmp_path, text), {"SHOP_TOKEN": "s"})
    message = str(raised.value)
    assert f"backend.yaml, line {line}:" in message
    assert says in message
    assert "pw" not in message
    assert "\n" not in message


@pytest.mark.parametrize("environment", [{}, {"SHOP_TOKEN": " "}, {"SHOP_TOKEN": "비밀"}, {"SHOP_TOKEN": "a\nb"}])
def test_a_secret_that_can_not_be_used_stops_the_start_without_being_shown(
    environment: dict[str, str], tmp_path: Path
) -> None:
    with pytest.raises(VoicebotError) as raised:
        open_declared(written(tmp_path, REST), environment)
    assert "SHOP_TOKEN" in str(raised.value)
    assert "비밀" not in str(raised.value)


def test_a_missing_secret_is_named_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(VoicebotError, match=r"line 4: the environment variable SHOP_TOKEN is not set"):
        open_declared(written(tmp_path, REST), {})


def test_an_address_from_the_environment_is_checked_too(tmp_path: Path) -> None:
    text = REST.replace("https://orders.example.com/api", "{env: SHOP_URL}")
    with pytest.raises(VoicebotError, match=r"line 2: base_url is not encrypted") as raised:
        open_declared(written(tmp_path, text), {"SHOP_TOKEN": "s", "SHOP_URL": "http://inner.example.com"})
    assert "inner" not in str(raised.value)
