# SPDX-License-Identifier: Apache-2.0
from collections.abc import Iterator, Sequence
from typing import TypedDict

from Pro.Core import NTContainer

__all__: list[str]

INVALID_STREAM_OFFSET: int

class CFFStruct:
    def __init__(
        self, container: NTContainer, offset: int, fields: Sequence[tuple[str, int]], count: int = 1
    ) -> None: ...
    def Offset(self) -> int: ...
    def Size(self) -> int: ...
    def Count(self) -> int: ...
    def Names(self) -> list[str]: ...
    def IsNull(self) -> bool: ...
    def Bytes(self, name: str) -> bytes: ...
    def Uns(self, name: str) -> int: ...
    def At(self, index: int) -> CFFStruct: ...
    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[CFFStruct]: ...

class CFFStructIt:
    def __init__(self, table: CFFStruct) -> None: ...
    def hasNext(self) -> bool: ...
    def next(self) -> CFFStruct: ...
    def __iter__(self) -> Iterator[CFFStruct]: ...

class _Headers(TypedDict):
    pe_offset: int
    machine: int
    section_count: int
    time_stamp: int
    symbol_offset: int
    symbol_count: int
    optional_size: int
    characteristics: int
    magic: int
    linker_major: int
    linker_minor: int
    code_size: int
    initialized_size: int
    uninitialized_size: int
    entry_rva: int
    code_rva: int
    data_rva: int
    image_base: int
    section_alignment: int
    file_alignment: int
    system_major: int
    system_minor: int
    image_major: int
    image_minor: int
    subsystem_major: int
    subsystem_minor: int
    win32_version: int
    image_size: int
    headers_size: int
    checksum: int
    subsystem: int
    dll_characteristics: int
    stack_reserve: int
    stack_commit: int
    heap_reserve: int
    heap_commit: int
    loader_flags: int
    announced_directories: int
    directory_count: int

class _Section(TypedDict):
    name: bytes
    virtual_size: int
    virtual_address: int
    raw_size: int
    raw_offset: int
    relocation_offset: int
    line_offset: int
    relocation_count: int
    line_count: int
    characteristics: int

class _Function(TypedDict):
    name: bytes | None
    ordinal: int
    slot_rva: int

class _Import(TypedDict):
    module: bytes
    delayed: bool
    descriptor_offset: int
    functions: list[_Function]

class _ExportTable(TypedDict):
    module: bytes | None
    time_stamp: int
    major: int
    minor: int
    base: int
    function_count: int
    name_count: int

class _Export(TypedDict):
    ordinal: int
    rva: int
    name: bytes | None
    forwarder: bytes | None

class _Debug(TypedDict):
    type: int
    time_stamp: int
    major: int
    minor: int
    size: int
    rva: int
    offset: int
    signature: int
    age: int
    guid: bytes
    pdb: bytes | None

class _Resource(TypedDict):
    type_name: str | None
    id_name: str | None
    type: int
    id: int
    language: int
    rva: int
    size: int
    code_page: int

class _Tls(TypedDict):
    data_begin: int
    data_end: int
    index: int
    callbacks: int
    zero_size: int
    characteristics: int

class _Clr(TypedDict):
    size: int
    runtime_major: int
    runtime_minor: int
    flags: int
    entry: int
    metadata: tuple[int, int]
    resources: tuple[int, int]
    strong_name: tuple[int, int]
    version: bytes | None

class _Certificate(TypedDict):
    offset: int
    size: int
    revision: int
    type: int

class _Info(TypedDict):
    headers: _Headers
    directories: list[tuple[int, int]]
    sections: list[_Section]
    imports: list[_Import]
    export_table: _ExportTable | None
    exports: list[_Export]
    debug: list[_Debug]
    resources: list[_Resource]
    relocations: list[tuple[int, int]]
    exceptions: list[tuple[int, int, int]]
    tls: _Tls | None
    tls_callbacks: list[int]
    clr: _Clr | None
    certificates: list[_Certificate]
    overlay_offset: int
    warnings: list[str]

class PEObject:
    def __init__(self) -> None: ...
    def Load(self, container: NTContainer) -> bool: ...
    def ErrorString(self) -> str: ...
    def Info(self) -> _Info: ...
    def IsPE64(self) -> bool: ...
    def Headers(self) -> _Headers: ...
    def Sections(self) -> list[_Section]: ...
    def Imports(self) -> list[_Import]: ...
    def Exports(self) -> list[_Export]: ...
    def Resources(self) -> list[_Resource]: ...
    def ResourceData(self, resource: _Resource) -> NTContainer: ...
    def Relocations(self) -> list[tuple[int, int]]: ...
    def Exceptions(self) -> list[tuple[int, int, int]]: ...
    def Debug(self) -> list[_Debug]: ...
    def PdbId(self) -> str: ...
    def Tls(self) -> _Tls | None: ...
    def TlsCallbacks(self) -> list[int]: ...
    def Clr(self) -> _Clr | None: ...
    def Certificates(self) -> list[_Certificate]: ...
    def Overlay(self) -> NTContainer: ...
    def RvaToOffset(self, rva: int) -> int: ...
    def ImportDirectory(self) -> CFFStruct: ...
    def DelayImportDirectory(self) -> CFFStruct: ...
    def SectionHeaders(self) -> CFFStruct: ...
    def Warnings(self) -> list[str]: ...
    def ReadUInt8String(self, offset: int, max_size: int) -> tuple[bytes, bool]: ...
