import type { AuthTypes } from '../auth/schema.ts';
import type { DocumentTypes } from '../documents/schema.ts';
import { badInput } from '../platform/errors.ts';
import { type Builder, mustSignIn, PER_VIEWER } from '../platform/graphql/builder.ts';
import { checkFirst, connectionOf, connectionTypes } from '../platform/graphql/connection.ts';
import { resumption } from '../platform/graphql/context.ts';
import type { FieldCost } from '../platform/graphql/cost.ts';
import { MAX_ALERT_FINDINGS, toSequence } from './alert.ts';
import type { Compliance } from './compliance.ts';
import { type Finding, FRAMEWORKS } from './scanner/finding.ts';
import type { AlertRow } from './store.ts';

const MAX_SEVERITY = 10;
/** Findings are read with their alert, and there may be MAX_ALERT_FINDINGS of them. */
const FINDINGS_COST: FieldCost = { own: 10 };

function readAfter(after: string | null | undefined, what: string): number | null {
  if (after == null) return null;
  const sequence = toSequence(after);
  if (sequence === null) throw badInput('after', `after must be ${what}.`);
  return sequence;
}

function checkSeverity(minSeverity: number): number {
  if (minSeverity >= 0 && minSeverity <= MAX_SEVERITY) return minSeverity;
  throw badInput('minSeverity', `minSeverity must be between 0 and ${MAX_SEVERITY}.`);
}

/** Adds findings and alerts to the schema; returns the refs that later features use. */
export function complianceTypes(
  builder: Builder,
  compliance: Compliance,
  { User }: AuthTypes,
  { Document }: Pick<DocumentTypes, 'Document'>,
  limits: { readonly page: number },
) {
  const Framework = builder.enumType('ComplianceFramework', { values: FRAMEWORKS });

  const FindingType = builder.objectRef<Finding>('ComplianceFinding').implement({
    description: 'A place in a text that holds personal, payment or health data.',
    fields: (t) => ({
      framework: t.field({ type: Framework, resolve: ({ framework }) => framework }),
      rule: t.exposeString('rule'),
      from: t.exposeInt('from', { description: 'In UTF-16 code units, like every position.' }),
      to: t.exposeInt('to'),
      excerpt: t.exposeString('excerpt', { description: 'Masked, never the value itself.' }),
      severity: t.exposeInt('severity'),
    }),
  });

  const Alert = builder.objectRef<AlertRow>('ComplianceAlert').implement({
    description: 'What a scan of a document has found of one framework.',
    fields: (t) => ({
      id: t.id({
        description: "The alert's place in the log.",
        resolve: ({ sequence }) => String(sequence),
      }),
      framework: t.field({ type: Framework, resolve: ({ framework }) => framework }),
      message: t.exposeString('message'),
      severity: t.exposeInt('severity', { description: '0 to 10; 8 and above is high.' }),
      document: t.field({
        type: Document,
        nullable: true,
        description: 'null when it was deleted, or may not be read any more.',
        extensions: PER_VIEWER,
        resolve: (alert, _args, context) => compliance.document(mustSignIn(context), alert),
      }),
      documentId: t.exposeID('documentId'),
      findings: t.field({
        type: [FindingType],
        description: `In order of place; of more than ${MAX_ALERT_FINDINGS} the worst.`,
        extensions: { cost: FINDINGS_COST },
        resolve: ({ findings }) => [...findings],
      }),
      targetUserId: t.id({
        nullable: true,
        description: 'null for everyone who may read the document.',
        resolve: () => null,
      }),
      acknowledgedBy: t.field({
        type: User,
        nullable: true,
        resolve: ({ tenantId, acknowledgedBy }) =>
          acknowledgedBy === null ? null : { tenantId, id: acknowledgedBy },
      }),
      acknowledgedAt: t.field({
        type: 'DateTime',
        nullable: true,
        resolve: ({ acknowledgedAt }) => acknowledgedAt,
      }),
      timestamp: t.field({ type: 'DateTime', resolve: ({ raisedAt }) => raisedAt }),
    }),
  });

  const AlertConnection = connectionTypes(builder, 'ComplianceAlert', Alert);

  builder.queryField('complianceAlerts', (t) =>
    t.field({
      type: AlertConnection,
      description: 'Alerts of the documents that the viewer may read now, newest first.',
      authScopes: (_root, { documentId }) =>
        documentId == null ? { authenticated: true } : { documentReader: documentId },
      args: {
        documentId: t.arg.id(),
        framework: t.arg({ type: Framework }),
        minSeverity: t.arg.int(),
        first: t.arg.int({ required: true, defaultValue: 20 }),
        after: t.arg.string(),
      },
      extensions: { cost: { maxFirst: limits.page } satisfies FieldCost },
      async resolve(_root, { documentId = null, framework = null, minSeverity, first, after }, context) {
        const viewer = mustSignIn(context);
        checkFirst(first, limits.page);
        const filter = { documentId, framework, minSeverity: checkSeverity(minSeverity ?? 0) };
        const before = readAfter(after, 'the cursor of an edge');
        return connectionOf(
          await compliance.page(viewer, filter, first, before),
          { first, after },
          ({ sequence }) => String(sequence),
          () => compliance.count(viewer, filter),
        );
      },
    }),
  );

  builder.mutationField('acknowledgeComplianceAlert', (t) =>
    t.field({
      type: Alert,
      description: 'Notes that somebody has seen to it; who was first stays. Needs EDITOR of its document.',
      args: { id: t.arg.id({ required: true }) },
      resolve: (_root, { id }, context) => compliance.acknowledge(mustSignIn(context), toSequence(id)),
    }),
  );

  builder.subscriptionField('complianceAlerts', (t) =>
    t.field({
      type: Alert,
      description:
        'LOG, cursor = id, of the documents that the viewer may read. `after: 0` replays all; omitted: from now on.',
      args: {
        framework: t.arg({ type: Framework }),
        minSeverity: t.arg.int({ required: true, defaultValue: 0 }),
        after: t.arg.id(),
      },
      subscribe(_root, { framework = null, minSeverity, after }, context) {
        return compliance.streams.alerts(mustSignIn(context), {
          framework,
          minSeverity: checkSeverity(minSeverity),
          ...resumption(context, readAfter(after, '0 or the id of an alert')),
        });
      },
      resolve: (alert) => alert,
    }),
  );

  return { Framework, Finding: FindingType, Alert };
}

export type ComplianceTypes = ReturnType<typeof complianceTypes>;
