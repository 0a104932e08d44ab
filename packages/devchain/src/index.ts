/** An embedded regtest chain with a Bitcoin Core-shaped JSON-RPC, for demos and tests only. */
export { addressToScript, scriptToAddress } from './primitives/address.ts';
export { type Devchain, type DevchainOptions, startDevchain } from './start.ts';
