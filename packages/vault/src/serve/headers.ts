/**
 * HEADERS: from the last block that a signer shares with our node's best branch up to its tip, at most 150 a message.
 * A signer whose tip our node has never seen is asked further and further back, down to the charter's checkpoint.
 */
import { concatBytes, encode, equalBytes, Headers } from '@coldwire/protocol';
import { parseHeader } from '@coldwire/wallet';
import type { BlockId, Chain } from '../chain/index.ts';
import { readRefusals } from './peer.ts';
import type { Signer } from './signer.ts';
import { tipOf, type Vault } from './vault.ts';

const PER_MESSAGE = 150;
const PROGRESS_EVERY = 1500;

/** @throws Away; ChainError */
export async function feedHeaders(vault: Vault, signer: Signer): Promise<void> {
  let back = 1;
  let fed = 0;
  for (;;) {
    const from = await whereToBegin(vault, signer);
    if (equalBytes(from.hash, tipOf(vault.store).hash)) return;
    const headers = await vault.chain.headers(from.height + 1, PER_MESSAGE);
    const last = parseHeader(headers.at(-1) ?? new Uint8Array());
    if (!last.ok) return;
    const at = signer.hellos;
    const reply = await signer.request('HEADERS', encode(Headers, { headers: concatBytes(...headers) }));
    if (reply.type === 'DONE') {
      signer.known = { block: { height: from.height + headers.length, hash: last.value.hash }, at };
      fed += headers.length;
      if (fed % PROGRESS_EVERY === 0)
        vault.report.event('headers', { peer: signer.name, height: from.height + headers.length });
      continue;
    }
    const codes = readRefusals(reply.body).map(({ code }) => code);
    const { checkpointHeight } = vault.charter.charter.clock;
    if (!codes.includes('HEADER_LINK') || from.height <= checkpointHeight) {
      vault.report.alarm(codes[0] ?? 'MALFORMED', signer.name, 'it refuses the headers of our node');
      return;
    }
    const height = Math.max(checkpointHeight, from.height - back);
    back *= 2;
    const hash = await vault.chain.hashAt(height);
    if (hash === null) return;
    signer.known = { block: { height, hash }, at };
  }
}

/** A block of our best branch that the signer knows, or should. */
async function whereToBegin({ chain, charter }: Vault, signer: Signer): Promise<BlockId> {
  const { checkpointHeight, checkpoint } = charter.charter.clock;
  const start = parseHeader(checkpoint);
  if (!start.ok) throw new Error('the checkpoint of a loaded charter is a header');
  const bottom = { height: checkpointHeight, hash: start.value.hash };
  const { hello, known } = signer;
  const told = hello === undefined ? bottom : { height: hello.tipHeight, hash: hello.tipHash };
  const block = known !== undefined && known.at === signer.hellos ? known.block : told;
  const shared = await findShared(chain, block, checkpointHeight);
  if (shared !== undefined) return shared;
  // Our node has never seen it: begin a little below, and let the signer say whether it knows that.
  const tip = await chain.tip();
  const height = Math.max(checkpointHeight, Math.min(block.height, tip.height) - 6);
  const hash = await chain.hashAt(height);
  return hash === null ? bottom : { height, hash };
}

/** The newest ancestor of `block`, itself included, on the best branch; undefined when the node does not know the block. */
async function findShared(chain: Chain, block: BlockId, bottom: number): Promise<BlockId | undefined> {
  let at = block;
  while (at.height > bottom) {
    const hash = await chain.hashAt(at.height);
    if (hash !== null && equalBytes(hash, at.hash)) return at;
    const bytes = await chain.header(at.hash);
    const header = parseHeader(bytes ?? new Uint8Array());
    if (bytes === null || !header.ok) return undefined;
    at = { height: at.height - 1, hash: header.value.previous };
  }
  return at;
}
