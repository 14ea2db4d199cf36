import { endOfIpv6, isHostAddress, isMailAddress, isPlainHostAddress } from './addresses.ts';
import { label, near } from './context.ts';
import { endOfIban } from './ibans.ts';
import { endOfInternational, endOfNational, endOfNorthAmerican } from './phones.ts';
import { type Rule, whole } from './rule.ts';
import { NUMBERS_OF_THINGS, VERSIONS } from './words.ts';

/** Latin with accents, Greek and Cyrillic letters: scripts that put a space between an address and the word before. */
const WORD = 'A-Za-z0-9\\u00c0-\\u024f\\u0370-\\u052f';
const OCTET = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const IPV4 = new RegExp(
  `(?<![\\w.]|[A-Za-z]-|[=~<>^]=|[~^])${OCTET}(?:\\.${OCTET}){3}` +
    '(?!\\w|\\.\\d|[-+](?!\\d{1,3}\\.\\d)\\w|\\.(?:tar|tgz|zip|exe|msi|dmg|jar|whl|deb|rpm|dll)\\b)',
  'g',
);

/** Data by which a person can be reached. National ids are rules of their own. */
export const GDPR_CONTACTS: readonly Rule[] = [
  {
    id: 'email',
    framework: 'GDPR',
    severity: 2,
    name: ['e-mail address', 'e-mail addresses'],
    shown: [1, 0],
    detectors: [
      {
        pattern: new RegExp(
          `(?<![${WORD}._%+'-])[${WORD}_][${WORD}._%+'-]{0,63}@(?:[${WORD}-]{1,63}\\.){1,8}` +
            `[A-Za-z\\u0400-\\u04ff]{2,24}(?![${WORD}]|[_-][${WORD}])`,
          'g',
        ),
        validator: whole(isMailAddress),
        unless: label(['message id', 'in reply to', 'references', 'content id', 'cid']),
      },
    ],
  },
  {
    id: 'phone',
    framework: 'GDPR',
    severity: 3,
    name: ['phone number', 'phone numbers'],
    shown: [2, 2],
    detectors: [
      {
        pattern: /(?<![\w+.])\+[1-9](?:[ \u00a0\u202f()./\u2010-\u2013-]{0,3}\d){6,14}(?!\w|\.\d)/g,
        validator: endOfInternational,
      },
      {
        pattern:
          /(?<![\w(+.-])(?:1[-. ])?(?:\([2-9]\d\d\)[ \u00a0]?|[2-9]\d\d([-.]))[2-9]\d\d[-. ]\d{4}(?!\w|[-.]\d)/g,
        validator: endOfNorthAmerican,
        unless: label(NUMBERS_OF_THINGS),
      },
      {
        pattern: /(?<![\w+./-]|\d[ )])\(?\d(?:[ \u00a0\u202f()./\u2010-\u2013-]{0,2}\d){6,14}(?!\w|\.\d)/g,
        validator: endOfNational,
        context: near(
          [
            'phone*',
            'ph',
            'telephone*',
            'tel',
            'mobile*',
            'mobil',
            'cell',
            'cellphone',
            'fax',
            'call',
            'calls',
            'whatsapp',
            'sms',
            'text me',
            'telefon*',
            'handy*',
            'rufnummer',
            'rückruf',
            'anruf*',
            'durchwahl',
            'téléphone',
            'tél',
            'portable',
            'appelez',
            'teléfono',
            'telefono',
            'móvil',
            'llame',
            'cellulare',
            'telefoon*',
            'mobiel',
            'gsm',
            'komórka',
            'numer telefonu',
            'contact number',
            'reach me at',
            'hotline',
          ],
          32,
          16,
        ),
        unless: label([...NUMBERS_OF_THINGS, 'pesel', 'bsn', 'ssn']),
      },
    ],
  },
  {
    id: 'iban',
    framework: 'GDPR',
    severity: 6,
    name: ['bank account number (IBAN)', 'bank account numbers (IBAN)'],
    shown: [2, 3],
    detectors: [
      {
        pattern: /(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}[ \u00a0\u2009\u202f-]?[A-Za-z0-9]{4}/g,
        validator: endOfIban,
      },
    ],
  },
  {
    id: 'ip-address',
    framework: 'GDPR',
    severity: 2,
    name: ['IP address', 'IP addresses'],
    shown: [2, 0],
    detectors: [
      {
        pattern: IPV4,
        validator: whole(isHostAddress),
        context: near(
          [
            'ip',
            'ips',
            'ipv4',
            'ip addr*',
            'host',
            'hosts',
            'hostname',
            'server',
            'client',
            'dns',
            'gateway',
            'ping',
            'ssh',
            'remote addr*',
            'login from',
            'logged in from',
            'connected from',
            'connection from',
            'request from',
            'forwarded for',
            'peer',
            'ip-adresse',
            'adresse ip',
            'dirección ip',
            'nameserver',
            'subnet',
            'proxy',
          ],
          32,
        ),
        unless: label(VERSIONS),
      },
      { pattern: IPV4, validator: whole(isPlainHostAddress), unless: near(VERSIONS, 32) },
      {
        // Only what is given to hosts: 2000::/3, unique local and link local addresses.
        pattern:
          /(?<![\w:.])(?:[23][0-9a-f]{3}|f[cd][0-9a-f]{2}|fe[89ab][0-9a-f])(?::[0-9a-f]{0,4}){2,8}(?!\w)/gi,
        validator: endOfIpv6,
      },
    ],
  },
];
