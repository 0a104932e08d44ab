/**
 * What happens in the town: coins come in, a batch is paid and replaced, a draft is refused, a signer is frozen and restarted,
 * a request is asked twice. Every kind of record that an audit meets.
 */
import { encode, SignRequest, Status } from '@coldwire/protocol';
import { idAtHome } from '../../gate/test/gate-world.ts';
import type { SignerName } from '../../signer/test/signing-world.ts';
import { Town } from './town.ts';

const ALL: readonly SignerName[] = ['A', 'B', 'C'];

export async function tellStory(): Promise<Town> {
  const town = new Town();
  for (const name of [...ALL, 'gate-1']) await town.open(name);
  const { world } = town;
  const coins = world.fund([3_000_000n, 2_000_000n, 4_000_000n]);
  await town.tell(ALL);
  const [first, second, third] = coins;
  if (first === undefined || second === undefined || third === undefined) throw new Error('three coins');

  const intents = ['one', 'two'].map((label) => world.intent({ id: idAtHome(0, label), amount: 1_000_000n }));
  const batch = world.request({ coins: [first, second], intents, change: [{ amount: 2_990_000n }] });
  await expectType(town.pay(batch, ['A', 'B'], 'gate-1'), 'CLEARED');

  // The same request and id again; a status; a draft that pays itself more than its coins hold.
  const id = town.newId();
  await expectType(town.ask('C', 'SIGN', encode(SignRequest, batch), id), 'SIGNED');
  await expectType(town.ask('C', 'SIGN', encode(SignRequest, batch), id), 'SIGNED');
  await expectType(town.ask('A', 'STATUS', encode(Status, {})), 'STATE');
  const greedy = world.request({ coins: [third], intents: [world.intent({ amount: 5_000_000n })] });
  await expectType(town.ask('A', 'SIGN', encode(SignRequest, greedy)), 'REFUSED');

  // C is frozen at its console, refuses, restarts frozen, and refuses again.
  town.signer('C').happen({ event: 'freeze', detail: 'console' });
  await expectType(town.ask('C', 'SIGN', encode(SignRequest, greedy)), 'REFUSED');
  await town.freezeLocked('C');
  await expectType(town.ask('C', 'SIGN', encode(SignRequest, greedy)), 'REFUSED');
  await town.stop('C');
  await town.start('C');
  await expectType(town.ask('C', 'SIGN', encode(SignRequest, batch)), 'REFUSED');

  // A higher fee replaces the batch; another gate start; one more payment under a new id.
  world.pass(1);
  await town.tell(ALL);
  const bump = world.request({ coins: [first, second], intents, change: [{ amount: 2_980_000n }] });
  await expectType(town.pay(bump, ['B', 'A'], 'gate-1'), 'CLEARED');
  await town.stop('gate-1');
  await town.start('gate-1');
  const more = world.request({
    coins: [third],
    intents: [world.intent({ id: idAtHome(0, 'three'), amount: 1_500_000n })],
    change: [{ amount: 2_490_000n, index: 1 }],
  });
  await expectType(town.pay(more, ['A', 'B'], 'gate-1'), 'CLEARED');
  await expectType(town.ask('gate-1', 'STATUS', encode(Status, {})), 'STATE');
  return town;
}

async function expectType(reply: Promise<{ readonly type: string }>, type: string): Promise<void> {
  const said = await reply;
  if (said.type !== type) throw new Error(`${said.type} where ${type} was due`);
}
