"""The rules of the house: each is a function that names what breaks it; an empty list is good."""

from __future__ import annotations

import ast
import re
import statistics
import sys

from nanobanana.tests.source import LAYERS, Function, Tree

FORBIDDEN_NAMES = {"utils.py", "helpers.py", "services.py", "managers.py", "signals.py"}
PROVIDERS = "generator.providers"
WIRE = {"base": set(), "http": set(), "connections": {"httpcore"}}
"""The providers' shared modules, which every adapter may use, with what each may import besides."""
PROVIDER_LIBRARIES = {"httpx", "PIL"}
DEMO_LIBRARIES = {"numpy", "av"}
ROW_SIGNALS = {"pre_save", "post_save", "pre_delete", "post_delete", "m2m_changed"}
UNFINISHED = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")
MAX_FILE, MAX_FUNCTION, MEDIAN_FUNCTION, ANNOTATED = 300, 50, 10, 0.95
WRITERS = {
    "Generation": "generator.engine",
    "Output": "generator.engine",
    "Attempt": "generator.engine",
    "Wallet": "billing.ledger",
    "LedgerEntry": "billing.ledger",
    "ApiKey": "accounts.keys",
    "Item": "gallery.showcase",
    "ItemCount": "gallery.showcase",
    "Like": "gallery.showcase",
}
"""Whose rows are made by one module (or one package of that name) alone."""
FACTS = {
    "Generation": {"status", "price", "refunded"},
    "Output": {"state"},
    "Attempt": {"state"},
    "Wallet": {"balance", "bought", "seq"},
    "ApiKey": {"digest", "revoked_at"},
    "ItemCount": {"likes"},
}
"""Columns that the same module alone updates."""
MAKERS = {"create", "bulk_create", "get_or_create", "update_or_create"}
WRITER_MODULES = {
    "generator.engine": "status",
    "billing.ledger": "balances",
    "generator.storage": "files",
    "accounts.keys": "keys",
    "gallery.showcase": "published",
}
"""Each one-writer module, and the word of its fact that its first line has."""


def _size(function: Function) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def imports_pointing_right(tree: Tree) -> list[str]:
    """Imports of an app that stands right of the importing one, wherever in the file they are."""
    return [
        f"{module.name}:{one.line} imports {one.target}: {module.app} stands left of {app}"
        for module in tree.modules.values()
        for one in module.imports
        if (app := one.target.split(".")[0]) in LAYERS
        and LAYERS.index(app) > LAYERS.index(module.app)
    ]


def import_cycles(tree: Tree) -> list[str]:
    """Groups of modules that import each other, lazily or not; annotations alone make no cycle."""
    edges: dict[str, set[str]] = {}
    for module in tree.modules.values():
        ours = {tree.resolve(one.target) for one in module.imports if not one.typing_only}
        edges[module.name] = {name for name in ours if name} - {module.name}
    return [" <-> ".join(sorted(group)) for group in _strong_groups(edges)]


def _strong_groups(edges: dict[str, set[str]]) -> list[set[str]]:
    """Sets of two or more names that reach each other over `edges`."""
    reach = {name: _reachable(name, edges) for name in edges}
    groups: list[set[str]] = []
    for name in sorted(edges):
        group = {other for other in reach[name] if name in reach.get(other, ())}
        if len(group) > 1 and group not in groups:
            groups.append(group)
    return groups


def _reachable(start: str, edges: dict[str, set[str]]) -> set[str]:
    """Every name that a walk of at least one step from `start` can come to."""
    found: set[str] = set()
    waiting = [start]
    while waiting:
        for name in edges.get(waiting.pop(), set()) - found:
            found.add(name)
            waiting.append(name)
    return found


