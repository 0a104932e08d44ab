import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  decode,
  decodeIntent,
  equalBytes,
  fromHex,
  hashIntent,
  type Intent,
  type SignedIntent,
} from '@coldwire/protocol';
import { describe, expect, it } from 'vitest';
import { addressOf, lookOf } from '../src/address.ts';
import { decideAll, type Judge } from '../src/decide.ts';
import { openHistory } from '../src/io/history.ts';
import type { ScreenCode } from '../src/rules/index.ts';
import { Case } from './case.ts';
import { desk, sha } from './fixture.ts';

const FOLDER = join(import.meta.dirname, '../../../protocol-spec/vectors/screen');
const FIRST = sha(77);
const NOW = 1_700_000_000;

function readVector(file: string) {
  const text = readFileSync(join(FOLDER, file), 'utf8');
  const [head, hex] = text.split('\n\n');
  const decoded = decode(Case, fromHex((hex ?? '').trim()), 1 << 20);
  if (!decoded.ok) throw new Error(`${file}: ${decoded.fault.detail}`);
  const [[amountFloor, amountSpread, amountHistory, burstCount, burstSeconds], network, past, deny, intent] =
    decoded.value;
  const settings = { amountFloor, amountSpread, amountHistory, burstCount, burstSeconds };
  return { expected: /^expect: (\S+)$/m.exec(head ?? '')?.[1], settings, network, past, deny, intent };
}

function readIntent(bytes: Uint8Array): Intent {
  const decoded = decodeIntent(bytes);
  if (!decoded.ok) throw new Error(decoded.fault.detail);
  return decoded.value;
}

/** Judges the case's intent on a history file that holds its past. */
function judge(vector: ReturnType<typeof readVector>): string {
  const directory = mkdtempSync(join(tmpdir(), 'coldwire-screen-'));
  let now = NOW;
  const history = openHistory(directory, () => now);
  try {
    const codes: readonly ScreenCode[] = ['SCREEN_AMOUNT'];
    history.transaction(() => {
      for (const [bytes, cleared, ago] of vector.past) {
        now = NOW - ago;
        const intent = readIntent(bytes);
        const address = addressOf(intent.script, vector.network);
        const hash = hashIntent(FIRST, bytes);
        history.record({ intent, hash, address, look: lookOf(address), codes: cleared ? [] : codes });
      }
    });
    now = NOW;
    const requesters = new Map(['desk', 'desk2'].map((name) => [name, [desk.publicKey]]));
    const roster = { screen: 'screen1', network: vector.network, first: FIRST, requesters };
    const isDenied: Judge['isDenied'] = (_, script) =>
      vector.deny.some((denied) => equalBytes(denied, script));
    const signed: SignedIntent = [vector.intent, desk.sign(hashIntent(FIRST, vector.intent))];
    const question = { intents: [signed], tipHeight: 100 };
    const { held } = decideAll({ roster, settings: vector.settings, history, isDenied }, question);
    return held[0]?.codes[0] ?? 'ok';
  } finally {
    history.close();
    rmSync(directory, { recursive: true });
  }
}

describe('the vectors of the screen', () => {
  it.each(readdirSync(FOLDER))('%s', (file) => {
    const vector = readVector(file);
    expect(judge(vector)).toBe(vector.expected);
  });

  it('hold each code of a rule and its absence', () => {
    const expected = readdirSync(FOLDER).map((file) => readVector(file).expected);
    for (const code of ['ok', 'SCREEN_AMOUNT', 'SCREEN_BURST', 'SCREEN_LOOKALIKE', 'SCREEN_DENY']) {
      expect(expected).toContain(code);
    }
  });
});
