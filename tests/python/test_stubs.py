# SPDX-License-Identifier: Apache-2.0
"""The type stubs name what the modules have, and nothing else."""

import ast
import importlib
import inspect
import pathlib

import pytest

import Pro

FOLDER = pathlib.Path(Pro.__file__).parent


def names_of(body):
    """name -> node of what a stub's body defines."""
    names = {}
    for node in body:
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
            names[node.name] = node
        elif isinstance(node, ast.AnnAssign):
            names[node.target.id] = node
        elif isinstance(node, ast.ImportFrom):
            names.update((alias.asname or alias.name, node) for alias in node.names if alias.asname)
    return names


@pytest.mark.parametrize("name", ["MP", "Core", "Sleigh", "UI"])
def test_stub(name):
    module = importlib.import_module(f"Pro.{name}")
    stub = names_of(ast.parse((FOLDER / f"{name}.pyi").read_text()).body)
    public = {key for key in stub if not key.startswith("_")}
    assert public == set(module.__all__)
    for key, node in stub.items():
        if not isinstance(node, ast.ClassDef) or key.startswith("_"):
            continue
        kind = getattr(module, key)
        members = {member for member in names_of(node.body) if not member.startswith("_")}
        # Attributes that only instances have are in the stub alone.
        methods = {member for member in members if isinstance(names_of(node.body)[member], ast.FunctionDef)}
        missing = {member for member in methods if not hasattr(kind, member)}
        assert not missing, f"{key} has no {missing}"
        if not issubclass(kind, (Exception, list)):
            real = {member for member, _ in inspect.getmembers(kind) if not member.startswith("_")}
            undescribed = {member for member in real - members if member not in dir(object)}
            bases = {base.id for base in node.bases if isinstance(base, ast.Name)}
            assert bases or not undescribed, f"{key}: {undescribed} not in the stub"


def test_package_is_marked_as_typed():
    assert (FOLDER / "py.typed").exists()
