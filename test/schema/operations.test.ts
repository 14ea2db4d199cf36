import { readdirSync, readFileSync } from 'node:fs';
import {
  buildSchema as buildFromText,
  type DocumentNode,
  type GraphQLObjectType,
  getNamedType,
  getOperationAST,
  isObjectType,
  parse,
  specifiedRules,
  TypeInfo,
  validate,
  visit,
  visitWithTypeInfo,
} from 'graphql';
import { describe, expect, it } from 'vitest';
import { printedSchema } from '../../scripts/print-schema.ts';
import { buildSchema } from '../../src/app.ts';
import { readConfig } from '../../src/platform/config.ts';
import { checkCost } from '../../src/platform/graphql/cost.ts';
import { processingResources } from '../../src/processing/resources.ts';

const schema = buildFromText(printedSchema());
const folder = new URL('../../schema/operations/', import.meta.url);
const sdk = parse(
  readdirSync(folder)
    .map((name) => readFileSync(new URL(name, folder), 'utf8'))
    .join('\n'),
);

/** The fields that a document selects, as `Type.field`. */
function selectedOf(document: DocumentNode): Set<string> {
  const info = new TypeInfo(schema);
  const selected = new Set<string>();
  const Field = (): void => {
    selected.add(`${info.getParentType()?.name}.${info.getFieldDef()?.name}`);
  };
  visit(document, visitWithTypeInfo(info, { Field }));
  return selected;
}

const fieldsOf = (type: GraphQLObjectType): string[] =>
  Object.keys(type.getFields()).map((name) => `${type.name}.${name}`);

/** The fields of a type and of all types below it, but for those below `leaves`. */
function reachedFrom(name: string, leaves: readonly string[], seen = new Set<string>()): Set<string> {
  const type = schema.getType(name);
  if (!isObjectType(type) || seen.has(name)) return seen;
  seen.add(name);
  for (const field of Object.values(type.getFields())) {
    seen.add(`${name}.${field.name}`);
    const below = getNamedType(field.type).name;
    if (!leaves.includes(below)) reachedFrom(below, leaves, seen);
  }
  return seen;
}

describe('the operations of the SDK', () => {
  it('ask for everything that can be asked for', () => {
    const selected = selectedOf(sdk);
    const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
    const fields = roots.flatMap((type) => (type ? fieldsOf(type) : []));
    expect(fields.length).toBeGreaterThan(30);
    expect(fields.filter((name) => !selected.has(name))).toEqual([]);
  });

  it('show every field of what is processed, found and measured', () => {
    const selected = selectedOf(sdk);
    const types = ['ProcessingUpdate', 'ProcessingJob', 'ProcessingResult', 'BatchProcessingStatus']
      .concat('DocumentAnalysis', 'ComplianceFinding', 'ComplianceAlert', 'SystemStatus', 'ServiceHealth')
      .concat('RealTimeMetrics', 'ProcessingStep', 'ProcessingError', 'TextStatistics', 'Keyword');
    const fields = types.flatMap((name) => fieldsOf(schema.getType(name) as GraphQLObjectType));
    expect(fields.filter((name) => !selected.has(name))).toEqual([]);
  });
});

describe('what is polled', () => {
  it.each([
    ['job', 'ProcessingJob', []],
    ['batch', 'BatchProcessingStatus', ['BatchProcessingStatus.jobs']],
  ])('a %s is told with every field of its type', (name, type, left) => {
    const query = processingResources.find((resource) => resource.name === name)?.query ?? '';
    const document = parse(query);
    expect(validate(schema, document, specifiedRules)).toEqual([]);
    const selected = selectedOf(document);
    // A document is named; what it holds is asked for as a document.
    const named = ['Document', 'ProcessingJobConnection'];
    const fields = [...reachedFrom(type, named)].filter((field) => field.includes('.'));
    expect(fields.filter((field) => !selected.has(field) && !left.includes(field))).toEqual([]);
    expect(selected).not.toContain('Document.content');
  });
});

describe('the cost of what processing has found', () => {
  const none = {} as never;
  const costly = buildSchema(
    { users: none, documents: none, collaboration: none, compliance: none, processing: none, system: none },
    { page: 100 },
  );
  const { cost: limit } = readConfig({ AUTH_SECRET: 'x'.repeat(32) }).limits;
  const check = (query: string): void => {
    const document = parse(query);
    const operation = getOperationAST(document);
    if (!operation) throw new Error('This is no operation.');
    checkCost({ schema: costly, document, operation }, {}, limit);
  };
  const jobs = (first: number, fields: string) =>
    `{ document(id: "d") { processingJobs(first: ${first}) { edges { node { ${fields} } } } } }`;
  const findings = 'result { findings { rule from to excerpt } }';

  it('keeps findings of very many jobs out of one operation', () => {
    expect(() => check(jobs(100, findings))).toThrow(/Cost limit/);
    expect(() => check(`{ documents(first: 100) { edges { node { analysis { ${findings} } } } } }`)).toThrow(
      /Cost limit/,
    );
  });

  it('lets a page of jobs be read with their findings, and a hundred with the rest', () => {
    check(jobs(20, findings));
    check(jobs(100, 'id status steps { name status } result { language { code } summary }'));
    for (const { query } of processingResources) check(query);
  });
});
