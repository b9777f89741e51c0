"""Records of a large JSON file one after the other, so that no file has to fit in memory."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any, Final

from eznas.data.zip_damage import DAMAGED_ZIP
from eznas.errors import EznasError, shown

_CHUNK: Final = 1 << 18
_LONGEST_RECORD: Final = 1 << 26


def iterate_records(file: IO[bytes], path: Path, lists: Sequence[str]) -> Iterator[tuple[str, Any]]:
    """Yield the records of a file that holds one list, or an object with lists under the keys `lists`.

    Args:
        file: UTF-8 JSON.
        path: for messages.
        lists: keys whose lists are joined, in the file's order; other keys are skipped.

    Yields:
        Where a record stands, such as `record 17` or `record 17 of top` (counted from 0), and the record.

    Raises:
        EznasError: the file ends early, is no JSON, or has neither form.
    """
    reader = _Reader(file, path)
    opening = reader.token()
    if opening == "[":
        yield from _elements(reader, "")
    elif opening == "{":
        found: set[str] = set()
        while reader.peek() != "}":
            if found and reader.token() != ",":
                raise reader.error("a comma is missing between two keys")
            key = reader.value()
            if not isinstance(key, str) or key in found or reader.token() != ":":
                raise reader.error(f"{shown(key)} is no key, or stands there twice")
            found.add(key)
            if key not in lists:
                reader.value()
            elif reader.token() == "[":
                yield from _elements(reader, f" of {key}")
            else:
                raise reader.error(f"the value of {key} is no list")
        reader.token()
        if missing := [key for key in lists if key not in found]:
            raise EznasError(f"{path} has no key {missing[0]!r}: it is not a whole official file; download it again.")
    else:
        raise reader.error("it is neither a list nor an object")
    if reader.peek():
        raise reader.error("something follows after its end")


def _elements(reader: _Reader, within: str) -> Iterator[tuple[str, Any]]:
    """Yield the elements of a list whose bracket has been read, and read the closing one."""
    index = 0
    while reader.peek() != "]":
        if index and reader.token() != ",":
            raise reader.error("a comma is missing between two records")
        where = f"record {index}{within}"
        yield where, reader.value(where)
        index += 1
    reader.token()


class _Reader:
    """A text that is decoded as far as it is needed."""

    def __init__(self, file: IO[bytes], path: Path) -> None:
        self._file = file
        self._path = path
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._json = json.JSONDecoder()
        self._text = ""
        self._position = 0
        self._ended = False

    def peek(self) -> str:
        """Return the next character that is no space, or nothing at the end."""
        while True:
            while self._position < len(self._text):
                if not self._text[self._position].isspace():
                    return self._text[self._position]
                self._position += 1
            if not self._more(_CHUNK):
                return ""

    def token(self) -> str:
        """Read the next character that is no space."""
        character = self.peek()
        if not character:
            raise self.error("it ends before its last bracket", cut_off=True)
        self._position += 1
        return character

    def value(self, where: str = "a value") -> Any:
        """Read one JSON value."""
        self.peek()
        amount = _CHUNK
        while True:
            try:
                value, end = self._json.raw_decode(self._text, self._position)
            except json.JSONDecodeError as error:
                reason = error.msg
                if self._ended:
                    raise self.error(f"{where} is no whole JSON value ({reason})", cut_off=True) from None
            except RecursionError:
                raise self.error(f"{where} is nested too deeply") from None
            except ValueError:
                # Python reads integers of 4,300 digits at most.
                raise self.error(f"{where} has a number of too many digits") from None
            else:
                # Of a number, 15 may be the beginning of 15.25 or 15e3; everything else has an end of its own.
                if self._ended or (end < len(self._text) and self._text[end] not in ".eE"):
                    self._position = end
                    return value
                reason = ""
            if len(self._text) - self._position > _LONGEST_RECORD:
                raise self.error(f"{where} is longer than {_LONGEST_RECORD:,} characters, or no JSON ({reason})")
            self._more(amount)
            amount *= 2

    def error(self, what: str, *, cut_off: bool = False) -> EznasError:
        """Return the complaint about the file."""
        kind = "is cut off or damaged" if cut_off else "is damaged, or not of the official form"
        return EznasError(f"{self._path} {kind}: {what}. Download it again.")

    def _more(self, amount: int) -> bool:
        """Append more of the file to the text; False at its end."""
        if self._ended:
            return False
        try:
            content = self._file.read(amount)
            self._ended = not content
            decoded = self._decoder.decode(content, final=self._ended)
        except UnicodeDecodeError as error:
            raise self.error("its text is not UTF-8") from error
        except (OSError, *DAMAGED_ZIP) as error:
            raise self.error(str(error), cut_off=True) from error
        self._text = self._text[self._position :] + decoded
        self._position = 0
        return not self._ended
