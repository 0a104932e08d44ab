/**
 * Starts a devchain inside this process. The chain lives in memory only; the directory holds nothing but the
 * cookie file, which is removed on stop.
 */
import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { openSecureDirectory, writeFileAtomic } from '@coldwire/program';
import { INCREMENTAL_FEERATE, MIN_RELAY_FEERATE } from './chain/standard.ts';
import { Node } from './node.ts';
import { chainMethods, type Method } from './rpc/chain-methods.ts';
import { answer } from './rpc/dispatch.ts';
import { Btc } from './rpc/json.ts';
import { miningMethods } from './rpc/mining-methods.ts';
import { serve } from './rpc/server.ts';
import { transactionMethods } from './rpc/transaction-methods.ts';

export interface DevchainOptions {
  /** Where the cookie file goes; created with mode 0700 unless it exists. */
  readonly dir: string;
  /** On 127.0.0.1; 0 or absent takes a free one. */
  readonly port?: number;
  /** Unix seconds; the system's clock when absent. */
  readonly now?: () => number;
}

export interface Devchain {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly port: number;
  /** Holds `__cookie__:PASSWORD`, readable by its owner only. */
  readonly cookieFile: string;
  /** Direct access, for tests in the same process. */
  readonly node: Node;
  /** Resolves when it has stopped, by `stop` here or by RPC. */
  readonly stopped: Promise<void>;
  stop(): Promise<void>;
}

/** Reported as the node's version: the oldest Bitcoin Core whose RPC shapes these are. */
const VERSION = 250_000;
const SUBVERSION = '/coldwire-devchain:0.1.0/';

export async function startDevchain(options: DevchainOptions): Promise<Devchain> {
  const now = options.now ?? ((): number => Math.floor(Date.now() / 1000));
  const node = new Node(now);
  const done = Promise.withResolvers<void>();
  const credentials = `__cookie__:${randomBytes(32).toString('hex')}`;
  const methods = new Map<string, Method>([
    ...chainMethods(node),
    ...transactionMethods(node),
    ...miningMethods(node),
    ...controlMethods(now, () => setImmediate(() => void stop())),
  ]);
  const server = await serve(options.port ?? 0, credentials, (body) => answer(methods, body));
  const cookieFile = join(openSecureDirectory(options.dir), '.cookie');
  writeFileAtomic(cookieFile, credentials);
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopping ??= server.close().then(() => {
      rmSync(cookieFile, { force: true });
      done.resolve();
    });
    return stopping;
  };
  return {
    url: `http://127.0.0.1:${server.port}`,
    port: server.port,
    cookieFile,
    node,
    stopped: done.promise,
    stop,
  };
}

function controlMethods(now: () => number, stop: () => void): ReadonlyMap<string, Method> {
  const started = now();
  return new Map<string, Method>([
    [
      'getnetworkinfo',
      () => ({
        version: VERSION,
        subversion: SUBVERSION,
        protocolversion: 70016,
        timeoffset: 0,
        connections: 0,
        networkactive: false,
        relayfee: new Btc(MIN_RELAY_FEERATE),
        incrementalfee: new Btc(INCREMENTAL_FEERATE),
        localaddresses: [],
        warnings: [],
      }),
    ],
    ['uptime', () => Math.max(0, now() - started)],
    [
      'stop',
      () => {
        stop();
        return 'coldwire-devchain stopping';
      },
    ],
  ]);
}
