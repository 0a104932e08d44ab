/** What counts as a second verdict on one request, judged over a line that is made message by message. */
import { encode, Refused } from '@coldwire/protocol';
import { describe, expect, it } from 'vitest';
import { seeded } from '../../policy/test/world.ts';
import { Findings } from '../src/finding.ts';
import type { LoggedMessage } from '../src/log/message.ts';
import { checkVerdictsGiven } from '../src/verify/requests.ts';

const PLACE = { log: 'log', file: 'file', at: 0, record: 0 };
const REQUEST = seeded('request').slice(0, 16);

function message(type: LoggedMessage['type'], body: Uint8Array, seq: number): LoggedMessage {
  const [sender, recipient] = type === 'SIGN' ? ['vault-1', 'A'] : ['A', 'vault-1'];
  const header = {
    version: 1,
    charter: seeded('charter'),
    sender,
    recipient,
    seq,
    previous: seeded('previous'),
    receiptSeq: seq,
    receipt: seeded('receipt'),
    session: 1,
    type: 0,
    request: REQUEST,
    bodyHash: seeded('body'),
    bodyLength: body.length,
    time: 0,
    uptime: seq,
  };
  const way = type === 'SIGN' ? 'received' : 'sent';
  const read = { uptime: seq, time: 0, place: PLACE };
  return { ...read, way, type, header, body, packed: body, hash: seeded(''), signature: new Uint8Array(64) };
}

const refusal = (...codes: readonly string[]): Uint8Array =>
  encode(Refused, { refusals: codes.map((code) => ({ code, facts: [] })) });

/** One request, asked as often as it is answered. */
function findings(answers: readonly (readonly [LoggedMessage['type'], Uint8Array])[]): readonly string[] {
  const down = answers.map((_, place) => message('SIGN', Uint8Array.of(0), place + 1));
  const up = answers.map(([type, body], place) => message(type, body, place + 1));
  const found = new Findings();
  checkVerdictsGiven([{ vault: 'vault-1', peer: 'A', receiver: 'signer', down, up }], found);
  return found.list.map(({ code }) => code);
}

const SIGNED = ['SIGNED', Uint8Array.of(1)] as const;

describe('one request that is answered twice', () => {
  it.each(['INTERNAL', 'UNWITNESSED', 'RESTORED', 'WRONG_PEER', 'BAD_RECEIPT'])(
    'may be signed after %s, which need not have been kept',
    (code) => {
      expect(findings([['REFUSED', refusal(code)], SIGNED, SIGNED])).toEqual([]);
      expect(findings([['REFUSED', refusal('FROZEN', code)], SIGNED])).toEqual([]);
    },
  );

  it('has one verdict: none follows on a signature, or on any other refusal', () => {
    expect(findings([SIGNED, ['REFUSED', refusal('RESTORED')]])).toEqual(['AUDIT_RESULT']);
    expect(findings([['REFUSED', refusal('FROZEN')], SIGNED])).toEqual(['AUDIT_RESULT']);
    expect(findings([SIGNED, ['SIGNED', Uint8Array.of(2)]])).toEqual(['AUDIT_RESULT']);
  });
});
