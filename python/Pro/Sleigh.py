# SPDX-License-Identifier: Apache-2.0
"""Machine code taken apart: assembly text, flow of control, and what it does as p-code.

    from Pro.Sleigh import Language

    language = Language("RISCV:LE:64:RV64GC")
    for instruction in language.decode(bytes.fromhex("13051500 8280"), 0x1000):
        print(f"{instruction.address:#x} {instruction}")

languages() lists what there is: descriptions in the folders of $PROMP_SPECS, promp's own, and those of a Ghidra
in $GHIDRA_INSTALL_DIR. Data is anything with bytes (bytes, bytearray, mmap, ...) or an NTContainer, which is read as
it is needed. Malformed bytes are no error: they come as instructions whose outcome is "invalid", or "truncated" where
the data ends inside an instruction. A .sla that was made wrong on purpose may load and raise ValueError where such an
instruction comes; one damaged by accident does not load.
"""

import enum
import os
from collections import namedtuple
from typing import Any, Dict, Iterator, List, Mapping, Optional, Tuple, Union

from Pro import _promp

__all__ = ["Flow", "Instruction", "Language", "LanguageEntry", "PcodeOp", "Space", "Varnode", "compile", "languages"]


class Flow(enum.IntFlag):
    """Where execution can go from an instruction: bits of Instruction.flow."""
    FallThrough = 1
    Branch = 2
    Conditional = 4  # the branch may not be taken
    Call = 8
    Return = 16
    Indirect = 32  # the target of a branch or call is computed
    Unimplemented = 64  # the length is known, the meaning is not


class Varnode(namedtuple("Varnode", "space offset size")):
    """A place: name of the space, byte offset, size in bytes. In the space "const" the offset is the value."""
    __slots__ = ()
    space: str
    offset: int
    size: int

    def __str__(self) -> str:
        return f"({self.space},{self.offset:#x},{self.size})"


class PcodeOp(namedtuple("PcodeOp", "name output inputs")):
    """One operation of p-code: its name ("INT_ADD"), the Varnode it writes or None, the Varnodes it reads."""
    __slots__ = ()
    name: str
    output: Optional[Varnode]
    inputs: Tuple[Varnode, ...]

    def __str__(self) -> str:
        result = "" if self.output is None else f"{self.output} = "
        return f"{result}{self.name} {', '.join(map(str, self.inputs))}".rstrip()


class Instruction(namedtuple("Instruction", "address length mnemonic body flow targets pcode outcome bytes")):
    """An instruction, or what is there instead of one.

    address, length  in bytes
    mnemonic, body   the text, "" if there is no instruction
    flow             bits of Flow
    targets          addresses of branches and calls that are known
    pcode            PcodeOps, if lift() made it
    outcome          "decoded", "invalid", "truncated"
    bytes            the bytes it stands for
    """
    __slots__ = ()
    address: int
    length: int
    mnemonic: str
    body: str
    flow: int
    targets: Tuple[int, ...]
    pcode: Tuple[PcodeOp, ...]
    outcome: str
    bytes: bytes

    def __str__(self) -> str:
        return f"{self.mnemonic} {self.body}".rstrip() if self.outcome == "decoded" else self.outcome


LanguageEntry = namedtuple("LanguageEntry", "id description path hidden deprecated")
Space = namedtuple("Space", "name addressSize wordSize isRegister bigEndian")


def languages() -> List[LanguageEntry]:
    """The languages there are, in the order in which they are searched; path is the file that defines one."""
    return [LanguageEntry(*values) for values in _promp._sleighLanguages()]


def compile(path: Union[str, "os.PathLike[str]"], defines: Optional[Mapping[str, str]] = None) -> bytes:
    """Compiles a .slaspec and gives the content of the .sla. ValueError has all messages, each with file and line."""
    return _promp._sleighCompile(path, [f"{name}={value}" for name, value in (defines or {}).items()])


class Language:
    """A processor's language. It does not change and can be used by all threads; an iterator is for one at a time.

    id            what it was opened by
    spaces        its address spaces; defaultSpace is that of the code
    alignment     bytes: instructions begin at multiples of it
    bigEndian     whether numbers in memory are
    memory        bytes it took when it was loaded; use adds some, up to twice as many
    """

    def __init__(self, id: str):
        """Opens a language by id ("x86:LE:64:default"). FileNotFoundError names the nearest ids and where was looked."""
        self._take(_promp._sleighOpen(id), id)

    @classmethod
    def load(cls, sla: Union[str, "os.PathLike[str]"],
             pspec: Union[None, str, "os.PathLike[str]"] = None) -> "Language":
        """A language out of a compiled .sla and, for the defaults of its context, a .pspec."""
        language = cls.__new__(cls)
        language._take(_promp._sleighLoad(sla) if pspec is None else _promp._sleighLoad(sla, pspec), os.fspath(sla))
        return language

    def _take(self, native: Any, id: str) -> None:
        self._native = native
        self.id = id
        self.spaces: List[Space] = [Space(*values) for values in native.spaces()]
        self._space_names = tuple(space.name for space in self.spaces)
        self.alignment, self.bigEndian, self.memory, default = native.facts()
        self.defaultSpace: Space = self.spaces[default]
        self._registers: Optional[Dict[str, Varnode]] = None
        self._names: Dict[Varnode, str] = {}

    def __repr__(self) -> str:
        return f"Language({self.id!r})"

    def decode(self, data: Any, address: int = 0, *, offset: int = 0, count: Optional[int] = None,
               context: Optional[Mapping[str, int]] = None) -> Iterator[Instruction]:
        """Goes over the instructions of data, from offset on, which stands at the address.

        count: at most so many. context: values of context variables ({"TMode": 1}) from there on.
        """
        return self._walk(data, address, offset, count, context, False)

    def lift(self, data: Any, address: int = 0, *, offset: int = 0, count: Optional[int] = None,
             context: Optional[Mapping[str, int]] = None) -> Iterator[Instruction]:
        """As decode(); the instructions have their p-code, too."""
        return self._walk(data, address, offset, count, context, True)

    def _walk(self, data, address, offset, count, context, pcode):
        for name, value in (("address", address), ("offset", offset), ("count", 0 if count is None else count)):
            if not 0 <= value < 1 << 64:
                raise ValueError(f"{name} is {value}; it is at least 0 and has 64 bits")
        return _promp._sleighWalk(self._native, data, address, offset, (1 << 64) - 1 if count is None else count,
                                  dict(context or {}), pcode, Instruction, PcodeOp, Varnode, self._space_names)

    @property
    def registers(self) -> Dict[str, Varnode]:
        """All registers by name."""
        if self._registers is None:
            self._registers = {name: Varnode(self._space_names[space], offset, size)
                               for name, (space, offset, size) in self._native.registers()}
            self._names = {place: name for name, place in self._registers.items()}
        return self._registers

    def registerName(self, place: Varnode) -> Optional[str]:
        """The name of the register that is exactly there, or None."""
        return self._names.get(place) if self.registers else None

    def userOperation(self, index: int) -> str:
        """The name of a user operation: what input 0 of a CALLOTHER means."""
        return self._native.userOperation(index)
