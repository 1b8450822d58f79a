import hashlib
import os
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from urllib.error import URLError

import pytest
import torch
from sgdwalk.models.resnet import resnet
from sgdwalk.models.zoo import network as zoo
from sgdwalk.seeds import generator
from sgdwalk.storage import code_hash
from sgdwalk.study import factories, registry
from sgdwalk.training.initialisation import kaiming
from torch import nn
from torchvision import models as torchvision_models
from torchvision.models import _api

torch.set_num_threads(1)
ROOT = Path(__file__).resolve().parents[3]
SIZES = [(3, 32), (1, 28), (1, 8)]
SMALLEST = {"lenet": 16, "densenet121": 8}
# torchvision's documentation, 1000 classes and 224x224 pixels
PUBLISHED = {
    "resnet18": 11_689_512, "resnet34": 21_797_672, "resnet50": 25_557_032, "resnet101": 44_549_160,
    "resnet152": 60_192_808, "densenet121": 7_978_856, "vgg16_bn": 138_365_992, "vgg19_bn": 143_678_248,
}  # fmt: skip


def make(name, channels=3, size=32, classes=10):
    spec = registry.resolve("model", name, registry.MODELS)
    return factories.factory(spec)(channels, size, classes, **spec["arguments"])


def count(model):
    return sum(p.numel() for p in model.parameters())


def linear(before, after):
    return (before + 1) * after


def convolution(before, after, kernel, extra):
    return before * after * kernel**2 + extra * after


def cifar_count(name):
    depth, width = map(int, re.match(r"\D+(\d+)-?(\d*)", name).expand(r"\1 0\2").split())
    width, blocks, extra = 16 * max(width, 1), (depth - 2) // 6, 1 if "nobn" in name else 2
    total = convolution(3, width, 3, extra) + linear(4 * width, 10)
    for before, after in ((width, width), (width, 2 * width), (2 * width, 4 * width)):
        total += convolution(before, after, 3, extra) + (2 * blocks - 1) * convolution(after, after, 3, extra)
        total += convolution(before, after, 1, extra) * ("noshort" not in name and before != after)
    return total


def imagenet_count(name):
    wide = 2048 if re.search("50|101|152", name) else 512
    widths = (64, 256, 512, 1024, 2048) if wide == 2048 else (64, 128, 256, 512)
    shortcuts = sum(convolution(a, b, 1, 2) for a, b in pairwise(widths))
    stem = 3 * 64 * (7**2 - 3**2)
    return PUBLISHED[name.split("-")[0]] - stem - linear(wide, 990) - shortcuts * ("noshort" in name)


def vgg_count(name):
    head = linear(512 * 49, 4096) + linear(4096, 4096) + linear(4096, 1000)
    return PUBLISHED[f"{name}_bn"] - head + linear(512, 10)


def vgg9_count():
    widths = (3, 64, 64, 128, 128, 256, 256, 256)
    convolutions = sum(convolution(a, b, 3, 3) for a, b in pairwise(widths))
    return convolutions + linear(256 * 4 * 4, 256) + 2 * 256 + linear(256, 10)


def densenet_count():
    stem = 3 * 64 * (7**2 - 3**2) + 2 * 64
    return PUBLISHED["densenet121"] - stem - linear(1024, 990)


def lenet_count():
    maps = convolution(3, 6, 5, 1) + convolution(6, 16, 5, 1)
    return maps + linear(16 * 25, 120) + linear(120, 84) + linear(84, 10)


def alexnet_count():
    shapes = ((3, 64, 11), (64, 192, 5), (192, 384, 3), (384, 256, 3), (256, 256, 3))
    return sum(convolution(*shape, 1) for shape in shapes) + linear(256, 10)


def three_convolutions_count():
    return sum(convolution(a, b, 3, 2) for a, b in pairwise((3, 4, 8, 8))) + linear(8, 10)


