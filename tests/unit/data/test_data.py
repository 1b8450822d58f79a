import hashlib
import io
import multiprocessing
import os
import pickle
import shutil
import time
import zipfile
from concurrent.futures import ProcessPoolExecutor
from http.client import IncompleteRead
from pathlib import Path
from types import SimpleNamespace
from urllib.error import URLError

import numpy as np
import pytest
import torch
from PIL import Image
from sgdwalk.data import digits, folder, imagenet, npz, surrogate, vision
from sgdwalk.data.images import from_pixels
from sgdwalk.data.resize import opened
from sgdwalk.data.torchvision_compat import datasets, transforms
from sgdwalk.study import factories, registry
from sgdwalk.training.batches import Batches

RNG = np.random.default_rng(0)
PIXELS = RNG.integers(0, 256, (12, 6, 6, 3), dtype=np.uint8)
LABELS = np.arange(12) % 3


def test_digits_are_split_once_and_for_all():
    data = digits.load()
    assert data.train.shape == (1597, 1, 8, 8)
    assert data.test.shape == (200, 1, 8, 8)
    assert data.train.dtype == np.uint8
    assert data.classes == 10
    assert not data.flip
    digest = hashlib.sha256(data.train.tobytes() + data.test_labels.tobytes()).hexdigest()
    assert digest.startswith("83d770b55c939ad7")
    again = digits.load()
    np.testing.assert_array_equal(data.train, again.train)
    assert not {image.tobytes() for image in data.train} & {image.tobytes() for image in data.test}


def test_surrogate_is_uniform_noise_with_random_labels():
    data = surrogate.load(train=2000, test=100, size=8)
    counts = np.bincount(data.train.ravel(), minlength=256)
    mean = data.train.size / 256
    assert ((counts - mean) ** 2 / mean).sum() == pytest.approx(255, abs=5 * np.sqrt(510))
    assert np.bincount(data.train_labels).min() > 200 - 5 * np.sqrt(180)
    np.testing.assert_array_equal(data.train, surrogate.load(train=2000, test=100, size=8).train)


def test_from_pixels_puts_channels_first_and_measures_the_training_pixels():
    data = from_pixels(PIXELS[:8], LABELS[:8], PIXELS[8:], LABELS[8:])
    np.testing.assert_array_equal(data.train[2, 1], PIXELS[2, :, :, 1])
    assert data.mean == pytest.approx(tuple(PIXELS[:8].reshape(-1, 3).mean(0)))
    assert data.std == pytest.approx(tuple(PIXELS[:8].reshape(-1, 3).std(0)))
    assert data.classes == 3
    assert data.train_labels.dtype == np.int64


@pytest.mark.parametrize(("side", "padding"), [(32, 4), (28, 4), (8, 1)])
def test_padding_is_four_pixels_of_thirty_two(side, padding):
    pixels = np.zeros((2, side, side), np.uint8)
    assert from_pixels(pixels, [0, 1], pixels, [0, 1]).padding == padding


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ((PIXELS / 255, LABELS, PIXELS, LABELS), "uint8"),
        ((PIXELS[:, :4], LABELS, PIXELS, LABELS), "side"),
        ((PIXELS[0, 0], LABELS, PIXELS, LABELS), "side"),
        ((PIXELS[..., :0], LABELS, PIXELS[..., :0], LABELS), "channel"),
        ((PIXELS[:, :0, :0], LABELS, PIXELS[:, :0, :0], LABELS), "side"),
        ((PIXELS, LABELS[:-1], PIXELS, LABELS), "label"),
        ((PIXELS, np.eye(3)[LABELS], PIXELS, LABELS), "label"),
        ((PIXELS, LABELS - 1, PIXELS, LABELS), "label"),
        ((PIXELS, LABELS + 0.5, PIXELS, LABELS), "label"),
        ((PIXELS, LABELS, PIXELS[:, :4, :4], LABELS), "test|size|shape"),
    ],
    ids=[
        "float",
        "oblong",
        "flat",
        "no channel",
        "no pixel",
        "too few labels",
        "one-hot",
        "negative",
        "fractions",
        "another size",
    ],
)
def test_images_that_cannot_be_trained_on_are_refused(arrays, message):
    with pytest.raises(ValueError, match=message):
        from_pixels(*arrays)


