/**
 * What preflight asks of a host and no machine for tests can promise: switches of its kernel, and a temporary directory on a
 * disk with room. Waived by name whenever a test starts a signer; everything else is judged as on a signer's machine.
 */
const HOST_ITEMS = ['ptrace', 'crash-kernel', 'sysrq', 'state-disk', 'state-space'];

export const WAIVE_HOST: readonly string[] = HOST_ITEMS.flatMap((name) => ['--waive', name]);
