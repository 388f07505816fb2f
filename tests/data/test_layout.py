"""Data folders as people have them: what is read of them, what is refused, and what is said about it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from specnet.data.base import Dataset, Wanted
from specnet.data.kinds.image_folder import ImageFolder
from specnet.data.kinds.imagenet import ImageNet
from specnet.data.kinds.prepared import Prepared
from specnet.data.prepare.prepare import Options, prepare
from specnet.data.sources.splits import role, roles
from specnet.diagnostics.errors import DataError, UsageError
from support.data_folders import classes, counts, flat, kaggle_imagenet, put, tiny_imagenet

RGB = Wanted((3, 8, 8), 2)
Make = Callable[[Path], object]


def opened(folder: Path, **options: str) -> Dataset:
    return ImageFolder.model_validate({"kind": "image_folder", **options}).open(str(folder), RGB)


@pytest.mark.parametrize(
    ("train", "test"),
    [
        ("Training", "Testing"),
        ("Train", "Test"),
        ("TRAIN", "VAL"),
        ("train", "valid"),
        ("train", "validation"),
        ("train", "dev"),
        ("train", "Val"),
        ("seg_train/seg_train", "seg_test/seg_test"),
        ("training_set/training_set", "test_set/test_set"),
        ("train_images", "test_images"),
        ("TrainData", "holdout"),
        ("train2017", "val2017"),
        ("train_256", "val_256"),
        ("signs_train/signs_train", "signs_test/signs_test"),
        ("Traffic-Training-2020", "Traffic-Validation-2020"),
        ("ILSVRC2012_img_train", "ILSVRC2012_img_val"),
        ("photos/train", "photos/val"),
        ("a/b/c/Training", "a/b/c/Testing"),
        ("images/train", "images/test"),
    ],
)
def test_splits_are_known_by_their_names(tmp_path: Path, train: str, test: str) -> None:
    classes(tmp_path / "in" / train, each=3)
    classes(tmp_path / "in" / test, each=2)
    found = opened(tmp_path / "in")
    assert list(found.classes) == ["cat", "dog"]
    assert counts(found) == ({"cat": 3, "dog": 3}, {"cat": 2, "dog": 2})
    prepare(tmp_path / "in", tmp_path / "out", Options(size=8), 1)
    stored = Prepared().open(str(tmp_path / "out"), RGB)
    assert (list(stored.classes), counts(stored)) == (["cat", "dog"], counts(found))


@pytest.mark.parametrize(
    "name", ["training_camp", "trains", "restrain", "testudo", "vale", "protest", "device", "setting"]
)
def test_words_that_only_look_like_splits_are_classes(name: str) -> None:
    assert role(name) is None


def test_words_among_others_are_a_split_beside_their_like() -> None:
    assert roles(["steam_train", "bus", "crash_test"]) == {}
    assert roles(["steam_train", "bus_test", "steam_boat"]) == {}
    assert roles(["a_train", "a_val", "a_x", "Train"]) == {
        "a_train": "train",
        "a_val": "val",
        "Train": "train",
    }


def extra(root: Path) -> None:
    classes(root / "train")
    classes(root / "val", each=2)
    flat(root / "unlabelled")


def sample_beside_a_wrapper(root: Path) -> None:
    classes(root / "a" / "b" / "train")
    classes(root / "a" / "b" / "val", each=2)
    put(root / "a" / "sample.jpg")
    put(root / "a" / "readme.txt", b"x")


def unpacked_on_a_mac(root: Path) -> None:
    classes(root / "photos" / "train")
    classes(root / "photos" / "val", each=2)
    flat(root / "__MACOSX" / "photos" / "train" / "cat", 3, "._{}.jpg")


def unlabelled_test(root: Path) -> None:
    classes(root / "train")
    classes(root / "val", each=2)
    flat(root / "test")


def unlabelled_test_in_a_folder(root: Path) -> None:
    classes(root / "train")
    classes(root / "val", each=2)
    flat(root / "test" / "images")


def empty_test(root: Path) -> None:
    classes(root / "train")
    classes(root / "val", each=2)
    (root / "test").mkdir()


@pytest.mark.parametrize(
    ("make", "note"),
    [
        (extra, "not read: 'unlabelled'"),
        (sample_beside_a_wrapper, "left out 1 file (beside the class folders): a/sample.jpg"),
        (unpacked_on_a_mac, "passed over 1, as they are not data: __MACOSX"),
        (unlabelled_test, "tested on 'val'; 'test' holds images and no class folders"),
        (unlabelled_test_in_a_folder, "tested on 'val'; 'test' holds images and no class folders"),
        (empty_test, "tested on 'val'; 'test' holds no class folders"),
    ],
)
def test_what_lies_beside_a_split_is_said(tmp_path: Path, make: Make, note: str) -> None:
    make(tmp_path / "in")
    found = opened(tmp_path / "in")
    assert counts(found) == ({"cat": 3, "dog": 3}, {"cat": 2, "dog": 2})
    assert note in found.notes
    said: list[str] = []
    prepare(tmp_path / "in", tmp_path / "out", Options(size=8), 1, note=said.append)
    assert note in said


def test_where_two_have_labels_one_is_taken_and_an_option_takes_the_other(tmp_path: Path) -> None:
    for name, each in (("train", 4), ("valid", 2), ("test", 3)):
        classes(tmp_path / "in" / name, each=each)
    found = opened(tmp_path / "in")
    assert counts(found)[1] == {"cat": 3, "dog": 3}
    way = "--set 'data={kind: image_folder, test: valid}'"
    assert list(found.notes) == [f"tested on 'test'; {way} takes 'valid', which has labels, too"]
    for name in ("valid", "VALID", "val"):
        assert counts(opened(tmp_path / "in", test=name))[1] == {"cat": 2, "dog": 2}
    said: list[str] = []
    prepare(tmp_path / "in", tmp_path / "a", Options(size=8), 1, note=said.append)
    assert said[0] == "tested on 'test'; --test valid takes 'valid', which has labels, too"
    made = prepare(tmp_path / "in", tmp_path / "b", Options(size=8, test="valid"), 1)
    assert (made.train.images, made.test.images) == (8, 4)
    with pytest.raises(DataError, match=r"has no folder 'vald'\n.*did you mean 'valid'"):
        opened(tmp_path / "in", test="vald")
    with pytest.raises(DataError, match="not a folder inside"):
        opened(tmp_path / "in", test="../elsewhere")


def nested(root: Path) -> None:
    classes(root / "animals")
    classes(root / "things", "cup pen")


def split_in_each_class(root: Path) -> None:
    classes(root / "cat", "train test")
    classes(root / "dog", "train test")


def two_datasets(root: Path) -> None:
    for name in ("v1/train", "v1/test", "v2/train", "v2/test"):
        classes(root / name)


def unknown_split(root: Path) -> None:
    classes(root)
    classes(root / "Testing")


def classes_and_more(root: Path) -> None:
    classes(root)
    classes(root / "rest")


def two_for_validation(root: Path) -> None:
    for name in ("train", "val", "valid"):
        classes(root / name)


def two_for_training(root: Path) -> None:
    for name in ("train", "Training", "test"):
        classes(root / name)


def twice(root: Path) -> None:
    for name in (".", "train", "test"):
        classes(root / name)


def no_labels_at_all(root: Path) -> None:
    flat(root / "train")
    flat(root / "test")


def only_unlabelled(root: Path) -> None:
    classes(root / "train")
    flat(root / "test")


def other_case(root: Path) -> None:
    classes(root / "train", "Cat Dog")
    classes(root / "test")


def unlabelled_test_beside_classes(root: Path) -> None:
    classes(root)
    flat(root / "test")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (
            nested,
            "folders of folders where classes should be: animals (folders cat, dog), things (folders cup",
        ),
        (
            split_in_each_class,
            "where classes should be: cat (folders test, train), dog (folders test, train)",
        ),
        (two_datasets, "v1 (folders test, train), v2 (folders test, train)"),
        (classes_and_more, "where classes should be: rest (folders cat, dog)"),
        (
            unknown_split,
            "no folder to train on; found: Testing (folders cat, dog), cat (images), dog (images)",
        ),
        (
            unlabelled_test_beside_classes,
            "no folder to train on; found: cat (images), dog (images), test (images)",
        ),
        (two_for_validation, "'val', 'valid' may each be the test folder; found: train (folders cat, dog)"),
        (two_for_training, "'Training', 'train' may each be the training folder"),
        (twice, "holds 'cat', 'dog' beside 'train', which has classes of these names"),
        (no_labels_at_all, "'train' holds images and no class folders; found: test (images), train (images)"),
        (only_unlabelled, "nothing to test on: 'test' holds images and no class folders"),
        (other_case, "'test' has a class 'cat' that the training folder does not have (did you mean 'Cat'?)"),
        (flat, "holds images and no class folders"),
        (lambda root: classes(root / "test"), "no folder to train on; found: test (folders cat, dog)"),
        (lambda root: classes(root / "train"), "neither 'test' nor 'val'"),
    ],
)
def test_what_can_be_read_in_two_ways_is_refused(tmp_path: Path, make: Make, words: str) -> None:
    make(tmp_path / "in")
    for read in (
        lambda: opened(tmp_path / "in"),
        lambda: prepare(tmp_path / "in", tmp_path / "out", Options(size=8), 1),
    ):
        with pytest.raises(DataError) as caught:
            read()
        assert words in caught.value.message
        assert caught.value.hint


def test_options_say_which_folder_is_which(tmp_path: Path) -> None:
    for name, each in (("fold1", 3), ("fold2", 2)):
        classes(tmp_path / "named" / name, each=each)
    found = opened(tmp_path / "named", train="fold1", test="fold2")
    assert counts(found) == ({"cat": 3, "dog": 3}, {"cat": 2, "dog": 2})
    unknown_split(tmp_path / "beside")
    found = opened(tmp_path / "beside", train=".", test="Testing")
    assert counts(found) == ({"cat": 3, "dog": 3}, {"cat": 3, "dog": 3})
    classes(tmp_path / "judged", "valid invalid", each=5)
    assert counts(opened(tmp_path / "judged", train="."))[1] == {"valid": 1, "invalid": 1}
    nested(tmp_path / "deep")
    assert counts(opened(tmp_path / "deep", train="."))[1] == {"animals": 1, "things": 1}
    made = prepare(tmp_path / "beside", tmp_path / "out", Options(size=8, train=".", test="Testing"), 1)
    assert (made.train.images, made.test.images, made.classes) == (6, 6, ["cat", "dog"])


def test_a_train_among_vehicles_is_a_class(tmp_path: Path) -> None:
    found = opened(classes(tmp_path, "bus car train", each=5))
    assert list(found.classes) == ["bus", "car", "train"]
    assert found.notes == ("'train' is taken for a class: it holds images, not class folders",)


def test_the_wrapper_does_not_change_what_is_held_out(tmp_path: Path) -> None:
    classes(tmp_path / "wrapper" / "photos", each=10)
    inner, outer = opened(tmp_path / "wrapper" / "photos"), opened(tmp_path / "wrapper")
    for one, other in zip(inner.test.items, outer.test.items, strict=True):  # type: ignore[attr-defined]
        assert one.path == other.path


def test_tiny_imagenet_as_it_is_distributed(tmp_path: Path) -> None:
    root = tiny_imagenet(tmp_path / "in" / "tiny-imagenet-200")
    found = opened(root)
    assert list(found.classes) == ["n01443537", "n01629819", "n01641577"]
    names = {item.name: item.label for item in found.test.items}  # type: ignore[attr-defined]
    assert names == {f"val/images/val_{number}.JPEG": label for number, label in enumerate((2, 0, 1, 2))}
    assert counts(found)[0] == dict.fromkeys(found.classes, 2)
    assert "tested on 'val'; 'test' holds images and no class folders" in found.notes
    made = prepare(tmp_path / "in", tmp_path / "out", Options(size=8), 1)
    assert made.words == {"n01443537": "goldfish, Carassius auratus"}
    assert [skipped.name[-13:] for skipped in made.left_out] == [
        "537_boxes.txt",
        "819_boxes.txt",
        "577_boxes.txt",
    ]
    put(tmp_path / "in" / "tiny-imagenet-200" / "val" / "images" / "val_9.JPEG")
    with pytest.raises(DataError, match=r"val_annotations\.txt does not say what 'val_9\.JPEG' shows"):
        opened(tmp_path / "in")


@pytest.mark.parametrize("inside", [".", "ILSVRC", "ILSVRC/Data/CLS-LOC"])
def test_imagenet_as_kaggle_distributes_it(tmp_path: Path, inside: str) -> None:
    root = kaggle_imagenet(tmp_path / "imagenet")
    shown = {1: "n01443537", 2: "n01440764", 3: "n01443537"}  # the ids of even and odd numbers
    for found in (
        opened(root / inside),
        ImageNet(size=8).open(str(root / inside), RGB),
    ):
        assert list(found.classes) == ["n01440764", "n01443537"]
        names = {item.name[-6:]: found.classes[item.label] for item in found.test.items}  # type: ignore[attr-defined]
        assert names == {f"{number}.JPEG": name for number, name in shown.items()}
    made = prepare(root / inside, tmp_path / "out", Options(size=8), 1)
    assert made.words == {"n01440764": "tench, Tinca tinca", "n01443537": "goldfish, Carassius auratus"}
    assert (made.train.images, made.test.images) == (4, 3)


def test_kaggles_tree_without_its_solution_says_what_is_missing(tmp_path: Path) -> None:
    (kaggle_imagenet(tmp_path) / "LOC_val_solution.csv").unlink()
    with pytest.raises(DataError, match=r"neither the devkit nor LOC_val_solution\.csv is there"):
        opened(tmp_path)
    put(
        tmp_path / "LOC_val_solution.csv",
        b"ImageId,PredictionString\nILSVRC2012_val_00000001,tench 1 2 3 4\n",
    )
    with pytest.raises(DataError, match="line 2 has 'tench' where the class should be"):
        opened(tmp_path)


def test_options_that_archives_do_not_take(tmp_path: Path) -> None:
    put(tmp_path / "in" / "ILSVRC2012_img_val.tar", b"")
    with pytest.raises(UsageError, match="name folders, and the source is ImageNet's archives"):
        prepare(tmp_path / "in", tmp_path / "out", Options(test="val"), 1)
