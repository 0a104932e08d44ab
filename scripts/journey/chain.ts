/** The chain of the journey: the embedded one, or btcd. Mined by us, always to an address of the wallet. */
import { readFileSync } from 'node:fs';
import { startBtcd } from '../oracles/btcd.ts';
import { quote, SCRIPTS, startProgram } from './children.ts';
import type { Ground } from './ground.ts';

export type NodeKind = 'devchain' | 'btcd';

export interface JourneyChain {
  readonly kind: NodeKind;
  readonly url: string;
  readonly cookieFile: string;
  mine(blocks: number): Promise<void>;
  call(method: string, params: readonly unknown[]): Promise<unknown>;
  stop(): Promise<void>;
}

/** @param address where blocks pay to */
export async function startChain(kind: NodeKind, ground: Ground, address: string): Promise<JourneyChain> {
  if (kind === 'btcd') {
    const btcd = await startBtcd(address);
    return {
      kind,
      url: btcd.url,
      cookieFile: btcd.cookieFile,
      mine: async (blocks) => void (await btcd.call('generate', [blocks])),
      call: btcd.call,
      stop: btcd.stop,
    };
  }
  const directory = ground.path('state', 'devchain');
  const program = await startProgram(
    'devchain',
    `exec ${quote(`${SCRIPTS}coldwire-devchain`)} run --dir ${quote(directory)} --port 0 --json >&2`,
    ground.path('logs', 'devchain.log'),
  );
  const url = String(program.ready['url']);
  const cookieFile = String(program.ready['cookie']);
  const call = (method: string, params: readonly unknown[]): Promise<unknown> =>
    callRpc(url, readFileSync(cookieFile, 'utf8').trim(), method, params);
  return {
    kind,
    url,
    cookieFile,
    mine: async (blocks) => void (await call('generatetoaddress', [blocks, address])),
    call,
    stop: () => program.stop(),
  };
}

async function callRpc(
  url: string,
  auth: string,
  method: string,
  params: readonly unknown[],
): Promise<unknown> {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      authorization: `Basic ${Buffer.from(auth).toString('base64')}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ jsonrpc: '1.0', id: 1, method, params }),
  });
  const reply: unknown = await response.json();
  if (typeof reply !== 'object' || reply === null || !('result' in reply))
    throw new Error(`${method}: no result`);
  if ('error' in reply && reply.error !== null) throw new Error(`${method}: ${JSON.stringify(reply.error)}`);
  return reply.result;
}
