"""The test kit that every kind must pass, ours and strangers'. It needs nothing but Python.

    @pytest.mark.parametrize("check", probe_checks(MY_PROBE, EXAMPLES), ids=str)
    async def test_my_probe_conforms(check: ConformanceCheck) -> None:
        await check.run()

or, without pytest, `asyncio.run(check_probe(MY_PROBE, EXAMPLES))`.
"""

from plugins.conformance.checks import ConformanceCheck, ConformanceError
from plugins.conformance.notifier import check_notifier, notifier_checks
from plugins.conformance.probe import check_probe, probe_checks

__all__ = [
    "ConformanceCheck",
    "ConformanceError",
    "check_notifier",
    "check_probe",
    "notifier_checks",
    "probe_checks",
]
