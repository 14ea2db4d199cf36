import { NOT_INTS, type Row, shown } from './row.ts';

export const ALERTS_OF =
  'query ($id: ID, $framework: ComplianceFramework, $minSeverity: Int, $first: Int! = 20, $after: String) { complianceAlerts(documentId: $id, framework: $framework, minSeverity: $minSeverity, first: $first, after: $after) { totalCount } }';
const RAISED =
  'subscription ($framework: ComplianceFramework, $minSeverity: Int! = 0, $after: ID) { complianceAlerts(framework: $framework, minSeverity: $minSeverity, after: $after) { id } }';
const ACKNOWLEDGE = 'mutation ($id: ID!) { acknowledgeComplianceAlert(id: $id) { id } }';

const bad = (name: string, argument: string, query: string, variables: object | string): Row => ({
  name,
  query,
  variables,
  code: 'BAD_USER_INPUT',
  argument,
});

/** What is not the id of an alert, and no place in the log either. */
const NO_IDS = [
  '',
  ' ',
  '-1',
  '1.5',
  '01',
  '1e3',
  '0x1',
  '9'.repeat(400),
  'a\0b',
  '\ud83c',
  "1' OR '1'='1",
  '__proto__',
];

/** Lists, streams and acknowledgements of alerts. */
export const complianceRows: readonly Row[] = [
  ...(
    [
      ['a list of alerts', ALERTS_OF],
      ['a stream of alerts', RAISED],
    ] as const
  ).flatMap(([what, query]) => [
    ...[-1, 11, 2 ** 31 - 1].map((minSeverity) =>
      bad(`${what} from severity ${minSeverity}`, 'minSeverity', query, {
        minSeverity,
      }),
    ),
    ...NOT_INTS.map((value) =>
      bad(`${what} from severity ${value}`, 'minSeverity', query, `{"minSeverity":${value}}`),
    ),
    ...['gdpr', 'SOX', 1, ''].map((framework) =>
      bad(`${what} of the framework ${shown(framework)}`, 'framework', query, {
        framework,
      }),
    ),
    ...NO_IDS.map((after) => bad(`${what} after ${shown(after)}`, 'after', query, { after })),
  ]),
  bad('alerts of the future', 'after', RAISED, { after: '1' }),
  bad('alerts of the far future', 'after', RAISED, { after: '999999999999999' }),
  ...[0, -1, 101].map((first) => bad(`${first} alerts`, 'first', ALERTS_OF, { first })),
  ...[...NO_IDS, '0', '1', '999999999999999'].map(
    (id): Row => ({
      name: `acknowledging ${shown(id)}`,
      query: ACKNOWLEDGE,
      variables: { id },
      code: 'NOT_FOUND',
    }),
  ),
];
