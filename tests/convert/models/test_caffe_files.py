"""Caffe's texts and bytes: what is read is what protobuf reads, and damaged ones are said to be so."""

from __future__ import annotations

import pytest

from specnet.convert.models import wire
from specnet.convert.models.caffe import binary, message, text_format
from specnet.convert.models.importing import import_bytes
from specnet.diagnostics.errors import SpecError, UsageError
from support import caffe_nets, caffe_proto

TEXTS = {
    "words": 'layer { name: "a" } layer: { name: \'b\' } layer < name: "c" >',
    "marks": 'layer { name: "a"; type: "b", top: ["x", "y"] }',
    "comments": '# first\nname: "a" # second "\n# third',
    "escapes": r'name: "a\"b\'\\ \n\t\101\x41" "joined"' " 'twice'",
    "not ASCII": 'name: "caffè"',
    "whole numbers": "input_dim: 0x1F input_dim: 017 input_dim: -3 input_dim: 0",
    "numbers": "layer { loss_weight: [1e-4, .5, 2.f, 3f] loss_weight: -1. loss_weight: 1E+2 }",
    "infinities": "layer { loss_weight: inf loss_weight: -inf }",
    "truths": "layer { convolution_param { bias_term: false } } layer { convolution_param { bias_term: 1 } }",
    "enums": "layer { pooling_param { pool: AVE } } layer { pooling_param { pool: 1 } }",
    "shapes": "input_shape { dim: [1, 2, 3] } input_shape { dim: 4 }",
}


@pytest.mark.parametrize("case", TEXTS)
def test_a_text_is_what_protobuf_makes_of_it(case: str) -> None:
    expected = binary.parse(caffe_proto.net(TEXTS[case]).SerializeToString(), "x", "NetParameter")
    found = text_format.parse(TEXTS[case].encode(), "x", "NetParameter")
    assert plain(found) == plain(expected)


def plain(read: message.Message) -> dict[str, list[object]]:
    """Names and values, numbers with a float32's digits."""
    return {name: [_plain(entry.value) for entry in entries] for name, entries in read.fields.items()}


def _plain(value: object) -> object:
    if isinstance(value, message.Message):
        return plain(value)
    return message.short(value) if isinstance(value, float) else value


def test_a_whole_net_is_what_protobuf_makes_of_it() -> None:
    text = caffe_nets.googlenet()
    data = caffe_proto.net(text).SerializeToString()
    assert plain(text_format.parse(text.encode(), "x", "NetParameter")) == plain(
        binary.parse(data, "x", "NetParameter")
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('layer {\n  name: "a"', "x.prototxt:2:12: the text ends where a field or '}' was expected"),
        ("layer { name: a }", "x.prototxt:1:15: 'name' is a text, in quotes"),
        ('layer { bottom: "a', "x.prototxt:1:17: a text has no end"),
        ("layer", "x.prototxt:1:6: ':' or '{' was expected behind 'layer'"),
        ("layer: 3", "'layer' is a message"),
        ("name { }", "'name' is a text, not a message"),
        ("name: }", "'name' has no value"),
        ("input_dim: 1.5", "'1.5' is not a whole number, as 'input_dim' is"),
        ("input_dim: 99999999999999999999", "is not a whole number"),
        ('input_dim: "3"', "'input_dim' is a whole number, without quotes"),
        ("layer { loss_weight: x }", "'x' is not a number"),
        ("layer { convolution_param { bias_term: 2 } }", "'2' is not true or false"),
        ("layer { pooling_param { pool: MIN } }", "'MIN' is not a word of PoolMethod"),
        ("input: [1", "is a text, in quotes"),
        ('input: ["a" "b" 3', r"',' or '\]' was expected"),
        ("}", "'}' stands where a field was expected"),
        ("input_dim: +4", "'\\+' is not expected"),
        ("@", "'@' is not expected"),
        ("a: 1 b: 2x", "'2' is not expected"),
        ("layer {" * 30, "nested deeper than 20"),
    ],
)
def test_what_is_no_text_of_caffe_is_said_where_it_ends(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        import_bytes(text.encode(), "x.prototxt")


def test_texts_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="larger than 4,194,304 bytes"):
        import_bytes(b"#" * (text_format.LARGEST + 1), "x.prototxt")
    monkeypatch.setattr(text_format, "MOST_FIELDS", 10)
    with pytest.raises(UsageError, match="more than 10 fields"):
        import_bytes(b"input_dim: 1 " * 11, "x.prototxt")


def test_layers_are_bounded() -> None:
    with pytest.raises(UsageError, match="more than 10,000 layers and inputs"):
        import_bytes(b'layer { type: "X" } ' * 10_001, "x.prototxt")
    with pytest.raises(UsageError, match="more than 10,000 layers and inputs"):
        import_bytes(b'input: "x" ' * 10_001, "x.prototxt")


def test_bytes_that_are_no_text_are_said_to_be_none() -> None:
    with pytest.raises(UsageError, match="is not UTF-8"):
        import_bytes(b"\xff\xfe", "x.prototxt")


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"\xff" * 20, b"name: 'a'", b"\x0a\x7f", b"\xa2\x06\x05\x0a\x10"),
        b"\xa2\x06\x02" * 40,
        caffe_proto.net(caffe_nets.lenet(deploy=True)).SerializeToString()[:-3],
    ],
)
def test_what_is_no_net_is_said_to_be_none(data: bytes) -> None:
    with pytest.raises(UsageError, match=r"no (file|net) of Caffe's"):
        import_bytes(data, "x.caffemodel")


def test_bytes_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    net = caffe_proto.net("input_dim: 1 " * 50)
    monkeypatch.setattr(binary, "MOST_FIELDS", 20)
    with pytest.raises(UsageError, match="more than 20 fields"):
        import_bytes(net.SerializeToString(), "x.caffemodel")


def test_fields_of_another_caffe_are_refused_by_number() -> None:
    net = caffe_proto.net(caffe_nets.lenet(deploy=True))
    net.layer[1].convolution_param.MergeFromString(b"\xf8\x07\x01")  # number 127
    with pytest.raises(SpecError, match="Caffe has no field 'number 127' in ConvolutionParameter"):
        import_bytes(net.SerializeToString(), "x.caffemodel")


def test_the_place_of_a_finding_in_a_long_line_is_found() -> None:
    text = caffe_nets.given(1, 3, 8, 8) + "# é\n" + caffe_nets.layer("PReLU", "y", "data")
    with pytest.raises(SpecError) as caught:
        import_bytes(text.encode(), "x.prototxt")
    (finding,) = caught.value.diagnostics
    assert finding.position is not None
    assert (finding.position.line, finding.position.column, finding.position.text) == (3, 25, '"PReLU"')
    assert wire.DEEPEST == 20
