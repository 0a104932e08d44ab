/**
 * A fresh deployment, made by the programs that people would use: custodians' identities, three sealed keys, role keys,
 * and a charter that all custodians have signed.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { askProgram } from './children.ts';
import type { Teller } from './teller.ts';

/** Signers' custodians: three each, any two open. */
export const CUSTODIANS = [
  'custodian-1',
  'custodian-2',
  'custodian-3',
  'custodian-4',
  'custodian-5',
] as const;
export const HOLDERS: Readonly<Record<SignerName, readonly [string, string, string]>> = {
  A: ['custodian-1', 'custodian-2', 'custodian-3'],
  B: ['custodian-2', 'custodian-3', 'custodian-4'],
  C: ['custodian-3', 'custodian-4', 'custodian-5'],
};
export const SIGNERS = ['A', 'B', 'C'] as const;
export type SignerName = (typeof SIGNERS)[number];
export const GATES = ['gate-1', 'gate-2'] as const;

/** The regtest genesis block (Bitcoin Core, chainparams.cpp): version, merkle root, time, bits, nonce. */
const GENESIS =
  `01000000${'00'.repeat(32)}3ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a` +
  'dae5494dffff7f2002000000';

const POLICY = `
[policy]
max_inputs = 100
max_outputs = 110
max_intents = 100
max_vsize = 100_000
amount_per_transaction = 1_000_000_000
fee_absolute = 1_000_000
fee_rate = 200_000
fee_share = 50
fee_share_floor = 50_000
scripts = ["p2wpkh", "p2wsh", "p2tr", "p2sh", "p2pkh"]
change_gap = 20
receive_limit = 1_000
intent_life = 144
intent_ahead = 2
freeze_ticks = 36
gate_delay = 20
destinations = "any"
destination_ticks = 0
loosen_ticks = 144

[[policy.window]]
ticks = 144
amount = 4_000_000_000
count = 500
fee = 20_000_000

[clock]
checkpoint_height = 0
checkpoint = "${GENESIS}"
spacing = 1
burial = 3
fresh = 43_200
`;

export interface Ground {
  readonly directory: string;
  readonly charter: string;
  /** A path below the directory. */
  path(...parts: readonly string[]): string;
}

export async function layGround(directory: string, teller: Teller): Promise<Ground> {
  const path = (...parts: readonly string[]): string => join(directory, ...parts);
  for (const part of ['keys', 'custodians', 'state', 'lines', 'logs', 'transactions']) {
    mkdirSync(path(part), { recursive: true, mode: 0o700 });
  }
  const recipients = new Map<string, string>();
  const keys = new Map<string, { key: string; sealKey: string }>();
  const roleKey = async (role: string, name: string, folder = 'keys'): Promise<void> => {
    const made = await askProgram('charter', ['key', role, '--out', path(folder, `${name}.key`)]);
    keys.set(name, { key: String(made['key']), sealKey: String(made['sealKey']) });
  };
  for (const name of CUSTODIANS) {
    const made = await askProgram('custody', ['identity', '--out', path('custodians', `${name}.identity`)]);
    recipients.set(name, String(made['recipient']));
    await roleKey('custodian', name, 'custodians');
  }
  teller.say(`${CUSTODIANS.length} custodians made their age identities`);
  for (const signer of SIGNERS) {
    const people = HOLDERS[signer].flatMap((name) => ['--custodian', `${name}=${recipients.get(name)}`]);
    await askProgram('custody', [
      'keygen',
      '--network',
      'regtest',
      '--signer',
      signer,
      '--out',
      path('keys', signer),
      ...people,
    ]);
    teller.say(`signer ${signer}: key sealed; any two of ${HOLDERS[signer].join(', ')} open it`);
  }
  await roleKey('vault', 'vault-1');
  for (const gate of GATES) await roleKey('gate', gate);
  await roleKey('screen', 'screen-1');
  for (const requester of ['exchange', 'treasury']) await roleKey('requester', requester);
  const charter = path('charter.cbor');
  writeFileSync(path('charter.toml'), writeToml(keys, recipients));
  const built = await askProgram('charter', ['build', path('charter.toml'), '--out', charter]);
  for (const name of CUSTODIANS) {
    await askProgram('charter', ['sign', charter, '--as', name, '--key', path('custodians', `${name}.key`)]);
  }
  await askProgram('charter', ['verify', charter]);
  teller.say(`charter signed by all custodians; hash ${String(built['hash']).slice(0, 16)}…`);
  return { directory, charter, path };
}

function writeToml(
  keys: ReadonlyMap<string, { key: string; sealKey: string }>,
  recipients: ReadonlyMap<string, string>,
): string {
  const member = (table: string, name: string): string =>
    `\n[[${table}]]\nname = "${name}"\nkey = "${keys.get(name)?.key}"\n`;
  return [
    'title = "Journey"\nnetwork = "regtest"\nquorum = 3\n',
    ...SIGNERS.map((name) => `\n[[signer]]\nname = "${name}"\nrecord = "keys/${name}/public.json"\n`),
    ...GATES.map((name) => `${member('gate', name)}seal_key = "${keys.get(name)?.sealKey}"\n`),
    member('vault', 'vault-1'),
    member('screen', 'screen-1'),
    ...['exchange', 'treasury'].map(
      (name) => `\n[[requester]]\nname = "${name}"\nkeys = ["${keys.get(name)?.key}"]\n`,
    ),
    ...CUSTODIANS.map(
      (name, i) =>
        `${member('custodian', name)}group = "${i % 2 === 0 ? 'operations' : 'finance'}"\nrecipient = "${recipients.get(name)}"\n`,
    ),
    POLICY,
  ].join('');
}
