# SPDX-License-Identifier: Apache-2.0
"""What each opcode does to the symbolic machine, with the stack and memo rules of CPython's C unpickler."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hauberk.artifact.formats import literal
from hauberk.artifact.formats.machine import Machine, bound
from hauberk.artifact.formats.opcode import modern_name
from hauberk.artifact.formats.source import FormatError, LimitError
from hauberk.artifact.formats.symbol import OPAQUE, Items, Made, Pairs, Span, parts

Argument = tuple[bytes | int, int]
Actions = dict[str, Callable[[Machine, Any], None]]

MEMO_SLACK = 1_000_000  # how far a memo index may run ahead of the opcodes; CPython reserves memory up to it


def _text(machine: Machine, argument: Argument) -> None:
    content, at = argument
    if isinstance(content, int):
        machine.push(Span(at, content, text=True))
        return
    try:
        machine.push(content.decode("utf-8", "surrogatepass"))
    except ValueError:
        machine.push(content.decode("latin-1"))


def _bytes(machine: Machine, argument: Argument) -> None:
    content, at = argument
    machine.push(Span(at, content) if isinstance(content, int) else content)


def _long_bytes(machine: Machine, argument: Argument) -> None:
    content, _ = argument
    machine.push(OPAQUE if isinstance(content, int) else int.from_bytes(content, "little", signed=True))


def _literal(machine: Machine, text: str | None) -> None:
    if text is None:
        machine.watcher.defect(machine, f"{machine.opcode} has a text that cannot be read")
    machine.push(OPAQUE if text is None else text)


def _float(machine: Machine, line: bytes) -> None:
    try:
        machine.push(float(line))
    except ValueError:
        machine.watcher.defect(machine, "FLOAT has no number")
        machine.push(OPAQUE)


def _int(machine: Machine, line: bytes) -> None:
    value = literal.integer(line)
    if value is OPAQUE:
        machine.watcher.defect(machine, f"{machine.opcode} has no number")
    machine.push(value)


def _proto(machine: Machine, version: int) -> None:
    if version > 5:
        machine.watcher.defect(machine, f"protocol {version} does not exist")
    machine.protocol = version


def _frame(machine: Machine, size: int) -> None:
    start = machine.cursor.tell()
    if machine.frame_end is not None:
        machine.watcher.deceives(machine, "a frame begins inside another, where readers differ")
    if start + size > machine.source.size:
        raise FormatError("a frame is longer than the file", machine.at)
    machine.frame_end = start + size if size else None


def _put(machine: Machine, key: int | None) -> None:
    if key is None or key < 0:
        machine.watcher.defect(machine, f"{machine.opcode} has no index")
        return
    if key > machine.count + MEMO_SLACK:
        raise LimitError(f"memo index {key} only reserves memory", machine.at)
    machine.memo[key] = machine.top()


def _get(machine: Machine, key: int | None) -> None:
    if key is None or key not in machine.memo:
        raise FormatError(f"{machine.opcode} asks for a memo entry that does not exist", machine.at)
    machine.push(machine.memo[key])


def _pop(machine: Machine, _: None) -> None:
    if machine.marks and machine.marks[-1] == len(machine.stack):
        machine.marks.pop()
    else:
        machine.pop()


def _stop(machine: Machine, _: None) -> None:
    machine.result = machine.pop()
    machine.stopped = True


def _tuple(count: int) -> Callable[[Machine, None], None]:
    def action(machine: Machine, _: None) -> None:
        values = [machine.pop() for _ in range(count)]
        machine.push(tuple(reversed(values)))

    return action


def _items(kind: str) -> Callable[[Machine, None], None]:
    def action(machine: Machine, _: None) -> None:
        made = Items(kind)
        made.add(machine.pop_mark())
        machine.push(made)

    return action


def _pairs(machine: Machine, values: list[object], target: object) -> None:
    if len(values) % 2:
        machine.watcher.defect(machine, f"{machine.opcode} has a key without a value")
    if not isinstance(target, Pairs):
        machine.watcher.fill(machine, target, "set")
        return
    for key, value in zip(values[::2], values[1::2], strict=False):
        target.put(key, value)


def _dict(machine: Machine, _: None) -> None:
    made = Pairs()
    _pairs(machine, machine.pop_mark(), made)
    machine.push(made)


def _setitem(machine: Machine, _: None) -> None:
    value, key = machine.pop(), machine.pop()
    _pairs(machine, [key, value], machine.top())


def _setitems(machine: Machine, _: None) -> None:
    values = machine.pop_mark()
    _pairs(machine, values, machine.top())


def _extend(machine: Machine, values: list[object], kind: str) -> None:
    target = machine.top()
    if isinstance(target, Items) and target.kind == kind:
        target.add(values)
    elif values:
        machine.watcher.fill(machine, target, "append" if kind == "list" else "add")


def _append(machine: Machine, _: None) -> None:
    _extend(machine, [machine.pop()], "list")


def _extended(kind: str) -> Callable[[Machine, None], None]:
    return lambda machine, _: _extend(machine, machine.pop_mark(), kind)


def _find(machine: Machine, module: object, name: object) -> None:
    if not isinstance(module, str) or not isinstance(name, str):
        machine.watcher.deceives(machine, "a global is named by something that is no short text")
        machine.push(Made(OPAQUE, (), role="unknown"))
        return
    if machine.protocol < 3:
        module, name = modern_name(module, name)
    machine.globals += 1
    machine.push(machine.watcher.name(machine, module, name))


def _lines(pair: tuple[bytes, bytes]) -> tuple[str, str]:
    return pair[0].decode("utf-8", "replace"), pair[1].decode("utf-8", "replace")


def _global(machine: Machine, pair: tuple[bytes, bytes]) -> None:
    _find(machine, *_lines(pair))


def _stack_global(machine: Machine, _: None) -> None:
    name, module = machine.pop(), machine.pop()
    _find(machine, module, name)


def _called(machine: Machine, callee: object, arguments: object) -> None:
    given = parts(arguments)
    if given is None:
        machine.watcher.defect(machine, f"{machine.opcode} has arguments that are no tuple")
        given = (arguments,)
    machine.push(machine.watcher.call(machine, callee, given))


def _reduce(machine: Machine, _: None) -> None:
    arguments, callee = machine.pop(), machine.pop()
    _called(machine, callee, arguments)


def _newobj_ex(machine: Machine, _: None) -> None:
    keywords, arguments, callee = machine.pop(), machine.pop(), machine.pop()
    if not isinstance(keywords, Pairs) or keywords.held or not keywords.whole or not keywords.plain:
        arguments = (*(parts(arguments) or (arguments,)), keywords)
    _called(machine, callee, arguments)


def _inst(machine: Machine, pair: tuple[bytes, bytes]) -> None:
    arguments = tuple(machine.pop_mark())
    _find(machine, *_lines(pair))
    _called(machine, machine.pop(), arguments)


def _obj(machine: Machine, _: None) -> None:
    values = machine.pop_mark()
    if not values:
        raise FormatError("OBJ has no class", machine.at)
    _called(machine, values[0], tuple(values[1:]))


def _build(machine: Machine, _: None) -> None:
    state = machine.pop()
    target = machine.pop()
    machine.push(machine.watcher.build(machine, target, state))


def _extension(machine: Machine, code: int) -> None:
    machine.watcher.deceives(machine, f"a global is named by number {code} of the extension registry")
    machine.push(Made(OPAQUE, (), role="unknown"))


def _buffer(machine: Machine, _: None) -> None:
    machine.watcher.defect(machine, "an out-of-band buffer is asked for, and there is none")
    machine.push(OPAQUE)


def _persid(machine: Machine, line: bytes) -> None:
    machine.push(machine.watcher.persistent(machine, line.decode("utf-8", "replace")))


_VALUES: Actions = {
    "mark": lambda machine, _: machine.marks.append(len(machine.stack)),
    "stop": _stop,
    "pop": _pop,
    "pop_mark": lambda machine, _: machine.pop_mark().clear(),
    "dup": lambda machine, _: machine.push(machine.top()),
    "float": _float,
    **dict.fromkeys(("int", "long"), _int),
    "value": lambda machine, value: machine.push(value),
    "none": lambda machine, _: machine.push(None),
    "true": lambda machine, _: machine.push(True),
    "false": lambda machine, _: machine.push(False),
    "long_bytes": _long_bytes,
    "persid": _persid,
    "binpersid": lambda machine, _: machine.push(machine.watcher.persistent(machine, machine.pop())),
    "reduce": _reduce,
    "string": lambda machine, line: _literal(machine, literal.quoted(line)),
    "text": _text,
    "unicode": lambda machine, line: _literal(machine, literal.unicode_line(line)),
    "bytes": _bytes,
    "bytearray": _bytes,
}
_DEEDS: Actions = {
    "append": _append,
    "appends": _extended("list"),
    "additems": _extended("set"),
    "build": _build,
    "global": _global,
    "stack_global": _stack_global,
    "dict": _dict,
    "setitem": _setitem,
    "setitems": _setitems,
    "empty_dict": lambda machine, _: machine.push(Pairs()),
    "empty_list": lambda machine, _: machine.push(Items("list")),
    "empty_set": lambda machine, _: machine.push(Items("set")),
    "empty_tuple": lambda machine, _: machine.push(()),
    "list": _items("list"),
    "frozenset": _items("frozenset"),
    "tuple": lambda machine, _: machine.push(tuple(machine.pop_mark())),
    "tuple1": _tuple(1),
    "tuple2": _tuple(2),
    "tuple3": _tuple(3),
    "get": lambda machine, line: _get(machine, literal.index(line)),
    "binget": _get,
    "put": lambda machine, line: _put(machine, literal.index(line)),
    "binput": _put,
    "memoize": lambda machine, _: _put(machine, len(machine.memo)),
    "inst": _inst,
    "obj": _obj,
    "newobj": _reduce,
    "newobj_ex": _newobj_ex,
    "proto": _proto,
    "frame": _frame,
    "ext": _extension,
    "next_buffer": _buffer,
    "readonly_buffer": lambda machine, _: machine.watcher.defect(machine, "a buffer is made read-only"),
}

STEPS = bound({**_VALUES, **_DEEDS})  # each opcode's byte: its name, its argument's layout, what it does
