// Two ends of a line, every step in any order: say something, carry a message, lose what is under way, connect again,
// start again from what was journalled. Both ends agree, and nothing is taken twice or out of order.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inForm } from '../../../../test/world/form.ts';
import {
  type Chain,
  createChain,
  draftMessage,
  type Head,
  judgeMessage,
  type Message,
  messageHash,
  planResumption,
  recordReceived,
  recordSent,
  START,
  suspectSelf,
  UNACKNOWLEDGED_MAX,
} from '../../src/index.ts';
import { keyOf, made } from './samples.ts';

const CHARTER = made('charter');
const NAMES = ['vault', 'A'] as const;
type End = 0 | 1;
const other = (end: End): End => (end === 0 ? 1 : 0);

class Side {
  readonly end: End;
  chain: Chain;
  taken: Message[] = [];
  said: Message[] = [];
  /** What is on its way to the other side on this connection. */
  queue: Message[] = [];
  duplicates = 0;

  constructor(end: End) {
    this.end = end;
    this.chain = createChain({
      self: NAMES[end],
      peer: NAMES[other(end)],
      peerKey: keyOf(NAMES[other(end)]).publicKey,
      incoming: end === 0 ? 'up' : 'down',
      receiver: 'signer',
    });
  }

  say(text: string): void {
    const draft = draftMessage(this.chain, {
      type: 'HELLO',
      charter: CHARTER,
      session: 1,
      request: null,
      body: new TextEncoder().encode(text),
      salt: made('salt', 16),
      time: 0,
      uptime: 0,
    });
    const message = { ...draft, signature: keyOf(NAMES[this.end]).sign(messageHash(draft.header)) };
    this.chain = recordSent(this.chain, message);
    this.said.push(message);
    this.queue.push(message);
  }

  take(message: Message): void {
    const judged = judgeMessage(this.chain, CHARTER, message);
    if (judged.kind === 'fault') throw new Error(`${judged.fault.code}: ${judged.fault.detail}`);
    if (judged.kind === 'duplicate') {
      this.duplicates += 1;
      return;
    }
    if (judged.kind === 'ahead') throw new Error('nobody has claimed a place');
    this.chain = recordReceived(this.chain, message, judged.received.header);
    this.taken.push(message);
  }

  connect(hint: Head): void {
    const plan = planResumption(this.chain, hint);
    if (plan.kind === 'fault') throw new Error(plan.fault.detail);
    this.queue = [...plan.messages];
  }
}

type Step = {
  readonly kind: 'say' | 'carry' | 'repeat' | 'lose' | 'connect';
  readonly end: End;
  readonly n: number;
};
const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom<Step['kind'][]>('say', 'say', 'carry', 'carry', 'carry', 'repeat', 'lose', 'connect'),
  end: fc.constantFrom<End[]>(0, 1),
  n: fc.nat(4),
});

function run(steps: readonly Step[]): readonly [Side, Side] {
  const sides: readonly [Side, Side] = [new Side(0), new Side(1)];
  const connect = () => {
    const hints = [sides[0].chain.theirs, sides[1].chain.theirs] as const;
    sides[0].connect(hints[1]);
    sides[1].connect(hints[0]);
  };
  let serial = 0;
  for (const { kind, end, n } of steps) {
    const from = sides[end];
    const to = sides[other(end)];
    if (kind === 'say') from.say(`${serial++}`);
    else if (kind === 'carry') for (const message of from.queue.splice(0, n)) to.take(message);
    else if (kind === 'repeat') {
      const [message] = from.queue.splice(0, 1);
      if (message !== undefined) for (const copy of [message, message]) to.take(copy);
    } else if (kind === 'lose') {
      // A lost byte ends the connection: what was under way both ways is gone.
      connect();
    } else connect();
  }
  connect();
  for (const side of sides) for (const message of side.queue.splice(0)) sides[other(side.end)].take(message);
  return sides;
}

describe('two ends of a chain', () => {
  it('agree after any order of sends, losses and connections; everything is taken once and in order', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const [vault, signer] = run(steps);
        expect(signer.taken).toEqual(vault.said);
        expect(vault.taken).toEqual(signer.said);
        expect(signer.chain.theirs).toEqual(vault.chain.mine);
        expect(vault.chain.theirs).toEqual(signer.chain.mine);
      }),
      { numRuns: inForm(50, 1_500) },
    );
  });

  it('keep only what the other side has not acknowledged', () => {
    const [vault, signer] = [new Side(0), new Side(1)];
    for (let n = 0; n < 5; n++) vault.say(`${n}`);
    for (const message of vault.queue.splice(0, 3)) signer.take(message);
    signer.say('receipt of three');
    for (const message of signer.queue.splice(0)) vault.take(message);
    expect(vault.chain.sent).toEqual(vault.said.slice(3));
    expect(vault.chain.acknowledged.seq).toBe(3);
  });
});

