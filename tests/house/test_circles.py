"""No module needs itself, by whatever way: what is imported late, or for types only, counts too."""

from graphlib import CycleError, TopologicalSorter

import grimp


def test_imports_run_in_no_circle() -> None:
    graph = grimp.build_graph("kaja", cache_dir=None)
    needs = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    assert len(needs) > 400
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as error:
        circle = " <- ".join(error.args[1])
        raise AssertionError(f"{circle}: move what both need below both") from None
