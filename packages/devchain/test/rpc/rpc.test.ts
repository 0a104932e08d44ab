import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseBlock } from '../../src/primitives/block.ts';
import { type Devchain, startDevchain } from '../../src/start.ts';
import { coinbaseCoin, scriptOf } from '../harness.ts';
import { addressOf, rawOf, spend } from '../signing.ts';

let devchain: Devchain;
let dir = '';
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'coldwire-devchain-'));
  devchain = await startDevchain({ dir });
  await result('generatetoaddress', 125, addressOf('p2wpkh'));
});
afterAll(async () => {
  await devchain.stop();
  rmSync(dir, { recursive: true });
});

async function post(body: string, credentials = readFileSync(devchain.cookieFile, 'utf8')) {
  const response = await fetch(devchain.url, {
    method: 'POST',
    headers: { Authorization: `Basic ${Buffer.from(credentials).toString('base64')}` },
    body,
  });
  return { status: response.status, text: await response.text() };
}

async function call(method: string, ...params: unknown[]) {
  const { status, text } = await post(JSON.stringify({ jsonrpc: '1.0', id: 'x', method, params }));
  return { status, ...JSON.parse(text) };
}

async function result(method: string, ...params: unknown[]) {
  const answer = await call(method, ...params);
  if (answer.error !== null) throw new Error(`${method}: ${JSON.stringify(answer.error)}`);
  return answer.result;
}

const errorOf = async (method: string, ...params: unknown[]) => (await call(method, ...params)).error;

let height = 0;
/** A transaction that pays from the next mature coinbase. */
function payment(fee: bigint, at = ++height) {
  const coin = { ...coinbaseCoin(devchain.node, at), kind: 'p2wpkh' as const };
  return spend({ coins: [coin], outputs: [{ script: scriptOf('p2wsh'), amount: coin.amount - fee }] });
}

describe('the server', () => {
  it('keeps its cookie private and refuses other credentials', async () => {
    expect(statSync(devchain.cookieFile).mode & 0o777).toBe(0o600);
    expect((await post('{}', '__cookie__:wrong')).status).toBe(401);
    expect((await fetch(devchain.url, { method: 'POST', body: '{}' })).status).toBe(401);
  });

  it('takes POST only', async () => {
    const Authorization = `Basic ${Buffer.from(readFileSync(devchain.cookieFile, 'utf8')).toString('base64')}`;
    expect((await fetch(devchain.url, { headers: { Authorization } })).status).toBe(405);
  });

  it('answers versions 1.0 and 2.0, batches and notifications as Bitcoin Core does', async () => {
    expect(JSON.parse((await post('{"method":"getblockcount","id":7}')).text)).toEqual({
      result: 125,
      error: null,
      id: 7,
    });
    const modern = await post('{"jsonrpc":"2.0","method":"nope","id":1}');
    expect([modern.status, JSON.parse(modern.text)]).toEqual([
      200,
      { jsonrpc: '2.0', error: { code: -32601, message: 'Method not found' }, id: 1 },
    ]);
    expect((await post('{"jsonrpc":"2.0","method":"uptime"}')).status).toBe(204);
    const batch = await post('[{"method":"getblockcount","id":1},{"method":"nope","id":2},3]');
    expect(JSON.parse(batch.text)).toMatchObject([
      { result: 125, id: 1 },
      { error: { code: -32601 }, id: 2 },
      { error: { code: -32600 } },
    ]);
  });

  it('gives bad requests the error and HTTP status of Bitcoin Core', async () => {
    expect(await post('{')).toMatchObject({ status: 500, text: expect.stringContaining('-32700') });
    expect(await post('{"method":1}')).toMatchObject({ status: 400 });
    expect(await call('nope')).toMatchObject({ status: 404 });
    expect(await errorOf('getblockhash', 'one')).toMatchObject({ code: -3 });
    expect(await errorOf('getblockhash', 126)).toEqual({ code: -8, message: 'Block height out of range' });
    expect(await errorOf('getblock', '00')).toMatchObject({ code: -8 });
    expect(await errorOf('getblock', '00'.repeat(32))).toEqual({ code: -5, message: 'Block not found' });
  });

  it('writes amounts with eight decimals, not as a rounded float', async () => {
    const { text } = await post('{"method":"getmempoolinfo"}');
    expect(text).toContain('"mempoolminfee":0.00001000');
  });
});

