# SPDX-License-Identifier: Apache-2.0
"""Windows executables (PE32, PE32+).

PEObject reads one from any container, also from one that a manager shares. What is malformed is left out
and told by Warnings().
"""

from Pro import _promp
from Pro.Core import INVALID_STREAM_OFFSET

__all__ = ["CFFStruct", "CFFStructIt", "INVALID_STREAM_OFFSET", "PEObject"]

_IMPORT_DESCRIPTOR = (
    ("OriginalFirstThunk", 4), ("TimeDateStamp", 4), ("ForwarderChain", 4), ("Name", 4), ("FirstThunk", 4))
_DELAY_DESCRIPTOR = (
    ("Attributes", 4), ("DllNameRVA", 4), ("ModuleHandleRVA", 4), ("ImportAddressTableRVA", 4),
    ("ImportNameTableRVA", 4), ("BoundImportAddressTableRVA", 4), ("UnloadInformationTableRVA", 4),
    ("TimeDateStamp", 4))
_SECTION_HEADER = (
    ("Name", 8), ("VirtualSize", 4), ("VirtualAddress", 4), ("SizeOfRawData", 4), ("PointerToRawData", 4),
    ("PointerToRelocations", 4), ("PointerToLinenumbers", 4), ("NumberOfRelocations", 2),
    ("NumberOfLinenumbers", 2), ("Characteristics", 4))


class CFFStruct:
    """One structure of a file, or a table of them: fields by name, read when they are asked for."""

    def __init__(self, container, offset, fields, count=1):
        self._container = container
        self._offset = offset
        self._fields = fields
        self._count = count

    def Offset(self):
        """Where it begins in the file."""
        return self._offset

    def Size(self):
        """Bytes of one structure."""
        return sum(size for _, size in self._fields)

    def Count(self):
        """Structures in the table."""
        return self._count

    def Names(self):
        """The fields' names."""
        return [name for name, _ in self._fields]

    def IsNull(self):
        """True if there is no such structure in the file."""
        return self._count == 0

    def Bytes(self, name):
        """A field's bytes. KeyError if there is no such field."""
        offset = self._offset
        for field, size in self._fields:
            if field == name:
                return self._container.read(offset, size)
            offset += size
        raise KeyError(f"no field {name!r}; there are {', '.join(self.Names())}")

    def Uns(self, name):
        """A field as an unsigned integer."""
        return int.from_bytes(self.Bytes(name), "little")

    def At(self, index):
        """One structure of the table."""
        if not 0 <= index < self._count:
            raise IndexError(f"structure {index} of {self._count}")
        return CFFStruct(self._container, self._offset + index * self.Size(), self._fields)

    def __len__(self):
        return self._count

    def __iter__(self):
        return (self.At(index) for index in range(self._count))

    def __repr__(self):
        return f"<CFFStruct, {self._count} of {self.Size()} bytes at {self._offset:#x}>"


class CFFStructIt:
    """Walks over a table of structures."""

    def __init__(self, table):
        self._table = table
        self._next = 0

    def hasNext(self):
        return self._next < self._table.Count()

    def next(self):
        """The next structure; IndexError at the end."""
        current = self._table.At(self._next)
        self._next += 1
        return current

    def __iter__(self):
        while self.hasNext():
            yield self.next()


class PEObject:
    """A PE file in a container."""

    def __init__(self):
        self._container = None
        self._pe = None
        self._info = None
        self._error = ""

    def Load(self, container):
        """True if the container is a PE file; else ErrorString() says why not."""
        self._info = None
        try:
            self._pe = _promp.PE(container)
        except (ValueError, OSError) as error:
            self._error = str(error)
            self._pe = None
            return False
        self._container = container
        return True

    def ErrorString(self):
        """Why Load() answered False."""
        return self._error

    def Info(self):
        """Everything that was parsed: headers, directories, sections, imports (also delayed), exports, debug,
        resources, relocations, exceptions, tls_callbacks, overlay_offset, warnings. Names are bytes."""
        if self._pe is None:
            raise ValueError("no file is loaded: " + (self._error or "call Load()"))
        if self._info is None:
            self._info = self._pe.info()
        return self._info

    def IsPE64(self):
        return self.Info()["headers"]["magic"] == 0x20B

    def RvaToOffset(self, rva):
        """INVALID_STREAM_OFFSET if the file has no byte for that address."""
        if self._pe is None:
            raise ValueError("no file is loaded")
        return self._pe.rvaToOffset(rva)

    def _descriptors(self, fields, delayed):
        found = [i for i in self.Info()["imports"] if i["delayed"] == delayed]
        return CFFStruct(self._container, found[0]["descriptor_offset"] if found else 0, fields, len(found))

    def ImportDirectory(self):
        """The table of import descriptors: OriginalFirstThunk, TimeDateStamp, ForwarderChain, Name, FirstThunk."""
        return self._descriptors(_IMPORT_DESCRIPTOR, False)

    def DelayImportDirectory(self):
        """The table of delayed imports' descriptors."""
        return self._descriptors(_DELAY_DESCRIPTOR, True)

    def SectionHeaders(self):
        """The table of section headers."""
        headers = self.Info()["headers"]
        size_of_optional = int.from_bytes(self._container.read(headers["pe_offset"] + 20, 2), "little")
        return CFFStruct(self._container, headers["pe_offset"] + 24 + size_of_optional, _SECTION_HEADER,
                         len(self.Info()["sections"]))

    def Warnings(self):
        """What is malformed in the file, a list of texts."""
        return self.Info()["warnings"]

    def ReadUInt8String(self, offset, max_size):
        """(bytes up to a NUL, `max_size` or the file's end; whether a NUL ended them)"""
        left = self._container.size() - offset
        data = self._container.read(offset, min(max_size, left))
        text, nul, _ = data.partition(b"\0")
        return text, bool(nul)
