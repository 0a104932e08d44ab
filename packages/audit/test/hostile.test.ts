import {
  BODY_MAX,
  Cleared,
  concatBytes,
  createEd25519Signer,
  decode,
  encode,
  hashRequest,
  Refused,
  Signed,
  SignRequest,
  State,
  taggedHash,
  toHex,
} from '@coldwire/protocol';
import { decodeChange, encodeChange } from '@coldwire/signer/core/change.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { identity, seeded } from '../../policy/test/world.ts';
import { materials } from '../../signer/test/signing-world.ts';
import { type Report, replayLogs, verifyLogs } from '../src/index.ts';
import {
  type Batch,
  type Edit,
  mapMessages,
  newDirectory,
  readBatches,
  readTold,
  retell,
  type Told,
  writeBatches,
} from './forge.ts';
import { tellStory } from './story.ts';
import type { Town } from './town.ts';

let town: Town;
beforeAll(async () => {
  town = await tellStory();
});
afterAll(() => town.remove());

/** What a hostile machine signs with: its own key, and the vault's so that the vault's receipts fit. */
const keys = new Map([
  ['vault-1', identity('vault-1')],
  ['gate-1', identity('gate-1')],
  ...Object.entries(materials).map(
    ([name, { identitySeed }]) => [name, createEd25519Signer(identitySeed)] as const,
  ),
]);

interface Forged {
  readonly own: string;
  readonly line: string;
}

/** Both logs of a line as they would stand had this been said, and `change` been journalled. */
function forge(name: string, edit: Edit, change: (bytes: Uint8Array) => Uint8Array = (same) => same): Forged {
  const batches = readBatches(town.own(name));
  const told = retell(batches, keys, edit);
  const own = mapMessages(batches, told).map((batch) =>
    batch.map((entry) => (entry.kind === 'change' ? { ...entry, bytes: change(entry.bytes) } : entry)),
  );
  const line = mapMessages(readBatches(town.line(name)), told);
  return { own: write(name, own), line: write('vault-1', line) };
}

function write(owner: string, batches: readonly Batch[]): string {
  return writeBatches(newDirectory(town.directory), owner, batches);
}

const codesOf = ({ findings }: Report) => [...new Set(findings.map(({ code }) => code))];
const whats = ({ findings }: Report) => findings.map(({ what }) => what).join('\n');
const verify = ({ own, line }: Forged) => verifyLogs([own, line], town.charter);
const replayOwn = ({ own }: Forged) => replayLogs([own], town.charter);
const replayLine = ({ line }: Forged) => replayLogs([line], town.charter);

/** Edits the n-th message of this type by `edit`. */
function editing<T>(
  type: Told['type'],
  schema: Parameters<typeof decode<T>>[0],
  edit: (body: T) => T,
  nth = 0,
): Edit {
  let seen = 0;
  return (told) => {
    if (told.type !== type) return undefined;
    seen += 1;
    if (seen !== nth + 1) return undefined;
    const body = decode<T>(schema, told.body, BODY_MAX);
    if (!body.ok) throw new Error(body.fault.detail);
    return { body: encode<T>(schema, edit(body.value)) };
  };
}

describe('a story told anew without a change', () => {
  it('has no findings: what follows is found for what it says', () => {
    const forged = forge('A', () => undefined);
    expect(codesOf(verify(forged))).toEqual([]);
    expect(codesOf(replayOwn(forged))).toEqual([]);
    expect(codesOf(replayLine(forged))).toEqual([]);
  });
});

