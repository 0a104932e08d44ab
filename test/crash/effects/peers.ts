/** Real signers and gates on FIFOs, without a fault: who stands at the other ends of the vault's lines. */
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { GATES, type GateName, SIGNERS, type SignerName } from '../../world/charter.ts';
import { WAIVE_HOST } from '../../world/waivers.ts';
import type { World } from '../../world/world.ts';
import type { Plan } from './plan.ts';
import { keyBlockOf } from './record.ts';
import { type Process, type Program, startRole } from './role.ts';

export const NAMES = [...SIGNERS, ...GATES];
export type PeerName = SignerName | GateName;

export function isSigner(name: PeerName): name is SignerName {
  return SIGNERS.some((signer) => signer === name);
}

export function programsOf({ directory }: World): string {
  return join(directory, 'programs');
}

/** A line of two FIFOs to each: NAME.up to the vault, NAME.down from it. */
export function makeFifos(directory: string, names: readonly PeerName[]): void {
  const paths = names.flatMap((name) => [join(directory, `${name}.up`), join(directory, `${name}.down`)]);
  spawnSync('mkfifo', ['-m', '600', ...paths], { stdio: 'ignore' });
}

/** A signer or gate as its operator starts it. @param lines where its FIFOs are */
export function peerProgram(world: World, name: PeerName, lines: string, state: string): Program {
  const { deployment } = world;
  const role = isSigner(name) ? 'signer' : 'gate';
  const line = ['--fifo', join(lines, `${name}.down`), join(lines, `${name}.up`)];
  const own = ['--charter', deployment.charterFile, '--state', state, `--${role}`, name, ...line];
  const logFile = join(lines, `${name}.log`);
  if (!isSigner(name)) return { role, args: ['run', ...own, '--key', deployment.keyFile(name)], logFile };
  // The one flag more that loads the preload; and no namespace is made for each start.
  const waived = ['--waive', 'node-flags', '--waive', 'network', ...WAIVE_HOST];
  return { role, args: ['run', ...own, '--key-fd', '0', ...waived], input: keyBlockOf(world, name), logFile };
}

export async function startPeer(
  world: World,
  name: PeerName,
  lines: string,
  state: string,
): Promise<Process> {
  const plan: Plan = {
    trace: join(lines, `${name}.trace`),
    state,
    lines: [],
    node: null,
    small: false,
    programs: programsOf(world),
    fault: null,
  };
  const peer = startRole(peerProgram(world, name, lines, state), plan);
  if (!(await peer.ready)) throw new Error(`${name} does not start:\n${peer.log()}`);
  return peer;
}

/** The gates that signers ask what they have seen: real ones, which have cleared nothing yet. */
export async function startFreshGates(world: World, directory: string): Promise<readonly Process[]> {
  mkdirSync(directory, { mode: 0o700 });
  makeFifos(directory, GATES);
  return Promise.all(
    GATES.map((name) => startPeer(world, name, directory, join(directory, `${name}.state`))),
  );
}
