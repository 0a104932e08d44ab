/** What the line itself can do: old requests again, far too many, bytes of no meaning. */
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { encode, Status } from '@coldwire/protocol';
import { GATES, SIGNERS } from '../../world/charter.ts';
import type { Move } from './move.ts';

/** Exactly what was asked before, and the same id with another body. */
const replay: Move = {
  name: 'an old request again',
  weight: 8,
  async run(attacker) {
    const { random, judge } = attacker;
    const name = attacker.pick(SIGNERS);
    const before = name === undefined ? undefined : attacker.pick(attacker.asked.get(name) ?? []);
    if (name === undefined || before === undefined) return;
    const other = random.next() < 0.5 ? undefined : attacker.pick(attacker.asked.get(name) ?? [])?.body;
    const body = other ?? before.body;
    // Also where another one was picked: it may be this one, or say the same.
    const same = Buffer.from(body).equals(before.body);
    const sent = performance.now();
    const answer = await attacker.ask(name, 'SIGN', body, before.id);
    if (answer !== 'silent') attacker.heard(name, body, answer, { sent, got: performance.now() }, same);
    if (answer === 'silent' || !same) return;
    if (!attacker.wasSetBack(name) && !Buffer.from(answer.body).equals(Buffer.from(before.answer)))
      judge.say('answer', `${name} answered the same request in two ways`);
  },
};

/** Requests without end, all at once. */
const flood: Move = {
  name: 'flood',
  weight: 0.4,
  async run(attacker) {
    const name = attacker.pick([...SIGNERS, ...GATES]);
    if (name === undefined) return;
    await Promise.all(Array.from({ length: 30 }, () => attacker.ask(name, 'STATUS', encode(Status, {}))));
  },
};

/** Bytes of no meaning between the frames. */
const noise: Move = {
  name: 'noise',
  weight: 2,
  async run(attacker) {
    const { random, world } = attacker;
    const name = attacker.pick([...SIGNERS, ...GATES]);
    const pair = name === undefined ? undefined : world.lines.get(name);
    if (pair === undefined) return;
    const descriptor = openSync(pair.left, constants.O_WRONLY | constants.O_NOCTTY | constants.O_NONBLOCK);
    try {
      writeSync(descriptor, random.bytes(random.between(1, 300)));
    } catch {
      // The line is full: noise enough.
    } finally {
      closeSync(descriptor);
    }
    attacker.steps += 1;
  },
};

export const LINE: readonly Move[] = [replay, flood, noise];
