/** Where targets put inputs that their readers want as files. */
import { join } from 'node:path';
import { workerData } from 'node:worker_threads';
import type { CampaignOrder } from './channel.ts';

const { scratch }: CampaignOrder = workerData;

/** @returns a path in the campaign's own directory; nothing is there yet */
export function scratchPath(name: string): string {
  return join(scratch, name);
}
