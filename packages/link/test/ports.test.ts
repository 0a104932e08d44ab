import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import {
  openFifo,
  openPtyPair,
  openStdio,
  openTty,
  PENDING_MAX,
  type Port,
  readSettings,
} from '../src/index.ts';
import { exchange, Listener, until } from './traffic.ts';

const TEN_MB = 10_000_000;
const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function makePair(baud = 0): Promise<{ left: string; right: string }> {
  const pair = await openPtyPair({ baud });
  cleanups.push(() => pair.close());
  return pair;
}

function keep(port: Port): Port {
  cleanups.push(() => port.close());
  return port;
}

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'coldwire-link-'));
  cleanups.push(() => rmSync(folder, { recursive: true }));
  return folder;
}

function makeFifos(): { there: string; back: string } {
  const folder = makeFolder();
  const [there, back] = [join(folder, 'there'), join(folder, 'back')];
  execFileSync('mkfifo', ['-m', '600', there, back]);
  return { there, back };
}

describe('a tty', () => {
  it('carries all 256 values both ways unchanged', async () => {
    const { left, right } = await makePair();
    const [a, b] = [keep(openTty(left, 115_200)), keep(openTty(right, 115_200))];
    await carriesAllValues(a, b);
    await carriesAllValues(b, a);
  });

  it('carries 10 MB both ways at once', async () => {
    const { left, right } = await makePair();
    const [a, b] = [keep(openTty(left, 115_200)), keep(openTty(right, 115_200))];
    for (const [sent, came] of await exchange(a, b, TEN_MB)) expect(came).toBe(sent);
  });

  it('is set raw, whatever was set before', async () => {
    const { left } = await makePair();
    execFileSync('stty', ['-F', left, 'sane', 'ixon', 'ixoff', 'istrip', 'hupcl', 'icanon', 'echo', '9600']);
    await openTty(left, 57_600).close();
    const fd = openSync(left, 'r');
    const settings = readSettings(fd, left);
    closeSync(fd);
    expect(settings).toEqual(
      expect.arrayContaining(['57600', '-icanon', '-echo', '-ixon', '-opost', 'cs8', '-hupcl']),
    );
  });

  it('can be opened again after it was closed', async () => {
    const { left, right } = await makePair();
    const b = keep(openTty(right, 115_200));
    for (let round = 0; round < 3; round++) {
      const a = openTty(left, 115_200);
      await carriesAllValues(a, b);
      await a.close();
    }
  });

  it('that is open in another program is refused, naming that program', async () => {
    const { left } = await makePair();
    const holder = spawn('sleep', ['60'], { stdio: [openSync(left, 'r'), 'ignore', 'ignore'] });
    cleanups.push(() => holder.kill());
    expect(() => openTty(left, 115_200)).toThrow(
      new RegExp(`${left} is in use by sleep \\(process ${holder.pid}\\)`),
    );
  });

  it('that is open in this program is refused', async () => {
    const { left } = await makePair();
    keep(openTty(left, 115_200));
    expect(() => openTty(left, 115_200)).toThrow(/open in this program already/);
  });

  it.each([
    ['/dev/null', 115_200, /no serial port or terminal/],
    ['/no/such/port', 115_200, /cannot open \/no\/such\/port: there is no such file/],
    ['/tmp', 115_200, /it is a directory/],
  ])('%s is refused in one sentence', (path, baud, error) => {
    expect(() => openTty(path, baud)).toThrow(error);
  });

  it('is refused at a speed that no port has', async () => {
    const { left } = await makePair();
    expect(() => openTty(left, 12_345)).toThrow(/stty cannot set 12345 baud/);
    keep(openTty(left, 9600));
  });

  it('says when its other end is gone', async () => {
    const pair = await openPtyPair();
    const port = keep(openTty(pair.left, 115_200));
    let ended = false;
    port.onBytes(() => {});
    port.onEnd(() => {
      ended = true;
    });
    await pair.close();
    await until(() => ended);
    expect(port.write(Uint8Array.of(1))).toBe(false);
  });

  it('that nobody reads drops whole writes beyond its bound, and closes all the same', async () => {
    const { left } = await makePair(9600);
    const port = openTty(left, 9600);
    let taken = 0;
    for (let write = 0; write < 1000; write++) taken += port.write(new Uint8Array(500)) ? 1 : 0;
    expect(taken).toBeLessThan(1000);
    expect(port.pending()).toBeLessThanOrEqual(PENDING_MAX);
    const began = performance.now();
    await port.close();
    expect(performance.now() - began).toBeLessThan(30_000);
  });
});