def test_a_fingerprint_is_of_everything_that_is_trained_on():
    def made(**change):
        parts = {"train": pixels, "train_labels": np.arange(6) % 3, "test": pixels[:3], "test_labels": np.arange(3)}
        return from_pixels(**(parts | change)).fingerprint()

    pixels = np.random.default_rng(0).integers(1, 256, (6, 4, 4), dtype=np.uint8)
    darker = pixels.copy()
    darker[5, 3, 3] -= 1
    changes = [{"train": darker}, {"train_labels": np.arange(6) % 2}, {"test": darker[3:]}, {"test_labels": [2, 1, 0]}]
    changes += [{"mean": (1.0,)}, {"std": (1.0,)}, {"padding": 1}, {"flip": False}]
    assert made() == made(flip=True)
    assert len({made(**change) for change in [{}, *changes]}) == 1 + len(changes)


def test_a_channel_that_never_changes_does_not_divide_by_zero():
    pixels = PIXELS.copy()
    pixels[..., 2] = 7
    data = from_pixels(pixels, LABELS, pixels, LABELS)
    assert np.isfinite((data.train.transpose(0, 2, 3, 1) - data.mean) / data.std).all()


def test_npz_is_read_as_it_was_saved(tmp_path):
    path = tmp_path / "mine.npz"
    np.savez(path, x_train=PIXELS[:8], y_train=LABELS[:8, None], x_test=PIXELS[8:], y_test=LABELS[8:])
    data = npz.load(path=str(path))
    np.testing.assert_array_equal(data.train, PIXELS[:8].transpose(0, 3, 1, 2))
    np.testing.assert_array_equal(data.train_labels, LABELS[:8])


def test_npz_without_a_key_names_file_and_key(tmp_path):
    path = tmp_path / "mine.npz"
    np.savez(path, x_train=PIXELS, y_train=LABELS, x_test=PIXELS)
    with pytest.raises(ValueError, match=r"mine\.npz.*y_test"):
        npz.load(path=str(path))


BAD_ARRAYS = {
    "text for labels": ({"y_train": np.array(["ant", "bee", "cat"])[LABELS]}, "labels must be whole numbers from 0 on, not <U3"),
    "objects": ({"x_test": np.array([PIXELS, None], object)}, "x_test: must be a whole array of numbers"),
    "labels without end": ({"y_test": LABELS + 2**62}, "labels must be from 0 to 999999, not from 4611686018427387904 to"),
    "unsigned labels without end": ({"y_test": LABELS.astype(np.uint64) + np.uint64(2**63)}, "labels must be from 0 to"),
    "fractions": ({"x_train": PIXELS / 255}, "images must be uint8 pixels, not float64"),
    "too few labels": ({"y_train": LABELS[:-1]}, "labels have shape"),
}


@pytest.mark.parametrize("case", BAD_ARRAYS)
def test_npz_with_arrays_that_are_not_allowed_is_named(case, tmp_path):
    arrays, message = BAD_ARRAYS[case]
    whole = {"x_train": PIXELS, "y_train": LABELS, "x_test": PIXELS, "y_test": LABELS}
    np.savez(tmp_path / "mine.npz", **(whole | arrays))
    with pytest.raises(ValueError, match=rf"mine\.npz: {message}") as caught:
        npz.load(path=str(tmp_path / "mine.npz"))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_a_damaged_member_of_an_npz_is_named(tmp_path, save):
    path = tmp_path / "mine.npz"
    save(path, x_train=PIXELS, y_train=LABELS, x_test=PIXELS, y_test=LABELS)
    content = bytearray(path.read_bytes())
    for k in range(300, 400):  # within x_train
        content[k] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"mine\.npz: x_train: must be a whole array of numbers \(") as caught:
        npz.load(path=str(path))
    assert "\n" not in str(caught.value)


