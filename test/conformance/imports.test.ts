import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PACKAGES, packageNames, ROOT, readImports, sourcesOf, walkImports } from './import-graph.ts';

/** What each package may import of ours, and what for. Nothing else, and nothing in a circle. */
const MAY_IMPORT: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  protocol: {},
  program: { protocol: 'the escape of texts for people' },
  evidence: { protocol: 'the form of records', program: 'failures in words for people, state directories' },
  link: { protocol: 'frames and the machine of the link' },
  channel: {
    protocol: 'messages and their chain',
    link: 'the line below',
    evidence: 'nothing is taken or said before it is on disk',
    program: 'failures in words for people',
  },
  wallet: { protocol: 'bytes, results and faults' },
  policy: {
    protocol: 'charter, intents, drafts',
    wallet: 'scripts, sizes, transactions',
    program: 'what to do about a charter file that is not in force, in words: charter/open.ts alone',
  },
  signer: {
    protocol: 'messages and bodies',
    program: 'command line, exit codes',
    evidence: 'its memory',
    link: 'opening the port',
    channel: 'its line to the vault',
    wallet: 'building and hashing the transaction that it signs',
    policy: 'every rule',
  },
  custody: {
    protocol: 'the key block, the charter',
    program: 'command line, exit codes',
    policy: 'judging the charter that it builds',
    audit: 'coldwire-charter rehearse: recorded requests under a proposed charter',
    wallet: 'account paths, and the second implementation of points',
  },
  screen: { protocol: 'intents and verdicts', program: 'command line, exit codes', evidence: 'its record' },
  gate: {
    protocol: 'messages and bodies',
    program: 'command line, exit codes',
    evidence: 'its memory',
    link: 'opening the port',
    channel: 'its line to the vault',
    // Neither policy nor wallet: the final check shares no rule and no Bitcoin code with what it checks.
  },
  vault: {
    protocol: 'messages and bodies',
    program: 'command line, exit codes',
    evidence: 'its transcripts',
    link: 'opening the ports',
    channel: 'its lines to signers and gates',
    wallet: 'addresses, sizes, transactions, descriptors',
    policy: 'foreseeing what signers will refuse',
    screen: 'the form of its question',
  },
  audit: {
    protocol: 'messages and bodies',
    program: 'command line, exit codes',
    evidence: 'reading logs',
    channel: 'reading messages out of records',
    wallet: 'rebuilding transactions',
    policy: 'running the rules again',
    signer: 'running its pure core again',
    gate: 'running its pure core again',
  },
  devchain: { program: 'command line, exit codes' },
};

/** All that a signer loads from outside, whatever the way. A new row here is a new part of what people must trust. */
const SIGNER_OUTSIDE = [
  '@noble/hashes/hmac.js',
  '@noble/hashes/legacy.js',
  '@noble/hashes/sha2.js',
  'cbor-x/index-no-eval',
  'commander',
];
/** Parts of Node that reach a network, run code from a text, or start other threads and processes. */
const DANGEROUS =
  /^node:(net|http|http2|https|tls|dgram|dns|inspector|cluster|worker_threads|child_process|vm|repl|wasi)/;

/** What of them a signer has all the same, and why. That not one network call comes of it strace shows. */
const SIGNER_DANGEROUS: Readonly<Record<string, string>> = {
  'packages/link/src/descriptor.ts node:net':
    'a Socket over a pipe, by name only: libuv reads it with read(2)',
  'packages/link/src/pty-pair.ts node:child_process': 'demos and tests: a relay between two pseudo-terminals',
  'packages/link/src/stty.ts node:child_process':
    'stty, on descriptors that are files: at start, and when a line comes back',
  'packages/signer/src/io/line-facts.ts node:child_process':
    'preflight asks stty how the line is set, with a file for its answer',
  'packages/signer/src/io/machine-facts.ts node:inspector': 'preflight asks whether an inspector listens',
  'packages/signer/src/run/console.ts node:child_process': 'mkfifo for the console',
};

const ownName = (file: string): string => relative(PACKAGES, file).split('/')[0] ?? '';

