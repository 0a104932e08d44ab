/** A screen that clears everything. */
import { createServer } from 'node:http';
import { hashIntent, hashVerdict } from '@coldwire/protocol';
import { readQuestion, writeAnswer } from '@coldwire/screen';
import { onTestFinished } from 'vitest';
import { identity } from '../../../policy/test/world.ts';

/**
 * Of the name screen-1.
 * @param meanwhile what happens between its question and its answer
 * @returns its address
 */
export async function startScreen(
  first: Uint8Array,
  meanwhile: () => void = () => undefined,
): Promise<string> {
  const server = createServer((asked, response) => {
    const chunks: Buffer[] = [];
    asked.on('data', (chunk: Buffer) => chunks.push(chunk));
    asked.on('end', () => {
      meanwhile();
      const question = readQuestion(JSON.parse(Buffer.concat(chunks).toString()));
      if (question === undefined) throw new Error('another question');
      const { intents, tipHeight: issued } = question;
      const hashes = intents.map(([intent]) => hashIntent(first, intent));
      const signature = identity('screen-1').sign(hashVerdict(first, issued, hashes));
      const cleared = [...intents.keys()];
      const verdict = { screen: 'screen-1', covers: cleared, issued, signature };
      response.end(writeAnswer({ cleared, held: [], verdict }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return `http://127.0.0.1:${address.port}`;
}
