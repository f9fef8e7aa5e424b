"""docs/models.md says what is measured: the parity table's rows and numbers, and what narrower numbers cost."""

import pytest
import table


def test_the_parity_table_is_what_the_test_prints():
    here, now = table.rows(table.documented("parity")), table.rows(table.parity_table())
    again = "tests/parity/table.py --write mends docs/models.md"
    assert here.keys() == now.keys(), again
    for architecture in here:
        parity, costs = here[architecture][: len(now[architecture])], here[architecture][len(now[architecture]) :]
        assert len(costs) == len(table.NARROWER) and (architecture == table.WEIGHTS_OF) == ("–" not in costs), f"{architecture}: {again}"
        for written, measured in zip(parity, now[architecture], strict=True):
            if "e-" not in measured:  # how many cases; equal
                assert written == measured, f"{architecture}: {again}"
            else:  # rounding differs between machines, by far less than the bound
                assert float(written) <= 1e-4 and float(measured) <= max(20 * float(written), 2e-5), f"{architecture}: {written}, now {measured}: {again}"


# SmolLM2's weights are a Q4_1 file, the only real ones a test can have: int8 and int4 round what lies on 16 levels a group already,
# so these bounds guard the paths; they say nothing of what rounding a full-precision model costs.
MOST = {"fp32": 0, "bf16": 0.02, "int8": 0.01, "int4": 0.1, "as stored (Q4_1)": 0.001, "by default": 0.05}


def test_narrower_numbers_cost_what_is_written():
    model = table.smollm2()
    if not model:
        pytest.skip("SmolLM2's weights are not here: scripts/get-weights installs them")
    bits, written = table.bits_per_byte(model), table.rows(table.documented("precision"))
    assert bits.keys() == written.keys()
    assert 0.3 < bits["fp32"] < 1.5, "a model of code says a byte of code in about one bit"
    in_parity = dict(zip(table.NARROWER, table.rows(table.documented("parity"))[table.WEIGHTS_OF][-len(table.NARROWER) :], strict=True))
    assert in_parity == {name: written[name][1] for name in table.NARROWER}, "both tables say the same: tests/parity/table.py --write mends docs/models.md"
    for name, value in bits.items():
        cost = value - bits["fp32"]
        assert abs(cost) <= MOST[name], f"{name}: {cost:+.4f} bits per byte"
        assert abs(cost - float(written[name][1])) <= 0.02, f"{name}: {cost:+.4f}; tests/parity/table.py --write mends docs/models.md"
