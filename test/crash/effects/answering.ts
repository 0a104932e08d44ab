/**
 * A signer or a gate through one point: the real program on a fresh directory, killed or hindered at one effect, started again
 * as an operator would, with the vault's own session at the other end of its two FIFOs, which asks what was recorded. Every
 * answer must be, byte for byte, the one that in the recorded run was cleared and mined.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fromHex, type MessageType, toHex } from '@coldwire/protocol';
import type { World } from '../../world/world.ts';
import { auditLogs, type Judgement } from './judge.ts';
import { isSigner, makeFifos, type PeerName, peerProgram, programsOf } from './peers.ts';
import type { Plan } from './plan.ts';
import { Tended } from './tended.ts';
import { isUnwitnessed, VaultEnd } from './vault-end.ts';

export interface Request {
  readonly type: MessageType;
  readonly id: string;
  readonly body: Uint8Array;
}

export interface Stage {
  readonly world: World;
  readonly name: PeerName;
  readonly requests: readonly Request[];
  /** Type and body of each recorded answer, by request. */
  readonly answers: ReadonlyMap<string, string>;
  /** Lines to gates that have seen nothing of this signer. */
  readonly gates: readonly VaultEnd[];
}

export async function runAnswering(stage: Stage, fault: Plan['fault']): Promise<Judgement> {
  const { world, name, gates } = stage;
  const directory = mkdtempSync(join(world.directory, `${name}-`));
  const at = (file: string): string => join(directory, file);
  makeFifos(directory, [name]);
  const plan = {
    trace: at('trace'),
    state: at('state'),
    lines: [[at(`${name}.up`), 'vault']],
    node: null,
    small: false,
    programs: programsOf(world),
    fault,
  } as const;
  const program = new Tended(peerProgram(world, name, directory, at('state')), plan);
  let vault: VaultEnd | undefined;
  try {
    await program.serve();
    // Only now, so that its first call is answered at once.
    vault = new VaultEnd(world.deployment, name, directory, isSigner(name) ? gates : []);
    const wrong = await askAll(stage, program, vault);
    await program.stop();
    await vault.stop();
    const found = auditLogs([at('state'), at('vault')], world.deployment.charterFile);
    const problems = [...program.problems, ...vault.alarms, ...wrong, ...found];
    return { trace: program.trace(), fired: program.hasFired(), problems };
  } finally {
    await program.kill();
    await vault?.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** One after the other. @returns what is wrong with the answers */
async function askAll(stage: Stage, program: Tended, vault: VaultEnd): Promise<readonly string[]> {
  const problems: string[] = [];
  for (const request of stage.requests) {
    const given = await askOne(request, program, vault);
    const wanted = stage.answers.get(request.id);
    if (given !== wanted)
      problems.push(`${request.type} ${request.id} is answered ${given}, and was ${wanted}`);
  }
  return problems;
}

async function askOne({ type, id, body }: Request, program: Tended, vault: VaultEnd): Promise<string> {
  for (;;) {
    await program.until('the line is up', () => vault.ready || undefined);
    let answer: { readonly type: MessageType; readonly body: Uint8Array } | undefined;
    void vault.ask(type, fromHex(id), body).then((reply) => {
      answer = reply;
    });
    const given = await program.until(`an answer to ${type}`, () => answer);
    if (!isUnwitnessed(given)) return `${given.type} ${toHex(given.body)}`;
  }
}