describe('a signer that holds its own key and runs another program', () => {
  it('is found when it signs another transaction than the draft', () => {
    const forged = forge(
      'A',
      editing('SIGNED', Signed, (signed) => ({ ...signed, txid: seeded('another') })),
    );
    expect(codesOf(verify(forged))).toContain('AUDIT_SIGNED');
    expect(whats(replayOwn(forged))).toContain('it signed another transaction than the one it approved');
    expect(whats(replayLine(forged))).toContain('it signed another transaction than the one it approved');
  });

  it('is found when it signs one transaction with two nonces, even for another request', () => {
    // The second of the two equal requests; and, apart from that, with a plaintext that no witness shows.
    const other = (signed: Signed): Signed => ({
      ...signed,
      commitment: taggedHash('commitment', seeded('x')),
    });
    const report = verify(forge('C', editing('SIGNED', Signed, other, 1)));
    expect(codesOf(report)).toContain('AUDIT_NONCE');
    expect(codesOf(report)).toContain('AUDIT_RESULT');
  });

  it('is found when it seals with a random key: the same request must give the same bytes', () => {
    const other = (signed: Signed): Signed => ({
      ...signed,
      sealed: { ...signed.sealed, ephemeral: seeded('random') },
    });
    expect(codesOf(verify(forge('C', editing('SIGNED', Signed, other, 1))))).toContain('AUDIT_SEAL');
  });

  it('is found when it seals to one gate only', () => {
    const other = (signed: Signed): Signed => ({
      ...signed,
      sealed: { ...signed.sealed, wraps: signed.sealed.wraps.slice(0, 1) },
    });
    expect(whats(verify(forge('A', editing('SIGNED', Signed, other))))).toContain('not sealed to all gates');
  });

  it('is found when it charges nothing', () => {
    const forged = forge(
      'A',
      () => undefined,
      (bytes) => {
        const change = decodeChange(bytes);
        if (change.kind !== 'policy' || change.value.kind !== 'approved') return bytes;
        const value = { ...change.value.value, amount: 0n, count: 0, fee: 0n };
        return encodeChange({ kind: 'policy', value: { kind: 'approved', value } });
      },
    );
    expect(codesOf(verify(forged))).toEqual([]);
    expect(codesOf(replayOwn(forged))).toContain('AUDIT_REPLAY');
    expect(replayOwn(forged).mismatches).toBeGreaterThan(0);
  });

  it('is found from the vault’s log alone when it states less than it was charged', () => {
    const empty = (state: State): State => ({
      ...state,
      windows: state.windows.map((use) => ({ ...use, amount: 0n, count: 0, fee: 0n })),
    });
    const forged = forge('A', editing('STATE', State, empty));
    expect(codesOf(verify(forged))).toEqual([]);
    expect(whats(replayLine(forged))).toContain('it said STATE where the rules say STATE, or the same');
    expect(whats(replayOwn(forged))).toContain('STATE');
  });

  it('is found when it accepts what the rules refuse, and when it refuses by another code', () => {
    const greedy: Edit = (told) => {
      if (told.type !== 'REFUSED') return undefined;
      const signed = firstSigned(town.own('A'));
      return { type: 'SIGNED', body: encode(Signed, signed) };
    };
    const accepting = forge('A', greedy);
    expect(whats(replayLine(accepting))).toContain('where the rules say REFUSED VALUE_RANGE');
    expect(whats(replayOwn(accepting))).toContain('where the rules say REFUSED VALUE_RANGE');
    expect(codesOf(verify(accepting))).toContain('AUDIT_SIGNED');

    const lying = forge(
      'A',
      editing('REFUSED', Refused, () => ({ refusals: [{ code: 'AMOUNT_TX', facts: [] }] })),
    );
    expect(codesOf(verify(lying))).toEqual([]);
    expect(whats(replayLine(lying))).toContain(
      'it said REFUSED AMOUNT_TX where the rules say REFUSED VALUE_RANGE',
    );
    expect(replayOwn(lying).mismatches).toBeGreaterThan(0);
  });

  it('is found when it signs an intent that nobody asked for', () => {
    // A vault in league with it changes the intent's signature; the signer answers for the changed request.
    let requestHash = new Uint8Array();
    const edit: Edit = (told) => {
      if (told.type === 'SIGN' && requestHash.length === 0) {
        const sign = decode(SignRequest, told.body, BODY_MAX);
        if (!sign.ok) throw new Error(sign.fault.detail);
        const { draft } = sign.value;
        const intents = draft.intents.map(([bytes]) => [bytes, new Uint8Array(64).fill(1)] as const);
        const body = encode(SignRequest, { ...sign.value, draft: { ...draft, intents } });
        requestHash = Uint8Array.from(hashRequest(body));
        return { body };
      }
      if (told.type !== 'SIGNED') return undefined;
      const signed = decode(Signed, told.body, BODY_MAX);
      if (!signed.ok || told.header.seq > 9) return undefined;
      return { body: encode(Signed, { ...signed.value, requestHash }) };
    };
    const forged = forge('A', edit);
    expect(codesOf(verify(forged))).toContain('AUDIT_INTENT');
    expect(whats(replayLine(forged))).toContain('INTENT_SIGNATURE');
  });

  it('is found when it says one thing to the vault and keeps another in its log', () => {
    const forged = forge(
      'A',
      editing('STATE', State, (state) => ({ ...state, coins: 0 })),
    );
    expect(codesOf(verifyLogs([town.own('A'), forged.line], town.charter))).toContain('FORK');
    expect(codesOf(verifyLogs([forged.own, town.line('A')], town.charter))).toContain('FORK');
  });

  it('is found when it acknowledges less than it had taken', () => {
    const edit: Edit = ({ type, header }) =>
      type === 'STATE' ? { receiptSeq: header.receiptSeq - 1 } : undefined;
    expect(codesOf(verify(forge('A', edit)))).toContain('BAD_RECEIPT');
  });

  it('is found when it sends what is not a signer’s to send, or what is no body of its type', () => {
    const wrongWay: Edit = ({ type }) =>
      type === 'STATE' ? { type: 'STATUS', body: Uint8Array.of(0xa0) } : undefined;
    expect(codesOf(verify(forge('A', wrongWay)))).toContain('UNKNOWN_TYPE');
    const noBody: Edit = ({ type }) => (type === 'STATE' ? { body: Uint8Array.of(0xa0) } : undefined);
    expect(codesOf(verify(forge('A', noBody)))).toContain('MALFORMED');
  });

  it('is found when it journals what its state cannot take', () => {
    const forged = forge(
      'A',
      () => undefined,
      (bytes) => {
        const change = decodeChange(bytes);
        if (change.kind !== 'policy' || change.value.kind !== 'approved') return bytes;
        const value = { ...change.value.value, inputs: [[seeded('nowhere'), 0] as const] };
        return encodeChange({ kind: 'policy', value: { kind: 'approved', value } });
      },
    );
    expect(codesOf(replayOwn(forged))).toContain('AUDIT_STATE');
  });

  it('is found when it tells of a freeze that never happened', () => {
    const edit: Edit = (told) =>
      told.type === 'NOTICE' && toHex(told.body).includes(toHex(new TextEncoder().encode('unlock')))
        ? { body: noticeBody('freeze', 'nobody') }
        : undefined;
    const forged = forge('B', edit);
    expect(codesOf(verify(forged))).toContain('AUDIT_NOTICE');
  });
});

