/**
 * The programs of the bundle as single files of readable JavaScript. Refuses a program that would load anything but Node's
 * own modules when it runs: what is inside is what was reviewed and hashed.
 */
import { readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { build, type Metafile } from 'esbuild';

export const PROGRAMS = {
  signer: 'packages/signer/src/main.ts',
  gate: 'packages/gate/src/main.ts',
  custody: 'packages/custody/src/custody-main.ts',
  charter: 'packages/custody/src/charter-main.ts',
  audit: 'packages/audit/src/main.ts',
  vault: 'packages/vault/src/main.ts',
  screen: 'packages/screen/src/main.ts',
} as const;
export type ProgramName = keyof typeof PROGRAMS;

/** A package inside of a program. */
export interface Dependency {
  readonly name: string;
  readonly version: string;
  /** Directory below node_modules. */
  readonly path: string;
  /** Of its code in the program. */
  readonly bytes: number;
}

export interface Program {
  readonly name: ProgramName;
  readonly code: Uint8Array;
  readonly dependencies: readonly Dependency[];
}

/**
 * slip39 is CommonJS and asks for one module of Node's; nothing else can be asked for. Without this line esbuild's own
 * `require` throws.
 */
const REQUIRE = `import nodeCrypto from 'node:crypto';
const require = (name) => {
  if (name === 'crypto') return nodeCrypto;
  throw new Error(\`\${name} is not in this bundle\`);
};`;
const REQUIRED = /__require\d*\("([^"]+)"\)/g;

export async function buildProgram(root: string, name: ProgramName): Promise<Program> {
  const options = {
    absWorkingDir: root,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    charset: 'utf8',
    legalComments: 'inline',
    metafile: true,
    write: false,
    outfile: `${name}.mjs`,
    logLevel: 'warning',
  } as const;
  const entry = PROGRAMS[name];
  const plain = await build({ ...options, entryPoints: [entry] });
  const needed = requiredModules(plain.outputFiles[0]?.text ?? '');
  const strange = needed.filter((module) => module !== 'crypto');
  if (strange.length > 0) throw new Error(`${name} would load ${strange.join(', ')} when it runs`);
  const built =
    needed.length === 0 ? plain : await build({ ...options, entryPoints: [entry], banner: { js: REQUIRE } });
  const [file] = built.outputFiles;
  if (file === undefined) throw new Error(`esbuild gave no ${name}`);
  refuseForeignImports(name, built.metafile);
  return { name, code: file.contents, dependencies: listDependencies(root, built.metafile) };
}

function requiredModules(code: string): string[] {
  return [...new Set([...code.matchAll(REQUIRED)].map((match) => match[1] ?? ''))];
}

function refuseForeignImports(name: string, { outputs }: Metafile): void {
  const foreign = Object.values(outputs)
    .flatMap(({ imports }) => imports.map(({ path }) => path))
    .filter((path) => !isBuiltin(path));
  if (foreign.length > 0) throw new Error(`${name} imports ${foreign.join(', ')}, which is not in it`);
}

/** The npm packages whose code is in the program, by name. */
function listDependencies(root: string, { outputs }: Metafile): Dependency[] {
  const bytes = new Map<string, number>();
  for (const [path, { bytesInOutput }] of Object.values(outputs).flatMap(({ inputs }) =>
    Object.entries(inputs),
  )) {
    const directory = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1];
    if (directory !== undefined) bytes.set(directory, (bytes.get(directory) ?? 0) + bytesInOutput);
  }
  return [...bytes]
    .map(([path, size]) => ({ ...readPackage(root, path), path, bytes: size }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

export function readPackage(root: string, path: string): { readonly name: string; readonly version: string } {
  const manifest: unknown = JSON.parse(readFileSync(join(root, path, 'package.json'), 'utf8'));
  if (
    typeof manifest !== 'object' ||
    manifest === null ||
    !('name' in manifest) ||
    !('version' in manifest)
  ) {
    throw new Error(`${path}/package.json has no name or version`);
  }
  return { name: String(manifest.name), version: String(manifest.version) };
}
