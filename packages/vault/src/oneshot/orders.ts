/** `coldwire-vault order`: carries custodians' orders to signers: through the running vault, or over ports of its own. */
import { readFileSync } from 'node:fs';
import { EXIT, Failure } from '@coldwire/program';
import { layOrder, readOrder } from '../serve/orders.ts';
import { Away, freshId, type Peer, readRefusals } from '../serve/peer.ts';
import type { PortSpec } from '../serve/port-spec.ts';
import { Lines, nobody, type Opening } from './peers.ts';

export interface OrderAnswer {
  readonly file: string;
  readonly signer: string;
  /** Of the signer's refusal; empty: it was carried out. */
  readonly codes: readonly string[];
}

/** @throws Failure when no signer is there */
export async function bringOrders(
  files: readonly string[],
  opening: Omit<Opening, 'role' | 'tip'>,
  ports: readonly PortSpec[],
  waitMs: number,
): Promise<readonly OrderAnswer[]> {
  const orders = files.map((file) => ({ file, order: readOrder(new Uint8Array(readFileSync(file)), file) }));
  const open = new Lines({ ...opening, role: 'signer', tip: undefined }, ports);
  try {
    const ready = await open.gather(waitMs);
    if (ready.length === 0) throw nobody(open.peers);
    const answers: OrderAnswer[] = [];
    for (const { file, order } of orders) {
      const wanted = ready.filter(({ name }) => order.signer === null || order.signer === name);
      for (const signer of wanted)
        answers.push({ file, signer: signer.name, codes: await ask(signer, order) });
    }
    return answers;
  } finally {
    await open.stop();
  }
}

async function ask(signer: Peer, { type, body }: ReturnType<typeof readOrder>): Promise<readonly string[]> {
  try {
    const reply = await signer.ask(type, freshId(), body);
    return reply.type === 'DONE' ? [] : readRefusals(reply.body).map(({ code }) => code);
  } catch (error) {
    if (!(error instanceof Away)) throw error;
    throw new Failure(EXIT.IO, { what: `${signer.name} went away`, todo: 'Bring it the order again.' });
  }
}

export function layOrders(
  files: readonly string[],
  state: string,
): readonly { file: string; order: string }[] {
  return files.map((file) => ({ file, order: layOrder(state, file) }));
}
