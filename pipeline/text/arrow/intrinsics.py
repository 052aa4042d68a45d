"""Single instructions of the processor that numba has no words for."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic


@intrinsic  # type: ignore[untyped-decorator]
def prefetch(context: Any, array: Any, row: Any) -> Any:
    """Asks for the cache line where a row of an array begins, and does not wait for it."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array_type, row_type = signature.args
        view = context.make_array(array_type)(context, builder, arguments[0])
        row = context.cast(builder, arguments[1], row_type, types.intp)
        begin = cgutils.pointer_add(
            builder, view.data, builder.mul(row, builder.extract_value(view.strides, 0))
        )
        byte = builder.bitcast(begin, ir.IntType(8).as_pointer())
        flag = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [byte.type, flag, flag, flag])
        reading, all_levels, data = flag(0), flag(3), flag(1)
        builder.call(
            cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0i8"),
            [byte, reading, all_levels, data],
        )
        return context.get_dummy_value()

    return types.none(array, row), generate
