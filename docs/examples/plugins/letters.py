"""A reader: a document of each row of a CSV file."""

import csv
import io


def read_csv(file, settings):
    """Yields a dictionary a document: text; and id, url, license, meta, if any."""
    with file.open() as stream:
        lines = io.TextIOWrapper(stream, "utf-8")
        for row in csv.DictReader(lines, delimiter=settings.get("delimiter", ",")):
            meta = {"author": row["author"]}
            yield {"text": row["body"], "id": row["number"], "meta": meta}
