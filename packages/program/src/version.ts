/** Compares Node versions; pure, so that the check in `runtime.ts` can be tested. */

/** The oldest Node that every program runs on. */
export const OLDEST_NODE = 'v24.15.0';

/** Whether `version` ("v24.21.0") is older than `oldest`; an unreadable version counts as older. */
export function isOlder(version: string, oldest: string): boolean {
  const have = parse(version);
  const want = parse(oldest);
  if (have === null || want === null) return true;
  for (let i = 0; i < 3; i += 1) {
    const difference = (have[i] ?? 0) - (want[i] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

function parse(version: string): number[] | null {
  const match = /^v(\d+)\.(\d+)\.(\d+)$/.exec(version);
  return match === null ? null : match.slice(1).map(Number);
}
