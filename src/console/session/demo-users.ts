/** Where the server lists the demo users, in development mode only (src/platform/server/demo-sign-in.ts). */
const PATH = '/api/demo-users';
/** Development mode answers to these only; asking elsewhere would leave a 404 in everybody's browser. */
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** The names of those who may sign in without ado; none outside of development mode. */
export async function demoUsers(): Promise<readonly string[]> {
  if (!LOOPBACK.test(location.hostname)) return [];
  const response = await fetch(PATH).catch(() => null);
  if (!response?.ok) return [];
  const { users } = (await response.json()) as { readonly users: readonly { readonly name: string }[] };
  return users.map(({ name }) => name);
}

/** A token for one of them. Rejects when the server does not answer with one. */
export async function demoToken(name: string): Promise<string> {
  const response = await fetch(`${PATH}/${encodeURIComponent(name)}`, { method: 'POST' });
  if (!response.ok) throw new Error(`The server gives no token for ${name}.`);
  const { token } = (await response.json()) as { readonly token: string };
  return token;
}
