/** The API as `coldwire-vault submit` and `status` use it. */
import { EXIT, Failure } from '@coldwire/program';
import { type Register, type SignedIntent, toHex } from '@coldwire/protocol';
import { describeFetchError } from '../screening/client.ts';
import { approvalJson, type NamedApproval } from './approvals.ts';

/** What the vault said: its JSON, or its refusal with a code. */
export type ApiResult =
  | { readonly kind: 'done'; readonly status: number; readonly value: unknown }
  | {
      readonly kind: 'refused';
      readonly status: number;
      readonly codes: readonly string[];
      readonly detail: string;
    };

const TIMEOUT_MS = 10_000;

/** Submits an intent. Safe to repeat after any failure: the intent's id decides. */
export function submitToVault(url: string, [intent, signature]: SignedIntent): Promise<ApiResult> {
  return post(url, '/v1/intents', { intent: toHex(intent), signature: toHex(signature) });
}

function post(url: string, path: string, value: unknown): Promise<ApiResult> {
  const body = JSON.stringify(value);
  return ask(url, path, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
}

/** Hands an approval in. Safe to repeat. */
export function approveAtVault(url: string, approval: NamedApproval): Promise<ApiResult> {
  return post(url, '/v1/approvals', approvalJson(approval));
}

/** Registers a destination. Safe to repeat. */
export function registerAtVault(url: string, { registration, signature }: Register): Promise<ApiResult> {
  return post(url, '/v1/registrations', { registration: toHex(registration), signature: toHex(signature) });
}

export function readVaultStatus(url: string): Promise<ApiResult> {
  return ask(url, '/v1/status', {});
}

export function readVaultWithdrawal(url: string, id: Uint8Array): Promise<ApiResult> {
  return ask(url, `/v1/withdrawals/${toHex(id)}`, {});
}

export function listVaultWithdrawals(url: string): Promise<ApiResult> {
  return ask(url, '/v1/withdrawals', {});
}

/** Hands in the file charter.cbor. Safe to repeat. */
export function submitCharter(url: string, file: Uint8Array): Promise<ApiResult> {
  const body = JSON.stringify({ charter: toHex(file) });
  return ask(url, '/v1/charters', { method: 'POST', headers: { 'content-type': 'application/json' }, body });
}

export function listCharters(url: string): Promise<ApiResult> {
  return ask(url, '/v1/charters', {});
}

export function requestAddress(url: string): Promise<ApiResult> {
  return ask(url, '/v1/addresses', { method: 'POST' });
}

/** @throws Failure when the vault cannot be reached or does not answer JSON */
async function ask(url: string, path: string, init: RequestInit): Promise<ApiResult> {
  let response: Response;
  let value: unknown;
  try {
    response = await fetch(new URL(path, url), {
      ...init,
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    value = await response.json();
  } catch (error) {
    const todo = 'Start coldwire-vault serve, or check the address.';
    throw new Failure(EXIT.IO, {
      what: `the vault: ${describeFetchError(error)}`,
      where: url,
      todo,
      cause: error,
    });
  }
  return response.ok ? { kind: 'done', status: response.status, value } : readRefusal(response.status, value);
}

function readRefusal(status: number, value: unknown): ApiResult {
  const none = { kind: 'refused', status, codes: ['INTERNAL'], detail: `status ${status}` } as const;
  if (typeof value !== 'object' || value === null || !('error' in value)) return none;
  const { error } = value;
  if (typeof error !== 'object' || error === null || !('code' in error) || !('detail' in error)) return none;
  const codes: readonly unknown[] =
    'codes' in error && Array.isArray(error.codes) ? error.codes : [error.code];
  return { kind: 'refused', status, codes: codes.map(String), detail: String(error.detail) };
}
