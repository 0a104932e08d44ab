/** A line apart for each machine that was at its end, of a few messages and of very many. */
import { expect, it } from 'vitest';
import { CUSTODIANS, identity, sampleCharter, seeded, signedBy } from '../../policy/test/world.ts';
import type { LoggedMessage } from '../src/log/message.ts';
import { makeRoster, type Roster } from '../src/roster.ts';
import { groupByMachine } from '../src/verify/line.ts';

const HASH = seeded('message');

function openRoster(): Roster {
  const opened = makeRoster(signedBy(sampleCharter(), CUSTODIANS));
  if ('problem' in opened) throw new Error(opened.problem);
  return opened;
}

function message(way: 'down' | 'up', seq: number, receiptSeq: number, key = 'A'): LoggedMessage {
  const [sender, recipient] = way === 'down' ? ['vault-1', 'A'] : ['A', 'vault-1'];
  const header = {
    version: 1,
    charter: HASH,
    sender,
    recipient,
    seq,
    previous: HASH,
    receiptSeq,
    receipt: HASH,
    session: 1,
    type: 0,
    request: HASH.slice(0, 16),
    bodyHash: HASH,
    bodyLength: 0,
    time: 0,
    uptime: seq,
  };
  const [body, signature] = [new Uint8Array(), identity(key).sign(HASH)];
  const place = { log: 'log', file: 'file', at: 0, record: 0 };
  const read = { uptime: seq, time: 0, place };
  return { ...read, way: 'sent', type: 'DONE', header, body, packed: body, hash: HASH, signature };
}

const line = (down: readonly LoggedMessage[], up: readonly LoggedMessage[]) =>
  ({ vault: 'vault-1', peer: 'A', receiver: 'signer', down, up }) as const;

it('what the machine before had taken was never said to the one with the next key', () => {
  const roster = openRoster();
  roster.keys.set('A', [identity('A').publicKey, identity('A again').publicKey]);
  const down = [1, 2, 3, 4].map((seq) => message('down', seq, 0));
  const up = [message('up', 1, 2), message('up', 2, 1), message('up', 3, 4, 'A again')];
  const machines = [...groupByMachine([line(down, up)], roster).values()].flat();
  expect(machines.map((one) => [one.up.length, one.down.map(({ header }) => header.seq)])).toEqual([
    [2, [1, 2, 3, 4]],
    [1, [3, 4]],
  ]);
});

it('a line may be as long as a life', () => {
  const LENGTH = 200_000;
  const first = message('up', 1, 1);
  const up = Array.from({ length: LENGTH }, () => first);
  const [machine] = [...groupByMachine([line([], up)], openRoster()).values()].flat();
  expect(machine?.up).toHaveLength(LENGTH);
});
