# SPDX-License-Identifier: Apache-2.0
"""The type stubs name what the modules have, and nothing else."""

import ast
import importlib
import inspect
import pathlib
import re

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
        elif isinstance(node, ast.Assign):
            names[node.targets[0].id] = node
        elif isinstance(node, ast.ImportFrom):
            names.update((alias.asname or alias.name, node) for alias in node.names if alias.asname)
    return names


STUBS = ["MP", "Core", "ELF", "PE", "Sleigh", "UI"]


@pytest.mark.parametrize("name", STUBS)
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


def parameters_of(function):
    """(name, whether there is a default) of each, in order, as the stub has them."""
    given = function.args
    names = [argument.arg for argument in given.posonlyargs + given.args]
    defaults = [False] * (len(names) - len(given.defaults)) + [True] * len(given.defaults)
    keywords = [(argument.arg, default is not None) for argument, default in zip(given.kwonlyargs, given.kw_defaults)]
    return list(zip(names, defaults)) + keywords


def written_in_python(kind, name):
    function = inspect.getattr_static(kind, name, None)
    function = getattr(function, "__func__", function)
    return function if inspect.isfunction(function) else None


@pytest.mark.parametrize("name", STUBS)
def test_parameters(name):
    module = importlib.import_module(f"Pro.{name}")
    plain = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    for key, node in names_of(ast.parse((FOLDER / f"{name}.pyi").read_text()).body).items():
        if not isinstance(node, ast.ClassDef) or key.startswith("_"):
            continue
        for method, stub in names_of(node.body).items():
            function = written_in_python(getattr(module, key), method)
            if function is None or not isinstance(stub, ast.FunctionDef):
                continue
            parameters = inspect.signature(function).parameters.values()
            if any(parameter.kind not in plain for parameter in parameters):
                continue  # *args, **keywords: the stub says more
            real = [(parameter.name, parameter.default is not parameter.empty) for parameter in parameters]
            assert parameters_of(stub) == real, f"{key}.{method}"


def keys_of(stub, name):
    """Of a TypedDict, written in either way."""
    node = stub[name]
    if isinstance(node, ast.ClassDef):
        return list(names_of(node.body))
    return [key.value for key in node.value.args[1].keys]


def fields_of(stub, name):
    return list(names_of(stub[name].body))


def check_dicts(stub, where, name, value):
    """A dict that a call returned, and those in it: each is the TypedDict that is said."""
    assert list(value) == keys_of(stub, name), where
    for node in stub[name].body if isinstance(stub[name], ast.ClassDef) else []:
        inner = re.search(r"_[A-Z]\w+", ast.unparse(node.annotation))
        found = value[node.target.id]
        for entry in found if isinstance(found, list) else [found]:
            assert isinstance(entry, dict) == (inner is not None), f"{where}.{node.target.id}"
            if inner is not None:
                check_dicts(stub, f"{where}.{node.target.id}", inner[0], entry)


def test_dicts_of_pe():
    from Pro.Core import NTContainer
    from Pro.PE import PEObject
    from support.make_pe import make_pe

    file = PEObject()
    assert file.Load(NTContainer(make_pe())), file.ErrorString()
    assert all(value or key == "warnings" for key, value in file.Info().items())  # nothing goes unseen
    check_dicts(names_of(ast.parse((FOLDER / "PE.pyi").read_text()).body), "Info()", "_Info", file.Info())


def test_dicts_and_tuples_of_elf():
    from Pro import ELF
    from Pro.Core import NTContainer
    from support.make_elf import make_elf

    file = ELF.ELFObject()
    assert file.Load(NTContainer(make_elf())), file.ErrorString()
    stub = names_of(ast.parse((FOLDER / "ELF.pyi").read_text()).body)
    check_dicts(stub, "Info()", "_Info", file.Info())
    for name in ELF.__all__:
        kind = getattr(ELF, name)
        if issubclass(kind, tuple):
            assert fields_of(stub, name) == list(kind._fields), name


def test_package_is_marked_as_typed():
    assert (FOLDER / "py.typed").exists()