def endless(path):
    """x_train says that it has more pixels than any memory."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "|u1", "fortran_order": False, "shape": (10**7, 1000, 1000)})
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("x_train.npy", header.getvalue())


def encrypted(path):
    """All members say that they need a password."""
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("x_train.npy", b"")
    content = bytearray(path.read_bytes())
    for sign, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = 0
        while (start := content.find(sign, start)) >= 0:
            content[start + place] |= 1
            start += 4
    path.write_bytes(content)


@pytest.mark.parametrize(("spoil", "why"), [(endless, "Unable to allocate"), (encrypted, ".*encrypted")])
def test_a_member_that_cannot_be_read_is_named(spoil, why, tmp_path):
    path = tmp_path / "mine.npz"
    np.savez(path, y_train=LABELS, x_test=PIXELS, y_test=LABELS)
    spoil(path)
    with pytest.raises(ValueError, match=rf"mine\.npz: x_train: must be a whole array of numbers \({why}"):
        npz.load(path=str(path))


def test_a_file_that_is_no_npz_is_named(tmp_path):
    (tmp_path / "mine.npz").write_text("not an archive")
    with pytest.raises((ValueError, OSError), match=r"mine\.npz"):
        npz.load(path=str(tmp_path / "mine.npz"))


def save_folder(root, split, sizes=(6, 6)):
    for label, name in enumerate(("ant", "bee")):
        (root / split / name).mkdir(parents=True)
        for k, side in enumerate(sizes):
            Image.fromarray(np.full((side, side, 3), 10 * label + k, np.uint8)).save(root / split / name / f"{k}.png")


def test_image_folder_has_the_classes_of_its_folders(tmp_path):
    save_folder(tmp_path, "train")
    save_folder(tmp_path, "test")
    (tmp_path / "train" / "ant" / "notes.txt").write_text("not an image")
    data = folder.load(path=str(tmp_path))
    assert data.classes == 2
    np.testing.assert_array_equal(data.train[:, 0, 0, 0], [0, 1, 10, 11])
    np.testing.assert_array_equal(data.train_labels, [0, 0, 1, 1])


def test_image_folder_with_bad_contents_says_what_is_wrong(tmp_path):
    with pytest.raises((ValueError, FileNotFoundError), match="train"):
        folder.load(path=str(tmp_path))
    save_folder(tmp_path, "train")
    with pytest.raises(ValueError, match=r"test.*no images"):
        folder.load(path=str(tmp_path))
    save_folder(tmp_path, "test", sizes=(6, 7))
    with pytest.raises(ValueError, match="different sizes"):
        folder.load(path=str(tmp_path))


def test_names_that_begin_with_a_dot_are_neither_classes_nor_images(tmp_path):
    for split in ("train", "test"):
        save_folder(tmp_path, split)
        (tmp_path / split / ".ipynb_checkpoints").mkdir()
        shutil.copy(tmp_path / split / "ant" / "0.png", tmp_path / split / ".ipynb_checkpoints" / "0-checkpoint.png")
        (tmp_path / split / "ant" / "._0.png").write_bytes(b"of another file system")
        (tmp_path / split / "bee" / "old.png").mkdir()
    data = folder.load(path=str(tmp_path))
    assert data.classes == 2
    np.testing.assert_array_equal(data.test_labels, [0, 0, 1, 1])


@pytest.mark.parametrize("split", ["train", "test"])
def test_a_class_without_images_or_in_one_split_alone_is_refused(tmp_path, split):
    other = "test" if split == "train" else "train"
    for part in ("train", "test"):
        save_folder(tmp_path, part)
    (tmp_path / split / "cat").mkdir()
    with pytest.raises(ValueError, match=f"{other}: no folder 'cat': train and test must have the same classes"):
        folder.load(path=str(tmp_path))
    (tmp_path / other / "cat").mkdir()
    shutil.copy(tmp_path / other / "ant" / "0.png", tmp_path / other / "cat")
    with pytest.raises(ValueError, match=rf"{split}/cat: no images \(expected .avif, .bmp, "):
        folder.load(path=str(tmp_path))


def deep_folder(root, pixels):
    for split in ("train", "test"):
        for label, name in enumerate(("ant", "bee")):
            (root / split / name).mkdir(parents=True)
            Image.fromarray(pixels[label]).save(root / split / name / "0.png")


def test_of_16_bits_the_upper_8_are_kept(tmp_path):
    pixels = RNG.integers(2000, 60000, (2, 6, 6)).astype(np.uint16)
    deep_folder(tmp_path, pixels)
    np.testing.assert_array_equal(folder.load(path=str(tmp_path)).train[:, 2], pixels >> 8)
    assert folder.load(path=str(tmp_path), size=4).test.shape == (2, 3, 4, 4)


def test_12_bits_in_files_of_16_are_refused(tmp_path):
    deep_folder(tmp_path, RNG.integers(0, 4096, (2, 6, 6)).astype(np.uint16))
    with pytest.raises(ValueError, match="train: pixels of 16 bits are all below 4096: must be scaled to 65535"):
        folder.load(path=str(tmp_path))


@pytest.mark.parametrize("split", ["train", "test"])
def test_12_bits_among_images_of_8_are_refused_in_either_split(split, tmp_path):
    for part in ("train", "test"):
        save_folder(tmp_path, part)
    Image.fromarray(np.full((6, 6), 3000, np.uint16)).save(tmp_path / split / "bee" / "x.png")
    with pytest.raises(ValueError, match=f"{split}: pixels of 16 bits are all below 4096"):
        folder.load(path=str(tmp_path))


def test_a_link_to_nothing_is_named(tmp_path):
    for part in ("train", "test"):
        save_folder(tmp_path, part)
    (tmp_path / "train" / "ant" / "x.png").symlink_to(tmp_path / "moved.png")
    with pytest.raises(ValueError, match=r"train/ant/x\.png: not an image that can be read"):
        folder.load(path=str(tmp_path))


@pytest.mark.parametrize(
    ("split", "shape", "message"),
    [
        (("train", "test"), (6, 8), "/train: images of 8 x 6 pixels: must be squares, or set image_size$"),
        (("test",), (8, 8), ": images of train and test have 6 x 6 and 8 x 8 pixels; set image_size$"),
    ],
)
def test_images_of_shapes_that_do_not_fit_are_named(split, shape, message, tmp_path):
    for part in ("train", "test"):
        save_folder(tmp_path, part)
    for part in split:
        for path in (tmp_path / part).glob("*/*.png"):
            Image.fromarray(np.zeros((*shape, 3), np.uint8)).save(path)
    with pytest.raises(ValueError, match=f"{tmp_path}{message}"):
        folder.load(path=str(tmp_path))
    assert folder.load(path=str(tmp_path), size=4).train.shape == (4, 3, 4, 4)


@pytest.mark.parametrize(("suffix", "format"), [("jfif", "JPEG"), ("tga", "TGA"), ("jp2", "JPEG2000"), ("pnm", "PPM")])
def test_images_with_less_common_names_count(suffix, format, tmp_path):
    for part in ("train", "test"):
        save_folder(tmp_path, part)
    Image.fromarray(np.full((6, 6, 3), 99, np.uint8)).save(tmp_path / "train" / "bee" / f"x.{suffix}", format)
    assert folder.load(path=str(tmp_path)).train[:, 0, 0, 0].tolist() == [0, 1, 10, 11, 99]


def test_dark_images_of_8_bits_are_taken(tmp_path):
    deep_folder(tmp_path, RNG.integers(0, 16, (2, 6, 6)).astype(np.uint8))
    assert folder.load(path=str(tmp_path)).train.max() < 16


WRITTEN = {  # by Pillow, without loss
    "png": ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"),
    "tif": ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16"),
    "bmp": ("1", "L", "P", "RGB", "RGBA"),
    "ppm": ("1", "L", "RGB", "I;16"),
    "gif": ("1", "L", "P", "RGB"),
}


@pytest.mark.parametrize(("suffix", "mode"), [(suffix, mode) for suffix in WRITTEN for mode in WRITTEN[suffix]])
def test_every_kind_of_image_is_read_as_it_was_saved(tmp_path, mode, suffix):
    pixels = np.zeros((6, 6, 3), np.uint8)
    pixels[2:, 3:] = 255  # of the colours that all modes have
    image = Image.fromarray(pixels).convert(mode if mode != "I;16" else "L")
    if mode == "I;16":
        image = Image.fromarray(np.asarray(image).astype(np.uint16) * 257)
    image.save(tmp_path / f"x.{suffix}")
    np.testing.assert_array_equal(opened(tmp_path / f"x.{suffix}"), pixels)


@pytest.mark.parametrize(
    ("pixels", "message"),
    [(np.full((6, 6), 0.5, np.float32), "float32 from 0.5 to 0.5"), (np.full((6, 6), -3, np.int32), "int32 from -3")],
)
def test_pixels_that_are_no_levels_of_grey_are_refused(tmp_path, pixels, message):
    Image.fromarray(pixels).save(tmp_path / "x.tif")
    with pytest.raises(ValueError, match=rf"x\.tif: not an image .*pixels are {message}.*: must be whole numbers of 8 or 16"):
        opened(tmp_path / "x.tif")


@pytest.mark.parametrize("suffix", ["png", "jpg", "bmp", "webp", "gif", "tif", "ppm"])
def test_a_truncated_image_is_named(tmp_path, suffix):
    for split in ("train", "test"):
        save_folder(tmp_path, split)
    bad = tmp_path / "train" / "bee" / f"x.{suffix}"
    Image.fromarray(RNG.integers(0, 256, (64, 64, 3), dtype=np.uint8)).save(bad)
    bad.write_bytes(bad.read_bytes()[: int(0.6 * bad.stat().st_size)])
    with pytest.raises(ValueError, match=rf"bee/x\.{suffix}: not an image that can be read \(") as caught:
        folder.load(path=str(tmp_path), size=6)
    assert "\n" not in str(caught.value)


def save_mnist(root, name="MNIST"):
    raw = root / name / "raw"
    raw.mkdir(parents=True)
    images = RNG.integers(0, 256, (5, 28, 28), dtype=np.uint8)
    for part, count in (("train", 5), ("t10k", 3)):
        header = np.array([0x00000803, count, 28, 28], ">u4").tobytes()
        (raw / f"{part}-images-idx3-ubyte").write_bytes(header + images[:count].tobytes())
        header = np.array([0x00000801, count], ">u4").tobytes()
        (raw / f"{part}-labels-idx1-ubyte").write_bytes(header + np.arange(count, dtype=np.uint8).tobytes())
    return images


@pytest.mark.parametrize(
    ("name", "source", "flip"), [("mnist", "MNIST", False), ("fashion-mnist", "FashionMNIST", True)]
)
def test_mnist_in_its_own_format(tmp_path, name, source, flip):
    images = save_mnist(tmp_path, source)
    data = vision.load(name=name, path=str(tmp_path))
    np.testing.assert_array_equal(data.train[:, 0], images)
    np.testing.assert_array_equal(data.test_labels, [0, 1, 2])
    assert data.flip == flip


def test_fewer_labels_than_images_are_said_of_their_data_set(tmp_path):
    save_mnist(tmp_path)
    for part, count in (("train", 4), ("t10k", 2)):
        header = np.array([0x00000801, count], ">u4").tobytes()
        (tmp_path / "MNIST" / "raw" / f"{part}-labels-idx1-ubyte").write_bytes(header + bytes(count))
    with pytest.raises(FileNotFoundError, match=r"data set mnist is not under .*labels have shape \(4,\)"):
        vision.load(name="mnist", path=str(tmp_path))


def save_cifar(root, monkeypatch):
    """CIFAR-10's python batches with three images each, and their checksums."""
    base = root / datasets.CIFAR10.base_folder
    base.mkdir(parents=True)
    rows = RNG.integers(0, 256, (6, 3, 3072), dtype=np.uint8)

    def dump(name, content):
        (base / name).write_bytes(pickle.dumps(content))
        return [name, hashlib.md5((base / name).read_bytes()).hexdigest()]

    names = [*(f"data_batch_{k}" for k in range(1, 6)), "test_batch"]
    files = [dump(n, {"data": r, "labels": [k % 2, 1, 9]}) for k, (n, r) in enumerate(zip(names, rows, strict=True))]
    meta = dump("batches.meta", {"label_names": [str(k) for k in range(10)]})
    monkeypatch.setattr(datasets.CIFAR10, "train_list", files[:5])
    monkeypatch.setattr(datasets.CIFAR10, "test_list", files[5:])
    monkeypatch.setattr(datasets.CIFAR10, "meta", {"filename": meta[0], "key": "label_names", "md5": meta[1]})
    return base, rows


