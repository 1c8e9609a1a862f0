"""What README, CHANGELOG and docs say is so: settings, commands, paths and links are checked."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterable
from pathlib import Path

import pytest
from django.conf import settings
from django.core import management
from django.core.management import find_commands, get_commands

from nanobanana.environment import SETTINGS, Setting
from nanobanana.tests.source import LAYERS, Tree

ROOT = Path(settings.BASE_DIR)
HOUSE = Tree(ROOT)
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
INTERNAL = {"NB_TEST", "CRASH_AT", "FREEZE_AT", "DJANGO_SETTINGS_MODULE", "PYTEST_XDIST_WORKER"}
"""Read by the code, but nothing that a person sets."""
MADE_LATER = {"var", ".venv"}
"""Folders that a first start makes."""
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
QUOTED = re.compile(r"`([\w.\-/]+)`")
COMMAND = re.compile(r"manage\.py ([a-z_]+)")
FILE_KINDS = {".py", ".md", ".txt", ".toml", ".yaml", ".sh", ".in", ".json"}


def table(documented: Iterable[Setting]) -> list[str]:
    """The rows of the README's settings table, as they must stand there."""
    return [
        f"| `{one.name}` | {f'`{one.default}`' if one.default else ''} | {one.help} |".replace(
            "|  |", "| |"
        )
        for one in documented
    ]


def broken_links(document: Path) -> list[str]:
    """Links to files or headings that are not there; addresses on the web are not looked at."""
    text = FENCE.sub("", document.read_text(encoding="utf-8"))
    return [
        target
        for target in LINK.findall(text)
        if not re.match(r"[a-z]+:", target) and not _resolves(document, target)
    ]


def _resolves(document: Path, target: str) -> bool:
    name, _, anchor = target.partition("#")
    path = document.parent / name if name else document
    return path.exists() and (not anchor or anchor in _anchors(path))


def _anchors(path: Path) -> set[str]:
    """The anchors of a document's headings, made as the usual renderers make them."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings}


def missing_paths(document: Path, root: Path) -> list[str]:
    """Files and folders the document names in backticks that are not in the tree at `root`."""
    top = {entry.name for entry in root.iterdir()} - MADE_LATER
    return [
        name
        for name in QUOTED.findall(document.read_text(encoding="utf-8"))
        if _is_path(name, top) and not (root / name).exists() and not _stands_somewhere(root, name)
    ]


def _stands_somewhere(root: Path, name: str) -> bool:
    """Whether a bare file name, as `base.py`, is that of a file in one of our folders."""
    folders = (root / folder for folder in (*LAYERS, "bin", "bench", "docs"))
    return "/" not in name and any(next(folder.rglob(name), None) for folder in folders)


def _is_path(name: str, top: set[str]) -> bool:
    first, _, rest = name.partition("/")
    return bool(rest and first in top) or (not rest and Path(name).suffix in FILE_KINDS)


def environment_names(tree: Tree) -> set[str]:
    """Names that the product reads from the environment past `environment.py`."""
    found = set()
    for module in tree.product:
        for node in ast.walk(module.syntax):
            if not isinstance(node, ast.Call | ast.Subscript):
                continue
            match = re.match(r"os\.(?:environ(?:\.get\(|\[)|getenv\()'(\w+)'", _read(node))
            if match:
                found.add(match[1])
    return found


def _read(node: ast.Call | ast.Subscript) -> str:
    """The source of a call or look-up on a dotted name; nothing for any other."""
    on = node.func if isinstance(node, ast.Call) else node.value
    return ast.unparse(node) if isinstance(on, ast.Attribute) and len(ast.dump(on)) < 250 else ""


def constants(tree: Tree) -> set[str]:
    """Every text written out in the product's code, but for the declarations of the settings."""
    return {
        node.value
        for module in tree.product
        if module.name != "nanobanana.environment"
        for node in ast.walk(module.syntax)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def test_the_readme_lists_every_setting_as_the_code_declares_it() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    section = text.partition("\n## Settings\n")[2].partition("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| `")]
    assert rows == table(SETTINGS), "The table should be:\n" + "\n".join(table(SETTINGS))


def test_every_declared_setting_is_read_somewhere() -> None:
    assert {one.name for one in SETTINGS} - constants(HOUSE) == set()


def test_nothing_undeclared_is_read_from_the_environment() -> None:
    assert environment_names(HOUSE) - {one.name for one in SETTINGS} - INTERNAL == set()


@pytest.mark.parametrize("read", ["os.environ['X']", "os.environ.get('X', '')", "os.getenv('X')"])
def test_an_undeclared_read_is_noticed(read: str, tmp_path: Path) -> None:
    (tmp_path / "billing").mkdir()
    (tmp_path / "billing" / "a.py").write_text(f'"""A."""\nimport os\nx = {read}\n')
    assert environment_names(Tree(tmp_path)) == {"X"}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    assert broken_links(document) == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_named_files_exist(document: Path) -> None:
    assert missing_paths(document, ROOT) == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_named_commands_exist(document: Path) -> None:
    named = set(COMMAND.findall(document.read_text(encoding="utf-8")))
    assert named - set(get_commands()) == set()


def test_every_command_of_ours_is_documented() -> None:
    djangos = set(find_commands(str(Path(management.__file__).parent)))
    ours = {name for name, app in get_commands().items() if app in LAYERS} - djangos
    text = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    assert ours - set(COMMAND.findall(text)) == set()


def test_the_changelog_tells_what_this_version_brings() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    entry = text.partition(f"\n## {version}")[2].partition("\n## ")[0]
    assert re.search(r"^- \w", entry, re.MULTILINE), f"no entry for {version}"


def test_a_dead_link_and_a_dead_path_are_noticed(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    page = tmp_path / "page.md"
    page.write_text("# A b\n[x](gone.md) [y](#a-b) [z](#c) [w](https://x.y) `docs/no.md` `no.py`")
    assert broken_links(page) == ["gone.md", "#c"]
    assert missing_paths(page, tmp_path) == ["docs/no.md", "no.py"]
