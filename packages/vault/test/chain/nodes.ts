/** The nodes that the chain client is tested on: devchain always, btcd where it is installed. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startDevchain } from '@coldwire/devchain';
import { startBtcd } from '../../../../scripts/oracles/btcd.ts';
import { findProgram } from '../../../../scripts/oracles/find.ts';
import { parseExact } from '../../src/chain/exact-json.ts';
import { createRpc, type RpcAuth } from '../../src/chain/rpc.ts';

export interface TestNode {
  readonly url: string;
  readonly auth: RpcAuth;
  /** Mines so many blocks to the mining address. */
  mine(count: number): Promise<void>;
  call(method: string, ...params: readonly (string | number)[]): Promise<unknown>;
  stop(): Promise<void>;
}

export interface NodeKind {
  readonly name: string;
  readonly present: boolean;
  start(miningAddress: string): Promise<TestNode>;
}

const required = process.env['COLDWIRE_REQUIRE_ORACLES'] === '1';

async function startDevchainNode(miningAddress: string): Promise<TestNode> {
  const dir = mkdtempSync(join(tmpdir(), 'coldwire-devchain-'));
  const devchain = await startDevchain({ dir });
  const auth = { kind: 'cookie', file: devchain.cookieFile } as const;
  const rpc = createRpc(devchain.url, auth);
  return {
    url: devchain.url,
    auth,
    mine: async (count) => void (await rpc('generatetoaddress', [count, miningAddress])),
    call: (method, ...params) => rpc(method, params),
    stop: async () => {
      await devchain.stop();
      rmSync(dir, { recursive: true });
    },
  };
}

async function startBtcdNode(miningAddress: string): Promise<TestNode> {
  const btcd = await startBtcd(miningAddress);
  return {
    url: btcd.url,
    auth: { kind: 'password', user: btcd.user, password: btcd.password },
    mine: async (count) => void (await btcd.call('generate', [count])),
    call: async (method, ...params) => parseExact(JSON.stringify(await btcd.call(method, params))),
    stop: () => btcd.stop(),
  };
}

export const NODES: readonly NodeKind[] = [
  { name: 'devchain', present: true, start: startDevchainNode },
  { name: 'btcd', present: required || findProgram('btcd') !== undefined, start: startBtcdNode },
];

for (const { name, present } of NODES) {
  if (!present) console.log(`left out: no ${name} on this machine; scripts/oracles/install-${name}.sh`);
}