def test_cifar10_in_its_own_format(tmp_path, monkeypatch):
    _, rows = save_cifar(tmp_path, monkeypatch)
    data = vision.load(name="cifar10", path=str(tmp_path))
    np.testing.assert_array_equal(data.train, rows[:5].reshape(15, 3, 32, 32))
    np.testing.assert_array_equal(data.test, rows[5].reshape(3, 3, 32, 32))
    np.testing.assert_array_equal(data.train_labels[:6], [0, 1, 9, 1, 1, 9])
    assert (data.padding, data.flip, data.classes) == (4, True, 10)
    assert data.mean == (125.3, 123.0, 113.9)


def test_a_damaged_cifar10_batch_is_refused(tmp_path, monkeypatch):
    base, _ = save_cifar(tmp_path, monkeypatch)
    (base / "data_batch_3").write_bytes(b"half")
    with pytest.raises(FileNotFoundError, match="cifar10"):
        vision.load(name="cifar10", path=str(tmp_path))


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist", "cifar10", "cifar100"])
def test_missing_data_says_what_to_do(tmp_path, name):
    with pytest.raises(FileNotFoundError, match=f"{name}.*download: true") as caught:
        vision.load(name=name, path=str(tmp_path))
    assert str(tmp_path) in str(caught.value)


