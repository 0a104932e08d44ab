/**
 * The same number of 2-of-3 P2WSH inputs signed by Bitcoin Core's `walletprocesspsbt` with one of the three keys, on a
 * regtest node of its own that BITCOIND names. What is measured is the one call, PSBT in to PSBT out, with every previous
 * output and script filled in before.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathText } from '@coldwire/wallet';
import { type Cost, medianCost, processorTime } from './measure.ts';
import { SIGNERS, type Site } from './site.ts';

const START_MS = 60_000;
const RUNS = 5;
/** BTC per coin; nine tenths of them are paid, the rest is fee. */
const COIN_BTC = 0.01;

type Call = (method: string, ...params: readonly unknown[]) => Promise<unknown>;

interface Node {
  readonly process: ChildProcess;
  /** @param wallet '' for calls that need none */
  readonly on: (wallet: string) => Call;
}

/** @param bitcoind path of the binary @throws Error if it does not start or refuses a step */
export async function measureCore(bitcoind: string, site: Site, inputs: number): Promise<Cost> {
  const directory = mkdtempSync(join(tmpdir(), 'coldwire-core-'));
  try {
    const node = await startNode(bitcoind, directory);
    try {
      return await measureNode(node, site, inputs);
    } finally {
      await stopNode(node);
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function measureNode(node: Node, site: Site, inputs: number): Promise<Cost> {
  const psbt = await prepare(node, site, inputs);
  const call = node.on('signer');
  const costs: Cost[] = [];
  for (let run = 0; run < RUNS; run++) {
    const before = processorTime(node.process.pid);
    const start = performance.now();
    const signed = asRecord(await call('walletprocesspsbt', psbt, true, 'ALL', true, false));
    const wall = (performance.now() - start) * 1000;
    costs.push({ wall, cpu: processorTime(node.process.pid) - before });
    if (signed['psbt'] === psbt) throw new Error('Bitcoin Core added no signature');
  }
  return medianCost(costs);
}

/** Funds `inputs` addresses of the wallet and makes one PSBT that spends them all. */
async function prepare(node: Node, site: Site, inputs: number): Promise<string> {
  const call = node.on('');
  await call('createwallet', 'funder');
  await call('createwallet', 'signer', false, true);
  const descriptor = await withChecksum(call, describeWallet(site));
  const range = [0, inputs - 1];
  const imported = await node.on('signer')('importdescriptors', [
    { desc: descriptor, range, timestamp: 'now' },
  ]);
  if (!JSON.stringify(imported).includes('"success":true')) {
    throw new Error(`Bitcoin Core did not import the wallet: ${JSON.stringify(imported)}`);
  }
  const addresses = asTexts(await call('deriveaddresses', descriptor, range));
  const funder = node.on('funder');
  const own = asText(await funder('getnewaddress'));
  await call('generatetoaddress', 101, own);
  await funder('sendmany', '', Object.fromEntries(addresses.map((address) => [address, COIN_BTC])));
  await call('generatetoaddress', 1, own);
  const unspent = asList(await node.on('signer')('listunspent')).map(asRecord);
  if (unspent.length !== inputs) throw new Error(`Bitcoin Core sees ${unspent.length} of ${inputs} coins`);
  const outpoints = unspent.map(({ txid, vout }) => ({ txid, vout }));
  const amount = Number((COIN_BTC * inputs * 0.9).toFixed(8));
  const blank = asText(await call('createpsbt', outpoints, [{ [own]: amount }]));
  return asText(asRecord(await node.on('signer')('walletprocesspsbt', blank, false))['psbt']);
}

/** The receive chain with A's private key. */
function describeWallet(site: Site): string {
  const keys = SIGNERS.map((name) => {
    const { account, expected } = site.keys[name];
    const path = site.charter.charter.wallets[0]?.keys[0]?.path ?? [];
    const origin = `[${Buffer.from(expected.masterFingerprint).toString('hex')}/${pathText(path)}]`;
    return `${origin}${name === 'A' ? account.privateExtendedKey : account.publicExtendedKey}/0/*`;
  });
  return `wsh(sortedmulti(2,${keys.join(',')}))`;
}

/** `getdescriptorinfo` gives the checksum of the descriptor as it was given, private key and all. */
async function withChecksum(call: Call, descriptor: string): Promise<string> {
  const { checksum } = asRecord(await call('getdescriptorinfo', descriptor));
  return `${descriptor}#${asText(checksum)}`;
}

async function startNode(bitcoind: string, directory: string): Promise<Node> {
  const port = await freePort();
  const flags = [
    '-regtest',
    '-server',
    '-listen=0',
    '-dnsseed=0',
    '-printtoconsole=0',
    '-fallbackfee=0.0001',
  ];
  const child = spawn(bitcoind, [...flags, `-datadir=${directory}`, `-rpcport=${port}`], { stdio: 'ignore' });
  let ended = false;
  const failed = new Promise<never>((_, reject) => {
    const fail = (error: Error): void => {
      ended = true;
      reject(error);
    };
    child.once('error', fail);
    child.once('exit', (code) => fail(new Error(`${bitcoind} ended with code ${code}`)));
  });
  const on = (wallet: string): Call => makeCall(directory, port, wallet);
  const node = { process: child, on };
  await Promise.race([failed, becomeReady(on(''), () => ended)]);
  failed.catch(() => undefined);
  return node;
}

async function becomeReady(call: Call, hasEnded: () => boolean): Promise<void> {
  for (const end = performance.now() + START_MS; ; await sleep(200)) {
    try {
      await call('getblockchaininfo');
      return;
    } catch (error) {
      if (hasEnded() || performance.now() > end) throw error;
    }
  }
}

function makeCall(directory: string, port: number, wallet: string): Call {
  return async (method, ...params) => {
    const cookie = readFileSync(join(directory, 'regtest', '.cookie'), 'utf8').trim();
    const path = wallet === '' ? '' : `wallet/${wallet}`;
    const response = await fetch(`http://127.0.0.1:${port}/${path}`, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(cookie).toString('base64')}` },
      body: JSON.stringify({ jsonrpc: '1.0', id: method, method, params }),
    });
    const answer = asRecord(await response.json());
    if (answer['error'] !== null) throw new Error(`${method}: ${JSON.stringify(answer['error'])}`);
    return answer['result'];
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        address !== null && typeof address === 'object'
          ? resolve(address.port)
          : reject(new Error('no free port')),
      );
    });
  });
}

async function stopNode({ process: child, on }: Node): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  await on('')('stop').catch(() => child.kill('SIGTERM'));
  await ended;
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Error('Bitcoin Core answered with no object');
  }
  return Object.fromEntries(Object.entries(value));
}

function asList(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new Error('Bitcoin Core answered with no list');
  return value;
}

function asText(value: unknown): string {
  if (typeof value !== 'string') throw new Error('Bitcoin Core answered with no text');
  return value;
}

const asTexts = (value: unknown): readonly string[] => asList(value).map(asText);
