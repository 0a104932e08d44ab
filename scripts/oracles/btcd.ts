/**
 * Starts btcd, a full node in Go, on a regtest chain of its own in a temporary directory, for tests and for the
 * journey in CI. It listens on the loopback interface only and has no peers. btcd mines by `generate COUNT`, always
 * to the address that it was started with (any type, P2WSH too); it has no `generatetoaddress`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findProgram } from './find.ts';

export interface Btcd {
  readonly url: string;
  readonly user: string;
  readonly password: string;
  /** A file with `user:password`, as a cookie file has it. */
  readonly cookieFile: string;
  /** Calls a method; throws with btcd's message. */
  call(method: string, params: readonly unknown[]): Promise<unknown>;
  stop(): Promise<void>;
}

const START_LIMIT_MS = 20_000;

/** Starts btcd; its blocks pay to `miningAddress`. Throws when btcd is not installed or does not start. */
export async function startBtcd(miningAddress: string): Promise<Btcd> {
  const program = findProgram('btcd');
  if (program === undefined) throw new Error('btcd is not installed; run scripts/oracles/install-btcd.sh');
  const dir = mkdtempSync(join(tmpdir(), 'coldwire-btcd-'));
  const port = await freePort();
  const user = 'coldwire';
  const password = randomBytes(16).toString('hex');
  const cookieFile = join(dir, 'cookie');
  writeFileSync(cookieFile, `${user}:${password}`, { mode: 0o600 });
  const config = {
    regtest: 1,
    notls: 1,
    nolisten: 1,
    nodnsseed: 1,
    // On regtest btcd would relay anything, and old coins without a fee; the main network's rules are what we want.
    rejectnonstd: 1,
    limitfreerelay: 0,
    txindex: 1,
    datadir: join(dir, 'data'),
    logdir: join(dir, 'logs'),
    rpclisten: `127.0.0.1:${port}`,
    rpcuser: user,
    rpcpass: password,
    miningaddr: miningAddress,
  };
  const lines = Object.entries(config).map(([name, value]) => `${name}=${value}\n`);
  writeFileSync(join(dir, 'btcd.conf'), `[Application Options]\n${lines.join('')}`, { mode: 0o600 });
  const log = join(dir, 'logs/regtest/btcd.log');
  const child = spawn(program, [`--configfile=${join(dir, 'btcd.conf')}`], { stdio: 'ignore' });
  const url = `http://127.0.0.1:${port}`;
  const call = (method: string, params: readonly unknown[]) =>
    callRpc(url, `${user}:${password}`, method, params);
  const stop = async (): Promise<void> => {
    await end(child);
    rmSync(dir, { recursive: true, force: true });
  };
  if (!(await answers(child, call))) {
    const text = readFileSync(log, 'utf8');
    await stop();
    throw new Error(`btcd does not start:\n${text}`);
  }
  return { url, user, password, cookieFile, call, stop };
}

async function answers(child: ChildProcess, call: Btcd['call']): Promise<boolean> {
  for (let waited = 0; waited < START_LIMIT_MS && child.exitCode === null; waited += 100) {
    try {
      await call('getblockcount', []);
      return true;
    } catch {
      await sleep(100);
    }
  }
  return false;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  await gone;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}

async function callRpc(
  url: string,
  credentials: string,
  method: string,
  params: readonly unknown[],
): Promise<unknown> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { Authorization: `Basic ${Buffer.from(credentials).toString('base64')}` },
    body: JSON.stringify({ jsonrpc: '1.0', id: 1, method, params }),
  });
  const answer: unknown = await response.json();
  if (typeof answer !== 'object' || answer === null || !('result' in answer) || !('error' in answer)) {
    throw new Error(`btcd answered ${method} without result and error`);
  }
  if (answer.error !== null) throw new Error(`${method}: ${JSON.stringify(answer.error)}`);
  return answer.result;
}