describe('the chain calls', () => {
  it('show one block in four forms that agree', async () => {
    const hash = await result('getblockhash', 5);
    const raw = await result('getblock', hash, 0);
    const block = parseBlock(Uint8Array.from(Buffer.from(raw, 'hex')));
    const ids = await result('getblock', hash);
    const full = await result('getblock', hash, 2);
    expect(ids).toMatchObject({ hash, height: 5, confirmations: 121, nTx: 1, size: raw.length / 2 });
    expect(ids.tx).toEqual(block.transactions.map(({ txid }) => txid));
    expect(full.tx[0]).toMatchObject({ txid: ids.tx[0], vout: [{ value: 50, n: 0 }, { value: 0 }] });
    expect(full.tx[0].vout[0].scriptPubKey).toMatchObject({
      address: addressOf('p2wpkh'),
      type: 'witness_v0_keyhash',
    });
    expect(await result('getblockheader', hash, false)).toBe(raw.slice(0, 160));
    const header = await result('getblockheader', hash);
    expect(header).toMatchObject({ height: 5, nextblockhash: await result('getblockhash', 6) });
    expect(header.previousblockhash).toBe(await result('getblockhash', 4));
  });

  it('describe the chain', async () => {
    expect(await result('getblockchaininfo')).toMatchObject({ chain: 'regtest', blocks: 125, pruned: false });
    expect(await result('getbestblockhash')).toBe(await result('getblockhash', 125));
    expect(await result('getnetworkinfo')).toMatchObject({ version: 250000, networkactive: false });
    expect(await result('uptime')).toBeGreaterThanOrEqual(0);
  });

  it('show a coin until it is spent', async () => {
    const tx = payment(10_000n);
    const { txid } = coinbaseCoin(devchain.node, height);
    expect(await result('gettxout', txid, 0)).toMatchObject({ coinbase: true, value: 50 });
    await result('sendrawtransaction', hexOf(rawOf(tx)));
    expect(await result('gettxout', txid, 0)).toBeNull();
    expect(await result('gettxout', txid, 0, false)).toMatchObject({ value: 50 });
    expect(await result('gettxout', tx.id, 0)).toMatchObject({
      confirmations: 0,
      value: 49.9999,
      coinbase: false,
    });
    await result('generatetoaddress', 1, addressOf('p2wpkh'));
    expect(await result('gettxout', tx.id, 0)).toMatchObject({ confirmations: 1 });
  });

  it('prove a transaction in the form of BIP-37', async () => {
    const txs = [payment(10_000n), payment(10_000n), payment(10_000n)];
    for (const tx of txs) await result('sendrawtransaction', hexOf(rawOf(tx)));
    const [hash] = await result('generatetoaddress', 1, addressOf('p2wpkh'));
    const proof = await result('gettxoutproof', [txs[1]?.id], hash);
    // Header, four transactions, three hashes: both leaves of the pair and the other pair's node.
    const ids = (await result('getblock', hash)).tx;
    const position = ids.indexOf(txs[1]?.id);
    const internal = (id: string): string => hexOf(Uint8Array.from(Buffer.from(id, 'hex')).reverse());
    expect(proof.slice(0, 160)).toBe(await result('getblockheader', hash, false));
    expect(proof.slice(160, 170)).toBe('0400000003');
    expect(proof).toContain(internal(ids[position]));
    expect(proof).toContain(internal(ids[position ^ 1]));
    expect(await errorOf('gettxoutproof', ['11'.repeat(32)], hash)).toMatchObject({ code: -5 });
  });
});

