"""A hint to the processor."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic


@intrinsic
def prefetch(context: Any, array: Any, row: Any) -> Any:
    """Asks for the cache line where a row of a two-dimensional array begins, and does not wait for it."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array_type, row_type = signature.args
        view = context.make_array(array_type)(context, builder, arguments[0])
        row = context.cast(builder, arguments[1], row_type, types.intp)
        stride = builder.extract_value(view.strides, 0)
        begin = cgutils.pointer_add(builder, view.data, builder.mul(row, stride))
        byte = builder.bitcast(begin, ir.IntType(8).as_pointer())
        flag = ir.IntType(32)
        hint = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(ir.VoidType(), [byte.type, flag, flag, flag]), "llvm.prefetch.p0i8"
        )
        builder.call(hint, [byte, flag(0), flag(3), flag(1)])
        return context.get_dummy_value()

    return types.none(array, row), generate
