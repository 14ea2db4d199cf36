import { serverAudits } from 'graphql-http';
import { describe, expect, it } from 'vitest';

/**
 * The audits of GraphQL over HTTP's working group, as tests of a server. `url` is asked for when they run; `headers` go
 * along with each request.
 */
export const graphqlHttpContract = (
  name: string,
  url: () => string,
  headers: () => Promise<Readonly<Record<string, string>>> = async () => ({}),
): void => {
  const fetchFn = async (to: string, init: RequestInit = {}): Promise<Response> => {
    const sent = new Headers(init.headers);
    for (const [header, value] of Object.entries(await headers())) sent.set(header, value);
    return fetch(to, { ...init, headers: sent });
  };

  describe(`GraphQL over HTTP, as its working group audits it: ${name}`, () => {
    for (const audit of serverAudits({ url: () => `${url()}/graphql`, fetchFn })) {
      it(`${audit.id} ${audit.name}`, async () => {
        const result = await audit.fn();
        expect(result.status === 'ok' ? 'ok' : result.reason).toBe('ok');
      });
    }
  });
};
