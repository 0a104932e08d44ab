// What the holder of a line can make of a signer that has just started by saying where the line stands. No hello is signed.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Channel, unpackMessage } from '@coldwire/channel';
import type { Port } from '@coldwire/link';
import { type Header, type Line, MESSAGE_TYPES } from '@coldwire/protocol';
import { noblePointMath } from '@coldwire/wallet/noble.ts';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { seeded } from '../../../policy/test/world.ts';
import { noteSigned } from '../../src/core/heads.ts';
import { REALIGNS_MAX } from '../../src/run/lost.ts';
import { Machine } from '../../src/run/machine.ts';
import { Report } from '../../src/run/report.ts';
import { restore } from '../../src/run/restore.ts';
import { openKeys, Treasury } from '../signing-world.ts';

const root = mkdtempSync(join(tmpdir(), 'coldwire-lost-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const { world } = new Treasury();
const SILENT: Port = {
  describe: () => 'nothing',
  onBytes: () => undefined,
  onEnd: () => undefined,
  onDrain: () => undefined,
  write: () => true,
  pending: () => 0,
  close: async () => undefined,
};

let machine: Machine;
let channel: Channel;
let close: () => void;
let isFull: boolean;
/** Types of the messages that were written down as sent. */
let sent: number[];

beforeEach(() => {
  const directory = mkdtempSync(join(root, 'state-'));
  const line: Line = {
    self: 'A',
    peer: 'vault-1',
    peerKey: new Uint8Array(32),
    incoming: 'down',
    receiver: 'signer',
  };
  const { state, log, chain } = restore(directory, world.loaded, line, noblePointMath);
  close = () => log.close();
  isFull = false;
  sent = [];
  const append = log.append.bind(log);
  log.append = (entries) => {
    if (isFull) throw new Error('ENOSPC: no space left on device');
    append(entries);
    for (const { kind, bytes } of entries) if (kind === 'sent') sent.push(unpackMessage(bytes).header.type);
  };
  machine = new Machine(state, log, new Report());
  machine.ask();
  machine.unlock(openKeys('A'), 'at start');
  const nextNonce = () => seeded('nonce').slice(0, 16);
  channel = new Channel({ role: 'responder', port: SILENT, log, chain, nextNonce, baud: 0 }, machine);
  machine.attach(channel);
});
afterEach(async () => {
  await channel.stop();
  close();
});

const place = (label: string, seq: number) => ({ seq, hash: seeded(`${label} ${seq}`) });
const realign = (mine: number, theirs = 50) =>
  machine.realign({ mine: place('mine', mine), theirs: place('theirs', theirs) });

describe('A signer that has just started', () => {
  test('goes on from a place after its newest SIGNED, and never from one before: no number is signed under twice', () => {
    noteSigned(machine.state.heads, 'vault-1', place('signed', 90));
    expect(realign(89)).toBe(false);
    expect(realign(0, 0)).toBe(false);
    expect(realign(90)).toBe(true);
    expect(realign(120)).toBe(true);
  });

  test('does so a bounded number of times: a line without any key writes no log full', () => {
    for (let time = 1; time <= REALIGNS_MAX; time += 1) expect(realign(100 + time)).toBe(true);
    const { notices } = machine.state;
    const told = notices.length;
    expect(realign(200)).toBe(false);
    expect(notices.length).toBe(told);
  });

  test('that cannot write down where it goes on from goes nowhere: it still says what was due, and has lost no time of it', () => {
    const header = { sender: 'vault-1', request: seeded('status').slice(0, 16) } as Header;
    const at = machine.read();
    const taken = machine.onMessage({ type: 'STATUS', header, body: Uint8Array.of(0xa0) }, at);
    isFull = true;
    taken.after();
    for (let time = 1; time <= REALIGNS_MAX; time += 1) expect(realign(100 + time)).toBe(false);
    isFull = false;
    expect(sent).toEqual([]);
    machine.happen({ event: 'freeze', detail: 'console' });
    expect(sent).toEqual([MESSAGE_TYPES.STATE.number]);
    expect(realign(100)).toBe(true);
  });
});
