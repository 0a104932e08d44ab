/** A vault that is told to stop ends, whoever owes it an answer. */
import { createEd25519Signer, type Line } from '@coldwire/protocol';
import { expect, test, vi } from 'vitest';
import { seeded } from '../../../policy/test/world.ts';
import { askPeer, getBatch, giveUpBatch, recordDeath } from '../../src/queue/index.ts';
import { runUntilStopped } from '../../src/serve/loops.ts';
import { Orders } from '../../src/serve/orders.ts';
import { Peer } from '../../src/serve/peer.ts';
import { tipOf } from '../../src/serve/vault.ts';
import { ScriptWatch } from '../../src/serve/watch.ts';
import type { Reply } from '../../src/session/session.ts';
import { fill, makeDirectory } from '../fixture.ts';
import { approve, mine } from '../queue/steps.ts';
import { charter, makeVault, messageOf, seedAt, signNext } from './vault-world.ts';

/** Its line is up, and nothing ever comes. */
class MuteGate extends Peer {
  readonly asked: string[] = [];
  override get ready(): boolean {
    return true;
  }
  override request(...[type, body]: Parameters<Peer['request']>): Promise<Reply> {
    this.asked.push(type);
    return super.request(type, body);
  }
}

test('a gate that is there and says nothing keeps no vault from stopping', async () => {
  const { vault, store, signers, stop } = makeVault();
  const [member] = charter.charter.gates;
  if (member === undefined) throw new Error('a gate');
  const line: Line = {
    ...{ self: 'vault-1', peer: member.name, peerKey: member.key },
    ...{ incoming: 'up', receiver: 'gate' },
  };
  const identity = createEd25519Signer(seeded('vault-1'));
  const never = (): never => {
    throw new Error('there is no port, and nobody is greeted');
  };
  const common = { openPort: never, hello: never, baud: 0, charter: charter.first };
  const gate = new MuteGate(
    { ...common, line, identity, directory: makeDirectory() },
    vault.report,
    vault.bells.peers,
  );
  for (const signer of signers) signer.isThere = false;

  // A transaction that this gate was offered, and that two signers have called dead.
  approve(store, seedAt(0));
  const id = signNext(store);
  askPeer(store, id, 'gate', member.name, fill(9, 16));
  giveUpBatch(store, id, { refused: [], codes: ['INTERNAL'], notBefore: 10_000 });
  mine(store, [{ txid: fill(200, 32), inputs: getBatch(store, id).inputs }]);
  for (const name of ['A', 'B']) recordDeath(store, id, name, messageOf(fill(3, 20)));
  for (let block = 0; block < charter.charter.clock.burial; block += 1) mine(store, []);

  const { height, hash } = tipOf(store);
  const chain = {
    ...vault.chain,
    tip: () => Promise.resolve({ height, hash }),
    hashAt: (at: number) => Promise.resolve(at === height ? hash : null),
  };
  const watch = new ScriptWatch(vault.scripts, vault.tuning.lookahead);
  const running = runUntilStopped({ ...vault, chain, gates: [gate] }, watch, new Orders(makeDirectory()));
  await vi.waitFor(() => expect(gate.asked).toContain('BURY'), 4_000);
  stop();
  await running;
  await gate.stop();
}, 10_000);
