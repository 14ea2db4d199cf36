const LOOPBACK_HOST = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?$/i;

/** True when the `Host` header names this machine itself, with any port. */
export const isLoopbackHost = (host: string | undefined): boolean => LOOPBACK_HOST.test(host ?? '');

const isSameOrigin = (origin: string, host: string | undefined): boolean => {
  if (host === undefined || !URL.canParse(origin)) return false;
  const { origin: normal, protocol, host: originHost } = new URL(origin);
  if (normal !== origin || !URL.canParse(`${protocol}//${host}`)) return false;
  // Parsed as well, because a Host may spell out the default port.
  return originHost === new URL(`${protocol}//${host}`).host;
};

/**
 * Whether a page of this `Origin` may use the server: one that came from the same host, or exactly one of `allowed`. No
 * `Origin` means that it is no browser. The opaque origin `null` is nobody's.
 */
export const isAllowedOrigin = (
  origin: string | undefined,
  host: string | undefined,
  allowed: readonly string[] | null,
): boolean => {
  if (origin === undefined) return true;
  return isSameOrigin(origin, host) || (allowed?.includes(origin) ?? false);
};
