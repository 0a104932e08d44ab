/**
 * The machines: three signers and two gates, each on its own pair of pseudo-terminals (the code path of a serial port), the
 * screen and the vault; all separate processes.
 */
import { mkdirSync } from 'node:fs';
import { openPtyPair, type PtyPair } from '@coldwire/link';
import type { JourneyChain } from './chain.ts';
import { askProgram, type Program, quote, runProgram, SCRIPTS, startProgram } from './children.ts';
import { GATES, type Ground, HOLDERS, SIGNERS, type SignerName } from './ground.ts';
import type { Means } from './observe.ts';

export interface Machines {
  readonly lines: ReadonlyMap<string, PtyPair>;
  readonly programs: Map<string, Program>;
  /** Preflight items that this machine fails and that the demo waives, by name. */
  readonly waivers: readonly string[];
  /** Trace files of signers. */
  readonly traces: string[];
  vaultUrl: string;
}

export async function openLines(): Promise<Map<string, PtyPair>> {
  const lines = new Map<string, PtyPair>();
  for (const name of [...SIGNERS, ...GATES]) lines.set(name, await openPtyPair());
  return lines;
}

/** What a signer's preflight would refuse here: this is a demo machine, not an isolated one. */
export async function findWaivers(ground: Ground, means: Means): Promise<readonly string[]> {
  mkdirSync(ground.path('state', 'check'), { mode: 0o700 });
  const { stdout } = await runProgram('signer', [
    'check',
    '--state',
    ground.path('state', 'check'),
    '--fifo',
    'in',
    'out',
    '--json',
  ]);
  const value: unknown = JSON.parse(stdout);
  const failed: string[] = [];
  if (typeof value === 'object' && value !== null && 'refused' in value && Array.isArray(value.refused)) {
    failed.push(...value.refused.map(String));
  }
  const solved = means.namespace === undefined ? [] : ['network'];
  // This check ran with our pipes, which are sockets; the signers get files and terminals.
  return [
    ...failed.filter((name) => ![...solved, 'descriptors'].includes(name)),
    ...(means.strace === undefined ? [] : ['tracer']),
  ];
}

/** Unseals with two custodians and starts: `coldwire-custody unseal … | coldwire-signer run --key-fd 0 …`. */
export async function startSigner(
  ground: Ground,
  machines: Machines,
  means: Means,
  signer: SignerName,
  custodians: readonly [string, string],
): Promise<Program> {
  const key = (file: string): string => quote(ground.path('keys', signer, file));
  const shares = custodians.flatMap((name) => [
    `--share ${key(`share-${name}.age`)}`,
    `--identity ${quote(ground.path('custodians', `${name}.identity`))}`,
  ]);
  const trace = ground.path('logs', `signer-${signer}-${machines.traces.length}.strace`);
  const traced =
    means.strace === undefined
      ? ''
      : `${quote(means.strace)} -f --seccomp-bpf -e trace=%network -o ${quote(trace)}`;
  if (means.strace !== undefined) machines.traces.push(trace);
  const command = [
    `${quote(`${SCRIPTS}coldwire-custody`)} unseal --key ${key('key.age')} --public ${key('public.json')} ${shares.join(' ')} |`,
    `${means.namespace ?? ''} ${traced} ${quote(`${SCRIPTS}coldwire-signer`)} run --signer ${signer} --key-fd 0`,
    `--port ${quote(machines.lines.get(signer)?.right ?? '')} --charter ${quote(ground.charter)}`,
    `--state ${quote(ground.path('state', signer))}`,
    ...machines.waivers.map((item) => `--waive ${item}`),
  ].join(' ');
  const program = await startProgram(
    `signer ${signer}`,
    command,
    ground.path('logs', `signer-${signer}.log`),
  );
  machines.programs.set(signer, program);
  return program;
}

export async function startGates(ground: Ground, machines: Machines): Promise<void> {
  for (const gate of GATES) {
    const command = [
      `exec ${quote(`${SCRIPTS}coldwire-gate`)} run --gate ${gate} --key ${quote(ground.path('keys', `${gate}.key`))}`,
      `--charter ${quote(ground.charter)} --port ${quote(machines.lines.get(gate)?.right ?? '')}`,
      `--state ${quote(ground.path('state', gate))}`,
    ].join(' ');
    machines.programs.set(gate, await startProgram(gate, command, ground.path('logs', `${gate}.log`)));
  }
}

export async function startScreen(ground: Ground, machines: Machines): Promise<string> {
  const command = [
    `exec ${quote(`${SCRIPTS}coldwire-screen`)} run --charter ${quote(ground.charter)}`,
    `--key ${quote(ground.path('keys', 'screen-1.key'))} --state ${quote(ground.path('state', 'screen-1'))}`,
    '--listen 127.0.0.1:0',
  ].join(' ');
  const program = await startProgram('screen-1', command, ground.path('logs', 'screen-1.log'));
  machines.programs.set('screen-1', program);
  return `http://127.0.0.1:${String(program.ready['port'])}`;
}

export async function startVault(
  ground: Ground,
  machines: Machines,
  chain: JourneyChain,
  screen: string,
): Promise<void> {
  const line = (name: string): string => quote(`${name}=${machines.lines.get(name)?.left}`);
  const command = [
    `exec ${quote(`${SCRIPTS}coldwire-vault`)} serve --charter ${quote(ground.charter)}`,
    `--key ${quote(ground.path('keys', 'vault-1.key'))} --state ${quote(ground.path('state', 'vault-1'))}`,
    `--chain ${chain.url} --chain-cookie ${quote(chain.cookieFile)} --screen ${screen} --listen 127.0.0.1:0`,
    ...SIGNERS.map((name) => `--signer ${line(name)}`),
    ...GATES.map((name) => `--gate ${line(name)}`),
    '--json',
  ].join(' ');
  const program = await startProgram('vault-1', command, ground.path('logs', 'vault-1.log'));
  machines.programs.set('vault-1', program);
  machines.vaultUrl = `http://127.0.0.1:${String(program.ready['port'])}`;
}

export async function stopAll(machines: Machines): Promise<void> {
  for (const program of [...machines.programs.values()].reverse()) await program.stop();
  for (const pair of machines.lines.values()) await pair.close();
}

export { askProgram, HOLDERS };
