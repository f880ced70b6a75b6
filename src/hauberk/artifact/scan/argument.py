# SPDX-License-Identifier: Apache-2.0
"""A permitted class is not a permitted call: what each judged callable may be given.

Each judgement returns a reason to refuse, or an empty text. Arguments are symbols; a value that cannot be told is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from hauberk.artifact.formats.symbol import Items, Made, Name, Pairs, Span
from hauberk.artifact.scan.names import permit

Arguments = tuple[object, ...]
_TYPE = re.compile(r"[<>|=]?[?bBhHiIlLqQpPfdgFDGeOSUVaucmM][0-9]{0,9}(\[[a-zA-Z0-9]{1,6}\])?|bool|object")
_CODECS = {"latin1", "latin-1", "iso-8859-1", "utf-8", "utf8", "ascii"}
_RANDOM = {"MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64"}


def _held(value: object) -> bool:
    """Whether a symbol is a permitted class or function that may be held and called later with data."""
    if not isinstance(value, Name):
        return False
    found = permit(value.module, value.name)
    return found is not None and found.use in {"reference", "instance", "container", "sized"}


def partial(arguments: Arguments) -> str:
    """`functools.partial`: its function has to be a permitted one."""
    if arguments and _held(arguments[0]):
        return ""
    return "partial would hold a callable that is not permitted"


def factory(arguments: Arguments) -> str:
    """`collections.defaultdict`: its factory is called for missing keys."""
    if not arguments or arguments[0] is None or _held(arguments[0]):
        return ""
    return "the factory of a defaultdict is not permitted"


def itemgetter(arguments: Arguments) -> str:
    """`operator.itemgetter`: numbers and texts only."""
    return "" if arguments and all(isinstance(each, str | int) for each in arguments) else "items are no plain keys"


def getattribute(arguments: Arguments) -> str:
    """`builtins.getattr`: a visible attribute of a permitted class or of something built from one."""
    owner, name = arguments if len(arguments) == 2 else (None, None)
    if not isinstance(name, str):
        return "the attribute is not named by a text"
    if not name.isidentifier() or name.startswith("_"):
        return f"attribute {name!r} is hidden"
    owner = owner.callee if isinstance(owner, Made) and owner.role == "instance" else owner
    if isinstance(owner, Name):
        found = permit(owner.module, owner.name)
        if found is not None and found.use in {"instance", "container"}:
            return ""
    return "the object is not of a permitted class"


def encode(arguments: Arguments) -> str:
    """`_codecs.encode`: the codecs that pickle writes; any other name would import a module."""
    text = bool(arguments) and (isinstance(arguments[0], str) or (isinstance(arguments[0], Span) and arguments[0].text))
    codec = arguments[1] if len(arguments) > 1 else "utf-8"
    return "" if text and len(arguments) <= 2 and codec in _CODECS else f"codec {codec!r} is not one that pickle writes"


def reconstructor(arguments: Arguments) -> str:
    """`copyreg._reconstructor` and `__newobj__`: a permitted class, over a plain one."""
    if not arguments or not isinstance(arguments[0], Name):
        return "no permitted class"
    found = permit(arguments[0].module, arguments[0].name)
    if found is None or found.use not in {"instance", "container", "factory", "partial"}:
        return f"{arguments[0]!r} may not be built this way"
    if found.use == "partial":
        return partial(arguments[1:])
    plain = all(not isinstance(each, Name) or each.module in {"builtins", "numpy"} for each in arguments[1:])
    return "" if plain else "the class below is not a plain one"


def sized(arguments: Arguments) -> str:
    """`bytearray`, `bytes` and `range`: content, or a number small enough."""
    numbers = [each for each in arguments if isinstance(each, int)]
    if any(abs(each) > 1 << 24 for each in numbers):
        return "a number of bytes that only reserves memory"
    codec = [each for each in arguments[1:] if isinstance(each, str)]
    known = all(isinstance(each, int | str | bytes | Span | Items | Made) for each in arguments)
    return "" if known and all(each in _CODECS for each in codec) else "content that cannot be told"


def element_type(arguments: Arguments) -> str:
    """`numpy.dtype`: one type code, or a scalar type."""
    if arguments and isinstance(arguments[0], Name) and _held(arguments[0]):
        return ""
    code = arguments[0] if arguments else None
    return "" if isinstance(code, str) and _TYPE.fullmatch(code) else "no plain element type"


def reconstruct(arguments: Arguments) -> str:
    """Numpy's `_reconstruct`: an array class and an empty shape."""
    kinds = {"numpy", "numpy.ma", "numpy.ma.core"}
    classes = bool(arguments) and all(isinstance(each, Name) and each.module in kinds for each in arguments[:-2])
    return "" if classes and len(arguments) in {3, 4} and arguments[-2] in {(0,), ()} else "not an empty array"


def scalar(arguments: Arguments) -> str:
    """Numpy's `scalar`: an element type that is no object, and bytes."""
    if not arguments or not isinstance(arguments[0], Made) or not arguments[0].arguments:
        return "no element type"
    code = arguments[0].arguments[0]
    return "" if isinstance(code, str) and code.lstrip("<>|=")[:1] not in {"O", "V"} else "a scalar of objects"


def tensor(arguments: Arguments) -> str:
    """Torch's `_rebuild_*`: hooks have to be empty, and no callable may be given."""
    for each in arguments:
        if isinstance(each, Made) and each.role not in {"instance", "tensor"}:
            return "a callable among the arguments"
        if isinstance(each, Name) and each.module != "torch":
            return f"{each!r} among the arguments"
        hooks = each.state if isinstance(each, Made) else each
        if isinstance(hooks, Pairs) and hooks.held:
            return "hooks that would be called"
    return ""


def logger(arguments: Arguments) -> str:
    """`logging.getLogger`: a text."""
    return "" if all(isinstance(each, str) for each in arguments) and len(arguments) <= 1 else "no plain name"


JUDGEMENTS: dict[str, Callable[[Arguments], str]] = {
    "partial": partial,
    "factory": factory,
    "itemgetter": itemgetter,
    "getattr": getattribute,
    "encode": encode,
    "reconstructor": reconstructor,
    "sized": sized,
    "dtype": element_type,
    "reconstruct": reconstruct,
    "scalar": scalar,
    "tensor": tensor,
    "logger": logger,
}
"""The judgement that a permit names, by its use."""

ROLES = {"partial": "callable", "itemgetter": "callable", "getattr": "callable", "tensor": "tensor", "factory": "map"}
"""What the result of a judged callable is; an instance where nothing stands here."""
