"""One form for the addresses under which one page is found: two captures of it are compared, whatever else
they share."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.text.arrow.fixed_width import leading_uint64
from pipeline.text.arrow.text_hashes import hashes

NO_URL = 0

# RE2 expressions: linear in the address.
_PARTS = (
    r"^(?i:https?:)?//(?:[^/?]*@)?(?i:www\.|m\.)?(?P<host>[^/?:]+)"
    r"(?P<port>:\d+)?(?P<path>[^?]*)(?:\?(?P<query>.*))?$"
)
_TRACKING = (
    r"(?i)(^|&)(utm_[^=&]*|fbclid|gclid|dclid|msclkid|yclid|igshid|mc_cid|mc_eid|_ga|spm|scm|share_token"
    r"|sessionid|phpsessid|jsessionid|sid)(=[^&]*)?"
)
_DEFAULT_PAGE = r"(/(?i:index|default)\.(?i:html?|php|aspx?|jsp))?/*$"


def canonical_urls(urls: pa.Array) -> pa.Array:
    """Addresses of the Web without what makes no other page of them: the scheme, ``www.`` and ``m.``, a name
    and password, a default port, the fragment, a closing slash or the name of the default page, parameters
    that only track visitors, and the order of the others; the host in lower case.

    Returns:
        string [urls]; null for what is no address of the Web.
    """
    text = pc.utf8_trim_whitespace(urls.cast(pa.string()))
    text = pc.replace_substring_regex(text, r"#.*$", "")
    text = pc.replace_substring_regex(text, r"^((?i:https?:)?//[^/?]*):(80|443)?($|/|\?)", r"\1\3")
    parts = pc.extract_regex(text, _PARTS)
    host, port, path, query = (pc.struct_field(parts, name) for name in ("host", "port", "path", "query"))
    path = pc.replace_substring_regex(path, _DEFAULT_PAGE, "")
    query = _sorted(pc.replace_substring_regex(query, _TRACKING, ""))
    asked = pc.if_else(pc.equal(query, ""), "", pc.binary_join_element_wise("?", query, ""))
    return pc.binary_join_element_wise(pc.utf8_lower(host), port, path, asked, "")


def _sorted(queries: pa.Array) -> pa.Array:
    """Queries with their parameters in order, each once."""
    lists = pc.split_pattern(queries, "&")
    owner, flat = pc.list_parent_indices(lists), pc.list_flatten(lists)
    pairs = pa.table({"owner": owner, "value": flat}).filter(pc.not_equal(flat, ""))
    groups = pairs.group_by(["owner", "value"], use_threads=False).aggregate([])
    ordered = groups.take(pc.sort_indices(groups, [("owner", "ascending"), ("value", "ascending")]))
    owners = ordered["owner"].to_numpy()
    borders = np.searchsorted(owners, np.arange(len(queries) + 1)).astype(np.int32)
    values = ordered["value"].combine_chunks()
    joined = pc.binary_join(pa.ListArray.from_arrays(pa.array(borders), values), "&")
    return pc.if_else(pc.is_null(queries), pa.scalar(None, pa.string()), joined)


def url_keys(urls: pa.Array) -> np.ndarray:
    """uint64 [urls]: equal where the canonical addresses are; ``NO_URL`` where there is none."""
    canonical = canonical_urls(urls)
    keys = leading_uint64(hashes(pc.fill_null(canonical, "")))
    return np.where(pc.is_null(canonical).to_numpy(zero_copy_only=False), NO_URL, keys).astype(np.uint64)
