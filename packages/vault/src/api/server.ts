/** Serves the API on the loopback. */
import { type JsonServer, serveJson } from '@coldwire/screen/io/json-server.ts';
import { type ApiContext, handleApi, MAX_API_BODY } from './api.ts';

/** @param listen `127.0.0.1:PORT` @throws Failure for another interface; a system error when the port is taken */
export function serveApi(
  listen: string,
  context: ApiContext,
  onError: (error: unknown) => void,
): Promise<JsonServer> {
  return serveJson({
    listen,
    maxBodyBytes: MAX_API_BODY,
    handle: (request) => handleApi(context, request),
    onError,
  });
}
