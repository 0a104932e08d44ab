/**
 * What comes into the console's FIFO, cut into lines `COMMAND ANSWER`. Drops lines that name no answer, and of a line that is
 * longer than any of ours all but its end: whatever is written, little of it is kept.
 */

export const COMMANDS = ['status', 'lock', 'unseal', 'freeze', 'order', 'check'] as const;
export type Command = (typeof COMMANDS)[number];

/** Names of clients' FIFOs: nothing else in the state directory, and nothing outside of it. */
export const ANSWER = /^console-answer-[0-9a-f]{16}$/;
/** A write of at most this many bytes is never mixed with another's (PIPE_BUF). */
export const LINE_MAX = 4096;

/** `command` is undefined if there is none of that name. */
export interface ConsoleRequest {
  readonly command: Command | undefined;
  readonly answer: string;
}

export class ConsoleLines {
  #line = '';

  /** The requests that these bytes complete, in order. */
  push(bytes: Uint8Array): ConsoleRequest[] {
    const requests: ConsoleRequest[] = [];
    this.#line = (this.#line + new TextDecoder().decode(bytes)).slice(-LINE_MAX);
    for (let end = this.#line.indexOf('\n'); end >= 0; end = this.#line.indexOf('\n')) {
      const request = readLine(this.#line.slice(0, end).trim());
      if (request !== undefined) requests.push(request);
      this.#line = this.#line.slice(end + 1);
    }
    return requests;
  }
}

function readLine(text: string): ConsoleRequest | undefined {
  const [word, answer, ...more] = text.split(' ');
  if (answer === undefined || !ANSWER.test(answer) || more.length > 0) return undefined;
  return { command: COMMANDS.find((known) => known === word), answer };
}
