/** Machines that are killed, started again, and one whose state directory is put back from an old copy. */
import { chmodSync, cpSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { GATES, type GateName, SIGNERS, type SignerName } from '../world/charter.ts';
import type { Running } from '../world/processes.ts';
import { startGate, startSigner, type World } from '../world/world.ts';
import type { Attacker } from './attacker.ts';
import { isGate, PEERS, type PeerName } from './lines.ts';

export class Machines {
  readonly #world: World;
  readonly #running = new Map<PeerName, Running>();
  /** How many charters a signer had taken when its copy was made. */
  readonly #charters = new Map<SignerName, number>();

  constructor(world: World) {
    this.#world = world;
  }

  async startAll(): Promise<void> {
    await Promise.all(PEERS.map((name) => this.#start(name)));
  }

  async #start(name: PeerName): Promise<void> {
    this.#running.set(
      name,
      await (isGate(name) ? startGate(this.#world, name) : startSigner(this.#world, name)),
    );
  }

  /** Machines that are gone by themselves: none may be. */
  fallen(): readonly string[] {
    return [...this.#running].flatMap(([name, running]) => {
      const code = running.exitCode();
      return code === null ? [] : [`${name} ended by itself with ${code}:\n${running.log().slice(-2000)}`];
    });
  }

  /** Kill −9 in the middle of whatever it does, then as an operator would start it. */
  async restart(attacker: Attacker, name: PeerName): Promise<void> {
    await this.#running.get(name)?.stop('SIGKILL');
    await this.#start(name);
    attacker.forget(name);
    await attacker.lines.ready(name);
    if (!isGate(name)) await attacker.attest(name);
  }

  #copyOf(name: SignerName): string {
    return join(this.#world.directory, `copy-${name}`);
  }

  /** Keeps a copy of a signer's memory, and of the attacker's line to it. */
  async keep(attacker: Attacker, name: SignerName): Promise<void> {
    this.#charters.set(name, attacker.judge.charters(name));
    await this.#moved(attacker, name, () => {
      attacker.judge.copied(name);
      rmSync(this.#copyOf(name), { recursive: true, force: true });
      cpSync(join(this.#world.directory, `signer-${name}`), join(this.#copyOf(name), 'state'), {
        recursive: true,
      });
      cpSync(attacker.lines.directoryOf(name), join(this.#copyOf(name), 'line'), { recursive: true });
    });
  }

  /** Puts the copy in the place of what the signer knows now. */
  async setBack(attacker: Attacker, name: SignerName): Promise<void> {
    if (!existsSync(this.#copyOf(name))) return;
    attacker.setBack(name);
    await this.#moved(attacker, name, () => {
      attacker.judge.forgot(name, this.#charters.get(name) ?? 1, performance.now());
      const state = join(this.#world.directory, `signer-${name}`);
      const line = attacker.lines.directoryOf(name);
      for (const directory of [state, line]) rmSync(directory, { recursive: true, force: true });
      cpSync(join(this.#copyOf(name), 'state'), state, { recursive: true });
      cpSync(join(this.#copyOf(name), 'line'), line, { recursive: true });
      for (const directory of [state, line]) chmodSync(directory, 0o700);
    });
  }

  async #moved(attacker: Attacker, name: SignerName, work: () => void): Promise<void> {
    await this.#running.get(name)?.stop();
    await attacker.lines.close(name);
    work();
    await this.#start(name);
    attacker.lines.open(name);
    attacker.forget(name);
    await attacker.lines.ready(name);
    await attacker.attest(name);
  }
}

export const ALL: readonly (SignerName | GateName)[] = [...SIGNERS, ...GATES];
