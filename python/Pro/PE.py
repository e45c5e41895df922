# SPDX-License-Identifier: Apache-2.0
"""Windows executables (PE32, PE32+).

PEObject reads one from any container, also from one that a manager shares. What is malformed is left out
and told by Warnings().
"""

import uuid

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
        """Everything that was parsed, a dict: headers, directories, sections, imports (also delayed), export_table,
        exports, debug, resources, relocations, exceptions, tls, tls_callbacks, clr (.NET), certificates,
        overlay_offset, warnings. Names are bytes, but for those of resources. The fields are those of
        promp/pe.h; what the file does not have is None or []."""
        if self._pe is None:
            raise ValueError("no file is loaded: " + (self._error or "call Load()"))
        if self._info is None:
            self._info = self._pe.info()
        return self._info

    def IsPE64(self):
        return self.Info()["headers"]["magic"] == 0x20B

    def Headers(self):
        """The fields of the file header and the optional header, a dict."""
        return self.Info()["headers"]

    def Sections(self):
        """A list of dicts: name, virtual_address, virtual_size, raw_offset, raw_size, characteristics, ..."""
        return self.Info()["sections"]

    def Imports(self):
        """A list of dicts: module, delayed, functions (dicts: name or None, ordinal or hint, slot_rva)."""
        return self.Info()["imports"]

    def Exports(self):
        """A list of dicts: ordinal, rva, name or None, forwarder or None."""
        return self.Info()["exports"]

    def Resources(self):
        """A list of dicts: type, id, language, type_name, id_name (str or None), rva, size, code_page."""
        return self.Info()["resources"]

    def ResourceData(self, resource):
        """The bytes of one of Resources(), an NTContainer; ValueError if the file does not have them."""
        return self._part(self.RvaToOffset(resource["rva"]), resource["size"], "resource")

    def Relocations(self):
        """A list of (rva, type)."""
        return self.Info()["relocations"]

    def Exceptions(self):
        """The exception directory (x64), a list of (begin_rva, end_rva, unwind_rva)."""
        return self.Info()["exceptions"]

    def Debug(self):
        """A list of dicts: type, time_stamp, offset, size, guid, age, pdb (of CodeView records), ..."""
        return self.Info()["debug"]

    def PdbId(self):
        """What a symbol server calls the file's PDB, "1234...EF1"; "" if there is no CodeView record."""
        for entry in self.Debug():
            if entry["pdb"] is not None and any(entry["guid"]):
                return uuid.UUID(bytes_le=entry["guid"]).hex.upper() + f"{entry['age']:X}"
            if entry["pdb"] is not None:
                return f"{entry['signature']:08X}{entry['age']:X}"
        return ""

    def Tls(self):
        """The TLS directory, a dict of addresses, or None."""
        return self.Info()["tls"]

    def TlsCallbacks(self):
        """Addresses of functions that run before the entry point."""
        return self.Info()["tls_callbacks"]

    def Clr(self):
        """The .NET header, a dict, or None."""
        return self.Info()["clr"]

    def Certificates(self):
        """A list of dicts: offset, size (both with the header of 8 bytes), revision, type."""
        return self.Info()["certificates"]

    def Overlay(self):
        """What stands behind everything that the headers know, an NTContainer; empty if there is nothing."""
        return self._container.slice(self.Info()["overlay_offset"])

    def _part(self, offset, size, what):
        if offset == INVALID_STREAM_OFFSET or offset + size > self._container.size():
            raise ValueError(f"the file has not the {size} bytes of the {what} at offset {offset}")
        return self._container.slice(offset, size)

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
