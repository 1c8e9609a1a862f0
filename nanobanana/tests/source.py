"""The one place that reads our own source: modules with their imports and functions."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

LAYERS = ("accounts", "billing", "generator", "gallery", "nanobanana")
"""Each app imports only what stands left of it."""
LOADERS = {"import_module", "import_string", "get_model"}


@dataclass(frozen=True)
class Import:
    """One imported name as `module.name`, its line, and whether only a type checker sees it."""

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
        elif isinstance(node, ast.Call) and called(node) in LOADERS:
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
        """The longest of our modules that `target` names or lies in; None for other people's."""
        parts = target.split(".")
        for length in range(len(parts), 0, -1):
            if (name := ".".join(parts[:length])) in self.modules:
                return name
        return None


def called(node: ast.Call) -> str:
    """The last part of the name of what is called: `a.b.c()` is "c"."""
    return ast.unparse(node.func).rsplit(".", 1)[-1]
