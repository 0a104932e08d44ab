/** Who a signer may have believed when it saw an intent for the first time: judged over lines that are made message by message. */
import {
  type Charter,
  CharterBody,
  Done,
  encode,
  Notice,
  type SignedCharter,
  type SignedIntent,
  type SignRequest,
  SignRequest as SignRequestSchema,
  toHex,
} from '@coldwire/protocol';
import { beforeEach, describe, expect, it } from 'vitest';
import { approvalOf, withApprovers } from '../../policy/test/approvals.ts';
import {
  charterAfter,
  identity,
  mustLoad,
  sampleCharter,
  seeded,
  signedBy,
  World,
} from '../../policy/test/world.ts';
import { Findings } from '../src/finding.ts';
import type { LoggedMessage } from '../src/log/message.ts';
import type { Transcript } from '../src/log/transcript.ts';
import { extendRoster, makeRoster, type Roster } from '../src/roster.ts';
import { checkFirstSights } from '../src/verify/first-sight.ts';
import type { Line } from '../src/verify/line.ts';

const PLACE = { log: 'log', file: 'file', at: 0, record: 0 };
const COINS = [{ txid: seeded('coin'), vout: 0, amount: 1_010_000n, wallet: 0, chain: 0, index: 0 }] as const;
const TIERS = [{ above: 500_000n, approvals: 2, approvers: ['ann', 'bob', 'cat', 'dan'] }];
const DAN = {
  name: 'dan',
  keys: [{ kind: 'ssh-ed25519', key: identity('dan').publicKey, application: '' }],
} as const;

let world: World;
let roster: Roster;
let newest: ReturnType<typeof mustLoad>;
let down: LoggedMessage[];
let up: LoggedMessage[];
/** Whose link key signs what the signer says. */
let machine: string;
beforeEach(() => {
  const made = withApprovers(sampleCharter(), TIERS);
  world = new World({ ...made, approvers: [...made.approvers, DAN] });
  const { charter } = world.loaded;
  const names = charter.custodians.map(({ name }) => name);
  const opened = makeRoster(signedBy(charter, names));
  if ('problem' in opened) throw new Error(opened.problem);
  roster = opened;
  newest = world.loaded;
  [down, up] = [[], []];
  machine = 'A';
});

function say(way: 'down' | 'up', type: LoggedMessage['type'], body: Uint8Array, request: Uint8Array): void {
  const list = way === 'down' ? down : up;
  const [sender, recipient] = way === 'down' ? ['vault-1', 'A'] : ['A', 'vault-1'];
  const header = {
    version: 1,
    charter: roster.first,
    sender,
    recipient,
    seq: list.length + 1,
    previous: seeded('previous'),
    receiptSeq: way === 'down' ? up.length : down.length,
    receipt: seeded('receipt'),
    session: 1,
    type: 0,
    request,
    bodyHash: seeded('body'),
    bodyLength: body.length,
    time: 0,
    uptime: down.length + up.length,
  };
  list.push({
    place: { ...PLACE, record: down.length + up.length },
    way: way === 'down' ? 'received' : 'sent',
    type,
    header,
    hash: seeded('hash'),
    signature: identity(way === 'up' ? machine : sender).sign(seeded('hash')),
    body,
    packed: body,
    uptime: header.uptime,
    time: 0,
  });
}

const newId = (): Uint8Array => seeded(`request ${down.length}`).slice(0, 16);

/** The signer answers it with SIGNED, whatever it is. */
function sign(request: SignRequest): void {
  const id = newId();
  say('down', 'SIGN', encode(SignRequestSchema, request), id);
  say('up', 'SIGNED', Uint8Array.of(), id);
}

/** The signer takes a charter that follows the newest one. */
function take(change: Partial<Charter>): SignedCharter {
  const charter = charterAfter(newest, change);
  const signed = signedBy(charter);
  newest = mustLoad(charter);
  if (!extendRoster(roster, signed)) throw new Error('it does not follow');
  const id = newId();
  say('down', 'CHARTER', encode(CharterBody, { charter: signed }), id);
  say('up', 'DONE', encode(Done, {}), id);
  return signed;
}

const enact = (): void => {
  const detail = toHex(newest.hash);
  say('up', 'NOTICE', encode(Notice, { event: 'enact', detail }), new Uint8Array(16));
};

function findings(lines: readonly Line[] = bothVaults(), own: readonly Transcript[] = []): readonly string[] {
  const found = new Findings();
  checkFirstSights(own, lines, roster, found);
  return found.list.map(({ code }) => code);
}

const lineOf = (vault: string, mine: boolean): Line => ({
  vault,
  peer: 'A',
  receiver: 'signer',
  down: mine ? down : [],
  up: mine ? up : [],
});
const bothVaults = () => [lineOf('vault-1', true), lineOf('vault-2', false)];

const order = (id: string, requester = 'desk'): SignedIntent => world.intent({ id, requester });
const ask = (intent: SignedIntent, approvers: readonly string[]): SignRequest =>
  world.request({
    coins: COINS,
    intents: [intent],
    ...(approvers.length === 0
      ? {}
      : { approvals: approvers.map((name) => approvalOf(world, intent, name)) }),
  });