def vit_count(width=192, depth=6):
    layer = linear(width, 3 * width) + linear(width, width) + linear(width, 4 * width) + linear(4 * width, width)
    return convolution(3, width, 4, 1) + (1 + 65) * width + depth * (layer + 4 * width) + 2 * width + linear(width, 10)


def expected(name):
    if re.match("wrn|resnet(14|20|32|44|56|110)", name):
        return cifar_count(name)
    if re.match(r"resnet\d", name):
        return imagenet_count(name)
    if name.startswith("mlp"):
        return linear(3 * 32 * 32, 64) + (int(name[3:]) - 2) * linear(64, 64) + linear(64, 10)
    if name in ("vgg16", "vgg19"):
        return vgg_count(name)
    return {
        "vgg9": vgg9_count, "densenet121": densenet_count, "lenet": lenet_count, "alexnet": alexnet_count,
        "vit": vit_count, "cnn3": three_convolutions_count, "resnet-mnist": lambda: cifar_count("resnet8"),
    }[name]()  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", registry.MODELS)
def test_every_network_of_the_catalogue_builds_with_the_number_of_parameters_it_should_have(name):
    with torch.device("meta"):
        model = make(name)
        assert model(torch.empty(2, 3, 32, 32)).shape == (2, 10)
    assert count(model) == expected(name)


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("resnet14", 175_258), ("resnet20", 272_474), ("resnet56", 855_770), ("resnet110", 1_730_714),
        ("resnet14-noshort", 172_506), ("resnet20-noshort", 269_722), ("resnet56-noshort", 853_018),
        ("resnet110-noshort", 1_727_962), ("resnet18", 11_173_962), ("resnet50", 23_520_842),
        ("vgg16", 14_728_266), ("densenet121", 6_956_298), ("lenet", 62_006),
    ],
)  # fmt: skip
def test_parameters_of_the_paper_and_of_well_known_networks(name, number):
    with torch.device("meta"):
        assert count(make(name)) == number


@pytest.mark.slow
def test_the_table_in_the_documentation_is_that_of_the_code():
    rows = re.findall(r"^\| `([\w-]+)` \|.*\| ([\d,]+) \|$", (ROOT / "docs" / "models.md").read_text(), re.MULTILINE)
    with torch.device("meta"):
        assert rows == [(name, f"{count(make(name)):,}") for name in registry.MODELS]


@pytest.mark.slow
@pytest.mark.parametrize(("channels", "size"), SIZES)
@pytest.mark.parametrize(
    "name",
    [
        "resnet14", "resnet14-noshort", "resnet14-nobn", "resnet14-noshort-nobn", "wrn14-2", "wrn14-2-noshort",
        "resnet18", "resnet18-noshort", "resnet50", "vgg9", "vgg16", "lenet", "alexnet", "mlp3", "resnet-mnist",
        "cnn3",        "densenet121", "vit",
    ],
)  # fmt: skip
def test_outputs_and_gradients_are_finite_for_every_size_of_image(name, channels, size):
    if size < SMALLEST.get(name, 0):
        with pytest.raises(ValueError, match=f"size {size}: "):
            make(name, channels, size)
        return
    torch.manual_seed(0)
    model = make(name, channels, size, 7)
    inputs = torch.randn(4, channels, size, size).contiguous(memory_format=torch.channels_last)
    logits = model(inputs)
    assert logits.shape == (4, 7)
    nn.functional.cross_entropy(logits, torch.arange(4)).backward()
    assert torch.isfinite(logits).all()
    for key, parameter in model.named_parameters():
        assert parameter.grad is not None, key
        assert torch.isfinite(parameter.grad).all(), key
    kaiming(model, generator(0, "init"))
    assert torch.isfinite(model(inputs)).all()


@pytest.mark.parametrize(("name", "size"), [("vit", 30), ("lenet", 15), ("densenet121", 7), ("torchvision:vgg11", 28)])
def test_a_size_that_an_architecture_does_not_take_is_named_in_one_line(name, size):
    with torch.device("meta"), pytest.raises(ValueError, match=f"{size}") as caught:
        make(name, 1, size)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("module", ["imagenet:resnet", "vgg:vgg", "densenet:densenet"])
