# SPDX-License-Identifier: Apache-2.0
import builtins
from collections.abc import Iterator, Mapping
from enum import IntFlag
from os import PathLike
from typing import Any, NamedTuple

__all__: list[str]

class Flow(IntFlag):
    FallThrough = 1
    Branch = 2
    Conditional = 4
    Call = 8
    Return = 16
    Indirect = 32
    Unimplemented = 64

class Varnode(NamedTuple):
    space: str
    offset: int
    size: int

class PcodeOp(NamedTuple):
    name: str
    output: Varnode | None
    inputs: tuple[Varnode, ...]

class Instruction(NamedTuple):
    address: int
    length: int
    mnemonic: str
    body: str
    flow: int
    targets: tuple[int, ...]
    pcode: tuple[PcodeOp, ...]
    outcome: str
    bytes: builtins.bytes

class LanguageEntry(NamedTuple):
    id: str
    description: str
    path: str
    hidden: bool
    deprecated: bool

class Space(NamedTuple):
    name: str
    addressSize: int
    wordSize: int
    isRegister: bool
    bigEndian: bool

class Language:
    id: str
    spaces: list[Space]
    alignment: int
    bigEndian: bool
    memory: int
    defaultSpace: Space
    def __init__(self, id: str) -> None: ...
    @classmethod
    def load(cls, sla: str | PathLike[str], pspec: str | PathLike[str] | None = None) -> Language: ...
    def decode(
        self,
        data: Any,
        address: int = 0,
        *,
        offset: int = 0,
        count: int | None = None,
        context: Mapping[str, int] | None = None,
    ) -> Iterator[Instruction]: ...
    def lift(
        self,
        data: Any,
        address: int = 0,
        *,
        offset: int = 0,
        count: int | None = None,
        context: Mapping[str, int] | None = None,
    ) -> Iterator[Instruction]: ...
    @property
    def registers(self) -> dict[str, Varnode]: ...
    def registerName(self, place: Varnode) -> str | None: ...
    def userOperation(self, index: int) -> str: ...

def languages() -> list[LanguageEntry]: ...
def compile(path: str | PathLike[str], defines: Mapping[str, str] | None = None) -> bytes: ...