describe('at first sight', () => {
  it('an intent has the approvals of its tier, of as many different people, by file or security key', () => {
    sign(ask(order('one'), ['ann', 'cat']));
    sign(ask(order('two'), ['bob', 'ann', 'cat']));
    sign(world.request({ coins: COINS, intents: [world.intent({ id: 'small', amount: 500_000n })] }));
    expect(findings()).toEqual([]);
  });

  it.each([
    ['none', () => ask(order('one'), [])],
    ['one', () => ask(order('one'), ['ann'])],
    ['one person twice', () => ask(order('one'), ['ann', 'ann'])],
    ['somebody unknown', () => ask(order('one'), ['ann', 'mallory'])],
    ['one of the requester’s own people', () => ask(order('one', 'shop'), ['ann', 'bob'])],
    [
      'one that was given for another intent',
      () => {
        const request = ask(order('one'), ['ann']);
        const other = approvalOf(world, order('two'), 'bob');
        return { ...request, approvals: [...(request.approvals ?? []), other] };
      },
    ],
    [
      'one for another place, till another height, or with no touch',
      () => {
        const intent = order('one');
        const [cat, bob] = ['cat', 'bob'].map((name) => approvalOf(world, intent, name));
        if (cat === undefined || bob === undefined) throw new Error('two approvals');
        const moved = { ...bob, place: 1 };
        const later = { ...bob, expires: bob.expires + 1 };
        const untouched = approvalOf(world, intent, 'cat', { flags: 0 });
        const ann = approvalOf(world, intent, 'ann');
        return { ...ask(intent, []), approvals: [ann, moved, later, untouched, { ...cat, touch: null }] };
      },
    ],
  ] as const)('with %s it is found', (_, request) => {
    sign(request());
    expect(findings()).toEqual(['AUDIT_APPROVAL']);
    sign(ask(order('good'), ['ann', 'cat']));
    expect(findings()).toEqual(['AUDIT_APPROVAL']);
  });

  it('a charter that removes an approver counts at once; what was signed before it may be signed again', () => {
    const before = order('before');
    sign(ask(before, ['dan', 'cat']));
    const { approvers, policy } = world.loaded.charter;
    take({
      approvers: approvers.filter(({ name }) => name !== 'dan'),
      policy: { ...policy, tiers: TIERS.map((tier) => ({ ...tier, approvers: ['ann', 'bob', 'cat'] })) },
    });
    sign(ask(before, []));
    expect(findings()).toEqual([]);
    sign(ask(order('after'), ['dan', 'cat']));
    expect(findings()).toEqual(['AUDIT_APPROVAL']);
    sign(ask(order('good'), ['ann', 'cat']));
    expect(findings()).toEqual(['AUDIT_APPROVAL']);
  });

  it('a charter that loosens counts from where the signer says that it is in force', () => {
    const { policy } = world.loaded.charter;
    take({ policy: { ...policy, tiers: [] } });
    sign(ask(order('early'), []));
    expect(findings()).toEqual(['AUDIT_APPROVAL']);
    enact();
    sign(ask(order('later'), []));
    expect(findings()).toEqual(['AUDIT_APPROVAL']);
  });

  it('a requester or a screen that the charter in force has no more is not believed, though an earlier one had it', () => {
    const { requesters, screens } = world.loaded.charter;
    sign(ask(order('one'), ['ann', 'cat']));
    take({ requesters: requesters.filter(({ name }) => name !== 'desk') });
    sign(ask(order('two'), ['ann', 'cat']));
    expect(findings()).toEqual(['AUDIT_INTENT']);
    take({ screens: screens.filter(({ name }) => name !== 'screen-1') });
    sign(ask(order('three', 'shop'), ['ann', 'cat']));
    expect(findings()).toEqual(['AUDIT_INTENT', 'AUDIT_VERDICT']);
    const four = order('four', 'shop');
    sign({ ...ask(four, ['ann', 'cat']), verdicts: [world.verdict([four], [0], 'screen-2')] });
    expect(findings()).toEqual(['AUDIT_INTENT', 'AUDIT_VERDICT']);
  });

  it('each machine of a name has its own: a new link key is another memory, whoever’s log is given', () => {
    const one = order('one');
    sign(ask(one, ['ann', 'cat']));
    const { signers } = world.loaded.charter;
    take({
      signers: signers.map((row) => (row.name === 'A' ? { ...row, key: identity('A anew').publicKey } : row)),
    });
    const before = up.length;
    machine = 'A anew';
    sign(ask(one, []));
    expect(findings()).toEqual(['AUDIT_APPROVAL']);
    const ownLog = (messages: readonly LoggedMessage[]): Transcript => ({
      log: { directory: 'log', owner: 'A', entries: [], end: PLACE },
      owner: 'A',
      role: 'signer',
      items: [],
      messages,
    });
    expect(findings(bothVaults(), [ownLog(up.slice(0, before))])).toEqual(['AUDIT_APPROVAL']);
    expect(findings(bothVaults(), [ownLog(up.slice(before))])).toEqual([]);
  });

  it('is known only from the lines of all vaults, or from the signer’s own log', () => {
    sign(ask(order('one'), []));
    const [line] = bothVaults();
    if (line === undefined) throw new Error('no line');
    expect(findings([line])).toEqual([]);
    const entry = {
      place: PLACE,
      batch: 0,
      kind: 'sent',
      uptime: 0,
      time: 0,
      bytes: Uint8Array.of(),
    } as const;
    const own: Transcript = {
      log: { directory: 'log', owner: 'A', entries: [], end: PLACE },
      owner: 'A',
      role: 'signer',
      items: up.map((message) => ({ kind: 'message', entry, message })),
      messages: up,
    };
    expect(findings([line], [own])).toEqual(['AUDIT_APPROVAL']);
  });
});