def _within(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def provider_imports(tree: Tree) -> list[str]:
    """Adapters that import more than the standard library, httpx, Pillow and the shared wire."""
    return [
        f"{module.name}:{one.line} imports {one.target}"
        for module in tree.product
        if module.name.startswith(f"{PROVIDERS}.")
        for one in module.imports
        if not _allowed_in_provider(module.name.split(".")[2], one.target)
    ]


def _allowed_in_provider(name: str, target: str) -> bool:
    """Whether the provider (or shared module) `name` may import `target`; demo paints with more."""
    if any(_within(target, f"{PROVIDERS}.{own}") for own in (*WIRE, name)):
        return True
    extra = DEMO_LIBRARIES if name == "demo" else WIRE.get(name, set())
    return target.split(".")[0] in sys.stdlib_module_names | PROVIDER_LIBRARIES | extra


def simulator_imports(tree: Tree) -> list[str]:
    """Simulators that know an adapter: they speak the upstream's protocol from its documents."""
    return [
        f"{module.name}:{one.line} imports {one.target}"
        for module in tree.product
        if module.name.startswith("generator.simulators")
        for one in module.imports
        if _within(one.target, "generator.providers")
    ]


def row_signals(tree: Tree) -> list[str]:
    """Django's row signals and signals of our own: acts are called by their names here."""
    return [
        f"{module.name}:{one.line} uses {one.target}"
        for module in tree.product
        for one in module.imports
        if one.target == "django.dispatch.Signal"
        or (one.target.startswith("django.") and one.target.rsplit(".", 1)[-1] in ROW_SIGNALS)
    ]


def forbidden_files(tree: Tree) -> list[str]:
    """Files named for nothing in particular."""
    return [
        f"{module.path.relative_to(tree.root)} is named for nothing in particular"
        for module in tree.modules.values()
        if module.path.name in FORBIDDEN_NAMES
    ]


def long_files(tree: Tree) -> list[str]:
    """Files over the limit."""
    sizes = {module.name: len(module.text.splitlines()) for module in tree.product}
    return [f"{name} has {size} lines" for name, size in sizes.items() if size > MAX_FILE]


def long_functions(tree: Tree) -> list[str]:
    """Functions over the limit, and a median that is not under its own."""
    sizes = {
        f"{module.name}:{function.lineno} {function.name}": _size(function)
        for module in tree.product
        for function in module.functions
    }
    found = [f"{name} has {size} lines" for name, size in sizes.items() if size > MAX_FUNCTION]
    if sizes and (median := statistics.median(sizes.values())) >= MEDIAN_FUNCTION:
        found.append(f"the median function has {median} lines")
    return found


def _annotated(function: Function) -> bool:
    arguments = function.args
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    extra = [one for one in (arguments.vararg, arguments.kwarg) if one]
    needed = [one for one in named + extra if one.arg not in {"self", "cls"}]
    returns = function.returns is not None or function.name == "__init__"
    return returns and all(one.annotation is not None for one in needed)


def bare_signatures(tree: Tree) -> list[str]:
    """Functions without full annotations, when they are more than the allowed share."""
    every = [(module, function) for module in tree.product for function in module.functions]
    bare = [
        f"{module.name}:{function.lineno} {function.name}"
        for module, function in every
        if not _annotated(function)
    ]
    return bare if len(bare) > len(every) * (1 - ANNOTATED) else []


def unfinished_marks(tree: Tree) -> list[str]:
    """Notes that something is left to do, in anything of ours that a browser or Python reads."""
    folders = [tree.root / name for name in (*LAYERS, "templates", "static", "bin", "bench")]
    paths = [path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()]
    kinds = {".py", ".html", ".js", ".css", ".sh", ".txt", ".svg", ""}
    return [
        f"{path.relative_to(tree.root)}:{number} {line.strip()[:60]}"
        for path in paths
        if path.suffix in kinds and "vendor" not in path.parts and "__pycache__" not in path.parts
        for number, line in enumerate(path.read_text("utf-8", "replace").splitlines(), 1)
        if UNFINISHED.search(line)
    ]


def missing_docstrings(tree: Tree) -> list[str]:
    """Modules whose first line does not say what they are the one place for."""
    return [
        f"{module.path.relative_to(tree.root)} does not begin with a docstring"
        for module in tree.modules.values()
        if module.text.strip() and not ast.get_docstring(module.syntax)
    ]


def foreign_writes(tree: Tree) -> list[str]:
    """Rows made or facts updated outside the one module for them; files stored outside storage."""
    return [
        f"{module.name}:{line} {what}: only {writer} does that"
        for module in tree.product
        for node in ast.walk(module.syntax)
        for what, writer, line in _writes(node)
        if not f"{module.name}.".startswith((f"{writer}.", f"{writer}_"))
    ]


def _writes(node: ast.AST) -> list[tuple[str, str, int]]:
    """What this piece of syntax writes, who alone may, and where."""
    if isinstance(node, ast.ImportFrom) and node.module == "django.core.files.storage":
        names = {alias.name for alias in node.names}
        return [("default_storage", "generator.storage", node.lineno)] * (
            "default_storage" in names
        )
    if not isinstance(node, ast.Call):
        return []
    name = ast.unparse(node.func)
    on = re.match(r"(?:\w+\.)*(\w+)\.objects\b", name)
    model, act = (on[1], name.rsplit(".", 1)[-1]) if on else (name.rsplit(".", 1)[-1], "create")
    columns = {one.arg for one in node.keywords} & FACTS.get(model, set())
    if model in WRITERS and (act in MAKERS or (act == "update" and columns)):
        return [(f"does {act} on {model}", WRITERS[model], node.lineno)]
    return []


def unsaid_writers(tree: Tree) -> list[str]:
    """One-writer modules that are missing, or whose first line does not name their fact."""
    found = []
    for name, word in WRITER_MODULES.items():
        module = tree.modules.get(name)
        first = (ast.get_docstring(module.syntax) or "").split("\n")[0] if module else ""
        if word not in first.lower():
            found.append(f"{name} must say in its first line that it alone writes {word}")
    return found
