/**
 * `coldwire-vault draft --psbt`: takes a PSBT that another wallet drafted on our descriptor instead of planning anew, and writes
 * the same lines. Refuses whatever is not exactly our coins to exactly the given intents and own change (draft/import.ts), and a
 * coin that the node's list has otherwise or not at all.
 */
import { readFileSync } from 'node:fs';
import { EXIT, Failure } from '@coldwire/program';
import type { Draft } from '@coldwire/protocol';
import { outpointKey } from '@coldwire/wallet';
import { readPsbt } from '@coldwire/wallet/import/psbt.ts';
import { PSBT_MAGIC } from '@coldwire/wallet/import/psbt-maps.ts';
import { importDraft } from '../draft/index.ts';
import { assertRequested, type DraftOptions, writeRequest } from './draft.ts';
import type { CoinRow } from './lines.ts';

export interface ImportOptions
  extends Pick<DraftOptions, 'charter' | 'scripts' | 'coins' | 'intents' | 'screens'> {
  /** The file: bytes as BIP-174 has them, or base64 as wallets print it. */
  readonly psbt: string;
}

export async function writeImported(options: ImportOptions): Promise<void> {
  const { charter, scripts, coins, intents, screens, psbt: path } = options;
  const tip = coins.find((line) => line.kind === 'tip')?.tip;
  if (intents.length === 0 || (tip === undefined && screens.length > 0)) {
    throw new Failure(EXIT.BAD_INPUT, {
      what: intents.length === 0 ? 'there is no intent' : 'a screen is asked at a height, and there is none',
      where: intents.length === 0 ? '--intents' : '--coins',
      todo: 'Give one signed intent a line, and what coldwire-vault coins wrote.',
    });
  }
  assertRequested(intents, charter);
  const read = readPsbt(decodeFile(readFileSync(path)));
  if (!read.ok) {
    const at = read.fault.at === undefined ? '' : ` (byte ${read.fault.at})`;
    throw bad(path, `${read.fault.detail}${at}`, read.fault.code);
  }
  const imported = importDraft(read.value, scripts, intents);
  if (imported.kind === 'unfit') throw bad(path, imported.what, imported.code);
  if (tip !== undefined)
    assertCoins(
      imported.draft,
      coins.flatMap((line) => (line.kind === 'coin' ? [line] : [])),
      path,
    );
  await writeRequest(imported.draft, options, tip?.height ?? 0);
}

function bad(path: string, what: string, code: string | undefined): Failure {
  return new Failure(EXIT.BAD_INPUT, {
    ...(code === undefined ? {} : { code }),
    what,
    where: path,
    todo:
      code === undefined
        ? 'Give exactly the intents that it pays.'
        : 'protocol-spec/codes.json says for each code what to do.',
  });
}

/** What is neither the bytes nor base64 comes back as it is, and is then no PSBT. */
function decodeFile(file: Uint8Array): Uint8Array {
  if (PSBT_MAGIC.every((byte, at) => file[at] === byte)) return file;
  const text = Buffer.from(file).toString('latin1').trim();
  const canonical = Buffer.from(text, 'base64');
  return canonical.toString('base64') === text ? new Uint8Array(canonical) : file;
}

/** Signers know a coin by its own transaction; what the PSBT says of its amount must be the same. */
function assertCoins({ inputs }: Draft, rows: readonly CoinRow[], path: string): void {
  const known = new Map(rows.map(({ coin }) => [outpointKey(coin), coin.amount]));
  for (const [txid, vout, amount] of inputs) {
    const name = outpointKey({ txid, vout });
    const real = known.get(name);
    if (real === undefined) throw bad(path, `${name} is not among the coins`, 'UNKNOWN_OUTPOINT');
    if (real !== amount) throw bad(path, `${name} holds ${real} sat, not ${amount}`, 'AMOUNT_MISMATCH');
  }
}
