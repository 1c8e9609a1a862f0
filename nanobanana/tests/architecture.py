"""The one place that reads our source for `test_architecture.py`: modules, imports, functions, and the rules on them.

Each rule is a function from a `Tree` to the sentences that say what breaks it; an empty list is good.
"""

from __future__ import annotations

import ast
import re
import statistics
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

LAYERS = ("accounts", "billing", "generator", "gallery", "nanobanana")
"""Each app imports only what stands left of it."""
FORBIDDEN_NAMES = {"utils.py", "helpers.py", "services.py", "managers.py", "signals.py"}
PROVIDER_LIBRARIES = {"httpx", "PIL"}
DEMO_LIBRARIES = PROVIDER_LIBRARIES | {"numpy", "av"}
ROW_SIGNALS = {"pre_save", "post_save", "pre_delete", "post_delete", "m2m_changed"}
UNFINISHED = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")
LOADERS = {"import_module", "import_string", "get_model"}
MAX_FILE, MAX_FUNCTION, MEDIAN_FUNCTION, ANNOTATED = 300, 50, 10, 0.95


@dataclass(frozen=True)
class Import:
    """One imported name: the module (or module.name) it names, where, and whether only a type checker sees it."""

    target: str
    line: int
    typing_only: bool


Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Module:
    """One source file of ours by its dotted name."""

    name: str
    path: Path
    text: str

    @cached_property
    def syntax(self) -> ast.Module:
        """The parsed source."""
        return ast.parse(self.text, str(self.path))

    @property
    def app(self) -> str:
        """The app it belongs to."""
        return self.name.split(".")[0]

    @property
    def is_test(self) -> bool:
        """Tests keep the rules of imports, not those of size."""
        return ".tests." in f"{self.name}."

    @cached_property
    def imports(self) -> list[Import]:
        """Every import, also inside functions and by name (`import_string("x.y")`)."""
        typing_only = {
            id(inner)
            for node in ast.walk(self.syntax)
            if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
            for inner in ast.walk(node)
        }
        return [
            Import(target, line, id(node) in typing_only)
            for node in ast.walk(self.syntax)
            for target, line in self._targets(node)
        ]

    def _targets(self, node: ast.AST) -> Iterator[tuple[str, int]]:
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = self._base(node)
            yield from ((f"{base}.{alias.name}", node.lineno) for alias in node.names)
        elif isinstance(node, ast.Call) and _called(node) in LOADERS:
            arguments = [one for one in node.args if isinstance(one, ast.Constant)]
            if arguments and isinstance(arguments[0].value, str):
                yield arguments[0].value, node.lineno

    def _base(self, node: ast.ImportFrom) -> str:
        """The absolute name of what is imported from, dots resolved."""
        if not node.level:
            return node.module or ""
        parts = self.name.split(".")
        if self.path.name == "__init__.py":
            parts = [*parts, ""]
        return ".".join([*parts[: -node.level], *(node.module or "").split(".")]).rstrip(".")

    @cached_property
    def functions(self) -> list[Function]:
        """Every function and method."""
        kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
        return [node for node in ast.walk(self.syntax) if isinstance(node, kinds)]


@dataclass(frozen=True)
class Tree:
    """All our modules below one folder, migrations left out."""

    root: Path

    @cached_property
    def modules(self) -> dict[str, Module]:
        """Modules of the five apps by dotted name."""
        found = {}
        for app in LAYERS:
            for path in sorted((self.root / app).rglob("*.py")):
                parts = path.relative_to(self.root).with_suffix("").parts
                if "migrations" not in parts:
                    name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
                    found[name] = Module(name, path, path.read_text(encoding="utf-8"))
        return found

    @property
    def product(self) -> list[Module]:
        """What ships: everything but tests."""
        return [module for module in self.modules.values() if not module.is_test]

    def resolve(self, target: str) -> str | None:
        """The longest of our module names that `target` names or lies in; None for other people's."""
        parts = target.split(".")
        for length in range(len(parts), 0, -1):
            if (name := ".".join(parts[:length])) in self.modules:
                return name
        return None


def _called(node: ast.Call) -> str:
    """The last part of the name of what is called: `a.b.c()` is "c"."""
    return ast.unparse(node.func).rsplit(".", 1)[-1]


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
    """Adapters importing more than the standard library, httpx, Pillow and `providers.base`."""
    home = "generator.providers"
    found = []
    for module in tree.product:
        if not module.name.startswith(f"{home}."):
            continue
        own = ".".join(module.name.split(".")[:3])
        libraries = DEMO_LIBRARIES if own.endswith(".demo") else PROVIDER_LIBRARIES
        allowed = libraries | sys.stdlib_module_names
        for one in module.imports:
            ours = _within(one.target, f"{home}.base") or _within(one.target, own)
            if not ours and one.target.split(".")[0] not in allowed:
                found.append(f"{module.name}:{one.line} imports {one.target}")
    return found


def simulator_imports(tree: Tree) -> list[str]:
    """Simulators that know an adapter: they speak the upstream's protocol from its own documents."""
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
