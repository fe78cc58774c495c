"""Builders of tiny data sets, each in the on-disk format of the real one."""

import gzip
import pickle
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from explorer.settings import DataSettings


def random_pixels(seed: int, height: int = 40, width: int = 40) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def save(path: Path, seed: int = 0, height: int = 40, width: int = 40) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(random_pixels(seed, height, width)).save(path)
    return path


def folder(root: Path) -> DataSettings:
    for number in range(12):
        save(root / "roses" / f"{number}.png", number)
        save(root / "tulips" / "wild" / f"{number}.jpg", 100 + number)
    return DataSettings(name="folder", root=str(root), image_size=16)


def split_folder(root: Path) -> DataSettings:
    for number in range(3):
        for part in ("train", "test"):
            save(root / part / "roses" / f"{part}{number}.png", number)
            save(root / part / "tulips" / f"{part}{number}.png", number)
    return DataSettings(name="folder", root=str(root), image_size=16)


def write_idx(path: Path, values: np.ndarray) -> None:
    header = struct.pack(">HBB", 0, 8, values.ndim) + struct.pack(
        f">{values.ndim}I", *values.shape
    )
    content = header + values.tobytes()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)


def fashion_mnist(root: Path, suffix: str = ".gz") -> DataSettings:
    for prefix, count in (("train", 30), ("t10k", 20)):
        pixels = np.random.default_rng(count).integers(0, 256, (count, 28, 28), dtype=np.uint8)
        write_idx(root / f"{prefix}-images-idx3-ubyte{suffix}", pixels)
        labels = np.arange(count, dtype=np.uint8) % 10
        write_idx(root / f"{prefix}-labels-idx1-ubyte{suffix}", labels)
    return DataSettings(name="fashion-mnist", root=str(root))


def write_cifar(path: Path, content: dict) -> None:
    """Write a pickle with the module names of the original files, made with an older numpy."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = pickle.dumps(content, protocol=3)
    path.write_bytes(text.replace(b"numpy._core.multiarray", b"numpy.core.multiarray"))


def cifar_batch(seed: int, count: int, num_classes: int, key: str) -> dict:
    pixels = np.random.default_rng(seed).integers(0, 256, (count, 3072), dtype=np.uint8)
    return {"data": pixels, key: [index % num_classes for index in range(count)]}


def cifar10(root: Path) -> DataSettings:
    base = root / "cifar-10-batches-py"
    for number in range(1, 6):
        write_cifar(base / f"data_batch_{number}", cifar_batch(number, 10, 10, "labels"))
    write_cifar(base / "test_batch", cifar_batch(9, 10, 10, "labels"))
    write_cifar(base / "batches.meta", {"label_names": [f"kind_{n}" for n in range(10)]})
    return DataSettings(name="cifar-10", root=str(root))


def cifar100(root: Path) -> DataSettings:
    base = root / "cifar-100-python"
    write_cifar(base / "train", cifar_batch(1, 200, 100, "fine_labels"))
    write_cifar(base / "test", cifar_batch(2, 100, 100, "fine_labels"))
    write_cifar(base / "meta", {"fine_label_names": [f"kind_{n}" for n in range(100)]})
    return DataSettings(name="cifar-100", root=str(root))


def celeba(root: Path) -> DataSettings:
    base = root / "celeba"
    parts = [0, 0, 0, 0, 0, 0, 1, 2, 2, 2]
    files = [f"{number:06d}.jpg" for number in range(1, 11)]
    for number, file in enumerate(files):
        save(base / "img_align_celeba" / file, number, 218, 178)
    rows = [f"{file} {part}" for file, part in zip(files, parts, strict=True)]
    (base / "list_eval_partition.txt").write_text("\n".join(rows) + "\n")
    lines = [str(len(files)), "Male Smiling "]
    lines += [f"{file}  {1 if n % 2 else -1} -1" for n, file in enumerate(files)]
    (base / "list_attr_celeba.txt").write_text("\n".join(lines) + "\n")
    (base / "identity_CelebA.txt").write_text("".join(f"{file} 7\n" for file in files))
    return DataSettings(name="celeba", root=str(root))


def cub(root: Path) -> DataSettings:
    base = root / "CUB_200_2011"
    names = ["001.Black_footed_Albatross", "002.Laysan_Albatross"]
    files = [f"{names[number // 4]}/bird_{number}.jpg" for number in range(8)]
    for number, file in enumerate(files):
        save(base / "images" / file, number, 60, 80)
    write_rows(base / "images.txt", files)
    write_rows(base / "classes.txt", names)
    write_rows(base / "image_class_labels.txt", [str(1 + number // 4) for number in range(8)])
    write_rows(base / "train_test_split.txt", [str(int(number % 4 > 0)) for number in range(8)])
    write_rows(base / "bounding_boxes.txt", ["10.0 5.0 40.0 20.0"] * 8)
    write_rows(root / "attributes.txt", ["has_bill_shape::hooked", "has_wing_color::blue"])
    (base / "attributes").mkdir()
    five, six = "{0} 1 {1} 3 1.5\n", "{0} 2 1 3 0 2.7\n"  # the original has both kinds of lines
    text = "".join((five + six).format(image, image % 2) for image in range(1, 9))
    (base / "attributes" / "image_attribute_labels.txt").write_text(text)
    return DataSettings(name="cub-200-2011", root=str(root), image_size=16)


def write_rows(path: Path, values: list[str]) -> None:
    rows = [f"{number} {value}\n" for number, value in enumerate(values, start=1)]
    path.write_text("".join(rows))


def stamps(root: Path) -> DataSettings:
    from explorer.data.stamps import CLASSES

    for folders in CLASSES.values():
        for number in range(4):
            pixels = np.zeros((30, 50, 4), dtype=np.uint8)
            pixels[10:20, 5:35] = (200, 10 * number, 0, 255)
            path = root / folders[0] / f"thing{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(path)
    save(root / "animals/birds/cartoon/duck.png")
    save(root / "animals/mammals/hedgehog.png")
    return DataSettings(name="stamps", root=str(root), image_size=16)


Build = Callable[[Path], DataSettings]

BUILDERS: dict[str, Build] = {
    "folder": folder,
    "fashion-mnist": fashion_mnist,
    "cifar-10": cifar10,
    "cifar-100": cifar100,
    "celeba": celeba,
    "cub-200-2011": cub,
    "stamps": stamps,
}
