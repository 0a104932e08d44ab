// A machine that approves and then cannot hand its signatures on: the request has an answer, and is signed when it is asked again.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Channel, unpackMessage } from '@coldwire/channel';
import type { Port } from '@coldwire/link';
import { encode, type Line, type MessageType, messageTypeOf, SignRequest } from '@coldwire/protocol';
import { noblePointMath } from '@coldwire/wallet/noble.ts';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { KeyMemory } from '../../src/io/key-memory.ts';
import { Machine } from '../../src/run/machine.ts';
import { Report } from '../../src/run/report.ts';
import { restore } from '../../src/run/restore.ts';
import { destination, openKeys, Treasury } from '../signing-world.ts';

const SILENT: Port = {
  describe: () => 'nothing',
  onBytes: () => undefined,
  onEnd: () => undefined,
  onDrain: () => undefined,
  write: () => true,
  pending: () => 0,
  close: async () => undefined,
};
const LINE: Line = {
  self: 'A',
  peer: 'vault-1',
  peerKey: new Uint8Array(32),
  incoming: 'down',
  receiver: 'signer',
};

let directory: string;
let machine: Machine;
let channel: Channel;
let close: () => void;
let ask: () => readonly (MessageType | undefined)[];
/** Whether sealing fails, and whether the keys are gone with it. */
let fault: 'none' | 'seals nothing' | 'loses its keys';

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'coldwire-failing-'));
  const treasury = new Treasury();
  const { world, signers } = treasury;
  const coins = world.fund([5_000_000n]);
  const intents = [
    world.intent({ id: 'one', amount: 1_000_000n, script: destination('one'), created: 1001, expires: 1100 }),
  ];
  const body = encode(SignRequest, world.request({ coins, intents, change: [{ amount: 3_990_000n }] }));
  signers.A.catchUp();
  const { log, chain } = restore(directory, world.loaded, LINE, noblePointMath);
  close = () => log.close();
  const sent: (MessageType | undefined)[] = [];
  const append = log.append.bind(log);
  log.append = (entries) => {
    append(entries);
    for (const { kind, bytes } of entries)
      if (kind === 'sent') sent.push(messageTypeOf(unpackMessage(bytes).header.type));
  };
  const keys = openKeys('A');
  fault = 'none';
  const seal: KeyMemory['seal'] = (...args) => {
    if (fault === 'none') return keys.seal(...args);
    if (fault === 'loses its keys') keys.zeroize();
    throw new Error('nothing can be sealed');
  };
  const failing = new Proxy(keys, {
    get: (_, name) => {
      if (name === 'seal') return seal;
      const value: unknown = Reflect.get(keys, name, keys);
      return typeof value === 'function' ? value.bind(keys) : value;
    },
  });
  machine = new Machine(signers.A.state, log, new Report());
  machine.unlock(failing, 'at start');
  const nextNonce = () => new Uint8Array(16);
  channel = new Channel({ role: 'responder', port: SILENT, log, chain, nextNonce, baud: 0 }, machine);
  machine.attach(channel);
  const request = new Uint8Array(16).fill(7);
  ask = () => {
    sent.length = 0;
    const at = signers.A.clock();
    const { header } = signers.A.receive('SIGN', body, request);
    const taken = machine.onMessage({ type: 'SIGN', header, body }, at);
    log.append(taken.entries);
    taken.after();
    return [...sent];
  };
});
afterEach(async () => {
  await channel.stop();
  close();
  rmSync(directory, { recursive: true, force: true });
});

describe('A signer that cannot hand its signatures on', () => {
  test('says so instead of nothing, keeps its keys, and signs when it is asked again', () => {
    fault = 'seals nothing';
    expect(ask()).toEqual(['REFUSED']);
    expect(machine.unlocked).toBe(true);
    expect(machine.state.results.size).toBe(0);
    fault = 'none';
    expect(ask()).toEqual(['SIGNED']);
    expect(ask()).toEqual(['SIGNED']);
  });

  test('says nothing more where its keys are gone: the line says that it is locked', () => {
    fault = 'loses its keys';
    expect(ask()).toEqual([]);
    expect(machine.unlocked).toBe(false);
  });
});
