/**
 * What a vault does again and again until it is stopped, each loop at its own pace: it waits for its bell or for a while, looks at
 * the database and does what is due.
 */
import { Carrier } from './carry.ts';
import { buryAllDead } from './dead.ts';
import { Driver } from './drive.ts';
import { catchUp } from './follow.ts';
import { Former } from './form.ts';
import type { Orders } from './orders.ts';
import { pause } from './pause.ts';
import { Away, type Peer } from './peer.ts';
import { screenHeld, screenReceived } from './screen.ts';
import { cancelEnded, endWithdrawals, reportBuried, tendBroadcast } from './settle.ts';
import type { Signer } from './signer.ts';
import { tipOf, type Vault } from './vault.ts';
import type { ScriptWatch } from './watch.ts';

/** Ends once the vault is stopped and what was under way with its peers has been let go. */
export async function runUntilStopped(vault: Vault, watch: ScriptWatch, orders: Orders): Promise<void> {
  const driver = new Driver(vault);
  vault.stopping.addEventListener('abort', () => letGo(vault));
  await Promise.all([
    runLoop(vault, () => lookAtChain(vault, watch)),
    runLoop(vault, () => lookAtIntents(vault)),
    runLoop(vault, () => lookAtHeld(vault)),
    runLoop(vault, formLoop(vault, driver)),
    ...vault.signers.map((signer) => runLoop(vault, settleLoop(vault, signer))),
    ...[...vault.signers, ...vault.gates].map((peer) => runLoop(vault, carryLoop(vault, peer))),
    ...vault.gates.map((gate) => runLoop(vault, buryLoop(vault, gate))),
    runLoop(vault, () => lookAtOrders(vault, orders)),
  ]);
  await driver.settled();
}

/** Nothing waits for a peer that says nothing, nor for its bell. */
function letGo({ signers, gates, bells }: Vault): void {
  for (const peer of [...signers, ...gates]) peer.abandon();
  for (const bell of Object.values(bells)) bell.ring();
}

/** Repeats a step until the vault stops; the node's trouble costs a pause, anything else the program. */
async function runLoop(vault: Vault, step: () => Promise<void>): Promise<void> {
  while (!vault.stopping.aborted) {
    try {
      await step();
    } catch (error) {
      if (error instanceof Away) continue;
      vault.fail(error);
      await vault.bells.peers.after(vault.bells.peers.rings, vault.tuning.pollMs);
    }
  }
}

async function lookAtChain(vault: Vault, watch: ScriptWatch): Promise<void> {
  const { bells, tuning, store } = vault;
  const before = tipOf(store).height;
  if (await catchUp(vault, watch)) {
    bells.work.ring();
    bells.peers.ring();
    reportBuried(vault, before);
    endWithdrawals(vault);
    await tendBroadcast(vault);
    await cancelEnded(vault);
  }
  await pause(vault, tuning.pollMs);
}

async function lookAtIntents(vault: Vault): Promise<void> {
  const { intents } = vault.bells;
  const seen = intents.rings;
  const more = await screenReceived(vault);
  if (!more) await intents.after(seen, vault.tuning.rescreenMs);
}

async function lookAtOrders(vault: Vault, orders: Orders): Promise<void> {
  await orders.carry(vault);
  await pause(vault, vault.tuning.pollMs);
}

async function lookAtHeld(vault: Vault): Promise<void> {
  const { held } = vault.bells;
  const seen = held.rings;
  await screenHeld(vault);
  await held.after(seen, vault.tuning.rescreenMs);
}

function formLoop(vault: Vault, driver: Driver): () => Promise<void> {
  const former = new Former(vault);
  return async () => {
    const { work } = vault.bells;
    const seen = work.rings;
    driver.start();
    const due = await former.formAll();
    driver.start();
    await work.after(seen, due);
  };
}

/** Keeps a signer up to date before it is needed. */
function settleLoop(vault: Vault, signer: Signer): () => Promise<void> {
  return async () => {
    const { peers } = vault.bells;
    const seen = peers.rings;
    if (signer.ready) await signer.settle(vault);
    // A gate that comes back rings the same bell.
    await peers.after(seen, vault.tuning.pollMs * 60);
  };
}

/** Hands later charters over, and looks again while one waits there. */
function carryLoop(vault: Vault, peer: Peer): () => Promise<void> {
  const carrier = new Carrier(peer);
  return async () => {
    const { peers } = vault.bells;
    const seen = peers.rings;
    const waits = await carrier.carry(vault);
    await peers.after(seen, vault.tuning.pollMs * (waits ? 5 : 60));
  };
}

/** Tells a gate what is dead, once for each block, and when the gate comes back. */
function buryLoop(vault: Vault, gate: Peer): () => Promise<void> {
  let told = '';
  return async () => {
    const { peers } = vault.bells;
    const seen = peers.rings;
    const now = `${tipOf(vault.store).height} ${gate.hellos}`;
    if (gate.ready && now !== told) {
      await buryAllDead(vault, gate);
      told = now;
    }
    await peers.after(seen, vault.tuning.pollMs * 60);
  };
}
