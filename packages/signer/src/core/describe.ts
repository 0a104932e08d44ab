/** What a signer says of itself: its greeting on each connection and whenever something happened here, and its STATE. */
import { describeState as describePolicy, windowUse, witnessNonce } from '@coldwire/policy';
import { encode, equalBytes, Hello, Notice, type State } from '@coldwire/protocol';
import type { SignerChange } from './change.ts';
import type { Decision, Effect, Reading } from './event.ts';
import { isListed, type SignerState } from './state.ts';

export const SOFTWARE = 'coldwire 0.1.0';

/** A machine that started many times before it was unsealed tells the rest with its next greetings. */
const NOTICES_TOLD = 256;

/** What the vault is told first on each connection, and whenever something happened here. */
export function greet(state: SignerState, at: Reading): Decision {
  const hello: Effect = {
    kind: 'send',
    type: 'HELLO',
    request: null,
    body: encode(Hello, describeHello(state, at)),
  };
  const notices = state.notices
    .slice(0, NOTICES_TOLD)
    .map((notice): Effect => ({ kind: 'send', type: 'NOTICE', request: null, body: encode(Notice, notice) }));
  const told: SignerChange[] = notices.length === 0 ? [] : [{ kind: 'noticed', value: notices.length }];
  return { changes: told, effects: [hello, ...notices] };
}

function describeHello(state: SignerState, at: Reading): Hello {
  const { epoch, tipHeight, tipHash, frozen } = describePolicy(state.policy, at.uptime);
  const nonce = isListed(state) ? witnessNonce(state.policy) : undefined;
  const asks = nonce === undefined ? {} : { nonce };
  return { software: SOFTWARE, epoch, tipHeight, tipHash, frozen, ...asks, ...describeCharters(state, at) };
}

/** Nothing while the first charter is in force and none waits. */
function describeCharters({ policy }: SignerState, { uptime }: Reading): Pick<Hello, 'charter' | 'pending'> {
  const { charter, pending } = describePolicy(policy, uptime);
  const isFirst = equalBytes(charter, policy.charter.first);
  return { ...(isFirst ? {} : { charter }), ...(pending.length === 0 ? {} : { pending }) };
}

export function describeState(state: SignerState, at: Reading): State {
  const { millitick, coins } = describePolicy(state.policy, at.uptime);
  const { nonce: _, ...hello } = describeHello(state, at);
  return { ...hello, millitick, coins, windows: windowUse(state.policy, at.uptime) };
}