def test_an_unknown_depth_is_an_error(module):
    with pytest.raises(ValueError, match="depth 17: must be one of"):
        factories.factory({"factory": f"sgdwalk.models.{module}"})(3, 32, 10, depth=17)


@pytest.mark.parametrize("name", ["resnet14", "resnet14-nobn", "wrn14-2", "resnet18", "resnet50"])
def test_without_shortcuts_nothing_goes_round_a_dead_block(name):
    torch.manual_seed(0)
    inputs = torch.randn(3, 3, 8, 8)
    without = "resnet14-noshort-nobn" if name == "resnet14-nobn" else f"{name}-noshort"
    for model, passes in ((make(name), True), (make(without), False)):
        model.eval()
        with torch.no_grad():
            for parameter in model[2].body.parameters():
                parameter.zero_()
            logits = model(inputs)
        assert torch.equal(logits[0], logits[1]) is not passes


@pytest.mark.parametrize("suffix", ["-nobn", "-noshort-nobn"])
def test_without_batch_norm_convolutions_have_biases_and_images_do_not_mix(suffix):
    model = make(f"resnet14{suffix}")
    assert not [m for m in model.modules() if "Norm" in type(m).__name__]
    assert all(m.bias is not None for m in model.modules() if isinstance(m, nn.Conv2d))
    inputs = torch.randn(3, 3, 8, 8)
    torch.testing.assert_close(model(inputs)[:1], model(inputs[:1]))


@pytest.mark.parametrize(
    ("shortcut", "start", "names", "number"),
    [
        (True, False, "8ccc3210deb04456", 1527.639978494279),
        (True, True, "8ccc3210deb04456", 1294.4324228104797),
        (False, False, "368e882485f49a1d", 634.631626446533),
        (False, True, "368e882485f49a1d", -16.644772537645224),
    ],
)
def test_names_and_first_weights_of_the_papers_resnets_never_change(shortcut, start, names, number):
    torch.manual_seed(5)
    model = resnet(3, 32, 10, depth=14, shortcut=shortcut)
    if start:
        kaiming(model, generator(5, "init"))
    state = model.state_dict()
    flat = torch.cat([value.double().flatten() for value in state.values()])
    assert hashlib.sha256(" ".join(state).encode()).hexdigest()[:16] == names
    assert float(flat @ (torch.arange(len(flat)) % 97 - 48).double()) == pytest.approx(number, abs=1e-3)


def test_settings_of_the_papers_resnets_never_change():
    spec = registry.resolve("model", "resnet14-noshort", registry.MODELS)
    assert spec == {"factory": "sgdwalk.models.resnet:resnet", "arguments": {"depth": 14, "shortcut": False}}


def test_the_vit_has_second_derivatives():
    torch.manual_seed(0)
    model = make("vit", 1, 8).double()
    loss = nn.functional.cross_entropy(model(torch.randn(2, 1, 8, 8).double()), torch.tensor([1, 2]))
    weights = list(model.parameters())
    gradients = torch.autograd.grad(loss, weights, create_graph=True)
    product = torch.autograd.grad(sum((g**2).sum() for g in gradients), weights)
    assert all(torch.isfinite(p).all() for p in product)


@pytest.mark.parametrize("path", sorted((ROOT / "workflow/src/sgdwalk/models").glob("[a-z]*.py")), ids=lambda p: p.stem)
def test_code_of_one_family_does_not_depend_on_another(path):
    used = code_hash._closure([f"sgdwalk.models.{path.stem}"])
    assert {p.stem for p in used.values() if p.parent == path.parent} - {"__init__"} == {path.stem}


def test_the_catalogue_needs_no_torch():
    command = "import sys, sgdwalk.study.registry; sys.exit('torch' in sys.modules)"
    path = {"PYTHONPATH": str(ROOT / "workflow" / "src")}
    subprocess.run([sys.executable, "-c", command], env=os.environ | path, check=True)


