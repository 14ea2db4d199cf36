/** `npm run schema`: prints the schema as it is built to schema/schema.graphql, whose diff shows what the API changes. */
import { writeFile } from 'node:fs/promises';
import { lexicographicSortSchema, printSchema } from 'graphql';
import { buildSchema } from '../src/app.ts';

/** The schema of all features as it is committed: sorted, with descriptions. Nothing is resolved, so nothing runs. */
export function printedSchema(): string {
  const standIn = {} as never;
  const features = {
    users: standIn,
    documents: standIn,
    collaboration: standIn,
    compliance: standIn,
    processing: standIn,
    system: standIn,
  };
  return `${printSchema(lexicographicSortSchema(buildSchema(features, { page: 100 })))}\n`;
}

if (process.argv[1] === import.meta.filename) {
  await writeFile(new URL('../schema/schema.graphql', import.meta.url), printedSchema());
}
