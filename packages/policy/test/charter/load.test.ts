import { Charter, encode, fromHex, SignedCharter } from '@coldwire/protocol';
import { describe, expect, it } from 'vitest';
import { loadCharter, verifyCharterSignatures } from '../../src/index.ts';
import { identity, mineHeader, mustLoad, sampleCharter, seeded } from '../world.ts';

const problems = (charter: Charter): readonly string[] => {
  const loaded = loadCharter(encode(Charter, charter));
  return loaded.ok ? [] : loaded.problems;
};
const mainnetGenesis = fromHex(
  '0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a29ab5f49ffff001d1dac2b7c',
);
const mainnet = (): Charter => {
  const charter = sampleCharter('mainnet');
  return { ...charter, clock: { ...charter.clock, checkpointHeight: 0, checkpoint: mainnetGenesis } };
};
const regtest = sampleCharter();

describe('a charter', () => {
  it('is loaded with its hash, which is also the first hash when it is the first', () => {
    const loaded = mustLoad(regtest);
    expect(loaded.first).toEqual(loaded.hash);
    expect(loaded.newestWallet).toBe(0);
    expect(loaded.requesters.get('shop')).toHaveLength(2);
    expect(problems(mainnet())).toEqual([]);
  });

  it('that is not one is refused with the place', () => {
    expect(loadCharter(Uint8Array.of(0xa0))).toEqual({
      ok: false,
      problems: ['not a charter: Charter.version is missing (key 1)'],
    });
  });

  it('is refused when two have one name, whatever the case', () => {
    const screens = [...regtest.screens, { name: 'SHOP', key: identity('other').publicKey }];
    expect(problems({ ...regtest, screens })).toEqual(['the requester shop has the name of a screen']);
  });

  it('is refused when two have one key, or a key is no key', () => {
    const same = regtest.screens.map(({ name }) => ({ name, key: identity('A').publicKey }));
    expect(problems({ ...regtest, screens: same })).toEqual([
      'screen-1 has the same Ed25519 key as A',
      'screen-2 has the same Ed25519 key as screen-1',
    ]);
    const weak = [{ name: 'screen-1', key: new Uint8Array(32) }];
    expect(problems({ ...regtest, screens: weak })).toEqual([
      'a key of screen-1 is not an Ed25519 public key',
    ]);
    const gates = regtest.gates.map((gate) => ({ ...gate, sealKey: seeded('seal') }));
    expect(problems({ ...regtest, gates })).toEqual(['gate-2 has the same seal key as gate-1']);
  });

  // The u-coordinates of the points of order 1, 2, 4 and 8 of Curve25519 and its twist (RFC 7748, section 6.1), also as written above p.
  it.each([
    '0000000000000000000000000000000000000000000000000000000000000000',
    '0000000000000000000000000000000000000000000000000000000000000080',
    '0100000000000000000000000000000000000000000000000000000000000000',
    'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
    '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
    'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  ])('is refused when nobody could seal to a gate: %s', (key) => {
    const gates = regtest.gates.map((gate, i) => (i === 1 ? { ...gate, sealKey: fromHex(key) } : gate));
    expect(problems({ ...regtest, gates })).toEqual([
      'the seal key of gate-2 is an X25519 key of small order',
    ]);
  });

  it('is refused when its wallets do not fit its signers or its network', () => {
    const [wallet] = regtest.wallets;
    if (wallet === undefined) throw new Error('no wallet');
    const [a, b, c] = wallet.keys;
    if (a === undefined || b === undefined || c === undefined) throw new Error('no keys');
    const with_ = (...keys: (typeof a)[]) => problems({ ...regtest, wallets: [{ ...wallet, keys }] });
    expect(with_(b, a, c)).toContain('wallet 0: its keys are not in the order of the signers');
    expect(with_(a, { ...b, publicKey: a.publicKey }, c)).toEqual(['wallet 0: the key of B is used twice']);
    expect(with_({ ...a, publicKey: a.publicKey.with(0, 4) }, b, c)).toEqual([
      'wallet 0: the key of A is not compressed',
    ]);
    const path = sampleCharter('mainnet').wallets[0]?.keys[0]?.path ?? [];
    expect(with_({ ...a, path }, b, c)).toEqual(['wallet 0: the key of A is not at 48h/1h/0h/2h']);
  });

  it('is refused when a gate would have no part of a window, or on mainnet when one transaction fits no part', () => {
    const gate = (name: string) => ({ name, key: identity(name).publicKey, sealKey: seeded(`seal ${name}`) });
    const gates = ['gate-1', 'gate-2', 'gate-3'].map(gate);
    const velocity = [{ per: 'requester', ticks: 6, amount: 9_000_000n, count: 2 }] as const;
    expect(problems({ ...regtest, gates, policy: { ...regtest.policy, velocity } })).toEqual([
      'policy: velocity 0: count is 2: nothing is left of it for each of 3 gates',
    ]);
    const charter = mainnet();
    const with_ = (policy: Partial<Charter['policy']>) =>
      problems({ ...charter, policy: { ...charter.policy, ...policy } });
    expect(with_({ amountPerTransaction: 60_000_000n, maxIntents: 15, feeAbsolute: 150_000n })).toEqual([]);
    expect(with_({ amountPerTransaction: 60_000_001n, maxIntents: 16, feeAbsolute: 150_001n })).toEqual([
      'policy: amountPerTransaction is 60000001, and a signer or gate lets 60000000 pass in window 0',
      'policy: maxIntents is 16, and a signer or gate lets 15 pass in window 0',
      'policy: feeAbsolute is 150001, and a signer or gate lets 150000 pass in window 0',
    ]);
    const one = gates.slice(0, 1);
    const alone = { ...charter.policy, amountPerTransaction: 80_000_001n };
    expect(problems({ ...charter, gates: one, policy: alone })).toContain(
      'policy: amountPerTransaction is 80000001, and a signer or gate lets 80000000 pass in window 0',
    );
  });

  it('is refused when its policy could never be kept or never be reached', () => {
    const with_ = (policy: Partial<Charter['policy']>) =>
      problems({ ...regtest, policy: { ...regtest.policy, ...policy } });
    const window = { ticks: 6, amount: 100n, count: 10, fee: 10n };
    expect(with_({ maxInputs: 0, changeGap: 0 })).toEqual([
      'policy: maxInputs is 0, must be 1 to 1024',
      'policy: changeGap is 0, must be 1 to 10000',
    ]);
    expect(with_({ amountPerTransaction: 2n ** 63n })).toHaveLength(1);
    expect(with_({ scripts: ['p2tr', 'p2tr'] })).toEqual(['policy: scripts: one is named twice']);
    expect(with_({ windows: [{ ...window, count: 1 }] })).toEqual([
      'policy: window 0: count is 1, must be 2 to 1000000',
    ]);
    expect(with_({ windows: [window, { ...window, amount: 99n }] })).toEqual([
      'policy: window 1: windows go from short to long',
      'policy: window 1: allows less than the shorter one before it',
    ]);
  });

  it('is refused when its clock cannot start at its checkpoint', () => {
    const with_ = (base: Charter, clock: Partial<Charter['clock']>) =>
      problems({ ...base, clock: { ...base.clock, ...clock } });
    expect(with_(regtest, { spacing: 0, burial: 0, fresh: 0 })).toHaveLength(3);
    expect(with_(mainnet(), { checkpointHeight: 2017 })).toEqual([
      "clock: the checkpoint's height 2017 is not the first of a period of 2016",
    ]);
    const made = mineHeader(new Uint8Array(32), seeded('root'), 1);
    expect(with_(mainnet(), { checkpoint: made })).toEqual([
      'clock: the checkpoint has no proof of work of this network',
      "clock: the checkpoint of height 0 is not the network's first block",
    ]);
    expect(with_(mainnet(), { spacing: 60, burial: 5, fresh: 60 })).toHaveLength(3);
  });

  it('is refused when its shares could not be opened, or by one alone', () => {
    const [row] = regtest.custody.shares;
    if (row === undefined) throw new Error('no shares');
    const with_ = (changed: typeof row) =>
      problems({ ...regtest, custody: { shares: [changed, ...regtest.custody.shares.slice(1)] } });
    const [ada, ben] = row.holders;
    if (ada === undefined || ben === undefined) throw new Error('no holders');
    expect(with_({ ...row, threshold: 1 })).toEqual([
      'the shares of A: one person alone could open the key file',
    ]);
    expect(with_({ ...row, threshold: 4 })).toEqual(['the shares of A: 4 needed of 3']);
    expect(with_({ ...row, holders: [ada, [ada[0], ben[1]]] })).toEqual([
      'the shares of A: somebody holds two',
    ]);
    expect(with_({ ...row, holders: [ada, [ben[0], ada[1]]] })).toEqual([
      'the shares of A: two have the same hash',
    ]);
    expect(with_({ ...row, holders: [ada, ['eve', ben[1]]] })).toEqual([
      'the shares of A: eve is no custodian',
    ]);
  });

  it('of mainnet is refused when a delay lasts so long that what it waits for never comes', () => {
    const with_ = (charter: Charter, policy: Partial<Charter['policy']>) =>
      problems({ ...charter, policy: { ...charter.policy, ...policy } });
    expect(with_(mainnet(), { gateDelay: 86_400, loosenTicks: 4_320 })).toEqual([]);
    expect(with_(mainnet(), { gateDelay: 86_401, loosenTicks: 4_321 })).toEqual([
      'loosenTicks is 4321, on mainnet 144 to 4320',
      'policy: gateDelay is 86401 seconds, on mainnet at most 86400: so long would the absence of one gate hold up its intents',
    ]);
    expect(with_(mainnet(), { loosenTicks: 143 })).toEqual(['loosenTicks is 143, on mainnet 144 to 4320']);
    expect(with_(regtest, { gateDelay: 10_000_000, loosenTicks: 100_000 })).toEqual([]);
  });

  it('of mainnet is refused when one absence would stop it, of a test network not', () => {
    const lonely = (charter: Charter): Charter => ({
      ...charter,
      vaults: charter.vaults.slice(0, 1),
      gates: charter.gates.slice(0, 1),
      screens: charter.screens.slice(0, 1),
      requesters: charter.requesters.map((row) => ({ ...row, keys: row.keys.slice(0, 1) })),
      custody: { shares: charter.custody.shares.map((row) => ({ ...row, threshold: 3 })) },
    });
    expect(problems(lonely(regtest))).toEqual([]);
    expect(problems(lonely(mainnet()))).toEqual([
      'only one vault: its absence would freeze',
      'only one gate: its absence would freeze',
      'only one screen: its absence would freeze',
      'only one key of requester shop: its absence would freeze',
      'only one key of requester desk: its absence would freeze',
      'the shares of A: every holder is needed, so one absence would freeze it',
      'the shares of B: every holder is needed, so one absence would freeze it',
      'the shares of C: every holder is needed, so one absence would freeze it',
    ]);
  });
});

