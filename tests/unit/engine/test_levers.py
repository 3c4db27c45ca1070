"""The benchmark of levers takes away one at a time."""

from dataclasses import asdict

from controller.bench.levers import VARIANTS, Levers


def test_each_variant_but_the_first_lacks_one_lever_of_its_own() -> None:
    first, *others = VARIANTS.values()
    assert first == Levers()
    lacking = [[name for name, is_there in asdict(each).items() if not is_there] for each in others]
    assert sorted(lacking) == sorted([name] for name in asdict(first))
