"""The figures of a trial, and its report."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from chaos.evidence import Evidence, Logs
from chaos.judge import expected_fire_times
from chaos.scenario import Scenario
from punctual.domain.run import RunState


@dataclass(frozen=True, slots=True)
class Numbers:
    """What happened, counted. `longest_gap` is the longest time in which no task was started, in seconds."""

    faults: Mapping[str, int]
    edits: int
    fire_times: int
    states: Mapping[str, int]
    executions: int
    sent_again: int
    refused: int
    put_off: int
    unasked: int
    lost: int
    longest_gap: float


def numbers(evidence: Evidence, logs: Logs, faults: Mapping[str, int], edits: int) -> Numbers:
    """Count."""
    starts = sorted(execution.started_at for execution in evidence.executions)
    states = Counter(record.state.value for record in evidence.records)
    return Numbers(
        faults=faults,
        edits=edits,
        fire_times=sum(
            len(list(expected_fire_times(key, evidence.versions[key], evidence.pauses.get(key, ()))))
            for key in evidence.names
        ),
        states=states,
        executions=len(starts),
        sent_again=logs.sent_again,
        refused=logs.refused,
        put_off=logs.put_off,
        unasked=logs.unasked,
        lost=states[RunState.LOST.value],
        longest_gap=max((later - earlier for earlier, later in pairwise(starts)), default=0.0),
    )


def report(scenario: Scenario, counted: Numbers, findings: Sequence[str], seconds: float) -> str:
    """Return the report in words."""
    faults = ", ".join(f"{count} x {kind}" for kind, count in sorted(counted.faults.items()))
    states = ", ".join(f"{count} {state}" for state, count in sorted(counted.states.items()))
    size = f"{scenario.nodes} nodes, {scenario.schedules} schedules, {scenario.seconds:g} s of faults"
    lines = [
        f"chaos on {scenario.broker}, seed {scenario.seed}: {size}, {seconds:.0f} s in all",
        f"  faults              {sum(counted.faults.values())}: {faults}",
        f"  edits               {counted.edits}",
        f"  fire times          {counted.fire_times}",
        f"  records             {states}",
        f"  executions          {counted.executions}",
        f"  messages sent again {counted.sent_again}",
        f"  starts refused      {counted.refused}",
        f"  starts put off      {counted.put_off}",
        f"  starts unasked      {counted.unasked} (the database gave the gate no answer)",
        f"  runs lost           {counted.lost}",
        f"  longest gap         {counted.longest_gap:.1f} s without any start",
        "",
        f"{len(findings)} findings" if findings else "every promise held",
    ]
    return "\n".join([*lines, *(f"- {finding}" for finding in findings)]) + "\n"