describe('a gate that holds its own key and runs another program', () => {
  const edited = (edit: (cleared: Cleared) => Cleared, nth = 0) =>
    forge('gate-1', editing('CLEARED', Cleared, edit, nth));

  it('is found when it discloses another content key', () => {
    const forged = edited((cleared) => ({
      ...cleared,
      keys: cleared.keys.map(([name, key]) => [name, key.with(0, (key[0] ?? 0) ^ 1)] as const),
    }));
    expect(codesOf(verify(forged))).toContain('AUDIT_SEAL');
    expect(replayOwn(forged).mismatches + replayLine(forged).mismatches).toBeGreaterThan(0);
  });

  it('is found when it clears other bytes than the draft’s', () => {
    const forged = edited((cleared) => {
      // One sat less in the first output.
      const transaction = Uint8Array.from(cleared.transaction);
      const at = 4 + 2 + 1 + 2 * 41 + 1;
      transaction[at] = (transaction[at] ?? 0) - 1;
      return { ...cleared, transaction };
    });
    expect(codesOf(verify(forged))).toContain('AUDIT_CLEARED');
    expect(whats(verify(forged))).toContain('the transaction is not the draft’s');
    expect(replayLine(forged).mismatches).toBeGreaterThan(0);
  });

  it('is found when a signature of the witness does not verify', () => {
    const forged = edited((cleared) => {
      const transaction = Uint8Array.from(cleared.transaction);
      const at = transaction.length - 4 - 106 - 20; // behind the last signature stand the script and the locktime
      transaction[at] = (transaction[at] ?? 0) ^ 1;
      return { ...cleared, transaction };
    });
    expect(codesOf(verify(forged))).toContain('AUDIT_SCRIPT');
  });
});

function noticeBody(event: string, detail: string): Uint8Array {
  const utf8 = new TextEncoder();
  const text = (value: string) => concatBytes(Uint8Array.of(0x60 + value.length), utf8.encode(value));
  return concatBytes(Uint8Array.of(0xa2, 0x01), text(event), Uint8Array.of(0x02), text(detail));
}

function firstSigned(directory: string): Signed {
  for (const { kind, bytes } of readBatches(directory).flat()) {
    const told = kind === 'sent' ? readTold(bytes) : undefined;
    const signed = told?.type === 'SIGNED' ? decode(Signed, told.body, BODY_MAX) : undefined;
    if (signed?.ok === true) return signed.value;
  }
  throw new Error('nothing was signed');
}