describe('the signatures under a charter', () => {
  const loaded = mustLoad(regtest);
  const by = (name: string) => [name, identity(name).sign(loaded.hash)] as const;
  const check = (...signatures: ReturnType<typeof by>[]) =>
    verifyCharterSignatures([loaded.bytes, signatures], loaded);

  it('put it in force when every custodian signed once', () => {
    expect(check(by('ada'), by('ben'), by('cyd'))).toEqual([]);
    expect(encode(SignedCharter, [loaded.bytes, [by('ada')]]).length).toBeGreaterThan(64);
  });

  it('are refused when one is missing, double, forged or a stranger’s', () => {
    expect(check(by('ada'), by('cyd'))).toEqual(['the signature of ben is missing']);
    expect(check(by('ada'), by('ben'), by('cyd'), by('ada'))).toEqual(['ada signed twice']);
    const forged = ['ben', identity('ada').sign(loaded.hash)] as const;
    expect(check(by('ada'), forged, by('cyd'))).toEqual(['the signature of ben does not verify']);
    expect(check(by('ada'), by('ben'), by('cyd'), by('A'))).toEqual([
      'A signed, but is no custodian of this charter',
    ]);
  });

  it('are refused under other bytes, and under a charter that succeeds another', () => {
    expect(verifyCharterSignatures([Uint8Array.of(1), []], loaded)).toEqual([
      'the signatures are under another charter',
    ]);
    const later = mustLoad({ ...regtest, first: loaded.hash, previous: loaded.hash });
    expect(later.first).toEqual(loaded.hash);
    expect(verifyCharterSignatures([later.bytes, []], later)).toEqual([
      'it follows another charter: what signs it is a quorum of the one in force',
    ]);
  });
});
