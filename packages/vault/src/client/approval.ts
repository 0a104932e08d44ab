/** Approvals in a file, as `coldwire-custody approve --signature` writes them: one JSON object a line. */
import { EXIT, Failure } from '@coldwire/program';
import { type NamedApproval, readApproval } from '../api/index.ts';
import { readInput } from './input.ts';
import { parseJson } from './intent.ts';

/** @param path `-` for standard input @throws Failure naming the line */
export async function readApprovals(path: string): Promise<readonly NamedApproval[]> {
  const lines = (await readInput(path)).split('\n').map((line, place) => [line.trim(), place + 1] as const);
  return lines
    .filter(([line]) => line !== '')
    .map(([line, number]) => {
      const approval = readApproval(parseJson(line));
      if (approval !== undefined) return approval;
      throw new Failure(EXIT.BAD_INPUT, {
        what: `line ${number} is no approval`,
        where: path,
        todo: 'Give what coldwire-custody approve --signature wrote, one a line.',
      });
    });
}