const hasSocat = spawnSync('socat', ['-V'], { stdio: 'ignore' }).status === 0;

describe('a pair of terminals made by socat', () => {
  it.runIf(hasSocat)('carries all values, and 10 MB both ways at once', async () => {
    const folder = makeFolder();
    const [left, right] = [join(folder, 'left'), join(folder, 'right')];
    const socat = spawn('socat', [`PTY,link=${left}`, `PTY,link=${right}`], { stdio: 'ignore' });
    cleanups.push(() => socat.kill());
    await until(() => existsSync(left) && existsSync(right));
    const [a, b] = [keep(openTty(left, 115_200)), keep(openTty(right, 115_200))];
    await carriesAllValues(a, b);
    for (const [sent, came] of await exchange(a, b, TEN_MB)) expect(came).toBe(sent);
  });
});

describe('FIFOs', () => {
  it('carry all values, and 10 MB both ways at once', async () => {
    const { there, back } = makeFifos();
    const [a, b] = [keep(openFifo(back, there)), keep(openFifo(there, back))];
    await carriesAllValues(a, b);
    for (const [sent, came] of await exchange(a, b, TEN_MB)) expect(came).toBe(sent);
  });

  it('survive the other side coming and going', async () => {
    const { there, back } = makeFifos();
    const a = keep(openFifo(back, there));
    for (let round = 0; round < 3; round++) {
      const b = openFifo(there, back);
      await carriesAllValues(a, b);
      await b.close();
    }
  });

  it('that are missing, files, or the same are refused', () => {
    const { there, back } = makeFifos();
    const folder = makeFolder();
    writeFileSync(join(folder, 'file'), '');
    expect(() => openFifo(join(folder, 'none'), back)).toThrow(/there is no such file/);
    expect(() => openFifo(there, join(folder, 'none'))).toThrow(/there is no such file/);
    expect(() => openFifo(there, join(folder, 'file'))).toThrow(/is a file/);
    expect(() => openFifo(there, there)).toThrow(/the same FIFO/);
    expect(() => openFifo('/dev/null', back)).toThrow(/is no FIFO; make one with/);
  });
});

describe('descriptors', () => {
  it('of pipes carry 10 MB both ways at once', async () => {
    const { there, back } = makeFifos();
    const fds = [back, there, there, back].map((path) => openSync(path, 'r+'));
    cleanups.push(() => {
      for (const fd of fds) closeSync(fd);
    });
    const [a, b] = [keep(openStdio(fds[0], fds[1])), keep(openStdio(fds[2], fds[3]))];
    for (const [sent, came] of await exchange(a, b, TEN_MB)) expect(came).toBe(sent);
  });

  it('of one terminal carry all values', async () => {
    const { left, right } = await makePair();
    const fd = openSync(left, 'r+');
    cleanups.push(() => closeSync(fd));
    await carriesAllValues(keep(openStdio(fd, fd)), keep(openTty(right, 115_200)));
  });

  it('of sockets and files are refused, and so are closed ones', async () => {
    const file = openSync(join(makeFolder(), 'file'), 'w');
    cleanups.push(() => closeSync(file));
    expect(() => openStdio(file, file)).toThrow(
      /is a file; the line must be a serial port, a FIFO or a shell's pipe/,
    );
    expect(() => openStdio(987, 988)).toThrow(/descriptor 987 is not open/);
    const program = `
      import { openStdio } from ${JSON.stringify(new URL('../src/open.ts', import.meta.url).href)};
      try { openStdio(0, 1); } catch (error) { process.stderr.write(error.message); }`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: 'pipe' });
    let text = '';
    child.stderr.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    await new Promise((resolve) => child.once('exit', resolve));
    expect(text).toMatch(/descriptor 0 is a socket/);
  });

  it('end with the writer of a pipe', async () => {
    const { there, back } = makeFifos();
    const holder = openSync(back, 'r+');
    const write = openSync(there, 'r+');
    const read = openSync(there, 'r');
    const port = keep(openStdio(read, holder));
    let ended = false;
    port.onBytes(() => {});
    port.onEnd(() => {
      ended = true;
    });
    for (const fd of [write, read, holder]) closeSync(fd);
    await until(() => ended);
  });
});

async function carriesAllValues(from: Port, to: Port): Promise<void> {
  const values = Array.from({ length: 256 }, (_, value) => value);
  const listener = new Listener(to);
  from.write(Uint8Array.from(values));
  await until(() => listener.length >= 256);
  expect(listener.first).toEqual(values);
}
