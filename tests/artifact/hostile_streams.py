# SPDX-License-Identifier: Apache-2.0
"""Inert hostile files from the published families, written as bytes. They are scanned and never loaded."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import zipfile
import zlib


def text(value: str) -> bytes:
    """A short text."""
    return b"\x8c" + bytes([len(value)]) + value.encode()


def call(module: str, name: str, argument: str = "echo inert") -> bytes:
    """STACK_GLOBAL and REDUCE in protocol 4."""
    return b"\x80\x04" + text(module) + text(name) + b"\x93" + text(argument) + b"\x85R."


GADGETS = (
    "os.system",
    "posix.system",
    "os.popen",
    "subprocess.Popen",
    "subprocess.check_output",
    "builtins.eval",
    "builtins.exec",
    "builtins.__import__",
    "builtins.compile",
    "builtins.open",
    "io.open",
    "_io.FileIO",
    "runpy.run_path",
    "importlib.import_module",
    "shutil.rmtree",
    "socket.create_connection",
    "pty.spawn",
    "ctypes.CDLL",
    "pickle.loads",
    "_pickle.loads",
    "marshal.loads",
    "webbrowser.open",
    "code.interact",
    "timeit.timeit",
    "trace.Trace",
    "cProfile.run",
    "profile.run",
    "pdb.run",
    "bdb.Bdb",
    "doctest.debug_script",
    "pydoc.locate",
    "pkgutil.resolve_name",
    "idlelib.run.Executive",
    "lib2to3.pgen2.grammar.Grammar",
    "ensurepip.bootstrap",
    "pip.main",
    "asyncio.create_subprocess_shell",
    "imaplib.IMAP4_stream",
    "smtplib.SMTP",
    "urllib.request.urlopen",
    "logging.FileHandler",
    "types.CodeType",
    "types.FunctionType",
    "operator.attrgetter",
    "operator.methodcaller",
    "_operator.methodcaller",
    "numpy.f2py.crackfortran._eval_length",
    "numpy.testing._private.utils.runstring",
    "numpy.load",
    "numpy.fromfile",
    "torch.hub.load",
    "torch.load",
    "torch.utils.collect_env.run",
    "torch._dynamo.guards.GuardBuilder.get",
    "torch.jit.unsupported_tensor_ops.execWrapper",
    "joblib.load",
    "dill.loads",
    "cloudpickle.cloudpickle.subimport",
    "uuid._get_command_stdout",
    "multiprocessing.util.spawnv_passfds",
    "tempfile.mktemp",
    "linecache.getlines",
    "inspect.getsource",
    "platform.popen",
    "gc.get_objects",
    "_frozen_importlib.BuiltinImporter",
    "pandas.read_pickle",
    "functools.reduce",
    "itertools.starmap",
)


def streams() -> dict[str, bytes]:
    """Hostile pickles by family."""
    plain = b"cos\nsystem\n(S'echo inert'\ntR."
    found = {f"gadget {name}": call(*name.rsplit(".", 1)) for name in GADGETS}
    found |= {
        "protocol 0": plain,
        "inst": b"(S'echo inert'\nios\nsystem\n.",
        "obj": b"(cos\nsystem\nS'echo inert'\no.",
        "obj popped": b"(cos\nsystem\nS'echo inert'\no0N.",
        "newobj": b"\x80\x02cos\nsystem\n(S'x'\nt\x81.",
        "newobj_ex": b"\x80\x04" + text("os") + text("system") + b"\x93)}\x92.",
        "python 2 name": b"c__builtin__\neval\n(S'1'\ntR.",
        "python 2 commands": b"ccommands\ngetoutput\n(S'x'\ntR.",
        "mapped by protocol": b"\x80\x02c__builtin__\nexecfile\n(S'x'\ntR.",
        "second stream": b"N." + plain,
        "broken tail": plain[:-1] + b"\xff\xff",
        "no stop": plain[:-1],
        "named by memo": b"\x80\x04"
        + text("os")
        + b"\x94"
        + text("system")
        + b"\x9400h\x00h\x01\x93"
        + text("x")
        + b"\x85R.",
        "memo by put 5": b"\x80\x04" + text("os") + b"q\x05" + text("system") + b"r\x09\x00\x00\x00" + b"00"
        b"h\x05j\x09\x00\x00\x00\x93" + text("x") + b"\x85R.",
        "hex integer": b"I0x10\n0L0x10L\n0" + plain,
        "octal integer": b"I010\n0" + plain,
        "dotted": b"\x80\x04" + text("torch") + text("os.system") + b"\x93" + text("x") + b"\x85R.",
        "dotted through numpy": b"\x80\x04" + text("numpy") + text("f2py.os.popen") + b"\x93" + text("x") + b"\x85R.",
        "dotted dunder": b"\x80\x04" + text("collections") + text("OrderedDict.__init__.__globals__") + b"\x93.",
        "extension 1": b"\x80\x02\x82\x05)R.",
        "extension 4": b"\x80\x02\x84\x05\x00\x00\x00)R.",
        "build on a class": b"\x80\x02ccollections\nOrderedDict\n}U\x03keyNsb.",
        "hidden attribute": b"\x80\x02ccollections\nOrderedDict\n)R}(U\x09__class__Nub.",
        "partial": b"\x80\x02cfunctools\npartial\ncbuiltins\ngetattr\n\x85R.",
        "partial state": b"\x80\x02cfunctools\npartial\ncbuiltins\nint\n\x85\x81(cbuiltins\ngetattr\n)}Ntb.",
        "call of partial": b"\x80\x02cfunctools\npartial\ncbuiltins\nint\n\x85R)R.",
        "getattr dunder": b"\x80\x02cbuiltins\ngetattr\nccollections\nOrderedDict\nU\x08__init__\x86R.",
        "call of getattr": b"\x80\x02cbuiltins\ngetattr\nccollections\nOrderedDict\nU\x08fromkeys\x86R)R.",
        "codec": b"\x80\x02c_codecs\nencode\nX\x01\x00\x00\x00aX\x05\x00\x00\x00rot13\x86R.",
        "factory": b"\x80\x02ccollections\ndefaultdict\ncbuiltins\ngetattr\n\x85R.",
        "nested torch": b"\x80\x04"
        + text("torch.storage")
        + text("_load_from_bytes")
        + b"\x93B"
        + struct.pack("<I", len(plain))
        + plain
        + b"\x85R.",
        "nested unseen": b"\x80\x02ctorch.storage\n_load_from_bytes\nN\x85R.",
        "frame straddled": b"\x80\x04\x95\x03\x00\x00\x00\x00\x00\x00\x00NC\x04abcd0.",
        "frame in frame": b"\x80\x04\x95\x0b\x00\x00\x00\x00\x00\x00\x00\x95\x02\x00\x00\x00\x00\x00\x00\x00N..",
        "frame tail": b"\x80\x04\x95\x0a\x00\x00\x00\x00\x00\x00\x00N." + b"N" * 8,
        "hooks": b"\x80\x02ctorch._utils\n_rebuild_parameter\n(NK\x01}U\x01acbuiltins\nlist\nstR.",
        "long before": b"(" + b"G\x3f\xf0\x00\x00\x00\x00\x00\x00" * 5000 + b"t0" + plain,
        "name as long text": b"\x80\x04X\xd0\x07\x00\x00" + b"a" * 2000 + text("x") + b"\x93.",
        "reserve": b"\x80\x02cbuiltins\nbytearray\nJ\xff\xff\xff\x7f\x85R.",
        "dtype": b"\x80\x02cnumpy\ndtype\nU\x05os,i4\x85R.",
    }
    return found


def _zip(members: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return out.getvalue()


def wrapped() -> dict[str, bytes]:
    """The same inside packings and archives, and archives that lie."""
    plain = b"cos\nsystem\n(S'echo inert'\ntR."
    tidy = _zip({"a/data.pkl": plain, "a/version": b"3\n"})
    harmless = _zip({"a/data.pkl": b"\x80\x02}.", "a/version": b"3\n", "a/data/0": b"12345678"})
    flagged = bytearray(harmless)
    flagged[6] |= 0x20
    renamed = harmless.replace(b"a/version", b"a/versiom", 1)
    spoilt = harmless.replace(b"12345678", b"1234567X", 1)
    return {
        "gzip": gzip.compress(plain),
        "gzip twice": gzip.compress(gzip.compress(plain)),
        "two gzip streams": gzip.compress(b"N.") + gzip.compress(plain),
        "zlib": zlib.compress(plain),
        "bz2": bz2.compress(plain),
        "xz": lzma.compress(plain),
        "lzma": lzma.compress(plain, format=lzma.FORMAT_ALONE),
        "torch zip": tidy,
        "deflated": _zip({"x": plain}, zipfile.ZIP_DEFLATED),
        "zip in zip": _zip({"x.txt": tidy}),
        "odd member name": _zip({"a/data.pkl": b"\x80\x02}.", "a/version": b"3\n", "a/other": plain}),
        "slip": _zip({"../x": b"N."}),
        "flags": bytes(flagged),
        "two names": renamed,
        "wrong CRC": spoilt,
        "prefix": plain + harmless,
        "npz": _zip({"a.npy": _objects(plain)}),
        "npy": _objects(plain),
        "pickle before zip": b"N." + tidy,
        "size lie": _zip({"a/data.pkl": _lie(), "a/version": b"3\n", "a/data/0": b"1234"}),
    }


def _objects(stream: bytes) -> bytes:
    header = b"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }".ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + stream


def _lie() -> bytes:
    return b"\x80\x02(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuM\xe8\x03tQ."