class Slow:
    """Stands for torchvision's CIFAR10: a download takes a while, and what is half there cannot be read."""

    def __init__(self, path, *, train, download):
        whole, begun = Path(path, "whole"), Path(path, "begun")
        if download and not whole.exists():
            with open(Path(path, "downloads"), "a", encoding="utf-8") as log:
                log.write("x")
            assert not begun.exists(), "two downloads at a time"
            begun.touch()
            time.sleep(1.5)
            whole.touch()
        assert whole.exists(), "half a data set"
        self.data, self.targets = PIXELS, LABELS


def load_slowly(path):
    vision.datasets = SimpleNamespace(CIFAR10=Slow)
    return len(vision.load(name="cifar10", path=path, download=True).train)


@pytest.mark.slow
def test_of_two_jobs_one_downloads_and_the_other_waits(tmp_path):
    path = str(tmp_path / "data")
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=context) as pool:
        assert [*pool.map(load_slowly, [path] * 2)] == [12, 12]
    assert (tmp_path / "data" / "downloads").read_text(encoding="utf-8") == "x"
    assert not (tmp_path / "data" / "lock.json").exists()


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist", "cifar10", "cifar100"])
@pytest.mark.parametrize("error", [URLError("Temporary failure in\nname resolution"), IncompleteRead(b"x")])
def test_without_a_connection_the_data_set_is_named_with_what_to_do(tmp_path, monkeypatch, name, error):
    def fails(*_, **__):
        raise error

    monkeypatch.setattr("urllib.request.urlopen", fails)
    monkeypatch.setattr("urllib.request.urlretrieve", fails)
    with pytest.raises(FileNotFoundError, match=f"data set {name} is not under '.*' .*make data STUDY=NAME") as caught:
        vision.load(name=name, path=str(tmp_path / "data"), download=True)
    assert "\n" not in str(caught.value)
    assert "download: true" not in str(caught.value)


