/**
 * A port that comes back: when its device goes (a pulled adapter, a hub that lost power) it is opened again, with growing
 * pauses, until that succeeds. To the link the time between is silence, so nothing above has to know. What is written
 * meanwhile is dropped, as a noisy line would drop it. Spec: protocol-spec/2-link.md, "Ports".
 */
import type { Port } from './port.ts';

/** ms from the loss of a port to the first attempt, and the longest pause between two. */
const PAUSE_MIN = 500;
const PAUSE_MAX = 15_000;

export interface LastingOwner {
  /** Opens the same port again, with all that is checked of a port. @throws Error while it cannot be opened */
  readonly open: () => Port;
  /** The port is gone; told once for each loss. */
  readonly onLost: (reason: string) => void;
  /** It does not open for a new reason; told once for each reason. */
  readonly onRefused: (reason: string) => void;
  readonly onBack: () => void;
}

/** @param first the port as it was opened by the caller, who wants to hear at once if it cannot be */
export function makeLasting(first: Port, owner: LastingOwner): Port {
  let port: Port | undefined;
  let letGo: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  /** Undefined: nobody reads yet, and what comes waits in the system. */
  let takeBytes: ((bytes: Uint8Array) => void) | undefined;
  let takeDrain = () => {};

  const pass = (bytes: Uint8Array) => takeBytes?.(bytes);
  const use = (opened: Port) => {
    port = opened;
    if (takeBytes !== undefined) opened.onBytes(pass);
    opened.onDrain(() => takeDrain());
    opened.onEnd((error) => lose(opened, error));
  };
  const lose = (gone: Port, error: Error | undefined) => {
    if (closed) return;
    port = undefined;
    owner.onLost(error?.message ?? `${gone.describe()}: closed by the other side`);
    // The device number must be free before it is opened anew.
    letGo = gone.close();
    void letGo.then(() => retry(PAUSE_MIN, ''));
  };
  const retry = (pause: number, told: string) => {
    if (closed) return;
    timer = setTimeout(() => {
      const reason = attempt();
      if (reason === undefined) return;
      if (reason !== told) owner.onRefused(reason);
      retry(Math.min(PAUSE_MAX, pause * 2), reason);
    }, pause);
  };
  /** Why it cannot be opened, or undefined when it was. */
  const attempt = (): string | undefined => {
    try {
      use(owner.open());
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
    owner.onBack();
    return undefined;
  };

  const name = first.describe();
  use(first);
  return {
    describe: () => name,
    onBytes: (take) => {
      if (takeBytes === undefined) port?.onBytes(pass);
      takeBytes = take;
    },
    // Only `close` ends it, and that is no end to tell of.
    onEnd: () => {},
    onDrain: (take) => {
      takeDrain = take;
    },
    write: (bytes) => port?.write(bytes) ?? false,
    pending: () => port?.pending() ?? 0,
    async close() {
      closed = true;
      clearTimeout(timer);
      await letGo;
      await port?.close();
    },
  };
}
