// A signer on an older copy of its disk, its vault, and somebody between them who has heard everything and has no key, in any
// order. No message is taken twice or out of turn, the vault takes each number that it is given, and the line always comes back.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { inForm } from '../../../../test/world/form.ts';
import {
  type Chain,
  judgeMessage,
  lookAhead,
  type Message,
  messageHash,
  planResumption,
  type Resume,
  recordReceived,
  recordSent,
  START,
} from '../../src/index.ts';
import { made } from './samples.ts';
import { CHARTER, claim, headerOf, hear, hello, make, talk } from './talk.ts';

type Life = 'ask' | 'tell' | 'down' | 'up' | 'copy';
/** What a connection is: the vault's, cut after so many messages, or a liar's, who names places and replays what he has heard. */
type Connection =
  | { readonly kind: 'vault'; readonly cut: number }
  | { readonly kind: 'liar'; readonly own: number; readonly theirs: number; readonly from: number };

class Town {
  vault: Chain = talk(0).vault;
  signer: Chain = talk(0).signer;
  readonly asked: Message[] = [];
  readonly told: Message[] = [];
  #copy = this.signer;
  #session = 1;

  ask(): Message {
    const message = make(this.vault);
    this.vault = recordSent(this.vault, message);
    this.asked.push(message);
    return message;
  }

  /** Nothing at a place that is only claimed. */
  tell(): readonly Message[] {
    if (this.signer.proven !== undefined) return [];
    const message = make(this.signer, this.#session);
    this.signer = recordSent(this.signer, message);
    this.told.push(message);
    return [message];
  }

  live(life: readonly Life[]): void {
    const down: Message[] = [];
    const up: Message[] = [];
    for (const step of life) {
      if (step === 'ask') down.push(this.ask());
      else if (step === 'tell') up.push(...this.tell());
      else if (step === 'copy') this.#copy = this.signer;
      else if (step === 'down') up.push(...this.#carryDown(down.splice(0, 1)));
      else this.#carryUp(up.splice(0, 1));
    }
    this.signer = this.#copy;
    this.#session = 2;
  }

  /** @returns what the signer said to them; undefined behind the first that ends the connection */
  #carryDown(messages: readonly Message[]): readonly Message[] {
    const said: Message[] = [];
    for (const message of messages) {
      const judged = judgeMessage(this.signer, CHARTER, message);
      if (judged.kind === 'fault' && judged.fault.code !== 'REPLAY') break;
      if (judged.kind === 'ahead') this.signer = lookAhead(this.signer, judged);
      if (judged.kind === 'ahead' && judged.isProof) break;
      if (judged.kind !== 'new') continue;
      expect(judged.received.header.seq).toBe(this.signer.theirs.seq + 1);
      this.signer = recordReceived(this.signer, message, judged.received.header);
      said.push(...this.tell());
    }
    return said;
  }

  #carryUp(messages: readonly Message[]): void {
    for (const message of messages)
      this.vault = recordReceived(this.vault, message, headerOf(this.vault, message));
  }

  connect(cut: number): void {
    const { theirs } = this.signer;
    this.signer = hear(this.signer, hello(this.vault));
    const plan = planResumption(this.signer, this.vault.theirs);
    if (plan.kind === 'fault') throw new Error(plan.fault.detail);
    const greeting = this.tell();
    const known = planResumption(this.vault, theirs);
    // A signer that has forgotten what it acknowledged is sent all that it has not.
    const again = known.kind === 'resend' ? known.messages : this.vault.sent;
    const down = [...again, this.ask()];
    const up = [...plan.messages, ...greeting, ...this.#carryDown(down.slice(0, cut))];
    this.#carryUp(up.slice(0, cut));
  }

  lie(said: Resume, from: number): void {
    this.signer = hear(this.signer, said);
    this.#carryDown(this.asked.slice(from % (this.asked.length + 1)));
  }

  /** A place of the line as it was, or none. */
  placeOf(messages: readonly Message[], at: number): Chain['mine'] {
    const message = messages[at];
    if (message === undefined) return at % 2 === 0 ? START : { seq: at, hash: made('x') };
    return { seq: at + 1, hash: messageHash(message.header) };
  }
}

const life = fc.constantFrom<Life>('ask', 'tell', 'down', 'up', 'ask', 'tell', 'down', 'up', 'copy');
const number = fc.nat({ max: 30 });
const connection: fc.Arbitrary<Connection> = fc.oneof(
  fc.record({ kind: fc.constant('vault' as const), cut: number }),
  fc.record({ kind: fc.constant('liar' as const), own: number, theirs: number, from: number }),
);

it('a line with a liar on it comes back after a loss, whatever was under way', () => {
  const lives = fc.array(life, { minLength: 10, maxLength: 60 });
  fc.assert(
    fc.property(lives, fc.array(connection, { maxLength: 6 }), (before, connections) => {
      const town = new Town();
      town.live(before);
      for (const one of connections) {
        if (one.kind === 'vault') town.connect(one.cut);
        else {
          const { seq, hash } = town.placeOf(town.asked, one.theirs);
          town.lie(claim(town.placeOf(town.told, one.own), seq, hash), one.from);
        }
      }
      for (let time = 0; time < 4; time += 1) town.connect(1000);
      expect(town.signer.proven).toBeUndefined();
      expect(town.signer.theirs).toEqual(town.vault.mine);
      expect(town.vault.theirs.seq).toBeGreaterThan(0);
      expect(town.vault.theirs).toEqual(town.signer.mine);
    }),
    { numRuns: inForm(60, 1_500) },
  );
});
