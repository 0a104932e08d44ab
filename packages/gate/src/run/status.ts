/** `coldwire-gate status`: the last word of the gate that runs on a state directory, and whether it still runs. */
import { formatBlockers, readStatus, type StatusFields } from '@coldwire/program';

export function describeGate(directory: string): StatusFields {
  const { fields, alive } = readStatus(directory, 'gate');
  const { blockers, ...rest } = fields;
  const known = Array.isArray(blockers) ? blockers : [];
  const dead = {
    code: 'GATE_HOME',
    since: String(fields['at']),
    text: 'the gate does not run: systemctl start coldwire-gate@GATE',
  };
  return { ...rest, running: alive, blockers: alive ? known : [dead] };
}

/** Output escapes it. */
export function formatGate(status: StatusFields): string {
  const { gate, running, since, blockers, ...rest } = status;
  return [
    `gate ${String(gate)}: ${running === true ? `running since ${String(since)}` : 'NOT RUNNING'}`,
    ...formatBlockers(blockers, 'nothing keeps it from clearing'),
    ...Object.entries(rest).map(([name, value]) => `${`${name}:`.padEnd(13)} ${JSON.stringify(value)}`),
  ].join('\n');
}
