"""A reader: a document of each row of a CSV file."""

import csv
import io


def read_csv(file, settings):
    """Yields a dictionary a document: its text and, where there are such, id, url, license and meta."""
    with file.open() as stream:
        lines = io.TextIOWrapper(stream, "utf-8")
        for row in csv.DictReader(lines, delimiter=settings.get("delimiter", ",")):
            yield {"text": row["body"], "id": row["number"], "meta": {"author": row["author"]}}
