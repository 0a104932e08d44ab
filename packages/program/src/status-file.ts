/**
 * A running program's word about itself for `status`: one JSON object in its state directory, replaced whole, not synced. It
 * names the process that wrote it, so that a word of the past is not taken for one of today.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { EXIT } from './exit.ts';
import { Failure } from './failure.ts';
import { type JsonValue, toJsonLine } from './output.ts';

export type StatusFields = { readonly [key: string]: JsonValue };

const NAME = 'status.json';
/** A program writes at least once a minute. */
const STALE_MS = 3 * 60_000;

/** A disk that is full must not end the program: then the last word stays, and grows stale. */
export function writeStatus(directory: string, status: StatusFields): void {
  const path = join(directory, NAME);
  try {
    const word = toJsonLine({ pid: process.pid, at: new Date().toISOString(), ...status });
    writeFileSync(`${path}.new`, `${word}\n`, { mode: 0o600 });
    renameSync(`${path}.new`, path);
  } catch {
    // Said by the disk watch.
  }
}

export interface ReadStatus {
  readonly fields: StatusFields;
  /** Whether the process that wrote it still runs and has written lately. */
  readonly alive: boolean;
}

/** @param program for the error text: "gate" @throws Failure if none has ever run here */
export function readStatus(directory: string, program: string): ReadStatus {
  let text: string;
  try {
    text = readFileSync(join(directory, NAME), 'utf8');
  } catch {
    throw new Failure(EXIT.IO, {
      what: `no ${program} has run on this state directory`,
      where: directory,
      todo: `Name the directory that it was started with, or start it: coldwire-${program} run.`,
    });
  }
  const fields: unknown = JSON.parse(text);
  if (!isFields(fields)) throw new Error(`${NAME} holds something else than an object`);
  const age = Date.now() - Date.parse(String(fields['at']));
  return { fields, alive: runs(Number(fields['pid'])) && age < STALE_MS };
}

function isFields(value: unknown): value is StatusFields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function runs(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.startsWith('Z') === false;
  } catch {
    return false;
  }
}