describe('imports between packages', () => {
  it('have a row for every package', () => {
    expect(Object.keys(MAY_IMPORT).sort()).toEqual([...packageNames()].sort());
  });

  it.each(packageNames())('of %s go only where the table says, and are named in its package.json', (name) => {
    const seen = new Set<string>();
    for (const file of sourcesOf(`packages/${name}/src`)) {
      for (const { specifier } of readImports(file)) {
        const [, target] = /^@coldwire\/([a-z]+)/.exec(specifier) ?? [];
        if (target === undefined) {
          expect(specifier.includes('packages/'), `${relative(ROOT, file)} imports ${specifier}`).toBe(false);
          continue;
        }
        seen.add(target);
        expect(Object.keys(MAY_IMPORT[name] ?? {}), `${relative(ROOT, file)} imports ${specifier}`).toContain(
          target,
        );
      }
    }
    const manifest: unknown = JSON.parse(readFileSync(join(PACKAGES, name, 'package.json'), 'utf8'));
    const text = JSON.stringify(manifest);
    for (const target of seen) expect(text, `package.json of ${name}`).toContain(`"@coldwire/${target}"`);
  });

  it('stay inside a package when they are relative', () => {
    for (const name of packageNames()) {
      for (const file of sourcesOf(`packages/${name}/src`)) {
        for (const { specifier } of readImports(file)) {
          if (!specifier.startsWith('.')) continue;
          expect(ownName(join(file, '..', specifier)), `${relative(ROOT, file)} imports ${specifier}`).toBe(
            name,
          );
        }
      }
    }
  });

  it('never go round', () => {
    const reach = (name: string, seen: Set<string>): Set<string> => {
      for (const target of Object.keys(MAY_IMPORT[name] ?? {})) {
        if (!seen.has(target)) reach(target, seen.add(target));
      }
      return seen;
    };
    for (const name of packageNames()) expect(reach(name, new Set()).has(name), name).toBe(false);
  });
});

describe('the whole of what a signer loads', () => {
  const signer = walkImports(join(PACKAGES, 'signer/src/main.ts'));

  it('is these packages from outside and no other: no curve, no scure, no age, no SLIP-39, no HTTP', () => {
    const outside = [...signer.outside.keys()].filter((specifier) => !specifier.startsWith('node:'));
    expect(outside.sort()).toEqual(SIGNER_OUTSIDE);
    expect(signer.files.size, 'the walk saw the whole program').toBeGreaterThan(100);
  });

  it('loads of the dangerous parts of Node what has its reason, where it has it', () => {
    const dangerous = [...signer.files].flatMap((file) =>
      readImports(join(ROOT, file))
        .filter(({ specifier, typeOnly }) => !typeOnly && DANGEROUS.test(specifier))
        .map(({ specifier }) => `${file} ${specifier}`),
    );
    expect(dangerous.sort()).toEqual(Object.keys(SIGNER_DANGEROUS).sort());
  });

  it('reaches nothing of gate, vault, screen, custody, audit or devchain', () => {
    const packages = new Set([...signer.files].map((file) => file.split('/')[1]));
    for (const name of ['gate', 'vault', 'screen', 'custody', 'audit', 'devchain']) {
      expect(packages.has(name), name).toBe(false);
    }
  });

  it('leaves the wallet files with curves and exports alone', () => {
    for (const file of signer.files) expect(file).not.toMatch(/wallet\/src\/(noble\.ts|export\/)/);
  });
});

describe('the whole of what a gate loads', () => {
  it('has no line of policy or wallet, and another stack for curves and transactions', () => {
    const gate = walkImports(join(PACKAGES, 'gate/src/main.ts'));
    const packages = new Set([...gate.files].map((file) => file.split('/')[1]));
    for (const name of ['policy', 'wallet', 'signer', 'vault', 'screen'])
      expect(packages.has(name), name).toBe(false);
    const outside = [...gate.outside.keys()];
    expect(outside.some((specifier) => specifier.startsWith('@scure/btc-signer'))).toBe(true);
    expect(outside).not.toContain('secp256k1');
    expect(outside).not.toContain('sodium-native');
  });
});

describe('pure code', () => {
  /** Directories that touch no disk, clock, port or process. */
  const PURE = [
    'packages/protocol/src',
    'packages/policy/src',
    'packages/signer/src/core',
    'packages/gate/src/core',
    'packages/screen/src/rules',
    'packages/vault/src/coins',
    'packages/vault/src/draft',
  ];
  /** Functions of their arguments alone. */
  const ALLOWED = ['node:crypto'];

  it.each(PURE)('%s imports nothing of Node that reads or writes', (directory) => {
    const files = sourcesOf(directory);
    expect(files.length).toBeGreaterThan(2);
    for (const file of files) {
      for (const { specifier, typeOnly } of readImports(file)) {
        if (typeOnly || !specifier.startsWith('node:')) continue;
        expect(ALLOWED, `${relative(ROOT, file)} imports ${specifier}`).toContain(specifier);
      }
      const text = readFileSync(file, 'utf8').replaceAll(/^\s*(?:\/\/|\*|\/\*\*?).*$/gm, '');
      expect(text, relative(ROOT, file)).not.toMatch(
        /\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\bperformance\.|\brandomBytes\b|\bprocess\.|\bconsole\./,
      );
    }
  });
});

describe('the walk that measures all this', () => {
  it('finds a curve where there is one, through other files', () => {
    const { outside } = walkImports(join(PACKAGES, 'wallet/src/noble.ts'));
    expect([...outside.keys()]).toContain('@noble/secp256k1');
    expect(walkImports(join(PACKAGES, 'devchain/src/main.ts')).outside.has('node:http')).toBe(true);
  });
});
