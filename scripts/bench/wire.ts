/**
 * What one more input, payment or coin costs on the line, in bytes: everything that travels either way, frames, checks,
 * acknowledgements, headers and signatures included, as slopes between two real exchanges.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSecureDirectory } from '@coldwire/program';
import { loadNatives } from '@coldwire/signer/io/native.ts';
import { joinPorts, type LineBytes, startSigner, type VaultEnd, vaultOf } from './line.ts';
import { encodeRequest, makeSite, type Site } from './site.ts';

/** Inputs of the exchanges: the first two travel whole, the last is pulled in chunks (above 15 KiB). */
const INPUTS = [100, 300, 1000] as const;
const PAYMENTS = [1, 100] as const;
const PAYMENT_INPUTS = 2;
/** The cheapest counts: a machine that stalls makes the link send again, which is not the protocol's price. */
const TIMES = 2;

export interface WireCosts {
  /** Further bytes from the vault per further input; the dearer of the two slopes. */
  readonly requestBytesPerInput: number;
  /** Further bytes from the signer per further input; the dearer of the two slopes. */
  readonly answerBytesPerInput: number;
  /** Further bytes, both ways, per further payment: signed intent and its share of the verdict. */
  readonly bytesPerPayment: number;
  /** Both ways, one coin of a transaction of two inputs and two outputs, eleven Merkle levels deep, DONE included. */
  readonly admitBytes: number;
  /** One input and no more: what every request and answer costs anyway. */
  readonly fixedBytes: LineBytes;
  readonly exchanges: readonly {
    readonly inputs: number;
    readonly payments: number;
    readonly bytes: LineBytes;
  }[];
}

export async function measureWire(): Promise<WireCosts> {
  const directory = mkdtempSync(join(tmpdir(), 'coldwire-wire-'));
  // One coin more: the last transaction has one coin and its payer's change, as deposits have.
  const site = makeSite(Math.max(...INPUTS) + 1, Math.floor(Date.now() / 1000));
  const [vaultPort, signerPort] = joinPorts();
  const stop = startSigner(
    loadNatives(),
    site,
    'A',
    signerPort,
    openSecureDirectory(join(directory, 'signer')),
  );
  const vault = vaultOf(site, vaultPort, openSecureDirectory(join(directory, 'vault')));
  try {
    await vault.ready();
    const admit = await vault.fund(site);
    return await exchangeAll(vault, site, total(admit));
  } finally {
    await vault.stop();
    await stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

async function exchangeAll(vault: VaultEnd, site: Site, admitBytes: number): Promise<WireCosts> {
  const sign = async (inputs: number, payments: number): Promise<LineBytes> => {
    const coins = site.coins.slice(0, inputs);
    const asked: LineBytes[] = [];
    for (let time = 0; time < TIMES; time++) {
      const request = encodeRequest(site, {
        coins,
        payments,
        label: `${inputs} ${payments} ${time}`,
        changeIndex: time,
      });
      asked.push((await vault.ask('SIGN', request, 'SIGNED')).bytes);
    }
    return asked.reduce((least, bytes) => (total(bytes) < total(least) ? bytes : least));
  };
  const exchanges: { inputs: number; payments: number; bytes: LineBytes }[] = [];
  for (const inputs of [1, ...INPUTS]) exchanges.push({ inputs, payments: 0, bytes: await sign(inputs, 0) });
  for (const payments of PAYMENTS) {
    exchanges.push({ inputs: PAYMENT_INPUTS, payments, bytes: await sign(PAYMENT_INPUTS, payments) });
  }
  const [one, few, more, most, single, batch] = exchanges;
  if (!one || !few || !more || !most || !single || !batch) throw new Error('six exchanges were made');
  const slope = (from: typeof one, to: typeof one, way: 'down' | 'up') =>
    (to.bytes[way] - from.bytes[way]) / (to.inputs - from.inputs);
  const [least, many] = PAYMENTS;
  return {
    requestBytesPerInput: Math.max(slope(few, more, 'down'), slope(more, most, 'down')),
    answerBytesPerInput: Math.max(slope(few, more, 'up'), slope(more, most, 'up')),
    bytesPerPayment: (total(batch.bytes) - total(single.bytes)) / (many - least),
    admitBytes,
    fixedBytes: one.bytes,
    exchanges,
  };
}

const total = ({ down, up }: LineBytes): number => down + up;
