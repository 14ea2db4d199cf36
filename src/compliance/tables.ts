import type { Kysely } from 'kysely';
import type { DocumentTables } from '../documents/tables.ts';
import type { Migration } from '../platform/storage/database.ts';
import type { Framework } from './scanner/finding.ts';

/** Times are milliseconds since 1970. */
export type ComplianceTables = {
  /** The log of a tenant's alerts: 1, 2, 3 and so on without a hole. */
  compliance_alerts: {
    tenant_id: string;
    sequence: number;
    document_id: string;
    framework: Framework;
    message: string;
    severity: number;
    /** JSON, of findings without their values. */
    findings: string;
    /** Of all that was found, also what `findings` has no room for: tells whether an alert says something new. */
    digest: string;
    raised_at: number;
    acknowledged_by: string | null;
    acknowledged_at: number | null;
  };
};

/** Who may see an alert is read from the documents' own tables. */
export type ComplianceQuery = Kysely<ComplianceTables & DocumentTables>;

export const complianceMigrations: readonly Migration[] = [
  {
    name: '020-compliance',
    async up(query) {
      const ofDocument = ['tenant_id', 'document_id'] as const;
      await query.schema
        .createTable('compliance_alerts')
        .addColumn('tenant_id', 'text', (column) => column.notNull())
        .addColumn('sequence', 'integer', (column) => column.notNull())
        .addColumn('document_id', 'text', (column) => column.notNull())
        .addColumn('framework', 'text', (column) => column.notNull())
        .addColumn('message', 'text', (column) => column.notNull())
        .addColumn('severity', 'integer', (column) => column.notNull())
        .addColumn('findings', 'text', (column) => column.notNull())
        .addColumn('digest', 'text', (column) => column.notNull())
        .addColumn('raised_at', 'bigint', (column) => column.notNull())
        .addColumn('acknowledged_by', 'text')
        .addColumn('acknowledged_at', 'bigint')
        .addPrimaryKeyConstraint('compliance_alerts_key', ['tenant_id', 'sequence'])
        .addForeignKeyConstraint('compliance_alerts_of', [...ofDocument], 'documents', [...ofDocument])
        .execute();
      // With all that a list is filtered by: the rows themselves are read for a page alone.
      await query.schema
        .createIndex('compliance_alerts_by_document')
        .on('compliance_alerts')
        .columns([...ofDocument, 'framework', 'sequence', 'severity'])
        .execute();
    },
  },
];