describe('sendrawtransaction', () => {
  const send = (tx: ReturnType<typeof payment>) => errorOf('sendrawtransaction', hexOf(rawOf(tx)));

  it('takes a transaction, and again while it waits', async () => {
    const tx = payment(10_000n);
    expect(await result('sendrawtransaction', hexOf(rawOf(tx)))).toBe(tx.id);
    expect(await result('sendrawtransaction', hexOf(rawOf(tx)))).toBe(tx.id);
    expect(await result('getrawmempool')).toContain(tx.id);
    const entry = { vsize: tx.vsize, fees: { base: 0.0001 }, ancestorcount: 1, depends: [] };
    expect(await result('getmempoolentry', tx.id)).toMatchObject(entry);
    expect((await result('getrawmempool', true))[tx.id]).toMatchObject(entry);
    expect(await result('getrawtransaction', tx.id)).toBe(hexOf(rawOf(tx)));
    await result('generatetoaddress', 1, addressOf('p2wpkh'));
    expect(await send(tx)).toEqual({ code: -27, message: 'Transaction outputs already in utxo set' });
    const mined = await result('getrawtransaction', tx.id, true);
    expect(mined).toMatchObject({ confirmations: 1, hex: hexOf(rawOf(tx)), txid: tx.id });
    expect(await result('getrawtransaction', tx.id, 1, mined.blockhash)).toMatchObject({
      in_active_chain: true,
    });
  });

  it('gives the codes and words of Bitcoin Core for what it refuses', async () => {
    expect(await errorOf('sendrawtransaction', 'zz')).toMatchObject({ code: -22 });
    expect(await send(payment(0n))).toEqual({ code: -26, message: 'min relay fee not met' });
    const spent = payment(50_000n, 1);
    expect(await send(spent)).toEqual({ code: -25, message: 'bad-txns-inputs-missingorspent' });
    expect(await send(payment(4_000_000_000n))).toMatchObject({
      code: -25,
      message: expect.stringContaining('Fee exceeds'),
    });
    expect(await errorOf('getrawtransaction', '11'.repeat(32))).toMatchObject({ code: -5 });
    expect(await errorOf('getmempoolentry', '11'.repeat(32))).toEqual({
      code: -5,
      message: 'Transaction not in mempool',
    });
  });

  it('is foretold by testmempoolaccept, which changes nothing', async () => {
    const good = payment(10_000n);
    const bad = payment(1n);
    const before = await result('getrawmempool');
    const [yes] = await result('testmempoolaccept', [hexOf(rawOf(good))]);
    const [no] = await result('testmempoolaccept', [hexOf(rawOf(bad))]);
    expect(yes).toMatchObject({ txid: good.id, allowed: true, vsize: good.vsize, fees: { base: 0.0001 } });
    expect(no).toMatchObject({ allowed: false, 'reject-reason': 'min relay fee not met' });
    expect(await result('getrawmempool')).toEqual(before);
  });
});

describe('the mining calls', () => {
  it('mine exactly the named transactions', async () => {
    const [first, second] = [payment(10_000n), payment(10_000n)];
    await result('sendrawtransaction', hexOf(rawOf(first)));
    const { hash } = await result('generateblock', addressOf('p2tr'), [hexOf(rawOf(second))]);
    expect((await result('getblock', hash)).tx.slice(1)).toEqual([second.id]);
    expect(await result('getrawmempool')).toEqual([first.id]);
    const unsent = await result('generateblock', addressOf('p2tr'), [first.id], false);
    expect(await result('getbestblockhash')).toBe(hash);
    expect(await result('submitblock', unsent.hex)).toBeNull();
    expect(await result('submitblock', unsent.hex)).toBe('duplicate');
    expect(await result('getbestblockhash')).toBe(unsent.hash);
    expect(await errorOf('submitblock', '00')).toEqual({ code: -22, message: 'Block decode failed' });
  });

  it('take blocks out and put them back', async () => {
    const before = await result('getblockchaininfo');
    const back = await result('getblockhash', before.blocks - 1);
    await result('invalidateblock', back);
    expect(await result('getblockcount')).toBe(before.blocks - 2);
    expect(await result('getblockheader', back)).toMatchObject({ confirmations: -1 });
    await result('reconsiderblock', back);
    expect(await result('getbestblockhash')).toBe(before.bestblockhash);
  });

  it('refuse an address of another network', async () => {
    expect(await errorOf('generatetoaddress', 1, 'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4')).toMatchObject(
      { code: -5 },
    );
  });
});

describe('estimatesmartfee', () => {
  it('has no estimate without transactions, and then the median of the newest blocks', async () => {
    const empty = mkdtempSync(join(tmpdir(), 'coldwire-devchain-'));
    const other = await startDevchain({ dir: empty });
    const body = '{"method":"estimatesmartfee","params":[6]}';
    const Authorization = `Basic ${Buffer.from(readFileSync(other.cookieFile, 'utf8')).toString('base64')}`;
    const answer = await (
      await fetch(other.url, { method: 'POST', headers: { Authorization }, body })
    ).json();
    await other.stop();
    rmSync(empty, { recursive: true });
    expect(answer).toMatchObject({ result: { errors: ['Insufficient data or no feerate found'] } });
    const tx = payment(20_000n);
    await result('sendrawtransaction', hexOf(rawOf(tx)));
    await result('generatetoaddress', 12, addressOf('p2wpkh'));
    // Blocks further back do not count: this is the only transaction of the newest twelve.
    const { feerate } = await result('estimatesmartfee', 6);
    expect(Math.round(feerate * 1e8)).toBe(Math.floor(20_000_000 / tx.vsize));
  });
});
