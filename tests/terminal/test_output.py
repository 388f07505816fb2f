"""What a stream's encoding does not have is shown in another way."""

from __future__ import annotations

import io

from specnet.terminal.output import spoken


def test_bars_where_the_encoding_has_none() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    assert spoken("rate ▁▂▃▄▅▆▇█", stream) == "rate _.,-=+*#"
    assert spoken("rate ▁ é", stream) == "rate _ \\xe9"
    assert spoken("rate ▁", io.TextIOWrapper(io.BytesIO(), encoding="utf-8")) == "rate ▁"
