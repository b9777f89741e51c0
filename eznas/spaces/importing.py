"""Find a user's own object in a module or in a `.py` file, wherever the command runs."""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import os
import sys
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path
from types import ModuleType
from typing import Final

from eznas.errors import EznasError, described

_FILE: Final = ".py"
_FILE_MODULE: Final = "eznas_space_"


def find_object(name: str, folder: Path | None = None) -> object:
    """Return the object called `name`.

    Args:
        name: `module:attribute`, or `path/of/a/file.py:attribute`. Of a file the attribute may be left out when there
            is only one class with `build`, or a function `build`.
        folder: where modules and files are looked for before the current folder.

    Raises:
        EznasError: there is no such module, file or attribute, or its code raises.
    """
    where, attribute = _parts(name)
    module = _file_module(name, where, folder) if where.endswith(_FILE) else _module(name, where, folder)
    if not attribute:
        return _only_space(name, module)
    found: object = module
    for part in attribute.split("."):
        if not hasattr(found, part):
            raise EznasError(f"{where} has no {attribute!r}, for {name!r}: {_own_names(module, attribute)}.")
        found = getattr(found, part)
    return found


def find_module(name: str, folder: Path | None = None) -> ModuleType:
    """Return the module called `name`, or that of the `.py` file at this path; it is imported once in a process.

    Args:
        name: `module`, `package.module`, or `path/of/a/file.py`.
        folder: where modules and files are looked for before the current folder.

    Raises:
        EznasError: there is no such module or file, or its code raises.
    """
    return _file_module(name, name, folder) if name.endswith(_FILE) else _module(name, name, folder)


def name_elsewhere(module_name: str) -> str:
    """Return the name by which `find_module` finds an imported module in another process: of a file, its path."""
    file = getattr(sys.modules.get(module_name), "__file__", None)
    return str(file) if module_name.startswith(_FILE_MODULE) else module_name


def stored_name(name: str, folder: Path) -> str:
    """Return the name of a space as a record in `folder` is to have it: files are relative to that folder.

    An absolute path to a file outside of `folder` stays absolute.

    Args:
        name: as the user gave it, a file being looked for in the current folder before `folder`.
        folder: of the record.

    Raises:
        EznasError: there is no such file.
    """
    where, attribute = _parts(name) if ":" in name or name.endswith(_FILE) else (name, "")
    if not where.endswith(_FILE):
        return name
    path, home = _existing(name, where, [Path(), folder]), folder.resolve()
    if not (Path(where).expanduser().is_absolute() and not path.is_relative_to(home)):
        where = Path(os.path.relpath(path, home)).as_posix()
    return f"{where}:{attribute}" if attribute else where


def _parts(name: str) -> tuple[str, str]:
    """Split a name at its last colon; a path of a file alone has no attribute."""
    if name.endswith(_FILE):
        return name, ""
    where, _, attribute = name.rpartition(":")
    if not where or not attribute or (where.startswith(".") and not where.endswith(_FILE)):
        raise EznasError(
            f"{name!r} names no search space: write module:attribute, or file.py:attribute, such as "
            "my_space.py:MySpace."
        )
    return where, attribute


def _existing(name: str, where: str, folders: Sequence[Path]) -> Path:
    given = Path(where).expanduser()
    places = [given] if given.is_absolute() else [folder / given for folder in folders]
    for path in places:
        if path.is_file():
            return path.resolve()
    looked = " and ".join(dict.fromkeys(str(path.parent.absolute()) for path in places))
    raise EznasError(f"There is no file {given.name} in {looked}, for {name!r}: check the path.")


def _file_module(name: str, where: str, folder: Path | None) -> ModuleType:
    path = _existing(name, where, [folder or Path(), Path()])
    # Two files of one name in two folders are two modules, and neither hides an installed one.
    module_name = f"{_FILE_MODULE}{path.stem}_{blake2b(os.fsencode(path), digest_size=6).hexdigest()}"
    if module_name in sys.modules:
        return sys.modules[module_name]
    specification = importlib.util.spec_from_file_location(module_name, path)
    if specification is None or specification.loader is None:
        raise EznasError(f"{path} cannot be read as a Python file, for {name!r}.")
    _make_importable(path.parent)
    module = importlib.util.module_from_spec(specification)
    sys.modules[module_name] = module
    try:
        specification.loader.exec_module(module)
        _check_neighbours(path, module)
    except BaseException as error:
        del sys.modules[module_name]
        if isinstance(error, (EznasError, KeyboardInterrupt)):
            raise
        raise _failure(name, where, error) from error
    return module


def _module(name: str, where: str, folder: Path | None) -> ModuleType:
    # An installed command, unlike `python -m`, does not have the current folder on its path.
    for home in (folder, Path()):
        if home is not None:
            _make_importable(home.resolve())
    try:
        return importlib.import_module(where)
    except (EznasError, KeyboardInterrupt):
        raise
    except BaseException as error:
        parents = [where.rsplit(".", count)[0] for count in range(where.count(".") + 1)]
        if isinstance(error, ModuleNotFoundError) and error.name in parents:
            file = f"{where.replace('.', '/')}.py{name.removeprefix(where)}"
            raise EznasError(
                f"The module of {name!r} could not be found ({error}): check the spelling, or give its file, such as "
                f"{file}."
            ) from error
        raise _failure(name, where, error) from error


def _make_importable(folder: Path) -> None:
    """Let the files in `folder` import one another, without hiding what is installed."""
    if str(folder) not in sys.path:
        sys.path.append(str(folder))
        importlib.invalidate_caches()


def _check_neighbours(path: Path, module: ModuleType) -> None:
    """Raise an `EznasError` where a file got another module than the one beside it that it means to import."""
    for value in vars(module).values():
        imported = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None)
        top = str(imported).partition(".")[0]
        neighbours = [path.with_name(f"{top}.py"), path.parent / top / "__init__.py"]
        got = getattr(sys.modules.get(top), "__file__", None)
        if got and Path(got).resolve() not in neighbours and any(one.is_file() for one in neighbours):
            raise EznasError(f"{path.name} imports {top!r} and gets {got}, not the one beside it: rename the latter.")


def _failure(name: str, where: str, error: BaseException) -> EznasError:
    if isinstance(error, SystemExit):
        return EznasError(f"{where}, imported for {name!r}, ended the process: put what it runs below a `def`.")
    return EznasError(f"{where} could not be imported for {name!r} ({described(error)}): correct it there.")


def _only_space(name: str, module: ModuleType) -> object:
    """Return the one space of a file: its only class with `build`, or its function `build`."""
    if callable(getattr(module, "build", None)):
        return module.build
    own = {
        key: value
        for key, value in vars(module).items()
        if isinstance(value, type) and value.__module__ == module.__name__ and callable(getattr(value, "build", None))
    }
    if len(own) == 1:
        return next(iter(own.values()))
    found = f"has the classes {', '.join(own)} with `build`" if own else "has no class with `build`"
    raise EznasError(f"{name} {found}: name the search space, such as {name}:{next(iter(own), 'MySpace')}.")


def _own_names(module: ModuleType, attribute: str) -> str:
    own = [key for key, value in vars(module).items() if getattr(value, "__module__", None) == module.__name__]
    near = difflib.get_close_matches(attribute, own, n=1)
    if near:
        return f"you may mean {near[0]!r}"
    return f"it defines {', '.join(own[:8])}" if own else "it defines nothing"
