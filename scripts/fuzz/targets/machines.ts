/**
 * The minds of a signer and of a gate, with state, under any body of any message type from their own vault. The first byte of an
 * input chooses machine and type. Nothing throws; a refusal has codes, each once for the same facts. What a signer would sign
 * or a gate clears spends known coins at their true amounts to intents that the requester made, and pays no more than the
 * charter's fee.
 */
import { ORDER } from '@coldwire/policy';
import {
  BODIES,
  Clear,
  concatBytes,
  type Draft,
  decode,
  decodeIntent,
  encode,
  MESSAGE_TYPES,
  type MessageType,
  Refused,
  SignRequest,
  toHex,
} from '@coldwire/protocol';
import { GateWorld } from '../../../packages/gate/test/gate-world.ts';
import { readSeeds } from '../corpus.ts';
import { mutateCbor } from '../mutate/cbor.ts';
import type { Mutator } from '../mutate/mutator.ts';
import { assertHolds, type Target } from '../target.ts';

const LARGEST = 512 * 1024;
const order: readonly string[] = ORDER;
const world = new GateWorld();
const coins = world.world.fund([5_000_000n, 4_000_000n, 3_000_000n]);
const intents = ['x', 'y', 'z'].map((label) => world.intent(label));
const requests = [
  world.world.request({ coins: coins.slice(0, 1), intents, change: [{ amount: 1_990_000n }] }),
  world.world.request({ coins, intents: intents.slice(1), change: [{ amount: 9_990_000n, position: 0 }] }),
];
const {
  signers: { A: signer },
  gate,
} = world;
const cleared = requests.map((request) => world.clear(request));
signer.catchUp();
// The first request is an old one from here on, the second still new.
for (const body of cleared.slice(0, 1)) gate.deliver('CLEAR', body);
const { policy } = world.world.loaded;

const types = Object.entries(MESSAGE_TYPES)
  .sort(([, a], [, b]) => a.number - b.number)
  .flatMap(([name]) => (isType(name) ? [name] : []));
const GATE = 0x80;

function isType(name: string): name is MessageType {
  return name in BODIES;
}

function seed(machine: number, type: MessageType, body: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(machine | types.indexOf(type)), body);
}

const mutateBody: Mutator = (input, pool) =>
  concatBytes(input.subarray(0, 1), mutateCbor(input.subarray(1), pool));

const known = new Map(coins.map(({ txid, vout, amount }) => [`${toHex(txid)}:${vout}`, amount]));
const made = new Set(intents.map(([intent]) => toHex(intent)));

/** What nobody may let through, worked out here from nothing but the draft. */
function checkDraft({ inputs, intents: paid, change }: Draft): void {
  let fee = 0n;
  for (const [txid, vout, amount] of inputs) {
    assertHolds(known.get(`${toHex(txid)}:${vout}`) === amount, 'a coin is known, at its true amount');
    fee += amount;
  }
  for (const [bytes] of paid) {
    assertHolds(made.has(toHex(bytes)), 'an intent is one that the requester made');
    const intent = decodeIntent(bytes);
    fee -= intent.ok ? intent.value.amount : 0n;
  }
  for (const [, , amount] of change) fee -= amount;
  assertHolds(fee >= 0n && fee <= policy.feeAbsolute, 'the fee is within the charter');
}

function checkRefusal(body: Uint8Array): void {
  const refused = decode(Refused, body, LARGEST);
  assertHolds(refused.ok, 'a refusal can be read');
  const places = refused.value.refusals.map(({ code }) => order.indexOf(code));
  const malformed = places.length === 1;
  assertHolds(malformed || !places.includes(-1), 'a refusal has codes of policy, or one of another kind');
  assertHolds(
    malformed || places.every((place, at) => place >= (places[at - 1] ?? 0)),
    'codes have their order',
  );
}

function runSigner(type: MessageType, body: Uint8Array): void {
  const received = signer.receive(type, body, new Uint8Array(16).fill(9));
  for (const effect of signer.decide({ kind: 'message', received, ...signer.clock() }).effects) {
    if (effect.kind === 'send' && effect.type === 'REFUSED') checkRefusal(effect.body);
    if (effect.kind !== 'sign') continue;
    const request = decode(SignRequest, body, LARGEST);
    assertHolds(type === 'SIGN' && request.ok, 'only a SIGN that can be read is signed');
    checkDraft(request.value.draft);
  }
}

function runGate(type: MessageType, body: Uint8Array): void {
  for (const reply of gate.decide(type, body, new Uint8Array(16).fill(9)).replies) {
    if (reply.type === 'REFUSED') checkRefusal(reply.body);
    if (reply.type !== 'CLEARED') continue;
    const clear = decode(Clear, body, LARGEST);
    const request = clear.ok ? decode(SignRequest, clear.value.request, LARGEST) : clear;
    assertHolds(request.ok, 'only a CLEAR that can be read is cleared');
    checkDraft(request.value.draft);
  }
}

export const target: Target = {
  seeds: [
    ...requests.map((request) => seed(0, 'SIGN', encode(SignRequest, request))),
    ...world.world.events.map(({ type, body }) => seed(0, type, body)),
    ...cleared.map((body) => seed(GATE, 'CLEAR', body)),
    ...readSeeds('message').flatMap(({ lines, bytes }) => {
      const type = lines.get('type') ?? '';
      const fits = lines.get('part') === 'body' && lines.get('expect') === 'ok' && isType(type);
      return fits ? [seed(0, type, bytes), seed(GATE, type, bytes)] : [];
    }),
  ],
  mutators: [mutateBody],
  maxLength: 16_384,
  run(input) {
    const [first = 0] = input;
    const type = types[(first & ~GATE) % types.length];
    assertHolds(type !== undefined, 'there are message types');
    if (first & GATE) runGate(type, input.slice(1));
    else runSigner(type, input.slice(1));
  },
};