def test_a_folder_that_cannot_be_written_to_is_read_and_not_downloaded_to(tmp_path, monkeypatch):
    save_mnist(tmp_path)
    monkeypatch.setattr(vision, "writable", lambda folder: False)
    monkeypatch.setattr(vision, "Lock", None)
    assert len(vision.load(name="mnist", path=str(tmp_path), download=True).train) == 5
    with pytest.raises(FileNotFoundError, match="cifar10 is not .* cannot be written to: set another path"):
        vision.load(name="cifar10", path=str(tmp_path), download=True)


def test_a_folder_that_is_not_there_yet_can_be_written_to(tmp_path):
    assert vision.writable(tmp_path / "a" / "b")
    assert not vision.writable(Path("/proc/a/b")) or os.geteuid() == 0


def test_a_damaged_mnist_is_named(tmp_path):
    save_mnist(tmp_path)
    raw = next(tmp_path.rglob("train-images-idx3-ubyte"))
    raw.write_bytes(raw.read_bytes()[:-5])
    with pytest.raises(FileNotFoundError, match="data set mnist is not under"):
        vision.load(name="mnist", path=str(tmp_path))


def save_imagenet(root, monkeypatch, size=20):
    """ImageNet as torchvision finds it once its archives are unpacked: meta.bin and a folder for every class."""
    wnids = ("n01440764", "n01443537")
    classes = dict(zip(wnids, (("tench", "Tinca tinca"), ("goldfish", "Carassius auratus")), strict=True))
    torch.save((classes, list(wnids)), root / "meta.bin")
    for split, count in (("train", 6), ("val", 3)):
        for label, wnid in enumerate(wnids):
            (root / split / wnid).mkdir(parents=True)
            for k in range(count):
                pixels = np.full((size, size + 10, 3), 100 * label + 10 * k, np.uint8)
                Image.fromarray(pixels).save(root / split / wnid / f"{wnid}_{k}.JPEG", quality=100)