describe('a hint of the other side', () => {
  const vault = new Side(0);
  const signer = new Side(1);
  for (let n = 0; n < 5; n++) vault.say(`${n}`);
  for (const message of vault.queue.splice(0, 3)) signer.take(message);
  signer.say('receipt of three');
  for (const message of signer.queue.splice(0)) vault.take(message);
  const headOf = (seq: number): Head => {
    const message = vault.said[seq - 1];
    return message === undefined ? START : { seq, hash: messageHash(message.header) };
  };

  it('that is true brings what follows it, unchanged', () => {
    for (const seq of [3, 4, 5]) {
      expect(planResumption(vault.chain, headOf(seq))).toEqual({
        kind: 'resend',
        messages: vault.said.slice(seq),
      });
    }
  });

  it.each([
    ['goes back behind what was acknowledged', () => headOf(2), 'BAD_RECEIPT'],
    ['is empty after an acknowledgement', () => START, 'BAD_RECEIPT'],
    ['names what was never sent', () => ({ seq: 6, hash: made('x') }), 'BAD_RECEIPT'],
    ['is far ahead', () => ({ seq: Number.MAX_SAFE_INTEGER, hash: made('x') }), 'BAD_RECEIPT'],
    ['names another hash', () => ({ seq: 4, hash: made('x') }), 'BAD_RECEIPT'],
    ['names another hash of what was acknowledged', () => ({ seq: 3, hash: made('x') }), 'BAD_RECEIPT'],
  ])('that %s brings nothing', (_, hint, code) => {
    const before = structuredClone(vault.chain);
    expect(planResumption(vault.chain, hint())).toMatchObject({ kind: 'fault', fault: { code } });
    expect(vault.chain).toEqual(before);
  });

  it('says of this machine that it was restored or copied, or nothing of it', () => {
    expect(suspectSelf(vault.chain, { seq: 6, hash: made('x') })).toBe('STATE_ROLLBACK');
    expect(suspectSelf(vault.chain, { seq: 5, hash: made('x') })).toBe('CLONE');
    expect(suspectSelf(vault.chain, { seq: 4, hash: made('x') })).toBe('CLONE');
    for (const seq of [3, 2, 0]) expect(suspectSelf(vault.chain, { seq, hash: made('x') })).toBeUndefined();
  });

  it('that claims too much costs a gap, which the other side refuses', () => {
    const plan = planResumption(vault.chain, headOf(4));
    const [fifth] = plan.kind === 'resend' ? plan.messages : [];
    if (fifth === undefined) throw new Error('nothing to resend');
    expect(judgeMessage(signer.chain, CHARTER, fifth)).toMatchObject({
      kind: 'fault',
      fault: { code: 'BAD_CHAIN' },
    });
  });
});

describe('a message', () => {
  it('cannot be drafted with a salt of another length or a body that is too long', () => {
    const { chain } = new Side(0);
    const out = {
      type: 'HELLO',
      charter: CHARTER,
      session: 1,
      request: null,
      body: new Uint8Array(1),
      salt: new Uint8Array(15),
      time: 0,
      uptime: 0,
    } as const;
    expect(() => draftMessage(chain, out)).toThrow(/16 bytes, not 15/);
    const long = { ...out, salt: new Uint8Array(16), body: new Uint8Array(512 * 1024 - 15) };
    expect(() => draftMessage(chain, long)).toThrow(/bodyLength/);
  });
});

it('a peer that goes on asking and acknowledges nothing is BAD_RECEIPT, and nobody suspects the own disk', () => {
  const [vault, signer] = [new Side(0), new Side(1)];
  signer.say('greeting');
  vault.take(signer.said[0] ?? raise());
  vault.say('knows of one');
  const late = vault.said[0] ?? raise();
  for (let number = 0; number < UNACKNOWLEDGED_MAX; number++) signer.say('answer');
  expect(judgeMessage(signer.chain, CHARTER, late).kind).toBe('new');
  signer.say('one too many');
  const judged = judgeMessage(signer.chain, CHARTER, late);
  expect(judged).toMatchObject({ kind: 'fault', fault: { code: 'BAD_RECEIPT' } });
  expect(suspectSelf(signer.chain, vault.chain.theirs)).toBeUndefined();
});

function raise(): never {
  throw new Error('nothing was said');
}
