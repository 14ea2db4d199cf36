import { isIPv6 } from 'node:net';
import validator from 'validator';
import type { Candidate } from './rule.ts';

/** What looks like the end of a domain and is the end of a file's name: `icon@2x.png`. */
const FILE_TYPES = new Set(
  'png jpg jpeg gif svg webp avif ico bmp css scss js mjs ts tsx jsx json html xml php txt'.split(' '),
);

/** Whether it is an e-mail address, and not the user of a URL, a repository or a file. */
export function isMailAddress(value: string, { text, from, to }: Candidate): boolean {
  const local = value.slice(0, value.indexOf('@'));
  const end = value.slice(value.lastIndexOf('.') + 1).toLowerCase();
  if (local === 'git' || FILE_TYPES.has(end)) return false;
  if (/:\/\/[^\s/@?#]{0,64}$/.test(text.slice(Math.max(0, from - 68), from))) return false;
  if (/^:[\w~.-]{0,64}\//.test(text.slice(to, to + 66))) return false;
  return validator.isEmail(value);
}

/** Whether somebody may be behind the address: not the machine itself, no mask, no broadcast, no multicast. */
export function isHostAddress(value: string): boolean {
  const [first = 0] = octets(value);
  return first > 0 && first !== 127 && first < 224;
}

/** The same, and no version or section by its looks: `1.2.0.7`, `19.3.0.0` and `21.1.3.3` are none. */
export function isPlainHostAddress(value: string): boolean {
  const [first = 0, second, , last] = octets(value);
  const large = octets(value).filter((octet) => octet >= 10).length;
  return isHostAddress(value) && first >= 10 && last !== 0 && (large > 1 || (first === 10 && second === 0));
}

const octets = (value: string): number[] => value.split('.').map(Number);

/** Where the IPv6 address ends: a colon behind it belongs to the sentence. 0 when it is none, or a network alone. */
export function endOfIpv6({ value, to }: Candidate): number {
  if (value.endsWith('::')) return 0;
  if (isIPv6(value)) return to;
  return value.endsWith(':') && isIPv6(value.slice(0, -1)) ? to - 1 : 0;
}
