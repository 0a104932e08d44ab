/** The one-shot pipe, run by a shell as its help shows it: coins, draft, sign, clear, and the node takes the result. */
import { execFile, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromHex } from '@coldwire/protocol';
import { connectCore } from '@coldwire/vault/chain/index.ts';
import { afterAll, beforeAll, expect, onTestFailed, test } from 'vitest';
import { type CoinElsewhere, draftElsewhere } from '../world/other-wallet.ts';
import { launcher } from '../world/processes.ts';
import {
  addressOf,
  buildWorld,
  mine,
  startGate,
  startScreen,
  startSigner,
  type World,
} from '../world/world.ts';

let world: World;
let screen: string;

beforeAll(async () => {
  world = await buildWorld({ coins: 1 });
  const [{ url }] = await Promise.all([
    startScreen(world),
    startGate(world, 'gate-1'),
    startGate(world, 'gate-2'),
    ...(['A', 'C'] as const).map((name) => startSigner(world, name)),
  ]);
  screen = url;
});
afterAll(() => world.close());

const vault = launcher('vault');

interface Ran {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a script in a shell that fails when any command of a pipe does. The chain lives in this process, so it must not wait. */
function run(script: string): Promise<Ran> {
  const env = {
    ...process.env,
    DIR: world.directory,
    V: vault,
    SCREEN: screen,
    URL: world.chain.url,
    ...lines(),
  };
  return new Promise((resolve) => {
    const options = { env, timeout: 110_000 };
    execFile('bash', ['-c', `set -e -o pipefail; cd "$DIR"; ${script}`], options, (error, stdout, stderr) => {
      onTestFailed(() => console.log(stderr));
      resolve({ status: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

function lines(): NodeJS.ProcessEnv {
  const port = (name: 'A' | 'C' | 'gate-1' | 'gate-2'): string => `${name}=${world.lines.get(name)?.left}`;
  return { A: port('A'), C: port('C'), OTHER: port('gate-1'), GATE: port('gate-2') };
}

const COINS =
  '$V coins --charter charter.cbor --chain $URL --chain-cookie chain/.cookie --lookahead 5 > coins.jsonl';
const DRAFT =
  '$V draft --charter charter.cbor --coins coins.jsonl --intents intents.jsonl --screen "$SCREEN"';
const SIGN = '$V sign --charter charter.cbor --key vault-1.key --state oneshot --port "$A" --port "$C"';
const CLEAR = '$V clear --charter charter.cbor --key vault-1.key --state oneshot --port "$GATE"';

/** An intent whose home is gate-2, by the command that a requester would use. */
function intentCommand(amount: number): string {
  const { height } = world.chain.node.chain.tip;
  const id = `00000001${Buffer.from(crypto.getRandomValues(new Uint8Array(12))).toString('hex')}`;
  const wish = `--to ${addressOf(world, 3)} --amount ${amount} --height ${height} --id ${id}`;
  return `$V intent --charter charter.cbor --requester-key exchange.key --requester exchange ${wish}`;
}

test('signers that have just started sign nothing before every gate has said what it has seen of them', async () => {
  await run(`${COINS}; ${intentCommand(140_000)} > intents.jsonl; ${DRAFT} > draft.jsonl`);
  const early = await run(`${SIGN} < draft.jsonl`);
  expect(early.stderr).toContain('A has started and wants the witness of gate-1, gate-2');
  expect(early.stderr).toContain('UNWITNESSED');
  expect(early.status).toBe(3);
  const own = '--charter charter.cbor --key vault-1.key --state oneshot';
  const gates = '--gate "$OTHER" --gate "$GATE"';
  const told = await run(`$V witness ${own} --port "$A" ${gates} --json`);
  expect(JSON.parse(told.stdout)).toEqual({ witnessed: [{ signer: 'A', gates: ['gate-1', 'gate-2'] }] });
  // The other one is told on the way. Once is enough for a start.
  const signed = await run(`${SIGN} ${gates} < draft.jsonl`);
  expect(signed).toMatchObject({ status: 0 });
  expect(signed.stdout.split('\n').filter((line) => line.includes('signed'))).toHaveLength(2);
});

test('draft, sign and clear are filters of one shell pipe that ends in a transaction the node takes', async () => {
  const made = await run(
    `${COINS}; { ${intentCommand(150_000)}; ${intentCommand(250_000)}; } > intents.jsonl; ` +
      `${DRAFT} | ${SIGN} | ${CLEAR}`,
  );
  expect(made.stderr).toContain('pays   0.00250000 BTC');
  expect(made.status).toBe(0);
  const hex = made.stdout.trim();
  expect(hex).toMatch(/^02000000000101[0-9a-f]+$/);
  const node = connectCore(world.chain.url, { kind: 'cookie', file: world.chain.cookieFile });
  expect(await node.broadcast(fromHex(hex))).toEqual({ kind: 'accepted' });
  mine(world);
});

test('the change of the first transaction pays the next one, signed by one signer after the other', async () => {
  const alone = (port: string): string =>
    `$V sign --charter charter.cbor --key vault-1.key --state oneshot --port "$${port}"`;
  const made = await run(
    `${COINS}; ${intentCommand(120_000)} > intents.jsonl; ` +
      `${DRAFT} | ${alone('A')} | ${alone('C')} | ${CLEAR}`,
  );
  expect(made.stderr).toContain('wallet 0, 1/0');
  expect(made.stdout.trim()).toMatch(/^02000000000101[0-9a-f]+$/);
  expect(made.status).toBe(0);
});

test('what another wallet drafted on the descriptor goes the same way, and not a sat of it otherwise', async () => {
  await run(`${COINS}; { ${intentCommand(110_000)}; ${intentCommand(90_000)}; } > intents.jsonl`);
  const read = (name: string) => readFileSync(join(world.directory, name), 'utf8').trim().split('\n');
  const rows: { coin?: CoinElsewhere }[] = read('coins.jsonl').map((line) => JSON.parse(line));
  const [coin] = rows.flatMap((row) => row.coin ?? []).sort((a, b) => Number(b.amount) - Number(a.amount));
  if (coin === undefined) throw new Error('no coin');
  const intents = read('intents.jsonl').map((line): string => JSON.parse(line).intent);
  const { keys } = world.scripts.wallet;
  const put = (name: string, one: CoinElsewhere, to: readonly string[]) =>
    writeFileSync(join(world.directory, name), `${draftElsewhere(keys, one, to, 3000n, 2)}\n`);
  put('spend.psbt', coin, [...intents].reverse());
  const made = await run(`${DRAFT} --psbt spend.psbt | ${SIGN} | ${CLEAR}`);
  expect(made.stderr).toContain('fee    0.00003000 BTC');
  expect(made.stdout.trim()).toMatch(/^02000000000101[0-9a-f]+$/);
  expect(made.status).toBe(0);
  // What is refused is refused whole: nothing on standard output, nobody is asked, no line's log grows; and the good one works again.
  const logs = () =>
    spawnSync('sh', ['-c', 'cat oneshot/lines/*/evidence-* | sha256sum'], {
      cwd: world.directory,
    }).stdout.toString();
  const before = logs();
  put('lie.psbt', { ...coin, amount: String(BigInt(coin.amount) - 1n) }, intents);
  const lie = await run(`${DRAFT} --psbt lie.psbt`);
  expect(lie.stderr).toContain('[AMOUNT_MISMATCH]');
  expect(lie).toMatchObject({ status: 4, stdout: '' });
  put('less.psbt', coin, intents.slice(0, 1));
  const less = await run(`${DRAFT} --psbt less.psbt`);
  expect(less.stderr).toContain('intent 2 is not paid by it');
  expect([less.status === 0, less.stdout]).toEqual([false, '']);
  writeFileSync(join(world.directory, 'noise.psbt'), 'cHNidP8=');
  const noise = await run(`${DRAFT} --psbt noise.psbt`);
  expect(noise.stderr).toContain('[PSBT_FORM]');
  expect(noise).toMatchObject({ status: 4, stdout: '' });
  expect(logs()).toBe(before);
  expect(await run(`${DRAFT} --psbt spend.psbt`)).toMatchObject({ status: 0 });
});

test('a refusal of the signers is exit code 3 with its code', async () => {
  const unscreened = await run(
    `${COINS}; ${intentCommand(130_000)} > intents.jsonl; ` +
      `${DRAFT.replace('--screen "$SCREEN"', '')} > draft.jsonl; ${SIGN} < draft.jsonl`,
  );
  expect(unscreened.stderr).toContain('SCREENING');
  expect(unscreened.status).toBe(3);
});

test('what is not a line of the pipe is bad input, and unclear ports are a usage error', async () => {
  writeFileSync(join(world.directory, 'noise.txt'), 'noise\n');
  expect((await run(`${SIGN} < noise.txt`)).status).toBe(4);
  const path = world.lines.get('A')?.left ?? '';
  const unclear = await run(
    `$V sign --charter charter.cbor --key vault-1.key --state oneshot --port ${path} < noise.txt`,
  );
  expect(unclear.stderr).toContain('A, B, C');
  expect(unclear.status).toBe(2);
  expect(readFileSync(join(world.directory, 'coins.jsonl'), 'utf8')).toContain('"tip"');
});