def test_imagenet_in_its_own_format_cut_to_one_size(tmp_path, monkeypatch):
    save_imagenet(tmp_path, monkeypatch)
    data = imagenet.load(path=str(tmp_path), size=16)
    assert data.train.shape == (12, 3, 16, 16)
    assert data.test.shape == (6, 3, 16, 16)
    np.testing.assert_allclose(data.train[:, 0, 8, 8], [*range(0, 60, 10), *range(100, 160, 10)], atol=2)
    np.testing.assert_array_equal(data.train_labels, [0] * 6 + [1] * 6)
    assert data.classes == 2
    assert imagenet.load(path=str(tmp_path), subset=5, size=16).train.shape == (5, 3, 16, 16)
    assert imagenet.load(path=str(tmp_path), subset=1).train.shape == (1, 3, 224, 224)


def test_imagenet_that_is_not_there_says_what_to_do(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"imagenet is not under .*archives"):
        imagenet.load(path=str(tmp_path))


def test_image_folder_cut_to_one_size(tmp_path):
    for split in ("train", "test"):
        save_folder(tmp_path, split, sizes=(6, 9))
    assert folder.load(path=str(tmp_path), size=4).train.shape == (4, 3, 4, 4)


@pytest.mark.parametrize("flip", [True, False])
def test_augmentation_is_that_of_torchvisions_transforms(flip):
    """Zero-pad raw pixels, crop, mirror, then normalise, with the same offsets."""
    pixels = RNG.integers(0, 256, (40, 32, 32, 3), dtype=np.uint8)
    data = from_pixels(pixels, np.arange(40) % 4, pixels, np.arange(40) % 4, flip=flip)
    batches = Batches(data, 16, sampler="shuffled-epochs", augment=True, seed=0, device="cpu", dtype=torch.float64)
    order, offsets, mirrored = batches._draw(3)
    assert mirrored.any() == flip
    found = torch.cat([inputs for inputs, _ in batches.epoch(3)])
    mean, std = (torch.tensor(a, dtype=torch.float64) / 255 for a in (data.mean, data.std))
    for image, index, (row, column), mirror in zip(found, order, offsets.T, mirrored, strict=True):
        expected = transforms.functional.pad(torch.from_numpy(data.train[index]), 4)
        expected = transforms.functional.crop(expected, int(row), int(column), 32, 32)
        expected = transforms.functional.hflip(expected) if mirror else expected
        expected = transforms.functional.normalize(expected.double() / 255, mean, std)
        torch.testing.assert_close(image, expected, rtol=1e-12, atol=1e-12)


def test_every_named_data_set_and_network_exists():
    for known in (registry.DATASETS, registry.MODELS):
        for name in known:
            assert callable(factories.factory(registry.resolve("kind", name, known)))
    with pytest.raises(ValueError, match="must be one of"):
        registry.resolve("dataset", "cifar-10", registry.DATASETS)
