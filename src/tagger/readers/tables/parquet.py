"""Parquet, read batch by batch with pyarrow, which is an extra."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tagger.errors import WorkError
from tagger.readers.tables.rows import complaint, find_columns, read_row
from tagger.works import Failure, Work

_BATCH_ROWS = 64


def works(path: Path, name: str) -> Iterator[Work | Failure]:
    """The works of a Parquet file, one a row. Without an id, a work's id is the file and the row, from 1."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise WorkError(f"{name}: is Parquet, which needs a package: pip install pyarrow") from None
    number = 0
    try:
        with pyarrow.parquet.ParquetFile(path, memory_map=True) as file:
            names = file.schema_arrow.names
            columns = find_columns(names)
            if not columns:
                raise WorkError(complaint(names, name))
            wanted = sorted({index for index in columns if index is not None})
            columns = columns.within(wanted)
            for batch in file.iter_batches(_BATCH_ROWS, columns=[names[index] for index in wanted]):
                for cells in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                    number += 1
                    yield read_row(cells, columns, f"{name}:{number}", "parquet")
    except (pyarrow.ArrowException, OSError, ValueError, TypeError, OverflowError, MemoryError) as error:
        why = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise WorkError(f"{name}: after row {number}: is damaged or no Parquet file: {why}") from None
    if not number:
        raise WorkError(f"{name}: has columns and no rows")
