/**
 * A signer or a gate through one point: the real program on a fresh directory, killed or hindered at one effect, started again
 * as an operator would, with the vault's own session at the other end of its two FIFOs, which asks what was recorded. Every
 * answer must be, byte for byte, the one that in the recorded run was cleared and mined.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { decode, encode, fromHex, type MessageType, Refused, State, Status, toHex } from '@coldwire/protocol';
import { pause } from '../../world/processes.ts';
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
  /** STATUS is asked until the charter of this epoch is in force; the answer is no other matter. */
  readonly epoch?: number;
  /** What it is answered when the fault came between what it asks for and its answer, and it is asked again. */
  readonly again?: { readonly type: MessageType; readonly body: Uint8Array };
}

/** A charter's delay, ms; asked sooner, a program would only have more to write down. */
const DELAY_MS = 2_300;

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
    const findings = auditLogs([at('state'), at('vault')], world.deployment.charterFile);
    const problems = [...program.problems, ...vault.alarms, ...wrong, ...findings];
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
    if (request.epoch !== undefined) {
      // After a wrong answer it may never come in force, and what is wrong is known.
      if (problems.length === 0) await untilInForce(request.epoch, program, vault);
      continue;
    }
    const given = await askOne(request, program, vault);
    const wanted = stage.answers.get(request.id);
    const isRepeated = program.hasFired() && request.again !== undefined;
    if (given !== wanted && !(isRepeated && given === describeAnswer(request.again)))
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
    if (!isUnwitnessed(given)) return describeAnswer(given);
  }
}

/** Byte for byte, but for when a freeze began: in ticks, which are another number in each run. */
export function describeAnswer({
  type,
  body,
}: {
  readonly type: MessageType;
  readonly body: Uint8Array;
}): string {
  const refused = type === 'REFUSED' ? decode(Refused, body, body.length) : undefined;
  if (refused?.ok !== true) return `${type} ${toHex(body)}`;
  const refusals = refused.value.refusals.map(({ code, facts }) => ({
    code,
    facts: facts.map(([name, value]) => [name, code === 'FROZEN' && name === 'since' ? '' : value] as const),
  }));
  return `${type} ${toHex(encode(Refused, { refusals }))}`;
}

/** A charter comes in force when its delay is over and, at a gate, something is asked. */
async function untilInForce(epoch: number, program: Tended, vault: VaultEnd): Promise<void> {
  const status = { type: 'STATUS', body: encode(Status, {}) } as const;
  await pause(DELAY_MS);
  await program.until(`epoch ${epoch} is in force`, async () => {
    const answer = await askOne({ ...status, id: randomBytes(16).toString('hex') }, program, vault);
    const state = decode(State, fromHex(answer.slice('STATE '.length)), answer.length);
    return state.ok && state.value.epoch === epoch ? true : undefined;
  });
}
