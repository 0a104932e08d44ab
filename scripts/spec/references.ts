/** Whatever names a part of the specification names one that exists: the README's files, and each source's section. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Finding, readFiles, readSpec, SPEC } from './texts.ts';

export function checkReadme(): Finding {
  const named = ['README.md', 'vectors/README.md'].flatMap((readme) =>
    [...readSpec(readme).matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)]
      .map(([, path = '']) => path)
      .filter((path) => !path.includes('://'))
      .map((path) => ({ readme, path })),
  );
  const problems = named
    .filter(({ readme, path }) => !existsSync(join(SPEC, readme, '..', path)))
    .map(({ readme, path }) => `protocol-spec/${readme} names ${path}, which does not exist`);
  const linked = new Set(named.map(({ path }) => path));
  for (const { path } of readFiles('protocol-spec', /^protocol-spec\/\d+-[a-z-]+\.md$/)) {
    const name = path.slice('protocol-spec/'.length);
    if (!linked.has(name)) problems.push(`protocol-spec/README.md does not name ${name}`);
  }
  return { what: 'files that the READMEs name', count: named.length, problems };
}

/** Headings of a part, without their numbers: `## 2.1 Frames` is "Frames". */
function readHeadings(): ReadonlyMap<string, ReadonlySet<string>> {
  return new Map(
    readFiles('protocol-spec', /^protocol-spec\/[0-9a-z-]+\.md$/).map(({ path, text }) => [
      path.slice('protocol-spec/'.length),
      new Set(
        [...text.matchAll(/^#+ (?:(\d+(?:\.\d+)*)\.? )?(.+)$/gm)].flatMap(([, number = '', title = '']) => [
          number,
          title,
        ]),
      ),
    ]),
  );
}

/** `4-messages.md, "Chain" and "Header"; 9-evidence.md`, and sections by number as in `1-cbor.md, 1.4`. */
const REFERENCE = /(\d+-[a-z-]+\.md)((?:(?:, |, and | and )(?:"[^"]+"|\d+\.\d+))*)/g;

export function checkSections(): Finding {
  const headings = readHeadings();
  const problems: string[] = [];
  let count = 0;
  const files = [
    ...readFiles('packages', /^packages\/[a-z]+\/src\/.*\.ts$/),
    ...readFiles('protocol-spec/vectors', /\.txt$/).map(({ path, text }) => ({
      path,
      text: text.split('\n\n')[0] ?? '',
    })),
  ];
  for (const { path, text } of files) {
    const flat = text.replaceAll(/\n\s*(?:\*|\/\/) ?/g, ' ');
    for (const [, file = '', sections = ''] of flat.matchAll(REFERENCE)) {
      count += 1;
      const known = headings.get(file);
      if (known === undefined) problems.push(`${path} names ${file}, which does not exist`);
      for (const [, title, number] of sections.matchAll(/"([^"]+)"|(\d+\.\d+)/g)) {
        const section = title ?? number ?? '';
        if (known?.has(section) === false)
          problems.push(`${path} names "${section}", which ${file} does not have`);
      }
    }
  }
  return { what: 'references to sections in sources and vectors', count, problems };
}
