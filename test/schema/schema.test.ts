import { existsSync, readFileSync } from 'node:fs';
import { generate, loadContext } from '@graphql-codegen/cli';
import {
  buildSchema,
  DangerousChangeType,
  findBreakingChanges,
  findDangerousChanges,
  type GraphQLSchema,
  isInputObjectType,
  isObjectType,
} from 'graphql';
import { describe, expect, it } from 'vitest';
import { printedSchema } from '../../scripts/print-schema.ts';
import { notBuilt } from './not-built.ts';

const root = new URL('../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');

const built = buildSchema(printedSchema());
const missing = Object.values(notBuilt).flat();

/** Defaults of input fields that `built` has otherwise than promised; graphql-js does not compare these. */
function changedInputDefaults(promised: GraphQLSchema): string[] {
  return Object.values(promised.getTypeMap()).flatMap((type) => {
    const now = built.getType(type.name);
    if (!isInputObjectType(type) || !isInputObjectType(now)) return [];
    const fields = now.getFields();
    return Object.values(type.getFields())
      .filter(({ name, defaultValue }) => fields[name]?.defaultValue !== defaultValue)
      .map(({ name }) => `${type.name}.${name} has another default.`);
  });
}

/** Everything by which `built` falls short of a contract. */
function shortcomings(promised: GraphQLSchema): string[] {
  const defaults = findDangerousChanges(promised, built).filter(
    ({ type }) => type === DangerousChangeType.ARG_DEFAULT_VALUE_CHANGE,
  );
  return [
    ...[...findBreakingChanges(promised, built), ...defaults].map(({ description }) => description),
    ...changedInputDefaults(promised),
  ];
}

/** The contract of the whole product: beside the project where it is developed, not in a clone. */
const wholeContract = new URL('../shared/design/contract.graphql', root);
const wholeIsHere = existsSync(wholeContract);

describe('the API', () => {
  it('schema/schema.graphql is what the sources build (npm run schema)', () => {
    expect(read('schema/schema.graphql')).toBe(printedSchema());
  });

  it('has everything that its contract promises', () => {
    expect(shortcomings(buildSchema(read('test/schema/contract.graphql')))).toEqual([]);
  });

  it('lacks nothing of the whole contract but what is named as not built', () => {
    const promised = buildSchema(
      wholeIsHere ? readFileSync(wholeContract, 'utf8') : read('test/schema/contract.graphql'),
    );
    const expected = wholeIsHere ? missing.map((name) => `${name} was removed.`) : [];
    expect(shortcomings(promised).sort()).toEqual(expected.sort());
  });

  it('does not offer what is not built', () => {
    const types = built.getTypeMap();
    const names = Object.values(types).flatMap((type) => [
      type.name,
      ...(isObjectType(type)
        ? Object.values(type.getFields()).flatMap(({ name, args }) => [
            `${type.name}.${name}`,
            ...args.map((arg) => `${type.name}.${name} arg ${arg.name}`),
          ])
        : []),
    ]);
    expect(names).toContain('Query.documents arg first');
    expect(names.filter((name) => missing.includes(name))).toEqual([]);
  });

  it('the generated files of src/sdk are what the schema and the operations generate (npm run codegen)', async () => {
    const context = await loadContext(new URL('codegen.yml', root).pathname);
    context.updateConfig({ silent: true });
    const files = (await generate(context, false)) as { filename: string; content: string }[];
    const names = ['src/sdk/generated.ts', 'src/sdk/generated-operations.ts'];
    expect(files.map(({ filename }) => filename)).toEqual(names);
    for (const { filename, content } of files) expect(read(filename)).toBe(content);
  });
});
