/** The one-shot commands. */
import type { Command } from 'commander';

export function addOneshot(_program: Command): void {}
