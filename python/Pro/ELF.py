# SPDX-License-Identifier: Apache-2.0
"""ELF files: ELFObject reads one from any container. What is malformed is left out and told by Warnings()."""

from collections import namedtuple

from Pro import _promp

__all__ = ["ELFDynamic", "ELFFrame", "ELFNote", "ELFObject", "ELFRelocation", "ELFSection", "ELFSegment", "ELFSymbol"]

ELFSection = namedtuple("ELFSection", "name type flags address offset size link info alignment entry_size")
ELFSegment = namedtuple(
    "ELFSegment", "type flags offset virtual_address physical_address file_size memory_size alignment")
ELFSymbol = namedtuple("ELFSymbol", "name value size info other section table")
ELFRelocation = namedtuple("ELFRelocation", "name addend offset type symbol table")
ELFDynamic = namedtuple("ELFDynamic", "tag value text")
ELFNote = namedtuple("ELFNote", "name type offset size")
ELFFrame = namedtuple("ELFFrame", "begin size offset")


class ELFObject:
    """An ELF file in a container. Names are bytes."""

    def __init__(self):
        self._info = None
        self._error = "call Load()"

    def Load(self, container):
        """True if the container is an ELF file; else ErrorString() says why not."""
        try:
            self._info = _promp._parseElf(container)
        except (ValueError, OSError) as error:
            self._info = None
            self._error = str(error)
        return self._info is not None

    def ErrorString(self):
        """Why Load() answered False."""
        return "" if self._info is not None else self._error

    def Info(self):
        """Everything that was parsed, as a dict of plain values."""
        if self._info is None:
            raise ValueError("no file is loaded: " + self._error)
        return self._info

    def Header(self):
        """A dict: class (32 or 64), big_endian, type, machine, entry, ...: the fields of promp/elf.h."""
        return self.Info()["header"]

    def Sections(self):
        return [ELFSection(*values) for values in self.Info()["sections"]]

    def Segments(self):
        return [ELFSegment(*values) for values in self.Info()["segments"]]

    def Symbols(self):
        return [ELFSymbol(*values) for values in self.Info()["symbols"]]

    def Relocations(self):
        return [ELFRelocation(*values) for values in self.Info()["relocations"]]

    def Dynamic(self):
        return [ELFDynamic(*values) for values in self.Info()["dynamic"]]

    def Notes(self):
        return [ELFNote(*values) for values in self.Info()["notes"]]

    def Frames(self):
        """Functions and parts of them, as .eh_frame tells their addresses (of linked files)."""
        return [ELFFrame(*values) for values in self.Info()["frames"]]

    def BuildId(self):
        """The GNU build id, b"" if there is none."""
        return self.Info()["build_id"]

    def Warnings(self):
        """What is malformed in the file, a list of texts."""
        return self.Info()["warnings"]
