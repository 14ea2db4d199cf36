import type { IncomingMessage, ServerResponse } from 'node:http';
import type { DemoUser } from './options.ts';
import { isAllowedOrigin } from './origin.ts';
import type { Refusal } from './request-guard.ts';

/** Lists the demo users by GET; a POST to one of them, by name, gives a token. */
const PATH = '/api/demo-users';

const sendJson = (response: ServerResponse, value: unknown): void => {
  response
    .writeHead(200, { 'Content-Type': 'application/json; charset=utf-8', 'Cache-Control': 'no-store' })
    .end(`${JSON.stringify(value)}\n`);
};

const notByThis = (response: ServerResponse, method: string, message: string): Refusal => {
  response.setHeader('Allow', method);
  return { status: 405, code: 'BAD_USER_INPUT', message };
};

/**
 * Signs in as a demo user without ado, for the console in development mode: as free as GraphiQL's page of development
 * mode, and guarded like it. (The server has refused every Host but this machine's then.) Only pages of this very server
 * may ask, whatever other origins are allowed.
 */
export const createDemoSignIn = (users: readonly DemoUser[]) => ({
  owns: (path: string): boolean => path === PATH || path.startsWith(`${PATH}/`),

  /** Answers, or returns why not. */
  async answer(request: IncomingMessage, response: ServerResponse, path: string): Promise<Refusal | null> {
    const { origin, host } = request.headers;
    if (!isAllowedOrigin(origin, host, null))
      return {
        status: 403,
        code: 'FORBIDDEN',
        message: 'Pages of this origin may not sign in as a demo user.',
      };
    if (path === PATH) {
      if (request.method !== 'GET') return notByThis(response, 'GET', 'The demo users are asked for by GET.');
      sendJson(response, { users: users.map(({ name }) => ({ name })) });
      return null;
    }
    if (request.method !== 'POST') return notByThis(response, 'POST', 'A token is asked for by POST.');
    const name = path.slice(PATH.length + 1).toLowerCase();
    const user = users.find((one) => one.name.toLowerCase() === name);
    if (!user) return { status: 404, code: 'NOT_FOUND', message: 'There is no demo user of this name.' };
    sendJson(response, { token: await user.token() });
    return null;
  },
});
