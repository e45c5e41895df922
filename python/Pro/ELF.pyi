# SPDX-License-Identifier: Apache-2.0
from typing import NamedTuple, TypedDict

from Pro.Core import NTContainer

__all__: list[str]

class ELFSection(NamedTuple):
    name: bytes
    type: int
    flags: int
    address: int
    offset: int
    size: int
    link: int
    info: int
    alignment: int
    entry_size: int

class ELFSegment(NamedTuple):
    type: int
    flags: int
    offset: int
    virtual_address: int
    physical_address: int
    file_size: int
    memory_size: int
    alignment: int

class ELFSymbol(NamedTuple):
    name: bytes
    value: int
    size: int
    info: int
    other: int
    section: int
    table: int

class ELFRelocation(NamedTuple):
    name: bytes
    addend: int
    offset: int
    type: int
    symbol: int
    table: int

class ELFDynamic(NamedTuple):
    tag: int
    value: int
    text: bytes | None

class ELFNote(NamedTuple):
    name: bytes
    type: int
    offset: int
    size: int

class ELFFrame(NamedTuple):
    begin: int
    size: int
    offset: int

_Header = TypedDict(
    "_Header",
    {
        "class": int,
        "big_endian": int,
        "os_abi": int,
        "abi_version": int,
        "type": int,
        "machine": int,
        "version": int,
        "entry": int,
        "segment_offset": int,
        "section_offset": int,
        "flags": int,
        "header_size": int,
        "segment_entry_size": int,
        "segment_count": int,
        "section_entry_size": int,
        "section_count": int,
        "name_section": int,
    },
)

class _Info(TypedDict):
    header: _Header
    sections: list[tuple[bytes, int, int, int, int, int, int, int, int, int]]
    segments: list[tuple[int, int, int, int, int, int, int, int]]
    symbols: list[tuple[bytes, int, int, int, int, int, int]]
    relocations: list[tuple[bytes, int, int, int, int, int]]
    dynamic: list[tuple[int, int, bytes | None]]
    notes: list[tuple[bytes, int, int, int]]
    build_id: bytes
    frames: list[tuple[int, int, int]]
    warnings: list[str]

class ELFObject:
    def __init__(self) -> None: ...
    def Load(self, container: NTContainer) -> bool: ...
    def ErrorString(self) -> str: ...
    def Info(self) -> _Info: ...
    def Header(self) -> _Header: ...
    def Sections(self) -> list[ELFSection]: ...
    def Segments(self) -> list[ELFSegment]: ...
    def Symbols(self) -> list[ELFSymbol]: ...
    def Relocations(self) -> list[ELFRelocation]: ...
    def Dynamic(self) -> list[ELFDynamic]: ...
    def Notes(self) -> list[ELFNote]: ...
    def Frames(self) -> list[ELFFrame]: ...
    def BuildId(self) -> bytes: ...
    def Warnings(self) -> list[str]: ...