def test_torchvision_names_are_told_from_own_factories():
    def arguments(name):
        return registry.resolve("model", name, registry.MODELS)["arguments"]

    assert arguments("torchvision:resnet18") == {"name": "resnet18"}
    assert arguments("torchvision:resnet18:DEFAULT") == {"name": "resnet18", "weights": "DEFAULT"}
    for name, module in (("torchvision:vgg11", "sgdwalk.models.zoo"), ("mine.nets:resnet18", "mine.nets")):
        assert factories.module(registry.resolve("model", name, registry.MODELS)) == module
    for wrong in ("torchvision:", "torchvision:a:b:c", "resnet15"):
        with pytest.raises(ValueError, match="torchvision:NAME"):
            registry.resolve("model", wrong, registry.MODELS)


@pytest.mark.slow
@pytest.mark.parametrize(("channels", "size"), SIZES)
@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v3_small", "swin_t", "shufflenet_v2_x0_5"])
def test_torchvision_networks_fit_the_images(name, channels, size):
    with torch.device("meta"):
        model = make(f"torchvision:{name}", channels, size, 7)
        assert model.training
        assert model(torch.empty(2, channels, size, size)).shape == (2, 7)


@pytest.mark.parametrize(
    ("name", "size"), [("googlenet", 32), ("squeezenet1_1", 32), ("inception_v3", 96), ("vit_b_16", 32)]
)
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_torchvision_networks_of_other_shapes_fit_too(name, size):
    with torch.device("meta"):
        model = make(f"torchvision:{name}", 1, size, 7)
        assert model(torch.empty(2, 1, size, size)).shape == (2, 7)


def test_torchvision_network_trains():
    model = make("torchvision:resnet18", 1, 28, 10)
    assert count(model) == 11_181_642 - 2 * 64 * 7**2
    nn.functional.cross_entropy(model(torch.randn(2, 1, 28, 28)), torch.tensor([1, 2])).backward()
    assert all(torch.isfinite(p.grad).all() for p in model.parameters())


def test_unknown_torchvision_network_or_weights():
    with pytest.raises(ValueError, match=r"torchvision:resnet19: .*resnet18"):
        zoo(3, 32, 10, name="resnet19")
    with pytest.raises(ValueError, match="must be one of IMAGENET1K_V1, DEFAULT"):
        zoo(3, 32, 10, name="resnet18", weights="CIFAR")


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_pretrained_weights_are_kept_where_they_fit(monkeypatch, channels):
    trained = torchvision_models.resnet18()
    monkeypatch.setattr(_api, "load_state_dict_from_url", lambda *_, **__: trained.state_dict())
    model = zoo(channels, 32, 10, name="resnet18", weights="DEFAULT")
    mine, theirs = model.state_dict(), trained.state_dict()
    for key in mine.keys() - {"conv1.weight", "fc.weight", "fc.bias"}:
        assert torch.equal(mine[key], theirs[key]), key
    assert mine["fc.weight"].shape == (10, 512)
    if channels == 4:
        assert mine["conv1.weight"].shape == (64, 4, 7, 7)
    else:
        grey = torch.randn(2, 1, 32, 32)
        theirs = trained.conv1(grey.expand(-1, 3, -1, -1))
        torch.testing.assert_close(model.conv1(grey.expand(-1, channels, -1, -1)), theirs, rtol=1e-4, atol=1e-5)


def test_weights_that_cannot_be_fetched_say_so_in_one_line(monkeypatch):
    def fail(*_, **__):
        raise URLError("no network")

    monkeypatch.setattr(_api, "load_state_dict_from_url", fail)
    with pytest.raises(OSError, match=r"torchvision:resnet18:DEFAULT: neither in .*no network"):
        zoo(3, 32, 10, name="resnet18", weights="DEFAULT")
