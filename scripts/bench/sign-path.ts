/** The sign path inside this process: bytes of a SIGN body in, bytes of its SIGNED body out. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLog } from '@coldwire/evidence';
import { openSecureDirectory } from '@coldwire/program';
import { decode, Signed } from '@coldwire/protocol';
import { loadNatives } from '@coldwire/signer/io/native.ts';
import { type Cost, measureRuns } from './measure.ts';
import { SignerDesk } from './signer-desk.ts';
import { encodeRequest, type Site } from './site.ts';

export const SIZES = [1, 10, 100, 1000] as const;
const RUNS: Readonly<Record<(typeof SIZES)[number], number>> = { 1: 31, 10: 21, 100: 15, 1000: 7 };
const BODY_MAX = 512 * 1024;

export interface SignRow {
  readonly inputs: number;
  /** Decode, every rule, derive nothing, sign, verify, seal, encode. All for one request. */
  readonly plain: Cost;
  /** With both syncs of the evidence log, as a running signer does it. */
  readonly journalled: Cost;
  /** Without the scripts that ADMIT derived: the first request after a restart. */
  readonly cold: Cost;
}

export function measureSignPath(site: Site, time: number): readonly SignRow[] {
  const desk = new SignerDesk(loadNatives(), site, 'A', { uptime: 1_000_000, time });
  const directory = mkdtempSync(join(tmpdir(), 'coldwire-sign-'));
  const { log } = openLog(openSecureDirectory(join(directory, 'log')), 'A', () => undefined);
  const measureSize = (inputs: (typeof SIZES)[number]): SignRow => {
    const label = `sign ${inputs}`;
    const body = encodeRequest(site, { coins: site.coins.slice(0, inputs), payments: 1, label });
    const measure = (scripts: 'derived' | 'cold', runs: number, sign: typeof desk.sign): Cost =>
      measureRuns(
        runs,
        () => desk.makeState(scripts),
        (state) => requireSigned(sign(state, label, body), inputs),
      );
    const runs = RUNS[inputs];
    return {
      inputs,
      plain: measure('derived', runs, (...args) => desk.sign(...args)),
      journalled: measure('derived', runs, (...args) => desk.signJournalled(...args, log)),
      cold: measure('cold', Math.ceil(runs / 2), (...args) => desk.sign(...args)),
    };
  };
  try {
    // The code is compiled as it runs; a signer that runs for months has done that.
    measureSize(100);
    return SIZES.map(measureSize);
  } finally {
    log.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** 64 bytes per input and the sealing's tag: nothing was left out. */
function requireSigned(body: Uint8Array, inputs: number): void {
  const signed = decode(Signed, body, BODY_MAX);
  if (!signed.ok || signed.value.sealed.ciphertext.length !== 64 * inputs + 16) {
    throw new Error('the answer does not hold one signature per input');
  }
}
