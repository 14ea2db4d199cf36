import type { GraphQLSchema } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildSchema } from '../../src/app.ts';
import { authTypes } from '../../src/auth/schema.ts';
import { collaborationTypes } from '../../src/collaboration/schema.ts';
import { complianceTypes } from '../../src/compliance/schema.ts';
import { documentScopes, documentTypes } from '../../src/documents/schema.ts';
import { createBuilder, mustSignIn, PER_VIEWER, platformScopes } from '../../src/platform/graphql/builder.ts';
import { type Audit, auditPrivacy } from './privacy-audit.ts';
import { reachableLeaves } from './reachable.ts';
import { DOCUMENT, openWatchedHouse, type WatchedHouse } from './watched-house.ts';

const LIMITS = { page: 100 };

let house: WatchedHouse;
beforeAll(async () => {
  house = await openWatchedHouse((features) => buildSchema(features, LIMITS));
});
afterAll(() => house.close());

const schemaOfHouse = (): GraphQLSchema =>
  buildSchema({ ...house, documents: house.service.documents }, LIMITS);

/** The real schema, with fields of a change whose values differ between viewers. */
const schemaWith = (extensions: Record<string, unknown>): GraphQLSchema => {
  const { users, collaboration, compliance, service } = house;
  const builder = createBuilder({ ...platformScopes, ...documentScopes(service.documents) });
  const auth = authTypes(builder, users);
  const refs = documentTypes(builder, service.documents, auth, LIMITS);
  collaborationTypes(builder, collaboration, auth, refs);
  complianceTypes(builder, compliance, auth, refs, LIMITS);
  builder.objectFields(refs.Change, (t) => ({
    mine: t.boolean({
      extensions,
      resolve: ({ userId }, _args, context) => mustSignIn(context).userId === userId,
    }),
    asker: t.string({
      nullable: true,
      extensions,
      resolve: (_change, _args, { viewer }) => viewer?.name ?? null,
    }),
    askedFrom: t.string({
      nullable: true,
      extensions,
      resolve: (_change, _args, { clientId, connectionId }) => clientId ?? connectionId,
    }),
  }));
  return builder.toSchema();
};
const ADDED = ['documentChanges.mine', 'documentChanges.asker', 'documentChanges.askedFrom'];

describe('what is rendered once for several viewers', () => {
  let audit: Audit;
  beforeAll(async () => {
    audit = await auditPrivacy(schemaOfHouse(), house);
  }, 60_000);

  it('[P9] is what each of them would get alone, byte for byte, in every field of every subscription', () => {
    expect(audit.violations.slice(0, 5)).toEqual([]);
  });

  it('was looked at with a value of every field: who adds an event lets it happen in watched-house.ts', () => {
    // An alert is for everyone who may read its document: the contract has a place for another choice.
    // No job of this document has failed: what a failed one says is seen in the batch, by the same resolvers.
    const ofFailures = /\.(analysis\.job|processingJobs\.edges\.node)\.errors?\b/;
    expect(audit.unseen.filter((path) => !ofFailures.test(path))).toEqual(['complianceAlerts.targetUserId']);
  });

  it('is what does not depend on the viewer, and that alone', () => {
    expect(audit.shared).toEqual(
      expect.arrayContaining([
        'documentChanges.content',
        'documentChanges.user.name',
        'collaborationUpdates.participants.cursor.position',
        'collaborationEvents.<CollaboratorAdded>collaborator.user.name',
        'complianceAlerts.findings.excerpt',
        'complianceAlerts.acknowledgedBy.name',
      ]),
    );
    expect(audit.own).toEqual(
      expect.arrayContaining([
        'collaborationUpdates.recentChanges.content',
        'collaborationEvents.<DocumentUpdated>document.viewerRole',
        'collaborationEvents.<DocumentUpdated>document.title',
        'complianceAlerts.document.title',
      ]),
    );
    expect(audit.own.filter((path) => /^documentChanges/.test(path))).toEqual([]);
  });

  it('was found in two tenants that both have something to be kept from the other', () => {
    const texts = house.tenants.map(({ events }) => JSON.stringify(events));
    expect(texts.every((text) => text.length > 1_000)).toBe(true);
    const ways = reachableLeaves(schemaOfHouse(), DOCUMENT);
    expect(new Set(ways.map(({ path }) => path)).size).toBe(ways.length);
  });
});

describe('a field that differs between viewers', () => {
  it('[P9] is found out when it is not marked, and tells nobody about another', async () => {
    const schema = schemaWith({});
    const { violations, shared } = await auditPrivacy(schema, house);
    expect(shared).toEqual(expect.arrayContaining(ADDED));
    for (const path of ADDED) {
      const ofPath = violations.filter((violation) => violation.startsWith(`${path}:`));
      expect(ofPath.length, path).toBeGreaterThan(0);
    }
    expect(violations.filter((violation) => !ADDED.some((path) => violation.startsWith(path)))).toEqual([]);
    // It fails closed: what is shared was made for nobody.
    const given = violations.map((violation) => /is given (.*), and alone/.exec(violation)?.[1] ?? '');
    for (const payload of given) {
      expect(payload).toMatch(/UNAUTHENTICATED|"(asker|askedFrom)":null/);
      expect(payload).not.toMatch(/ada|bob|acme|beta/);
    }
  }, 60_000);

  it('is made for each viewer alone when it is marked', async () => {
    const { violations, own } = await auditPrivacy(schemaWith(PER_VIEWER), house);
    expect(violations).toEqual([]);
    expect(own).toEqual(expect.arrayContaining(ADDED));
  }, 60_000);
});
